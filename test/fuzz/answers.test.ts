import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type * as z from 'zod/mini';
import { lastGood } from '../../lib/core/backup.ts';
import { taskOutcome } from '../../lib/core/instance.ts';
import { failureFrom, jsonOf } from '../../lib/io/dcs/answer.ts';
import { BackupAccepted, BackupPage, backupsOf, MonitoredObjects } from '../../lib/io/dcs/surroundings.ts';
import { Accepted, InstancePage, instancesOf, TaskPage, TaskProgress, tasksOf, versionsIn, WireVersions } from '../../lib/io/dcs/wire.ts'; // biome-ignore format: a list
import { isPolluted, spoilt } from '../support/spoil.ts';

const RUNS = { numRuns: 400 };
const scope = { id: 'r1/p1', region: 'r1', project: 'p1' };

/** What a client reads of a body that came over the wire; null where it is no answer. */
function read<T>(schema: z.ZodMiniType<T>, body: unknown): T | null {
  const result = schema.safeParse(jsonOf(JSON.stringify(body) ?? ''));
  return result.success ? result.data : null;
}

/** The rows as they came, whatever they are. */
function rowsOf(body: unknown, list: string): Record<string, unknown>[] {
  const rows = (body as Record<string, unknown> | null)?.[list];
  return Array.isArray(rows) ? rows.map((row) => (typeof row === 'object' && row !== null ? row : {}) as Record<string, unknown>) : []; // biome-ignore format: one thought
}

const plain = (value: unknown): string =>
  ['string', 'number', 'boolean'].includes(typeof value) ? String(value).trim() : '';

describe('answers of DCS that were changed at random', () => {
  it('instances: whoever counts as RUNNING was said to be, by name and id', () => {
    const row = { instance_id: 'id-a', name: 'a', status: 'RUNNING', engine: 'Redis', engine_version: '5.0', capacity: 8, tags: [{ key: 'env', value: 'dev' }], service_upgrade: false, cache_mode: 'ha' }; // biome-ignore format: a row
    const good = { instances: [row, { ...row, instance_id: 'id-b', status: 'EXTENDING' }], instance_num: 2 };
    fc.assert(
      fc.property(spoilt(good), (body) => {
        const page = read(InstancePage, body);
        if (page === null) return;
        const rows = rowsOf(body, 'instances');
        for (const instance of instancesOf(page, scope).items) {
          const own = rows.filter(({ instance_id }) => plain(instance_id) === instance.instanceId);
          expect(own.length).toBeGreaterThan(0);
          if (instance.status === 'RUNNING')
            expect(own.some(({ status }) => plain(status).toUpperCase() === 'RUNNING')).toBe(true);
          expect(Object.getPrototypeOf(instance.tags)).toBe(Object.prototype);
          expect(Object.values(instance.tags).every((value) => typeof value === 'string')).toBe(true);
        }
        expect(isPolluted()).toBe(false);
      }),
      RUNS,
    );
  });

  it('versions: nothing can be upgraded whose flag does not say so', () => {
    const good = { engine_minor_version: '5.0.1', latest_engine_minor_version: '5.0.2', engine_minor_version_upgradable: true, proxy_minor_version: '1', latest_proxy_minor_version: '1', proxy_minor_version_upgradable: false }; // biome-ignore format: a row
    const saysYes = (flag: unknown) =>
      flag === true || (typeof flag === 'number' && flag !== 0) || (typeof flag === 'string' && /^(true|1|yes|on|y|enabled)$/i.test(flag)); // biome-ignore format: one thought
    fc.assert(
      fc.property(spoilt(good), (body) => {
        const wire = read(WireVersions, body);
        if (wire === null) return;
        const versions = versionsIn(wire, 0);
        const given = body as Record<string, unknown>;
        if (versions.engine.upgradable) expect(saysYes(given.engine_minor_version_upgradable)).toBe(true);
        if (versions.proxy.upgradable) expect(saysYes(given.proxy_minor_version_upgradable)).toBe(true);
      }),
      RUNS,
    );
  });

  it('tasks: none has succeeded whose word is not SUCCESS, and none without an id is there', () => {
    const row = { id: 't1', name: 'UpgradeMinorVersion', status: 'EXECUTING', created_at: '2026-03-02T01:00:00Z', error_code: null }; // biome-ignore format: a row
    const good = { tasks: [row, { ...row, id: 't2', status: 'FAILED', error_code: '111400116' }], task_count: 2 };
    fc.assert(
      fc.property(spoilt(good), (body) => {
        const page = read(TaskPage, body);
        if (page === null) return;
        const rows = rowsOf(body, 'tasks');
        for (const task of tasksOf(page).items) {
          expect(task.id).not.toBe('');
          if (taskOutcome(task.status) !== 'succeeded') continue;
          const words = rows.filter(({ id }) => plain(id) === task.id).map(({ status }) => plain(status).toUpperCase());
          expect(words.some((word) => /^SUCCE/.test(word))).toBe(true);
        }
      }),
      RUNS,
    );
  });

  it('progress stays between 0 and 100, and the time that is left is none that has passed', () => {
    const good = { progress: 40, remain_time: 300, step_details: [{ step_status: 'SUCCESS', sub_step_details: [{ sub_step_status: 'RUNNING' }] }] }; // biome-ignore format: a row
    fc.assert(
      fc.property(spoilt(good), (body) => {
        const progress = read(TaskProgress, body);
        if (progress === null) return;
        expect(progress.percent).toBeGreaterThanOrEqual(0);
        expect(progress.percent).toBeLessThanOrEqual(100);
        expect(progress.remainSeconds ?? 0).toBeGreaterThanOrEqual(0);
      }),
      RUNS,
    );
  });

  it.each([
    ['an upgrade', Accepted, 'task_id'],
    ['a backup', BackupAccepted, 'backup_id'],
  ] as const)('%s is accepted by an id alone', (_, schema, key) => {
    fc.assert(
      fc.property(spoilt({ [key]: '0123456789abcdef' }), (body) => {
        const data = read(schema as z.ZodMiniType<Record<string, string>>, body);
        const given = (body as Record<string, unknown> | null)?.[key];
        const isId = ['string', 'number'].includes(typeof given) && plain(given) !== '';
        expect(data !== null).toBe(isId);
        if (data) expect(data[key]).toBe(plain(given));
      }),
      RUNS,
    );
  });

  it('backups: none is good that did not succeed, or cannot be restored', () => {
    const row = { backup_id: 'b1', status: 'succeed', created_at: '2026-03-02T01:00:00Z', is_support_restore: 'TRUE' };
    const good = { backup_record_response: [row, { ...row, backup_id: 'b2', status: 'backuping' }], total_num: 2 };
    fc.assert(
      fc.property(spoilt(good), (body) => {
        const page = read(BackupPage, body);
        if (page === null) return;
        const rows = rowsOf(body, 'backup_record_response');
        const { items } = backupsOf(page);
        for (const { id, state } of items) {
          if (state !== 'good') continue;
          expect(rows.some((row) => plain(row.backup_id) === id && plain(row.status).toLowerCase() === 'succeed')).toBe(true); // biome-ignore format: one thought
        }
        if (!items.some(({ state }) => state === 'good')) expect(lastGood(items)).toBeNull();
      }),
      RUNS,
    );
  });

  it('nodes: each that is there has an id, or there is no answer', () => {
    const good = { dcs_cluster_redis_node: [{ dcs_cluster_redis_node: 'n1' }, { dcs_cluster_redis_node: 'n2' }], dcs_cluster_proxy_node: [] }; // biome-ignore format: a row
    fc.assert(
      fc.property(spoilt(good), (body) => {
        const nodes = read(MonitoredObjects, body) ?? [];
        expect(nodes.every(({ id }) => id !== '')).toBe(true);
      }),
      RUNS,
    );
  });
});

describe('answers that say no', () => {
  const secrets = { ak: 'AKMADEUP0001', sk: 'made-up/secret+key', securityToken: 'made-up-token==' };
  const parts = fc.oneof(
    fc.constantFrom(secrets.ak, secrets.sk, secrets.securityToken, 'Signature=', '<html>', 'DCS.4096', '\r\n', '\u001b[2J', '"', '{'), // biome-ignore format: a list
    fc.string({ unit: 'binary', maxLength: 30 }),
  );
  const text = fc.array(parts, { maxLength: 8 }).map((all) => all.join(''));
  const body = fc.oneof(
    text,
    fc.tuple(text, text, text).map(([error_code, error_msg, request_id]) => JSON.stringify({ error_code, error_msg, request_id })), // biome-ignore format: one thought
    spoilt({ error: { code: 'DCS.4096', message: 'busy' }, message: { code: 'ces.0014', details: 'wrong' } }).map((one) => JSON.stringify(one) ?? ''), // biome-ignore format: one thought
  );

  it('are one line that is not endless, and hold nothing of what signed the request', () => {
    fc.assert(
      fc.property(body, fc.integer({ min: 300, max: 599 }), (given, status) => {
        const failure = failureFrom({ status, text: given, problem: null, headers: new Headers() }, secrets);
        const shown = `${failure.code} ${failure.message} ${failure.requestId ?? ''}`;
        for (const secret of Object.values(secrets)) expect(shown).not.toContain(secret);
        expect(failure.message.length).toBeLessThanOrEqual(500);
        expect(shown).not.toMatch(/[\r\n]/);
        expect(failure.status).toBe(status);
        expect(isPolluted()).toBe(false);
      }),
      { numRuns: 1_500 },
    );
  });
});

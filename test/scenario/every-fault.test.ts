import { describe, expect, it } from '@jest/globals';
import type { AttemptState } from '../../lib/core/attempt.ts';
import type { Gates } from '../../lib/core/policy.ts';
import { HOUR, MINUTE } from '../../lib/core/time.ts';
import type { Clock, Deps } from '../../lib/deps.ts';
import { createMetrics } from '../../lib/io/ces/client.ts';
import { createDcs } from '../../lib/io/dcs/client.ts';
import { createMemoryLedger } from '../../lib/io/ledger/memory.ts';
import { reconcile } from '../../lib/reconcile.ts';
import { DEMO_KEY } from '../../lib/simulator/build.ts';
import type { FileInstance } from '../../lib/simulator/fleet.ts';
import { startSimulator } from '../../lib/simulator/server.ts';
import { aPolicy, aWave, LIMITS, NIGHT } from '../support/builders.ts';

/** A clock that nobody waits for: whoever sleeps on it moves it. */
function movingClock(start: number): Clock & { advance(ms: number): void } {
  let at = start;
  const advance = (ms: number) => {
    at += ms;
  };
  return { now: () => at, sleep: async (ms) => advance(ms), advance };
}

/** So many ticks after all is over and told, nothing has begun anew. */
const REST = 15;

/** A night of one instance against the simulator, by real requests with real signatures, a tick a minute. */
async function nightOf(instance: Omit<FileInstance, 'name'>, ticks = 60, ahead = 0, gates: Gates | null = null) {
  const clock = movingClock(NIGHT + MINUTE);
  const fleet = {
    projects: [
      {
        project: 'p1',
        region: 'cn-north-4',
        instances: [{ name: 'cache-1', cacheMode: 'ha' as const, upgradeSeconds: 300, ...instance }],
      },
    ],
  };
  const simulator = await startSimulator({ clock: { ...clock, now: () => clock.now() - ahead }, fleet });
  const logs: Record<string, unknown>[] = [];
  const log: Deps['log'] = (level, event, data) => {
    logs.push({ level, event, ...data });
  };
  const options = {
    clock,
    credentials: async () => DEMO_KEY,
    endpointOverride: simulator.url,
    log,
    timeouts: { tryLasts: 250 },
  };
  const [dcs, metrics] = [createDcs(options), createMetrics(options)];
  const ledger = createMemoryLedger();
  const alerts: string[] = [];
  const notifier: Deps['notifier'] = {
    names: ['ops'],
    wanting: () => ['ops'],
    deliver: async ({ event }) => {
      alerts.push(event);
      return { failed: [] };
    },
  };
  const policy = aPolicy({ rollout: [aWave('dev', { match: {} })], limits: { ...LIMITS, maxErrors: 1 }, gates });
  try {
    for (let tick = 0, quiet = 0; tick < ticks && quiet < REST; tick++) {
      await reconcile(
        { clock, dcs, metrics, ledger, log, notifier, holder: 'one' },
        { policy, problem: null },
        { requestedBy: 'schedule', reason: 'tick' },
      );
      clock.advance(MINUTE);
      const isOver = simulator.posts.length > 0 && (await ledger.activeAttempts()).length === 0;
      quiet = isOver ? quiet + 1 : 0;
    }
    const [attempt] = await ledger.attempts({});
    const posts = simulator.posts.map(({ body, outcome, code }) => ({ body, outcome, code }));
    const firstAt = simulator.posts[0] && Math.floor((simulator.posts[0].at - NIGHT) / MINUTE);
    const entry = (await ledger.fleet())[0];
    return {
      state: attempt?.state,
      code: attempt?.error?.code ?? null,
      posts,
      firstAt,
      requests: simulator.requests,
      detail: entry?.decision?.detail ?? '',
      logs,
      alerts: alerts.filter((event) => event !== 'succeeded'),
      decision: entry?.decision?.reason,
    };
  } finally {
    await simulator.close();
  }
}

const ENGINE = '{"engine_minor_version":"latest"}';
const BOTH = '{"engine_minor_version":"latest","proxy_minor_version":"latest"}';

interface Row {
  what: string;
  instance: Omit<FileInstance, 'name'>;
  state: AttemptState | undefined;
  /** The outcomes of the POSTs that reached the control plane. */
  posts: string[];
  code?: string;
  alerts?: string[];
}

const ROWS: Row[] = [
  { what: 'nothing goes wrong', instance: {}, state: 'succeeded', posts: ['accepted'] },
  { what: 'the answer is lost to a reset', instance: { faults: ['reset_after_accept'] }, state: 'succeeded', posts: ['accepted'] },
  { what: 'the request is lost to a reset', instance: { faults: [{ fault: 'reset_before_accept', times: 1 }] }, state: 'succeeded', posts: ['lost', 'accepted'] },
  { what: 'the answer never comes', instance: { faults: ['hang_after_accept'] }, state: 'succeeded', posts: ['accepted'] },
  { what: 'F088 the answer is an empty 200', instance: { faults: ['empty_200'] }, state: 'succeeded', posts: ['accepted'] },
  { what: 'F088 the answer is cut short', instance: { faults: ['garbled_200'] }, state: 'succeeded', posts: ['accepted'] },
  { what: 'F089 the answer has no task id', instance: { faults: ['no_task_id'] }, state: 'succeeded', posts: ['accepted'] },
  { what: 'a 500, and it was accepted', instance: { faults: ['error_500_after_accept'] }, state: 'succeeded', posts: ['accepted'] },
  { what: 'a 500, and it was not', instance: { faults: [{ fault: 'error_500_before_accept', times: 1 }] }, state: 'succeeded', posts: ['refused', 'accepted'] },
  { what: 'a 500 without end', instance: { faults: ['error_500_before_accept'] }, state: 'claimed', posts: ['refused', 'refused', 'refused'], code: 'DCS.5006' },
  { what: 'reads lag by a minute and a half', instance: { faults: [{ fault: 'lag', seconds: 90 }] }, state: 'succeeded', posts: ['accepted'] },
  { what: 'the answer is lost and reads lag', instance: { faults: ['empty_200', { fault: 'lag', seconds: 90 }] }, state: 'succeeded', posts: ['accepted'] },
  { what: 'F100 the task fails', instance: { faults: ['fail_task'] }, state: 'failed', posts: ['accepted'], alerts: ['failed', 'held'] },
  { what: 'F101 the task succeeds and nothing has changed', instance: { faults: ['success_without_change'] }, state: 'unverified', posts: ['accepted'], alerts: ['held', 'unverified'] },
  { what: 'F100 the task shows a word that nobody knows, for a while', instance: { faults: ['unknown_task_word'] }, state: 'succeeded', posts: ['accepted'] },
  { what: 'F098 the task vanishes from the list', instance: { faults: ['task_vanishes'] }, state: 'succeeded', posts: ['accepted'] },
  { what: 'F083 the instance is deleted after the call', instance: { faults: [{ fault: 'vanish', seconds: 90 }] }, state: 'expired', posts: ['accepted'], alerts: ['expired'] },
  { what: 'F083 the instance is deleted before the call', instance: { faults: ['vanish_before'] }, state: 'expired', posts: ['refused'] },
  { what: 'a backup runs for three minutes', instance: { faults: [{ fault: 'busy_for', seconds: 180 }] }, state: 'succeeded', posts: ['refused', 'refused', 'accepted'] },
  { what: 'it is being resized for ten minutes', instance: { status: 'EXTENDING', statusSeconds: 600 }, state: 'succeeded', posts: ['accepted'] },
  { what: 'F095 the enterprise edition', instance: { productType: 'enterprise' }, state: undefined, posts: [] },
  { what: 'F095 Memcached', instance: { engine: 'Memcached', engineVersion: '1.4' }, state: undefined, posts: [] },
  { what: 'F095 Redis 3.0', instance: { engineVersion: '3.0' }, state: undefined, posts: [] },
  { what: 'it is the latest already', instance: { engineMinor: 'latest' }, state: undefined, posts: [] },
  { what: 'it is frozen for arrears', instance: { status: 'FROZEN' }, state: undefined, posts: [] },
  { what: 'refused: permission', instance: { faults: [{ fault: 'refuse', code: 'DCS.2003' }] }, state: 'failed', posts: ['refused'], code: 'DCS.2003', alerts: ['failed', 'held'] },
  { what: 'refused: a code that is not in the table', instance: { faults: [{ fault: 'refuse', code: 'DCS.9999', status: 400 }] }, state: 'failed', posts: ['refused'], code: 'DCS.9999', alerts: ['failed', 'held', 'unknown_code'] },
  { what: 'refused: 401 on the call alone', instance: { faults: [{ fault: 'refuse', code: 'APIGW.0301', status: 401 }] }, state: 'claimed', posts: ['refused'], code: 'APIGW.0301', alerts: ['scope'] },
]; // biome-ignore format: a table

describe('a night against the simulator, by real requests', () => {
  it.each(ROWS)('$what', async ({ instance, state, posts, code, alerts = [] }) => {
    const night = await nightOf(instance);
    expect(night.state).toBe(state);
    expect(night.posts.map(({ outcome }) => outcome)).toEqual(posts);
    expect(new Set(night.posts.map(({ body }) => body))).toEqual(new Set(posts.length > 0 ? [ENGINE] : []));
    expect(night.alerts.toSorted()).toEqual(alerts);
    if (code) expect(night.code).toBe(code);
  });

  it.each<[string, Omit<FileInstance, 'name'>, string]>([
    ['engine and proxy are behind: both in one call', { cacheMode: 'proxy' }, BOTH],
    ['the proxy alone is behind', { cacheMode: 'proxy', engineMinor: 'latest' }, '{"proxy_minor_version":"latest"}'],
    ['the engine alone is behind', { cacheMode: 'proxy', proxyMinor: 'latest' }, ENGINE],
  ])('%s', async (_, instance, body) => {
    const night = await nightOf(instance, 20);
    expect(night.posts).toEqual([{ body, outcome: 'accepted', code: null }]);
    expect(night.state).toBe('succeeded');
  });

  it('an instance that is busy for longer than its tries waits for the next opening', async () => {
    const night = await nightOf({ faults: [{ fault: 'busy_for', seconds: 3 * 3600 }] });
    expect(night.posts.map(({ code }) => code)).toEqual(['DCS.4096', 'DCS.4096', 'DCS.4096']);
    expect(night.decision).toBe('tries_spent');
  });
});

describe('a night under gates, by real requests', () => {
  const LOW: Gates = { cpu: 70, memory: 80, bandwidth: 70 };
  const DAILY: Gates = { backup: 24 * HOUR };
  it.each<[string, Omit<FileInstance, 'name'>, Gates, AttemptState | undefined, RegExp | null, string[]]>([
    ['nothing goes wrong', {}, { ...LOW, ...DAILY }, 'succeeded', null, []],
    ['a proxy instance, whose nodes are asked one by one', { cacheMode: 'proxy', proxyMinor: 'latest', shards: 8 }, LOW, 'succeeded', null, []],
    ['its CPU is too high', { load: { cpu: 91 } }, LOW, undefined, /^gate_failed: CPU was at 91 % \(newest datapoint \d min old\)/, []],
    ['one node of many is too busy', { cacheMode: 'cluster', shards: 16, load: { cpu: 91 } }, LOW, undefined, /^gate_failed: CPU was at 91 %/, []],
    ['its memory is too full', { faults: [{ fault: 'high_load', load: 'memory', percent: 80 }] }, LOW, undefined, /^gate_failed: memory was at 80 %/, []],
    ['its bandwidth is used up', { faults: [{ fault: 'high_load', load: 'bandwidth', percent: 120 }] }, LOW, undefined, /^gate_failed: bandwidth was at 120 %/, []],
    ['Cloud Eye has no data', { faults: ['no_metrics'] }, LOW, undefined, /^gate_unknown: CPU is not known \(no data/, ['scope']],
    ['its data are twenty minutes old', { faults: ['stale_metrics'] }, LOW, undefined, /^gate_unknown: CPU is not known \(no data/, ['scope']],
    ['its data are nine minutes old', { faults: [{ fault: 'stale_metrics', seconds: 540 }] }, LOW, undefined, /^gate_unknown: CPU is not known \(newest datapoint \d+ min old, then 12 %\)/, ['scope']],
    ['its data are four minutes old', { faults: [{ fault: 'stale_metrics', seconds: 220 }] }, LOW, 'succeeded', null, []],
    ['Cloud Eye refuses the user', { faults: [{ fault: 'refuse_metrics', code: 'ces.0017' }] }, LOW, undefined, /^gate_unknown: its gates cannot be read: .* \(CES\.0017\)/, ['scope']],
    ['Cloud Eye throttles', { faults: [{ fault: 'refuse_metrics', code: 'APIGW.0308', status: 429 }] }, LOW, undefined, /^gate_unknown: its gates cannot be read: .* \(APIGW\.0308\)/, ['scope']],
    ['Cloud Eye fails', { faults: ['refuse_metrics'] }, LOW, undefined, /^gate_unknown: its gates cannot be read: .* \(CES\.0007\)/, ['scope']],
    ['Cloud Eye fails for a moment', { faults: [{ fault: 'refuse_metrics', times: 2 }] }, LOW, 'succeeded', null, []],
    ['Cloud Eye answers a code that nobody knows', { faults: [{ fault: 'refuse_metrics', code: 'ces.0999', status: 400 }] }, LOW, undefined, /CES\.0999/, ['scope', 'unknown_code']],
    ['its backup is 23 hours old', { backupHours: 22.9 }, DAILY, 'succeeded', null, []],
    ['its backup is 30 hours old', { backupHours: 30 }, DAILY, undefined, /^gate_failed: the last good backup is 30 h old, it must be younger than 24 h/, []],
    ['it has no backup', { backupHours: null }, DAILY, undefined, /^gate_failed: there is no good backup/, []],
    ['it can have no backup', { cacheMode: 'single' }, DAILY, undefined, /^gate_failed: there is no good backup/, []],
    ['its load stays high after the upgrade', { faults: [{ fault: 'high_load', after: 240 }] }, LOW, 'unverified', null, ['held', 'unverified']],
    ['its load goes down some time after the upgrade', { faults: [{ fault: 'high_load', after: 240, seconds: 900 }] }, LOW, 'succeeded', null, []],
  ])('%s', async (_, instance, gates, state, says, alerts) => {
    const night = await nightOf(instance, 60, 0, gates);
    expect(night.state).toBe(state);
    expect(night.posts.map(({ outcome }) => outcome)).toEqual(state === undefined ? [] : ['accepted']);
    if (says) expect(`${night.decision}: ${night.detail}`).toMatch(says);
    expect(night.alerts.toSorted()).toEqual(alerts);
  }); // biome-ignore format: a table

  it('what was too loaded starts once it is not', async () => {
    const night = await nightOf({ faults: [{ fault: 'high_load', seconds: 600 }] }, 60, 0, LOW);
    // The datapoints of a quarter of an hour have to be low.
    expect([night.state, night.firstAt]).toEqual(['succeeded', 25]);
  });

  it('Cloud Eye is asked about what would start, and about what has settled', async () => {
    const night = await nightOf({}, 60, 0, LOW);
    expect(night.requests).toMatchObject({ metrics: 3, nodes: 0, backups: 0 });
    expect((await nightOf({ engineMinor: 'latest' }, 60, 0, LOW)).requests.metrics).toBe(0);
    expect((await nightOf({}, 60)).requests.metrics).toBe(0);
  });
});

describe('a night with a backup first, by real requests', () => {
  const FIRST: Gates = { backup: 24 * HOUR, backupFirst: true };
  const OLD = { backupHours: 30 };
  it.each<[string, Omit<FileInstance, 'name'>, AttemptState | undefined, number, string[], RegExp | null, string[]]>([
    ['its backup is 23 hours old', { backupHours: 22.9 }, 'succeeded', 0, ['accepted'], null, []],
    ['its backup is too old', OLD, 'succeeded', 1, ['accepted'], null, []],
    ['it has no backup', { backupHours: null }, 'succeeded', 1, ['accepted'], null, []],
    ['a proxy instance', { ...OLD, cacheMode: 'proxy', shards: 3 }, 'succeeded', 1, ['accepted'], null, []],
    ['it can have none', { cacheMode: 'single' }, undefined, 0, [], /^gate_failed: .*a single-node instance can have none, so none is asked for$/, []],
    ['it fails', { ...OLD, faults: ['fail_backup'] }, 'claimed', 1, [], /^gate_failed: .*dcs\.08\.0001/, ['scope']],
    ['it is refused', { ...OLD, faults: ['refuse_backup'] }, 'claimed', 1, [], /^gate_failed: .*\(DCS\.4017\)$/, ['scope']],
    ['it is refused for want of a permission', { ...OLD, faults: [{ fault: 'refuse_backup', code: 'DCS.2003', status: 403 }] }, 'claimed', 1, [], /^gate_failed: .*\(DCS\.2003\)$/, ['scope']],
    ['it does not end', { ...OLD, faults: ['backup_never_ends'] }, 'claimed', 1, [], /^backing_up: a backup was asked for at .*: it is being made/, []],
    ['the answer is lost', { ...OLD, faults: ['lose_backup_answer'] }, 'succeeded', 1, ['accepted'], null, []],
    ['the answer is lost and reads lag', { ...OLD, faults: ['lose_backup_answer', { fault: 'lag', seconds: 90 }] }, 'succeeded', 1, ['accepted'], null, []],
    ['the request is lost', { ...OLD, faults: [{ fault: 'lose_backup', times: 1 }] }, 'succeeded', 2, ['accepted'], null, []],
    ['an automatic backup begins before the call', { ...OLD, faults: [{ fault: 'busy_for', seconds: 360 }] }, 'succeeded', 1, ['refused', 'accepted'], null, []],
  ])('%s', async (_, instance, state, asked, posts, says, alerts) => {
    const night = await nightOf(instance, 60, 0, FIRST);
    expect(night.state).toBe(state);
    expect(night.requests.backUp).toBe(asked);
    expect(night.posts.map(({ outcome }) => outcome)).toEqual(posts);
    if (says) expect(`${night.decision}: ${night.detail}`).toMatch(says);
    expect(night.alerts.toSorted()).toEqual(alerts);
  }); // biome-ignore format: a table
});

describe('an error body of the upgrade call ends in one structured event, and in an alert where a person must act', () => {
  it.each<[number, string, string, { event: string; level: string; stops: string }, string[]]>([
    [400, 'DCS.4062', 'Invalid instance_id parameter in the request.', { event: 'upgrade_refused', level: 'error', stops: 'instance' }, ['failed', 'held']],
    [400, 'DCS.4096', 'the instance is backuping.', { event: 'upgrade_refused', level: 'info', stops: 'instance' }, []],
    [401, 'APIGW.0301', 'Incorrect IAM authentication information: verify aksk signature fail', { event: 'upgrade_refused', level: 'error', stops: 'scope' }, ['scope']],
    [403, 'DCS.2003', 'This role does not have the permission to perform this operation.', { event: 'upgrade_refused', level: 'error', stops: 'instance' }, ['failed', 'held']],
    [403, 'APIGW.0302', 'The user is not allowed to call this API.', { event: 'upgrade_refused', level: 'error', stops: 'scope' }, ['scope']],
    [404, 'DCS.3022', 'This DCS instance does not exist.', { event: 'upgrade_refused', level: 'info', stops: 'instance' }, []],
    [404, 'APIGW.0101', 'The API does not exist or has not been published in the environment.', { event: 'upgrade_refused', level: 'error', stops: 'scope' }, ['scope']],
    [500, 'DCS.5000', 'Internal service error.', { event: 'upgrade_unknown', level: 'warn', stops: 'instance' }, []],
  ])('%i %s', async (status, code, message, logged, alerts) => {
    const night = await nightOf({ faults: [{ fault: 'refuse', code, status, message }] }, 5);
    const events = night.logs.filter(({ event }) => String(event).startsWith('upgrade_') && event !== 'upgrade_call');
    expect(events[0]).toMatchObject({ ...logged, error: code, status, message, hint: expect.stringMatching(/\w+/), requestId: expect.any(String), instanceId: expect.any(String) });
    expect(night.alerts.toSorted()).toEqual(alerts);
  }); // biome-ignore format: a table
});

describe('our clock and the API’s differ, the answer is lost, and the task fails', () => {
  it.each([-14, -6, -1, 1, 6, 14])('%i minutes ahead: found, told, and not called again', async (minutes) => {
    const night = await nightOf(
      { faults: ['reset_after_accept', 'fail_task'], upgradeSeconds: 60 },
      60,
      minutes * MINUTE,
    );
    expect(night.posts.map(({ outcome }) => outcome)).toEqual(['accepted']);
    // Whether that task was ours only its id could tell, and the answer with the id was lost: nobody calls it a success.
    expect([night.state, night.alerts.toSorted()]).toEqual(['unverified', ['held', 'unverified']]);
  });
});

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../lib/io/clock.ts';
import { DEMO_KEY } from '../../lib/simulator/build.ts';
import type { FileInstance } from '../../lib/simulator/fleet.ts';
import { type RunningSimulator, startSimulator } from '../../lib/simulator/server.ts';
import { aReceiver, type Receiver } from '../support/alerts.ts';
import { cli } from '../support/cli.ts';

interface Decision {
  name: string;
  action: string;
  reason: string;
  possibleAt: string | null;
}

interface Report {
  started: { name: string; taskId: string; state: string }[];
  finished: { name: string; state: string }[];
  followed: { name: string }[];
  decisions: Decision[];
  alerts: { event: string }[];
  errors: { code: string }[];
}

let folder: string;
let simulator: RunningSimulator;
let env: Record<string, string>;

/** Open today, tomorrow and the day after. */
const policyText = (more = '') => `version: 1
timezone: UTC
scopes: [{ project: p1, region: here-1 }]
windows: { now: { date: ${new Date(systemClock.now()).toISOString().slice(0, 10)}, from: "00:00", duration: 3d } }
rollout: [{ wave: dev, match: { tags: { env: dev } }, window: now }]
limits: { parallel: 2, sightLag: 1s }
verify: { settle: 1s }
${more}`;

async function fleet(...instances: Partial<FileInstance>[]): Promise<void> {
  const list = instances.map((one, index) => ({
    name: `cache-${index}`,
    cacheMode: 'ha' as const,
    upgradeSeconds: 0.2,
    tags: { env: 'dev' },
    ...one,
  }));
  simulator = await startSimulator({
    clock: systemClock,
    fleet: { projects: [{ project: 'p1', region: 'here-1', instances: list }] },
  });
  env = { ...env, DCS_ENDPOINT: simulator.url, CES_ENDPOINT: simulator.url };
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'verbs-'));
  env = {
    CLOUD_SDK_AK: DEMO_KEY.ak,
    CLOUD_SDK_SK: DEMO_KEY.sk,
    LEDGER: `sqlite:${join(folder, 'ledger.db')}`,
    POLICY: `file:${join(folder, 'policy.yaml')}`,
  };
  await writeFile(join(folder, 'policy.yaml'), policyText());
});

afterEach(async () => {
  await simulator?.close();
  await rm(folder, { recursive: true, force: true });
});

/** Ticks until nothing is open. */
async function untilDone(): Promise<Report[]> {
  const reports: Report[] = [];
  for (let tick = 0; tick < 60; tick++) {
    const report = (await cli(['run', '--json'], env)).json<Report>();
    reports.push(report);
    if (
      report.started.length + report.followed.length === 0 &&
      report.decisions.every(({ action }) => action !== 'start')
    )
      return reports;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('not done after 60 ticks');
}

describe('plan', () => {
  it('says what would start and why the rest would not, and sends no POST', async () => {
    await fleet({}, {}, {}, { engineMinor: 'latest' }, { status: 'FROZEN' }, { tags: {} });
    const { code, json, out } = await cli(['plan', '--json'], env);
    expect(code).toBe(0);
    expect(json<Report>().decisions.map(({ action, reason }) => `${action} ${reason}`).toSorted()).toEqual([
      'none already_latest', 'none not_selected', 'start due', 'start due', 'wait instance_not_running', 'wait limit_parallel',
    ]); // biome-ignore format: a list
    expect(simulator.posts).toEqual([]);
    expect(JSON.parse(out)).toMatchObject({
      now: expect.stringMatching(/Z$/),
      opening: { windows: ['now'] },
      planHash: expect.stringMatching(/^[0-9a-f]{16}$/),
    });
  });

  it('has the same hash for the same plan', async () => {
    await fleet({}, {});
    const hashes = [await cli(['plan', '--json'], env), await cli(['plan', '--json'], env)].map(
      ({ json }) => json<{ planHash: string }>().planHash,
    );
    expect(hashes[0]).toBe(hashes[1]);
  });

  it('--now decides as of another instant', async () => {
    await fleet({});
    const { json } = await cli(['plan', '--json', '--now', '2030-01-01T00:00:00+08:00'], env);
    expect(json<Report>().decisions[0]).toMatchObject({ action: 'wait', reason: 'outside_window', possibleAt: null });
  });

  it('asks the gates of the policy, at CES_ENDPOINT', async () => {
    await writeFile(join(folder, 'policy.yaml'), policyText('gates: { cpu: "<70%", backup: "<24h" }\n'));
    await fleet({}, { load: { cpu: 80 } }, { backupHours: 40 });
    const { decisions } = (await cli(['plan', '--json'], env)).json<Report>();
    expect(decisions.map(({ name, reason }) => `${name} ${reason}`).toSorted()).toEqual([
      'cache-0 due',
      'cache-1 gate_failed',
      'cache-2 gate_failed',
    ]);
  });

  it('a table for people', async () => {
    await fleet({});
    expect((await cli(['plan'], env)).out).toMatch(
      /cache-0 +dev +start +due[\s\S]*1 would start now. Nothing was started./,
    );
  });
});

describe('run', () => {
  it('starts each due instance once within the limits and follows it to its verified end', async () => {
    await fleet({}, {}, {}, { cacheMode: 'proxy' });
    const reports = await untilDone();
    expect(reports.flatMap(({ finished }) => finished.map(({ state }) => state))).toEqual([
      'succeeded',
      'succeeded',
      'succeeded',
      'succeeded',
    ]);
    expect(simulator.posts.map(({ body }) => body).toSorted()).toEqual([
      '{"engine_minor_version":"latest","proxy_minor_version":"latest"}',
      ...Array.from({ length: 3 }, () => '{"engine_minor_version":"latest"}'),
    ]);
    expect(simulator.world.mostAtOnce(systemClock.now())).toBeLessThanOrEqual(2);
  });

  it('--dry-run starts nothing', async () => {
    await fleet({});
    const { json } = await cli(['run', '--dry-run', '--json'], env);
    expect(json<Report>()).toMatchObject({ started: [], decisions: [{ action: 'start' }] });
    expect(simulator.posts).toEqual([]);
  });

  it('two at the same moment start each instance once', async () => {
    await fleet({}, {});
    await Promise.all([cli(['run'], env), cli(['run'], env), cli(['run'], env)]);
    await untilDone();
    expect(simulator.posts).toHaveLength(2);
  });

  it('exit 1 when an upgrade failed, with its alert', async () => {
    await fleet({ faults: ['fail_task'] });
    await cli(['run'], env);
    await new Promise((resolve) => setTimeout(resolve, 500));
    const { code, json } = await cli(['run', '--json'], env);
    expect([
      code,
      json<Report>().finished.map(({ state }) => state),
      json<Report>().alerts.map(({ event }) => event),
    ]).toEqual([1, ['failed'], ['failed', 'held']]);
  });

  it('exit 2 with an invalid policy, and what runs is followed', async () => {
    await fleet({ upgradeSeconds: 30 });
    await cli(['run'], env);
    await writeFile(join(folder, 'policy.yaml'), policyText('freezs: []'));
    const { code, json, err } = await cli(['run', '--json'], env);
    expect([code, json<Report>().followed.length, json<Report>().alerts.map(({ event }) => event)]).toEqual([
      2,
      1,
      ['policy'],
    ]);
    expect(err).toMatch(/policy.yaml:8:1.*freezs.*did you mean freezes/is);
  });

  it('exit 3 when the credentials are refused, without a secret in what is said', async () => {
    await fleet({});
    const { code, out, err } = await cli(['run', '--json'], { ...env, CLOUD_SDK_SK: 'not-the-secret-at-all' });
    expect(code).toBe(3);
    expect(out).toContain('APIGW.0301');
    expect(out + err).not.toMatch(new RegExp(`not-the-secret-at-all|${DEMO_KEY.ak}`));
  });

  it('exit 3 when nobody listens at the endpoint', async () => {
    await fleet({});
    await simulator.close();
    const { code, out } = await cli(['plan', '--json'], env);
    expect(code).toBe(3);
    expect(out).toContain('TRANSPORT.REFUSED');
  }, 90_000);

  it('exit 3 when the ledger cannot be opened', async () => {
    await fleet({});
    await writeFile(join(folder, 'broken.db'), 'this is no database'.repeat(500));
    const { code, err } = await cli(['run'], { ...env, LEDGER: `sqlite:${join(folder, 'broken.db')}` });
    expect([code, simulator.posts]).toEqual([3, []]);
    expect(err).toContain('broken.db');
  });
});

describe('what is stored answers', () => {
  it('why, history and status, without a request', async () => {
    await fleet({}, { engineMinor: 'latest' });
    await untilDone();
    const asked = Object.values(simulator.requests).reduce((a, b) => a + b, 0);
    expect((await cli(['why', 'cache-0', '--json'], env)).json()).toMatchObject({
      decision: { name: 'cache-0' },
      attempts: [
        { state: 'succeeded', updates: expect.arrayContaining([expect.objectContaining({ state: 'running' })]) },
      ],
      holds: [],
    });
    expect((await cli(['history', '--json'], env)).json()).toMatchObject({
      attempts: [{ name: 'cache-0', error: null, finishedAt: expect.stringMatching(/Z$/) }],
    });
    expect((await cli(['history', '--since', '2099-01-01T00:00:00Z', '--json'], env)).json()).toEqual({ attempts: [] });
    expect((await cli(['status', '--json'], env)).json()).toMatchObject({
      counts: { instances: 2, failed: 0 },
      waves: [{ wave: 'dev', members: 2 }],
    });
    expect(Object.values(simulator.requests).reduce((a, b) => a + b, 0)).toBe(asked);
  });
});

describe('hold and release', () => {
  it('a hold stops what is due, and releasing it lets it go on', async () => {
    await fleet({});
    expect(
      (await cli(['hold', '--match', 'tag:env=dev', '--reason', 'sale', '--by', 'ops', '--json'], env)).json(),
    ).toMatchObject({ holds: [{ by: 'ops', reason: 'sale', match: { tags: { env: 'dev' } }, until: null }] });
    expect((await cli(['run', '--json'], env)).json<Report>().decisions[0]).toMatchObject({ reason: 'held' });
    expect((await cli(['release', '--match', 'tag:env=dev', '--reason', 'over', '--json'], env)).json()).toEqual({
      holds: [],
    });
    expect((await cli(['run', '--json'], env)).json<Report>().started).toHaveLength(1);
  });

  it.each(['system', 'ledger', 'alert:grafana'])('nobody may call himself %s, as this program does', async (by) => {
    await fleet({});
    const { code } = await cli(['hold', '--match', 'all', '--reason', 'sale', '--by', by], env);
    expect(code).toBe(2);
  });

  it('the error budget’s hold is released by its wave', async () => {
    await fleet({ faults: ['fail_task'] }, { upgradeSeconds: 30, status: 'EXTENDING', statusSeconds: 2 });
    await cli(['run'], env);
    await new Promise((resolve) => setTimeout(resolve, 2_200));
    expect((await cli(['run', '--json'], env)).json<Report>().decisions.map(({ reason }) => reason)).toEqual([
      'held',
      'held',
    ]);
    await cli(['release', '--match', 'wave=dev', '--reason', 'looked at it'], env);
    expect((await cli(['run', '--json'], env)).json<Report>().started.map(({ name }) => name)).toEqual(['cache-1']);
  });
});

describe('an attempt that nobody can follow', () => {
  const inLedger = (sql: string) => {
    const database = new DatabaseSync(join(folder, 'ledger.db'));
    database.exec(sql);
    database.close();
  };

  it('F124 keeps its place and is told of, until a person gives it up', async () => {
    await fleet({ upgradeSeconds: 60 }, {});
    await writeFile(join(folder, 'policy.yaml'), policyText().replace('parallel: 2', 'parallel: 1, maxErrors: 9'));
    await cli(['run'], env);
    inLedger("UPDATE attempts SET doc = '{'");
    const report = (await cli(['run', '--json'], env)).json<Report>();
    expect(report.decisions.map(({ reason }) => reason).toSorted()).toEqual(['limit_parallel', 'outcome_unknown']);
    expect(report.alerts.map(({ event }) => event)).toEqual(['ledger']);
    expect((await cli(['run', '--json'], env)).json<Report>().alerts).toEqual([]);
    const [attempt] = (await cli(['history', '--json'], env)).json<{ attempts: { id: string }[] }>().attempts;
    const given = await cli(['give-up', attempt!.id, '--reason', 'seen in the console', '--by', 'ops', '--json'], env);
    expect(given.json()).toMatchObject({
      attempt: { state: 'unverified', error: { code: 'GIVEN_UP', message: 'given up by ops: seen in the console' } },
    });
    const after = (await cli(['run', '--json'], env)).json<Report>();
    expect(after.alerts.map(({ event }) => event)).toEqual(['unverified']);
    expect(after.decisions.map(({ reason }) => reason)).not.toContain('limit_parallel');
    expect((await cli(['give-up', attempt!.id, '--reason', 'x'], env)).err).toMatch(/has ended already/);
  });

  it('of a scope that the policy names no more is given up the same way', async () => {
    await fleet({ upgradeSeconds: 60 });
    await cli(['run'], env);
    await writeFile(join(folder, 'policy.yaml'), policyText().replace('project: p1', 'project: gone'));
    const { followed } = (await cli(['run', '--json'], env)).json<Report & { followed: { id: string }[] }>();
    expect((await cli(['give-up', followed[0]!.id, '--reason', 'project closed'], env)).code).toBe(0);
    expect((await cli(['run', '--json'], env)).json<Report>().followed).toEqual([]);
  });
});

describe('approve', () => {
  it('approves the plan that plan shows, for this opening', async () => {
    await fleet({});
    const text = policyText().replace('window: now }', 'window: now, approve: true }');
    await writeFile(join(folder, 'policy.yaml'), text);
    expect((await cli(['run', '--json'], env)).json<Report>().decisions[0]).toMatchObject({ reason: 'not_approved' });
    const { planHash } = (await cli(['plan', '--json'], env)).json<{ planHash: string }>();
    expect((await cli(['approve', '0123456789abcdef'], env)).code).toBe(2);
    expect((await cli(['approve', planHash, '--by', 'ann', '--json'], env)).json()).toMatchObject({
      approval: { hash: planHash, by: 'ann', upgrades: 1 },
    });
    expect((await cli(['run', '--json'], env)).json<Report>().started).toHaveLength(1);
  });
});

describe('exit codes of run', () => {
  it('1 when an upgrade is refused for good', async () => {
    await fleet({ faults: [{ fault: 'refuse', code: 'DCS.2003', status: 403 }] });
    const { code, json } = await cli(['run', '--json'], env);
    expect([code, json<Report>().finished]).toMatchObject([1, [{ name: 'cache-0', state: 'failed' }]]);
  });

  it('2 with a ledger that forgets with the process, and nothing is called', async () => {
    await fleet({});
    const { code, err } = await cli(['run'], { ...env, LEDGER: 'memory' });
    expect([code, simulator.posts]).toEqual([2, []]);
    expect(err).toMatch(/LEDGER=memory forgets/);
    expect((await cli(['run', '--dry-run'], { ...env, LEDGER: 'memory' })).code).toBe(0);
  });
});

describe('the ledger', () => {
  const ALERTS = 'notify: [{ to: webhook, url: env:HOOK, secret: env:HOOK_SECRET }]\n';
  const HOOK_SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
  const eventsOf = ({ requests }: Receiver) =>
    requests.map(({ body }) => (JSON.parse(body) as { data: { summary: string } }).data.summary);
  let receiver: Receiver;
  beforeEach(async () => {
    receiver = await aReceiver((response) => response.writeHead(204).end());
    env = { ...env, HOOK: receiver.url, HOOK_SECRET };
    await writeFile(join(folder, 'policy.yaml'), policyText(ALERTS));
  });
  afterEach(() => receiver.close());

  it('that cannot be used is told of to people, by a run and not by a look', async () => {
    await fleet({});
    await mkdir(join(folder, 'ledger.db'));
    expect((await cli(['status'], env)).code).toBe(3);
    expect(receiver.requests).toEqual([]);
    const { code, err } = await cli(['run'], env);
    expect([code, simulator.posts]).toEqual([3, []]);
    expect(eventsOf(receiver)).toEqual([expect.stringMatching(/^Nothing is started and nothing is followed, because/)]);
    expect(err).toMatch(/"code":"alert"/);
  });

  it('that is a new one is told of once: there may have been another', async () => {
    await fleet({ engineMinor: 'latest' });
    await cli(['run'], env);
    await cli(['run'], env);
    expect(eventsOf(receiver)).toEqual([`A new ledger was begun: ${env.LEDGER}.`]);
    await rm(join(folder, 'ledger.db'));
    await cli(['run'], env);
    expect(eventsOf(receiver)).toHaveLength(2);
  });
});

describe('watch', () => {
  it('--until-done ticks to the end of the night, a line of JSON each', async () => {
    await fleet({}, {}, {});
    const { code, out } = await cli(['watch', '--every', '1s', '--until-done', '--json'], env);
    const reports = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Report);
    expect(code).toBe(0);
    expect(reports.flatMap(({ finished }) => finished)).toHaveLength(3);
  });

  it.each([0, 30, 500])('stops at an interrupt, also in the middle of a pass: after %i ms', async (ms) => {
    await fleet({ upgradeSeconds: 60 });
    const interrupt = new AbortController();
    const watching = cli(['watch', '--every', '1s'], env, interrupt.signal);
    setTimeout(() => interrupt.abort(), ms);
    expect((await watching).code).toBe(0);
  });
});

describe('wrong usage is told by what is wrong', () => {
  it.each<[string, string[], RegExp]>([
    ['no verb', [], /^$/],
    ['a verb that there is not', ['upgrade'], /no verb "upgrade"/],
    ['an option that there is not', ['plan', '--force'], /--force/],
    ['a time without an offset', ['plan', '--now', '2026-11-24T02:00'], /ISO 8601 time with an offset/],
    ['a duration that is none', ['watch', '--every', 'often'], /not a duration/],
    ['a match that is none', ['hold', '--match', 'everything', '--reason', 'x'], /none of all, scope=/],
    ['a hold without a reason', ['hold', '--match', 'all'], /--reason is required/],
    ['a hold that is over', ['hold', '--match', 'all', '--reason', 'x', '--until', '2020-01-01T00:00:00Z'], /in the past/],
    ['a release of nothing', ['release', '--match', 'all', '--reason', 'x'], /no hold in force/],
    ['an instance that nobody has seen', ['why', 'nobody'], /not among the 0 instances/],
    ['no instance', ['why'], /takes 1 argument/],
  ])('%s', async (_, args, message) => {
    const { code, err } = await cli(args, env);
    expect(code).toBe(2);
    expect(err).toMatch(message);
  }); // biome-ignore format: a table

  it('an environment that is wrong is told at once, by name and without a value', async () => {
    const { code, err } = await cli(['plan'], {
      ...env,
      LOG_LEVEL: 'loud-value',
      DCS_ENDPOINT: 'http://example.com/secret-path',
      QUEUE: 'q',
    });
    expect(code).toBe(2);
    expect(['LOG_LEVEL', 'DCS_ENDPOINT', 'QUEUE'].filter((name) => !err.includes(name))).toEqual([]);
    expect(err).not.toMatch(/loud-value|secret-path/);
  });

  it('--help tells every option', async () => {
    const { code, out } = await cli(['hold', '--help']);
    expect(code).toBe(0);
    for (const option of ['--match', '--reason', '--until', '--by', '--policy', '--json'])
      expect(out).toContain(option);
  });
});

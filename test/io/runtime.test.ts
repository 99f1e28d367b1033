import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { tick } from '../../handlers/tick.ts';
import type { Alert } from '../../lib/core/alert.ts';
import { HOUR } from '../../lib/core/time.ts';
import { systemClock } from '../../lib/io/clock.ts';
import { createRuntime, type Runtime } from '../../lib/io/runtime.ts';
import { DEMO_KEY } from '../../lib/simulator/build.ts';
import { startSimulator } from '../../lib/simulator/server.ts';
import { NIGHT } from '../support/builders.ts';
import { FakeWorld } from '../support/fake-world.ts';

const POLICY = `version: 1
timezone: Asia/Shanghai
scopes: [{ project: p1, region: cn-north-4 }]
windows: { night: { days: [tue, wed, thu], from: "01:00", to: "05:00" } }
rollout: [{ wave: dev, match: { tags: { env: dev } }, window: night }]
`;
const REPORT = {
  now: NIGHT - 2 * HOUR,
  decisions: [],
  started: [],
  followed: [],
  finished: [],
  errors: [],
  alerts: [],
};

const EVENT = { source: 'aws.scheduler', 'detail-type': 'Scheduled Event' };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runtime-'));
  await writeFile(join(folder, 'policy.yaml'), POLICY);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function started(env: Record<string, string> = {}) {
  const lines: string[] = [];
  const own = { POLICY: `file:${join(folder, 'policy.yaml')}`, LEDGER: 'memory' };
  const runtime = await createRuntime({ env: { ...own, ...env }, writeLog: (line) => lines.push(line) });
  return { ...runtime, lines };
}

describe('the policy as it stands', () => {
  it('is read anew for each pass, and the last good one stays while it is not valid', async () => {
    const { pass } = await started();
    expect((await pass()).state).toMatchObject({ problem: null, policy: { timezone: 'Asia/Shanghai' } });
    await writeFile(join(folder, 'policy.yaml'), `${POLICY}freezs: []`);
    expect((await pass()).state).toMatchObject({
      problem: expect.stringMatching(/policy.yaml:6:1.*freezes/),
      policy: { timezone: 'Asia/Shanghai' },
    });
    await rm(join(folder, 'policy.yaml'));
    expect((await pass()).state).toMatchObject({
      problem: expect.stringContaining('no such file'),
      policy: { timezone: 'Asia/Shanghai' },
    });
    await writeFile(join(folder, 'policy.yaml'), POLICY.replace('Shanghai', 'Tokyo'));
    expect((await pass()).state).toMatchObject({ problem: null, policy: { timezone: 'Asia/Tokyo' } });
  });

  it('F130 a receiver without a usable secret makes it a bad one, and the log is told all the same', async () => {
    await writeFile(
      join(folder, 'policy.yaml'),
      `${POLICY}notify: [{ to: webhook, url: "https://example.com/", secret: env:HOOK }]\n`,
    );
    const { pass, lines } = await started({ HOOK: 'whsec_' });
    const { state, deps } = await pass();
    expect(state.problem).toMatch(/secret/);
    const at = REPORT.now;
    const alert: Alert = { key: 'k', event: 'policy', severity: 'critical', summary: 's', action: 'a', at, labels: {} };
    await deps.notifier.deliver(alert, deps.notifier.wanting(alert));
    expect(lines.join('')).toContain('"code":"alert"');
  });
});

describe('two passes of one process', () => {
  it('do not both hold the lease', async () => {
    const { pass, ledger } = await started();
    const [one, other] = [(await pass()).deps.holder, (await pass()).deps.holder];
    expect(await ledger.acquireLease(one, HOUR, NIGHT)).not.toBeNull();
    expect(await ledger.acquireLease(other, HOUR, NIGHT)).toBeNull();
  });
});

describe('F115 a process that is invoked again and again', () => {
  it('has of an earlier invocation neither its policy, nor its time, nor its clock', async () => {
    const world = new FakeWorld(['a']);
    const { pass } = await started();
    let at = world.now;
    const clock = { ...world.clock, now: () => at };
    const handler = tick(async () => ({
      ...({ measure: () => undefined, invoked: () => undefined, clock } as unknown as Runtime),
      pass: async () => ({ deps: { ...world.deps(), clock }, state: (await pass()).state }),
    }));
    const leaving = (ms: number) => handler(EVENT, { getRemainingTimeInMillis: () => ms });
    // One that is nearly over begins nothing, and the next one is not nearly over.
    expect(await leaving(1_000)).toMatchObject({ started: 0 });
    await writeFile(join(folder, 'policy.yaml'), POLICY.replace('[tue, wed, thu]', '[sun]'));
    expect(await leaving(290_000)).toMatchObject({ started: 0 });
    await writeFile(join(folder, 'policy.yaml'), POLICY);
    at += 5 * HOUR;
    expect(await leaving(290_000)).toMatchObject({ started: 0 });
    at -= 5 * HOUR;
    expect(await leaving(290_000)).toMatchObject({ started: 1 });
  });
});

function countOf(requests: Record<string, number>): number {
  return Object.values(requests).reduce((a, b) => a + b, 0);
}

describe('what a pass came to', () => {
  it('has the requests of that pass alone, repeated and throttled ones included', async () => {
    const fleet = { projects: [{ project: 'p1', region: 'cn-north-4', instances: [] }] };
    // Six at once need more than two seconds of it, so some are turned away, whenever a second begins.
    const rateLimit = { limit: 2, seconds: 1, retryAfter: true };
    const simulator = await startSimulator({ clock: systemClock, fleet: { ...fleet, gateway: { rateLimit } } });
    const env = {
      AWS_LAMBDA_FUNCTION_NAME: 'f',
      DCS_ENDPOINT: simulator.url,
      CLOUD_SDK_AK: DEMO_KEY.ak,
      CLOUD_SDK_SK: DEMO_KEY.sk,
    };
    const { pass, measure, measureCalls, lines } = await started(env);
    const { deps, state } = await pass();
    const scope = state.policy!.scopes[0]!;
    await Promise.all(Array.from({ length: 6 }, () => deps.dcs.listInstances(scope)));
    measure(REPORT, state, REPORT.now);
    measure(REPORT, state, REPORT.now);
    const asked = countOf(simulator.requests);
    await deps.dcs.listInstances(scope);
    measureCalls();
    measureCalls();
    await simulator.close();
    const told = lines
      .filter((line) => line.includes('_aws'))
      .map((line) => JSON.parse(line) as Record<string, number>);
    expect(told[0]).toMatchObject({ ApiCalls: asked, Throttled: asked - 6 });
    expect(asked).toBeGreaterThan(6);
    expect(told[1]).toMatchObject({ ApiCalls: 0, Throttled: 0 });
    // Of a function that makes no tick: the requests alone, and nothing where there were none.
    expect(told).toHaveLength(3);
    expect(told[2]).toMatchObject({ FunctionName: 'f', ApiCalls: countOf(simulator.requests) - asked });
    expect(told[2]).not.toHaveProperty('Started');
    expect(lines.every((line) => line.endsWith('\n') && line !== '\n')).toBe(true);
  });

  it('is written for CloudWatch on AWS Lambda, and nowhere else', async () => {
    const [here, there] = [await started(), await started({ AWS_LAMBDA_FUNCTION_NAME: 'dcs-upgrader-test-tick' })];
    for (const { pass, measure } of [here, there]) measure(REPORT, (await pass()).state, REPORT.now);
    const figures = ({ lines }: { lines: string[] }) => lines.filter((line) => line.includes('CloudWatchMetrics'));
    expect(figures(here)).toEqual([]);
    expect(figures(there)).toHaveLength(1);
    expect(JSON.parse(figures(there)[0]!)).toMatchObject({
      FunctionName: 'dcs-upgrader-test-tick',
      SecondsToNextOpening: 7200,
      ApiCalls: 0,
      Throttled: 0,
    });
  });
});

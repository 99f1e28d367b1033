import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { MINUTE } from '../../lib/core/time.ts';
import { createRuntime } from '../../lib/io/runtime.ts';
import { reconcile } from '../../lib/reconcile.ts';
import { LOCAL_AWS } from '../../scripts/offline/aws.ts';
import { NIGHT } from '../support/builders.ts';
import { startUnkindServer, type UnkindServer } from '../support/unkind-server.ts';

const before = { ...process.env };
let aws: UnkindServer;
beforeAll(async () => {
  aws = await startUnkindServer();
  Object.assign(process.env, { ...LOCAL_AWS, AWS_ENDPOINT_URL_S3: aws.url, AWS_ENDPOINT_URL_SSM: aws.url });
});
afterAll(async () => {
  process.env = before;
  await aws.close();
});

const POLICY = {
  version: 1,
  timezone: 'Asia/Shanghai',
  scopes: [{ project: 'p1', region: 'cn-north-4' }],
  windows: { night: { days: ['sun'], from: '01:00', to: '02:00' } },
  rollout: [{ wave: 'dev', match: { tags: { env: 'dev' } }, window: 'night' }],
};
const yaml = `version: 1
timezone: UTC
scopes: [{ project: p1, region: cn-north-4 }]
windows: { night: { days: [sun], from: "01:00", to: "02:00" } }
rollout: [{ wave: dev, match: { tags: { env: dev } }, window: night }]
`;

let keys = 0;
let now = NIGHT;
beforeEach(() => {
  aws.received.length = 0;
  now = NIGHT;
  keys += 1;
});

async function runtimeOf(spec: string) {
  const clock = { now: () => now, sleep: async () => undefined };
  return createRuntime({ env: { LEDGER: 'memory', POLICY: spec }, clock, writeLog: () => undefined });
}

describe.each<{ spec: () => string; answer: (text: string) => object; path: () => string }>([
  { spec: () => `s3://a.bucket/dcs/p (${keys}).yaml`, answer: (body) => ({ body }), path: () => `/a.bucket/dcs/p%20%28${keys}%29.yaml` },
  { spec: () => `ssm:/dcs/${keys}`, answer: (Value) => ({ body: { Parameter: { Value } } }), path: () => '/' },
])('a policy of $spec', ({ spec, answer, path }) => {
  it('is read, as YAML or as JSON, and a new one is obeyed half a minute later', async () => {
    const { pass } = await runtimeOf(spec());
    aws.answer = () => answer(yaml);
    expect((await pass()).state).toMatchObject({ problem: null, policy: { timezone: 'UTC' } });
    aws.answer = () => answer(JSON.stringify(POLICY));
    now += 29_000;
    expect((await pass()).state.policy?.timezone).toBe('UTC');
    now += 1_000;
    expect((await pass()).state).toMatchObject({ problem: null, policy: { timezone: 'Asia/Shanghai' } });
    expect(aws.received.map((request) => request.path)).toEqual([path(), path()]);
  });

  it('that cannot be read is no valid policy: the last good one is followed, and people are told once', async () => {
    const { pass } = await runtimeOf(spec());
    aws.answer = () => answer(yaml);
    await pass();
    aws.answer = () => ({ status: 403, body: '<Error><Code>AccessDenied</Code><Message>hunter2</Message></Error>' });
    now += 5 * MINUTE;
    const alerts: string[] = [];
    for (let ticks = 0; ticks < 3; ticks += 1) {
      const { deps, state } = await pass();
      expect(state).toMatchObject({ policy: { timezone: 'UTC' }, problem: expect.stringContaining('cannot be read (AccessDenied): allow the role') });
      expect(state.problem).not.toContain('hunter2');
      alerts.push(...(await reconcile(deps, state, { requestedBy: 'schedule', reason: 'tick' })).alerts.map(({ key }) => key));
      now += 5 * MINUTE;
    }
    expect(alerts.filter((key) => key.startsWith('policy:'))).toEqual(['policy:invalid']);
    aws.answer = () => answer(yaml);
    expect((await pass()).state.problem).toBeNull();
  });

  it('that is larger than 256 KiB is none', async () => {
    aws.answer = () => answer(`${yaml}#${'x'.repeat(256 * 1024)}`);
    const { pass } = await runtimeOf(spec());
    expect((await pass()).state).toMatchObject({ policy: null, problem: expect.stringMatching(/262\d+|larger than what is read/) });
  });
}); // biome-ignore format: two stores

it.each<[string, string, number, RegExp]>([
  ['s3://bucket/gone', '<Error><Code>NoSuchKey</Code></Error>', 404, /NoSuchKey.*there is no object of this key/],
  ['s3://bucket/away', '<Error><Code>PermanentRedirect</Code></Error>', 301, /another region/],
  ['ssm:/gone', '{"__type":"ParameterNotFound"}', 400, /ParameterNotFound.*there is none of this name/],
])('%s says what to do', async (spec, body, status, problem) => {
  aws.answer = () => ({ status, body });
  const { pass } = await runtimeOf(spec);
  expect((await pass()).state).toEqual({ policy: null, problem: expect.stringMatching(problem) });
});

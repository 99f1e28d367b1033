import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Figure } from '../bench.ts';
import { LOCAL_AWS } from '../offline/aws.ts';
import { createTable, startDynalite } from '../offline/table.ts';

const ROUNDS = 30;

/** A policy whose window is far in the past: a tick finds nothing to do. */
const POLICY = {
  version: 1,
  timezone: 'Asia/Shanghai',
  scopes: [{ project: 'p1', region: 'cn-north-4' }],
  windows: { night: { days: ['tue', 'wed', 'thu'], from: '01:00', to: '01:01' } },
  rollout: [{ wave: 'dev', match: { tags: { env: 'dev' } }, window: 'night' }],
};

const TICK = { source: 'aws.scheduler', 'detail-type': 'Scheduled Event', time: '2026-11-24T00:00:00Z', detail: '{}' };

/** An API Gateway event, payload 2.0. */
const httpEvent = (rawPath: string) => ({
  version: '2.0',
  rawPath,
  rawQueryString: '',
  headers: {},
  requestContext: { http: { method: 'GET' }, requestId: 'r', stage: '$default' },
});

/** A group of Prometheus' Alertmanager in which nothing fires, with a key that may send alerts. */
const KEY = 'bench-key';
const ALERTS = {
  ...httpEvent('/alerts/alertmanager'),
  headers: { 'content-type': 'application/json', authorization: `Bearer ${KEY}` },
  body: JSON.stringify({ version: '4', groupKey: 'g', status: 'resolved', alerts: [] }),
  requestContext: { http: { method: 'POST' }, requestId: 'r', stage: '$default' },
};

const MESSAGE = {
  eventSource: 'aws:sqs',
  messageId: 'm',
  body: '{"kind":"start","attemptId":"i@o"}',
  attributes: { ApproximateReceiveCount: '1' },
};

interface Run {
  bundle: 'tick' | 'http' | 'alerts' | 'worker';
  event: object;
  /** Whether the ledger is a DynamoDB table: then its client is loaded. */
  table: boolean;
  limit: number | null;
}

const WORK = { Records: [MESSAGE] };

/**
 * What each function is asked once. `/health` needs no table, so its client is not loaded; what is sent has no limit: how soon the table answers is
 * not the handler's. */
const RUNS: Record<string, Run> = {
  'tick handler': { bundle: 'tick', event: TICK, table: false, limit: 2.2 },
  'http handler': { bundle: 'http', event: httpEvent('/health'), table: false, limit: 3 },
  'worker handler': { bundle: 'worker', event: WORK, table: false, limit: 3 },
  'alerts handler': { bundle: 'alerts', event: ALERTS, table: false, limit: 3 },
  'http handler of a table': { bundle: 'http', event: httpEvent('/health'), table: true, limit: 3 },
  'tick handler and its reads of a local table': { bundle: 'tick', event: TICK, table: true, limit: null },
  'worker handler and its reads of a local table': { bundle: 'worker', event: WORK, table: true, limit: null },
};

/** Each bundled handler run once, from nothing to its answer, against starting Node alone. Medians of interleaved rounds. */
export async function startBench(): Promise<Record<string, Figure>> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-'));
  const built = spawnSync(process.execPath, ['scripts/build.ts', join(folder, 'dist')], { encoding: 'utf8' });
  if (built.status !== 0) throw new Error(`the build failed: ${built.stderr}`);
  const policy = join(folder, 'policy.json');
  await writeFile(policy, JSON.stringify(POLICY));
  const dynamo = await startDynalite();
  const env = {
    PATH: process.env.PATH,
    POLICY: `file:${policy}`,
    LOG_LEVEL: 'error',
    CLOUD_SDK_AK: 'A'.repeat(20),
    CLOUD_SDK_SK: 'S'.repeat(40),
    API_KEYS: `bench:alert:${createHash('sha256').update(KEY).digest('hex')}`,
    AWS_ENDPOINT_URL_DYNAMODB: dynamo.endpoint,
    ...LOCAL_AWS,
  };
  const ledgers = { true: `dynamodb:${await createTable(dynamo.endpoint)}`, false: 'memory' };
  const bare: number[] = [];
  const times = new Map(Object.keys(RUNS).map((name) => [name, [] as number[]]));
  for (let round = 0; round < ROUNDS; round++) {
    bare.push(await timed('0', env));
    for (const [name, { bundle, event, table }] of Object.entries(RUNS))
      times
        .get(name)!
        .push(await timed(onceOf(join(folder, 'dist'), bundle, event), { ...env, LEDGER: ledgers[`${table}`] }));
  }
  await Promise.all([rm(folder, { recursive: true }), dynamo.stop()]);
  const figures = Object.entries(RUNS).map(([name, { limit }]): [string, Figure] => {
    const value = median(times.get(name)!) / median(bare);
    return [`${name} once / bare Node`, { value, unit: 'x', limit }];
  });
  const tick = { value: median(times.get('tick handler')!), unit: 'ms', limit: null };
  return { ...Object.fromEntries(figures), 'tick handler once': tick };
}

/** A script that invokes the function once and leaves; with an error where the function did not do what it was asked. */
function onceOf(folder: string, name: Run['bundle'], event: object): string {
  const bundle = join(folder, `${name}.cjs`);
  const left = name === 'tick' ? 290_000 : 80_000;
  return `require(${JSON.stringify(bundle)}).handler(${JSON.stringify(event)}, { getRemainingTimeInMillis: () => ${left} }).then(
    (done) => process.exit(done.statusCode >= 400 || done.batchItemFailures?.length ? 1 : 0),
    (error) => { console.error(error); process.exit(1); })`;
}

async function timed(script: string, env: NodeJS.ProcessEnv): Promise<number> {
  const began = performance.now();
  const child = spawn(process.execPath, ['-e', script], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  const code = await new Promise((done) => child.once('exit', done));
  if (code !== 0) throw new Error(`it ended with ${code}: ${script}`);
  return performance.now() - began;
}

function median(list: number[]): number {
  return list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)]!;
}

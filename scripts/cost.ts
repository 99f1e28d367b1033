/**
 * What a month costs on AWS, from what passes are counted to read and write in a real table: `npm run cost`. The prices
 * are list prices of us-east-1 as of November 2026, without any free tier; put in those of your region.
 */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { DAY, HOUR, MINUTE, SECOND } from '../lib/core/time.ts';
import type { Deps, Message, PolicyState } from '../lib/deps.ts';
import type { JsonService } from '../lib/io/aws/json.ts';
import { createMetrics } from '../lib/io/ces/client.ts';
import { systemClock } from '../lib/io/clock.ts';
import { createDcs } from '../lib/io/dcs/client.ts';
import { openDynamoLedger } from '../lib/io/ledger/dynamodb.ts';
import { METRIC_NAMES, WORKER_METRIC_NAMES } from '../lib/io/metrics.ts';
import { readPolicy } from '../lib/io/policy-file.ts';
import { carryOut, observeScopes, reconcile } from '../lib/reconcile.ts';
import { DEMO_KEY } from '../lib/simulator/build.ts';
import { startSimulator } from '../lib/simulator/server.ts';
import { clientOf, createTable, startDynalite } from './offline/table.ts';

/** US dollars. */
const PRICES = {
  readUnit: 0.125e-6,
  writeUnit: 0.625e-6,
  gbSecond: 13.3334e-6,
  request: 0.2e-6,
  message: 0.4e-6,
  metric: 0.3,
  alarm: 0.1,
  secret: 0.4,
  dashboard: 3,
};
/**
 * An event source of a queue is asked by five long polls of twenty seconds each, whether or not there is anything in it
 * (Lambda Developer Guide, polling and batching behaviour of SQS).
 */
const POLLS = (5 * 30 * DAY) / (20 * SECOND);
/** What the template deploys: its alarms and dashboards. */
const deployed = parse(readFileSync('serverless.yml', 'utf8'), { logLevel: 'silent' }).resources.Resources;
const countOf = (type: string) => Object.values<{ Type?: string }>(deployed).filter(({ Type }) => Type === type).length;
const ALARMS = countOf('AWS::CloudWatch::Alarm');
const DASHBOARDS = countOf('AWS::CloudWatch::Dashboard');
/** The key of Huawei Cloud, and what alerts from outside are signed with. */
const SECRETS = 2;
const MEMORY_GB = 0.5;
/** A function of 512 MB has about this share of a core. */
const CORE = 0.29;

/**
 * A month: a tick every five minutes, thirteen openings of four hours, and every instance upgraded once in sixty of their
 * ticks. In an opening every version is read anew, because the last one read them more than a day ago: its first tick asks
 * workers for that, and the one after it decides. What workers do counts for the tick that asked for it.
 */
const TICKS = 8_640;
const OPENINGS = 13;
const OPEN = OPENINGS * 48;
const BUSY = 60;

interface Pass {
  reads: number;
  writes: number;
  seconds: number;
}

console.log('instances  pass   read units  write units  seconds here');
for (const instances of [100, 1_000, 5_000]) {
  const { idle, first, quiet, busy } = await measure(instances);
  for (const [name, { reads, writes, seconds }] of Object.entries({ idle, first, quiet, busy }))
    console.log(
      `${`${instances}`.padStart(9)}  ${name.padEnd(6)} ${reads.toFixed(0).padStart(10)}  ${writes.toFixed(0).padStart(11)}  ${seconds.toFixed(2).padStart(12)}`,
    );
  const total = (of: (pass: Pass) => number) =>
    of(idle) * (TICKS - OPEN) + of(first) * OPENINGS + of(quiet) * (OPEN - 2 * OPENINGS - BUSY) + of(busy) * BUSY;
  const table = total(({ reads }) => reads) * PRICES.readUnit + total(({ writes }) => writes) * PRICES.writeUnit;
  const invocations = TICKS + instances;
  const functions =
    (total(({ seconds }) => seconds) / CORE) * MEMORY_GB * PRICES.gbSecond + invocations * PRICES.request;
  const watching =
    (METRIC_NAMES.length + WORKER_METRIC_NAMES.length) * PRICES.metric +
    ALARMS * PRICES.alarm +
    DASHBOARDS * PRICES.dashboard;
  const fixed = watching + SECRETS * PRICES.secret;
  const queue = (POLLS + instances * 4) * PRICES.message;
  const money = [table, functions, queue, fixed, table + functions + queue + fixed].map((sum) => sum.toFixed(2));
  console.log(
    `           a month: table $${money[0]}, functions $${money[1]}, queue $${money[2]}, fixed $${money[3]}; in all $${money[4]}`,
  );
}

async function measure(instances: number): Promise<Record<'idle' | 'first' | 'quiet' | 'busy', Pass>> {
  const scopes = Array.from({ length: Math.ceil(instances / 250) }, (_, index) => ({
    project: `p${index}`,
    region: 'here-1',
  }));
  const count = instances / scopes.length;
  const fleet = { projects: scopes.map((scope) => ({ ...scope, generate: { count, tags: { env: ['dev'] } } })) };
  const opens = Date.parse('2026-11-24T01:00:00Z');
  let moved = opens - HOUR - systemClock.now();
  const clock = { now: () => systemClock.now() + moved, sleep: systemClock.sleep };
  const simulator = await startSimulator({ clock, fleet: { defaults: { upgradeSeconds: 540 }, ...fleet } });
  const dynamo = await startDynalite();
  const used = { reads: 0, writes: 0 };
  const client = counting(clientOf(dynamo.endpoint), used);
  const ledger = openDynamoLedger(await createTable(dynamo.endpoint), { client });
  const log = () => undefined;
  const api = { clock, credentials: async () => DEMO_KEY, endpointOverride: simulator.url, log };
  const sent: Message[] = [];
  const dispatcher = { send: async (messages: readonly Message[]) => void sent.push(...messages) };
  const deps = {
    dispatcher,
    ...{
      clock,
      ledger,
      log,
      holder: 'cost',
      notifier: { names: [], wanting: () => [], deliver: async () => ({ failed: [] }) },
    },
    dcs: createDcs(api),
    metrics: createMetrics(api),
  };
  async function pass(from: 'due' | 'held'): Promise<Pass> {
    Object.assign(used, { reads: 0, writes: 0 });
    const began = performance.now();
    const state = {
      policy: await policyOf(scopes, from === 'held' ? 1 : Math.ceil(instances / 20), from),
      problem: null,
    };
    await reconcile(deps, state, { requestedBy: 'schedule', reason: 'scheduled tick' });
    await work(deps, state, sent.splice(0));
    return { ...used, seconds: (performance.now() - began) / 1000 };
  }
  const idle = await pass('held');
  moved += HOUR;
  const asking = await pass('held');
  moved += 5 * MINUTE;
  const deciding = await pass('held');
  const first = {
    reads: asking.reads + deciding.reads,
    writes: asking.writes + deciding.writes,
    seconds: asking.seconds + deciding.seconds,
  };
  moved += 5 * MINUTE;
  const quiet = await pass('held');
  const passes: Pass[] = [];
  for (let tick = 0; tick < 5; tick++) {
    moved += 5 * MINUTE;
    passes.push(await pass('due'));
  }
  await Promise.all([simulator.close(), dynamo.stop(), ledger.close()]);
  const mean = (of: (one: Pass) => number) => passes.reduce((sum, one) => sum + of(one), 0) / passes.length;
  const busy = {
    reads: mean(({ reads }) => reads),
    writes: mean(({ writes }) => writes),
    seconds: mean(({ seconds }) => seconds),
  };
  return { idle, first, quiet, busy };
}

/** What workers do with what a tick has sent. */
async function work(deps: Deps, state: PolicyState, messages: readonly Message[]): Promise<void> {
  const scopes = messages.flatMap((message) => (message.kind === 'observe' ? [message.scope] : []));
  if (scopes.length > 0) await observeScopes(deps, state, scopes);
  for (const message of messages) if (message.kind === 'start') await carryOut(deps, state, message.attemptId);
}

/** `held`: a freeze keeps everything from starting, so that nothing changes from one pass to the next. */
async function policyOf(scopes: { project: string; region: string }[], parallel: number, kind: 'due' | 'held') {
  const day = (at: number) => new Date(at).toISOString().slice(0, 10);
  const from = Date.parse('2026-11-24');
  const freezes =
    kind === 'held' ? [{ name: 'f', from: day(from), to: day(from + DAY), reason: 'nothing is due' }] : [];
  const read = await readPolicy(JSON.stringify({
    version: 1,
    timezone: 'UTC',
    scopes,
    windows: { night: { days: ['tue'], from: '01:00', to: '05:00' } },
    freezes,
    rollout: [{ wave: 'dev', match: { tags: { env: 'dev' } }, window: 'night' }],
    limits: { parallel },
  }), {}); // biome-ignore format: a policy
  if (!('policy' in read)) throw new Error(JSON.stringify(read.problems));
  return read.policy;
}

/** Has each answer say what it used. */
function counting(client: JsonService, used: { reads: number; writes: number }): JsonService {
  return {
    ...client,
    async call(operation, input) {
      const answer = await client.call(operation, { ...input, ReturnConsumedCapacity: 'TOTAL' });
      type Units = { CapacityUnits?: number };
      const consumed = [(answer.ConsumedCapacity as Units | Units[] | undefined) ?? []].flat();
      const units = consumed.reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0);
      // The least that a request costs, which the emulator leaves out where nothing is found.
      used[/Query|Get/.test(operation) ? 'reads' : 'writes'] += Math.max(1, units);
      return answer;
    },
  };
}

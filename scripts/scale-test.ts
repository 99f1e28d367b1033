/**
 * A big fleet through the queue: instances in twenty scopes on the simulator, one schedule, three worker processes, a real
 * table, a queue that delivers twice, workers that are killed at random moments, and 5 % of the upgrade requests without
 * a usable answer. The workers read the scopes of which much is to be read, too. Then the control plane's own log is asked
 * whether anything went wrong.
 *
 *   npm run scale-test -- [--instances 5000] [--seed 1]
 */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '../lib/io/clock.ts';
import { openDynamoLedger } from '../lib/io/ledger/dynamodb.ts';
import { DEMO_KEY } from '../lib/simulator/build.ts';
import { createRandom } from '../lib/simulator/random.ts';
import { startSimulator } from '../lib/simulator/server.ts';
import { LOCAL_AWS } from './offline/aws.ts';
import { startQueue } from './offline/queue.ts';
import { clientOf } from './offline/table.ts';
import { judge, type Verdict } from './scale/judge.ts';
import { BEGINS, fleetOf, LOST, movedClock, OPENINGS, POLICY, remember } from './scale/night.ts';
import type { Told } from './scale/process.ts';

const { values } = parseArgs({
  options: { instances: { type: 'string', default: '5000' }, seed: { type: 'string', default: '1' } },
});
const instances = Number(values.instances);
const random = createRandom(Number(values.seed));
const FOLDER = join('.dcs-upgrader', 'scale-test');
const PROCESS = resolve(import.meta.dirname, 'scale/process.ts');
const WORKERS = 3;
/** It ends long before; a night that does not is a failure. */
const AT_MOST = 15 * 60_000;

const children = new Set<ChildProcess>();
const counted = { kills: 0, doubled: 0, ticks: [] as number[], first: 0 };
let isOver = false;

rmSync(FOLDER, { recursive: true, force: true });
mkdirSync(FOLDER, { recursive: true });
const began = systemClock.now();
const table = await startTable();
const moved = BEGINS - systemClock.now();
const clock = movedClock(moved);
const simulator = await startSimulator({ clock, fleet: fleetOf(instances, random) });
// As on AWS, longer than what a worker does takes; and short, so that a night is.
const queue = await startQueue({ visibility: 15, receives: 10 });
const ledger = openDynamoLedger(table.name, { client: clientOf(table.endpoint) });
await remember(ledger);
const env = environment();
begin('tick', env, heard);
for (let count = 0; count < WORKERS; count++) work();
const isDone = await untilDone();
isOver = true;
report(judge(simulator, await ledger.attempts({}), clock.now()), isDone);
await Promise.all([simulator.close(), queue.stop(), ledger.close()]);
for (const child of children) child.kill('SIGKILL');

type Table = Extract<Told, { kind: 'table' }>;

function startTable(): Promise<Table> {
  return new Promise((resolve) => begin('table', {}, (told) => resolve(told as Table)));
}

function begin(role: string, variables: Record<string, string>, hear: (told: Told) => void): ChildProcess {
  const seed = String(Math.floor(random() * 1e9));
  const child = fork(PROCESS, [role, seed], { env: { PATH: process.env.PATH, ...variables } });
  children.add(child.on('message', hear));
  child.once('exit', (code) => {
    children.delete(child);
    if (!isOver && code !== null) throw new Error(`${role} ended by itself with ${code}`);
  });
  return child;
}

/** A worker until it is killed, and then the next one. */
function work(): void {
  begin('worker', env, heard).once('exit', () => {
    if (isOver) return;
    counted.kills += 1;
    work();
  });
}

function heard(told: Told): void {
  if (told.kind === 'doubled') counted.doubled += told.count;
  if (told.kind === 'failed') console.log(`a tick failed: ${told.problem}`);
  if (told.kind !== 'tick') return;
  counted.ticks.push(told.ms);
  // The first that began in the opening: of the whole fleet nothing is known yet.
  if (counted.first === 0 && clock.now() - told.ms >= OPENINGS[0]!.opens) counted.first = told.ms;
  const { ms, started, followed, finished, errors } = told;
  const seconds = (ms / 1000).toFixed(1);
  console.log(
    `tick of ${seconds} s: ${started} handed over, ${followed} followed, ${finished} ended, ${errors} errors; ${simulator.world.upgrades.length} accepted so far`,
  );
}

/** False: it did not come to its end in time. */
async function untilDone(): Promise<boolean> {
  while (systemClock.now() < began + AT_MOST) {
    await systemClock.sleep(1_000);
    const { size } = new Set(simulator.world.upgrades.map(({ instanceId }) => instanceId));
    if (size === instances && (await ledger.activeAttempts()).length === 0) return true;
  }
  return false;
}

function environment(): Record<string, string> {
  const policy = join(FOLDER, 'policy.json');
  writeFileSync(policy, JSON.stringify(POLICY));
  return {
    ...LOCAL_AWS,
    AWS_ENDPOINT_URL_DYNAMODB: table.endpoint,
    AWS_ENDPOINT_URL_SQS: new URL(queue.url).origin,
    CLOUD_SDK_AK: DEMO_KEY.ak,
    CLOUD_SDK_SK: DEMO_KEY.sk,
    DCS_ENDPOINT: simulator.url,
    POLICY: `file:${policy}`,
    LEDGER: `dynamodb:${table.name}`,
    QUEUE: queue.url,
    SCALE_CLOCK_MOVED: String(moved),
    SCALE_LOG: join(FOLDER, 'log.jsonl'),
  };
}

function report(verdict: Verdict, isDone: boolean): void {
  const { accepted, unanswered, mostAtOnce, mostInAScope } = verdict;
  const { kills, doubled, ticks, first } = counted;
  const seconds = Math.round((systemClock.now() - began) / 1000);
  console.log(`${accepted} upgrades of ${instances} instances accepted in ${seconds} s and ${ticks.length} ticks, the first of the opening ${(first / 1000).toFixed(1)} s, the longest ${(Math.max(...ticks) / 1000).toFixed(1)} s
${kills} workers killed, ${doubled} messages delivered again, ${unanswered} requests without a usable answer
at most ${mostAtOnce} at once, ${mostInAScope} in a scope`);
  const violations = [...verdict.violations];
  if (!isDone) violations.push('it did not come to its end');
  // A night that was too kind proves nothing.
  if (unanswered < (instances * LOST) / 2 || kills < 3 || doubled < instances / 20)
    violations.push('the night was too kind');
  for (const violation of violations.slice(0, 20)) console.error(`VIOLATION ${violation}`);
  console.log(
    violations.length === 0
      ? 'each was upgraded once, and no limit was exceeded at any instant'
      : `${violations.length} violations with seed ${values.seed}`,
  );
  process.exitCode = violations.length === 0 ? 0 : 1;
}

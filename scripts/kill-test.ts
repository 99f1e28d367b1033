/**
 * Kills a real process again and again. `dcs-upgrader run` is started against a simulator with its faults on, gets SIGKILL
 * at a random moment, and is started again, at times twice at once, until nothing is left to do. Then the control plane's
 * own log is asked: was anything called again after it was accepted, was anything that was accepted lost?
 *
 *   npm run kill-test -- [--kills 200] [--seed 1]
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '../lib/io/clock.ts';
import { DEMO_KEY } from '../lib/simulator/build.ts';
import type { FileInstance, FleetFile } from '../lib/simulator/fleet.ts';
import { createRandom } from '../lib/simulator/random.ts';
import { type RunningSimulator, startSimulator } from '../lib/simulator/server.ts';

const { values } = parseArgs({
  options: { kills: { type: 'string', default: '200' }, seed: { type: 'string', default: '1' } },
});
const wanted = Number(values.kills);
const random = createRandom(Number(values.seed));
const PROGRAM = resolve(import.meta.dirname, '../lib/cli/bin.js');
const WORLDS_AT_ONCE = 4;
/** A killed run must have had the chance to get anywhere, so the moment is drawn from its whole length, in ms. */
const [EARLIEST, LATEST] = [120, 1_400];

const FAULTS: NonNullable<FileInstance['faults']>[] = [
  [], [], [], [],
  ['reset_after_accept'],
  [{ fault: 'reset_before_accept', times: 1 }],
  ['empty_200'],
  ['garbled_200'],
  ['no_task_id'],
  ['error_500_after_accept'],
  ['hang_after_accept'],
  ['fail_task'],
  [{ fault: 'lag', seconds: 1.5 }],
  [{ fault: 'vanish', seconds: 1 }],
  [{ fault: 'unknown_task_word', seconds: 2 }],
  [{ fault: 'task_vanishes', seconds: 1 }],
]; // biome-ignore format: a list

interface World {
  simulator: RunningSimulator;
  folder: string;
  env: NodeJS.ProcessEnv;
}

interface Tally {
  kills: number;
  runs: number;
  accepted: number;
  unanswered: number;
  violations: string[];
}

const tally: Tally = { kills: 0, runs: 0, accepted: 0, unanswered: 0, violations: [] };
await Promise.all(Array.from({ length: WORLDS_AT_ONCE }, async () => {
  while (tally.kills < wanted) await night();
})); // biome-ignore format: one call
console.log(
  `${tally.kills} kills in ${tally.runs} runs: ${tally.accepted} upgrades accepted, ${tally.unanswered} of them without a usable answer`,
);
for (const violation of tally.violations) console.error(`VIOLATION ${violation}`);
console.log(
  tally.violations.length === 0
    ? 'none was called again after it was accepted, and none was lost'
    : `seed ${values.seed}`,
);
process.exitCode = tally.violations.length === 0 ? 0 : 1;

/** One fleet from its first run to its end, with kills for as long as there is anything to kill. */
async function night(): Promise<void> {
  const world = await createNight();
  try {
    for (let quiet = 0; quiet < 2; ) {
      const isKilled = await (random() < 0.15 ? both(world) : run(world));
      quiet = isKilled || !(await isOver(world)) ? 0 : quiet + 1;
    }
    await judge(world);
  } finally {
    await world.simulator.close();
    await rm(world.folder, { recursive: true, force: true });
  }
}

async function both(world: World): Promise<boolean> {
  return (await Promise.all([run(world), run(world)])).some(Boolean);
}

async function createNight(): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'kill-test-'));
  const instances = FAULTS.map((faults, index): FileInstance => {
    return {
      name: `cache-${index}`,
      cacheMode: 'ha',
      engineVersion: '5.0',
      upgradeSeconds: 1 + Math.floor(random() * 4),
      tags: { env: 'dev' },
      faults,
    };
  });
  const fleet: FleetFile = { projects: [{ project: 'p1', region: 'here-1', instances }] };
  const simulator = await startSimulator({ clock: systemClock, fleet });
  const today = new Date(systemClock.now()).toISOString().slice(0, 10);
  await writeFile(join(folder, 'policy.yaml'), `version: 1
timezone: UTC
scopes: [{ project: p1, region: here-1 }]
windows: { all: { date: ${today}, from: "00:00", duration: 3d } }
rollout: [{ wave: dev, match: { tags: { env: dev } }, window: all }]
limits: { parallel: 4, maxErrors: 99, sightLag: 3s }
verify: { settle: 3s }
`); // biome-ignore format: a policy
  const env = {
    ...process.env,
    DCS_ENDPOINT: simulator.url,
    CLOUD_SDK_AK: DEMO_KEY.ak,
    CLOUD_SDK_SK: DEMO_KEY.sk,
    LEDGER: `sqlite:${join(folder, 'ledger.db')}`,
  };
  return { simulator, folder, env };
}

/** One run, killed or not. True when it was killed. */
async function run(world: World): Promise<boolean> {
  const child = start(world, ['run']);
  tally.runs += 1;
  const timer =
    tally.kills < wanted && random() < 0.8
      ? setTimeout(() => child.kill('SIGKILL'), EARLIEST + random() * (LATEST - EARLIEST))
      : null;
  const { signal } = await ended(child);
  if (timer) clearTimeout(timer);
  if (signal === 'SIGKILL') tally.kills += 1;
  return signal === 'SIGKILL';
}

function start(world: World, verb: string[]): ChildProcess {
  return spawn(process.execPath, [PROGRAM, ...verb, '--json', '--policy', join(world.folder, 'policy.yaml')], {
    env: world.env,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

async function ended(child: ChildProcess): Promise<{ code: number | null; signal: string | null; output: string }> {
  let output = '';
  child.stdout?.on('data', (chunk) => {
    output += chunk;
  });
  return new Promise((resolve) => child.once('close', (code, signal) => resolve({ code, signal, output })));
}

async function ask<T>(world: World, verb: string[]): Promise<T> {
  const { output } = await ended(start(world, verb));
  return JSON.parse(output) as T;
}

interface Plan {
  decisions: { name: string; action: string; reason: string }[];
}

async function isOver(world: World): Promise<boolean> {
  const { decisions } = await ask<Plan>(world, ['plan']);
  return decisions.every(
    ({ action, reason }) =>
      action === 'none' ||
      (action === 'wait' &&
        !['another_run', 'limit_parallel', 'retry_later', 'instance_busy', 'not_startable'].includes(reason)),
  );
}

interface History {
  attempts: { id: string; instanceId: string; name: string; state: string; taskId: string | null }[];
}

/** Holds the ledger's story against what the control plane saw. */
async function judge({ simulator, ...world }: World): Promise<void> {
  const { attempts } = await ask<History>({ simulator, ...world }, ['history']);
  for (const { spec } of simulator.world.instances.values()) {
    const posts = simulator.posts.filter(({ instanceId }) => instanceId === spec.id);
    const first = posts.findIndex(({ outcome }) => outcome === 'accepted');
    const about = `${spec.name} (${spec.faults.map(({ fault }) => fault).join() || 'no fault'})`;
    if (first === -1) {
      tally.violations.push(`${about}: never begun`);
      continue;
    }
    tally.accepted += 1;
    if (spec.faults.some(({ fault }) => /_200|after_accept|no_task/.test(fault))) tally.unanswered += 1;
    if (posts.length > first + 1)
      tally.violations.push(`${about}: called ${posts.length - first - 1} times after it was accepted`);
    const attempt = attempts.find(({ instanceId }) => instanceId === spec.id);
    const ends = spec.faults.some(({ fault }) => fault === 'fail_task')
      ? ['failed']
      : spec.faults.some(({ fault }) => fault === 'vanish')
        ? ['expired', 'succeeded']
        : ['succeeded'];
    if (!attempt || !ends.includes(attempt.state))
      tally.violations.push(`${about}: accepted, and the ledger says ${attempt?.state ?? 'nothing'}`);
  }
}

/**
 * A year of bad nights, and more: the whole program on a virtual clock against the simulator in memory, with crashes between
 * any two effects, lost answers, stale reads, and people who change their minds (test/nights). One number drives each
 * night, so a night that breaks a rule can be played again.
 *
 *   npm run simulate -- [--seeds 1000] [--from 1] [--ledger memory|sqlite|dynamodb] [--workers N] [--json]
 *
 * Exit 1 with the seed, the fewest faults that still break the rule, and the night's story, at the first violation.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { drawPlan } from '../test/nights/draw.ts';
import { LEDGERS, type LedgerKind } from '../test/nights/ledgers.ts';
import { type Counts, noCounts } from '../test/nights/night.ts';
import type { Plan } from '../test/nights/plan.ts';
import { play } from '../test/nights/play.ts';
import { faultText, shrink } from '../test/nights/shrink.ts';
import { misused, optionsOf, wholeOf } from './arguments.ts';
import type { Order, Share } from './simulate/worker.ts';

const TITLES: Record<keyof Counts | 'nights', string> = {
  nights: 'nights',
  passes: 'passes',
  works: 'messages carried out',
  deadLetters: 'messages put aside',
  starts: 'upgrades started',
  crashes: 'crashes',
  stalls: 'processes suspended for a while',
  lostAnswers: 'accepted, and the answer lost or spoilt',
  duplicates: 'doubled ticks and messages',
  troubledReads: 'reads lost, late, garbled or refused',
  staleReads: 'reads that showed the past',
  storeFailures: 'failures of the ledger',
  foreign: 'upgrades by somebody else',
  requests: 'requests over HTTP',
  calendarTroubles: 'reads of the calendar that failed',
  failedUpgrades: 'upgrades that failed',
  alerts: 'alerts delivered',
  alertTroubles: 'requests to receivers that failed',
  backups: 'backups made first',
};

const USAGE = `npm run simulate -- [--seeds N] [--from SEED] [--ledger ${LEDGERS.join('|')}] [--workers N] [--json]`;
/** The lowest seed that broke a rule is shared as a number of 32 bits, of which the highest says that there is none. */
const NONE = 2 ** 31 - 1;

const values = optionsOf(['seeds', 'from', 'ledger', 'workers'], ['json'], USAGE);
const from = wholeOf('from', values.from, { least: 0, most: NONE - 1, otherwise: 1 }, USAGE);
const count = wholeOf('seeds', values.seeds, { least: 1, most: NONE - from, otherwise: 1_000 }, USAGE);
const most = wholeOf('workers', values.workers, { least: 1, most: 64, otherwise: availableParallelism() }, USAGE);
const ledger =
  LEDGERS.find((kind) => kind === (values.ledger ?? 'memory')) ??
  misused(`--ledger must be one of ${LEDGERS.join(', ')}, not "${values.ledger}"`, USAGE);

const began = performance.now();
const workers = Math.min(most, count, 8);
const lowest = new Int32Array(new SharedArrayBuffer(4)).fill(NONE);
const shares = await Promise.all(Array.from({ length: workers }, (_, index) => shareOf(index, ledger)));
const total = noCounts();
for (const { counts } of shares) for (const key of Object.keys(total) as (keyof Counts)[]) total[key] += counts[key];
const nights = shares.reduce((sum, share) => sum + share.nights, 0);
const seconds = (performance.now() - began) / 1_000;
const broken = shares.flatMap((share) => share.broken ?? []).sort((a, b) => a.seed - b.seed)[0] ?? null;
report();
if (broken === null && nights !== count) throw new Error(`${nights} of ${count} nights were played`);
if (broken !== null) process.exitCode = 1;
if (broken !== null && !values.json) await explain(broken.seed, ledger);

function shareOf(index: number, ledger: LedgerKind): Promise<Share> {
  const workerData: Order = { from: from + index, to: from + count, step: workers, ledger, lowest };
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./simulate/worker.ts', import.meta.url), { workerData });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

function report(): void {
  const speed = Math.round(nights / seconds);
  if (values.json) {
    console.log(JSON.stringify({ nights, from, seconds, broken, ...total }));
    return;
  }
  const rows = { nights, ...total };
  for (const [name, number] of Object.entries(rows)) console.log(`${TITLES[name as keyof typeof rows].padEnd(42)} ${String(number).padStart(9)}`); // biome-ignore format: one thought
  console.log(`${'nights a second'.padEnd(42)} ${String(speed).padStart(9)}`);
  if (broken === null) console.log(`no rule was broken (seeds ${from} to ${from + count - 1})`);
}

/** To stderr: what a person needs to find the mistake. */
async function explain(seed: number, ledger: LedgerKind): Promise<void> {
  const plan = drawPlan(seed);
  const playIt = (one: Plan) => play(one, ledger);
  const { violation } = await playIt(plan);
  const small = await shrink(plan, violation!.rule, playIt);
  const { violation: shown, lines } = await playIt(small);
  console.error(`\nVIOLATION seed ${seed}: ${shown!.rule}: ${shown!.detail}`);
  console.error(`\n${small.faults.length} of ${plan.faults.length} faults are enough, with ${small.fleet.length} of ${plan.fleet.length} instances:`); // biome-ignore format: one thought
  for (const fault of small.faults) console.error(`  ${faultText(fault)}`);
  console.error(`\nThe rules: ${JSON.stringify(small.rules)}`);
  for (const instance of small.fleet) console.error(`  ${JSON.stringify(instance)}`);
  console.error(`\n${lines().join('\n')}\n\nnpm run simulate -- --seeds 1 --from ${seed} --ledger ${ledger}`);
}

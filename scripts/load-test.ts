/**
 * What holds for long: 10,000 ticks in one process, and 100,000 requests to the HTTP routes. Prints a table; exit 1 when a
 * bound is broken. The bounds are ratios within the run: how long it takes is the machine's matter, and its neighbours'.
 *
 *   npm run load-test -- [--ticks 10000] [--requests 100000]
 */
import { parseArgs } from 'node:util';
import type { Held } from './load/held.ts';
import { makePlace } from './load/place.ts';
import { type Fired, fire, type Result } from './load/shots.ts';
import { type Soaked, soak } from './load/soak.ts';

/**
 * How many times as long as the plainest request of the same round half of the others may take: what stands behind them is
 * the ledger and a policy to read, and no more than that. What is quicker than some milliseconds is not told apart. How
 * long the slowest hundredth took is shown, and is the neighbours' doing; that nobody waits in vain is bounded by time-outs.
 */
const TIMES_AS_LONG = 15;
const LEAST = 5;
/** Of the processor's time the second round, which is like the first, may take no more than this many times as much. */
const MOST_WORK = 1.6;
/** Megabytes by which the second half may end above the first: what a leak of 100 bytes a request comes to is more. */
const MOST_HEAP = 3;
/** The same of what the process has from the system, which it takes by tens of megabytes and gives back late: 40 at once were seen where nothing grows. */
const MOST_RSS = 80;
/** Connections that are kept open may be a few more, or fewer. */
const MOST_FILES = 5;

const { values } = parseArgs({
  options: { ticks: { type: 'string', default: '10000' }, requests: { type: 'string', default: '100000' } },
});
const broken: string[] = [];
const place = makePlace();
try {
  const soaked = await soak(Number(values.ticks), place);
  console.table([grown('ticks', soaked)]);
  console.log(
    `${values.ticks} ticks: ${soaked.started} upgrades were started, with ${soaked.requests} requests to DCS`,
  );
  if (soaked.started === 0) broken.push('no tick had anything to do');
  const fired = await fire(Number(values.requests), place);
  console.table(
    fired.rounds.flatMap((round) => round.map((result, index) => judged(result, fired.shots[index]!, round[0]!))),
  );
  const [first, second] = fired.work;
  console.log(`processor: ${Math.round(first)} ms in the first round, ${Math.round(second)} ms in the second`);
  if (second > MOST_WORK * first)
    broken.push(
      `the second round took ${(second / first).toFixed(1)} times the work of the first, at most ${MOST_WORK}`,
    );
  console.table([grown('requests', fired)]);
} finally {
  place.remove();
}
for (const what of broken) console.error(what);
console.log(broken.length === 0 ? 'every bound holds' : `${broken.length} bounds are broken`);
process.exitCode = broken.length === 0 ? 0 : 1;

/** What is held at the end above what was held half way. */
function grown(what: string, { half, end }: Pick<Soaked | Fired, 'half' | 'end'>) {
  const row = (name: keyof Held, most: number, unit: string) => {
    const more = end[name] - half[name];
    if (more > most) broken.push(`${what}: ${more.toFixed(1)}${unit} more ${name} in the second half, at most ${most}`);
    return `${half[name].toFixed(0)} → ${end[name].toFixed(0)}${unit}`;
  };
  return {
    'first half → second half': what,
    heap: row('heap', MOST_HEAP, ' MB'),
    rss: row('rss', MOST_RSS, ' MB'),
    'open files': row('files', MOST_FILES, ''),
  };
}

function judged(
  { name, statuses, failed, each, median, slowest }: Result,
  { good, amount }: Fired['shots'][number],
  plain: Result,
) {
  const answered = Object.values(statuses).reduce((sum, count) => sum + count, 0);
  const bad = Object.keys(statuses).filter((status) => !good.includes(Number(status)));
  if (bad.length > 0) broken.push(`${name}: answered with ${bad.join(', ')}`);
  if (!statuses[String(good[0])]) broken.push(`${name}: none was answered with ${good[0]}`);
  if (failed > 0 || answered !== amount) broken.push(`${name}: ${amount - answered} of ${amount} had no answer`);
  const unit = Math.max(LEAST, plain.median);
  const times = (ms: number) => Math.round((ms / unit) * 10) / 10;
  if (times(median) > TIMES_AS_LONG)
    broken.push(`${name}: half took ${times(median)} times as long as ${plain.name}, at most ${TIMES_AS_LONG}`);
  const counts = Object.entries(statuses).map(([status, count]) => `${count} × ${status}`);
  return { requests: name, answers: counts.join(', '), 'a second': each, 'half within, ms': median, '99 % within, ms': slowest, 'times as long': `${times(median)}, ${times(slowest)}` }; // biome-ignore format: a row
}

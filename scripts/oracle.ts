/**
 * Windows held against an independent oracle (test/support/window-oracle.ts), in every zone there is.
 *
 *   npm run oracle [-- --triples N] [-- --seed N]
 *
 * Exit 1 and the seed at the first triple of zone, window and instant on which the two do not agree.
 */
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { calendar } from '../lib/core/window.ts';
import { problems, read } from '../test/support/reading.ts';
import { type Case, cases, isOpenByScan, MINUTE, windowOf } from '../test/support/window-oracle.ts';

/** Instants for each window, as reading a window costs more than asking it. */
const EACH = 20;

const { values } = parseArgs({ options: { triples: { type: 'string' }, seed: { type: 'string' } } });
const triples = Number(values.triples ?? 100_000);
const seed = Number(values.seed ?? Date.now() % 1_000_000);
const zones = [...Intl.supportedValuesOf('timeZone'), 'UTC'];

let compared = 0;
let open = 0;
let refused = 0;
for (const one of fc.sample(cases(zones, EACH), { seed, numRuns: Math.ceil(triples / EACH) })) {
  const policy = {
    timezone: one.zone,
    windows: { w: windowOf(one) },
    rollout: [{ wave: 'all', match: {}, window: 'w' }],
  };
  const isNever = (await problems(policy)).some(({ message }) => message.includes('never fires'));
  if (isNever) refused += 1;
  const times = isNever ? null : calendar(await read(policy), ['w'], null);
  for (const minute of one.at) {
    const [ours, theirs] = [(times?.at(minute * MINUTE) ?? null) !== null, isOpenByScan(one, minute)];
    if (ours !== theirs) fail(one, minute, ours);
    compared += 1;
    if (ours) open += 1;
  }
}
console.log(
  `${compared} triples in ${zones.length} zones agree: ${open} open, ${compared - open} closed; ${refused} windows were refused as they never open (seed ${seed})`,
);

function fail(one: Case, minute: number, ours: boolean): never {
  const at = new Date(minute * MINUTE).toISOString();
  const [said, other] = ours ? ['open', 'closed'] : ['closed', 'open'];
  console.error(
    `${one.zone} ${JSON.stringify(windowOf(one))} at ${at}: ${said}, the oracle says ${other} (seed ${seed})`,
  );
  process.exit(1);
}

/**
 * Policies that were good and then changed at random: each is refused or obeyed, in under a second of processor time.
 *
 *   npm run fuzz [-- --policies N] [-- --seed N]
 *
 * Exit 1 and the policy at the first one that ends otherwise.
 */
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { spoiltPolicies, tryPolicy } from '../test/support/policy-fuzz.ts';

/** Milliseconds. */
const LONGEST = 1_000;

const { values } = parseArgs({ options: { policies: { type: 'string' }, seed: { type: 'string' } } });
const count = Number(values.policies ?? 20_000);
const seed = Number(values.seed ?? Date.now() % 1_000_000);

let good = 0;
let longest = 0;
for (const text of fc.sample(spoiltPolicies(), { seed, numRuns: count })) {
  const began = process.cpuUsage();
  try {
    if (await tryPolicy(text)) good += 1;
  } catch (error) {
    fail(text, error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  const { user, system } = process.cpuUsage(began);
  const took = (user + system) / 1_000;
  if (took > LONGEST) fail(text, `it took ${Math.round(took)} ms`);
  longest = Math.max(longest, took);
}
console.log(
  `${count} policies: ${good} good, ${count - good} refused, none took longer than ${Math.round(longest)} ms (seed ${seed})`,
);

function fail(text: string, why: string): never {
  console.error(`${text}\n\n${why}\n(seed ${seed})`);
  process.exit(1);
}

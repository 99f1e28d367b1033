import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { spoiltPolicies, tryPolicy } from '../support/policy-fuzz.ts';

it('a policy that was changed at random is refused or obeyed, and nothing else; `npm run fuzz` tries twenty thousand', async () => {
  const seen = { good: 0, bad: 0 };
  await fc.assert(
    fc.asyncProperty(spoiltPolicies(), async (text) => {
      seen[(await tryPolicy(text)) ? 'good' : 'bad'] += 1;
    }),
    { numRuns: 300 },
  );
  expect(seen.good).toBeGreaterThan(30);
  expect(seen.bad).toBeGreaterThan(90);
}, 60_000);

import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { spoiltPolicies, tryPolicy } from '../support/policy-fuzz.ts';

it('a policy that was changed at random is refused or obeyed, and nothing else; `npm run fuzz` tries more of them', async () => {
  const seen = { good: 0, bad: 0 };
  await fc.assert(
    fc.asyncProperty(spoiltPolicies(), async (text) => {
      seen[(await tryPolicy(text)) ? 'good' : 'bad'] += 1;
    }),
    { numRuns: 1_000 },
  );
  expect(seen.good).toBeGreaterThan(50);
  expect(seen.bad).toBeGreaterThan(300);
}, 60_000);

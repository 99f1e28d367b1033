import { describe, expect, it } from '@jest/globals';
import { stableHash } from '../../lib/core/hash.ts';
import { drawPlan } from './draw.ts';
import { play } from './play.ts';

const NIGHTS = 100;

describe('bad nights', () => {
  const broken: string[] = [];
  let starts = 0;

  it(`${NIGHTS} of them: no rule is broken`, async () => {
    for (let seed = 1; seed <= NIGHTS; seed++) {
      const { violation, counts } = await play(drawPlan(seed));
      starts += counts.starts;
      if (violation) broken.push(`seed ${seed}: ${violation.rule}: ${violation.detail}`);
    }
    expect(broken).toEqual([]);
    // Nights in which nothing happens prove nothing.
    expect(starts).toBeGreaterThan(2 * NIGHTS);
  }, 60_000);

  it.each([1, 2, 42, 181])('seed %i is the same night each time, to the last line', async (seed) => {
    const [first, second] = [await play(drawPlan(seed)), await play(drawPlan(seed))];
    expect(first.lines.length).toBeGreaterThan(20);
    expect(stableHash(second.lines.join('\n'))).toBe(stableHash(first.lines.join('\n')));
  });

  it('other seeds are other nights', async () => {
    const hashes = await Promise.all([1, 2, 3].map((seed) => JSON.stringify(drawPlan(seed))));
    expect(new Set(hashes).size).toBe(3);
  });
});

import { describe, expect, it } from '@jest/globals';
import { stableHash } from '../../lib/core/hash.ts';
import { MINUTE } from '../../lib/core/time.ts';
import { drawPlan } from './draw.ts';
import type { Fault, Plan } from './plan.ts';
import { type Played, play } from './play.ts';
import { shrink } from './shrink.ts';

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
  }, 600_000);

  it('what nobody can read is put aside, and the rest of its batch is not', async () => {
    const stray: Fault = { kind: 'stray', at: 15 * MINUTE, body: '{"kind": "sta' };
    const { violation, counts } = await play({ ...drawPlan(1), hasQueue: true, faults: [stray] });
    expect([violation, counts.deadLetters]).toEqual([null, 1]);
    expect(counts.works).toBeGreaterThan(3);
  });

  it('of a big scope workers read the versions, and a tick waits for them', async () => {
    const plan = drawPlan(1);
    const fleet = Array.from({ length: 55 }, (_, index) => ({ ...plan.fleet[0]!, name: `many-${index}`, odd: null, takes: 3 * MINUTE })); // biome-ignore format: one thought
    const rules = { ...plan.rules, parallel: 20, perScope: null, perWindow: null, byApp: false };
    const quiet = { ...plan, rules, fleet, faults: [], hasQueue: true };
    const { violation, counts, lines } = await play(quiet);
    expect([violation, counts.starts]).toEqual([null, 55]);
    const ticks = lines().filter((line) => / pass-\d+ +many-0 /.test(line)).map((line) => line.split(/ +/)[1]); // biome-ignore format: one thought
    expect(new Set(ticks).size).toBeLessThan(ticks.length);
  });

  it('two cannot be played at once in one process: they share its network', async () => {
    const first = play(drawPlan(1));
    await expect(play(drawPlan(2))).rejects.toThrow('one night at a time');
    expect((await first).violation).toBeNull();
  });

  it('a night that breaks a rule is made as small as it can be and still break it', async () => {
    // A judge that takes any upgrade that fails for a broken rule.
    const strict = async (plan: Plan): Promise<Played> => {
      const played = await play(plan);
      return { ...played, violation: played.counts.failedUpgrades > 0 ? { rule: 'none fails', detail: '' } : null };
    };
    const seeds = Array.from({ length: 100 }, (_, index) => index + 1);
    const plans = seeds.map(drawPlan).filter(({ faults }) => faults.length > 5 && faults.some(isFailure));
    // What is to fail may never be called; the first night in which it is.
    let plan = plans.shift()!;
    while ((await strict(plan)).violation === null) plan = plans.shift()!;
    const small = await shrink(plan, 'none fails', strict);
    expect(small.faults.map(({ kind }) => kind)).toEqual(['dcs']);
    expect(small.fleet).toHaveLength(1);
  });

  it.each([1, 2, 42, 181])('seed %i is the same night each time, to the last line', async (seed) => {
    const [first, second] = [await play(drawPlan(seed)), await play(drawPlan(seed))];
    expect(first.lines().length).toBeGreaterThan(20);
    expect(stableHash(second.lines().join('\n'))).toBe(stableHash(first.lines().join('\n')));
  });

  it('other seeds are other nights', async () => {
    const hashes = await Promise.all([1, 2, 3].map((seed) => JSON.stringify(drawPlan(seed))));
    expect(new Set(hashes).size).toBe(3);
  });
});

function isFailure(fault: Fault): boolean {
  return fault.kind === 'dcs' && fault.fault.fault === 'fail_task';
}

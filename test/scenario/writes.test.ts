import { describe, expect, it } from '@jest/globals';
import { HOUR, MINUTE } from '../../lib/core/time.ts';
import type { FleetEntry } from '../../lib/deps.ts';
import { explain } from '../../lib/operations.ts';
import { anInstance, aPolicy, LIMITS, NIGHT } from '../support/builders.ts';
import { FakeWorld } from '../support/fake-world.ts';

const NAMES = Array.from({ length: 12 }, (_, index) => `i${index}`);

/** A world that notes who was written at each pass. */
function worldOf(parallel: number) {
  const world = new FakeWorld(NAMES);
  for (const name of ['p1', 'p2']) world.add(anInstance(name, { tags: { env: 'prod' } }));
  world.policy = aPolicy({ limits: { ...LIMITS, parallel } });
  const deps = world.deps();
  const { putFleet } = deps.ledger;
  const written: string[] = [];
  deps.ledger.putFleet = async (entries: FleetEntry[]) => {
    written.push(...entries.map(({ instance }) => instance.name));
    return putFleet.call(deps.ledger, entries);
  };
  const writtenBy = async () => {
    await world.pass({}, deps);
    return written.splice(0);
  };
  return { world, deps, writtenBy };
}

describe('a tick in an open window', () => {
  it('writes nothing of an instance that waits as before, whatever is counted and however late it is', async () => {
    const { world, writtenBy } = worldOf(2);
    expect(new Set(await writtenBy()).size).toBe(NAMES.length + 2);
    const begun = new Set(world.begun.map(({ name }) => name));
    for (let ticks = 1; ticks < 12; ticks += 1) {
      world.now += 5 * MINUTE;
      const written = await writtenBy();
      for (const { name } of world.begun) begun.add(name);
      expect({ ticks, waited: written.filter((name) => !begun.has(name)) }).toEqual({ ticks, waited: [] });
    }
    expect(begun.size).toBeGreaterThan(4);
  });

  it('writes everyone once when what they wait for is another thing', async () => {
    const { world, writtenBy } = worldOf(2);
    await writtenBy();
    world.now = NIGHT + 4 * HOUR - 15 * MINUTE;
    expect((await writtenBy()).length).toBeGreaterThanOrEqual(NAMES.length - 2);
    world.now += 5 * MINUTE;
    const { decisions } = await world.pass();
    expect(decisions.find(({ reason }) => reason === 'does_not_fit')?.detail).toMatch(/closes in 10$/);
    world.now += 1;
    expect(await writtenBy()).toEqual([]);
  });

  it('leaves it to who asks for one instance to count anew', async () => {
    const { world, deps, writtenBy } = worldOf(2);
    const told = async (name: string) => {
      const entry = (await world.ledger.fleet()).find(({ instance }) => instance.name === name)!;
      return (await explain(deps, { policy: world.policy, problem: null }, entry)).decision;
    };
    await writtenBy();
    expect((await told('p1'))?.detail).toBe('wave dev has 12 of 12 instances left to do');
    for (let ticks = 0; ticks < 8; ticks += 1) {
      world.now += 5 * MINUTE;
      await writtenBy();
    }
    const { decisions } = await world.pass({ dryRun: true });
    const now = decisions.find(({ name }) => name === 'p1')!;
    expect(now.detail).toMatch(/^wave dev has [1-9] of 12 instances left to do$/);
    expect(await told('p1')).toEqual(now);
    const waits = decisions.find(({ reason }) => reason === 'limit_parallel')!;
    expect(await told(waits.name)).toMatchObject({ reason: 'limit_parallel', possibleAt: world.now });
    world.now = NIGHT + 10 * HOUR;
    expect(await told(waits.name)).toMatchObject({ reason: 'outside_window', possibleAt: NIGHT + 24 * HOUR });
  });
});

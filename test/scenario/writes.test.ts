import { describe, expect, it } from '@jest/globals';
import { HOUR, MINUTE } from '../../lib/core/time.ts';
import type { FleetEntry } from '../../lib/deps.ts';
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
  return { world, writtenBy };
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
});

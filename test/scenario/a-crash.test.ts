import { describe, expect, it } from '@jest/globals';
import { aPolicy, LIMITS } from '../support/builders.ts';
import { FakeWorld } from '../support/fake-world.ts';

const names = ['a', 'b', 'c'];

async function nightWith(
  crash: { at: number; after: boolean } | null,
  lag: number,
  queue: boolean,
): Promise<FakeWorld> {
  const world = new FakeWorld(names);
  world.queue = queue ? [] : null;
  world.crash = crash;
  world.lag = lag;
  world.policy = aPolicy({ limits: { ...LIMITS, parallel: 2 } });
  await world.untilQuiet();
  return world;
}

describe('F107 a run that is killed at any of its effects, before or after it was done', () => {
  it.each([
    ['reads are fresh', 0, false],
    ['reads lag by a minute and a half', 90_000, false],
    ['workers make the calls, and reads lag by a minute and a half', 90_000, true],
  ])('and runs again: every instance upgraded once, every end told (%s)', async (_, lag, queue) => {
    const { effects } = await nightWith(null, lag, queue);
    expect(effects).toBeGreaterThan(30);
    for (let at = 1; at <= effects; at++) {
      for (const after of [false, true]) {
        const world = await nightWith({ at, after }, lag, queue);
        const attempts = await world.ledger.attempts({});
        const told = new Set(world.alerts.map(({ key }) => key));
        expect({
          at,
          after,
          posts: world.posts.map(({ name }) => name).toSorted(),
          ends: attempts.map(({ name, state, settled }) => `${name} ${state} ${settled}`).toSorted(),
          told: told.size,
          overLimit: world.mostInFlight > 2,
        }).toEqual({
          at,
          after,
          posts: names,
          ends: names.map((name) => `${name} succeeded true`),
          told: 3,
          overLimit: false,
        });
      }
    }
  });
});

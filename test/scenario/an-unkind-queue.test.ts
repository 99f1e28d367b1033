import { expect, it } from '@jest/globals';
import { MINUTE } from '../../lib/core/time.ts';
import type { Message } from '../../lib/deps.ts';
import { createRandom } from '../../lib/simulator/random.ts';
import { aPolicy, LIMITS } from '../support/builders.ts';
import { Crash, FakeWorld } from '../support/fake-world.ts';

const PARALLEL = 8;
const fleet = Array.from({ length: 60 }, (_, index) => `cache-${index}`);

it.each([1, 2, 3, 4, 5, 6])(
  'messages lost, doubled, late and out of order, workers and runs killed, answers lost (seed %i): each upgraded once, no limit exceeded',
  async (seed) => {
    const random = createRandom(seed);
    const world = worldOf(random);
    let late: Message[] = [];
    for (let tick = 0; tick < 200; tick++) {
      const delivered = await oneTick(world, random, late);
      late = delivered.filter(() => random() < 0.1);
      if (world.begun.length >= fleet.length && (await world.ledger.activeAttempts()).length === 0) break;
    }
    expect(world.begun.map(({ name }) => name).toSorted()).toEqual(fleet.toSorted());
    expect(world.posts).toHaveLength(fleet.length);
    expect(world.mostInFlight).toBeLessThanOrEqual(PARALLEL);
    const attempts = await world.ledger.attempts({});
    expect(new Set(attempts.map(({ state }) => state))).toEqual(new Set(['succeeded']));
  },
);

function worldOf(random: () => number): FakeWorld {
  const world = new FakeWorld(fleet);
  world.queue = [];
  world.lag = MINUTE / 2;
  world.upgradeTakes = 3 * MINUTE;
  world.policy = aPolicy({ limits: { ...LIMITS, parallel: PARALLEL } });
  for (const name of fleet) if (random() < 0.1) world.moods.set(name, ['lose', 'accept']);
  return world;
}

/** A pass, and three workers at what it sent and at what came late. The messages that were delivered. */
async function oneTick(world: FakeWorld, random: () => number, late: readonly Message[]): Promise<Message[]> {
  const killSoon = (share: number, within: number) => {
    if (random() < share)
      world.crash = { at: world.effects + 1 + Math.floor(random() * within), after: random() < 0.5 };
  };
  killSoon(0.2, 30);
  await world.pass().catch(unlessKilled);
  const sent = world.queue!.splice(0).flatMap((message) => {
    const luck = random();
    if (luck < 0.05) return [];
    return luck < 0.4 ? [message, message] : [message];
  });
  const keyed = [...sent, ...late].map((message) => ({ message, key: random() }));
  const messages = keyed.sort((a, b) => a.key - b.key).map(({ message }) => message);
  for (let from = 0; from < messages.length; from += 3) {
    killSoon(0.15, 5);
    await Promise.all(messages.slice(from, from + 3).map((message) => world.work(message).catch(unlessKilled)));
  }
  world.now += MINUTE;
  return messages;
}

function unlessKilled(error: unknown): void {
  if (!(error instanceof Crash)) throw error;
}

import { describe, expect, it } from '@jest/globals';
import { aPolicy, LIMITS } from '../support/builders.ts';
import { FakeWorld } from '../support/fake-world.ts';

const many = Array.from({ length: 200 }, (_, index) => `cache-${String(index).padStart(3, '0')}`);

/** A night in which every upgrade is refused for the same reason. */
function aBadNight(names: readonly string[] = many): FakeWorld {
  const world = new FakeWorld(names);
  world.policy = aPolicy({ limits: { ...LIMITS, parallel: 500, maxErrors: 1_000 } });
  for (const name of names) world.moods.set(name, ['fail_task']);
  return world;
}

const failures = (world: FakeWorld) => world.alerts.filter(({ event }) => event === 'failed');

describe('F077 an alert storm', () => {
  it('200 instances that fail with the same code are one alert, which names some and counts the rest', async () => {
    const world = aBadNight();
    await world.ticks(30);
    expect(world.begun).toHaveLength(200);
    const [alert, ...others] = failures(world);
    expect(others).toEqual([]);
    expect(alert!.labels).toMatchObject({
      count: '200',
      wave: 'dev',
      instances: expect.stringMatching(/ and 180 more$/),
    });
    expect(alert!.summary).toMatch(
      /^cache-000 was not upgraded: .* The same goes for 199 more: cache-001, .* and 179 more\.$/,
    );
    expect(alert!.action).not.toBe('');
    expect((await world.ledger.attempts({})).every(({ settled }) => settled)).toBe(true);
  });

  it('its key is the same each time, also for a receiver that has it later', async () => {
    const world = aBadNight(many.slice(0, 5));
    world.receivers = ['chat', 'ops'];
    world.deaf.add('chat');
    await world.ticks(15);
    world.deaf.clear();
    await world.ticks(60);
    const taken = world.taken.filter(({ event }) => event === 'failed');
    expect(taken.map(({ receiver }) => receiver).toSorted()).toEqual(['chat', 'ops']);
    expect(new Set(taken.map(({ key }) => key)).size).toBe(1);
  });

  it('one that fails alone is told of as itself', async () => {
    const world = aBadNight(['a']);
    await world.ticks(15);
    expect(failures(world).map(({ labels, summary }) => [labels.count, summary.includes('The same goes')])).toEqual([
      [undefined, false],
    ]);
  });

  it('two causes are two alerts', async () => {
    const world = aBadNight(many.slice(0, 6));
    for (const name of many.slice(0, 3)) world.moods.set(name, [{ refuse: 'DCS.4062', status: 400 }]);
    await world.ticks(30);
    expect(failures(world).map(({ labels }) => labels.count)).toEqual(['3', '3']);
  });
});

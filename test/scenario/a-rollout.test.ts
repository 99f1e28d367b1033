import { describe, expect, it } from '@jest/globals';
import { DAY, HOUR, MINUTE } from '../../lib/core/time.ts';
import { releaseHold } from '../../lib/operations.ts';
import {
  aFreeze,
  aHold,
  anInstance,
  aPart,
  aPolicy,
  aWave,
  LATEST,
  LIMITS,
  NIGHT,
  OLD,
  versions,
} from '../support/builders.ts';
import { FakeWorld } from '../support/fake-world.ts';

const TICK = 20 * MINUTE;
const SOAK = 12 * HOUR;
const WEEK_OF_TICKS = (7 * DAY) / TICK;

/** 60 of dev, then 5 % of 140 as canary, then the rest; windows on Tuesday, Wednesday and Thursday nights. */
function aFleet(): FakeWorld {
  const world = new FakeWorld([], NIGHT - TICK);
  for (let index = 0; index < 60; index++) world.add(anInstance(`dev-${index}`));
  for (let index = 0; index < 140; index++) world.add(anInstance(`prod-${index}`, { tags: { env: 'prod' } }));
  const prod = { match: { tags: { env: ['prod'] } } };
  world.policy = aPolicy({
    rollout: [
      aWave('dev', { parallel: 10 }),
      aWave('canary', { ...prod, after: 'dev', soak: SOAK, take: { share: 0.05 } }),
      aWave('prod', { ...prod, after: 'canary', soak: SOAK }),
    ],
    limits: { ...LIMITS, parallel: 20, maxErrors: 1 },
  });
  return world;
}

const begunIn = async (world: FakeWorld, wave: string) =>
  (await world.ledger.attempts({})).filter((attempt) => attempt.wave === wave && attempt.calls > 0).length;

describe('a fleet of 200 through dev, canary and prod', () => {
  it('where all goes well is current in a week, wave by wave, and each soaks', async () => {
    const world = aFleet();
    await world.ticks(WEEK_OF_TICKS, TICK);
    expect([world.begun.length, world.posts.length]).toEqual([200, 200]);
    const attempts = await world.ledger.attempts({});
    const of = (wave: string) => attempts.filter((attempt) => attempt.wave === wave);
    expect(['dev', 'canary', 'prod'].map((wave) => of(wave).length)).toEqual([60, 7, 133]);
    const first = (wave: string) => Math.min(...of(wave).map(({ calledAt }) => calledAt!));
    const last = (wave: string) => Math.max(...of(wave).map(({ finishedAt }) => finishedAt!));
    expect(first('canary') - last('dev')).toBeGreaterThanOrEqual(SOAK);
    expect(first('prod') - last('canary')).toBeGreaterThanOrEqual(SOAK);
    expect(world.mostInFlight).toBeLessThanOrEqual(20);
  });

  it('where a canary fails starts nothing of prod, tells it once, and goes on when a person has looked', async () => {
    const world = aFleet();
    for (let index = 0; index < 140; index++) world.moods.set(`prod-${index}`, ['fail_task', 'accept']);
    await world.ticks(WEEK_OF_TICKS, TICK);
    expect(await begunIn(world, 'prod')).toBe(0);
    const holds = (await world.ledger.holds()).filter(({ releasedAt }) => releasedAt === null);
    expect(holds).toMatchObject([{ id: 'errors:canary', by: 'system', match: { wave: 'canary' } }]);
    expect(holds[0]!.reason).toMatch(/failed, limits.maxErrors is 1: prod-\d+ \(TASK.FAILED\)/);
    // Seven failed for one reason, which is told once, and so is the hold that came of it.
    const told = world.alerts.filter(({ event }) => event !== 'succeeded');
    expect(told.map(({ event, labels }) => [event, labels.wave, labels.count])).toEqual([
      ['failed', 'canary', '7'],
      ['held', 'canary', undefined],
    ]);
    expect(told[1]!.action).toMatch(/release --match wave=canary/);

    for (let index = 0; index < 140; index++) world.moods.set(`prod-${index}`, ['accept']);
    await releaseHold(world.deps(), holds[0]!, 'ann', 'a bad disk, replaced', world.now);
    await world.ticks(2 * WEEK_OF_TICKS, TICK);
    expect(await begunIn(world, 'prod')).toBe(133);
    expect((await world.pass({ dryRun: true, observeAlways: true })).decisions.map(({ reason }) => reason)).toEqual(
      Array.from({ length: 200 }, () => 'already_latest'),
    );
  });
});

describe('latest moves between two nights', () => {
  it('and the first wave goes first again: nothing of the second runs what the first never ran', async () => {
    const world = new FakeWorld([], NIGHT - TICK);
    world.add(anInstance('dev'));
    world.add(anInstance('prod', { tags: { env: 'prod' } }));
    const waves = [aWave('dev'), aWave('prod', { after: 'dev', soak: 23 * HOUR })];
    world.policy = aPolicy({ rollout: waves });
    await world.ticks(8 * 6, TICK);
    expect(world.begun.map(({ name }) => name)).toEqual(['dev']);
    // By day; the flag is there at once.
    const newer = (name: string, current: string, tags: Record<string, string>) =>
      world.renew(
        anInstance(name, { tags, versions: versions({ engine: aPart({ current, latest: '5.0.14.261001' }) }) }),
      );
    newer('dev', LATEST, { env: 'dev' });
    newer('prod', OLD, { env: 'prod' });
    world.now = NIGHT + 24 * HOUR;
    await world.ticks(3);
    expect(world.begun.map(({ name }) => name)).toEqual(['dev', 'dev']);
  });

  it.each(['that could not be read before', 'that is new', 'that is new, in another region,'])(
    'within a night: one of the second wave %s shows the newer one first, and waits for the first wave all the same',
    async (which) => {
      const world = new FakeWorld(['dev'], NIGHT - TICK);
      const tags = { env: 'prod' };
      world.add(anInstance('prod', { tags }));
      const [scope] = aPolicy().scopes;
      const scopes = [scope!, { ...scope!, id: 'ap-southeast-3/p1', region: 'ap-southeast-3' }];
      world.policy = aPolicy({ scopes, rollout: [aWave('dev'), aWave('prod', { after: 'dev', soak: HOUR })] });
      await world.ticks(10 * 6, TICK);
      expect(world.begun.map(({ name }) => name)).toEqual(['dev', 'prod']);
      // The second night begins with what is known, but for one.
      const elsewhere = which.includes('region') ? { region: 'ap-southeast-3', scope: 'ap-southeast-3/p1' } : {};
      const late = anInstance('late', { tags, ...elsewhere });
      if (which.startsWith('that could not')) {
        world.add(late);
        world.now = NIGHT + DAY - HOUR;
        world.forbidden.add('id-late');
      }
      world.now = NIGHT + DAY;
      await world.ticks(2, 5 * MINUTE);
      const newer = versions({ engine: aPart({ current: LATEST, latest: '5.0.14.261001' }) });
      world.renew(anInstance('dev', { versions: newer }));
      world.renew(anInstance('prod', { tags, versions: newer }));
      world.add({ ...late, versions: versions({ engine: aPart({ current: OLD, latest: '5.0.14.261001' }) }) });
      world.forbidden.clear();
      await world.ticks(3, 5 * MINUTE);
      expect(world.begun.slice(2).map(({ name }) => name)).toEqual(['dev']);
      // It goes on once that has soaked.
      await world.ticks(36, 5 * MINUTE);
      expect(world.begun.slice(2).map(({ name }) => name)).toEqual(expect.arrayContaining(['dev', 'late']));
    },
  );
});

describe('a deadline', () => {
  it('is told on the day that it passes, also when the next window is days away, and once', async () => {
    const world = new FakeWorld(['a'], NIGHT);
    world.policy = aPolicy({ deadline: { warn: null, page: 4 * DAY } });
    await world.ledger.putHold(aHold());
    // Tuesday to Thursday are open; four days later it is Saturday.
    await world.ticks(6 * 24, HOUR);
    const told = world.taken.filter(({ event }) => event === 'deadline');
    expect(told.map(({ at }) => Math.floor((at - NIGHT) / DAY))).toEqual([4]);
  });

  it('warns, then pages, and breaks no freeze; what had warned ends when the fleet is current', async () => {
    const world = new FakeWorld(['a', 'b'], NIGHT - HOUR);
    world.policy = aPolicy({ deadline: { warn: DAY, page: 3 * DAY }, freezes: [aFreeze()] });
    await world.ticks(7 * 24, HOUR);
    const told = () => world.taken.filter(({ event }) => event.startsWith('deadline')).map(({ event, key, at }) => [event, key, Math.floor((at - NIGHT) / DAY)]); // biome-ignore format: one chain
    expect(told()).toEqual([
      ['deadline', 'deadline:warn:dev', 1],
      ['deadline', 'deadline:page:dev', 3],
    ]);
    expect(world.posts).toEqual([]);
    expect(world.taken.find(({ key }) => key === 'deadline:page:dev')!.summary).toMatch(/they wait: /);
    await world.ticks(24 * 6, 10 * MINUTE);
    expect(world.begun.map(({ name }) => name).toSorted()).toEqual(['a', 'b']);
    expect(
      new Set(
        told()
          .slice(2)
          .map(([event]) => event),
      ),
    ).toEqual(new Set(['deadline!']));
  });
});

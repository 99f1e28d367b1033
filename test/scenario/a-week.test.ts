import { expect, it } from '@jest/globals';
import { DAY, HOUR, MINUTE } from '../../lib/core/time.ts';
import { placeHold, releaseHold } from '../../lib/operations.ts';
import { anInstance, aPolicy, aWave, LIMITS, NIGHT } from '../support/builders.ts';
import { FakeWorld } from '../support/fake-world.ts';
import { nightOf, playWeek } from '../support/week.ts';

const names = (count: number) => Array.from({ length: count }, (_, index) => `cache-${index}`);
const startsOf = (world: FakeWorld) => world.begun.map(({ name, at }) => [name, nightOf(at)] as const);
const told = (world: FakeWorld, event: string) => world.taken.filter((one) => one.event === event);

/** How many of these ran at the most at any instant. */
function together(world: FakeWorld, isOne: (name: string) => boolean): number {
  const begun = world.begun.filter(({ name }) => isOne(name));
  const at = (instant: number) => begun.filter((one) => one.at <= instant && instant < one.at + world.upgradeTakes);
  return Math.max(0, ...begun.map((one) => at(one.at).length));
}

it('limits: none is passed at any instant, over two scopes, nineteen groups and seven enterprise projects, and all are current in the end', async () => {
  const world = new FakeWorld();
  const app = (index: number) => `app-${index % 9}`;
  const pair = (index: number) => `pair-${Math.floor(index / 4)}`;
  for (const [index, name] of names(40).entries())
    world.add(
      anInstance(name, {
        scope: `cn-north-4/p${(index % 2) + 1}`,
        enterpriseProjectId: `${index % 7}`,
        tags: { env: 'dev', app: app(index), dr: pair(index) },
      }),
    );
  const scopes = ['p1', 'p2'].map((project) => ({ id: `cn-north-4/${project}`, region: 'cn-north-4', project }));
  const limits = {
    ...LIMITS,
    parallel: 6,
    perScope: 4,
    perWindow: 14,
    oneAtATimeBy: ['tag:app', 'tag:dr', 'enterpriseProject'],
  };
  world.policy = aPolicy({ scopes, limits });
  await playWeek(world);
  expect(new Set(world.begun.map(({ name }) => name)).size).toBe(40);
  expect(world.posts).toHaveLength(40);
  const index = (name: string) => Number(name.slice(6));
  expect(together(world, () => true)).toBeLessThanOrEqual(6);
  for (const odd of [0, 1]) expect(together(world, (name) => index(name) % 2 === odd)).toBeLessThanOrEqual(4);
  for (let group = 0; group < 10; group++) {
    expect(together(world, (name) => app(index(name)) === `app-${group}`)).toBeLessThanOrEqual(1);
    expect(together(world, (name) => pair(index(name)) === `pair-${group}`)).toBeLessThanOrEqual(1);
    expect(together(world, (name) => index(name) % 7 === group)).toBeLessThanOrEqual(1);
  }
  expect([0, 1, 2].map((night) => startsOf(world).filter(([, one]) => one === night).length)).toEqual([14, 14, 12]);
});

it('gates: nobody starts while its load is too high or not known, whoever is calm goes on, and the rest follow', async () => {
  const world = new FakeWorld(['calm', 'hot', 'blind', 'old']);
  world.policy = aPolicy({ gates: { cpu: 70, backup: 24 * HOUR } });
  const backUp = (...all: string[]) => all.forEach((name) => void world.backups.set(name, world.now));
  world.loads.set('hot', { cpu: 93 });
  world.loads.set('blind', null);
  await playWeek(world, [
    [-1, () => backUp('calm', 'hot', 'blind')],
    [20, () => world.loads.delete('hot')],
    [23, () => backUp('hot', 'blind')],
    [25, () => backUp('old')],
    [46, () => world.loads.delete('blind')],
    [47, () => backUp('blind')],
  ]);
  expect(startsOf(world).toSorted()).toEqual([['blind', 2], ['calm', 0], ['hot', 1], ['old', 1]]);
  // Without data in Cloud Eye nobody can know: that is told once it lasts, and over when there is some.
  expect(told(world, 'scope').length).toBeGreaterThan(0);
  expect(told(world, 'scope!')).toHaveLength(told(world, 'scope').length);
}); // biome-ignore format: a table

it('verification: what keeps its version is not verified, holds its wave until a person has looked, and is told once', async () => {
  const world = new FakeWorld(names(6));
  world.add(anInstance('later', { tags: { env: 'prod' } }));
  world.policy = aPolicy({ limits: { ...LIMITS, parallel: 2, maxErrors: 2 } });
  for (const name of ['cache-0', 'cache-1']) world.moods.set(name, ['keep_version', 'accept']);
  const held: string[] = [];
  await playWeek(world, [[20, async () => {
    const [hold] = (await world.ledger.holds()).filter(({ releasedAt }) => releasedAt === null);
    held.push(`${hold!.by} ${hold!.reason}`);
    await releaseHold(world.deps(), hold!, 'ann', 'looked at both', world.now);
  }]]);
  expect(held).toEqual([expect.stringMatching(/^system 2 failed, limits.maxErrors is 2: cache-\d \(.*\), cache-\d/)]);
  expect(told(world, 'unverified').map(({ key }) => key.slice(0, 10))).toEqual([expect.any(String)]);
  // In the next night they are tried again, and the wave after them opens.
  expect(world.begun.filter(({ name }) => name === 'cache-0').map(({ at }) => nightOf(at))).toEqual([0, 1]);
  expect(told(world, 'unverified!')).toHaveLength(1);
  const done = (await world.ledger.attempts({})).filter(({ state }) => state === 'succeeded');
  expect(new Set(done.map(({ name }) => name)).size).toBe(7);
  expect(startsOf(world).filter(([name]) => name === 'later')).toEqual([['later', 1]]);
}); // biome-ignore format: a diary

it('verification: whose load is too high once it has settled is not verified, and what comes after it waits', async () => {
  const world = new FakeWorld(['hot', 'calm']);
  world.add(anInstance('later', { tags: { env: 'prod' } }));
  world.policy = aPolicy({ gates: { cpu: 70 } });
  await playWeek(world, [
    // Between the start and the end of its upgrade, and until the next day.
    [0.1, () => world.loads.set('hot', { cpu: 96 })],
    [20, () => world.loads.delete('hot')],
  ]);
  const [last] = (await world.ledger.attempts({})).filter(({ name }) => name === 'hot');
  expect(last).toMatchObject({ state: 'unverified', error: { code: 'UNVERIFIED', message: expect.stringMatching(/CPU was at 96 % .*, it must be below 70 %/) } });
  expect(told(world, 'unverified')).toHaveLength(1);
  expect(startsOf(world).map(([name]) => name).toSorted()).toEqual(['calm', 'hot']);
}); // biome-ignore format: a diary

it('a failed member blocks the next wave until it is acknowledged by its id', async () => {
  const world = new FakeWorld(['bad', 'good']);
  world.add(anInstance('later', { tags: { env: 'prod' } }));
  world.moods.set('bad', ['fail_task']);
  const acknowledge = () =>
    placeHold(
      world.ledger,
      { match: { instanceId: 'id-bad' }, by: 'ann', reason: 'to be replaced', until: null },
      world.now,
    );
  await playWeek(world, [[30, acknowledge]]);
  expect(startsOf(world).filter(([name]) => name === 'later')).toEqual([['later', 2]]);
  expect(told(world, 'failed').length).toBeGreaterThanOrEqual(1);
  for (const { action } of world.alerts.filter(({ event }) => event === 'failed'))
    expect(action).toMatch(/Waves after dev wait until it has succeeded, or is held by its id\.$/);
});

it('an upgrade that does not end blocks the next wave until it is acknowledged by its id; people are told how, and it keeps its place', async () => {
  const world = new FakeWorld(['endless', 'good']);
  world.add(anInstance('later', { tags: { env: 'prod' } }));
  world.endless.add('endless');
  const details = new Set<string>();
  const hold = (match: object) => () => placeHold(world.ledger, { match, by: 'ann', reason: 'a ticket is open', until: null }, world.now);
  await playWeek(world, [[6, hold({ tags: { env: 'dev' } })], [30, hold({ instanceId: 'id-endless' })]], async () => {
    const later = (await world.ledger.fleet()).find(({ instance }) => instance.name === 'later');
    details.add(later?.decision?.detail ?? '');
  });
  expect(startsOf(world).filter(([name]) => name === 'later')).toEqual([['later', 2]]);
  expect([...details].join()).toMatch(/the upgrade of endless of wave dev has not ended since .*; hold it by its id/);
  expect(told(world, 'stuck')).toHaveLength(1);
  expect(world.alerts.find(({ event }) => event === 'stuck')!.action).toMatch(/dcs-upgrader hold --match id=id-endless/);
  expect(world.posts.filter(({ name }) => name === 'endless')).toHaveLength(1);
  expect((await world.ledger.activeAttempts()).map(({ name }) => name)).toEqual(['endless']);
}); // biome-ignore format: a diary

it('fit: what takes long is learned, and nothing starts that would not end in its window', async () => {
  const world = new FakeWorld(names(60));
  world.upgradeTakes = 55 * MINUTE;
  world.policy = aPolicy({ limits: { ...LIMITS, parallel: 6 } });
  await playWeek(world);
  const lateness = world.begun.map(({ at }) => [nightOf(at), (at - NIGHT) % DAY] as const);
  const latest = [0, 1, 2].map((night) => Math.max(...lateness.flatMap(([one, ms]) => (one === night ? [ms] : []))));
  // 30 minutes are expected until ten samples exist, and then what they took.
  expect(latest.every((ms) => ms + 55 * MINUTE <= 4 * HOUR)).toBe(true);
  expect(told(world, 'overrun')).toEqual([]);
  expect(world.begun.length).toBeLessThanOrEqual(3 * 6 * 4);
  expect(new Set(world.begun.map(({ name }) => name)).size).toBe(60);
});

it('an upgrade that takes far longer than its window is told of once, followed for hours, and nothing of it starts again', async () => {
  const world = new FakeWorld(['slow']);
  world.upgradeTakes = 9 * HOUR;
  await playWeek(world);
  expect(startsOf(world)).toEqual([['slow', 0]]);
  expect(world.posts).toHaveLength(1);
  expect(['overrun', 'stuck', 'overrun!', 'stuck!'].map((event) => told(world, event).length)).toEqual([1, 1, 1, 1]);
  expect((await world.ledger.attempts({})).map(({ state }) => state)).toEqual(['succeeded']);
});

it('holds: of everything, a scope, a wave, a tag and an instance; each holds what it names until it ends or is released', async () => {
  const world = new FakeWorld(names(3));
  world.add(anInstance('gold', { tags: { env: 'dev', tier: 'gold' } }));
  world.add(anInstance('prod', { tags: { env: 'prod' } }));
  world.add(anInstance('else', { scope: 'cn-north-4/p2', project: 'p2' }));
  const scopes = ['p1', 'p2'].map((project) => ({ id: `cn-north-4/${project}`, region: 'cn-north-4', project }));
  world.policy = aPolicy({ scopes, rollout: [aWave('dev'), aWave('prod', { after: 'dev' })] });
  const hold = (match: Parameters<typeof placeHold>[1]['match'], until: number | null) =>
    placeHold(world.ledger, { match, by: 'ann', reason: 'because', until: until === null ? null : NIGHT + until * HOUR }, world.now);
  const release = async (key: string) => {
    const found = (await world.ledger.holds()).find(({ match }) => key in match);
    await releaseHold(world.deps(), found!, 'ann', 'over', world.now);
  };
  const during = new Set<string>();
  await playWeek(world, [
    [-2, () => hold({ all: true }, 1)],
    [-1, () => hold({ tags: { tier: 'gold' } }, 25)],
    [-1, () => hold({ scope: 'cn-north-4/p2' }, 3)],
    [-1, () => hold({ instanceId: 'id-cache-1' }, null)],
    [-1, () => hold({ wave: 'prod' }, null)],
    [30, () => release('instanceId')],
    [40, () => release('wave')],
  ], async () => {
    for (const { name, at } of world.begun) if (at < NIGHT + HOUR) during.add(name);
  });
  expect([...during]).toEqual([]);
  const first = Object.fromEntries(world.begun.map(({ name, at }) => [name, Math.floor((at - NIGHT) / HOUR)]));
  expect(first).toEqual({ 'cache-0': 1, 'cache-2': 1, gold: 25, else: 3, 'cache-1': 48, prod: expect.any(Number) });
  expect(nightOf(NIGHT + first.prod! * HOUR)).toBe(2);
}); // biome-ignore format: a diary

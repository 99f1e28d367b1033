import { describe, expect, it } from '@jest/globals';
import { isHanded } from '../../lib/core/attempt.ts';
import { HOUR, MINUTE } from '../../lib/core/time.ts';
import { aFreeze, aHold, anInstance, aPolicy, LIMITS, NIGHT, upToDate } from '../support/builders.ts';
import { FakeWorld } from '../support/fake-world.ts';
import { subjectOf } from '../support/take-up.ts';

function worldWith(...names: string[]): FakeWorld {
  const world = new FakeWorld(names);
  world.queue = [];
  return world;
}

const names = (calls: { name: string }[]) => calls.map(({ name }) => name).toSorted();

describe('a pass with a queue', () => {
  it('claims and sends ids, and calls nothing itself', async () => {
    const world = worldWith('a', 'b');
    const { started } = await world.pass();
    expect(world.posts).toEqual([]);
    expect(started.map(({ state, calls }) => [state, calls])).toEqual([
      ['claimed', 0],
      ['claimed', 0],
    ]);
    expect(world.queue).toEqual(started.map(({ id }) => ({ kind: 'start', attemptId: id })));
  });

  it('counts what waits for a worker against the limits, and hands nothing over twice', async () => {
    const world = worldWith('a', 'b', 'c');
    world.policy = aPolicy({ limits: { ...LIMITS, parallel: 2 } });
    await world.pass();
    const { decisions } = await world.pass();
    expect(world.queue).toHaveLength(2);
    expect(decisions.map(({ reason }) => reason).toSorted()).toEqual(['in_progress', 'in_progress', 'limit_parallel']);
  });

  it('counts it against limits.perWindow as well', async () => {
    const world = worldWith('a', 'b');
    world.policy = aPolicy({ limits: { ...LIMITS, perWindow: 1 } });
    await world.pass();
    await world.pass();
    expect(world.queue).toHaveLength(1);
  });

  it('sends again what nobody took, as one attempt', async () => {
    const world = worldWith('a');
    await world.pass();
    world.queue = [];
    world.now += 3 * MINUTE;
    await world.pass();
    expect(world.queue).toEqual([]);
    world.now += 2 * MINUTE;
    await world.pass();
    expect(world.queue).toHaveLength(1);
    await world.work(world.queue[0]!);
    expect(names(world.posts)).toEqual(['a']);
    expect(await world.ledger.attempts({})).toHaveLength(1);
  });

  it('is not begun by a worker with a version that came out since it was decided: no wave has had that', async () => {
    const world = worldWith('a');
    await world.pass();
    const { versions } = world.instances.get('id-a')!;
    world.add(anInstance('a', { versions: { ...versions!, engine: { ...versions!.engine, latest: '5.0.99.1' } } }));
    const done = await world.work(world.queue!.splice(0)[0]!);
    expect(done).toMatchObject({ kind: 'not_called', why: 'its latest version has moved since it was decided' });
    expect(world.posts).toEqual([]);
  });

  it('reads anew what a worker gave back, also after a call that came to nothing', async () => {
    const world = worldWith('a');
    world.moods.set('a', [{ refuse: 'DCS.4096', status: 400 }, 'accept']);
    await world.pass();
    await world.work(world.queue!.splice(0)[0]!);
    // The version that it was to get is no more the latest.
    const versions = { ...world.instances.get('id-a')!.versions! };
    world.add(anInstance('a', { versions: { ...versions, engine: { ...versions.engine, latest: '5.0.99.1' } } }));
    for (let tick = 0; tick < 4; tick++) {
      world.now += 5 * MINUTE;
      await world.pass();
      for (const message of world.queue!.splice(0)) await world.work(message);
    }
    expect(names(world.begun)).toEqual(['a']);
    expect(await world.ledger.attempts({})).toMatchObject([{ engine: { to: '5.0.99.1' } }]);
  });

  it('lets an attempt that no worker took end with its window', async () => {
    const world = worldWith('a');
    world.now = NIGHT + 3 * HOUR;
    await world.pass();
    world.now = NIGHT + 5 * HOUR;
    await world.pass();
    expect((await world.ledger.attempts({})).map(({ state, calls }) => [state, calls])).toEqual([['expired', 0]]);
  });

  it.each<[string, (world: FakeWorld) => void, string]>([
    ['no worker comes', (world) => world.queue!.splice(0), 'no worker takes them'],
    ['the queue takes nothing', (world) => Object.defineProperty(world, 'queue', { value: { push: refuse }, writable: true }), 'could not be sent'],
  ])('tells once that %s, after a quarter of an hour', async (_, breakIt, says) => {
    const world = worldWith('a');
    for (let tick = 0; tick < 8; tick++) {
      breakIt(world);
      await world.pass();
      world.now += 5 * MINUTE;
      if (tick === 2) expect(world.alerts).toEqual([]);
    }
    const told = world.alerts.filter(({ event, summary }) => event === 'queue' && summary.includes(says));
    expect(told).toHaveLength(1);
    expect(told[0]).toMatchObject({ severity: 'critical' });
  }); // biome-ignore format: a table
});

function refuse(): never {
  throw new Error('no such queue');
}

describe('a message', () => {
  it('that comes five times at once makes one call', async () => {
    const world = worldWith('a');
    await world.pass();
    await Promise.all(Array.from({ length: 5 }, () => world.work(world.queue![0]!)));
    expect(names(world.posts)).toEqual(['a']);
    expect(await world.work(world.queue![0]!)).toMatchObject({ kind: 'nothing' });
    expect(names(world.posts)).toEqual(['a']);
  });

  it('that comes after its time changes nothing', async () => {
    const world = worldWith('a');
    await world.pass();
    world.now += 4 * MINUTE;
    expect(await world.work(world.queue![0]!)).toEqual({ kind: 'nothing', why: 'the message came too late' });
    expect(world.posts).toEqual([]);
  });

  it('of last night, or of no attempt at all, changes nothing', async () => {
    const world = worldWith('a');
    await world.untilQuiet();
    const [attempt] = await world.ledger.attempts({});
    for (const attemptId of [attempt!.id, 'id-a@elsewhere']) {
      expect(await world.work({ kind: 'start', attemptId })).toMatchObject({ kind: 'nothing' });
    }
    expect(await world.ledger.attempts({})).toEqual([attempt]);
    expect(names(world.posts)).toEqual(['a']);
  });
});

describe('F041 what changes between the pass and the worker is obeyed', () => {
  const elsewhere = { project: 'p9', region: 'cn-north-4', id: 'cn-north-4/p9' };
  const dev = aPolicy().rollout;

  it.each<{ what: string; change: (world: FakeWorld) => unknown; why: string }>([
    { what: 'a freeze is set', change: (world) => { world.policy = aPolicy({ freezes: [aFreeze()] }); }, why: 'freeze' },
    { what: 'its window is another one', change: (world) => { world.policy = aPolicy({ rollout: dev.map((wave) => ({ ...wave, windows: [] })) }); }, why: 'no window of its wave is open' },
    { what: 'its wave is gone', change: (world) => { world.policy = aPolicy({ rollout: dev.slice(1) }); }, why: 'wave dev does not match it any more' },
    { what: 'its scope is gone', change: (world) => { world.policy = aPolicy({ scopes: [{ ...aPolicy().scopes[0]!, ...elsewhere }] }); }, why: 'the policy does not name its scope any more' },
    { what: 'it is expected to take longer', change: (world) => { world.policy = aPolicy({ limits: { ...LIMITS, minDuration: 9 * HOUR } }); }, why: 'an upgrade may take 540 minutes' },
    { what: 'the version is wanted no more', change: (world) => { world.policy = aPolicy({ upgrade: {} }); }, why: 'is the latest' },
    { what: 'a person holds it', change: (world) => world.ledger.putHold(aHold({ createdAt: NIGHT })), why: 'held by' },
    { what: 'its owner opts out', change: (world) => world.add(anInstance('a', { tags: { env: 'dev', 'dcs-upgrade': 'off' } })), why: 'dcs-upgrade is off' },
    { what: 'its owner holds it by a tag', change: (world) => world.add(anInstance('a', { tags: { env: 'dev', 'dcs-upgrade-hold-until': '2027-01-01' } })), why: 'held by its tag' },
    { what: 'it is busy', change: (world) => world.add(anInstance('a', { status: 'BACKING_UP' })), why: 'BACKING_UP' },
    { what: 'somebody upgrades it', change: (world) => world.add(anInstance('a', { upgrading: true })), why: 'somebody else began' },
    { what: 'somebody upgraded it', change: (world) => world.add(anInstance('a', { versions: upToDate() })), why: 'is the latest' },
    { what: 'it cannot be read', change: (world) => world.forbidden.add('id-a'), why: 'DCS.2003' },
    { what: 'the window closes', change: (world) => { world.policy = aPolicy({ windows: {}, rollout: [] }); }, why: 'does not match' },
  ])('$what: it is given back with a reason', async ({ change, why }) => {
    const world = worldWith('a');
    await world.pass();
    await change(world);
    expect(await world.work(world.queue![0]!)).toMatchObject({ kind: 'not_called', why: expect.stringContaining(why) });
    const [attempt] = await world.ledger.attempts({});
    expect([world.posts, attempt!.state, isHanded(attempt!), attempt!.calls]).toEqual([[], 'claimed', false, 0]);
    expect(attempt!.updates.at(-1)!.note).toContain(why);
  }); // biome-ignore format: a table

  it('without a valid policy nothing is called', async () => {
    const world = worldWith('a');
    await world.pass();
    const state = { policy: world.policy, problem: 'line 3 is wrong' };
    expect(await world.work(world.queue![0]!, state)).toEqual({ kind: 'not_called', why: 'there is no valid policy' });
    expect(world.posts).toEqual([]);
  });

  it('and what is given back is started when that is over', async () => {
    const world = worldWith('a');
    await world.pass();
    world.add(anInstance('a', { status: 'BACKING_UP' }));
    await world.work(world.queue!.shift()!);
    world.add(anInstance('a'));
    await world.untilQuiet();
    expect([names(world.posts), world.queue]).toEqual([['a'], []]);
  });
});

describe('a worker', () => {
  it('that is refused for the whole scope keeps the others from asking again, and somebody is told once', async () => {
    const world = worldWith('a', 'b', 'c');
    world.moods.set('a', [{ refuse: 'DCS.3002', status: 403 }]);
    await world.pass();
    const first = world.queue!.findIndex((message) => subjectOf(message).startsWith('id-a@'));
    const order = [...world.queue!.splice(first, 1), ...world.queue!.splice(0)];
    for (const message of order) await world.work(message);
    expect(names(world.posts)).toEqual(['a']);
    expect(world.alerts.map(({ event }) => event)).toEqual(['scope']);
  });

  it('whose upgrades fail spends the error budget of the wave for those that still wait', async () => {
    const world = worldWith('a', 'b');
    world.policy = aPolicy({ limits: { ...LIMITS, maxErrors: 1 } });
    for (const name of ['a', 'b']) world.moods.set(name, [{ refuse: 'DCS.9999', status: 400 }]);
    await world.pass();
    for (const message of world.queue!.splice(0)) await world.work(message);
    expect(world.posts).toHaveLength(1);
  });
});

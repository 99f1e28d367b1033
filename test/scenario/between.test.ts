import { describe, expect, it } from '@jest/globals';
import type { Instance } from '../../lib/core/instance.ts';
import { HOUR, MINUTE, SECOND } from '../../lib/core/time.ts';
import type { Deps } from '../../lib/deps.ts';
import { anAttempt, anInstance, aPolicy, LIMITS, NIGHT, upToDate } from '../support/builders.ts';
import { FakeWorld } from '../support/fake-world.ts';

/** Something happens after the decision and before the start that it led to. */
function afterTheDecision(deps: Deps, happens: () => void): Deps {
  const { acquireLease } = deps.ledger;
  let leases = 0;
  deps.ledger.acquireLease = async (...args) => {
    leases += 1;
    if (leases === 2) happens();
    return acquireLease(...args);
  };
  return deps;
}

/** Whose turn it was first. */
const posted = (world: FakeWorld) => world.posts[0]?.name;

describe('between the decision and the call', () => {
  it.each<[string, Partial<Instance>, RegExp]>([
    ['it begins to restart', { status: 'RESTARTING' }, /it is RESTARTING/],
    ['somebody else begins to upgrade it', { upgrading: true }, /somebody else began is running/],
    ['somebody else has upgraded it', { versions: upToDate() }, /is the latest/],
    ['its owner opts out', { tags: { env: 'dev', 'dcs-upgrade': 'off' } }, /its tag dcs-upgrade is off/],
    ['its owner holds it', { tags: { env: 'dev', 'dcs-upgrade-hold-until': '2027-01-01' } }, /held by its tag/],
    ['its owner names a window that is not open', { tags: { env: 'dev', 'dcs-upgrade-window': 'x' } }, /no window/],
    ['it goes to another wave', { tags: { env: 'prod' } }, /wave dev does not match it any more/],
    ['it becomes one that select leaves out', { enterpriseProjectId: '7' }, /select.exclude names it/],
    ['it is made an instance of the enterprise edition', { engine: 'Memcached' }, /no minor-version upgrade/],
  ])('%s: not called', async (_, change, why) => {
    const world = new FakeWorld(['a']);
    world.policy = aPolicy({ select: { ...world.policy.select, exclude: [{ enterpriseProject: ['7'] }] } });
    const deps = afterTheDecision(world.deps(), () => world.add(anInstance('a', change)));
    const { decisions } = await world.pass({}, deps);
    expect(world.posts).toEqual([]);
    expect(decisions[0]).toMatchObject({ action: 'wait', reason: 'not_startable', detail: expect.stringMatching(why) });
  });

  it('the time of the run ends while the claim is written: not called, and free for the next run', async () => {
    const world = new FakeWorld(['a']);
    const end = new AbortController();
    const deps = world.deps();
    const { claim } = deps.ledger;
    deps.ledger.claim = async (...args) => {
      end.abort();
      return claim(...args);
    };
    await world.pass({ signal: end.signal }, deps);
    expect(world.posts).toEqual([]);
    expect(await world.ledger.attempts({})).toMatchObject([{ state: 'claimed', calls: 0, lookUntil: null }]);
    await world.pass();
    expect(world.posts).toHaveLength(1);
  });

  it('it is read without tags, which an answer may leave out: those of the list count', async () => {
    const world = new FakeWorld(['a']);
    const deps = afterTheDecision(world.deps(), () => world.add(anInstance('a', { tags: {} })));
    await world.pass({}, deps);
    expect(world.posts).toHaveLength(1);
  });

  it('the window closes while the claim is written: not called', async () => {
    const world = new FakeWorld(['a'], NIGHT + 4 * HOUR - 3 * SECOND);
    // Upgrades that take a second are the only ones that may begin so late.
    world.policy = aPolicy({ limits: { ...LIMITS, minDuration: SECOND } });
    const lease = await world.ledger.acquireLease('earlier', MINUTE, NIGHT);
    for (let sample = 0; sample < 10; sample++) {
      const change = { state: 'succeeded', lookUntil: null, finishedAt: NIGHT + SECOND, settled: true } as const;
      await world.ledger.claim(anAttempt(`s${sample}`, change), lease!);
    }
    await world.ledger.releaseLease(lease!);
    const deps = world.deps();
    const { claim } = deps.ledger;
    deps.ledger.claim = async (...args) => {
      world.now += 4 * SECOND;
      return claim(...args);
    };
    await world.pass({}, deps);
    expect(world.posts).toEqual([]);
    expect(await world.ledger.attempt(`id-a@${anAttempt('a').opening.id}`)).toMatchObject({ calls: 0 });
  });

  it('the run is suspended past its lease, and another decides meanwhile: it starts nothing more', async () => {
    const world = new FakeWorld(['a', 'b', 'c']);
    world.policy = aPolicy({ limits: { ...LIMITS, parallel: 1 } });
    const deps = world.deps();
    const { acquireLease } = deps.ledger;
    let leases = 0;
    deps.ledger.acquireLease = async (...args) => {
      leases += 1;
      if (leases === 2) {
        world.now += 5 * MINUTE;
        await world.pass();
        return acquireLease(args[0], args[1], world.now);
      }
      return acquireLease(...args);
    };
    const { decisions } = await world.pass({}, deps);
    expect([world.begun.length, world.mostInFlight]).toEqual([1, 1]);
    expect(decisions.map(({ reason }) => reason)).toContain('another_run');
  });

  it('the run is suspended past its lease just before it calls again: another decides, and it calls no more', async () => {
    const world = new FakeWorld(['a', 'b']);
    world.policy = aPolicy({ limits: { ...LIMITS, parallel: 1 } });
    world.moods.set('a', [{ refuse: 'DCS.4096', status: 400 }, 'accept']);
    world.moods.set('b', [{ refuse: 'DCS.4096', status: 400 }, 'accept']);
    await world.ticks(2);
    world.now += 3 * MINUTE;
    const deps = world.deps();
    const { holds } = deps.ledger;
    let reads = 0;
    deps.ledger.holds = async () => {
      const found = await holds();
      reads += 1;
      if (reads === 2) {
        world.now += 5 * MINUTE;
        // The other run finds what this one is about to do not claimed yet, and starts the other instance.
        await world.pass({ only: ({ name }) => name !== posted(world) });
      }
      return found;
    };
    await world.pass({}, deps);
    expect(world.mostInFlight).toBeLessThanOrEqual(1);
  });

  it('the clock of another machine is four minutes ahead, and reads lag by a minute and a half: called once', async () => {
    const world = new FakeWorld(['a']);
    world.lag = 90 * SECOND;
    world.moods.set('a', ['lose']);
    await world.pass();
    for (let tick = 0; tick < 30; tick++) {
      const deps = world.deps();
      deps.clock = { ...deps.clock, now: () => world.now + 4 * MINUTE };
      deps.holder = 'another:7:x';
      await world.pass({}, deps);
      world.now += 10 * SECOND;
    }
    expect(world.posts).toHaveLength(1);
  });

  it('writing the claim takes longer than a call may be announced ahead: not called', async () => {
    const world = new FakeWorld(['a']);
    const deps = world.deps();
    const { claim } = deps.ledger;
    deps.ledger.claim = async (...args) => {
      world.now += MINUTE;
      return claim(...args);
    };
    await world.pass({}, deps);
    expect(world.posts).toEqual([]);
  });
});

describe('a call whose outcome is unknown', () => {
  it('is looked at for sightLag after the last instant at which it can have arrived', async () => {
    const world = new FakeWorld(['a']);
    world.moods.set('a', ['drop']);
    await world.pass();
    const [attempt] = await world.ledger.attempts({});
    // It may wait five seconds for its turn, and ten for its answer.
    const mayArriveUntil = attempt!.calledAt! + 15 * SECOND;
    expect(attempt!.lookUntil! - mayArriveUntil).toBeGreaterThanOrEqual(world.policy.limits.sightLag);
  });
});

describe('a scope', () => {
  it('that refuses one call as a whole gets no more of them in this pass', async () => {
    const names = Array.from({ length: 30 }, (_, index) => `i${index}`);
    const world = new FakeWorld(names);
    world.policy = aPolicy({ limits: { ...LIMITS, parallel: 30 } });
    for (const name of names) world.moods.set(name, [{ refuse: 'APIGW.0301', status: 401 }]);
    const { decisions } = await world.pass();
    // Those that were on their way side by side could not know.
    expect(world.posts.length).toBeLessThanOrEqual(8);
    expect(decisions.filter(({ reason }) => reason === 'scope_stopped').length).toBeGreaterThanOrEqual(22);
  });

  it('that cannot be read keeps the waves after it closed, and the other scopes go on', async () => {
    const world = new FakeWorld(['a']);
    world.policy = aPolicy({
      scopes: [
        { id: 'cn-north-4/p1', region: 'cn-north-4', project: 'p1' },
        { id: 'cn-north-4/p2', region: 'cn-north-4', project: 'p2' },
      ],
    });
    world.add(anInstance('elsewhere', { scope: 'cn-north-4/p2', project: 'p2' }));
    world.add(anInstance('z', { scope: 'cn-north-4/p2', project: 'p2', tags: { env: 'prod' } }));
    world.broken.set('cn-north-4/p1', { code: 'APIGW.0301', status: 401 });
    const [report] = await world.ticks(30);
    expect(world.begun.map(({ name }) => name)).toEqual(['elsewhere']);
    expect(report!.decisions.find(({ name }) => name === 'z')).toMatchObject({ reason: 'wave_waiting' });
  });
});

describe('a receiver that fails', () => {
  /** One upgrade fails at once; `ops` hears of it, `boss` is deaf for as long as said. */
  async function aNight(deafFor: number): Promise<FakeWorld> {
    const world = new FakeWorld(['a']);
    world.moods.set('a', ['fail_task']);
    world.policy = aPolicy({ limits: { ...LIMITS, maxErrors: 1 } });
    world.receivers = ['ops', 'boss'];
    world.deaf.add('boss');
    const heals = world.now + deafFor;
    for (let tick = 0; tick < 240; tick++) {
      if (world.now >= heals) world.deaf.clear();
      await world.pass();
      world.now += MINUTE;
    }
    return world;
  }
  const eventsOf = (world: FakeWorld, receiver: string) =>
    world.taken.filter((one) => one.receiver === receiver).map(({ event }) => event);

  it('gets what it missed once it answers, and nobody else is told again because of it', async () => {
    const world = await aNight(2 * HOUR);
    expect(eventsOf(world, 'boss')).toEqual(['failed', 'held']);
    expect(eventsOf(world, 'ops')).toEqual(['failed', 'held', 'receiver', 'receiver!']);
    expect((await world.ledger.attempts({})).map(({ settled, told }) => [settled, told])).toEqual([[true, ['failed']]]);
    expect((await world.ledger.conditions()).map(({ key }) => key.split(':')[0])).toEqual(['hold']);
  });

  it('is tried after growing pauses, once a pass however much there is to tell', async () => {
    const world = await aNight(24 * HOUR);
    const tries = world.tries.filter(({ receiver }) => receiver === 'boss').map(({ at }) => (at - NIGHT) / MINUTE);
    const pauses = tries.slice(1).map((at, index) => at - tries[index]!);
    expect(pauses).toEqual([1, 1, 2, 4, 8, 16, 32, 60, 60]);
  });

  it('gets what was told of a scope that is not asked again because of it', async () => {
    const world = new FakeWorld(['a', 'b']);
    world.receivers = ['boss'];
    world.deaf.add('boss');
    for (const name of ['a', 'b']) world.moods.set(name, [{ refuse: 'APIGW.0302', status: 403 }]);
    await world.ticks(2);
    world.deaf.clear();
    await world.ticks(5);
    expect(eventsOf(world, 'boss')).toEqual(['scope']);
  });

  it('that is taken out of the policy is forgotten, and holds nothing up', async () => {
    const world = await aNight(24 * HOUR);
    world.receivers = ['ops'];
    await world.ticks(2);
    expect((await world.ledger.attempts({})).map(({ settled }) => settled)).toEqual([true]);
    expect((await world.ledger.conditions()).map(({ key }) => key.split(':')[0])).toEqual(['hold']);
  });
});

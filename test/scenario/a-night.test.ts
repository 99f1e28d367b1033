import { describe, expect, it } from '@jest/globals';
import { HOUR, MINUTE } from '../../lib/core/time.ts';
import { aHold, anInstance, aPolicy, LIMITS, NIGHT } from '../support/builders.ts';
import { FakeWorld } from '../support/fake-world.ts';

const five = ['a', 'b', 'c', 'd', 'e'];
const names = (list: { name: string }[]) => list.map(({ name }) => name).toSorted();
const states = async (world: FakeWorld) =>
  (await world.ledger.attempts({})).map(({ name, state }) => `${name} ${state}`).toSorted();

describe('a night', () => {
  it('upgrades every due instance once, two at a time, and follows each to its verified end', async () => {
    const world = new FakeWorld(five);
    world.policy = aPolicy({ limits: { ...LIMITS, parallel: 2 } });
    await world.ticks(60);
    expect(names(world.posts)).toEqual(five);
    expect(world.mostInFlight).toBe(2);
    expect(await states(world)).toEqual(five.map((name) => `${name} succeeded`));
    expect(world.alerts.filter(({ severity }) => severity !== 'info')).toEqual([]);
  });

  it('asks nothing of the API while no window is open and nothing runs', async () => {
    const world = new FakeWorld(five, NIGHT - HOUR);
    await world.ticks(10);
    expect(world.reads).toBe(0);
  });

  it('a plan starts nothing and tells nobody', async () => {
    const world = new FakeWorld(five);
    const report = await world.pass({ dryRun: true, observeAlways: true });
    expect(report.decisions.map(({ action }) => action)).toEqual(five.map(() => 'start'));
    expect([world.posts, world.alerts, await world.ledger.attempts({})]).toEqual([[], [], []]);
  });

  it('F103 starts nothing after the window has closed, and follows what runs to its end', async () => {
    const world = new FakeWorld(five, NIGHT + 4 * HOUR - 31 * MINUTE);
    world.policy = aPolicy({ limits: { ...LIMITS, parallel: 1 } });
    world.upgradeTakes = 50 * MINUTE;
    await world.ticks(90);
    expect(world.begun).toHaveLength(1);
    expect(await states(world)).toEqual([`${world.begun[0]!.name} succeeded`]);
    expect(world.alerts.map(({ event }) => event)).toEqual(['overrun', 'succeeded']);
  });

  it('follows what runs under a hold, and starts nothing more', async () => {
    const world = new FakeWorld(five);
    world.policy = aPolicy({ limits: { ...LIMITS, parallel: 1 } });
    await world.ticks(1);
    await world.ledger.putHold(aHold());
    await world.ticks(30);
    expect(await states(world)).toEqual([`${world.begun[0]!.name} succeeded`]);
  });

  it('a hold that is set while the pass decides stops the start that was decided already', async () => {
    const world = new FakeWorld(five);
    world.policy = aPolicy({ limits: { ...LIMITS, parallel: 1 } });
    const deps = world.deps();
    const { acquireLease } = deps.ledger;
    let leases = 0;
    deps.ledger.acquireLease = async (...args) => {
      leases += 1;
      // The first lease is taken before the decision, the second one before the start that it led to.
      if (leases === 2) await world.ledger.putHold(aHold());
      return acquireLease(...args);
    };
    const report = await world.pass({}, deps);
    expect(world.posts).toEqual([]);
    expect(report.decisions.map(({ detail }) => detail)).toContain('held by ops: sales');
  });

  it('with a broken policy follows what runs, starts nothing, and says so once', async () => {
    const world = new FakeWorld(five);
    world.policy = aPolicy({ limits: { ...LIMITS, parallel: 1 } });
    await world.ticks(1);
    for (let tick = 0; tick < 30; tick++) {
      await world.pass({}, world.deps(), { policy: world.policy, problem: 'policy.yaml:3:1 freezs is not a key' });
      world.now += MINUTE;
    }
    expect(await states(world)).toEqual([`${world.begun[0]!.name} succeeded`]);
    expect(world.alerts.filter(({ event }) => event === 'policy')).toHaveLength(1);
  });

  it('F106 begins nothing when there is no time left to record it', async () => {
    const world = new FakeWorld(five);
    await world.pass({ dryRun: true, observeAlways: true });
    const report = await world.pass({ signal: AbortSignal.abort() });
    expect(world.posts).toEqual([]);
    expect(new Set(report.decisions.map(({ reason }) => reason))).toEqual(new Set(['no_time_left']));
  });

  it('waves go in order', async () => {
    const world = new FakeWorld(['a', 'b']);
    world.add(anInstance('z', { tags: { env: 'prod' } }));
    await world.ticks(40);
    expect(world.begun.at(-1)?.name).toBe('z');
    expect(world.begun.at(-1)!.at - world.begun[0]!.at).toBeGreaterThanOrEqual(10 * MINUTE);
  });
});

describe('two runs at the same moment', () => {
  it('start each instance once', async () => {
    const world = new FakeWorld(five);
    await Promise.all([world.pass(), world.pass(), world.pass()]);
    expect(names(world.posts)).toEqual(five);
  });

  it('keep the limits together', async () => {
    const world = new FakeWorld(five);
    world.policy = aPolicy({ limits: { ...LIMITS, parallel: 2 } });
    for (let tick = 0; tick < 60; tick++) {
      await Promise.all([world.pass(), world.pass()]);
      world.now += MINUTE;
    }
    expect(world.mostInFlight).toBe(2);
    expect(names(world.posts)).toEqual(five);
  });
});

import { describe, expect, it } from '@jest/globals';
import { DAY, HOUR, MINUTE } from '../../lib/core/time.ts';
import { aHold, anInstance, aPolicy, LIMITS, NIGHT, upToDate } from '../support/builders.ts';
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
    expect(report.decisions.map(({ detail }) => detail)).toContain('held by ops until it is released: sales');
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

describe('what was true at the decision is asked again before the call', () => {
  it('an upgrade that no longer fits, because looking took so long, is not begun', async () => {
    const world = new FakeWorld(['a'], NIGHT + 4 * HOUR - 31 * MINUTE);
    const deps = world.deps();
    const { holds } = deps.ledger;
    let reads = 0;
    deps.ledger.holds = async () => {
      reads += 1;
      // The first read is the decision's, the second one is made before the call.
      if (reads === 2) world.now += 2 * MINUTE;
      return holds();
    };
    const { decisions } = await world.pass({}, deps);
    expect(world.posts).toEqual([]);
    expect(decisions[0]).toMatchObject({
      action: 'wait',
      reason: 'not_startable',
      detail: expect.stringMatching(/may take 30 minutes, the window closes in 29/),
    });
  });

  it('a failure of this very pass spends the error budget for the starts after it', async () => {
    const names = Array.from({ length: 30 }, (_, index) => `i${index}`);
    const world = new FakeWorld(names);
    world.policy = aPolicy({ limits: { ...LIMITS, parallel: 30, maxErrors: 1 } });
    for (const name of names) world.moods.set(name, [{ refuse: 'DCS.2003', status: 403 }]);
    await world.pass();
    // Those that were on their way side by side could not know.
    expect(world.posts.length).toBeLessThanOrEqual(8);
    expect(world.alerts.filter(({ event }) => event === 'held')).toHaveLength(1);
  });
});

describe('what was upgraded by somebody else', () => {
  it.each(['in one process', 'through a queue'])('takes nobody else’s place for long, %s', async (how) => {
    const world = new FakeWorld(['a', 'b', 'c']);
    world.policy = aPolicy({ limits: { ...LIMITS, parallel: 1 } });
    world.queue = how === 'through a queue' ? [] : null;
    // Seen before the night, when all were behind; the longest behind is the first that is tried.
    await world.pass({ dryRun: true, observeAlways: true });
    world.add(anInstance('a', { versions: upToDate() }));
    world.now += MINUTE;
    for (let tick = 0; tick < 40; tick++) {
      await world.pass();
      for (const message of world.queue?.splice(0) ?? []) await world.work(message);
      world.now += MINUTE;
    }
    expect(names(world.posts)).toEqual(['b', 'c']);
    expect(world.posts.at(-1)!.at).toBeLessThan(NIGHT + 20 * MINUTE);
  });
});

describe('nobody is lost from sight', () => {
  it('an instance that a listing leaves out still keeps the next wave from opening', async () => {
    const world = new FakeWorld(['a']);
    world.add(anInstance('z', { tags: { env: 'prod' } }));
    world.upgradeTakes = 20 * MINUTE;
    await world.ticks(2);
    world.hidden.add('id-a');
    await world.ticks(5);
    expect(names(world.posts)).toEqual(['a']);
  });

  it('an instance that is gone does not', async () => {
    const world = new FakeWorld(['a']);
    world.add(anInstance('z', { tags: { env: 'prod' } }));
    world.policy = aPolicy({ limits: { ...LIMITS, parallel: 1 } });
    await world.pass({ dryRun: true, observeAlways: true });
    world.instances.delete('id-a');
    await world.ticks(1);
    expect(names(world.posts)).toEqual(['z']);
    expect((await world.ledger.fleet()).map(({ instance }) => instance.name)).toEqual(['z']);
  });

  it.each(['DCS.2003', 'APIGW.0302'])(
    'an instance that leaves the list and may not be read (%s) does not stop its scope, and is told of',
    async (code) => {
      const world = new FakeWorld(['a', 'b']);
      world.forbids = code;
      world.add(anInstance('z', { tags: { env: 'prod' } }));
      world.policy = aPolicy({ limits: { ...LIMITS, parallel: 1 } });
      await world.pass({ dryRun: true, observeAlways: true });
      world.hidden.add('id-a');
      world.forbidden.add('id-a');
      const reports = await world.ticks(20);
      expect(names(world.posts)).toEqual(['b']);
      const decisions = reports.at(-1)!.decisions.map(({ name, reason }) => `${name} ${reason}`);
      expect(decisions.toSorted()).toEqual(['a version_unknown', 'b already_latest', 'z wave_waiting']);
      const told = world.alerts.filter(({ event }) => event === 'scope');
      expect(told.map(({ summary }) => summary)).toEqual([
        `In cn-north-4/p1 the state of id-a cannot be read: the control plane says ${code} (${code}).`,
      ]);
      world.forbidden.delete('id-a');
      world.hidden.delete('id-a');
      await world.ticks(40);
      expect(names(world.posts)).toEqual(['a', 'b', 'z']);
      expect((await world.ledger.conditions()).map(({ key }) => key)).toEqual([]);
    },
  );

  it('an upgrade that cannot be looked at any more is told of after a quarter of an hour, once, and is over when it can', async () => {
    const world = new FakeWorld(['a']);
    world.upgradeTakes = 90 * MINUTE;
    await world.ticks(1);
    world.forbidden.add('id-a');
    await world.ticks(10, 5 * MINUTE);
    const told = world.alerts.filter(({ event }) => event === 'scope');
    expect(told.map(({ severity, labels }) => [severity, labels.scope])).toEqual([['error', 'cn-north-4/p1']]);
    world.forbidden.clear();
    await world.ticks(20, 5 * MINUTE);
    expect(await states(world)).toEqual(['a succeeded']);
  });

  it('what cannot be read is told of although the reason changes all the time, and one under way although others are', async () => {
    const world = new FakeWorld(['a', 'b']);
    world.upgradeTakes = 3 * HOUR;
    await world.pass({ only: ({ name }) => name === 'a', observeAlways: true });
    world.hidden.add('id-b');
    const codes = ['TRANSPORT.TIMEOUT', 'TRANSPORT.RESET', 'HTTP.502'];
    world.forbidden.add('id-b');
    for (let tick = 0; tick < 20; tick++) {
      world.forbids = codes[tick % 3]!;
      if (tick === 4) world.forbidden.add('id-a');
      await world.ticks(1, 5 * MINUTE);
    }
    const told = world.alerts.filter(({ event }) => event === 'scope').map(({ key }) => key.split(':')[0]);
    expect(told.toSorted()).toEqual(['instances', 'unseen']);
  });

  it('a scope that refuses calls as a whole is asked once a night, however many nights', async () => {
    const world = new FakeWorld(Array.from({ length: 20 }, (_, index) => `i${index}`));
    for (const { name } of world.instances.values()) world.moods.set(name, [{ refuse: 'APIGW.0302', status: 403 }]);
    for (const night of [0, 1, 2]) {
      world.now = NIGHT + night * DAY;
      const before = world.posts.length;
      await world.ticks(40, 5 * MINUTE);
      // Those that were on their way side by side could not know.
      expect(world.posts.length - before).toBeLessThanOrEqual(8);
    }
    expect(world.alerts.filter(({ event }) => event === 'scope')).toHaveLength(1);
  });

  it('an upgrade whose instance can no longer be read is told of after verify.timeout', async () => {
    const world = new FakeWorld(['a']);
    await world.ticks(1);
    world.forbidden.add('id-a');
    await world.ticks(5 * 12, 5 * MINUTE);
    expect(world.alerts.map(({ event }) => event)).toEqual(expect.arrayContaining(['stuck']));
  });
});

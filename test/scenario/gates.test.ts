import { describe, expect, it } from '@jest/globals';
import type { Policy } from '../../lib/core/policy.ts';
import { HOUR, MINUTE } from '../../lib/core/time.ts';
import { anInstance, aPolicy, LIMITS, NIGHT } from '../support/builders.ts';
import { FakeWorld } from '../support/fake-world.ts';

const GATES = { cpu: 70, memory: 80 };

function worldOf(names: string[], change: Partial<Policy> = {}): FakeWorld {
  const world = new FakeWorld(names);
  world.policy = aPolicy({ gates: GATES, ...change });
  return world;
}

const decisionsOf = async (world: FakeWorld) =>
  Object.fromEntries((await world.pass()).decisions.map(({ name, action, reason }) => [name, `${action} ${reason}`]));

describe('the gates of the policy', () => {
  it('keep back whom they do not let pass, with value, limit and age, and nobody else', async () => {
    const world = worldOf(['calm', 'hot', 'blind', 'late']);
    world.loads.set('hot', { cpu: 91.2 });
    world.loads.set('blind', null);
    world.loads.set('late', { age: 9 * MINUTE });
    const { decisions, started } = await world.pass();
    expect(started.map(({ name }) => name)).toEqual(['calm']);
    expect(Object.fromEntries(decisions.map(({ name, reason, detail }) => [name, `${reason}: ${detail}`]))).toEqual({
      calm: expect.stringMatching(/^due: /),
      hot: 'gate_failed: CPU was at 91.2 % (newest datapoint 1 min old), it must be below 70 %',
      blind: expect.stringMatching(/^gate_unknown: CPU is not known \(no data in Cloud Eye\), it must be below 70 %; memory/),
      late: expect.stringMatching(/^gate_unknown: CPU is not known \(newest datapoint 9 min old, then 10 %\)/),
    }); // biome-ignore format: one line each
    expect(await world.ledger.attempts({})).toHaveLength(1);
  });

  it('are read for nobody who would not start anyway', async () => {
    const world = worldOf(['a', 'b'], { limits: { ...LIMITS, parallel: 1 } });
    world.add(anInstance('busy', { status: 'EXTENDING' }));
    world.add(anInstance('prod', { tags: { env: 'prod' } }));
    await world.pass();
    expect(new Set(world.gauged).size).toBe(1);
    world.gauged = [];
    world.now = NIGHT - HOUR;
    await world.pass({ observeAlways: true });
    expect(world.gauged).toEqual([]);
  });

  it('let it start as soon as they pass, in the same window', async () => {
    const world = worldOf(['a']);
    world.loads.set('a', { cpu: 80 });
    await world.ticks(3);
    expect(world.begun).toEqual([]);
    world.loads.delete('a');
    await world.pass();
    expect(world.begun).toHaveLength(1);
  });

  it('whom they keep back takes no place of others, in the same pass', async () => {
    const names = ['a', 'b', 'c', 'd'];
    for (const calm of names) {
      const world = worldOf(names, { limits: { ...LIMITS, parallel: 1 } });
      for (const name of names) if (name !== calm) world.loads.set(name, { memory: 85 });
      await world.pass();
      expect(world.begun.map(({ name }) => name)).toEqual([calm]);
    }
  });

  it('and not for ever, however many they are', async () => {
    const names = Array.from({ length: 60 }, (_, index) => `i${index}`);
    const world = worldOf([...names, 'calm'], { limits: { ...LIMITS, parallel: 1 } });
    for (const name of names) world.loads.set(name, { cpu: 99 });
    await world.ticks(8);
    expect(world.begun.map(({ name }) => name)).toEqual(['calm']);
  });

  it('are asked once more just before the call', async () => {
    const world = worldOf(['a']);
    const deps = world.deps();
    const { acquireLease } = deps.ledger;
    let leases = 0;
    deps.ledger.acquireLease = async (...args) => {
      leases += 1;
      if (leases === 2) world.loads.set('a', { cpu: 75 });
      return acquireLease(...args);
    };
    const { decisions } = await world.pass({}, deps);
    expect(world.posts).toEqual([]);
    expect(decisions[0]).toMatchObject({
      action: 'wait',
      reason: 'gate_failed',
      detail: expect.stringMatching(/75 %/),
    });
    expect(await world.ledger.attempts({})).toEqual([]);
  });

  it('are asked by a worker too, which gives back what they keep back', async () => {
    const world = worldOf(['a']);
    world.queue = [];
    await world.pass();
    world.loads.set('a', { cpu: 75 });
    expect(await world.work(world.queue[0]!)).toMatchObject({ kind: 'not_called', why: expect.stringMatching(/75 %/) });
    expect(world.posts).toEqual([]);
    world.loads.delete('a');
    await world.untilQuiet();
    expect(world.begun).toHaveLength(1);
  });

  it('are not skipped by an override: the order waits for them', async () => {
    const world = worldOf(['a'], {});
    world.now = NIGHT - HOUR;
    world.loads.set('a', { cpu: 90 });
    const order = { only: () => true, override: { runId: 'r1' }, requestedBy: 'ops', reason: 'CVE' };
    const { decisions } = await world.pass(order);
    expect(decisions[0]).toMatchObject({ action: 'wait', reason: 'gate_failed' });
    expect(world.posts).toEqual([]);
    world.loads.delete('a');
    await world.ticks(2);
    expect(world.begun).toHaveLength(1);
  });

  it('a plan shows what they say, and starts nothing', async () => {
    const world = worldOf(['a']);
    world.loads.set('a', { cpu: 90 });
    const { decisions } = await world.pass({ dryRun: true, observeAlways: true });
    expect(decisions[0]).toMatchObject({ action: 'wait', reason: 'gate_failed' });
  });

  it.each([
    [1 * HOUR, 'start due'],
    [25 * HOUR, 'wait gate_failed'],
    [null, 'wait gate_failed'],
  ])('a backup %s ms old: %s', async (age, expected) => {
    const world = worldOf(['a'], { gates: { backup: 24 * HOUR } });
    if (age !== null) world.backups.set('a', world.now - age);
    expect(await decisionsOf(world)).toEqual({ a: expected });
    expect(world.gauged).toEqual([]);
  });
});

describe('Cloud Eye cannot be read', () => {
  it.each([
    ['it refuses the user', { code: 'CES.0017', status: 403 }, 0],
    ['it answers 403 without a code', { code: 'HTTP.403', status: 403 }, 0],
    ['it fails', { code: 'CES.0007', status: 500 }, 15],
    ['it has too many requests', { code: 'APIGW.0308', status: 429 }, 15],
  ])('%s: nothing starts, somebody is told once, what runs is followed', async (_, eyeless, minutes) => {
    const world = worldOf(['a', 'b'], { limits: { ...LIMITS, parallel: 1 }, gates: { cpu: 70 } });
    await world.pass();
    expect(world.begun).toHaveLength(1);
    world.eyeless = eyeless;
    world.policy = { ...world.policy, limits: { ...LIMITS, parallel: 2 } };
    const { decisions, followed } = await world.pass();
    expect(followed).toHaveLength(1);
    expect(decisions.map(({ reason }) => reason).sort()).toEqual(['gate_unknown', 'in_progress']);
    const scopes = () => world.alerts.filter(({ event }) => event === 'scope');
    expect(scopes()).toHaveLength(minutes === 0 ? 1 : 0);
    const since = world.now;
    await world.ticks(6, 3 * MINUTE);
    expect(scopes()).toHaveLength(1);
    expect(scopes()[0]).toMatchObject({ at: since, action: expect.stringMatching(/\w/), labels: { during: 'gates', code: eyeless.code } });
    expect(world.begun).toHaveLength(1);
    // It comes back, and what is over can be told anew.
    world.eyeless = null;
    await world.pass();
    expect(world.begun).toHaveLength(2);
    expect((await world.ledger.conditions()).filter(({ key }) => key.startsWith('scope:'))).toEqual([]);
  }); // biome-ignore format: a table

  it('in one scope: however many it has, they take no place of others, and it is asked once a pass', async () => {
    const world = worldOf(['a']);
    world.policy = aPolicy({
      limits: { ...LIMITS, parallel: 1 },
      gates: { cpu: 70 },
      scopes: [...world.policy.scopes, { id: 'eu-west-101/p2', region: 'eu-west-101', project: 'p2' }],
    });
    const names = Array.from({ length: 20 }, (_, index) => `elsewhere-${index}`);
    for (const name of names)
      world.add(anInstance(name, { scope: 'eu-west-101/p2', region: 'eu-west-101', project: 'p2' }));
    let asked = 0;
    const { highest } = world;
    world.highest = async (scope, ...rest) => {
      if (scope.region === 'eu-west-101') asked += 1;
      world.eyeless = scope.region === 'eu-west-101' ? { code: 'HTTP.403', status: 403 } : null;
      return highest.call(world, scope, ...rest);
    };
    expect(await decisionsOf(world)).toEqual({
      a: 'start due',
      ...Object.fromEntries(names.map((name) => [name, 'wait gate_unknown'])),
    });
    expect(asked).toBeLessThanOrEqual(1);
    expect(world.begun.map(({ name }) => name)).toEqual(['a']);
  });

  it('for one instance alone: told when it lasts, and over when it is', async () => {
    const world = worldOf(['a']);
    world.loads.set('a', null);
    await world.ticks(5, 3 * MINUTE);
    expect(world.alerts).toEqual([]);
    await world.ticks(3, 3 * MINUTE);
    expect(world.alerts.map(({ event, summary }) => [event, summary])).toEqual([
      ['scope', expect.stringMatching(/^a in cn-north-4\/p1 is not started.*CPU is not known/)],
    ]);
    world.loads.delete('a');
    await world.pass();
    expect(await world.ledger.conditions()).toEqual([]);
  });
});

describe('after an upgrade', () => {
  /** It is at work for ten minutes from the second minute of the window on, and settles for ten. */
  async function upgraded(load: { cpu: number } | null | undefined, minutes: number) {
    const world = worldOf(['a'], { gates: { cpu: 70, backup: 24 * HOUR } });
    world.backups.set('a', world.now - 23.9 * HOUR);
    await world.pass();
    if (load !== undefined) world.loads.set('a', load);
    for (let minute = 0; minute < minutes; minute++) {
      world.now += MINUTE;
      await world.pass();
    }
    return { world, attempt: (await world.ledger.attempts({}))[0]! };
  }

  it('it is verified once it has settled and its gates let it pass; its backup may be older by then', async () => {
    expect((await upgraded(undefined, 19)).attempt.state).toBe('running');
    const { attempt } = await upgraded(undefined, 20);
    expect(attempt.state).toBe('succeeded');
    expect(attempt.finishedAt! - attempt.taskEndedAt!).toBe(10 * MINUTE);
  });

  it.each([
    ['too loaded', { cpu: 95 }, /CPU was at 95 %/],
    ['not known', null, /CPU is not known/],
  ])('%s for longer than it may be: unverified, and told', async (_, load, why) => {
    expect((await upgraded(load, 34)).attempt.state).toBe('running');
    const { attempt, world } = await upgraded(load, 35);
    expect(attempt.state).toBe('unverified');
    expect(attempt.error?.message).toMatch(why);
    expect(world.alerts.map(({ event }) => event)).toEqual(['unverified']);
  });

  it('a load that goes down in time is none', async () => {
    const { world } = await upgraded({ cpu: 95 }, 25);
    world.loads.delete('a');
    await world.pass();
    expect((await world.ledger.attempts({}))[0]!.state).toBe('succeeded');
  });
});

import { describe, expect, it } from '@jest/globals';
import { HOUR, MINUTE } from '../../lib/core/time.ts';
import { aPolicy, LIMITS, NIGHT } from '../support/builders.ts';
import { FakeWorld, type Mood } from '../support/fake-world.ts';

function worldOf(moods: Record<string, Mood[]>): FakeWorld {
  const world = new FakeWorld(Object.keys(moods));
  world.moods = new Map(Object.entries(moods));
  return world;
}

const stateOf = async (world: FakeWorld, name: string) =>
  (await world.ledger.attempts({})).find((attempt) => attempt.name === name)?.state;
const told = (world: FakeWorld) => world.alerts.filter(({ severity }) => severity !== 'info').map(({ event }) => event);

describe('the call has an unknown outcome', () => {
  it('it was accepted: adopted, never repeated', async () => {
    const world = worldOf({ a: ['lose', 'accept'] });
    await world.ticks(30);
    expect(world.posts).toHaveLength(1);
    expect(await stateOf(world, 'a')).toBe('succeeded');
  });

  it('it was accepted, and reads lag: looked at for longer than that, never repeated', async () => {
    const world = worldOf({ a: ['lose', 'accept'] });
    world.lag = 100_000;
    await world.ticks(40, 20_000);
    expect(world.posts).toHaveLength(1);
  });

  it('it never arrived: called again, but only after the look', async () => {
    const world = worldOf({ a: ['drop', 'accept'] });
    const first = world.now;
    await world.ticks(40);
    expect(await stateOf(world, 'a')).toBe('succeeded');
    expect(world.posts).toHaveLength(1);
    expect(world.posts[0]!.at - first).toBeGreaterThanOrEqual(world.policy.limits.sightLag);
  });

  it('it never arrives: three calls in an opening, then the next one, and somebody is told', async () => {
    const world = worldOf({ a: ['drop'] });
    let calls = 0;
    world.onUpgrade = () => void calls++;
    await world.ticks(5 * 60);
    expect(calls).toBe(3);
    expect(await stateOf(world, 'a')).toBe('expired');
    expect(told(world)).toEqual(['expired']);
  });
});

describe('the call is refused', () => {
  it.each<[string, Mood, string, string | undefined, string[]]>([
    ['busy', { refuse: 'DCS.4096', status: 400 }, 'expired', undefined, ['expired']],
    ['F082 no permission for this one', { refuse: 'DCS.2003', status: 403 }, 'failed', undefined, ['failed']],
    ['its version is not supported', { refuse: 'DCS.4008', status: 400 }, 'failed', undefined, ['failed']],
    [
      'a code that is not in the table',
      { refuse: 'DCS.9876', status: 400 },
      'failed',
      undefined,
      ['failed', 'unknown_code'],
    ],
  ])('%s: the others go on', async (_, mood, state, _code, alerts) => {
    const world = worldOf({ a: [mood], b: ['accept'] });
    await world.ticks(5 * 60);
    expect(await stateOf(world, 'b')).toBe('succeeded');
    expect(await stateOf(world, 'a')).toBe(state);
    expect(told(world).toSorted()).toEqual(alerts);
  });

  it('busy at first: called again later, at most three times', async () => {
    const busy = { refuse: 'DCS.4096', status: 400 };
    const world = worldOf({ a: [busy, busy, 'accept'] });
    await world.ticks(60);
    expect(world.posts).toHaveLength(3);
    expect(await stateOf(world, 'a')).toBe('succeeded');
  });

  it('DCS.4116 somebody else upgrades it: adopted and followed', async () => {
    const world = worldOf({ a: ['accept'] });
    await world.upgrade({ id: 'cn-north-4/p1', region: 'cn-north-4', project: 'p1' }, 'id-a', { engine: 'latest' });
    world.lag = 3 * MINUTE;
    await world.ticks(40);
    expect(world.begun).toHaveLength(1);
    expect(await stateOf(world, 'a')).toBe('succeeded');
  });

  it('F080 credentials: no more calls in the scope, one alert, and told anew only after it was well', async () => {
    const world = worldOf({ a: ['accept'], b: ['accept'] });
    world.policy = aPolicy({ limits: { ...LIMITS, parallel: 1 } });
    world.broken.set('cn-north-4/p1', { code: 'APIGW.0301', status: 401 });
    await world.ticks(20);
    expect(told(world)).toEqual(['scope']);
    expect(world.posts).toEqual([]);
    world.broken.clear();
    await world.ticks(5);
    world.broken.set('cn-north-4/p1', { code: 'APIGW.0301', status: 401 });
    await world.ticks(5);
    expect(told(world)).toEqual(['scope', 'scope']);
  });

  it('a scope that fails for a reason that passes is told when it lasts a quarter of an hour', async () => {
    const world = worldOf({ a: ['accept'] });
    world.broken.set('cn-north-4/p1', { code: 'HTTP.502', status: 502 });
    await world.ticks(15);
    expect(told(world)).toEqual([]);
    await world.ticks(10);
    expect(told(world)).toEqual(['scope']);
  });
});

describe('the upgrade goes wrong', () => {
  it('the task fails: told once, not tried again in this opening, the wave is held', async () => {
    const world = worldOf({ a: ['fail_task'], b: ['fail_task'], c: ['fail_task'] });
    world.policy = aPolicy({ limits: { ...LIMITS, parallel: 1, maxErrors: 2 } });
    await world.ticks(60);
    expect(world.posts).toHaveLength(2);
    expect(told(world)).toEqual(['failed', 'failed', 'held']);
  });

  it('F101 the task succeeds and the version is as before: unverified, and told', async () => {
    const world = worldOf({ a: ['keep_version'] });
    await world.ticks(40);
    expect(await stateOf(world, 'a')).toBe('unverified');
    expect(told(world)).toEqual(['unverified']);
  });

  it('F083 the instance is deleted meanwhile: the end, told as a warning, and no failure', async () => {
    const world = worldOf({ a: ['accept'] });
    await world.ticks(2);
    world.instances.delete('id-a');
    await world.ticks(6);
    expect(await stateOf(world, 'a')).toBe('expired');
    expect(told(world)).toEqual(['expired']);
    expect(world.alerts.map(({ severity }) => severity)).toEqual(['warning']);
    expect(await world.ledger.holds()).toEqual([]);
    expect(await world.ledger.activeAttempts()).toEqual([]);
  });

  it('it does not end: told once, followed on, and never started again', async () => {
    const world = worldOf({ a: ['accept'] });
    world.upgradeTakes = 100 * HOUR;
    await world.ticks(8 * 12 * 4, 5 * MINUTE);
    expect(world.posts).toHaveLength(1);
    expect(await stateOf(world, 'a')).toBe('running');
    expect(told(world)).toEqual(['stuck', 'overrun']);
    expect(world.now).toBeGreaterThan(NIGHT + 24 * HOUR);
  });
});

describe('the store', () => {
  it('F125 fails after the call was accepted: the task id stands in the log, and the next pass adopts', async () => {
    const world = worldOf({ a: ['accept'] });
    const deps = world.deps();
    const { save } = deps.ledger;
    deps.ledger.save = () => Promise.reject(new Error('the disk is full'));
    await expect(world.pass({}, deps)).rejects.toThrow('the disk is full');
    expect(world.logs).toContainEqual(
      expect.objectContaining({ level: 'error', code: 'attempt_not_saved', taskId: 'task-a-1' }),
    );
    deps.ledger.save = save;
    world.now += 5 * MINUTE;
    await world.ticks(30);
    expect(world.posts).toHaveLength(1);
    expect(await stateOf(world, 'a')).toBe('succeeded');
  });

  it('F119 a write that lost against another pass is read again and decided anew', async () => {
    const world = worldOf({ a: ['accept'] });
    const deps = world.deps();
    const { save } = deps.ledger;
    let lost = false;
    deps.ledger.save = async (attempt) => {
      if (lost || attempt.state !== 'running') return save(attempt);
      lost = true;
      await world.ledger.save({ ...(await world.ledger.attempt(attempt.id))!, told: ['by-another-pass'] });
      return save(attempt);
    };
    await world.pass({}, deps);
    expect(await world.ledger.attempt(`id-a@2026-11-23T17:00:00Z`)).toMatchObject({
      state: 'running',
      taskId: 'task-a-1',
      told: ['by-another-pass'],
    });
  });
});

it('a pass that cannot decide still tells what it followed to its end, and then fails', async () => {
  const world = worldOf({ a: ['fail_task'] });
  await world.ticks(11);
  const deps = world.deps();
  deps.ledger.holds = () => Promise.reject(new Error('the store is broken'));
  await expect(world.pass({}, deps)).rejects.toThrow('the store is broken');
  expect(told(world)).toEqual(['failed']);
});

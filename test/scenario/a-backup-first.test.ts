import { describe, expect, it } from '@jest/globals';
import type { Policy } from '../../lib/core/policy.ts';
import { DAY, HOUR, MINUTE } from '../../lib/core/time.ts';
import { aFreeze, aHold, anInstance, aPolicy, aWave, LIMITS, NIGHT } from '../support/builders.ts';
import { type BackupMood, FakeWorld } from '../support/fake-world.ts';

const GATES = { cpu: 70, backup: 24 * HOUR, backupFirst: true } as const;
const CLOSES = NIGHT + 4 * HOUR;

function worldOf(names: string[], change: Partial<Policy> = {}): FakeWorld {
  const world = new FakeWorld(names);
  world.policy = aPolicy({ gates: GATES, rollout: [aWave('dev', { match: {} })], ...change });
  for (const name of names) world.backups.set(name, world.now - 30 * HOUR);
  return world;
}

/** What every world has to keep to, whatever went wrong. */
function expectSafe(world: FakeWorld, most = 1): void {
  for (const name of new Set(world.begun.map((one) => one.name))) {
    expect(world.begun.filter((one) => one.name === name)).toHaveLength(1);
    const { at } = world.begun.find((one) => one.name === name)!;
    const newest = Math.max(world.backups.get(name) ?? 0, ...world.made.filter((one) => one.name === name && !one.fails && one.ends <= at).map((one) => one.at));
    expect(at - newest).toBeLessThan(GATES.backup);
    expect(world.made.some((one) => one.name === name && one.at <= at && at < one.ends)).toBe(false);
  } // biome-ignore format: one line each
  for (const { name } of world.made)
    expect(world.made.filter((one) => one.name === name && one.at < CLOSES).length).toBeLessThanOrEqual(most);
}

const decisionOf = async (world: FakeWorld, name = 'a') =>
  (await world.pass()).decisions.find((one) => one.name === name)!;

describe('a backup before the upgrade', () => {
  it('is asked for in the place of the start; that comes once the backup is there', async () => {
    const world = worldOf(['a']);
    expect(await decisionOf(world)).toMatchObject({
      action: 'wait',
      reason: 'backing_up',
      detail: 'the last good backup is 30 h old, it must be younger than 24 h; one is asked for first; backup backup-a-1 is being made',
      possibleAt: world.now,
      parts: [],
    }); // biome-ignore format: one line each
    expect([world.backupPosts.length, world.posts]).toEqual([1, []]);
    await world.ticks(5);
    expect([world.backupPosts.length, world.posts]).toEqual([1, []]);
    await world.ticks(2);
    expect(world.begun).toEqual([{ at: world.made[0]!.ends, name: 'a' }]);
    await world.untilQuiet();
    expect((await world.ledger.attempts({}))[0]).toMatchObject({ state: 'succeeded', calls: 1, error: null });
    expect([world.backupPosts.length, world.posts.length]).toEqual([1, 1]);
  });

  it.each<[string, (world: FakeWorld) => void]>([
    ['its backup is young enough', (world) => world.backups.set('a', world.now - HOUR)],
    ['something else keeps it back', (world) => world.loads.set('a', { cpu: 90 })],
    ['something else is not known', (world) => world.loads.set('a', null)],
    ['it is the latest already', (world) => world.add(anInstance('a', { versions: { engine: { current: 'x', latest: 'x', upgradable: false }, proxy: { current: null, latest: null, upgradable: false }, readAt: NIGHT } }))],
    ['it is busy', (world) => world.add(anInstance('a', { status: 'EXTENDING' }))],
    ['somebody else upgrades it', (world) => world.add(anInstance('a', { upgrading: true }))],
    ['a backup of it is running', (world) => world.made.push({ id: 'auto', name: 'a', at: world.now - MINUTE, ends: world.now + HOUR, fails: false })],
    ['another task of it is running', (world) => { world.listTasks = async () => [{ id: 't', name: 'addReplica', status: 'EXECUTING', createdAt: world.now, updatedAt: null, errorCode: null }]; }],
    ['no window is open', (world) => { world.now = NIGHT - HOUR; }],
    ['an upgrade would not fit any more', (world) => { world.now = CLOSES - 10 * MINUTE; }],
    ['a freeze forbids it', (world) => { world.policy = { ...world.policy, freezes: [aFreeze()] }; }],
    ['its backups cannot be read', (world) => world.forbidden.add('id-a')],
    ['it can have none', (world) => world.add(anInstance('a', { details: { cacheMode: 'single', productType: 'generic' } }))],
    ['the policy asks for none', (world) => { world.policy = { ...world.policy, gates: { backup: GATES.backup } }; }],
  ])('is not asked for where %s', async (_, arrange) => {
    const world = worldOf(['a']);
    arrange(world);
    await world.pass({ observeAlways: true });
    expect(world.backupPosts).toEqual([]);
  }); // biome-ignore format: a table

  it('is not asked for under a hold, nor when one is set while it was decided', async () => {
    const world = worldOf(['a']);
    await world.ledger.putHold(aHold());
    await world.ticks(2);
    expect(world.backupPosts).toEqual([]);
    await world.ledger.dropHold(aHold().id);
    const deps = world.deps();
    const { acquireLease } = deps.ledger;
    let leases = 0;
    deps.ledger.acquireLease = async (...args) => {
      leases += 1;
      if (leases === 2) await world.ledger.putHold(aHold());
      return acquireLease(...args);
    };
    const { decisions } = await world.pass({}, deps);
    expect([leases >= 2, world.backupPosts, decisions[0]!.reason]).toEqual([true, [], 'not_startable']);
    expect(await world.ledger.attempts({})).toEqual([]);
  });

  it('a plan says that one would be made, and asks for none', async () => {
    const world = worldOf(['a']);
    const { decisions } = await world.pass({ dryRun: true, observeAlways: true });
    expect(decisions[0]).toMatchObject({ action: 'wait', reason: 'backing_up', detail: expect.stringMatching(/one is asked for first$/) });
    expect([world.backupPosts, await world.ledger.attempts({})]).toEqual([[], []]);
  }); // biome-ignore format: one line each

  it('is not asked for without the lease', async () => {
    const world = worldOf(['a']);
    await world.ledger.acquireLease('another', HOUR, world.now);
    expect(await decisionOf(world)).toMatchObject({ reason: 'another_run' });
    expect(world.backupPosts).toEqual([]);
  });

  it('is not asked for by who lost the lease meanwhile, nor where another was faster with the claim', async () => {
    const world = worldOf(['a']);
    const slow = world.deps();
    const { acquireLease } = slow.ledger;
    let leases = 0;
    slow.ledger.acquireLease = async (...args) => {
      leases += 1;
      if (leases === 2) {
        world.now += 4 * MINUTE;
        const other = await world.ledger.acquireLease('another', MINUTE, world.now);
        await world.ledger.releaseLease(other!);
      }
      return acquireLease(args[0], args[1], world.now);
    };
    expect((await world.pass({}, slow)).decisions[0]).toMatchObject({ reason: 'another_run' });
    world.now += 4 * MINUTE;
    const late = world.deps();
    late.ledger.claim = async () => false;
    expect((await world.pass({}, late)).decisions[0]).toMatchObject({ reason: 'another_run' });
    expect(world.backupPosts).toEqual([]);
  });

  it('is not asked for late: it is free for the next tick', async () => {
    const world = worldOf(['a']);
    const deps = world.deps();
    const { claim } = deps.ledger;
    deps.ledger.claim = async (...args) => {
      world.now += 6_000;
      return claim(...args);
    };
    expect((await world.pass({}, deps)).decisions[0]).toMatchObject({ reason: 'not_startable' });
    expect(world.backupPosts).toEqual([]);
    expect((await world.ledger.attempts({}))[0]!.backup).toMatchObject({ state: 'free', calls: 0 });
    await world.untilQuiet();
    expect([world.backupPosts.length, world.begun.length]).toEqual([1, 1]);
  });

  it('is not asked for again by who lost the lease while that was written down', async () => {
    const world = worldOf(['a']);
    world.backupMoods.set('a', ['unsent', 'accept']);
    await world.pass();
    world.now += 3 * MINUTE;
    const deps = world.deps();
    const { save } = deps.ledger;
    deps.ledger.save = async (attempt) => {
      const saved = await save(attempt);
      if (attempt.backup?.state === 'asked') {
        world.now += 4_000;
        world.ledger.acquireLease = async () => null;
      }
      return saved;
    };
    const { decisions } = await world.pass({}, deps);
    expect([decisions[0]!.reason, world.backupPosts]).toEqual(['another_run', []]);
    expect((await world.ledger.attempts({}))[0]!.backup).toMatchObject({ state: 'free', calls: 0 });
  });

  it('two passes at once ask for one', async () => {
    const world = worldOf(['a']);
    await Promise.all([world.pass(), world.pass(), world.pass()]);
    expect(world.backupPosts).toHaveLength(1);
    await world.untilQuiet();
    expectSafe(world);
  });

  it('of a single-node instance the reason says that there can be none', async () => {
    const world = worldOf([]);
    world.add(anInstance('a', { details: { cacheMode: 'single', productType: 'generic' } }));
    expect(await decisionOf(world)).toMatchObject({ action: 'wait', reason: 'gate_failed', detail: expect.stringMatching(/a single-node instance can have none, so none is asked for$/) });
  }); // biome-ignore format: one line
});

describe('the limits', () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  it.each<[string, Partial<Policy>, number]>([
    ['parallel', { limits: { ...LIMITS, parallel: 2 } }, 2],
    ['perScope', { limits: { ...LIMITS, perScope: 1 } }, 1],
    ['perWindow', { limits: { ...LIMITS, perWindow: 2 } }, 2],
    ['a wave’s parallel', { rollout: [aWave('dev', { match: {}, parallel: 3 })] }, 3],
    ['oneAtATimeBy', { limits: { ...LIMITS, oneAtATimeBy: ['tag:env'] } }, 1],
  ])('%s: backups and upgrades together are never more', async (what, change, most) => {
    const world = worldOf(names, change);
    for (let minute = 0; minute < 200; minute++) {
      await world.pass();
      const making = world.made.filter(({ at, ends }) => at <= world.now && world.now < ends).length;
      expect(making + world.inFlight()).toBeLessThanOrEqual(most);
      world.now += MINUTE;
    }
    expectSafe(world);
    expect(world.begun).toHaveLength(what === 'perWindow' ? 2 : names.length);
    expect(world.backupPosts).toHaveLength(world.begun.length);
  });

  it('who has a backup takes no longer because others have none', async () => {
    const world = worldOf(names, { limits: { ...LIMITS, parallel: 6 } });
    world.backups.set('f', world.now - HOUR);
    await world.pass();
    expect(world.begun.map(({ name }) => name)).toEqual(['f']);
    expect(world.backupPosts).toHaveLength(5);
  });
});

describe('an outcome that is not known', () => {
  it.each([0, 90_000])('the answer is lost, the list %i ms behind: found, and not asked for again', async (lag) => {
    const world = worldOf(['a']);
    world.lag = lag;
    world.backupMoods.set('a', ['lose']);
    await world.untilQuiet();
    expect([world.backupPosts.length, world.posts.length, world.begun.length]).toEqual([1, 1, 1]);
    expectSafe(world);
  });

  it('the request is lost: looked for longer than the list may be behind, then asked for again', async () => {
    const world = worldOf(['a']);
    world.backupMoods.set('a', ['drop', 'accept']);
    const asked: number[] = [];
    world.onBackup = () => asked.push(world.now);
    await world.untilQuiet();
    expect(asked).toHaveLength(2);
    expect(asked[1]! - asked[0]!).toBeGreaterThan(world.policy.limits.sightLag);
    expect(world.begun).toHaveLength(1);
    expectSafe(world);
  });

  it('without end: three times an opening, and people are told', async () => {
    const world = worldOf(['a']);
    world.backupMoods.set('a', ['drop']);
    let asked = 0;
    world.onBackup = () => (asked += 1);
    await world.ticks(120, 2 * MINUTE);
    expect([asked, world.posts]).toEqual([3, []]);
    expect(world.alerts.map(({ labels }) => labels.code)).toContain('BACKUP.FAILED');
  });

  it('a list that cannot be read leaves it as it is', async () => {
    const world = worldOf(['a']);
    world.backupMoods.set('a', ['drop']);
    let asked = 0;
    world.onBackup = () => (asked += 1);
    await world.pass();
    world.forbidden.add('id-a');
    await world.ticks(30);
    expect(asked).toBe(1);
    expect((await world.ledger.attempts({}))[0]!.backup!.state).toBe('asked');
  });
});

describe('a backup that comes to nothing', () => {
  it.each<[string, BackupMood, string]>([
    ['it fails', 'fail', 'dcs.08.0001'],
    ['DCS is at something else', { refuse: 'DCS.4017', status: 400 }, 'DCS.4017'],
    ['DCS says that it can have none', { refuse: 'DCS.4095', status: 400 }, 'DCS.4095'],
    ['the user may not', { refuse: 'DCS.2003', status: 403 }, 'DCS.2003'],
    ['nobody knows the code', { refuse: 'DCS.9999', status: 400 }, 'DCS.9999'],
  ])('%s: not asked for again in this opening; told when it lasts; asked for in the next', async (_, mood, code) => {
    const world = worldOf(['a']);
    world.backupMoods.set('a', [mood]);
    await world.ticks(14);
    expect(await decisionOf(world)).toMatchObject({ action: 'wait', reason: 'gate_failed' });
    expect((await decisionOf(world)).detail).toContain(code);
    expect(world.alerts.filter(({ event }) => event === 'scope')).toEqual([]);
    while (world.now < CLOSES) {
      await world.pass();
      world.now += 5 * MINUTE;
    }
    expect([world.backupPosts.length, world.posts]).toEqual([1, []]);
    const told = world.alerts.filter(({ event }) => event === 'scope');
    expect(told).toHaveLength(1);
    expect(world.alerts.some(({ event }) => event === 'unknown_code')).toBe(code === 'DCS.9999');
    expect(told[0]).toMatchObject({ summary: expect.stringContaining(code), action: expect.stringMatching(/\w/) });
    world.now = NIGHT + DAY + MINUTE;
    world.backupMoods.delete('a');
    await world.untilQuiet();
    expect([world.backupPosts.length, world.begun.length]).toEqual([2, 1]);
    expect((await world.ledger.conditions()).filter(({ key }) => key.startsWith('backup:'))).toEqual([]);
  });

  it('of many for one reason one alert tells', async () => {
    const world = worldOf(['a', 'b', 'c']);
    for (const name of ['a', 'b', 'c']) world.backupMoods.set(name, ['fail']);
    await world.ticks(30);
    const told = world.alerts.filter(({ event }) => event === 'scope');
    expect(told).toHaveLength(1);
    expect(told[0]!.summary).toMatch(/The same goes for 2 more/);
  });

  it('what goes for the whole scope is asked once', async () => {
    const world = worldOf(['a', 'b', 'c'], { limits: { ...LIMITS, parallel: 1 } });
    for (const name of ['a', 'b', 'c']) world.backupMoods.set(name, [{ refuse: 'APIGW.0302', status: 403 }]);
    await world.ticks(30);
    expect(world.backupPosts).toHaveLength(1);
    expect(await decisionOf(world, 'b')).toMatchObject({ detail: expect.stringContaining('APIGW.0302') });
  });

  it('in the same pass by no more than were asked at once', async () => {
    const names = Array.from({ length: 12 }, (_, index) => `i${index}`);
    const world = worldOf(names, { limits: { ...LIMITS, parallel: 12 } });
    for (const name of names) world.backupMoods.set(name, [{ refuse: 'APIGW.0302', status: 403 }]);
    const { decisions } = await world.pass();
    expect(world.backupPosts.length).toBeLessThanOrEqual(4);
    expect(decisions.filter(({ detail }) => detail.includes('APIGW.0302'))).toHaveLength(12);
  });

  it.each<[string, BackupMood]>([
    ['not sent', 'unsent'],
    ['throttled', { refuse: 'APIGW.0308', status: 429 }],
  ])('%s is asked for again', async (_, mood) => {
    const world = worldOf(['a']);
    world.backupMoods.set('a', [mood, 'accept']);
    await world.untilQuiet();
    expect([world.made.length, world.begun.length]).toEqual([1, 1]);
  });

  it('is told no more once an automatic one came and the upgrade was called', async () => {
    const world = worldOf(['a']);
    world.backupMoods.set('a', ['fail']);
    await world.ticks(10);
    world.backups.set('a', world.now);
    world.moods.set('a', [{ refuse: 'DCS.4017', status: 400 }]);
    await world.ticks(30);
    expect(world.posts).toHaveLength(3);
    expect(world.alerts.filter(({ event }) => event === 'scope')).toEqual([]);
  });

  it('an automatic one that comes after it lets the upgrade start', async () => {
    const world = worldOf(['a']);
    world.backupMoods.set('a', ['fail']);
    await world.ticks(10);
    world.backups.set('a', world.now);
    await world.untilQuiet();
    expect([world.backupPosts.length, world.begun.length]).toEqual([1, 1]);
  });
});

describe('what comes between', () => {
  it('the window closes while it is made: no upgrade; the next opening needs no other', async () => {
    const world = worldOf(['a']);
    world.now = CLOSES - 50 * MINUTE;
    world.backupTakes = 60 * MINUTE;
    await world.ticks(70);
    expect([world.backupPosts.length, world.posts]).toEqual([1, []]);
    expect((await world.ledger.attempts({}))[0]!.state).toBe('expired');
    world.now = NIGHT + DAY + MINUTE;
    await world.untilQuiet();
    expect([world.backupPosts.length, world.begun.length]).toEqual([1, 1]);
  });

  it('it takes so long that an upgrade does not fit any more: the next opening', async () => {
    const world = worldOf(['a']);
    world.now = CLOSES - 50 * MINUTE;
    world.backupTakes = 45 * MINUTE;
    await world.ticks(47);
    expect(world.backupPosts).toHaveLength(1);
    expect(await decisionOf(world)).toMatchObject({ reason: 'does_not_fit' });
    expect(world.posts).toEqual([]);
  });

  it('an automatic one that runs is waited for', async () => {
    const world = worldOf(['a']);
    world.made.push({ id: 'auto', name: 'a', at: world.now - MINUTE, ends: world.now + 5 * MINUTE, fails: false });
    expect(await decisionOf(world)).toMatchObject({ action: 'wait', reason: 'backing_up', detail: expect.stringMatching(/one is being made$/) });
    await world.untilQuiet();
    expect([world.backupPosts.length, world.begun.length]).toEqual([0, 1]);
  }); // biome-ignore format: one line each

  it('an order by override waits for it as well, outside the windows', async () => {
    const world = worldOf(['a']);
    world.now = NIGHT - 3 * HOUR;
    const order = { only: () => true, override: { runId: 'r1' }, requestedBy: 'ops', reason: 'CVE' };
    const { decisions } = await world.pass(order);
    expect(decisions[0]).toMatchObject({ action: 'wait', reason: 'backing_up' });
    expect([world.backupPosts.length, world.posts]).toEqual([1, []]);
    world.now += MINUTE;
    await world.ticks(20);
    expect([world.backupPosts.length, world.begun.length]).toEqual([1, 1]);
    expect(await world.ledger.attempts({})).toMatchObject([{ requestedBy: 'ops', opening: { id: 'override:r1' } }]);
  });

  it('and for an automatic one that runs: the order is kept', async () => {
    const world = worldOf(['a']);
    world.now = NIGHT - 3 * HOUR;
    world.made.push({ id: 'auto', name: 'a', at: world.now - MINUTE, ends: world.now + 5 * MINUTE, fails: false });
    const order = { only: () => true, override: { runId: 'r1' }, requestedBy: 'ops', reason: 'CVE' };
    const { decisions } = await world.pass(order);
    expect(decisions[0]).toMatchObject({
      reason: 'backing_up',
      detail: expect.stringMatching(/the order is kept until/),
    });
    await world.ticks(10);
    expect([world.backupPosts.length, world.begun.length]).toEqual([0, 1]);
  });

  it('with a queue the pass asks, and a worker begins the upgrade', async () => {
    const world = worldOf(['a']);
    world.queue = [];
    await world.pass();
    expect([world.backupPosts.length, world.queue]).toEqual([1, []]);
    await world.untilQuiet();
    expect([world.backupPosts.length, world.begun.length]).toEqual([1, 1]);
  });

  it('a worker gives back what has no backup any more, and a pass asks for one', async () => {
    const world = worldOf(['a']);
    world.backups.set('a', world.now - HOUR);
    world.queue = [];
    await world.pass();
    world.backups.delete('a');
    expect(await world.work(world.queue.shift()!)).toMatchObject({ kind: 'not_called', why: expect.stringMatching(/no good backup/) });
    expect(world.backupPosts).toEqual([]);
    await world.untilQuiet();
    expect([world.backupPosts.length, world.begun.length]).toEqual([1, 1]);
  }); // biome-ignore format: one line each

  it.each([false, true])('killed at any point (after it was done: %s), it is asked for once and upgraded once', async (after) => {
    for (let at = 1; at < 400; at++) {
      const world = worldOf(['a'], { verify: { settle: 2 * MINUTE, timeout: 3 * HOUR } });
      world.backupTakes = world.upgradeTakes = 2 * MINUTE;
      world.crash = { at, after };
      await world.untilQuiet();
      expectSafe(world);
      expect([at, world.backupPosts.length, world.begun.length]).toEqual([at, 1, 1]);
      if (world.effects < at) return;
    }
    throw new Error('it never came to an end');
  }); // biome-ignore format: one line each
});

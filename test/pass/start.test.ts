import { describe, expect, it } from '@jest/globals';
import type { Attempt } from '../../lib/core/attempt.ts';
import { ruleFor } from '../../lib/core/errors.ts';
import { recheck } from '../../lib/core/recheck.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../lib/core/time.ts';
import { DcsError } from '../../lib/deps.ts';
import { look } from '../../lib/pass/look.ts';
import { anAttempt, anInstance, aPolicy, LIMITS, NIGHT } from '../support/builders.ts';
import { FakeWorld } from '../support/fake-world.ts';

const ID = anAttempt('a').id;

/** While the call is on its way, another run writes this; then DCS says that it is busy. */
async function meanwhile(change: (attempt: Attempt) => Partial<Attempt>): Promise<Attempt> {
  const world = new FakeWorld(['a']);
  world.moods.set('a', [{ refuse: 'DCS.4096', status: 400 }]);
  const deps = world.deps();
  const { upgrade } = deps.dcs;
  deps.dcs.upgrade = async (...args) => {
    const attempt = (await world.ledger.attempt(ID))!;
    await world.ledger.save({ ...attempt, ...change(attempt) });
    return upgrade(...args);
  };
  await world.pass({}, deps);
  return (await world.ledger.attempt(ID))!;
}

describe('an answer that comes after another run has written', () => {
  it('that the upgrade runs: a refusal does not undo that', async () => {
    const attempt = await meanwhile(() => ({ state: 'running', taskId: 'task-9', lookUntil: null }));
    expect(attempt).toMatchObject({ state: 'running', taskId: 'task-9', error: null });
  });

  it('that it calls again: the refusal of the earlier call says nothing of the later one', async () => {
    const later = { calledAt: NIGHT + 2 * MINUTE, lookUntil: NIGHT + 9 * MINUTE, calls: 2 };
    expect(await meanwhile(() => later)).toMatchObject({ state: 'claimed', ...later });
  });

  it('something else: the refusal stands on top of it', async () => {
    const attempt = await meanwhile(() => ({ told: ['overrun'] }));
    expect(attempt).toMatchObject({ state: 'claimed', lookUntil: null, told: ['overrun'] });
    expect(attempt.error?.code).toBe('DCS.4096');
  });
});

describe('a check just before the call', () => {
  const given = {
    now: NIGHT + MINUTE,
    policy: aPolicy(),
    wave: 'dev',
    need: 30 * MINUTE,
    instance: anInstance('a'),
    holds: [],
    stoppedScopes: new Map(),
    approval: null,
  };
  it.each<[string, { opens: number; closes: number }, boolean]>([
    ['in the opening of the decision', { opens: NIGHT, closes: NIGHT + 4 * HOUR }, true],
    ['in one that overlaps it, as the policy was changed', { opens: NIGHT - HOUR, closes: NIGHT + HOUR }, true],
    ['in the next one', { opens: NIGHT - DAY, closes: NIGHT - DAY + 4 * HOUR }, false],
    ['in the next one, that begins where the first ended', { opens: NIGHT - HOUR, closes: NIGHT }, false],
    ['before it', { opens: NIGHT + DAY, closes: NIGHT + DAY + HOUR }, false],
  ])('%s', (_, opening, may) => {
    expect(typeof recheck({ ...given, opening: { id: 'o', ...opening } }) === 'object').toBe(may);
  });
});

describe('a task that is at work, and shows in no status', () => {
  const task = (status: string) => ({ id: 't-1', name: 'minorVersionUpgrade', status, createdAt: NIGHT, updatedAt: null, errorCode: null }); // biome-ignore format: a row

  it.each<[string, string, boolean]>([
    ['runs', 'EXECUTING', false],
    ['waits', 'WAITING', false],
    ['has a word that nobody knows', 'SUSPENDED', false],
    ['is over', 'SUCCESS', true],
    ['has failed', 'FAILED', true],
  ])('%s: %s', async (_, status, mayStart) => {
    const world = new FakeWorld(['a']);
    const { listTasks } = world;
    world.listTasks = async () => [task(status)];
    const { decisions } = await world.pass();
    expect(world.posts.length).toBe(mayStart ? 1 : 0);
    if (mayStart) return;
    expect(decisions[0]).toMatchObject({ action: 'wait', reason: 'instance_busy', detail: `task t-1 (minorVersionUpgrade) is ${status}` }); // biome-ignore format: a row
    expect(await world.ledger.attempts({})).toEqual([]);
    world.listTasks = listTasks;
    await world.pass();
    expect(world.posts.length).toBe(1);
  });

  it('an order does not skip it, and tasks that cannot be read do not pass', async () => {
    const world = new FakeWorld(['a']);
    const deps = world.deps();
    const failure = {
      code: 'DCS.5000',
      status: 500,
      message: 'no answer',
      requestId: null,
      rule: ruleFor('DCS.5000', 500),
    };
    deps.dcs.listTasks = () => Promise.reject(new DcsError(failure));
    await world.pass({}, deps);
    world.listTasks = async () => [task('EXECUTING')];
    await world.pass({ override: { runId: 'run-1' }, only: () => true });
    expect(world.posts).toEqual([]);
  });
});

describe('a machine that stands still in the middle of a start', () => {
  it.each<[string, 'listTasks' | 'showVersions' | 'holds' | 'claim', number, boolean]>([
    ['what was read is as old as that', 'showVersions', MINUTE + SECOND, false],
    ['what was read is as old as that', 'listTasks', MINUTE + SECOND, false],
    ['holds are', 'holds', 11 * SECOND, false],
    ['the claim is', 'claim', 6 * SECOND, false],
    ['a slow API is no reason', 'showVersions', 50 * SECOND, true],
    ['a slow ledger is no reason', 'holds', 8 * SECOND, true],
  ])('%s: %s takes %i ms', async (_, what, lasts, mayStart) => {
    const world = new FakeWorld(['a']);
    const deps = world.deps();
    const slow =
      <A extends unknown[], R>(real: (...given: A) => Promise<R>) =>
      async (...given: A): Promise<R> => {
        const result = await real(...given);
        // Those of the decision before are as quick as ever.
        if (isStarting) world.now += lasts;
        return result;
      };
    let isStarting = false;
    const { showInstance } = deps.dcs;
    deps.dcs.showInstance = (...given) => {
      isStarting = true;
      return showInstance(...given);
    };
    const port = (what === 'holds' || what === 'claim' ? deps.ledger : deps.dcs) as unknown as Record<string, (...given: unknown[]) => Promise<unknown>>; // biome-ignore format: one thought
    port[what] = slow(port[what]!.bind(port));
    const { decisions } = await world.pass({}, deps);
    expect(world.posts.length).toBe(mayStart ? 1 : 0);
    if (!mayStart)
      expect(decisions[0]).toMatchObject({ action: 'wait', detail: expect.stringMatching(/took too long/) });
    // Nothing is left behind that would keep it back.
    await world.pass();
    expect(world.posts.length).toBe(1);
  });
});

it('a claim that waits for another try is not called any more once another run decides', async () => {
  const world = new FakeWorld(['a']);
  world.moods.set('a', [{ refuse: 'DCS.4096', status: 400 }]);
  await world.pass();
  expect(world.posts.length).toBe(1);
  world.now += 10 * MINUTE;
  const deps = world.deps();
  const { listTasks } = deps.dcs;
  deps.dcs.listTasks = async (...given) => {
    // By its clock, which is ahead, the lease has run out.
    await world.ledger.acquireLease('other:1', MINUTE, world.now + 5 * MINUTE);
    return listTasks(...given);
  };
  await world.pass({}, deps);
  expect(world.posts.length).toBe(1);
  const attempt = (await world.ledger.attempt(ID))!;
  expect(attempt).toMatchObject({ state: 'claimed', lookUntil: null, calls: 1 });
  expect(attempt.updates.at(-1)?.note).toBe('not called: another run decides');
});

describe('a look', () => {
  it('is as old as the moment before its first read', async () => {
    const world = new FakeWorld(['a']);
    const deps = world.deps();
    const { listTasks } = deps.dcs;
    deps.dcs.listTasks = async (...args) => {
      world.now += MINUTE;
      return listTasks(...args);
    };
    const before = world.now;
    const seen = await look(deps, world.policy.scopes[0]!, anAttempt('a'), { gates: null, settle: 0 });
    expect([seen.at, world.now]).toEqual([before, before + MINUTE]);
  });
});

describe('a scope', () => {
  it('that the policy does not name any more is reached by what the attempt remembers', async () => {
    const world = new FakeWorld(['a']);
    const [scope] = world.policy.scopes;
    world.policy = aPolicy({ scopes: [{ ...scope!, endpoint: 'https://own.example.com', credentials: 'main' }] });
    await world.ticks(1);
    world.policy = aPolicy({ scopes: [{ ...scope!, id: 'x/y' }] });
    const deps = world.deps();
    const { showInstance } = deps.dcs;
    const asked: unknown[] = [];
    deps.dcs.showInstance = async (of, ...rest) => {
      asked.push(of);
      return showInstance(of, ...rest);
    };
    await world.pass({}, deps);
    expect(asked).toEqual([{ ...scope, endpoint: 'https://own.example.com', credentials: 'main' }]);
  });

  it('in which one read shows that no rights are left gets no call', async () => {
    const world = new FakeWorld(['a', 'b']);
    world.policy = aPolicy({ limits: { ...LIMITS, parallel: 1 } });
    world.forbids = 'APIGW.0302';
    world.forbidden.add('id-a');
    const { decisions } = await world.pass();
    expect(world.posts).toEqual([]);
    expect(decisions.map(({ reason }) => reason)).toEqual(['scope_stopped', 'scope_stopped']);
  });
});

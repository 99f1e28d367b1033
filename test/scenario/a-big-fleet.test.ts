import { describe, expect, it } from '@jest/globals';
import { DAY, HOUR, MINUTE } from '../../lib/core/time.ts';
import type { Message, PolicyState } from '../../lib/deps.ts';
import { createRandom } from '../../lib/simulator/random.ts';
import { aHold, anInstance, aPolicy, LATEST, LIMITS, NIGHT, upToDate } from '../support/builders.ts';
import { Crash, FakeWorld } from '../support/fake-world.ts';
import { takeUp } from '../support/take-up.ts';

const SCOPE = 'cn-north-4/p1';
const OBSERVE: Message = { kind: 'observe', scope: SCOPE };
const FLEET = Array.from({ length: 120 }, (_, index) => `cache-${index}`);

/** A fleet with more to read than a pass reads itself, and workers. */
function bigWorld(names: readonly string[] = FLEET): FakeWorld {
  const world = new FakeWorld(names);
  world.queue = [];
  world.policy = aPolicy({ limits: { ...LIMITS, parallel: 500 } });
  return world;
}

const reasons = (decisions: { reason: string }[]) => [...new Set(decisions.map(({ reason }) => reason))].toSorted();
const versionsIn = async ({ ledger }: FakeWorld) =>
  (await ledger.fleet()).filter(({ instance }) => instance.versions !== null).length;
const tick = async (world: FakeWorld, later = 5 * MINUTE) => {
  world.now += later;
  return world.pass();
};

describe('a pass that finds much to read', () => {
  it('asks a worker to read the scope, and decides with what is known: nothing starts', async () => {
    const world = bigWorld();
    const { decisions, started } = await world.pass();
    expect([world.queue, reasons(decisions), started, world.reads]).toEqual([[OBSERVE], ['version_unknown'], [], 1]);
  });

  it('decides at the next tick from what the worker has read, and reads nothing of it again', async () => {
    const world = bigWorld();
    await world.pass();
    expect(await world.work(world.queue!.shift()!)).toEqual({ kind: 'observed', read: 120, left: 0 });
    const before = world.reads;
    const { started } = await tick(world);
    expect([started.length, world.reads - before, await versionsIn(world)]).toEqual([120, 1, 120]);
  });

  it.each([
    ['fifty', 50, 0],
    ['fifty-one', 51, 1],
  ])('%s in a scope: %i, so %i messages', async (_, count, messages) => {
    const world = bigWorld(FLEET.slice(0, count));
    await world.pass();
    expect(world.queue!.filter(({ kind }) => kind === 'observe')).toHaveLength(messages);
    expect(world.queue!.filter(({ kind }) => kind === 'start')).toHaveLength(messages ? 0 : count);
  });

  it('reads all of it itself without a queue, and for who asks for a plan', async () => {
    const alone = bigWorld();
    alone.queue = null;
    const { started } = await alone.pass();
    const asked = bigWorld();
    const { decisions } = await asked.pass({ dryRun: true });
    expect([started.length, reasons(decisions), asked.queue]).toEqual([120, ['due'], []]);
  });

  it('sends one message for the scopes in which much is to be read, and reads the others itself', async () => {
    const world = bigWorld();
    const small = { project: 'p2', region: 'cn-north-4', id: 'cn-north-4/p2' };
    world.policy = { ...world.policy, scopes: [...world.policy.scopes, { ...world.policy.scopes[0]!, ...small }] };
    world.add(anInstance('lone', { scope: small.id, project: 'p2' }));
    const { decisions } = await world.pass();
    expect(world.queue!.map(({ kind }) => kind).toSorted()).toEqual(['observe', 'start']);
    expect(decisions.find(({ name }) => name === 'lone')!.reason).toBe('due');
  });

  it('does not ask again while the worker may be at it', async () => {
    const world = bigWorld();
    await world.pass();
    await tick(world, MINUTE);
    await tick(world, MINUTE);
    expect(world.queue).toEqual([OBSERVE]);
  });

  it('reads the few itself that a worker has left', async () => {
    const world = bigWorld();
    await world.pass();
    for (const name of FLEET.slice(0, 20)) world.forbidden.add(`id-${name}`);
    await world.work(OBSERVE);
    world.forbidden.clear();
    expect((await tick(world)).started).toHaveLength(120);
  });

  it('keeps the next wave closed until versions are known', async () => {
    const world = bigWorld();
    world.add(anInstance('prod', { tags: { env: 'prod' } }));
    for (const name of FLEET) world.add(anInstance(name, { versions: upToDate() }));
    const first = await world.pass();
    expect(first.waves[1]).toMatchObject({ wave: 'prod', closed: { reason: 'wave_waiting' } });
    await world.work(OBSERVE);
    const { waves } = await tick(world);
    expect([waves[0]!.done, waves[1]!.closed]).toEqual([120, null]);
  });
});

describe('what was known before', () => {
  it('stays known while a worker reads: since when each is behind, and its versions as last seen', async () => {
    const world = bigWorld();
    await world.pass();
    await world.work(OBSERVE);
    await world.ledger.putHold(aHold({ createdAt: NIGHT }));
    const behind = world.now + 5 * MINUTE;
    await tick(world);
    world.queue = [];
    const { decisions } = await tick(world, DAY);
    expect([reasons(decisions), world.queue]).toEqual([['version_unknown'], [OBSERVE]]);
    const fleet = await world.ledger.fleet();
    expect(new Set(fleet.map(({ behindSince }) => behindSince))).toEqual(new Set([behind]));
    expect(fleet.every(({ instance }) => instance.versions !== null)).toBe(true);
  });

  it('of another opening says nothing about this one', async () => {
    const world = bigWorld();
    await world.pass();
    await world.work(OBSERVE);
    world.now = NIGHT + DAY - HOUR;
    await world.pass();
    world.queue = [];
    world.now = NIGHT + DAY + MINUTE;
    const { decisions } = await world.pass();
    expect([reasons(decisions), world.queue]).toEqual([['version_unknown'], [OBSERVE]]);
  });
});

describe('a message to observe', () => {
  it('five times at once reads each once or more, and spoils nothing', async () => {
    const world = bigWorld();
    await world.pass();
    await Promise.all(Array.from({ length: 5 }, () => world.work(OBSERVE)));
    expect((await tick(world)).started).toHaveLength(120);
  });

  it('again after that reads nothing', async () => {
    const world = bigWorld();
    await world.pass();
    await world.work(OBSERVE);
    expect(await world.work(OBSERVE)).toEqual({ kind: 'observed', read: 0, left: 0 });
  });

  it.each<[string, Message, (world: FakeWorld) => PolicyState, string]>([
    ['for a scope that is not in the policy any more', { kind: 'observe', scope: 'cn-north-4/p9' }, ({ policy }) => ({ policy, problem: null }), 'the policy does not name the scope any more'],
    ['without a valid policy', OBSERVE, ({ policy }) => ({ policy, problem: 'line 3' }), 'there is no valid policy'],
  ])('%s does nothing', async (_, message, stateOf, why) => {
    const world = bigWorld();
    expect(await world.work(message, stateOf(world))).toEqual({ kind: 'nothing', why });
    expect(world.reads).toBe(0);
  }); // biome-ignore format: a table

  it('starts nothing, claims nothing and writes nothing of the fleet', async () => {
    const world = bigWorld();
    await world.pass();
    const before = await world.ledger.fleet();
    await world.work(OBSERVE);
    expect([world.posts, await world.ledger.attempts({}), await world.ledger.fleet()]).toEqual([[], [], before]);
  });

  it('that comes while a pass runs does not put back what that pass writes, nor is it lost to it', async () => {
    const world = bigWorld();
    await world.pass();
    const deps = world.deps();
    const { putFleet } = deps.ledger;
    // Between the pass's look and what it remembers, a worker reads all of it.
    deps.ledger.putFleet = async (entries) => {
      deps.ledger.putFleet = putFleet;
      await world.work(OBSERVE);
      return putFleet(entries);
    };
    world.now += 5 * MINUTE;
    world.add(anInstance('late'));
    await world.pass({}, deps);
    expect((await world.ledger.fleet()).map(({ instance }) => instance.name)).toContain('late');
    const before = world.reads;
    expect((await tick(world)).started).toHaveLength(121);
    // The list, and the one that has come since.
    expect(world.reads - before).toBeLessThanOrEqual(3);
  });

  it('that was read before an upgrade ended does not tell of the version after it', async () => {
    const world = bigWorld();
    await world.pass();
    await world.work(OBSERVE);
    const late = await world.ledger.findings(SCOPE);
    await tick(world);
    world.queue!.splice(0, 1);
    await world.untilQuiet();
    // As if a slow worker wrote only now what it had read then.
    for (const finding of late) await world.ledger.putFinding(finding);
    const { started } = await world.pass();
    const versions = (await world.ledger.fleet()).map(({ instance }) => instance.versions!.engine.current);
    expect([started, new Set(versions), world.begun.length]).toEqual([[], new Set([LATEST]), 120]);
  });
});

describe('a worker that observes', () => {
  it('leaves what it has no time for, and the next tick asks again', async () => {
    const world = bigWorld();
    await world.pass();
    const end = new AbortController();
    const deps = world.deps();
    const { showVersions } = deps.dcs;
    deps.dcs.showVersions = async (...args) => {
      if (world.reads >= 60) end.abort(new DOMException('no time', 'TimeoutError'));
      return showVersions(...args);
    };
    const state = { policy: world.policy, problem: null };
    const result = await takeUp(deps, state, world.queue!.shift()!, end.signal);
    const { left } = result as { left: number };
    expect(left).toBeGreaterThan(50);
    expect(world.alerts).toEqual([]);
    const { started } = await tick(world);
    expect([started.length, world.queue![0]]).toEqual([120 - left, OBSERVE]);
    expect(await world.work(OBSERVE)).toEqual({ kind: 'observed', read: left, left: 0 });
  });

  it('that is killed in the middle has stored what it had read', async () => {
    const world = bigWorld();
    await world.pass();
    world.crash = { at: world.effects + 40, after: true };
    await expect(world.work(OBSERVE)).rejects.toThrow(Crash);
    expect(await world.ledger.findings(SCOPE)).toHaveLength(40);
    expect(await world.work(OBSERVE)).toEqual({ kind: 'observed', read: 80, left: 0 });
  });

  it('that never comes is not waited for: the third tick reads itself', async () => {
    const world = bigWorld();
    const started: number[] = [];
    started.push((await world.pass()).started.length);
    started.push((await tick(world)).started.length);
    started.push((await tick(world)).started.length);
    expect(started).toEqual([0, 0, 120]);
    expect(world.logs.filter(({ code }) => code === 'workers_read_nothing')).toHaveLength(1);
  });

  it('that cannot be told is not waited for either', async () => {
    const world = bigWorld();
    const deps = world.deps();
    const { send } = deps.dispatcher!;
    deps.dispatcher!.send = async (messages) => {
      if (messages.some(({ kind }) => kind === 'observe')) throw new Error('no such queue');
      return send(messages);
    };
    expect((await world.pass({}, deps)).started).toHaveLength(120);
  });

  it('is told of what it cannot read as a pass would be, once, until it can', async () => {
    const world = bigWorld();
    await world.pass();
    for (const name of FLEET) world.forbidden.add(`id-${name}`);
    world.forbids = 'DCS.3002';
    await world.work(world.queue!.shift()!);
    expect(world.alerts.map(({ event, labels }) => [event, labels.scope])).toEqual([['scope', SCOPE]]);
    // The pass between does not say that it is over: it has read the list alone.
    await tick(world);
    await world.work(world.queue!.shift()!);
    expect([world.alerts.length, world.ended.length]).toEqual([1, 0]);
    world.forbidden.clear();
    await world.work(OBSERVE);
    await tick(world);
    expect([world.alerts.length, world.ended.length]).toEqual([1, 1]);
  });
});

it.each([1, 2, 3, 4, 5, 6])(
  'messages lost, doubled, late and out of order, workers and passes killed (seed %i): each is upgraded once, none in a later wave before its time',
  async (seed) => {
    const random = createRandom(seed);
    const world = bigWorld();
    world.policy = aPolicy({ limits: { ...LIMITS, parallel: 60 } });
    for (const name of FLEET.slice(60)) world.add(anInstance(name, { tags: { env: 'prod' } }));
    let late: Message[] = [];
    for (let round = 0; round < 60 && world.begun.length < FLEET.length; round++) {
      const kill = () => {
        if (random() < 0.2) world.crash = { at: world.effects + 1 + Math.floor(random() * 60), after: random() < 0.5 };
      };
      kill();
      await world.pass().catch(unlessKilled);
      const sent = world.queue!.splice(0).filter(() => random() > 0.1);
      const delivered = [...sent, ...sent.filter(() => random() < 0.4), ...late].sort(() => random() - 0.5);
      late = delivered.filter(() => random() < 0.2);
      for (const message of delivered) {
        kill();
        await world.work(message).catch(unlessKilled);
      }
      world.now += 3 * MINUTE;
    }
    expect(world.begun.map(({ name }) => name).toSorted()).toEqual(FLEET.toSorted());
    const at = (names: readonly string[]) =>
      world.begun.filter(({ name }) => names.includes(name)).map((one) => one.at);
    expect(Math.max(...at(FLEET.slice(0, 60)))).toBeLessThan(Math.min(...at(FLEET.slice(60))));
  },
);

function unlessKilled(error: unknown): void {
  if (!(error instanceof Crash)) throw error;
}

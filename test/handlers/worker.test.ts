import { describe, expect, it } from '@jest/globals';
import { worker } from '../../handlers/worker.ts';
import { DAY, HOUR } from '../../lib/core/time.ts';
import { findRun, newRun, saveRun } from '../../lib/http/runs.ts';
import type { Runtime } from '../../lib/io/runtime.ts';
import { aPolicy, LIMITS } from '../support/builders.ts';
import { FakeWorld } from '../support/fake-world.ts';

const TIME_LEFT = { getRemainingTimeInMillis: () => 80_000 };

/** `measured`: called for each batch, when its work is done. */
function handlerOf(world: FakeWorld, measured: () => void = () => undefined) {
  const pass = async () => ({ deps: world.deps(), state: { policy: world.policy, problem: null } });
  return worker(async () => ({ pass, measureCalls: measured }) as unknown as Runtime);
}

function batchOf(...bodies: string[]) {
  const Records = bodies.map((body, index) => ({
    messageId: `message-${index}`,
    receiptHandle: 'r',
    body,
    attributes: { ApproximateReceiveCount: '1' },
    messageAttributes: {},
    eventSource: 'aws:sqs',
  }));
  return { Records };
}

/** A world in which these were handed over, and their messages' bodies. */
async function handedOver(...names: string[]): Promise<{ world: FakeWorld; bodies: string[] }> {
  const world = new FakeWorld(names);
  world.queue = [];
  await world.pass();
  return { world, bodies: world.queue.map((message) => JSON.stringify(message)) };
}

describe('the worker', () => {
  it('makes the calls that a pass has claimed', async () => {
    const { world, bodies } = await handedOver('a', 'b', 'c');
    const posts: number[] = [];
    const handler = handlerOf(world, () => posts.push(world.posts.length));
    expect(await handler(batchOf(...bodies), TIME_LEFT)).toEqual({ batchItemFailures: [] });
    expect(posts).toEqual([3]);
    expect(world.posts.map(({ name }) => name).toSorted()).toEqual(['a', 'b', 'c']);
  });

  it('makes one call for a message that is there twice', async () => {
    const { world, bodies } = await handedOver('a');
    expect(await handlerOf(world)(batchOf(bodies[0]!, bodies[0]!), TIME_LEFT)).toEqual({ batchItemFailures: [] });
    expect(world.posts).toHaveLength(1);
  });

  it('F112 of five messages, two of them bad, reports those two alone', async () => {
    const { world, bodies } = await handedOver('a', 'b', 'c');
    const batch = batchOf(
      bodies[0]!,
      '{"kind": "start"',
      bodies[1]!,
      '{"kind":"upgrade","instanceId":"a"}',
      bodies[2]!,
    );
    expect(await handlerOf(world)(batch, TIME_LEFT)).toEqual({
      batchItemFailures: [{ itemIdentifier: 'message-1' }, { itemIdentifier: 'message-3' }],
    });
    expect(world.posts).toHaveLength(3);
  });

  it('F112 reports what the store failed for, and does the rest', async () => {
    const { world, bodies } = await handedOver('a', 'b');
    const attempt = world.ledger.attempt.bind(world.ledger);
    world.ledger.attempt = (id) => (id.startsWith('id-a@') ? Promise.reject(new Error('throttled')) : attempt(id));
    const bad = bodies.findIndex((body) => body.includes('id-a@'));
    expect(await handlerOf(world)(batchOf(...bodies), TIME_LEFT)).toEqual({
      batchItemFailures: [{ itemIdentifier: `message-${bad}` }],
    });
    expect(world.posts.map(({ name }) => name)).toEqual(['b']);
    expect(world.logs.filter(({ level }) => level === 'error').map(({ code }) => code)).toEqual(['work_failed']);
  });

  it.each([
    '',
    'null',
    '"start"',
    '{"kind":"start"}',
    '{"kind":"start","attemptId":""}',
    '{"kind":"stop","attemptId":"x"}',
    '{"kind":"observe"}',
    '{"kind":"run","attemptId":"x"}',
  ])('F113 %j means nothing: it is reported until the queue puts it aside, and the log is told once', async (body) => {
    const world = new FakeWorld(['a']);
    for (let times = 1; times <= 3; times++) {
      const batch = batchOf(body);
      batch.Records[0]!.attributes.ApproximateReceiveCount = `${times}`;
      expect((await handlerOf(world)(batch, TIME_LEFT)).batchItemFailures).toHaveLength(1);
    }
    expect(world.logs).toEqual([{ level: 'error', code: 'message_unknown', messageId: 'message-0' }]);
    expect(world.reads).toBe(0);
  });

  it('F106 begins nothing when there is no time left, and leaves the messages to the queue', async () => {
    const { world, bodies } = await handedOver('a');
    const result = await handlerOf(world)(batchOf(...bodies), { getRemainingTimeInMillis: () => 1_000 });
    expect(result.batchItemFailures).toHaveLength(1);
    expect(world.posts).toEqual([]);
  });

  it('reads a scope, also in its last three quarters of a minute, when no call is made any more', async () => {
    const { world, bodies } = await handedOver('a', 'b');
    const observe = JSON.stringify({ kind: 'observe', scope: 'cn-north-4/p1' });
    world.now += DAY;
    const result = await handlerOf(world)(batchOf(bodies[0]!, observe), { getRemainingTimeInMillis: () => 40_000 });
    expect(result).toEqual({ batchItemFailures: [{ itemIdentifier: 'message-0' }] });
    expect([world.posts, (await world.ledger.findings('cn-north-4/p1')).length]).toEqual([[], 2]);
    expect(world.logs).toContainEqual({ level: 'info', code: 'work', kind: 'observe', scope: 'cn-north-4/p1', result: 'observed', read: 2, left: 0 }); // biome-ignore format: one line of the log
  });

  it('reads two scopes at once, each once, and leaves to the next tick what there is no time for', async () => {
    const { world } = await handedOver('a');
    const ids = ['p1', 'p2', 'p3', 'p4'].map((project) => `cn-north-4/${project}`);
    const scope = world.policy.scopes[0]!;
    world.policy = { ...world.policy, scopes: ids.map((id) => ({ ...scope, id, project: id.slice(-2) })) };
    const under = new Set<string>();
    const listed: string[] = [];
    let most = 0;
    const deps = world.deps.bind(world);
    const listInstances = world.listInstances.bind(world);
    const slow: typeof listInstances = async (one) => {
      listed.push(one.id);
      most = Math.max(most, under.add(one.id).size);
      await new Promise((resolve) => setTimeout(resolve, 5));
      under.delete(one.id);
      return listInstances(one);
    };
    world.deps = () => ({ ...deps(), dcs: { ...deps().dcs, listInstances: slow } });
    const batch = batchOf(...[...ids, ...ids].map((id) => JSON.stringify({ kind: 'observe', scope: id })));
    expect(await handlerOf(world)(batch, TIME_LEFT)).toEqual({ batchItemFailures: [] });
    expect([listed.toSorted(), most]).toEqual([ids, 2]);
    const late = await handlerOf(world)(batch, { getRemainingTimeInMillis: () => 14_000 });
    expect([late, listed.length]).toEqual([{ batchItemFailures: [] }, 4]);
  });

  it('carries out orders, of which two in one batch decide one after the other', async () => {
    const world = new FakeWorld(['a', 'b']);
    world.policy = aPolicy({ limits: { ...LIMITS, parallel: 1 } });
    world.queue = [];
    const bodies: string[] = [];
    for (const name of ['a', 'b']) {
      const order = { instanceIds: [`id-${name}`], dryRun: false, reason: 'x' };
      await saveRun(world.ledger, newRun(order, 'ci', world.now, `run-${name}`));
      bodies.push(JSON.stringify({ kind: 'run', runId: `run-${name}` }));
    }
    // Both have decided before either acts.
    const { acquireLease } = world.ledger;
    world.ledger.acquireLease = async (...args) => {
      const lease = await acquireLease.apply(world.ledger, args);
      await new Promise((resolve) => setTimeout(resolve, 5));
      return lease;
    };
    expect(await handlerOf(world)(batchOf(...bodies), TIME_LEFT)).toEqual({ batchItemFailures: [] });
    expect(world.queue).toHaveLength(1);
  });

  it('leaves an order that it could not bring to its end to the next one', async () => {
    const world = new FakeWorld(['a']);
    world.queue = [];
    await saveRun(world.ledger, newRun({ dryRun: false, reason: 'x' }, 'ci', world.now, 'run-1'));
    await world.ledger.acquireLease('a tick', HOUR, world.now);
    const body = JSON.stringify({ kind: 'run', runId: 'run-1' });
    expect((await handlerOf(world)(batchOf(body), TIME_LEFT)).batchItemFailures).toHaveLength(1);
    expect(await findRun(world.ledger, 'run-1')).toMatchObject({ doneAt: null });
  });

  it.each<[string, unknown, string]>([
    ['nothing', null, 'null'],
    ['a schedule', { source: 'aws.scheduler', 'detail-type': 'Scheduled Event' }, 'source, detail-type'],
    ['a topic’s message', { Records: [{ EventSource: 'aws:sns', Sns: {} }] }, 'Records'],
  ])('%s is refused by its shape, and nothing is done', async (_, event, shape) => {
    const world = new FakeWorld(['a']);
    await expect(handlerOf(world)(event, TIME_LEFT)).rejects.toThrow(shape);
    expect([world.posts, world.reads]).toEqual([[], 0]);
  });
});

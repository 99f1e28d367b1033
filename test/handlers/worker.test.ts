import { describe, expect, it } from '@jest/globals';
import { worker } from '../../handlers/worker.ts';
import type { Runtime } from '../../lib/io/runtime.ts';
import { FakeWorld } from '../support/fake-world.ts';

const TIME_LEFT = { getRemainingTimeInMillis: () => 80_000 };

function handlerOf(world: FakeWorld) {
  const pass = async () => ({ deps: world.deps(), state: { policy: world.policy, problem: null } });
  return worker(async () => ({ pass }) as unknown as Runtime);
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
    expect(await handlerOf(world)(batchOf(...bodies), TIME_LEFT)).toEqual({ batchItemFailures: [] });
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

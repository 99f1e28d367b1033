import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { worker } from '../../handlers/worker.ts';
import { MINUTE } from '../../lib/core/time.ts';
import type { JsonService } from '../../lib/io/aws/json.ts';
import { systemClock } from '../../lib/io/clock.ts';
import { createSqsDispatcher } from '../../lib/io/dispatch/sqs.ts';
import type { Runtime } from '../../lib/io/runtime.ts';
import { LOCAL_AWS } from '../../scripts/offline/aws.ts';
import { poll } from '../../scripts/offline/poll.ts';
import { type LocalQueue, startQueue } from '../../scripts/offline/queue.ts';
import { aPolicy, LIMITS } from '../support/builders.ts';
import { FakeWorld } from '../support/fake-world.ts';

let queue: LocalQueue;
beforeEach(async () => {
  queue = await startQueue({ visibility: 1 });
});
afterEach(() => queue.stop());

const silent = () => undefined;
const dispatcherOf = ({ url }: LocalQueue) => createSqsDispatcher(url, { env: LOCAL_AWS, log: silent });

const URL_OF_NONE = 'https://sqs.example.com/0/starts';

/** A client of SQS of which each request is told, and whose answer says which entries were refused. */
function clientOf(refuse: (bodies: string[]) => number[]): JsonService {
  return {
    call: async (_, input) => {
      const { Entries } = input as { Entries: { Id: string; MessageBody: string }[] };
      const refused = refuse(Entries.map(({ MessageBody }) => MessageBody));
      return { Failed: refused.map((index) => ({ Id: Entries[index]!.Id, Code: 'InternalError' })) };
    },
    close: () => undefined,
  };
}

async function until(isTrue: () => boolean): Promise<void> {
  for (let tries = 1; !isTrue(); tries++) {
    if (tries === 500) throw new Error('it did not come to that');
    await systemClock.sleep(20);
  }
}

/** The world's workers at the queue until `isOver`, and then to their end. */
async function workUntil(world: FakeWorld, isOver: () => boolean): Promise<void> {
  const end = new AbortController();
  const pass = async () => ({ deps: world.deps(), state: { policy: world.policy, problem: null } });
  const handler = worker(async () => ({ pass, measureCalls: () => undefined }) as unknown as Runtime);
  const invoke = (event: unknown) => handler(event, { getRemainingTimeInMillis: () => 80_000 });
  const polling = poll({ client: queue.client, queueUrl: queue.url, invoke, concurrency: 3, signal: end.signal });
  await until(isOver);
  end.abort();
  await polling;
}

describe('a queue on SQS', () => {
  it('takes any number of messages, with ids in them and nothing else', async () => {
    const messages = Array.from({ length: 25 }, (_, index) => ({ kind: 'start' as const, attemptId: `i-${index}@o` }));
    await dispatcherOf(queue).send(messages);
    expect(queue.waiting().map((body) => JSON.parse(body))).toEqual(expect.arrayContaining(messages));
    expect(queue.waiting()).toHaveLength(25);
  });

  it('is where its URL says, or where AWS_ENDPOINT_URL_SQS does', async () => {
    const env = { ...LOCAL_AWS, AWS_ENDPOINT_URL_SQS: new URL(queue.url).origin };
    const url = 'https://sqs.us-east-1.amazonaws.com/000000000000/starts';
    await createSqsDispatcher(url, { env, log: silent }).send([{ kind: 'run', runId: 'r' }]);
    expect(queue.waiting()).toEqual(['{"kind":"run","runId":"r"}']);
  });

  it('is sent again what it refuses of a request, and nothing else', async () => {
    const sent: string[][] = [];
    const refusing = clientOf((bodies) => {
      sent.push(bodies);
      return sent.length <= 2 ? [bodies.length - 1] : [];
    });
    const messages = ['a', 'b', 'c'].map((runId) => ({ kind: 'run' as const, runId }));
    await createSqsDispatcher(URL_OF_NONE, { client: refusing, log: silent }).send(messages);
    const [a, b, c] = messages.map((message) => JSON.stringify(message));
    expect(sent).toEqual([[a, b, c], [c], [c]]);
  });

  it('that goes on refusing is an error which says how many it did not take', async () => {
    let requests = 0;
    const refusing = clientOf(() => {
      requests += 1;
      return [0];
    });
    const messages = ['a', 'b'].map((runId) => ({ kind: 'run' as const, runId }));
    const { send } = createSqsDispatcher(URL_OF_NONE, { client: refusing, log: silent });
    await expect(send(messages)).rejects.toThrow('the queue did not take 1 of 2 messages');
    expect(requests).toBe(4);
  });

  it('that is not there is an error', async () => {
    const dispatcher = createSqsDispatcher(queue.url.replace('starts', 'elsewhere'), {
      env: LOCAL_AWS,
      log: silent,
    });
    await expect(dispatcher.send([{ kind: 'start', attemptId: 'a@o' }])).rejects.toThrow();
  });

  it('that never answers is an error within its time', async () => {
    const silence = createServer(() => undefined);
    await new Promise<void>((resolve) => silence.listen(0, '127.0.0.1', resolve));
    const endpoint = `http://127.0.0.1:${(silence.address() as AddressInfo).port}`;
    const dispatcher = createSqsDispatcher(`${endpoint}/000000000000/starts`, {
      env: LOCAL_AWS,
      log: silent,
      lasts: 200,
    });
    await expect(dispatcher.send([{ kind: 'run', runId: 'r' }])).rejects.toThrow();
    silence.closeAllConnections();
    silence.close();
  });

  it('F113 puts aside what means nothing, after three times, and the rest goes through', async () => {
    const world = new FakeWorld(['a', 'b', 'c']);
    world.queue = [];
    await world.pass();
    await queue.client.send(new SendMessageCommand({ QueueUrl: queue.url, MessageBody: '{"kind": "sta' }));
    await dispatcherOf(queue).send(world.queue);
    await workUntil(world, () => queue.putAside().length > 0);
    expect(queue.putAside()).toEqual(['{"kind": "sta']);
    expect(world.posts.map(({ name }) => name).toSorted()).toEqual(['a', 'b', 'c']);
    expect(world.logs.filter(({ code }) => code === 'message_unknown')).toHaveLength(1);
  });

  it.each([
    ['before it was announced', false],
    ['after the call', true],
  ])(
    'F107 brings the message of a worker that was killed %s to another one, and one call is made',
    async (_, after) => {
      const world = new FakeWorld(['a']);
      world.queue = [];
      await world.pass();
      await dispatcherOf(queue).send(world.queue);
      // The next effects are the announcement and the call.
      world.crash = { at: world.effects + (after ? 2 : 1), after };
      const effects = world.effects;
      await workUntil(
        world,
        () => queue.waiting().length === 0 && world.effects > effects && world.posts.length > 0 && isIdle(world),
      );
      expect(world.posts.map(({ name }) => name)).toEqual(['a']);
    },
  );
});

it('brings a scope to be read to the workers, killed in the middle or not, and the next tick decides from that', async () => {
  const world = new FakeWorld(Array.from({ length: 80 }, (_, index) => `c${index}`));
  world.policy = aPolicy({ limits: { ...LIMITS, parallel: 100 } });
  world.queue = [];
  await world.pass();
  expect(world.queue).toEqual([{ kind: 'observe', scope: 'cn-north-4/p1' }]);
  await dispatcherOf(queue).send([...world.queue, ...world.queue]);
  world.queue = [];
  world.crash = { at: world.effects + 30, after: true };
  const isRead = () => world.logs.filter(({ code, left }) => code === 'work' && left === 0).length === 2;
  await workUntil(world, () => isRead() && queue.waiting().length === 0);
  world.now += 5 * MINUTE;
  expect((await world.pass()).started).toHaveLength(80);
});

/** Every worker has said what became of its message. */
function isIdle(world: FakeWorld): boolean {
  return world.logs.some(({ code }) => code === 'work');
}

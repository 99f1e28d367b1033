import { describe, expect, it } from '@jest/globals';
import { tick } from '../../handlers/tick.ts';
import { MINUTE } from '../../lib/core/time.ts';
import type { Runtime } from '../../lib/io/runtime.ts';
import { aPolicy, LIMITS } from '../support/builders.ts';
import { FakeWorld } from '../support/fake-world.ts';

const MINUTES_LEFT = { getRemainingTimeInMillis: () => 280_000 };

function handlerOf(world: FakeWorld) {
  const pass = async () => ({ deps: world.deps(), state: { policy: world.policy, problem: null } });
  return tick(
    async () =>
      ({ pass, invoked: () => undefined, measure: () => undefined, clock: world.clock }) as unknown as Runtime,
  );
}

/** As FunctionGraph has it. */
const FUNCTION_GRAPH = { getRemainingTimeInMilliSeconds: () => 280_000 };

describe('the scheduled function', () => {
  it('starts what is due on FunctionGraph, whose context has other names', async () => {
    const world = new FakeWorld(['a']);
    const event = {
      version: 'v1.0',
      time: '2026-11-24T01:01:00+08:00',
      trigger_type: 'TIMER',
      trigger_name: 'T',
      user_event: '',
    };
    expect(await handlerOf(world)(event, FUNCTION_GRAPH)).toMatchObject({ started: 1 });
  });

  it.each<[string, unknown]>([
    ['F110 EventBridge Scheduler, its detail a text', { source: 'aws.scheduler', 'detail-type': 'Scheduled Event', detail: '{}', time: '2026-11-23T17:01:00Z' }],
    ['an EventBridge rule', { source: 'aws.events', 'detail-type': 'Scheduled Event', detail: {}, resources: ['arn:aws:events:eu-central-1:000000000000:rule/tick'] }],
    ['a FunctionGraph timer', { version: 'v1.0', trigger_type: 'TIMER', trigger_name: 'every-5m', time: '2026-11-24T01:01:00+08:00', user_event: '' }],
  ])('%s makes a pass', async (_, event) => {
    const world = new FakeWorld(['a']);
    expect(await handlerOf(world)(event, MINUTES_LEFT)).toMatchObject({ started: 1, errors: 0 });
    expect(world.posts).toHaveLength(1);
  }); // biome-ignore format: a table

  it.each<[string, unknown, string]>([
    ['nothing', null, 'null'],
    ['a text', 'tick', 'string'],
    ['an empty object', {}, '(none)'],
    ['a queue’s batch', { Records: [{ body: 'secret' }] }, 'Records'],
    [
      'another event of the bus',
      { source: 'aws.ec2', 'detail-type': 'EC2 Instance State-change Notification' },
      'source, detail-type',
    ],
  ])('F110 %s is refused by its shape, and nothing is done', async (_, event, shape) => {
    const world = new FakeWorld(['a']);
    await expect(handlerOf(world)(event, MINUTES_LEFT)).rejects.toThrow(shape);
    expect([world.posts, world.reads]).toEqual([[], 0]);
  });

  it('F109 the same event twice starts nothing twice', async () => {
    const world = new FakeWorld(['a']);
    const event = { source: 'aws.scheduler', 'detail-type': 'Scheduled Event', time: '2026-11-23T17:01:00Z' };
    await Promise.all([handlerOf(world)(event, MINUTES_LEFT), handlerOf(world)(event, MINUTES_LEFT)]);
    await handlerOf(world)(event, MINUTES_LEFT);
    expect(world.posts).toHaveLength(1);
  });

  it('F109 an event that comes two days late is decided on from the clock', async () => {
    const world = new FakeWorld(['a'], Date.parse('2026-11-29T03:00:00Z'));
    const event = { source: 'aws.scheduler', 'detail-type': 'Scheduled Event', time: '2026-11-23T17:01:00Z' };
    expect(await handlerOf(world)(event, MINUTES_LEFT)).toMatchObject({ started: 0 });
  });

  it('decides soon on what it has left to workers to read, within the same window and its own time', async () => {
    const world = new FakeWorld(Array.from({ length: 60 }, (_, index) => `c${index}`));
    world.policy = aPolicy({ limits: { ...LIMITS, parallel: 60 } });
    world.queue = [];
    const event = { source: 'aws.scheduler', 'detail-type': 'Scheduled Event' };
    const workers = world.clock.sleep;
    const clock = { now: world.clock.now, sleep: (ms: number) => workers(ms).then(() => work(world)) };
    const pass = async () => ({ deps: world.deps(), state: { policy: world.policy, problem: null } });
    const runtime = { pass, measure: () => undefined, invoked: () => undefined, clock } as unknown as Runtime;
    const began = world.now;
    expect(await tick(async () => runtime)(event, MINUTES_LEFT)).toMatchObject({ started: 60 });
    expect(world.now - began).toBe(MINUTE / 3);
  });

  it('does not wait for workers for longer than a minute, nor without time left', async () => {
    const world = new FakeWorld(Array.from({ length: 60 }, (_, index) => `c${index}`));
    world.queue = [];
    const event = { source: 'aws.scheduler', 'detail-type': 'Scheduled Event' };
    const began = world.now;
    expect(await handlerOf(world)(event, { getRemainingTimeInMillis: () => 1_000 })).toMatchObject({ started: 0 });
    expect(world.now).toBe(began);
    expect(await handlerOf(world)(event, MINUTES_LEFT)).toMatchObject({ started: 0 });
    expect([world.now - began, world.queue.length]).toEqual([MINUTE, 1]);
  });

  it('F106 with a second left it starts nothing', async () => {
    const world = new FakeWorld(['a']);
    const event = { source: 'aws.scheduler', 'detail-type': 'Scheduled Event' };
    await handlerOf(world)(event, { getRemainingTimeInMillis: () => 1_000 });
    expect(world.posts).toEqual([]);
  });
});

async function work(world: FakeWorld): Promise<void> {
  for (const message of world.queue!.splice(0)) await world.work(message);
}

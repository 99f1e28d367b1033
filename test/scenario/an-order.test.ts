import { describe, expect, it } from '@jest/globals';
import { HOUR, MINUTE } from '../../lib/core/time.ts';
import type { PassOptions } from '../../lib/reconcile.ts';
import { aHold, aPolicy, NIGHT } from '../support/builders.ts';
import { FakeWorld } from '../support/fake-world.ts';

const EVENING = NIGHT - 5 * HOUR;
const names = ['a', 'b', 'c'];

function order(wanted: string[], runId = 'run-1'): Partial<PassOptions> {
  return {
    only: ({ name }) => wanted.includes(name),
    override: { runId },
    observeAlways: true,
    requestedBy: 'ops',
    reason: 'CVE',
  };
}

function oneAtATime(at: number): FakeWorld {
  const world = new FakeWorld(names, at);
  world.policy = aPolicy({ limits: { ...aPolicy().limits, parallel: 1 } });
  return world;
}

const begun = (world: FakeWorld) => world.begun.map(({ name }) => name).sort();

describe('an order by override', () => {
  it('is carried out outside the window, one after the other, by the ticks that follow, and nothing else is', async () => {
    const world = oneAtATime(EVENING);
    const report = await world.pass(order(['a', 'b']));
    expect(report.decisions.map(({ reason }) => reason).sort()).toEqual(['due', 'limit_parallel']);
    expect(report.started).toMatchObject([{ requestedBy: 'ops', reason: 'CVE' }]);
    const waits = report.decisions.find(({ action }) => action === 'wait');
    expect(waits?.detail).toMatch(/the order is kept until 2026-11-23T13:30:00Z$/);
    await world.ticks(40);
    expect(begun(world)).toEqual(['a', 'b']);
    expect(world.mostInFlight).toBe(1);
    expect(await world.ledger.attempts({})).toMatchObject([
      { state: 'succeeded', requestedBy: 'ops', reason: 'CVE' },
      { state: 'succeeded', requestedBy: 'ops', reason: 'CVE' },
    ]);
  });

  it('is made twice under the same run, and carried out once', async () => {
    const world = oneAtATime(EVENING);
    await Promise.all([world.pass(order(['a', 'b'])), world.pass(order(['a', 'b']))]);
    await world.pass(order(['a', 'b']));
    await world.ticks(40);
    await world.pass(order(['a', 'b']));
    expect(begun(world)).toEqual(['a', 'b']);
  });

  it('that a hold stops is not kept for later', async () => {
    const world = oneAtATime(EVENING);
    await world.ledger.putHold(aHold({ createdAt: EVENING }));
    await world.pass(order(['a']));
    await world.ledger.putHold(aHold({ createdAt: EVENING, releasedAt: EVENING + MINUTE }));
    await world.ticks(10);
    expect(world.posts).toEqual([]);
  });

  it('that waits obeys a hold that comes meanwhile', async () => {
    const world = oneAtATime(EVENING);
    await world.pass(order(['a', 'b']));
    await world.ledger.putHold(aHold({ createdAt: EVENING }));
    await world.ticks(90);
    expect(world.begun).toHaveLength(1);
  });

  it('that was not begun in time is told of, and waits for its window as before', async () => {
    const world = oneAtATime(EVENING);
    world.upgradeTakes = 2 * HOUR;
    await world.pass(order(['a', 'b']));
    await world.ticks(110);
    expect(world.begun).toHaveLength(1);
    expect(world.alerts.map(({ event }) => event)).toContain('expired');
  });

  it('that cannot be kept because another run decides says so', async () => {
    const world = oneAtATime(EVENING);
    await world.ledger.acquireLease('somebody else', HOUR, EVENING);
    const { decisions } = await world.pass(order(['a', 'b']));
    expect(decisions.map(({ reason }) => reason)).toEqual(['another_run', 'another_run']);
    world.now += 2 * HOUR;
    await world.ticks(5);
    expect(world.posts).toEqual([]);
  });

  it('that is only tried out leaves no trace', async () => {
    const world = oneAtATime(EVENING);
    const { decisions } = await world.pass({ ...order(['a']), dryRun: true });
    expect(decisions).toMatchObject([{ name: 'a', action: 'start' }]);
    await world.ticks(5);
    expect([world.posts, await world.ledger.attempts({})]).toEqual([[], []]);
  });
});

describe('a pass for some instances', () => {
  it('starts these alone, and reports on these alone', async () => {
    const world = new FakeWorld(names);
    const report = await world.pass({ only: ({ name }) => name === 'b' });
    expect(report.decisions.map(({ name }) => name)).toEqual(['b']);
    expect(begun(world)).toEqual(['b']);
  });

  it('keeps to the window', async () => {
    const world = new FakeWorld(names, EVENING);
    const report = await world.pass({ only: ({ name }) => name === 'b', observeAlways: true });
    expect(report.decisions).toMatchObject([{ reason: 'outside_window', possibleAt: NIGHT }]);
    expect(world.posts).toEqual([]);
  });
});

import { describe, expect, it } from '@jest/globals';
import { DAY, HOUR, MINUTE } from '../../lib/core/time.ts';
import type { PassOptions } from '../../lib/reconcile.ts';
import { aHold, anInstance, aPolicy, NIGHT } from '../support/builders.ts';
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

  describe('of what waits in its window for another try', () => {
    const CLOSING = NIGHT + 4 * HOUR - 20 * MINUTE;
    const BUSY = { refuse: 'DCS.4096', status: 400 };

    /** Refused in the window, and by now an upgrade does not fit into it any more. */
    async function refused(moods: (typeof BUSY | 'accept')[]): Promise<FakeWorld> {
      const world = oneAtATime(CLOSING - 20 * MINUTE);
      world.moods.set('a', [BUSY, ...moods]);
      await world.pass({ only: ({ name }) => name === 'a' });
      world.now = CLOSING;
      return world;
    }

    it('is tried again under the order, in the one claim that the instance has', async () => {
      const world = await refused([BUSY, 'accept']);
      await world.pass(order(['a']));
      await world.ticks(40);
      expect([world.posts.length, begun(world)]).toEqual([3, ['a']]);
      expect(await world.ledger.attempts({ instanceId: 'id-a' })).toMatchObject([
        { id: `id-a@${new Date(NIGHT).toISOString().replace('.000', '')}`, opening: { id: 'override:run-1' }, state: 'succeeded', requestedBy: 'ops', calls: 2 },
      ]); // biome-ignore format: one line each
    });

    it('is kept for its turn, and says so', async () => {
      const world = await refused(['accept']);
      world.add(anInstance('a', { status: 'RESTARTING' }));
      const { decisions } = await world.pass(order(['a']));
      expect(decisions).toMatchObject([{ reason: 'instance_busy', detail: expect.stringMatching(/; the order is kept until 2026-\S+$/) }]); // biome-ignore format: one line
      world.now += 30 * MINUTE;
      world.add(anInstance('a'));
      await world.ticks(20);
      expect(begun(world)).toEqual(['a']);
    });

    it('is left as it was by a hold, and by one who only tries it out', async () => {
      const world = await refused(['accept']);
      const before = await world.ledger.attempts({});
      await world.pass({ ...order(['a']), dryRun: true });
      await world.ledger.putHold(aHold({ createdAt: CLOSING }));
      await world.pass(order(['a']));
      expect(await world.ledger.attempts({})).toEqual(before);
    });

    it('goes to a worker as the order’s', async () => {
      const world = await refused(['accept']);
      world.queue = [];
      await world.pass(order(['a']));
      expect(world.queue).toHaveLength(1);
      await world.work(world.queue[0]!);
      expect(begun(world)).toEqual(['a']);
    });

    it('does not keep the next window from its instance when it came to nothing', async () => {
      const world = await refused([BUSY, BUSY]);
      world.policy = aPolicy({ limits: { ...aPolicy().limits, parallel: 1 } });
      await world.pass(order(['a']));
      world.moods.set('a', [BUSY]);
      world.now = NIGHT + DAY;
      await world.ticks(3);
      world.moods.set('a', ['accept']);
      await world.ticks(30);
      expect(begun(world)).toContain('a');
    });
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

import { beforeEach, describe, expect, it } from '@jest/globals';
import { MINUTE } from '../../lib/core/time.ts';
import { noteHeard } from '../../lib/intake.ts';
import { aPolicy, aRule, NIGHT } from '../support/builders.ts';
import { FakeWorld } from '../support/fake-world.ts';

const AFTER = 30 * MINUTE;
let world: FakeWorld;

beforeEach(() => {
  world = new FakeWorld(['a', 'b']);
  world.policy = aPolicy({ alerts: [aRule({ silence: { after: AFTER, then: 'closed' } })] });
});

const heard = (at: number) => noteHeard(world.ledger, 'alertmanager', null, at);
const told = () => world.alerts.filter(({ key }) => key.startsWith('silence:'));

describe('a source that falls silent counts as firing for everything', () => {
  it.each<[string, number | null, boolean]>([
    ['heard just now', NIGHT, true],
    ['heard a moment short of its time ago', NIGHT + MINUTE - AFTER + 1, true],
    ['heard so long ago', NIGHT + MINUTE - AFTER, false],
    ['never heard', null, false],
  ])('%s', async (_, at, starts) => {
    if (at !== null) await heard(at);
    await world.ticks(1);
    expect(world.begun.length > 0).toBe(starts);
  });

  it('each instance says why, and people are told once', async () => {
    await heard(NIGHT - AFTER);
    const [report] = await world.ticks(3);
    const detail = expect.stringContaining('alertmanager has not been heard since 2026-11-23T16:30:00Z');
    expect(report!.decisions).toEqual([
      expect.objectContaining({ reason: 'held', detail }),
      expect.objectContaining({ reason: 'held', detail }),
    ]);
    expect(told()).toMatchObject([{ event: 'held', severity: 'critical', at: NIGHT, labels: { source: 'alertmanager' } }]);
    expect(world.posts).toEqual([]);
  }); // biome-ignore format: long lines

  it('once it is heard again everything goes on, and its next silence is told anew', async () => {
    await world.ticks(1);
    await heard(world.now);
    await world.ticks(1);
    expect(world.begun.map(({ name }) => name).sort()).toEqual(['a', 'b']);
    world.now += AFTER;
    await world.ticks(2);
    expect(told()).toHaveLength(2);
  });

  it('what runs is followed to its end all the same', async () => {
    await heard(world.now);
    await world.ticks(1);
    world.now += AFTER;
    const reports = await world.ticks(12);
    expect(reports.flatMap(({ finished }) => finished).map(({ state }) => state)).toEqual(['succeeded', 'succeeded']);
  });

  it('silence that begins between the decision and the call stops the call', async () => {
    world.policy = { ...world.policy, limits: { ...world.policy.limits, parallel: 2 } };
    await heard(world.now - AFTER + MINUTE);
    // Reading an instance once more, just before its call, takes its time.
    const show = world.showInstance.bind(world);
    const seen = new Set<string>();
    world.showInstance = async (scope, id) => {
      if (seen.has(id)) world.now += MINUTE;
      seen.add(id);
      return show(scope, id);
    };
    const [report] = await world.ticks(1);
    expect(seen.size).toBe(2);
    expect(report!.decisions[0]!.detail).toContain('alertmanager has not been heard');
    expect(world.posts).toEqual([]);
  });

  it('people are told while no window is open as well', async () => {
    world.now -= 60 * 5 * MINUTE;
    await world.ticks(2);
    expect(told()).toHaveLength(1);
  });

  it.each<[string, Partial<Parameters<typeof aRule>[0]>]>([
    ['open', { silence: { after: AFTER, then: 'open' } }],
    ['not said', {}],
  ])('unless the policy says %s', async (_, rule) => {
    world.policy = aPolicy({ alerts: [aRule(rule)] });
    await world.ticks(1);
    expect([world.begun.length, told()]).toEqual([2, []]);
  });
});

it('a rollout is not opened by what an alert holds: its wave is not done', async () => {
  const { anInstance } = await import('../support/builders.ts');
  world = new FakeWorld(['a']);
  world.add(anInstance('p', { tags: { env: 'prod' } }));
  const hold = { match: { instanceId: 'id-a' }, by: 'alert:alertmanager', reason: 'RedisDown', createdAt: NIGHT };
  await world.ledger.putHold({ id: 'alert:alertmanager:f', ...hold, until: null, releasedAt: null, releasedBy: null });
  const [report] = await world.ticks(1);
  expect(report!.decisions.map(({ name, reason }) => [name, reason])).toEqual([['a', 'held'], ['p', 'wave_waiting']]);
}); // biome-ignore format: long lines

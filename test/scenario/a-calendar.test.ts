import { describe, expect, it } from '@jest/globals';
import type { Feed } from '../../lib/core/policy.ts';
import { HOUR, MINUTE } from '../../lib/core/time.ts';
import { aFreeze, aPolicy, NIGHT } from '../support/builders.ts';
import { FakeWorld } from '../support/fake-world.ts';

const span: Feed = {
  kind: 'feed',
  source: 'https://calendar.example.com/freeze.ics?token=hunter2',
  onError: 'closed',
  timezone: 'UTC',
  stretches: [{ from: NIGHT, to: NIGHT + HOUR }],
  problem: null,
};
const unread: Feed = { ...span, stretches: null, problem: 'its server answered 500' };
const policyWith = (feed: Feed) => aPolicy({ freezes: [aFreeze({ name: 'company', span: feed })] });

describe('a freeze by a calendar', () => {
  it('stops what its events say, and no longer', async () => {
    const world = new FakeWorld(['a'], NIGHT + 50 * MINUTE);
    world.policy = policyWith(span);
    await world.ticks(10);
    expect(world.posts).toEqual([]);
    await world.ticks(1);
    expect(world.posts).toHaveLength(1);
  });

  it('that cannot be read stops all of it, tells of it once when it lasts, and again when it comes back', async () => {
    const world = new FakeWorld(['a']);
    world.policy = policyWith(unread);
    await world.ticks(15);
    expect(world.alerts).toEqual([]);
    await world.ticks(20);
    expect(world.posts).toEqual([]);
    expect(world.alerts.map(({ key, severity, summary }) => [key, severity, summary])).toEqual([
      ['freeze:company', 'error', expect.stringContaining('its server answered 500. That counts as frozen')],
    ]);
    world.policy = policyWith({ ...span, stretches: [] });
    await world.ticks(20);
    expect(world.posts).toHaveLength(1);
    world.policy = policyWith(unread);
    await world.ticks(20);
    expect(world.alerts.filter(({ key }) => key === 'freeze:company')).toHaveLength(2);
    expect(JSON.stringify([world.alerts, world.logs])).not.toContain('hunter2');
  });

  it('that may be missing stops nothing, and is told of as well', async () => {
    const world = new FakeWorld(['a']);
    world.policy = policyWith({ ...unread, onError: 'open' });
    await world.ticks(20);
    expect(world.posts).toHaveLength(1);
    expect(world.alerts.filter(({ severity }) => severity === 'warning').map(({ key }) => key)).toEqual([
      'freeze:company',
    ]);
  });
});

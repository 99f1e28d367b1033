import { describe, expect, it } from '@jest/globals';
import { deadlineAlerts } from '../../lib/core/deadline.ts';
import { decide } from '../../lib/core/decide.ts';
import type { Policy } from '../../lib/core/policy.ts';
import { DAY } from '../../lib/core/time.ts';
import { aFreeze, aHold, anInstance, aPolicy, aScene, NIGHT, upToDate } from '../support/builders.ts';

const both = { warn: 30 * DAY, page: 60 * DAY };
const told = (deadline: Policy['deadline'], days: number, change: Parameters<typeof aScene>[1] = {}) => {
  const scene = aScene([anInstance('a')], { ...change, policy: { ...(change.policy ?? aPolicy()), deadline } });
  const since = new Map([['id-a', scene.now - days * DAY]]);
  return deadlineAlerts(scene.policy, decide(scene).decisions, since, scene.now).map(({ key }) => key);
};

describe('a deadline', () => {
  it.each<[string, Policy['deadline'], number, Parameters<typeof aScene>[1], string[]]>([
    ['none: nobody is told', null, 999, {}, []],
    ['a day before: nobody is told', both, 29, {}, []],
    ['reached: a warning', both, 30, {}, ['deadline:warn:dev']],
    ['the longer one reached: a page, and no warning beside it', both, 60, {}, ['deadline:page:dev']],
    ['only page, not reached', { warn: null, page: 60 * DAY }, 59, {}, []],
    ['held: told all the same', both, 61, { holds: [aHold()] }, ['deadline:page:dev']],
  ])('%s', (_, deadline, days, change, keys) => {
    expect(told(deadline, days, change)).toEqual(keys);
  });

  it('starts nothing and breaks no freeze', () => {
    const policy = aPolicy({ deadline: both, freezes: [aFreeze()] });
    const scene = aScene([anInstance('a')], { policy, behindSince: new Map([['id-a', NIGHT - 99 * DAY]]) });
    expect(decide(scene).decisions[0]).toMatchObject({ action: 'wait', reason: 'frozen' });
    expect(deadlineAlerts(policy, decide(scene).decisions, scene.behindSince, scene.now)[0]!.summary).toBe(
      '1 of wave dev have been behind for more than 60 days, the longest a since 2026-08-16T17:00:00Z; they wait: frozen 1.',
    );
  });

  it('is one alert for a wave, not one for each instance, and names the longest', () => {
    const fleet = Array.from({ length: 500 }, (_, index) => anInstance(`i${index}`));
    const scene = aScene([...fleet, anInstance('done', { versions: upToDate() })], {
      policy: aPolicy({ deadline: both }),
    });
    const since = new Map(fleet.map(({ instanceId }, index) => [instanceId, NIGHT - (31 + (index % 20)) * DAY]));
    const alerts = deadlineAlerts(scene.policy, decide(scene).decisions, since, scene.now);
    expect(alerts).toHaveLength(1);
    expect(alerts[0]!.summary).toMatch(/^500 of wave dev have been behind for more than 30 days, the longest i19 /);
  });
});

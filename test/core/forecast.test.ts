import { describe, expect, it } from '@jest/globals';
import { decide } from '../../lib/core/decide.ts';
import { forecast } from '../../lib/core/forecast.ts';
import type { Policy } from '../../lib/core/policy.ts';
import { DAY, HOUR, iso, MINUTE } from '../../lib/core/time.ts';
import {
  aFreeze,
  aHold,
  anAttempt,
  anInstance,
  aPolicy,
  aScene,
  aWave,
  LIMITS,
  NIGHT,
  upToDate,
} from '../support/builders.ts';

const dev = (count: number) => Array.from({ length: count }, (_, index) => anInstance(`d${index}`));
const prod = (count: number) =>
  Array.from({ length: count }, (_, index) => anInstance(`p${index}`, { tags: { env: 'prod' } }));
const done = { state: 'succeeded' as const, lookUntil: null, finishedAt: NIGHT };
const soaking = [aWave('dev'), aWave('prod', { after: 'dev', soak: 7 * DAY })];
const one = (change: Partial<Policy> = {}) => aPolicy({ limits: { ...LIMITS, parallel: 1 }, ...change });

describe('when the fleet will be current', () => {
  it.each<[string, Parameters<typeof aScene>, number | null]>([
    ['all are: now', [[anInstance('a', { versions: upToDate() })]], NIGHT + MINUTE],
    ['one: half an hour from now', [dev(1), { policy: one() }], NIGHT + 31 * MINUTE],
    ['five at a time: two rounds', [dev(10)], NIGHT + 61 * MINUTE],
    ['more than fit into the night: the rest in the next', [dev(9), { policy: one() }], NIGHT + DAY + HOUR],
    ['the second wave after the first', [[...dev(1), ...prod(1)], { policy: one() }], NIGHT + 61 * MINUTE],
    ['the second wave after its soak', [[...dev(1), ...prod(1)], { policy: one({ rollout: [aWave('dev'), aWave('prod', { after: 'dev', soak: DAY })] }) }], NIGHT + DAY + 61 * MINUTE],
    ['a wave without an opening: nobody can tell', [dev(1), { policy: one({ windows: {} }) }], null],
    ['a wave that soaks: once it has', [[anInstance('d0', { versions: upToDate() }), ...prod(1)], { policy: one({ rollout: soaking }), attempts: [anAttempt('d0', done)] }], NIGHT + 7 * DAY + 30 * MINUTE],
    ['a freeze: once it is over', [dev(1), { policy: one({ freezes: [aFreeze()] }) }], NIGHT + 7 * DAY + 30 * MINUTE],
    ['a freeze of one of them: once it is over', [[...dev(3), anInstance('gold', { tags: { env: 'dev', tier: 'gold' } })], { policy: one({ freezes: [aFreeze({ match: { tags: { tier: ['gold'] } } })] }) }], NIGHT + 7 * DAY + 30 * MINUTE],
    ['so many in each opening', [dev(3), { policy: one({ limits: { ...LIMITS, perWindow: 1 } }) }], NIGHT + 2 * DAY + 30 * MINUTE],
    ['so many at once in a scope', [dev(4), { policy: one({ limits: { ...LIMITS, perScope: 2 } }) }], NIGHT + 61 * MINUTE],
    ['a hold that ends: once it has', [dev(1), { holds: [aHold({ until: NIGHT + DAY + HOUR })] }], NIGHT + DAY + HOUR + 30 * MINUTE],
    ['a wave that comes after the first, and not after the one above', [[...dev(1), ...prod(1), anInstance('t', { tags: { env: 'test' } })], { policy: one({ rollout: [aWave('dev'), aWave('prod', { after: 'dev', soak: 7 * DAY }), aWave('test', { after: 'dev', soak: DAY })] }), holds: [aHold({ match: { instanceId: 'id-p0' } })] }], NIGHT + DAY + 61 * MINUTE],
    ['the second wave, where one of the first waits for a person: nobody can tell', [[...dev(1), anInstance('frozen', { status: 'FROZEN' }), ...prod(1)], { policy: one() }], null],
    ["the instance's own window: the next one", [dev(1), { now: NIGHT, policy: one({ windows: { night: { kind: 'instance', name: 'night', timezone: 'UTC' } } }) }], NIGHT + HOUR + 30 * MINUTE],
    ['one of the last wave waits for a person: when the others are', [[...dev(1), ...prod(2)], { policy: one({ rollout: soaking }), holds: [aHold({ match: { instanceId: 'id-p0' } })] }], NIGHT + 7 * DAY + 61 * MINUTE],
    ['an empty wave between passes on that the one before it waits for a person', [[anInstance('frozen', { status: 'FROZEN' }), ...prod(1)], { policy: one({ rollout: [aWave('dev'), aWave('test', { after: 'dev' }), aWave('prod', { after: 'test' })] }) }], null],
    ['all wait for a person: nobody can tell', [dev(1), { holds: [aHold()] }], null],
  ])('%s', (_, given, current) => {
    const scene = aScene(...given);
    const { decisions, waves } = decide(scene);
    const found = forecast(scene.policy, decisions, waves, scene.now);
    expect(found.current && iso(found.current)).toBe(current && iso(current));
    expect(found.detail).toMatch(/\w/);
  }); // biome-ignore format: a table
});

import { describe, expect, it } from '@jest/globals';
import { decide } from '../../lib/core/decide.ts';
import { forecast } from '../../lib/core/forecast.ts';
import type { Policy } from '../../lib/core/policy.ts';
import { DAY, HOUR, iso, MINUTE } from '../../lib/core/time.ts';
import { aHold, anInstance, aPolicy, aScene, aWave, LIMITS, NIGHT, upToDate } from '../support/builders.ts';

const dev = (count: number) => Array.from({ length: count }, (_, index) => anInstance(`d${index}`));
const prod = (count: number) =>
  Array.from({ length: count }, (_, index) => anInstance(`p${index}`, { tags: { env: 'prod' } }));
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
    ['all wait for a person: nobody can tell', [dev(1), { holds: [aHold()] }], null],
  ])('%s', (_, given, current) => {
    const scene = aScene(...given);
    const found = forecast(scene.policy, decide(scene).decisions, scene.now);
    expect(found.current && iso(found.current)).toBe(current && iso(current));
    expect(found.detail).toMatch(/\w/);
  }); // biome-ignore format: a table
});

import { expect, it } from '@jest/globals';
import { DAY, MINUTE } from '../../lib/core/time.ts';
import { anInstance, aPolicy, aWave, NIGHT } from '../support/builders.ts';
import { FakeWorld } from '../support/fake-world.ts';

it('a soak of months is not forgotten before it is over', async () => {
  const world = new FakeWorld(['dev']);
  world.add(anInstance('prod', { tags: { env: 'prod' } }));
  world.policy = aPolicy({ rollout: [aWave('dev'), aWave('prod', { after: 'dev', soak: 90 * DAY })] });
  const begun: Record<number, string[]> = {};
  for (const week of [0, 1, 9, 12, 13]) {
    world.now = NIGHT + week * 7 * DAY + MINUTE;
    await world.ticks(20);
    begun[week] = world.begun.map(({ name }) => name);
  }
  expect(begun).toEqual({ 0: ['dev'], 1: ['dev'], 9: ['dev'], 12: ['dev'], 13: ['dev', 'prod'] });
});

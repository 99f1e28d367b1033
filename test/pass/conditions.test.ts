import { expect, it } from '@jest/globals';
import type { Alert } from '../../lib/core/alert.ts';
import { policyAlert, receiverAlert } from '../../lib/core/alert-facts.ts';
import { MINUTE } from '../../lib/core/time.ts';
import type { Condition } from '../../lib/deps.ts';
import { tellConditions } from '../../lib/pass/conditions.ts';
import { Delivery } from '../../lib/pass/delivery.ts';
import { NIGHT } from '../support/builders.ts';
import { FakeWorld } from '../support/fake-world.ts';

it('a receiver that takes one alert and asks to be left alone at the next is left alone by the next pass', async () => {
  const world = new FakeWorld(['a']);
  world.receivers = ['ops', 'chat'];
  const deps = world.deps();
  const told = { alert: policyAlert('policy.yaml:1:1 no', NIGHT), toldAt: NIGHT };
  const down = { alert: receiverAlert('chat', NIGHT), toldAt: null, triedAt: NIGHT };
  const stored: Condition[] = [{ key: 'policy:invalid', ...told }, { key: 'receiver:chat', ...down }]; // biome-ignore format: a list
  for (const condition of stored) await deps.ledger.putCondition(condition);
  world.now += 5 * MINUTE;
  const delivery = new Delivery(deps, stored);
  await delivery.give({ ...told.alert, key: 'policy:other' } satisfies Alert, []);
  world.deaf.add('chat');
  world.asks.set('chat', 20 * MINUTE);
  const isOver = (key: string) => !key.startsWith('receiver:') || delivery.isOver(key);
  await tellConditions(deps, new Map(stored.map((one) => [one.key, one])), [], isOver, delivery);
  const left = (await deps.ledger.conditions()).find(({ key }) => key === 'receiver:chat');
  expect(left?.notBefore).toBe(world.now + 20 * MINUTE);
});

import { MINUTE } from '../../lib/core/time.ts';
import { Dice } from './chance.ts';
import { type Fault, type Plan, RECEIVER_TROUBLE, type Rules } from './plan.ts';
import { FICKLE_KINDS } from './receiver-kinds.ts';

/** Whom the operator has told, from dice of its own: what they draw changes nothing in the rest of the night. */
export function drawFickle(seed: number): Rules['fickle'] {
  const dice = new Dice(seed + 0.125);
  return {
    to: dice.pick([...FICKLE_KINDS, 'webhook']),
    digest: dice.is(0.2),
    app: dice.is(0.1) ? 'cart' : null,
  };
}

/** In some nights a receiver has more trouble than chance would bring. */
export function drawReceivers({ seed, calmAt }: Pick<Plan, 'seed' | 'calmAt'>): Fault[] {
  const dice = new Dice(seed + 0.375);
  // It takes the better part of an hour to give up what is refused.
  if (dice.is(0.04)) return [{ kind: 'receiver', trouble: 'refuses', at: 0, lasts: calmAt - 5 * MINUTE, chance: 1 }];
  return Array.from({ length: dice.pick([0, 0, 0, 0, 0, 1, 1, 2]) }, () => {
    const at = dice.whole(10 * MINUTE, calmAt - 10 * MINUTE);
    const lasts = Math.min(dice.whole(5, 60) * MINUTE, calmAt - 5 * MINUTE - at);
    return { kind: 'receiver', trouble: dice.pick(RECEIVER_TROUBLE), at, lasts, chance: dice.pick([0.3, 0.6, 1, 1]) };
  });
}

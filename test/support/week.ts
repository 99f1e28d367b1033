import { DAY, HOUR, MINUTE } from '../../lib/core/time.ts';
import { NIGHT } from './builders.ts';
import type { FakeWorld } from './fake-world.ts';

/** The noon before the first of three nights; the windows of the test policy are open for four hours from {@link NIGHT}, and 24 and 48 hours later. */
export const NOON = NIGHT - 13 * HOUR;
const TICK = 10 * MINUTE;

/** What happens in the world, by the hour of the first night's start. */
export type Diary = readonly (readonly [hour: number, happens: () => unknown])[];

/** A pass every ten minutes for a week, with what the diary says in between; `each` looks at the world after every one of them. */
export async function playWeek(
  world: FakeWorld,
  diary: Diary = [],
  each: () => unknown = () => undefined,
): Promise<void> {
  const left = diary.toSorted(([a], [b]) => a - b);
  for (world.now = NOON; world.now < NOON + 7 * DAY; world.now += TICK) {
    while (left.length > 0 && NIGHT + left[0]![0] * HOUR <= world.now) await left.shift()![1]();
    await world.pass();
    await each();
  }
}

/** Which night something belongs to, from 0; -1: none. */
export function nightOf(at: number): number {
  const since = at - NIGHT;
  const night = Math.floor(since / DAY);
  return night >= 0 && night <= 2 && since - night * DAY < 4 * HOUR ? night : -1;
}

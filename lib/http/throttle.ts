import type { EpochMs } from '../core/time.ts';
import { SECOND } from '../core/time.ts';

/** A caller may make this many requests at once, and one more every half second. */
const BURST = 60;
const EVERY = SECOND / 2;

/**
 * Keeps one caller from using up what all share: DCS allows a limited number of requests, and a plan costs many. Each
 * process counts for itself; a caller's requests are seldom spread over more than a few.
 */
export class Throttle {
  readonly #full = new Map<string, EpochMs>();

  /** Null: go on. Else the number of seconds after which to ask again. */
  ask(caller: string, now: EpochMs): number | null {
    // The instant at which the caller's allowance will be whole again: as far ahead as it has been used.
    const before = this.#full.get(caller) ?? 0;
    // No allowance is ever used that far: the clock was set back, and the caller is not to wait for it.
    const isAhead = before > now + BURST * EVERY;
    const full = (isAhead ? now : Math.max(now, before)) + EVERY;
    const wait = full - now - BURST * EVERY;
    if (wait > 0) return Math.ceil(wait / SECOND);
    this.#full.set(caller, full);
    return null;
  }
}

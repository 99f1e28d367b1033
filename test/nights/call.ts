import type { HoldMatch } from '../../lib/core/hold.ts';
import { type EpochMs, MINUTE, SECOND } from '../../lib/core/time.ts';
import type { Post } from '../../lib/simulator/simulator.ts';
import type { SimulatedBackup, SimulatedInstance, Upgrade } from '../../lib/simulator/world.ts';
import type { Life } from './machine.ts';
import type { Order } from './records.ts';

/** An upgrade call that reached the control plane, and what it began. */
export interface Call {
  life: Life;
  /** Of the caller's clock when the call left, as an offset from the night's start. */
  clock: number;
  leftAt: EpochMs;
  at: EpochMs;
  instance: SimulatedInstance;
  post: Post;
  upgrade: Upgrade | null;
  /** It asked for this backup, and for no upgrade. */
  backup: SimulatedBackup | null;
  /** Of the window that was open by the caller's clock, by the rules as they stood for it; -1 outside of all. */
  opening: number;
  /** Orders of people under which it may have been made. */
  orders: readonly Order[];
  /** Its answer reached the caller as it was given; and the caller came to its end with what it then knew. */
  answered: boolean;
  isKnown: boolean;
  /** From when on; Infinity as long as it is not. */
  knownAt: EpochMs;
}

/** Codes by which DCS says that it will not upgrade this one: denied, and not of the kind (DCS API, error codes). */
const FOR_GOOD: readonly string[] = ['DCS.2003', 'DCS.4008'];

/** Refused so that no other call would be answered otherwise, and whoever called was told, and came to its end. */
export function isForGood({ upgrade, post, isKnown }: Call): boolean {
  return upgrade === null && isKnown && FOR_GOOD.includes(post.code ?? '');
}

export interface PlacedHold {
  match: HoldMatch;
  at: EpochMs;
  releasedAt: EpochMs | null;
  /** An alert's: nobody has looked at what it holds. */
  isAlert?: true;
  /** Until when it may count as in force, where its end may not have been heard of. */
  mayLastUntil?: EpochMs;
}

export interface Violation {
  rule: string;
  detail: string;
}

/** From the last read of holds, and of the clock, to the call: the claim's write and the request limit may take so long. */
export const CLOCK_SLACK = 11 * SECOND;
export const HOLD_SLACK = 20 * SECOND;
/** From the last look at an instance to the call: four ways of four seconds at most, and five for each of the claim and the request limit. */
export const LOOK_SLACK = 26 * SECOND;
/** What was handed to a worker was decided up to this long ago. */
export const DECIDED_AGO = 6 * MINUTE;

import { type EpochMs, HOUR, MINUTE } from './time.ts';

/** When workers were last asked to read a scope, and what had come of it before. */
export interface Asked {
  at: EpochMs;
  /** How many were to be read then. */
  left: number;
  /** How often in a row nothing was read. */
  vain: number;
}

/** What a worker says that had something to read in a scope. */
export interface Answered {
  /** When it began. */
  at: EpochMs;
  read: number;
}

export type Asking = { kind: 'ask' | 'wait' | 'read_here'; asked: Asked };

/** Longer than a worker has, a second one after one that was killed included; shorter than the time between two ticks. */
const ASKED_FOR = 4 * MINUTE;

/** Workers that have read nothing so often in a row are not waited for. */
const MOST_VAIN = 2;

/** What was so long ago says nothing of today's workers. */
const FORGOTTEN_AFTER = HOUR;

/**
 * What a pass does about a scope of which much is `left` to read: ask workers, wait for those that were asked, or, after
 * two that came to nothing, read it itself, for as long as there is much to read.
 */
export function nextAsking(before: Asked | null, answered: Answered | null, left: number, now: EpochMs): Asking {
  if (!before || now - before.at >= FORGOTTEN_AFTER || now < before.at)
    return { kind: 'ask', asked: { at: now, left, vain: 0 } };
  if (before.vain >= MOST_VAIN) return { kind: 'read_here', asked: { ...before, at: now, left } };
  const isAnswered = answered !== null && answered.at >= before.at;
  if (!isAnswered && now - before.at < ASKED_FOR) return { kind: 'wait', asked: before };
  // What is left after an answer may be wanting for another reason; one that was killed has stored some all the same.
  const hasRead = isAnswered ? answered.read > 0 : left < before.left;
  const vain = hasRead ? 0 : before.vain + 1;
  return { kind: vain >= MOST_VAIN ? 'read_here' : 'ask', asked: { at: now, left, vain } };
}

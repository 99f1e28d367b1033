import { type Attempt, isInFlight, isOpen } from './attempt.ts';
import { type EpochMs, HOUR } from './time.ts';
import type { Opening } from './window.ts';

const PREFIX = 'override:';

/** An upgrade that was ordered outside the windows is begun within this time, or not at all: nobody expects it later. */
const STARTS_WITHIN = HOUR;

export function overrideId(runId: string): string {
  return `${PREFIX}${runId}`;
}

/** The opening of its own that an order gets. It closes `need` milliseconds after the last instant at which it may be used. */
export function overrideOpening(runId: string, now: EpochMs, need: number): Opening {
  return { id: overrideId(runId), opens: now, closes: now + STARTS_WITHIN + need, windows: ['override'] };
}

/** Whether windows, freezes and waves are not asked in this opening, because a person said so. */
export function isOverride({ id }: Pick<Opening, 'id'>): boolean {
  return id.startsWith(PREFIX);
}

/**
 * What was ordered and waits for its turn, by instance id. The claims are the memory of it: whoever makes the next pass
 * finds them, and limits, holds and crashes need no other bookkeeping.
 */
export function waitingOverrides(attempts: readonly Attempt[], now: EpochMs): Map<string, Opening> {
  const waiting = attempts.filter(
    (attempt) => isOverride(attempt.opening) && isOpen(attempt) && !isInFlight(attempt) && now < attempt.opening.closes,
  );
  return new Map(waiting.map(({ instanceId, opening }) => [instanceId, { ...opening, windows: ['override'] }]));
}

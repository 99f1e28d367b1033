import { type Attempt, isInFlight, isOpen, noted } from './attempt.ts';
import { type EpochMs, HOUR, iso } from './time.ts';
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

export function orderNote({ closes }: Pick<Opening, 'closes'>): string {
  return `ordered by override, to be begun before ${iso(closes)}`;
}

/**
 * The claim as the order's where it waits for another try in its window: an instance never has two, and what is ordered has
 * its own time and its own tries. What is under way, or is ordered already, stays as it is.
 */
export function underOrder(
  attempt: Attempt,
  { id, opens, closes }: Opening,
  by: Pick<Attempt, 'requestedBy' | 'reason'>,
  now: EpochMs,
): Attempt {
  const waits = isOpen(attempt) && !isInFlight(attempt) && !isOverride(attempt.opening);
  if (!waits || !isOverride({ id })) return attempt;
  const { requestedBy, reason } = by;
  const change = { opening: { id, opens, closes }, calls: 0, retryAt: null, requestedBy, reason };
  return noted(attempt, now, orderNote({ closes }), change);
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

import { queueAlert } from '../core/alert-facts.ts';
import { type Attempt, noted } from '../core/attempt.ts';
import type { Decision } from '../core/decision.ts';
import type { Instance } from '../core/instance.ts';
import { type EpochMs, iso, MINUTE } from '../core/time.ts';
import { type Deps, type Lease, StaleLeaseError } from '../deps.ts';
import { newAttempt } from './claim.ts';
import type { StartOrder } from './preflight.ts';
import type { Gathered } from './tally.ts';
import { GRACE } from './tell.ts';

/** A worker that has not come by then does not come: shorter than the time between two ticks, so that the next one sends again. */
export const HANDED_FOR = 4 * MINUTE;

/**
 * Claims a start for a worker to make. From here on it counts against every limit, whatever becomes of the message.
 * Null: somebody else wrote first, or the right to decide is gone.
 */
export async function handOver(
  deps: Deps,
  lease: Lease,
  order: Omit<StartOrder, 'decision'> & { decision: Decision },
  instance: Instance,
): Promise<Attempt | null> {
  const now = deps.clock.now();
  const handed = { until: now + HANDED_FOR, need: order.slot.need };
  const note = `handed over, to be begun before ${iso(handed.until)}`;
  const { engine, proxy, parts } = order.decision;
  // Of a claim from before, what is the latest may have moved since.
  if (order.earlier) return deps.ledger.save(noted(order.earlier, now, note, { handed, engine, proxy, parts }));
  const attempt = noted(newAttempt(order, instance, parts, { engine, proxy }, now), now, note, { handed });
  try {
    return (await deps.ledger.claim(attempt, lease)) ? attempt : null;
  } catch (error) {
    if (error instanceof StaleLeaseError) return null;
    throw error;
  }
}

/** Tells the workers. A message that does not arrive is missed by the next pass, which finds the claim as it was. */
export async function sendStarts(deps: Deps, claimed: readonly Attempt[], tally: Gathered): Promise<void> {
  if (!deps.dispatcher || claimed.length === 0) return;
  try {
    await deps.dispatcher.send(claimed.map(({ id }) => ({ kind: 'start', attemptId: id })));
  } catch (error) {
    deps.log('error', 'starts_not_sent', { attempts: claimed.map(({ id }) => id), error });
    const alert = queueAlert('unsent', 'they could not be sent to the workers', deps.clock.now());
    tally.raised.push({ alert, grace: GRACE });
  }
}

/** The claim is nobody's any more: the next decision is made as if it had not been handed over. */
export function takenBack(attempt: Attempt, now: EpochMs, why: string): Attempt {
  return noted(attempt, now, `not called: ${why}`, { handed: null });
}

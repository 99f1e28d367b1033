import { type Attempt, claimId, type FromTo, unknownYet } from '../core/attempt.ts';
import type { Slot } from '../core/decide.ts';
import type { Decision } from '../core/decision.ts';
import type { Instance, Part } from '../core/instance.ts';
import { isOverride, orderNote } from '../core/override.ts';
import type { Policy } from '../core/policy.ts';
import { sizeClassOf } from '../core/stock.ts';
import { iso, MINUTE, SECOND } from '../core/time.ts';
import type { Opening } from '../core/window.ts';

/** Longer than a start takes, reads with their retries included; renewed before each start. */
export const LEASE_LASTS = 3 * MINUTE;

/** Between the write that announces the call and the call itself no more than this may pass; else it is not made. */
export const CALL_WITHIN = 5 * SECOND;

/**
 * What is read just before a call, from its first request on, and the holds, which a person sees at work at once, are no
 * older than this when the call is announced. A machine may stand still for any time, and a slow service is as good.
 */
export const READS_WITHIN = MINUTE;
export const HOLDS_WITHIN = 10 * SECOND;

/** No answer comes later than this after the call left: the client gives up before. */
export const CALL_LASTS = 20 * SECOND;

/** Who asked for what, and when it may be done. */
export interface ClaimOrder {
  policy: Policy;
  decision: Pick<Decision, 'instanceId' | 'name' | 'scope' | 'wave'> & Partial<Pick<Decision, 'engine' | 'proxy'>>;
  slot: Slot;
  requestedBy: string;
  reason: string;
}

/** A claim whose call has not been made. `parts` and `versions`: what it would ask for, as last seen. */
export function newAttempt(
  order: ClaimOrder,
  instance: Instance,
  parts: Part[],
  versions: { engine: FromTo; proxy: FromTo },
  now: number,
): Attempt {
  const { decision, requestedBy, reason } = order;
  const { opening } = order.slot;
  return {
    ...unknownYet(),
    id: claimId(decision.instanceId, opening),
    instanceId: decision.instanceId,
    name: decision.name,
    scope: decision.scope,
    ...reachOf(order),
    wave: decision.wave ?? '',
    opening: { id: opening.id, opens: opening.opens, closes: opening.closes },
    state: 'claimed',
    tags: instance.tags,
    enterpriseProjectId: instance.enterpriseProjectId,
    sizeClass: sizeClassOf(instance),
    requestedBy,
    reason,
    claimedAt: now,
    calledAt: null,
    parts,
    ...versions,
    updates: [{ at: now, state: 'claimed', note: claimNote(opening) }],
    calls: 0,
  };
}

/** An endpoint and credentials of its own are remembered, for the case that the policy forgets the scope. */
function reachOf({ policy, decision }: ClaimOrder): Pick<Attempt, 'reach'> {
  const { endpoint, credentials } = policy.scopes.find(({ id }) => id === decision.scope) ?? {};
  if (endpoint === undefined && credentials === undefined) return {};
  return {
    reach: { ...(endpoint === undefined ? {} : { endpoint }), ...(credentials === undefined ? {} : { credentials }) },
  };
}

function claimNote(opening: Opening): string {
  if (isOverride(opening)) return orderNote(opening);
  return `claimed for the window that opened ${iso(opening.opens)}`;
}

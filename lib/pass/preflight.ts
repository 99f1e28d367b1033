import type { Approval } from '../core/approval.ts';
import type { Attempt } from '../core/attempt.ts';
import type { Slot } from '../core/decide.ts';
import type { Reason } from '../core/decision.ts';
import { type Instance, type Part, type Scope, taskOutcome } from '../core/instance.ts';
import { isOverride } from '../core/override.ts';
import { recheck } from '../core/recheck.ts';
import { dueParts, startableParts, targetOf } from '../core/stock.ts';
import { DAY, type EpochMs } from '../core/time.ts';
import type { Opening } from '../core/window.ts';
import type { DcsFailure, Deps } from '../deps.ts';
import { CALL_WITHIN, type ClaimOrder, HOLDS_WITHIN, READS_WITHIN } from './claim.ts';
import { failureOf } from './failure.ts';
import { askGates } from './gauge.ts';
import { holdsNow } from './holds.ts';

export interface StartOrder extends ClaimOrder {
  scope: Scope;
  /** The attempt of this opening that was refused before, or that was handed over; or null. */
  earlier: Attempt | null;
  /** Its tags as the list told them, for an answer that tells none. */
  tags?: Instance['tags'];
  /** Scope id → why nothing can be started there; it may grow meanwhile. */
  stoppedScopes: ReadonlyMap<string, string>;
  /** What a person approved, where the wave asks for it. */
  approval: Approval | null;
}

export interface NotStarted {
  why: string;
  /** Absent where no word says more than that it may not start any more. */
  reason?: Reason;
  failure: DcsFailure | null;
  /** What was read just before the call. */
  read?: Instance;
}

/**
 * What the decision was made from may be minutes old, or another's: everything that forbids a start is asked again.
 * `backup`: it is to be backed up first, so the want of a backup has to be all that keeps it back.
 */
export async function preflight(
  deps: Deps,
  order: StartOrder,
  signal?: AbortSignal,
  wanted: 'upgrade' | 'backup' = 'upgrade',
): Promise<{ instance: Instance; parts: Part[]; slot: Slot } | NotStarted> {
  const { policy, scope, decision } = order;
  const no = (why: string) => ({ why, failure: null });
  const readsSince = deps.clock.now();
  try {
    const read = await deps.dcs.showInstance(scope, decision.instanceId, signal);
    // An answer may leave the tags out (DCS API); then those count that the list told.
    const tags = Object.keys(read.tags).length > 0 ? read.tags : (order.tags ?? {});
    const instance = { ...read, tags, versions: await deps.dcs.showVersions(scope, decision.instanceId, signal) };
    const gated = policy.gates && (await askGates(deps, policy.gates, scope, instance, signal));
    const isLacking = wanted === 'backup' && gated?.no?.backup === 'lacking';
    if (gated?.no && !isLacking && !signal?.aborted)
      return { why: gated.no.detail, reason: gated.no.reason, failure: gated.failure };
    if (wanted === 'backup' && !isLacking) return no('its gates let it pass by now: it starts at the next tick');
    const busy = await whyBusy(deps, scope, decision.instanceId, signal);
    if (busy) return { why: busy, reason: 'instance_busy', failure: null };
    const holdsSince = deps.clock.now();
    const holds = await holdsNow(deps.ledger, policy, holdsSince);
    const now = deps.clock.now();
    if (signal?.aborted) return no('the run has no time left');
    const { opening, need } = order.slot;
    const wave = decision.wave ?? '';
    const { stoppedScopes, approval } = order;
    const slot = recheck({ now, policy, wave, opening, need, instance, holds, stoppedScopes, approval });
    if (typeof slot === 'string') return { ...no(slot), read: instance };
    if (hasMoved(order, instance))
      return { ...no('its latest version has moved since it was decided'), read: instance };
    if (now - readsSince > READS_WITHIN || now - holdsSince > HOLDS_WITHIN)
      return no('reading it and the holds took too long');
    const parts = isOverride(opening) ? dueParts(policy, instance) : startableParts(policy, instance, now);
    return { instance, parts, slot };
  } catch (error) {
    const failure = failureOf(error);
    return { why: `${failure.message} (${failure.code})`, failure };
  }
}

/**
 * What the status does not tell: a task that is at work on it. Not every operation has a status of its own, and it is not
 * documented that an upgrade which somebody else began shows in one at once.
 */
async function whyBusy(
  { dcs, clock }: Deps,
  scope: Scope,
  instanceId: string,
  signal?: AbortSignal,
): Promise<string | null> {
  const tasks = await dcs.listTasks(scope, instanceId, clock.now() - DAY, signal);
  const running = tasks.find(({ status }) => taskOutcome(status) === 'running');
  return running ? `task ${running.id} (${running.name}) is ${running.status}` : null;
}

/**
 * What a wave may run was shown by the waves before it: a version that came out since the decision was not. The next pass
 * reads them all anew (fleet.ts) and decides on what is there then.
 */
function hasMoved({ decision, policy, slot }: StartOrder, instance: Instance): boolean {
  if (isOverride(slot.opening) || decision.engine === undefined || decision.proxy === undefined) return false;
  const { engine, proxy } = decision;
  return engine.to !== targetOf(policy, instance, 'engine').to || proxy.to !== targetOf(policy, instance, 'proxy').to;
}

/** Why a call that was announced at `announcedAt` is not made any more, or null. */
export function whyTooLate(announcedAt: EpochMs, opening: Opening, now: EpochMs, signal?: AbortSignal): string | null {
  if (signal?.aborted) return 'the run has no time left';
  if (now >= opening.closes) return 'the window has closed';
  return now - announcedAt > CALL_WITHIN ? 'writing the claim took too long' : null;
}

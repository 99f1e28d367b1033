import type { Approval } from '../core/approval.ts';
import { type Attempt, isHanded, noted } from '../core/attempt.ts';
import type { Slot } from '../core/decide.ts';
import type { Reason } from '../core/decision.ts';
import { answered } from '../core/follow.ts';
import { type Instance, type Part, type Scope, taskOutcome } from '../core/instance.ts';
import { isOverride } from '../core/override.ts';
import { recheck } from '../core/recheck.ts';
import { dueParts, startableParts, targetOf } from '../core/stock.ts';
import { DAY, type EpochMs } from '../core/time.ts';
import type { Opening } from '../core/window.ts';
import { type DcsFailure, type Deps, hostOf, type Lease, StaleLeaseError, type UpgradeOutcome } from '../deps.ts';
import { CALL_LASTS, CALL_WITHIN, type ClaimOrder, LEASE_LASTS, newAttempt } from './claim.ts';
import { failureOf } from './failure.ts';
import { askGates } from './gauge.ts';
import { holdsNow } from './holds.ts';
import { saveOnTop } from './save.ts';

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

export type Started =
  | { kind: 'called'; attempt: Attempt; outcome: UpgradeOutcome }
  /** Not called, and why: what was read just before the call no longer allows it, or somebody else was faster. */
  | ({ kind: 'not_called' } & NotStarted);

export interface NotStarted {
  why: string;
  /** Absent where no word says more than that it may not start any more. */
  reason?: Reason;
  failure: DcsFailure | null;
  /** What was read just before the call. */
  read?: Instance;
}

/**
 * Starts one upgrade: reads the instance and its versions afresh, writes the claim, and only then makes the call.
 * The claim says what is about to happen, so a run that is killed at any point leaves a trace that the next pass looks at.
 */
export async function start(
  deps: Deps,
  lease: () => Lease | null,
  given: StartOrder,
  signal?: AbortSignal,
): Promise<Started> {
  const { dcs, clock, log } = deps;
  const { scope, decision, policy } = given;
  const checked = await preflight(deps, given, signal);
  if ('why' in checked) return { kind: 'not_called', ...checked };
  const { instance, parts, slot } = checked;
  const order = { ...given, slot };
  const announced = await announce(deps, lease(), order, instance, parts);
  if (!announced) return { kind: 'not_called', why: 'another run was faster', failure: null };
  const late = whyTooLate(announced.calledAt!, order.slot.opening, clock.now(), signal);
  if (late) {
    await deps.ledger.save(
      noted(announced, clock.now(), `not called: ${late}`, { lookUntil: null, calls: announced.calls - 1 }),
    );
    return { kind: 'not_called', why: late, failure: null };
  }
  const wanted = Object.fromEntries(parts.map((part) => [part, policy.upgrade[part]!]));
  log('info', 'upgrade_call', { instanceId: decision.instanceId, name: decision.name, attempt: announced.id, wanted });
  const outcome = await dcs.upgrade(scope, decision.instanceId, wanted);
  logOutcome(deps, announced, outcome);
  return { kind: 'called', attempt: await saveAnswer(deps, announced, outcome), outcome };
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
    const holds = await holdsNow(deps.ledger, policy, deps.clock.now());
    const now = deps.clock.now();
    if (signal?.aborted) return no('the run has no time left');
    const { opening, need } = order.slot;
    const wave = decision.wave ?? '';
    const { stoppedScopes, approval } = order;
    const slot = recheck({ now, policy, wave, opening, need, instance, holds, stoppedScopes, approval });
    if (typeof slot === 'string') return { ...no(slot), read: instance };
    if (hasMoved(order, instance))
      return { ...no('its latest version has moved since it was decided'), read: instance };
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

/**
 * Writes what is about to happen. Null: somebody else wrote first, or the right to decide is gone. What was handed over
 * was decided under the lease already; of those that take it up at once, the first to write makes the call.
 */
async function announce(
  deps: Deps,
  lease: Lease | null,
  order: StartOrder,
  instance: Instance,
  parts: Part[],
): Promise<Attempt | null> {
  const now = deps.clock.now();
  const lookUntil = now + CALL_WITHIN + CALL_LASTS + order.policy.limits.sightLag;
  const calls = (order.earlier?.calls ?? 0) + 1;
  const versions = {
    engine: targetOf(order.policy, instance, 'engine'),
    proxy: targetOf(order.policy, instance, 'proxy'),
  };
  const change = { calledAt: now, calledOn: hostOf(deps.holder), lookUntil, calls, parts, handed: null, ...versions };
  if (!lease && !(order.earlier && isHanded(order.earlier))) return null;
  if (order.earlier) {
    const { opens, closes } = order.slot.opening;
    const opening = { id: order.earlier.opening.id, opens, closes };
    const saved = await deps.ledger.save(noted(order.earlier, now, `call ${calls}`, { ...change, opening }));
    if (!saved || !lease || (await isStillHeld(deps, lease))) return saved;
    await deps.ledger.save(noted(saved, now, 'not called: another run decides', { lookUntil: null, calls: calls - 1 }));
    return null;
  }
  const attempt = { ...newAttempt(order, instance, parts, versions, now), ...change };
  try {
    return (await deps.ledger.claim(attempt, lease!)) ? attempt : null;
  } catch (error) {
    if (error instanceof StaleLeaseError) return null;
    throw error;
  }
}

/**
 * Asked after the write: whoever gets the lease later reads what was written, and whoever got it before is seen here. A claim
 * needs no such question, as the ledger asks it itself.
 */
export async function isStillHeld(deps: Deps, lease: Lease): Promise<boolean> {
  const renewed = await deps.ledger.acquireLease(deps.holder, LEASE_LASTS, deps.clock.now());
  return renewed?.fence === lease.fence;
}

/** Why a call that was announced at `announcedAt` is not made any more, or null. */
export function whyTooLate(announcedAt: EpochMs, opening: Opening, now: EpochMs, signal?: AbortSignal): string | null {
  if (signal?.aborted) return 'the run has no time left';
  if (now >= opening.closes) return 'the window has closed';
  return now - announcedAt > CALL_WITHIN ? 'writing the claim took too long' : null;
}

function logOutcome({ log }: Deps, attempt: Attempt, outcome: UpgradeOutcome): void {
  const about = {
    instanceId: attempt.instanceId,
    name: attempt.name,
    attempt: attempt.id,
    requestId: outcome.requestId,
  };
  if (outcome.kind === 'accepted') {
    log('info', 'upgrade_accepted', { ...about, taskId: outcome.taskId });
    return;
  }
  const { code, status, message, rule } = outcome;
  const level = rule.severity === 'info' ? 'info' : rule.severity === 'warning' ? 'warn' : 'error';
  log(level, `upgrade_${outcome.kind}`, {
    ...about,
    error: code,
    status,
    message,
    class: rule.class,
    stops: rule.stops,
    hint: rule.hint,
  });
}

/** A later call was made meanwhile: that this one was not accepted says nothing about it. */
function saveAnswer(deps: Deps, announced: Attempt, outcome: UpgradeOutcome): Promise<Attempt> {
  return saveOnTop(
    deps,
    announced,
    (base) => answered(base, outcome, deps.clock.now()),
    ({ state, calledAt }) => {
      const isOverdue = calledAt !== announced.calledAt && outcome.kind !== 'accepted';
      return state === 'claimed' && !isOverdue;
    },
  );
}

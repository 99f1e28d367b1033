import { type Attempt, isHanded, noted } from '../core/attempt.ts';
import { answered } from '../core/follow.ts';
import type { Instance, Part } from '../core/instance.ts';
import { targetOf } from '../core/stock.ts';
import { type Deps, hostOf, type Lease, StaleLeaseError, type UpgradeOutcome } from '../deps.ts';
import { CALL_LASTS, CALL_WITHIN, LEASE_LASTS, newAttempt } from './claim.ts';
import { type NotStarted, preflight, type StartOrder, whyTooLate } from './preflight.ts';
import { saveOnTop } from './save.ts';

export type Started =
  | { kind: 'called'; attempt: Attempt; outcome: UpgradeOutcome }
  /** Not called, and why: what was read just before the call no longer allows it, or somebody else was faster. */
  | ({ kind: 'not_called' } & NotStarted);

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

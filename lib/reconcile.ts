import { approvalAlerts } from './core/alert-approval.ts';
import { holdAlert } from './core/alert-facts.ts';
import { silenceAlert } from './core/alert-silence.ts';
import { planOf } from './core/approval.ts';
import type { Attempt } from './core/attempt.ts';
import { calendarFor } from './core/calendars.ts';
import { deadlineAlerts } from './core/deadline.ts';
import { decide, type Verdict } from './core/decide.ts';
import type { Decision } from './core/decision.ts';
import { feedAlerts } from './core/feed-alert.ts';
import { waitingOverrides } from './core/override.ts';
import { type Policy, wantsApproval } from './core/policy.ts';
import { failedOnes } from './core/recovered.ts';
import { memoryOf, type Scene } from './core/stock.ts';
import type { EpochMs } from './core/time.ts';
import type { Deps, PolicyState } from './deps.ts';
import { act } from './pass/act.ts';
import { approvalFor } from './pass/approval.ts';
import { backUpFirst } from './pass/back-up.ts';
import { LEASE_LASTS } from './pass/claim.ts';
import { type Observation, recall, remember, withReread } from './pass/fleet.ts';
import { followAll } from './pass/follow.ts';
import { decideGated, gatedLately } from './pass/gauge.ts';
import { holdsNow, movesNow, silences } from './pass/holds.ts';
import { observe, oldBefore } from './pass/observe.ts';
import { claimOrders, withOrders } from './pass/order.ts';
import { gatheredNothing, type PassOptions, type PassReport, type Tally } from './pass/tally.ts';
import { GRACE, spentScopes, tell } from './pass/tell.ts';

export type { PolicyState } from './deps.ts';
export { type Observed, observeScopes } from './pass/survey.ts';
export type { PassError, PassOptions, PassReport } from './pass/tally.ts';
export { carryOut, type WorkDone } from './pass/work.ts';

/**
 * One pass: observe → decide → act → tell. It looks at the whole world anew, so a lost tick, a doubled event or a crash
 * between two steps needs no special case. What runs is followed in any case; starts need a valid policy, an open
 * window, and the lease. @throws when the ledger cannot be read or written
 */
export async function reconcile(deps: Deps, state: PolicyState, options: PassOptions): Promise<PassReport> {
  const now = (options.dryRun && options.at) || deps.clock.now();
  const report: PassReport = {
    now,
    opening: null,
    decisions: [],
    waves: [],
    plan: null,
    started: [],
    followed: [],
    finished: [],
    errors: [],
    alerts: [],
    waiting: 0,
  };
  const tally: Tally = {
    report,
    reread: [],
    ...gatheredNothing(),
    policy: state.problem === null ? state.policy : null,
  };
  const active = await deps.ledger.activeAttempts();
  const mayFollow = !options.dryRun && active.length > 0;
  const attempts = mayFollow ? await followAll(deps, state.policy, active, tally, options.signal) : active;
  const wasOpen = new Set(active.filter(({ finishedAt }) => finishedAt === null).map(({ id }) => id));
  report.followed = attempts.filter(({ finishedAt }) => finishedAt === null);
  report.finished = attempts.filter(({ id, finishedAt }) => finishedAt !== null && wasOpen.has(id));
  let broken: { error: unknown } | null = null;
  if (state.problem === null) {
    for (const alert of feedAlerts(state.policy, now)) tally.raised.push({ alert, grace: GRACE });
    for (const hold of await silences(deps.ledger, state.policy, now))
      tally.raised.push({ alert: silenceAlert(hold), grace: 0 });
    // What was followed to its end has to be told all the same.
    await decideAndAct(deps, state.policy, attempts, options, tally).catch((error: unknown) => {
      broken = { error };
    });
  }
  report.errors = tally.failures.map(({ scope, instanceId, failure: { code, message, requestId, rule } }) => {
    const stopsScope = instanceId === null || rule.stops === 'scope';
    return { scope, instanceId, code, message, requestId, hint: rule.hint, stopsScope };
  });
  // One that was refused before and called again now is told of as it is now.
  const restarted = new Set(report.started.map(({ id }) => id));
  report.followed = report.followed.filter(({ id }) => !restarted.has(id));
  // Refused for good is an end as well.
  report.finished.push(...report.started.filter(({ finishedAt }) => finishedAt !== null));
  const current = [...attempts.filter(({ id }) => !restarted.has(id)), ...report.started];
  try {
    if (!options.dryRun) report.alerts = await tell(deps, current, state.problem, tally, report.opening);
  } catch (error) {
    broken ??= { error };
  }
  if (broken) throw (broken as { error: unknown }).error;
  return report;
}

async function decideAndAct(
  deps: Deps,
  policy: Policy,
  active: readonly Attempt[],
  options: PassOptions,
  tally: Tally,
): Promise<void> {
  const { report } = tally;
  const names = [...new Set(policy.rollout.flatMap((wave) => wave.windows))];
  report.opening = calendarFor(policy, names, { maintain: null }).at(report.now);
  // An instance's own window is not known before the fleet is: whoever uses one has the fleet looked at on every tick.
  const isOrdered = options.override !== undefined || waitingOverrides(active, report.now).size > 0;
  const isOpen =
    isOrdered || report.opening !== null || names.some((name) => policy.windows[name]?.kind === 'instance');
  if (!isOpen && !options.observeAlways && !options.explain) return;
  const seen = await see(
    deps,
    policy,
    !options.fromMemory && (isOpen || options.observeAlways === true),
    report.opening?.opens ?? null,
    options,
  );
  tally.failures.push(...seen.failures);
  report.waiting = seen.waiting.size;
  // Of a scope that workers read they know whether it can be read: their list alone says that it is well.
  const elsewhere = new Set(
    seen.instances.flatMap(({ instanceId, scope }) => (seen.waiting.has(instanceId) ? [scope] : [])),
  );
  tally.listed = seen.listed.filter((scope) => !elsewhere.has(scope));
  const lease =
    isOpen && !options.dryRun ? await deps.ledger.acquireLease(deps.holder, LEASE_LASTS, deps.clock.now()) : null;
  try {
    const { verdict, scene } = await judge(deps, policy, seen, options, tally);
    report.waves = verdict.waves;
    tally.failed = failedOnes(scene.attempts, verdict.decisions, seen.instances);
    if (report.opening && wantsApproval(policy))
      for (const alert of approvalAlerts(verdict.decisions, report.opening, report.now))
        tally.raised.push({ alert, grace: 0 });
    if (options.dryRun) report.plan = planOf(policy, verdict.decisions, report.now);
    await remember(deps, seen, options.dryRun ? [] : verdict.decisions);
    report.decisions = askedFor(verdict.decisions, seen, options);
    if (options.dryRun) return;
    for (const hold of verdict.newHolds) await deps.ledger.putHold(hold);
    if (options.override) report.decisions = await claimOrders(deps, scene, report.decisions, lease, options);
    if (isOpen) {
      const wanted = {
        ...verdict,
        decisions: report.decisions,
        instances: seen.instances,
        approval: scene.approval ?? null,
      };
      await act(deps, policy, wanted, lease, options, tally);
      if (wanted.backups.size > 0) {
        report.decisions = await backUpFirst(deps, policy, wanted, report.decisions, lease, options);
      }
    }
    await remember(deps, withReread(policy, seen, tally.reread, report.now), report.decisions);
  } finally {
    if (lease) await deps.ledger.releaseLease(lease);
  }
  tally.judged = true;
  for (const alert of deadlineAlerts(policy, report.decisions, seen.behindSince, report.now))
    tally.raised.push({ alert, grace: 0 });
  for (const hold of await deps.ledger.holds()) {
    const held = seen.instances.find(({ instanceId }) => instanceId === hold.match.instanceId);
    const alert = holdAlert(hold, report.now, held);
    if (alert) tally.raised.push({ alert, grace: 0 });
  }
}

function askedFor(decisions: Decision[], { instances }: Observation, { only }: PassOptions): Decision[] {
  if (!only) return decisions;
  const asked = new Set(instances.filter(only).map(({ instanceId }) => instanceId));
  return decisions.filter(({ instanceId }) => asked.has(instanceId));
}

async function see(
  deps: Deps,
  policy: Policy,
  really: boolean,
  opened: EpochMs | null,
  options: PassOptions,
): Promise<Observation> {
  if (!really) return recall(deps, policy);
  const attempts = await deps.ledger.attempts({ since: deps.clock.now() - memoryOf(policy) });
  const { only: first, override, dryRun, signal } = options;
  return observe(deps, policy, {
    oldBefore: oldBefore(attempts, opened),
    // Who asks for a plan wants the whole of it.
    mayAsk: !dryRun,
    ...(first ? { first } : {}),
    isUrgent: override !== undefined,
    signal: options.lookSignal ?? signal,
  });
}

/** The ledger is read after the lease was taken, so that two passes never decide from the same past. */
async function judge(
  deps: Deps,
  policy: Policy,
  seen: Observation,
  options: PassOptions,
  tally: Tally,
): Promise<{ verdict: Verdict; scene: Scene }> {
  const now = (options.dryRun && options.at) || deps.clock.now();
  const [attempts, holds, moves, conditions, approval] = await Promise.all([
    deps.ledger.attempts({ since: now - memoryOf(policy) }),
    holdsNow(deps.ledger, policy, now),
    movesNow(deps.ledger, policy),
    deps.ledger.conditions(),
    approvalFor(deps.ledger, policy),
  ]);
  const stoppedScopes = spentScopes(conditions, tally.report.opening?.opens ?? now);
  for (const { during, scope, instanceId, failure } of tally.failures) {
    if (during === 'gates') continue;
    if (instanceId === null || failure.rule.stops === 'scope') {
      stoppedScopes.set(scope, `${failure.message} (${failure.code})`);
    }
  }
  const { instances, behindSince } = seen;
  const gated = gatedLately(seen.stored, now);
  const given = { now, policy, instances, attempts, holds, moves, behindSince, stoppedScopes, approval, gated };
  const scene = withOrders({ ...given, ...(options.only ? { asked: options.only } : {}) }, options);
  // What was remembered, or another time, is not what the gates would say now.
  const isNow = !options.fromMemory && now !== options.at;
  return { verdict: isNow ? await decideGated(deps, scene, tally, options.signal) : decide(scene), scene };
}

import type { Alert } from '../core/alert.ts';
import { isSettledAttempt, unseenAlert, untold } from '../core/alert-attempt.ts';
import { kindOf, policyAlert, scopeAlert, unknownCodeAlert, unreadableAlert } from '../core/alert-facts.ts';
import { byCause, groupedAlert } from '../core/alert-group.ts';
import type { Attempt } from '../core/attempt.ts';
import { isKnown, ruleFor } from '../core/errors.ts';
import { marked, markOf, reachedBy } from '../core/marks.ts';
import { wantsApproval } from '../core/policy.ts';
import { type EpochMs, MINUTE } from '../core/time.ts';
import type { Opening } from '../core/window.ts';
import type { Condition, DcsFailure, Deps } from '../deps.ts';
import { approvalsAhead } from './approvals.ts';
import { tellConditions } from './conditions.ts';
import { deadlinesMeanwhile } from './deadlines.ts';
import { Delivery } from './delivery.ts';
import { ownOpenings, tellDigests } from './digest.ts';
import { isLetter } from './letters.ts';
import { tellRecoveries } from './recovered.ts';
import type { Gathered } from './tally.ts';

/** A scope, or a queue, that fails for a reason that passes is told only when it lasts. */
export const GRACE = 15 * MINUTE;

const ruleOf = (code: string) => ruleFor(code, 0);

/**
 * Tells what the stored attempts say and was not told yet, one alert for one cause, and remembers who was. A receiver that
 * fails is tried again by a later pass; a crash in between tells twice, under the same key.
 */
export async function tellAttempts(deps: Deps, attempts: readonly Attempt[], delivery: Delivery): Promise<Alert[]> {
  const now = deps.clock.now();
  const alerts: Alert[] = [];
  const current = new Map(attempts.map((attempt) => [attempt.id, attempt]));
  const pending = attempts.flatMap((attempt) =>
    untold(attempt, now, ruleOf).map((alert) => {
      const reached = reachedBy(attempt.told, markOf(alert));
      return { attempt, alert, reached, audience: deps.notifier.wanting(alert) };
    }),
  );
  // When somebody else wrote first, the next pass tells it again: at least once, never silently not at all.
  const save = async (next: Attempt): Promise<boolean> => {
    next.settled = isSettledAttempt(next, now, ruleOf);
    const saved = await deps.ledger.save(next);
    if (saved) current.set(saved.id, saved);
    else current.delete(next.id);
    return saved !== null;
  };
  /**
   * Written before it is sent: what cannot be written down afterwards is told again under the same key, whoever has failed for
   * the same cause by then. False: another pass has written first, and tells it.
   */
  const announce = async ({ id }: Attempt, { cause, key, at }: Alert, mark: string): Promise<boolean> => {
    const known = current.get(id);
    if (!known || cause === undefined || known.toldAs?.[mark]?.key === key) return known !== undefined;
    return save({ ...known, toldAs: { ...known.toldAs, [mark]: { key, at } } });
  };
  for (const cause of byCause(pending)) {
    const whole = groupedAlert(cause);
    const group: typeof pending = [];
    for (const one of cause) if (await announce(one.attempt, whole, markOf(whole))) group.push(one);
    const [first] = group;
    if (!first) continue;
    const { key, at } = whole;
    const alert = group.length === cause.length ? whole : { ...groupedAlert(group as [typeof first]), key, at };
    const result = await delivery.give(alert, first.reached);
    if (result.told) alerts.push(alert);
    if (!result.told && !result.complete) continue;
    for (const { attempt } of group) {
      const known = current.get(attempt.id);
      if (known) await save({ ...known, told: marked(known.told, alert, result, cause.length > 1) });
    }
  }
  for (const attempt of current.values())
    if (isSettledAttempt(attempt, now, ruleOf) !== attempt.settled) await save({ ...attempt });
  return alerts;
}

/** Tells all that a pass has found out. `opening`: of any window, now. */
export async function tell(
  deps: Deps,
  attempts: readonly Attempt[],
  problem: string | null,
  gathered: Gathered,
  opening: Opening | null = null,
): Promise<Alert[]> {
  const now = deps.clock.now();
  const raised = [...gathered.raised];
  const failing = new Set<string>();
  const unreadable: { scope: string; instanceId: string; failure: DcsFailure; kind: string }[] = [];
  if (problem !== null) raised.push({ alert: policyAlert(problem, now), grace: 0 });
  for (const { during, scope, instanceId, failure, attempt } of gathered.failures) {
    const { code, message, rule } = failure;
    if (!isKnown(code)) raised.push({ alert: unknownCodeAlert(code, message, now), grace: 0 });
    // A gate that cannot be read keeps back what is due: that is told, whatever it stops besides.
    if (instanceId !== null && rule.stops !== 'scope' && (during !== 'gates' || rule.class === 'gone')) {
      if (attempt) raised.push({ alert: unseenAlert(attempt, failure, now), grace: GRACE });
      else if (during === 'read') unreadable.push({ scope, instanceId, failure, kind: kindOf(failure) });
      continue;
    }
    failing.add(`${scope}:${during}`);
    raised.push({ alert: scopeAlert(scope, during, failure, now), grace: rule.retry === 'never' ? 0 : GRACE });
  }
  // One cause is one alert, however many instances it strikes.
  for (const group of Map.groupBy(unreadable, ({ scope, kind }) => `${scope} ${kind}`).values()) {
    const [{ scope, failure }] = group as [(typeof group)[number]];
    const ids = [...new Set(group.map(({ instanceId }) => instanceId))];
    raised.push({ alert: unreadableAlert(scope, ids, failure, now), grace: GRACE });
  }
  const known = new Map((await deps.ledger.conditions()).map((condition) => [condition.key, condition]));
  let ahead: Alert[] | null = null;
  if (!gathered.judged) {
    // It is asked here, because what looks ahead is loaded for those policies alone.
    if (gathered.policy && wantsApproval(gathered.policy))
      ahead = await approvalsAhead(deps, gathered.policy, known, now);
    for (const alert of [...(ahead ?? []), ...(await deadlinesMeanwhile(deps.ledger, gathered.policy, known, now))])
      raised.push({ alert, grace: 0 });
  }
  for (const { key, alert, toldAt } of known.values())
    if (key.startsWith('ledger:') && toldAt === null) raised.push({ alert, grace: 0 });
  // A scope is spent for as long as its calls go on being refused.
  for (const { alert } of raised) {
    const before = alert.labels.during === 'call' ? known.get(alert.key) : undefined;
    if (before) known.set(alert.key, { ...before, seenAt: now });
    if (before) await deps.ledger.putCondition({ ...before, seenAt: now });
  }
  const delivery = new Delivery(deps, [...known.values()]);
  const told = await tellAttempts(deps, attempts, delivery);
  if (gathered.failed?.length) told.push(...(await tellRecoveries(deps, gathered.failed, delivery)));
  for (const alert of delivery.alerts()) raised.push({ alert, grace: GRACE });
  const kinds = [
    ...gathered.listed.map((scope) => `${scope}:read`),
    ...gathered.accepted.map((scope) => `${scope}:call`),
    ...gathered.gauged.map((scope) => `${scope}:gates`),
  ];
  const well = kinds.filter((kind) => !failing.has(kind));
  const read = [...gathered.listed, ...gathered.looked];
  const isOver = (key: string): boolean => {
    if (key.startsWith('policy:')) return problem === null;
    if (key.startsWith('silence:')) return problem === null;
    if (key.startsWith('attempt:')) return gathered.judged;
    // What happened once, and is there until it was told.
    if (key.startsWith('ledger:')) return true;
    // A warning ends with the page that it became.
    const page = key.replace(/^deadline:warn:/, 'deadline:page:');
    if (page !== key && raised.some(({ alert }) => alert.key === page)) return false;
    if (key.startsWith('hold:') || key.startsWith('freeze:') || key.startsWith('deadline:')) return gathered.judged;
    if (key.startsWith('approval:')) {
      const closes = Date.parse(known.get(key)?.alert.labels.closes ?? '');
      return gathered.judged || ahead !== null || now >= closes;
    }
    if (key.startsWith('queue:')) return gathered.accepted.length > 0;
    if (/^(?:receiver|alerts|letter):/.test(key)) return delivery.isOver(key);
    if (key.startsWith('backup:')) return gathered.looked.includes(key.slice('backup:'.length));
    if (key.startsWith('unseen:')) return gathered.looked.includes(key.slice('unseen:'.length));
    if (key.startsWith('instances:')) return read.some((scope) => key.startsWith(`instances:${scope}:`));
    return well.some((kind) => key.startsWith(`scope:${kind}:`));
  };
  told.push(...(await tellDigests(deps, opening ? [opening] : ownOpenings(attempts, now), known, delivery)));
  return [...told, ...(await tellConditions(deps, known, raised, isOver, delivery))];
}

/**
 * Scopes, by id, in which calls were refused since then for a reason that a person has to mend, and what it is. Such calls
 * are not made anew for every instance: once an opening is enough.
 */
export function spentScopes(conditions: readonly Condition[], since: EpochMs): Map<string, string> {
  const spent = new Map<string, string>();
  for (const { key, alert, endedAt, seenAt = alert.at } of conditions) {
    if (endedAt !== undefined || isLetter(key)) continue;
    const { scope, during, code } = alert.labels;
    const isSpent = during === 'call' && ruleOf(code ?? '').retry === 'never' && seenAt >= since;
    if (isSpent && scope) spent.set(scope, `${alert.summary} ${alert.action}`);
  }
  return spent;
}

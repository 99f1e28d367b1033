import {
  type Alert,
  isSettledAttempt,
  markOf,
  overAlert,
  policyAlert,
  scopeAlert,
  unknownCodeAlert,
  unreadableAlert,
  untold,
} from '../core/alert.ts';
import { byCause, groupedAlert } from '../core/alert-group.ts';
import type { Attempt } from '../core/attempt.ts';
import { isKnown, ruleFor } from '../core/errors.ts';
import { type EpochMs, MINUTE } from '../core/time.ts';
import type { Opening } from '../core/window.ts';
import type { Condition, DcsFailure, Deps } from '../deps.ts';
import { Delivery } from './delivery.ts';
import { tellDigests } from './digest.ts';
import type { Gathered } from './tally.ts';

/** A fact that is not an attempt's: a scope that cannot be read, a hold that this program set, a policy that does not parse. */
export interface Raised {
  alert: Alert;
  /** It is told only when it has lasted this long, in milliseconds: a fault that heals by itself is nobody's night. */
  grace: number;
}

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
    untold(attempt, now, ruleOf).map((alert) => ({ attempt, alert, reached: reachedBy(attempt.told, markOf(alert)) })),
  );
  // When somebody else wrote first, the next pass tells it again: at least once, never silently not at all.
  const save = async (next: Attempt): Promise<void> => {
    next.settled = isSettledAttempt(next, now, ruleOf);
    const saved = await deps.ledger.save(next);
    if (saved) current.set(saved.id, saved);
    else current.delete(next.id);
  };
  for (const group of byCause(pending)) {
    const alert = groupedAlert(group);
    const result = await delivery.give(alert, group[0]!.reached);
    if (result.told) alerts.push(alert);
    if (!result.told && !result.complete) continue;
    for (const { attempt } of group) {
      const known = current.get(attempt.id);
      if (known) await save({ ...known, told: marked(known.told, markOf(alert), result) });
    }
  }
  for (const attempt of current.values())
    if (isSettledAttempt(attempt, now, ruleOf) !== attempt.settled) await save({ ...attempt });
  return alerts;
}

/** Who has it, where not all have: `failed@webhook …`. */
function reachedBy(told: readonly string[], what: string): string[] {
  return told.filter((mark) => mark.startsWith(`${what}@`)).map((mark) => mark.slice(what.length + 1));
}

function marked(
  told: readonly string[],
  what: string,
  { complete, reached }: { complete: boolean; reached: string[] },
): string[] {
  const others = told.filter((mark) => !mark.startsWith(`${what}@`));
  return [...others, ...(complete ? [what] : reached.map((name) => `${what}@${name}`))];
}

/**
 * Tells each raised fact once for as long as it lasts. `over` says of a stored key whether this pass could have seen the
 * fact: then its absence means that it is over, and the same fact is told anew when it comes back.
 */
export async function tellConditions(
  deps: Deps,
  known: ReadonlyMap<string, Condition>,
  raised: readonly Raised[],
  over: (key: string) => boolean,
  delivery: Delivery,
): Promise<Alert[]> {
  const current = new Map(raised.map((one) => [one.alert.key, one]));
  const alerts: Alert[] = [];
  for (const [key, { alert: latest, grace }] of current) {
    const stored = known.get(key);
    // One that is back before all have heard that it was over is another.
    const isKnown = stored !== undefined && stored.endedAt === undefined;
    const condition: Condition = isKnown ? stored : { key, alert: latest, toldAt: null };
    // Told as it was first seen: the same fact keeps its instant, and one that comes back has another.
    const { alert } = condition;
    const isDue = condition.toldAt === null && deps.clock.now() >= alert.at + grace;
    if (!isDue) {
      if (!isKnown) await deps.ledger.putCondition(condition);
      continue;
    }
    const { reached, complete, told } = await delivery.give(alert, condition.reached ?? []);
    if (told) alerts.push(alert);
    if (complete) await deps.ledger.putCondition({ key, alert, toldAt: deps.clock.now() });
    else if (told || !isKnown) await deps.ledger.putCondition({ ...condition, reached });
  }
  for (const [key, condition] of known) {
    const isOver = !current.has(key) && (condition.endedAt !== undefined || over(key));
    if (isOver) alerts.push(...(await tellEnd(deps, condition, delivery)));
  }
  return alerts;
}

/** What somebody was told is over: that is told as well, and then it is forgotten. */
async function tellEnd(deps: Deps, condition: Condition, delivery: Delivery): Promise<Alert[]> {
  const { key, endedAt = deps.clock.now(), toldAt } = condition;
  const wasTold = toldAt !== null || (condition.reached ?? []).length > 0;
  const alert = overAlert(condition.alert, endedAt);
  const before = condition.endedAt === undefined ? [] : (condition.reached ?? []);
  const isOneOff = condition.alert.event === 'ledger';
  const result = wasTold && !isOneOff ? await delivery.give(alert, before) : null;
  if (!result || result.complete) await deps.ledger.dropCondition(key);
  else
    await deps.ledger.putCondition({ key, alert: condition.alert, toldAt: endedAt, endedAt, reached: result.reached });
  return result?.told ? [alert] : [];
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
  const unreadable: { scope: string; instanceId: string; failure: DcsFailure }[] = [];
  if (problem !== null) raised.push({ alert: policyAlert(problem, now), grace: 0 });
  for (const { during, scope, instanceId, failure } of gathered.failures) {
    const { code, message, rule } = failure;
    if (!isKnown(code)) raised.push({ alert: unknownCodeAlert(code, message, now), grace: 0 });
    // A gate that cannot be read keeps back what is due: that is told, whatever it stops besides.
    if (instanceId !== null && rule.stops !== 'scope' && (during !== 'gates' || rule.class === 'gone')) {
      if (during === 'read') unreadable.push({ scope, instanceId, failure });
      continue;
    }
    failing.add(`${scope}:${during}`);
    raised.push({ alert: scopeAlert(scope, during, failure, now), grace: rule.retry === 'never' ? 0 : GRACE });
  }
  // One cause is one alert, however many instances it strikes.
  for (const group of Map.groupBy(unreadable, ({ scope, failure }) => `${scope} ${failure.code}`).values()) {
    const [{ scope, failure }] = group as [(typeof group)[number]];
    const ids = [...new Set(group.map(({ instanceId }) => instanceId))];
    raised.push({ alert: unreadableAlert(scope, ids, failure, now), grace: GRACE });
  }
  const known = new Map((await deps.ledger.conditions()).map((condition) => [condition.key, condition]));
  for (const { key, alert, toldAt } of known.values())
    if (key.startsWith('ledger:') && toldAt === null) raised.push({ alert, grace: 0 });
  const delivery = new Delivery(deps, [...known.values()]);
  const told = await tellAttempts(deps, attempts, delivery);
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
    if (key.startsWith('attempt:')) return gathered.judged;
    // What happened once, and is there until it was told.
    if (key.startsWith('ledger:')) return true;
    if (key.startsWith('hold:') || key.startsWith('freeze:') || key.startsWith('deadline:')) return gathered.judged;
    if (key.startsWith('queue:')) return gathered.accepted.length > 0;
    if (key.startsWith('receiver:') || key.startsWith('alerts:')) return delivery.isOver(key);
    if (key.startsWith('instances:')) return read.some((scope) => key.startsWith(`instances:${scope}:`));
    return well.some((kind) => key.startsWith(`scope:${kind}:`));
  };
  told.push(...(await tellDigests(deps, opening, known, delivery)));
  return [...told, ...(await tellConditions(deps, known, raised, isOver, delivery))];
}

/**
 * Scopes, by id, in which calls were refused since then for a reason that a person has to mend, and what it is. Such calls
 * are not made anew for every instance: once an opening is enough.
 */
export function spentScopes(conditions: readonly Condition[], since: EpochMs): Map<string, string> {
  const spent = new Map<string, string>();
  for (const { alert, endedAt } of conditions) {
    if (endedAt !== undefined) continue;
    const { scope, during, code } = alert.labels;
    const isSpent = during === 'call' && ruleOf(code ?? '').retry === 'never' && alert.at >= since;
    if (isSpent && scope) spent.set(scope, `${alert.summary} ${alert.action}`);
  }
  return spent;
}

import { type Alert, isSettledAttempt, untold } from '../core/alert.ts';
import type { Attempt } from '../core/attempt.ts';
import { ruleFor } from '../core/errors.ts';
import type { Condition, Deps } from '../deps.ts';

/** A fact that is not an attempt's: a scope that cannot be read, a hold that this program set, a policy that does not parse. */
export interface Raised {
  alert: Alert;
  /** It is told only when it has lasted this long, in milliseconds: a fault that heals by itself is nobody's night. */
  grace: number;
}

const ruleOf = (code: string) => ruleFor(code, 0);

/**
 * Tells what the stored attempts say and what was not told yet, and remembers that it was. A receiver that fails is tried
 * again by the next pass; a crash in between tells twice, under the same key.
 */
export async function tellAttempts(deps: Deps, attempts: readonly Attempt[]): Promise<Alert[]> {
  const told: Alert[] = [];
  for (const attempt of attempts) {
    const now = deps.clock.now();
    const delivered: string[] = [];
    for (const alert of untold(attempt, now, ruleOf)) {
      const { failed } = await deps.notifier.deliver(alert);
      told.push(alert);
      if (failed.length === 0) delivered.push(alert.event);
    }
    const next = { ...attempt, told: [...attempt.told, ...delivered] };
    next.settled = isSettledAttempt(next, now, ruleOf);
    // When somebody else wrote first, the next pass tells it again: at least once, never silently not at all.
    if (delivered.length > 0 || next.settled !== attempt.settled) await deps.ledger.save(next);
  }
  return told;
}

/**
 * Tells each raised fact once for as long as it lasts. `over` says of a stored key whether this pass could have seen the
 * fact: then its absence means that it is over, and the same fact is told anew when it comes back.
 */
export async function tellConditions(
  deps: Deps,
  raised: readonly Raised[],
  over: (key: string) => boolean,
): Promise<Alert[]> {
  const known = new Map((await deps.ledger.conditions()).map((condition) => [condition.key, condition]));
  const current = new Map(raised.map((one) => [one.alert.key, one]));
  const told: Alert[] = [];
  for (const [key, { alert: latest, grace }] of current) {
    const condition: Condition = known.get(key) ?? { key, alert: latest, toldAt: null };
    // Told as it was first seen: the same fact keeps its instant, and one that comes back has another.
    const { alert } = condition;
    const isDue = condition.toldAt === null && deps.clock.now() >= alert.at + grace;
    if (!isDue) {
      if (!known.has(key)) await deps.ledger.putCondition(condition);
      continue;
    }
    const { failed } = await deps.notifier.deliver(alert);
    told.push(alert);
    await deps.ledger.putCondition({ ...condition, toldAt: failed.length === 0 ? deps.clock.now() : null });
  }
  for (const key of known.keys()) if (!current.has(key) && over(key)) await deps.ledger.dropCondition(key);
  return told;
}

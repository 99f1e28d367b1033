import { type Alert, overAlert } from '../core/alert.ts';
import { byCause, groupedAlert, type Pending } from '../core/alert-group.ts';
import type { Condition, Deps } from '../deps.ts';
import type { Delivery } from './delivery.ts';
import { isLetter } from './letters.ts';

/** A fact that is not an attempt's: a scope that cannot be read, a hold that this program set, a policy that does not parse. */
export interface Raised {
  alert: Alert;
  /** It is told only when it has lasted this long, in milliseconds: a fault that heals by itself is nobody's night. */
  grace: number;
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
  const due: (Pending & { condition: Condition; isKnown: boolean })[] = [];
  const add = (condition: Condition, isKnown: boolean): void => {
    const { alert, reached = [] } = condition;
    due.push({ condition, isKnown, alert, reached, audience: deps.notifier.wanting(alert) });
  };
  for (const [key, { alert: latest, grace }] of current) {
    const stored = known.get(key);
    // One that is back before all have heard that it was over is another.
    const isKnown = stored !== undefined && stored.endedAt === undefined;
    // Told as it was first seen: the same fact keeps its instant, and one that comes back has another.
    const condition: Condition = isKnown ? stored : { key, alert: latest, toldAt: null };
    const { alert, toldAt } = condition;
    if (toldAt === null && deps.clock.now() >= alert.at + grace) add(condition, isKnown);
    else if (!isKnown) await deps.ledger.putCondition(condition);
  }
  // What was due once is told until all have it, also when this pass had no reason to meet it again.
  for (const condition of known.values()) {
    const { key, alert, toldAt, reached, endedAt } = condition;
    if (current.has(key) || toldAt !== null || reached === undefined || endedAt !== undefined) continue;
    if (alert.event !== 'digest' && !over(key)) add(condition, true);
  }
  for (const group of byCause(due)) {
    const alert = groupedAlert(group);
    const { reached, complete, told } = await delivery.give(alert, group[0].reached);
    if (told) alerts.push(alert);
    const toldAs = group.length > 1 ? { toldAs: alert.key } : {};
    for (const { condition, isKnown } of group) {
      const { key, alert: own } = condition;
      if (complete) await deps.ledger.putCondition({ key, alert: own, toldAt: deps.clock.now(), ...toldAs });
      else if (told || !isKnown || condition.reached === undefined)
        await deps.ledger.putCondition({ ...condition, reached, ...toldAs });
    }
  }
  const ended = [...known.values()].filter(
    ({ key, endedAt }) => !current.has(key) && (endedAt !== undefined || over(key)),
  );
  const going = [...current.keys()].flatMap((key) => known.get(key) ?? []);
  return [...alerts, ...(await tellEnds(deps, ended, going, over, delivery))];
}

/** What happened once, and what is only kept for people to look at, has no end to tell of. */
function isSilent({ key, alert }: Condition): boolean {
  return alert.event === 'ledger' || isLetter(key);
}

/** What somebody was told is over: that is told as well, and then it is forgotten. What was told as one ends with its last. */
async function tellEnds(
  deps: Deps,
  ended: readonly Condition[],
  going: readonly Condition[],
  over: (key: string) => boolean,
  delivery: Delivery,
): Promise<Alert[]> {
  const alerts: Alert[] = [];
  for (const [index, condition] of ended.entries()) {
    const { key, alert: told, endedAt = deps.clock.now(), toldAt, toldAs, reached = [] } = condition;
    // A receiver that was up a moment ago may have failed again at what was told since.
    if (condition.endedAt === undefined && !over(key)) continue;
    const isLast = toldAs === undefined || ![...going, ...ended.slice(index + 1)].some((one) => one.toldAs === toldAs);
    const isToTell = isLast && !isSilent(condition) && (toldAt !== null || reached.length > 0);
    const alert = overAlert({ ...told, key: toldAs ?? key }, endedAt);
    const result = isToTell ? await delivery.give(alert, condition.endedAt === undefined ? [] : reached) : null;
    if (result?.told) alerts.push(alert);
    if (!result || result.complete) await deps.ledger.dropCondition(key);
    else await deps.ledger.putCondition({ ...condition, toldAt: endedAt, endedAt, reached: result.reached });
  }
  return alerts;
}

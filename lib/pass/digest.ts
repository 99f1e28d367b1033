import type { Alert } from '../core/alert.ts';
import { type Attempt, isOpen } from '../core/attempt.ts';
import { digestAlert, promisedDigest } from '../core/digest.ts';
import { isOverride } from '../core/override.ts';
import { type EpochMs, HOUR } from '../core/time.ts';
import type { Opening } from '../core/window.ts';
import type { Condition, Deps } from '../deps.ts';
import type { Delivery } from './delivery.ts';
import { isLetter } from './letters.ts';

/** What runs past the close is waited for, but no longer than this: it is told as still running then. */
const PATIENCE = 3 * HOUR;

/**
 * Tells once what came of an opening, when it has closed and what began in it has ended. A tick that saw it open leaves a
 * promise in the ledger, and whichever tick comes after the close keeps it: also after a crash, and when nothing ran.
 */
export async function tellDigests(
  deps: Deps,
  openings: readonly Opening[],
  known: ReadonlyMap<string, Condition>,
  delivery: Delivery,
): Promise<Alert[]> {
  for (const opening of openings) await promise(deps, opening, known);
  const alerts: Alert[] = [];
  for (const condition of known.values()) {
    const { key, alert: promised, reached = [] } = condition;
    if (
      promised.event !== 'digest' ||
      isLetter(key) ||
      deps.clock.now() < promised.at ||
      openings.some(({ id }) => id === promised.labels.opening)
    )
      continue;
    const alert = await digestOf(deps, promised);
    if (!alert) continue;
    const result = await delivery.give(alert, reached);
    if (result.told) alerts.push(alert);
    if (result.complete) await deps.ledger.dropCondition(key);
    else if (result.told) await deps.ledger.putCondition({ ...condition, reached: result.reached });
  }
  return alerts;
}

/** The openings of instances' own windows, which nobody knows beforehand: those in which something was begun. */
export function ownOpenings(attempts: readonly Attempt[], now: EpochMs): Opening[] {
  const current = attempts.map(({ opening }) => opening).filter((one) => now < one.closes && !isOverride(one));
  return [...new Map(current.map((one) => [one.id, { ...one, windows: ["the instances' own"] }])).values()];
}

/** Where nobody but the log wants digests there are none. */
async function promise(deps: Deps, opening: Opening, known: ReadonlyMap<string, Condition>): Promise<void> {
  const alert = promisedDigest(opening);
  if (known.get(alert.key)?.alert.at === alert.at) return;
  if (deps.notifier.wanting(alert).every((name) => name === 'log')) return;
  await deps.ledger.putCondition({ key: alert.key, alert, toldAt: null });
}

/** Null while something that began in it has not ended. */
async function digestOf({ ledger, clock }: Deps, promised: Alert): Promise<Alert | null> {
  const opens = Date.parse(promised.labels.opens ?? '');
  const attempts = (await ledger.attempts({ since: opens })).filter(({ claimedAt }) => claimedAt < promised.at);
  if (attempts.some(isOpen) && clock.now() < promised.at + PATIENCE) return null;
  const decisions = (await ledger.fleet()).flatMap(({ decision }) => decision ?? []);
  return digestAlert(promised, attempts, decisions);
}

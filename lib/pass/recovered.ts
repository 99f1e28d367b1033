import type { Alert } from '../core/alert.ts';
import { ruleFor } from '../core/errors.ts';
import { marked, markOf, reachedBy } from '../core/marks.ts';
import { type Failed, recoveries } from '../core/recovered.ts';
import type { Deps } from '../deps.ts';
import type { Delivery } from './delivery.ts';

/**
 * Tells that what had failed has its version after all, by a later upgrade or by somebody's hand, so that no incident stays
 * open for it. It changes nothing else: a wave that the failure holds is released by a person.
 */
export async function tellRecoveries(deps: Deps, failed: readonly Failed[], delivery: Delivery): Promise<Alert[]> {
  const alerts: Alert[] = [];
  for (const { alert, attempts } of recoveries(failed, deps.clock.now(), (code) => ruleFor(code, 0))) {
    const result = await delivery.give(alert, reachedBy(attempts[0]!.told, markOf(alert)));
    if (result.told) alerts.push(alert);
    if (!result.told && !result.complete) continue;
    const { key, at } = alert;
    for (const attempt of attempts) {
      const told = marked(attempt.told, alert, result, false);
      const toldAs = result.complete ? {} : { toldAs: { ...attempt.toldAs, [markOf(alert)]: { key, at } } };
      await deps.ledger.save({ ...attempt, told, ...toldAs });
    }
  }
  return alerts;
}

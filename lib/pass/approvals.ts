import type { Alert } from '../core/alert.ts';
import { approvalAlerts } from '../core/alert-approval.ts';
import { decide } from '../core/decide.ts';
import type { Policy } from '../core/policy.ts';
import { memoryOf } from '../core/stock.ts';
import { DAY, type EpochMs, HOUR } from '../core/time.ts';
import { calendar } from '../core/window.ts';
import type { Condition, Deps } from '../deps.ts';
import { approvalFor } from './approval.ts';
import { recall } from './fleet.ts';
import { holdsNow } from './holds.ts';
import { isToLookAt, noteLooked } from './looked.ts';

const WHAT = 'approvals';

/**
 * What will wait for a person's word when the next window opens: looked at every hour of the day before, from what is stored,
 * because people approve by day and windows open by night. Null: not looked at. `known`: the stored conditions.
 */
export async function approvalsAhead(
  deps: Deps,
  policy: Policy,
  known: ReadonlyMap<string, Condition>,
  now: EpochMs,
): Promise<Alert[] | null> {
  if (!isToLookAt(known, WHAT, HOUR, now)) return null;
  const next = calendar(policy, [...new Set(policy.rollout.flatMap(({ windows }) => windows))], null).next(now);
  if (!next || next.opens > now + DAY) return null;
  const { ledger } = deps;
  const [{ instances, behindSince }, attempts, holds, approval] = await Promise.all([
    recall(deps, policy),
    ledger.attempts({ since: now - memoryOf(policy) }),
    holdsNow(ledger, policy, now),
    approvalFor(ledger, policy),
  ]);
  const stoppedScopes = new Map<string, string>();
  const scene = { now: next.opens, policy, instances, attempts, holds, behindSince, stoppedScopes, approval };
  await noteLooked(ledger, WHAT, now);
  return approvalAlerts(decide(scene).decisions, next, now);
}

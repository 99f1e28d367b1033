import type { Alert } from '../core/alert.ts';
import { deadlineAlerts } from '../core/deadline.ts';
import type { Policy } from '../core/policy.ts';
import { DAY, type EpochMs } from '../core/time.ts';
import type { Condition, Ledger } from '../deps.ts';
import { isToLookAt, noteLooked } from './looked.ts';

const WHAT = 'deadlines';

/**
 * Who has become too far behind while no window was open: looked at once a day, from what is stored, as a window may be a
 * month away, or never come. `known`: the stored conditions.
 */
export async function deadlinesMeanwhile(
  ledger: Ledger,
  policy: Policy | null,
  known: ReadonlyMap<string, Condition>,
  now: EpochMs,
): Promise<Alert[]> {
  if (!policy?.deadline || !isToLookAt(known, WHAT, DAY, now)) return [];
  const fleet = await ledger.fleet();
  const decisions = fleet.flatMap(({ decision }) => decision ?? []);
  const since = new Map(
    fleet.flatMap(({ instance, behindSince }) => (behindSince === null ? [] : [[instance.instanceId, behindSince]])),
  );
  await noteLooked(ledger, WHAT, now);
  return deadlineAlerts(policy, decisions, since, now);
}

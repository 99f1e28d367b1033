import type { Alert } from '../core/alert.ts';
import type { EpochMs } from '../core/time.ts';
import type { Condition, Ledger } from '../deps.ts';

const keyOf = (what: string): string => `checked:${what}`;

/** Whether something that is looked at only now and then, while no window is open, is due again. `every`: milliseconds. */
export function isToLookAt(known: ReadonlyMap<string, Condition>, what: string, every: number, now: EpochMs): boolean {
  return now >= (known.get(keyOf(what))?.seenAt ?? Number.NEGATIVE_INFINITY) + every;
}

/** A mark in the ledger, and nothing to be told. */
export async function noteLooked(ledger: Ledger, what: string, now: EpochMs): Promise<void> {
  const key = keyOf(what);
  const alert: Alert = {
    key,
    event: 'deadline',
    severity: 'info',
    summary: 'looked at',
    action: '',
    at: now,
    labels: {},
  };
  await ledger.putCondition({ key, alert, toldAt: now, seenAt: now });
}

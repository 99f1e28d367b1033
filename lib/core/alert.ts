import type { Subject } from './subject.ts';
import type { EpochMs } from './time.ts';

export type Severity = 'info' | 'warning' | 'error' | 'critical';

/** What a receiver may subscribe to under `notify[].events`. */
export const ALERT_EVENTS = [
  'succeeded',
  'failed',
  'unverified',
  'expired',
  'held',
  'overrun',
  'stuck',
  'deadline',
  'approval',
  'scope',
  'policy',
  'ledger',
  'queue',
  'receiver',
  'unknown_code',
  'digest',
] as const;
export type AlertEvent = (typeof ALERT_EVENTS)[number];

/** Who has a digest of each window is not told of these at once. */
export const TOLD_IN_DIGEST: readonly AlertEvent[] = ['succeeded', 'expired'];

/** What people are told. Without a thing to do there is no alert, only a log line; `succeeded` is for those who ask for it. */
export interface Alert {
  /** The same fact has the same key, however often it is told: receivers may drop repeats by it. */
  key: string;
  event: AlertEvent;
  severity: Severity;
  /** One sentence: what happened, to what, and the code. */
  summary: string;
  /** One sentence: what to do. */
  action: string;
  at: EpochMs;
  /** Scope, instanceId, name, wave, code, requestId, taskId …: strings only. */
  labels: Record<string, string>;
  /** The one instance that it is about; receivers with a `match` go by it. Absent: it concerns more than one, or none. */
  instance?: Subject;
  /** Alerts of one event with the same cause are told as one. Absent: it is told alone. */
  cause?: string;
  /** What was told under this key is over. */
  resolved?: true;
}

/** Tells those who were told that it is over, under the same key. `at`: when it ended. */
export function overAlert(alert: Alert, at: EpochMs): Alert {
  const summary = `It is over: ${alert.summary}`;
  return { ...alert, severity: 'info', summary, action: 'Nothing is to be done.', at, resolved: true };
}

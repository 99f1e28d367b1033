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
  'scope',
  'policy',
  'ledger',
  'unknown_code',
  'deadline',
] as const;
export type AlertEvent = (typeof ALERT_EVENTS)[number];

/** What people are told. An alert without a thing to do is not sent; it is only logged. */
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
}

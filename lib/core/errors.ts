import type { Severity } from './alert.ts';

/** What kind of answer it is; reconcile decides by `stops` and `retry`, people read `hint`. */
export type ErrorClass =
  | 'busy' // the instance is doing something else
  | 'adopt' // an upgrade is already running: follow it
  | 'done' // already at the version asked for
  | 'gone' // the instance does not exist
  | 'unsupported' // this instance can never be upgraded this way
  | 'account' // unpaid, frozen, read-only
  | 'auth' // credentials, signature, clock
  | 'denied' // permission
  | 'config' // project, region, endpoint, API not there
  | 'throttled'
  | 'server' // DCS or the gateway failed
  | 'transport' // no usable answer
  | 'bug' // a request that this program should not have made
  | 'unknown'; // not in the table

export interface ErrorRule {
  class: ErrorClass;
  /** What no start is made for, for the rest of this tick. */
  stops: 'nothing' | 'instance' | 'scope';
  /** When the same call may be made again: `soon` (reads only, with backoff), at a later `tick`, in a later `opening`, or `never` without a person. */
  retry: 'soon' | 'tick' | 'opening' | 'never';
  severity: Severity;
  /** A thing to do. */
  hint: string;
}

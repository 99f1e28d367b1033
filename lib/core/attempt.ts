import type { Part } from './instance.ts';
import type { EpochMs } from './time.ts';

/**
 * `claimed`: written before the call, its outcome not known yet or refused for a reason that passes.
 * `running`: DCS accepted it. The other four are ends. `expired`: the opening closed and nothing was accepted.
 */
export const ATTEMPT_STATES = ['claimed', 'running', 'succeeded', 'failed', 'unverified', 'expired'] as const;
export type AttemptState = (typeof ATTEMPT_STATES)[number];

/** From the version that was found to the version that was the latest at that time. Null: the instance has no such part. */
export interface FromTo {
  from: string | null;
  to: string | null;
}

export interface AttemptError {
  /** As in the error table: `DCS.4096`, `APIGW.0308`, or one of this program's own, such as `TRANSPORT.RESET`. */
  code: string;
  message: string;
  requestId: string | null;
}

/** One upgrade of one instance, from claim to end. The ledger holds it; every pass looks at those that are open. */
export interface Attempt {
  /** `instanceId@openingId`: a second claim of the same instance in the same opening cannot exist. */
  id: string;
  instanceId: string;
  name: string;
  /** Scope id, and what is needed to reach it even when the policy no longer names it. */
  scope: string;
  wave: string;
  opening: { id: string; opens: EpochMs; closes: EpochMs };
  state: AttemptState;
  taskId: string | null;
  /** `schedule`, `cli`, or who asked over HTTP. */
  requestedBy: string;
  reason: string;
  claimedAt: EpochMs;
  /** When the latest POST was about to leave; null before the first. */
  calledAt: EpochMs | null;
  finishedAt: EpochMs | null;
  /** The parts asked for. */
  parts: Part[];
  engine: FromTo;
  proxy: FromTo;
  error: AttemptError | null;
  updates: { at: EpochMs; state: AttemptState; note: string }[];

  /**
   * Not null while the outcome of the call is unknown: nothing may be posted before this instant, the instance is
   * looked at instead. Null on a `claimed` attempt means that DCS refused, or was seen not to have begun.
   */
  lookUntil: EpochMs | null;
  /** How many POSTs left in this opening. */
  calls: number;
  /** When the task was first seen to have ended well; verification is bounded from here. */
  taskEndedAt: EpochMs | null;
  /** When the task outlived `verify.timeout`; null as long as it has not. It is followed on all the same. */
  timedOutAt: EpochMs | null;
  progress: { percent: number; remainSeconds: number | null; at: EpochMs } | null;
  /** Alert keys that were delivered for this attempt. */
  told: string[];
  /** True once it has ended and all there is to tell was told: no pass needs to look at it again. */
  settled: boolean;
  /** Compare-and-set number, 0 at the claim; only the ledger changes it. */
  rev: number;
}

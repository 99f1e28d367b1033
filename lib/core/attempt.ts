import type { BackupAsk } from './backup.ts';
import type { Part, Scope } from './instance.ts';
import type { EpochMs } from './time.ts';

/**
 * `claimed`: written before the call, its outcome not known yet or refused for a reason that passes.
 * `running`: DCS accepted it. The other four are ends. `expired`: the opening closed
 * and nothing was accepted, or the instance is gone: nobody's failure, and nothing is left to follow.
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
  /** Scope id. */
  scope: string;
  /** What is needed to reach its scope when the policy no longer names that. */
  reach?: Pick<Scope, 'endpoint' | 'credentials'>;
  wave: string;
  opening: { id: string; opens: EpochMs; closes: EpochMs };
  state: AttemptState;
  taskId: string | null;
  /** Of the instance, as they were at the claim: what it must not run beside does not depend on whether it is still listed. */
  tags?: Readonly<Record<string, string>>;
  enterpriseProjectId?: string;
  /** Cache mode and gigabytes, e.g. `ha/8`: attempts of one size class teach how long the next will take. */
  sizeClass: string;
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
  /** The machine whose clock wrote {@link calledAt} and {@link lookUntil}. */
  calledOn?: string;
  /** A call that was refused is not repeated before this instant; null where nothing was refused. */
  retryAt: EpochMs | null;
  /**
   * Not null while a claim waits for a worker: it counts against every limit, no POST has left since it was handed over,
   * and none leaves after `until`. `need`: how long an upgrade of it has to be expected to take, in milliseconds.
   */
  handed?: { until: EpochMs; need: number } | null;
  /** The backup that was asked for first; absent: none was. While it is on its way the attempt counts against every limit. */
  backup?: BackupAsk;
  /** How many POSTs left in this opening. */
  calls: number;
  /** When the task was first seen to have ended well; verification is bounded from here. */
  taskEndedAt: EpochMs | null;
  /** Since when the API has said that the instance does not exist; absent while it does. */
  goneAt?: EpochMs | null;
  /** The machine whose clock {@link goneAt} is of. */
  goneOn?: string;
  /** When the task outlived `verify.timeout`; null as long as it has not. It is followed on all the same. */
  timedOutAt: EpochMs | null;
  progress: { percent: number; remainSeconds: number | null; at: EpochMs } | null;
  /** Alert keys that were delivered for this attempt. */
  told: string[];
  /** By event: the alert that it is told in together with others, from before that was sent. With a `!`: its end, where some have yet to hear of it. */
  toldAs?: Record<string, { key: string; at: EpochMs }>;
  /** True once it has ended and all there is to tell was told: no pass needs to look at it again. */
  settled: boolean;
  /** What is stored of it cannot be read: DCS may be at work on it, so it counts, and it ends by a person's word alone. */
  unreadable?: true;
  /** Compare-and-set number, 0 at the claim; only the ledger changes it. */
  rev: number;
}

/** Of an attempt of which nothing is known yet but what it is for. */
export function unknownYet() {
  return {
    taskId: null,
    finishedAt: null,
    error: null,
    lookUntil: null,
    retryAt: null,
    taskEndedAt: null,
    timedOutAt: null,
    progress: null,
    told: [],
    settled: false,
    rev: 0,
  } satisfies Partial<Attempt>;
}

/** Handed to a worker, claimed and its outcome unknown, backed up first, or running: DCS may be at work on it, so it counts against every limit. */
export function isInFlight(attempt: Attempt): boolean {
  return (
    attempt.state === 'running' ||
    isHanded(attempt) ||
    isBackingUp(attempt) ||
    (attempt.state === 'claimed' && attempt.lookUntil !== null)
  );
}

/** Claimed, and its backup is on its way, or may be. */
export function isBackingUp({ state, backup }: Pick<Attempt, 'state' | 'backup'>): boolean {
  return state === 'claimed' && (backup?.state === 'asked' || backup?.state === 'running');
}

/** Claimed, and waiting for a worker to make the call. */
export function isHanded<T extends Pick<Attempt, 'state' | 'handed'>>(
  attempt: T,
): attempt is T & { handed: NonNullable<Attempt['handed']> } {
  return attempt.state === 'claimed' && typeof attempt.handed?.until === 'number';
}

export function isOpen(attempt: Attempt): boolean {
  return attempt.state === 'claimed' || attempt.state === 'running';
}

/** The claim's key: one for each instance and opening. */
export function claimId(instanceId: string, opening: { id: string }): string {
  return `${instanceId}@${opening.id}`;
}

/** Ended without the version that it was made for. */
export function isFailure(attempt: Attempt): boolean {
  return attempt.state === 'failed' || attempt.state === 'unverified';
}

/** The same attempt with a line more in its story; a new state and any other change go along. */
export function noted(attempt: Attempt, at: EpochMs, note: string, change: Partial<Attempt> = {}): Attempt {
  const next = { ...attempt, ...change };
  return { ...next, updates: [...attempt.updates.slice(-MOST_UPDATES), { at, state: next.state, note }] };
}

/** Stories stay bounded, so that an attempt followed for days still fits any store's item size. */
const MOST_UPDATES = 40;

/** An attempt at its end. */
export function ended(
  attempt: Attempt,
  at: EpochMs,
  state: AttemptState,
  note: string,
  error = attempt.error,
): Attempt {
  return noted(attempt, at, note, { state, finishedAt: at, lookUntil: null, error });
}

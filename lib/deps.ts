import type { Alert } from './core/alert.ts';
import type { Attempt } from './core/attempt.ts';
import type { Backup } from './core/backup.ts';
import type { Decision } from './core/decision.ts';
import type { ErrorRule } from './core/errors.ts';
import type { Hold } from './core/hold.ts';
import type { Details, Instance, Part, Progress, Scope, Task, Versions } from './core/instance.ts';
import type { Gauge, Node, Reading } from './core/load.ts';
import type { Policy } from './core/policy.ts';
import type { EpochMs } from './core/time.ts';

/** Time as a port: production gives the system's, tests and the demo give one that runs faster or stands still. */
export interface Clock {
  now(): EpochMs;
  /** Resolves after `ms` of this clock's time; rejects with the signal's reason when it is aborted first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Any answer of a read call that is not a good one. `message` never holds a secret or an HTML body. */
export interface DcsFailure {
  /** Canonical code, see core/errors.ts. */
  code: string;
  /** HTTP status, 0 when there was no answer. */
  status: number;
  message: string;
  requestId: string | null;
  rule: ErrorRule;
}

/** Thrown by every {@link Dcs} call but `upgrade` and `backUp`. */
export class DcsError extends Error implements DcsFailure {
  readonly code: string;
  readonly status: number;
  readonly requestId: string | null;
  readonly rule: ErrorRule;
  constructor(failure: DcsFailure) {
    super(failure.message);
    this.name = 'DcsError';
    this.code = failure.code;
    this.status = failure.status;
    this.requestId = failure.requestId;
    this.rule = failure.rule;
  }
}

/**
 * What is known after the upgrade POST. It is sent once; nothing below retries it.
 * `unknown` (time-out, reset, 5xx, empty or garbled 200) means that DCS may have begun: look, do not repeat.
 * `not_sent` means that no byte reached DCS.
 */
export type UpgradeOutcome =
  | { kind: 'accepted'; taskId: string; requestId: string | null }
  | ({ kind: 'refused' | 'unknown' | 'not_sent' } & DcsFailure);

/** What is known after the POST that asks for a backup; the words mean the same, as it is no more repeatable. */
export type BackupOutcome =
  | { kind: 'accepted'; backupId: string; requestId: string | null }
  | ({ kind: 'refused' | 'unknown' | 'not_sent' } & DcsFailure);

/** The DCS API, version 2. Every call takes the scope because endpoint, credentials and request limit belong to it. */
export interface Dcs {
  /** All instances of the scope, each once. @throws DcsError */
  listInstances(scope: Scope, signal?: AbortSignal): Promise<Instance[]>;
  /** @throws DcsError (`rule.class === 'gone'` when it does not exist) */
  showInstance(scope: Scope, instanceId: string, signal?: AbortSignal): Promise<Instance & { details: Details }>;
  /** @throws DcsError */
  showVersions(scope: Scope, instanceId: string, signal?: AbortSignal): Promise<Versions>;
  /** `wanted` holds `latest` or a version for each part to be asked for; an empty one is refused here. Never throws for what the wire does. */
  upgrade(scope: Scope, instanceId: string, wanted: Partial<Record<Part, string>>): Promise<UpgradeOutcome>;
  /** Newest first, created at or after `since`. @throws DcsError */
  listTasks(scope: Scope, instanceId: string, since: EpochMs, signal?: AbortSignal): Promise<Task[]>;
  /** Null where the task is not known. @throws DcsError */
  showProgress(scope: Scope, instanceId: string, taskId: string, signal?: AbortSignal): Promise<Progress | null>;
  /** The nodes that have metrics of their own. @throws DcsError */
  listNodes(scope: Scope, instanceId: string, signal?: AbortSignal): Promise<Node[]>;
  /** Its backups, begun at or after `since`. @throws DcsError */
  listBackups(scope: Scope, instanceId: string, since: EpochMs, signal?: AbortSignal): Promise<Backup[]>;
  /** Begins a backup; while it runs DCS refuses an upgrade. Sent once. Never throws for what the wire does. */
  backUp(scope: Scope, instanceId: string): Promise<BackupOutcome>;
}

/** Cloud Eye, with the scope's credentials and a request limit of its own. */
export interface Metrics {
  /** The highest datapoint of each since then, in the order in which they were asked for; null: there is none. @throws DcsError */
  highest(scope: Scope, gauges: readonly Gauge[], since: EpochMs, signal?: AbortSignal): Promise<(Reading | null)[]>;
}

/** A grant to decide. `fence` grows with every new holder; the ledger refuses claims made under an older one. */
export interface Lease {
  holder: string;
  fence: number;
  until: EpochMs;
}

/** What is remembered of an instance between ticks: the version cache, and the last decision for `why` and `status`. */
export interface FleetEntry {
  instance: Instance;
  /** Since when a part has been seen upgradable; null when none is. */
  behindSince: EpochMs | null;
  decision: Decision | null;
  /** When its gates last kept it back; absent: never. */
  gatedAt?: EpochMs;
  seenAt: EpochMs;
}

/** What a worker has read of one instance, for the passes. They alone write the fleet, so neither undoes what the other wrote. */
export interface Finding {
  instanceId: string;
  /** Scope id. */
  scope: string;
  versions: Versions;
  details: Details | null;
}

/**
 * A fact about a scope, the policy, a receiver or the ledger that people were told once and are told again only after it
 * was over.
 */
export interface Condition {
  key: string;
  alert: Alert;
  /** When all receivers had been told; null before. */
  toldAt: EpochMs | null;
  /** The receivers that have it, as long as others have not. */
  reached?: string[];
  /** The key under which it was told together with others. */
  toldAs?: string;
  /** Since when it is over; it is kept until all have heard that, and `reached` are those that have. */
  endedAt?: EpochMs;
  /** When it was last met, where that matters. */
  seenAt?: EpochMs;
  /** Of a receiver that fails, or refuses an alert: when it was last tried, and before when it asked not to be. */
  triedAt?: EpochMs;
  notBefore?: EpochMs;
  /** Of an alert that its receiver refuses: how often. */
  tries?: number;
}

/**
 * The program's memory. Every store passes test/contract/ledger.contract.ts.
 * Conditional writes carry the safety: `claim` inserts if absent, `save` compares `rev`. Where nothing else is said, what it
 * gives comes in the order of its ids or keys, so that the same pass over any store says and does the same.
 */
export interface Ledger {
  /** Takes or renews the lease; null while another holder's has not run out. */
  acquireLease(holder: string, ttlMs: number, now: EpochMs): Promise<Lease | null>;
  /** Gives the lease back if it is still this one. */
  releaseLease(lease: Lease): Promise<void>;

  /** False when an attempt of that id exists. @throws StaleLeaseError when a newer lease was given since. */
  claim(attempt: Attempt, lease: Lease): Promise<boolean>;
  /** Writes if the stored `rev` is `attempt.rev`; returns what is stored now (rev + 1), or null when somebody else wrote first. */
  save(attempt: Attempt): Promise<Attempt | null>;
  attempt(id: string): Promise<Attempt | null>;
  /** Every attempt that is not `settled`, that is, open or not fully told, in one read. Oldest claim first. */
  activeAttempts(): Promise<Attempt[]>;
  /** Newest claim first. Those of one instant come by their ids; which of them a limit leaves out is not said. */
  attempts(filter: { since?: EpochMs; instanceId?: string; limit?: number }): Promise<Attempt[]>;

  /** Oldest first, so that of several on one instance the one that came first is told of. */
  holds(): Promise<Hold[]>;
  /** Insert or replace by id. */
  putHold(hold: Hold): Promise<void>;
  /** The same if what is stored under its id is `seen`, as it was read, or null for nothing; false, and nothing is written, when not. */
  replaceHold(hold: Hold, seen: Hold | null): Promise<boolean>;
  dropHold(id: string): Promise<void>;

  fleet(): Promise<FleetEntry[]>;
  /** Insert or replace by `instance.instanceId`. */
  putFleet(entries: FleetEntry[]): Promise<void>;
  /** Forgets instances that a complete listing no longer shows. */
  dropFleet(instanceIds: string[]): Promise<void>;

  /** What workers have read of a scope. A finding may be deleted two days after it was read. */
  findings(scope: string): Promise<Finding[]>;
  /** Insert or replace by scope and instance, unless what is stored was read later. */
  putFinding(finding: Finding): Promise<void>;

  conditions(): Promise<Condition[]>;
  putCondition(condition: Condition): Promise<void>;
  dropCondition(key: string): Promise<void>;

  /** Small documents by name, e.g. the last good policy's text. */
  note(name: string): Promise<string | null>;
  /** A note that is of use for a time alone may be deleted from `until` on; whether it is there after that says nothing. */
  putNote(name: string, text: string, until?: EpochMs): Promise<void>;
  /** False, and nothing is written, when there is a note of that name. */
  putNoteIfAbsent(name: string, text: string, until?: EpochMs): Promise<boolean>;
  /** Whether a note that is kept for good has just this text; what is stored stays as it is. */
  hasNote(name: string, text: string): Promise<boolean>;

  close(): Promise<void>;
}

/** The machine that a holder runs on: one clock. Empty where it says none. */
export function hostOf(holder: string): string {
  return holder.includes(':') ? holder.slice(0, holder.indexOf(':')) : '';
}

export class StaleLeaseError extends Error {
  constructor() {
    super('another run holds a newer lease; nothing was claimed');
    this.name = 'StaleLeaseError';
  }
}

/** Where alerts go. A receiver's name stays the same as long as the receiver does, and holds no secret. */
export interface Notifier {
  /** All there are. */
  readonly names: readonly string[];
  /** Those that want this alert; never none, as the log takes each. */
  wanting(alert: Alert): string[];
  /** Sends it to the named ones, at least once. Never throws. */
  deliver(alert: Alert, to: readonly string[]): Promise<Delivered>;
}

export interface Delivered {
  /** Those that did not take it. */
  failed: string[];
  /** Of those: who is there and refuses this very alert. */
  refused?: string[];
  /** Of those: who asked to be left alone, and for how long, in milliseconds. */
  rests?: Record<string, number>;
}

/** Work for a worker. It carries ids only: what they stand for is read afresh by whoever does it. */
export type Message =
  | { kind: 'start'; attemptId: string }
  /** Read what is missing or old of a scope's versions. */
  | { kind: 'observe'; scope: string }
  /** Make the pass of an order. */
  | { kind: 'run'; runId: string };

/** Hands work over. Delivery is at least once, in any order, or, when a message is lost, not at all. */
export interface Dispatcher {
  /** @throws when any of them may not have been taken */
  send(messages: readonly Message[]): Promise<void>;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
/** `code` is a static snake_case word, all else is data. Secrets are masked before anything is written. */
export type Log = (level: LogLevel, code: string, data?: Record<string, unknown>) => void;

/** The policy as it stands: valid; or not, and then the last good one says where to follow and whom to tell. */
export type PolicyState = { policy: Policy; problem: null } | { policy: Policy | null; problem: string };

export interface Deps {
  clock: Clock;
  dcs: Dcs;
  metrics: Metrics;
  ledger: Ledger;
  notifier: Notifier;
  /** Absent: upgrades are begun in this process. */
  dispatcher?: Dispatcher;
  log: Log;
  /** Unique to this process and invocation, e.g. `host:pid:nonce`. */
  holder: string;
}

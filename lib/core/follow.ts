import { type Attempt, type AttemptError, ended, noted } from './attempt.ts';
import type { ErrorRule } from './errors.ts';
import {
  NEEDS_A_PERSON,
  type Part,
  type PartVersion,
  type Progress,
  type Task,
  taskOutcome,
  type Versions,
} from './instance.ts';
import type { GateNo } from './load.ts';
import { type EpochMs, iso, MINUTE } from './time.ts';

/** What a look at one instance showed. A field that was not asked for, or could not be read, is null. */
export interface Sighting {
  at: EpochMs;
  /** The API says that the instance does not exist. */
  gone: boolean;
  status: string;
  /** `service_upgrade` and `service_task_id`. */
  upgrading: boolean;
  serviceTaskId: string | null;
  /** Tasks created since shortly before the call, newest first. */
  tasks: Task[] | null;
  versions: Versions | null;
  progress: Progress | null;
  /** What the gates of the policy say; null: they let it pass. Absent: they were not asked. */
  gates?: GateNo | null;
}

/** The durations of the policy that following needs, in milliseconds. */
export interface FollowLimits {
  settle: number;
  timeout: number;
  sightLag: number;
  /** Whether the gates of the policy have to be passed again once the instance has settled. */
  gated: boolean;
  /** The machine whose clock tells when it was seen; see {@link Attempt.calledOn}. */
  host?: string;
}

/** A load that does not go down within this time after `settle` is no passing one; nor is a fault of Cloud Eye. */
const GATES_PATIENCE = 15 * MINUTE;

/** What the POST's answer says, without the wire. */
export type Answer =
  | { kind: 'accepted'; taskId: string }
  | ({ kind: 'refused' | 'unknown' | 'not_sent'; rule: ErrorRule } & AttemptError);

/** POSTs in one opening, refused ones included. */
export const MOST_CALLS = 3;

/** A refused call is repeated no sooner than this, times the calls already made. */
export const RETRY_AFTER = 2 * MINUTE;

/** Task names that the API documents for other work; a task of such a name is never taken for ours. */
const OTHER_WORK =
  /^(extend|changeinstancespec|(un)?bindeip|addreplica|delreplica|addwhitelist|updateport|removeipfromdns|masterstandbyswapjob|modify|deleteacl)$/i;

/**
 * The API's clock and ours may differ by this much, as requests are accepted up to it: a task that seems older than the
 * call by less may be the one that the call began. To take one for ours that is not is safe; to miss ours is not.
 */
export const CLOCK_SLACK = 15 * MINUTE;

/** The clocks of two machines of ours may differ by this much. */
export const CLOCKS_DIFFER = 5 * MINUTE;

/** What becomes of an attempt when its call was answered. */
export function answered(attempt: Attempt, answer: Answer, now: EpochMs): Attempt {
  if (answer.kind === 'accepted') {
    return noted(attempt, now, `accepted, task ${answer.taskId}`, {
      state: 'running',
      taskId: answer.taskId,
      lookUntil: null,
      error: null,
    });
  }
  const error: AttemptError = { code: answer.code, message: answer.message, requestId: answer.requestId };
  if (answer.kind === 'unknown') {
    return noted(attempt, now, `outcome unknown (${error.code}): looking until ${iso(attempt.lookUntil ?? now)}`, {
      error,
    });
  }
  if (answer.rule.class === 'adopt') {
    return noted(attempt, now, `an upgrade is already running (${error.code}): following it`, {
      state: 'running',
      lookUntil: null,
      error: null,
    });
  }
  if (answer.rule.class === 'done') {
    return noted(attempt, now, `already at that version (${error.code}): verifying`, {
      state: 'running',
      lookUntil: null,
      taskEndedAt: now,
      error: null,
    });
  }
  if (answer.rule.class === 'gone')
    return ended(attempt, now, 'expired', `the instance is gone (${error.code})`, error);
  return answer.kind === 'not_sent' ? notSent(attempt, error, now) : refused(attempt, answer.rule, error, now);
}

/** No byte has left, so it counts as no call. */
function notSent(attempt: Attempt, error: AttemptError, now: EpochMs): Attempt {
  const change = { lookUntil: null, retryAt: now + RETRY_AFTER, calls: Math.max(0, attempt.calls - 1), error };
  return noted(attempt, now, `not sent (${error.code}), nothing has begun`, change);
}

function refused(attempt: Attempt, { retry, stops }: ErrorRule, error: AttemptError, now: EpochMs): Attempt {
  const passes = retry !== 'never' || stops === 'scope';
  if (!passes) return ended(attempt, now, 'failed', `refused for good (${error.code})`, error);
  const retryAt = retry === 'opening' ? attempt.opening.closes : now + RETRY_AFTER * attempt.calls;
  return noted(attempt, now, `refused (${error.code}), nothing has begun`, { lookUntil: null, retryAt, error });
}

/**
 * The next state of an open attempt, given what was seen. The same object comes back when nothing changed.
 * Success needs the task's good end, the version and RUNNING; a word that is not known is "not finished".
 */
export function advance(attempt: Attempt, seen: Sighting, limits: FollowLimits): Attempt {
  if (seen.gone) return withoutInstance(attempt, seen.at, limits);
  if (attempt.goneAt != null) return advance({ ...attempt, goneAt: null }, seen, limits);
  return attempt.state === 'running' ? follow(attempt, seen, limits) : lookForTrace(attempt, seen, limits.host);
}

/**
 * One answer may be wrong, and an upgrade that is lost from sight because of it is never told: it has to stay away, also by
 * the clock of another machine.
 */
function withoutInstance(attempt: Attempt, at: EpochMs, limits: FollowLimits): Attempt {
  const { host, sightLag } = limits;
  const on = host === undefined ? {} : { goneOn: host };
  if (attempt.goneAt == null)
    return noted(attempt, at, 'the instance does not exist: looking again', { goneAt: at, ...on });
  if (at < attempt.goneAt + sightLag + (host === attempt.goneOn ? 0 : CLOCKS_DIFFER)) return attempt;
  const error = { code: 'DCS.3022', message: 'the instance no longer exists', requestId: null };
  return ended(attempt, at, 'expired', 'the instance is gone', error);
}

/** The outcome of the call is unknown: is there any sign that DCS began? */
function lookForTrace(attempt: Attempt, seen: Sighting, host: string | undefined): Attempt {
  if (attempt.lookUntil === null) return closeIfOver(attempt, seen.at);
  const task = seen.tasks?.find((one) => isTrace(one, attempt)) ?? null;
  if (seen.upgrading || seen.status === 'UPGRADING' || task) {
    // A task that only the list shows may be another's: it is a sign to stay away, but how it ends says nothing of ours.
    const taskId = seen.serviceTaskId;
    const note = taskId
      ? `found: task ${taskId}`
      : `found: ${task ? `a task that may be it, ${task.id}` : `the instance is ${seen.status}`}`;
    return noted(attempt, seen.at, note, { state: 'running', taskId, lookUntil: null, error: null });
  }
  if (
    seen.versions &&
    attempt.parts.every((part) => attempt[part].from !== attempt[part].to && reached(attempt, part, seen.versions!))
  ) {
    return noted(attempt, seen.at, 'found: the new version is there', {
      state: 'running',
      lookUntil: null,
      taskEndedAt: seen.at,
      error: null,
    });
  }
  const sawEverything = seen.tasks !== null && seen.versions !== null;
  // Judged by another machine's clock, an end that is not far enough away would cut the look short.
  const until = attempt.lookUntil + (host === attempt.calledOn ? 0 : CLOCKS_DIFFER);
  if (seen.at < until || !sawEverything) return attempt;
  return closeIfOver(noted(attempt, seen.at, 'looked long enough: nothing has begun', { lookUntil: null }), seen.at);
}

function isTrace(task: Task, attempt: Attempt): boolean {
  if (OTHER_WORK.test(task.name)) return false;
  const called = attempt.calledAt ?? attempt.claimedAt;
  return task.createdAt === null || task.createdAt >= called - CLOCK_SLACK;
}

/** Nothing was accepted and the opening is over: the attempt ends, the next opening gets its own. */
function closeIfOver(attempt: Attempt, now: EpochMs): Attempt {
  return now < attempt.opening.closes
    ? attempt
    : ended(attempt, now, 'expired', 'the window closed before an upgrade began');
}

function follow(attempt: Attempt, seen: Sighting, limits: FollowLimits): Attempt {
  const current = withProgress(attempt, seen);
  const task = seen.tasks?.find((one) => one.id === current.taskId) ?? null;
  if (task && taskOutcome(task.status) === 'failed') {
    const code = task.errorCode ?? seen.progress?.failedCode ?? `TASK.${task.status}`;
    return ended(current, seen.at, 'failed', `the task ended ${task.status}`, {
      code,
      message: `task ${task.id} ended ${task.status}`,
      requestId: null,
    });
  }
  if (current.taskEndedAt !== null) {
    // A late read can show the end before the run: what is listed as running is not at its end.
    if (task && taskOutcome(task.status) === 'running')
      return noted(current, seen.at, `task ${task.id} is ${task.status}`, { taskEndedAt: null });
    return verify(current, seen, limits);
  }
  if (task && taskOutcome(task.status) === 'succeeded') {
    return verify(noted(current, seen.at, 'the task ended well: verifying', { taskEndedAt: seen.at }), seen, limits);
  }
  if (isQuiet(seen) && !task && seen.tasks !== null) return withoutTask(current, seen, limits);
  return withTimeout(current, seen.at, limits);
}

/**
 * The task cannot be found (an adopted upgrade without an id, or a record that was deleted) and nothing is at work on the
 * instance: its version has the last word, after as long a look as the API's reads may lag behind.
 */
function withoutTask(attempt: Attempt, seen: Sighting, limits: FollowLimits): Attempt {
  const taskId = attempt.taskId ?? seen.serviceTaskId;
  if (taskId !== attempt.taskId) return noted(attempt, seen.at, `found: task ${taskId}`, { taskId });
  if (seen.at < (attempt.calledAt ?? attempt.claimedAt) + limits.sightLag) return attempt;
  return noted(
    attempt,
    seen.at,
    'the task is not listed and nothing is at work on the instance: verifying by version',
    {
      taskEndedAt: seen.at,
    },
  );
}

/** No upgrade is at work on it: it is at rest, or in a state in which none can be. A word that is not known says nothing. */
function isQuiet(seen: Sighting): boolean {
  return isAtRest(seen) || (NEEDS_A_PERSON.includes(seen.status) && !seen.upgrading);
}

function isAtRest(seen: Sighting): boolean {
  return seen.status === 'RUNNING' && !seen.upgrading;
}

function verify(attempt: Attempt, seen: Sighting, limits: FollowLimits): Attempt {
  const { versions } = seen;
  const missing = attempt.parts.filter((part) => !versions || !reached(attempt, part, versions));
  const isUp = missing.length === 0 && isAtRest(seen);
  if (isUp && (!limits.gated || seen.gates === null))
    return ended(attempt, seen.at, 'succeeded', `verified: ${versionText(attempt, versions!)}`, null);
  const patience = isUp ? Math.max(GATES_PATIENCE, limits.sightLag) : limits.sightLag;
  if (seen.at < attempt.taskEndedAt! + limits.settle + patience) return attempt;
  const found = versions ? versionText(attempt, versions) : 'its version could not be read';
  const message = isUp
    ? `${found} and it is RUNNING, but not as the gates ask: ${seen.gates?.detail ?? 'they could not be read'}`
    : `the task ended well, but the instance is ${seen.status} and ${found}`;
  return ended(attempt, seen.at, 'unverified', message, { code: 'UNVERIFIED', message, requestId: null });
}

/**
 * The version that was the latest at the start is there; or, when `latest` moved in between, the newest one is.
 * Where the version was already equal at the start, the flag alone can tell.
 */
function reached(attempt: Attempt, part: Part, versions: Versions): boolean {
  const { current, latest, upgradable }: PartVersion = versions[part];
  const { from, to } = attempt[part];
  if (current !== null && current === to && from !== to) return true;
  return !upgradable && current !== null && (current === to || current === latest);
}

function versionText(attempt: Attempt, versions: Versions): string {
  return attempt.parts.map((part) => `${part} is ${versions[part].current ?? 'unknown'}`).join(', ');
}

function withProgress(attempt: Attempt, seen: Sighting): Attempt {
  const adopted =
    attempt.taskId === null && seen.serviceTaskId
      ? noted(attempt, seen.at, `found: task ${seen.serviceTaskId}`, { taskId: seen.serviceTaskId })
      : attempt;
  if (!seen.progress) return adopted;
  const { percent, remainSeconds } = seen.progress;
  if (adopted.progress?.percent === percent && adopted.progress.remainSeconds === remainSeconds) return adopted;
  return { ...adopted, progress: { percent, remainSeconds, at: seen.at } };
}

/**
 * What outlives its bound, or can no longer be looked at, is told once and followed on: it may still be running, and
 * nothing can cancel it.
 */
export function withTimeout(attempt: Attempt, now: EpochMs, limits: FollowLimits): Attempt {
  const since = attempt.calledAt ?? attempt.claimedAt;
  if (attempt.timedOutAt !== null || now < since + limits.timeout) return attempt;
  return noted(attempt, now, `has not ended after ${Math.round(limits.timeout / MINUTE)} minutes: followed on`, {
    timedOutAt: now,
  });
}

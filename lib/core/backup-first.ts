import { type Attempt, type AttemptError, ended, isBackingUp, isOpen, noted } from './attempt.ts';
import type { Backup, BackupAsk } from './backup.ts';
import type { ErrorRule } from './errors.ts';
import { CLOCK_SLACK, CLOCKS_DIFFER, MOST_CALLS, RETRY_AFTER } from './follow.ts';
import { cacheModeOf, type Instance } from './instance.ts';
import type { GateNo } from './load.ts';
import { type EpochMs, HOUR, iso } from './time.ts';

// The backup before an upgrade (policy, gates.backupFirst): whether one is asked for, and what becomes of it.

/** One that has not ended by then is no slow one, and people are told when the window closes on it. */
const STUCK_AFTER = HOUR;

/** What the answer to the request for a backup says, without the wire. */
export type BackupAnswer =
  | { kind: 'accepted'; backupId: string }
  | ({ kind: 'refused' | 'unknown' | 'not_sent'; rule: ErrorRule } & AttemptError);

/**
 * What the gates say of an instance whose backup alone keeps it back: whether one may be asked for now, and if not, why.
 * Any other no is given back as it is.
 */
export function firstBackup(
  no: GateNo | null,
  instance: Instance,
  attempts: readonly Attempt[],
  now: EpochMs,
): GateNo | null {
  if (!no?.backup) return no;
  const because = (reason: GateNo['reason'], why: string): GateNo => ({ reason, detail: `${no.detail}; ${why}` });
  if (no.backup === 'running') return because('backing_up', 'one is being made');
  if (cacheModeOf(instance) === 'single')
    return because('gate_failed', 'a single-node instance can have none, so none is asked for');
  const open = attempts.filter((attempt) => isOpen(attempt) && attempt.backup);
  const ask = open.find(({ instanceId }) => instanceId === instance.instanceId)?.backup;
  if (ask?.state === 'failed')
    return because('gate_failed', `none is asked for again in this opening: ${errorText(ask)}`);
  if (ask?.state === 'made')
    return because(
      'gate_failed',
      `one was made in this opening, asked for at ${iso(ask.askedAt)}; no other is asked for`,
    );
  if (ask && ask.retryAt !== null && now < ask.retryAt)
    return because('backing_up', `one is asked for again from ${iso(ask.retryAt)}: ${errorText(ask)}`);
  const stopped = open.find(({ scope, backup }) => scope === instance.scope && backup?.stopsScope);
  if (stopped)
    return because(
      'gate_failed',
      `none is asked for in ${instance.scope} in this opening: ${errorText(stopped.backup!)}`,
    );
  return { ...because('backing_up', 'one is asked for first'), backup: 'lacking' };
}

function errorText({ error }: BackupAsk): string {
  return error ? `${error.message} (${error.code})` : 'it came to nothing';
}

/** What an attempt remembers when a backup is about to be asked for. `lookUntil`: see {@link BackupAsk}. */
export function asking(attempt: Attempt, now: EpochMs, lookUntil: EpochMs, host: string): Attempt {
  const calls = (attempt.backup?.calls ?? 0) + 1;
  const backup: BackupAsk = {
    state: 'asked',
    id: null,
    askedAt: now,
    askedOn: host,
    lookUntil,
    retryAt: null,
    calls,
    error: null,
  };
  return noted(attempt, now, `a backup is asked for, call ${calls}`, { backup });
}

/** The request did not leave after all, so it counts as none. */
export function notAsked(attempt: Attempt, now: EpochMs, why: string): Attempt {
  return changed(attempt, now, `no backup was asked for: ${why}`, { state: 'free', calls: attempt.backup!.calls - 1 });
}

/** What becomes of an attempt when its request for a backup was answered. */
export function backupAnswered(attempt: Attempt, answer: BackupAnswer, now: EpochMs): Attempt {
  const ask = attempt.backup!;
  if (answer.kind === 'accepted') {
    const change = { state: 'running', id: answer.backupId } as const;
    return changed(attempt, now, `backup ${answer.backupId} is being made`, change, null);
  }
  const { code, message, requestId, rule } = answer;
  const error = { code, message, requestId };
  if (answer.kind === 'unknown') {
    const note = `whether a backup is being made is not known (${code}): looking until ${iso(ask.lookUntil)}`;
    return changed(attempt, now, note, {}, error);
  }
  const retryAt = now + RETRY_AFTER * ask.calls;
  if (answer.kind === 'not_sent') {
    const change = { state: 'free', retryAt: now + RETRY_AFTER, calls: ask.calls - 1 } as const;
    return changed(attempt, now, `the request for a backup was not sent (${code})`, change, error);
  }
  if (rule.class === 'throttled' && ask.calls < MOST_CALLS)
    return changed(attempt, now, `too many requests to ask for a backup (${code})`, { state: 'free', retryAt }, error);
  const stopsScope = rule.stops === 'scope' && rule.retry === 'never' ? ({ stopsScope: true } as const) : {};
  return changed(attempt, now, `the backup was refused (${code})`, { state: 'failed', ...stopsScope }, error);
}

/**
 * The next state of an attempt whose backup is on its way, given the list of backups. The same object comes back when
 * nothing changed. When its opening is over, so is the attempt, as soon as the list cannot fail to show what was asked for.
 */
export function followBackup(attempt: Attempt, backups: readonly Backup[], at: EpochMs, host: string): Attempt {
  const ask = attempt.backup!;
  const until = ask.lookUntil + (host === ask.askedOn ? 0 : CLOCKS_DIFFER);
  const next = withRecord(attempt, ask, backups, at, at >= until);
  if (at < attempt.opening.closes || at < until) return next;
  const isStuck = isBackingUp(next) && at >= ask.askedAt + STUCK_AFTER;
  const message = `its backup, asked for at ${iso(ask.askedAt)}, has not ended`;
  const error = isStuck ? { code: 'BACKUP.FAILED', message, requestId: null } : next.error;
  return ended(next, at, 'expired', 'the window closed before an upgrade began', error);
}

function withRecord(
  attempt: Attempt,
  ask: BackupAsk,
  backups: readonly Backup[],
  at: EpochMs,
  isLong: boolean,
): Attempt {
  const record = recordOf(ask, backups);
  if (record?.state === 'running') {
    if (ask.state === 'running') return attempt;
    return changed(attempt, at, `found: backup ${record.id}`, { state: 'running', id: record.id }, null);
  }
  if (record?.state === 'good') return changed(attempt, at, `backup ${record.id} is there`, { state: 'made' }, null);
  if (record)
    return failed(attempt, at, `backup ${record.id} failed${record.errorCode ? `: ${record.errorCode}` : ''}`);
  if (!isLong) return attempt;
  if (ask.state === 'running') return failed(attempt, at, `backup ${ask.id} is not listed any more`);
  if (ask.calls >= MOST_CALLS) return failed(attempt, at, `none was begun after ${ask.calls} calls`);
  return changed(attempt, at, 'looked long enough: no backup has begun', { state: 'free' });
}

/**
 * Without an id whatever runs may be what was asked for, and so may what began then: to take one for ours that is not is
 * safe, to ask for two is not.
 */
function recordOf({ id, askedAt }: BackupAsk, backups: readonly Backup[]): Backup | undefined {
  if (id !== null) return backups.find((one) => one.id === id);
  const since = backups.filter(({ at }) => at === null || at >= askedAt - CLOCK_SLACK);
  const newest = since.toSorted((a, b) => (b.at ?? 0) - (a.at ?? 0))[0];
  return backups.find(({ state }) => state === 'running') ?? newest;
}

function failed(attempt: Attempt, at: EpochMs, message: string): Attempt {
  return changed(attempt, at, message, { state: 'failed' }, { code: 'BACKUP.FAILED', message, requestId: null });
}

function changed(
  attempt: Attempt,
  at: EpochMs,
  note: string,
  change: Partial<BackupAsk>,
  error?: AttemptError | null,
): Attempt {
  if (error === undefined) return noted(attempt, at, note, { backup: { ...attempt.backup!, ...change } });
  const told = error && { code: error.code, message: error.message };
  return noted(attempt, at, note, { backup: { ...attempt.backup!, ...change, error: told }, error });
}

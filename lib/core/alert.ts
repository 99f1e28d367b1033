import { type Attempt, isOpen } from './attempt.ts';
import type { ErrorRule } from './errors.ts';
import { ALERT_AUTHOR, type Hold, isByPerson, isInForce } from './hold.ts';
import { isOverride } from './override.ts';
import { type EpochMs, iso } from './time.ts';

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

/** What an attempt remembers once all were told: the event, and with a `!` its end. */
export function markOf({ event, resolved }: Alert): string {
  return resolved ? `${event}!` : event;
}

interface Told {
  event: AlertEvent;
  severity: Severity;
  /** Whether the attempt is in the state that this tells of. */
  holds(attempt: Attempt, now: EpochMs): boolean;
  /** It is over when the attempt ends, and that is told as well. */
  passes?: true;
  summary(attempt: Attempt): string;
  action(attempt: Attempt, hint: string): string;
}

const because = (attempt: Attempt): string =>
  attempt.error ? `${attempt.error.message} (${attempt.error.code})` : attempt.state;

const isGone = ({ error }: Attempt): boolean => error?.code === 'DCS.3022';
/** DCS had accepted it. */
const wasRunning = ({ updates }: Attempt): boolean => updates.some(({ state }) => state === 'running');

/** All that is ever told of an attempt. Each is told once; the attempt remembers which were. */
const TOLD: readonly Told[] = [
  {
    event: 'failed',
    severity: 'error',
    holds: (attempt) => attempt.state === 'failed',
    summary: (attempt) => `${attempt.name} was not upgraded: ${because(attempt)}.`,
    action: ({ taskId }, hint) =>
      taskId === null
        ? `${hint} It is not tried again in this opening.`
        : `Look at task ${taskId} in the console; if it does not say why, open a ticket at Huawei Cloud with its id.`,
  },
  {
    event: 'unverified',
    severity: 'critical',
    holds: (attempt) => attempt.state === 'unverified',
    summary: (attempt) => `${attempt.name} cannot be shown to be upgraded: ${because(attempt)}.`,
    action: () => 'Look at the instance in the console: its status, its version and its task list.',
  },
  {
    event: 'expired',
    severity: 'warning',
    // Nobody waits for what a window left undone, but whoever ordered an upgrade waits for that.
    holds: (attempt) => {
      if (attempt.state !== 'expired') return false;
      return attempt.error === null ? isOverride(attempt.opening) : !isGone(attempt) || wasRunning(attempt);
    },
    summary: (attempt) =>
      isGone(attempt)
        ? `${attempt.name} is gone, and its upgrade with it.`
        : `${attempt.name} was not begun before the window closed: ${because(attempt)}.`,
    action: (attempt, hint) =>
      isGone(attempt)
        ? 'If nobody meant to delete it, find out who did.'
        : `${hint} It is due again in the next opening.`,
  },
  {
    event: 'stuck',
    severity: 'critical',
    holds: (attempt) => attempt.timedOutAt !== null,
    passes: true,
    summary: (attempt) =>
      `The upgrade of ${attempt.name} has not ended since ${iso(attempt.calledAt ?? attempt.claimedAt)}.`,
    action: () => 'Look at its task in the console and open a ticket; it is followed on, and not started again.',
  },
  {
    event: 'overrun',
    severity: 'warning',
    // What is at its end and settles disturbs nobody any more.
    holds: ({ state, taskEndedAt, opening }, now) =>
      state === 'running' && now >= opening.closes && (taskEndedAt === null || taskEndedAt >= opening.closes),
    passes: true,
    summary: (attempt) =>
      `The upgrade of ${attempt.name} runs on after its window closed at ${iso(attempt.opening.closes)}.`,
    action: () => 'Expect short disconnects until it ends; raise limits.minDuration if this recurs.',
  },
  {
    event: 'succeeded',
    severity: 'info',
    holds: (attempt) => attempt.state === 'succeeded',
    summary: (attempt) => `${attempt.name} was upgraded: ${attempt.updates.at(-1)?.note ?? 'verified'}.`,
    action: () => 'Nothing is to be done.',
  },
];

/** What many upgrades of one opening can come to for one reason. */
const GROUPED: readonly AlertEvent[] = ['failed', 'unverified', 'expired'];

/** What is true of the attempt now and was not told yet, and what was told and is not true any more. */
export function untold(attempt: Attempt, now: EpochMs, ruleOf: (code: string) => ErrorRule): Alert[] {
  if (attempt.unreadable) return [];
  const { told: marks, finishedAt } = attempt;
  const begun = TOLD.filter(({ event, holds }) => holds(attempt, now) && !marks.includes(event));
  const ended = TOLD.filter(
    ({ event, passes }) => passes && finishedAt !== null && isMarked(marks, event) && !marks.includes(`${event}!`),
  );
  return [
    ...begun.map((told) => alertOf(told, attempt, ruleOf)),
    ...ended.map((told) => overAlert(alertOf(told, attempt, ruleOf), finishedAt ?? now)),
  ];
}

/** Whether somebody was told. */
function isMarked(marks: readonly string[], event: AlertEvent): boolean {
  return marks.some((mark) => mark === event || mark.startsWith(`${event}@`));
}

function alertOf(told: Told, attempt: Attempt, ruleOf: (code: string) => ErrorRule): Alert {
  const hint = attempt.error ? ruleOf(attempt.error.code).hint : 'See the attempt in the history.';
  const { event, severity } = told;
  return {
    key: `${attempt.id}:${event}`,
    // The others end one by one, and that is told of each.
    ...(GROUPED.includes(event) ? { cause: `${attempt.opening.id}:${attempt.error?.code ?? event}` } : {}),
    event,
    severity,
    summary: told.summary(attempt),
    action: told.action(attempt, hint),
    at: attempt.finishedAt ?? attempt.timedOutAt ?? attempt.opening.closes,
    labels: labelsOf(attempt),
  };
}

/** Ended, and nothing left to tell. */
export function isSettledAttempt(attempt: Attempt, now: EpochMs, ruleOf: (code: string) => ErrorRule): boolean {
  return !isOpen(attempt) && untold(attempt, now, ruleOf).length === 0;
}

function labelsOf(attempt: Attempt): Record<string, string> {
  const labels: Record<string, string | null | undefined> = {
    scope: attempt.scope,
    wave: attempt.wave,
    instanceId: attempt.instanceId,
    name: attempt.name,
    opening: attempt.opening.id,
    taskId: attempt.taskId,
    code: attempt.error?.code,
    requestId: attempt.error?.requestId,
  };
  return Object.fromEntries(
    Object.entries(labels).filter((pair): pair is [string, string] => typeof pair[1] === 'string'),
  );
}

/** A hold that nobody but this program set; people need not be told of their own, nor of what an alert holds: they have that. */
export function holdAlert(hold: Hold, now: EpochMs): Alert | null {
  if (isByPerson(hold) || hold.by.startsWith(ALERT_AUTHOR) || !isInForce(hold, now)) return null;
  const { wave, instanceId } = hold.match;
  const [what, how] = wave
    ? [`Wave ${wave}`, `wave=${wave}`]
    : instanceId
      ? [`Instance ${instanceId}`, `id=${instanceId}`]
      : ['Everything', 'all'];
  return {
    key: `hold:${hold.id}:${hold.createdAt}`,
    ...(instanceId === undefined ? {} : { cause: hold.reason }),
    event: 'held',
    severity: 'error',
    summary: `${what} is held: ${hold.reason}.`,
    action: `Find out why, then: dcs-upgrader release --match ${how} --reason "…"`,
    at: hold.createdAt,
    labels: {
      hold: hold.id,
      ...(wave === undefined ? {} : { wave }),
      ...(instanceId === undefined ? {} : { instanceId }),
    },
  };
}

/** By the kind of request, what does not work. */
const CANNOT = {
  read: 'Nothing can be read',
  call: 'Upgrades are refused',
  gates: 'Nothing is started, because the gates of the policy cannot be read,',
} as const;

/** A scope in which nothing can be started, by the kind of request and the code that say so. */
export function scopeAlert(
  scope: string,
  during: keyof typeof CANNOT,
  failure: { code: string; message: string; requestId: string | null; rule: ErrorRule },
  at: EpochMs,
): Alert {
  return {
    key: `scope:${scope}:${during}:${kindOf(failure)}`,
    event: 'scope',
    severity: failure.rule.severity,
    summary: `${CANNOT[during]} in ${scope}: ${failure.message} (${failure.code}).`,
    action: during === 'gates' && failure.rule.class === 'denied' ? GRANT_GATES : failure.rule.hint,
    at,
    labels: {
      scope,
      during,
      code: failure.code,
      ...(failure.requestId === null ? {} : { requestId: failure.requestId }),
    },
  };
}

/** What passes by itself is one fact however its code changes; what a person has to mend is one for each code. */
export function kindOf({ code, rule }: { code: string; rule: ErrorRule }): string {
  return rule.retry === 'never' ? code : 'passing';
}

/** An upgrade under way that nobody sees. */
export function unseenAlert(
  { id, instanceId, name, scope }: Pick<Attempt, 'id' | 'instanceId' | 'name' | 'scope'>,
  failure: { code: string; message: string; rule: ErrorRule },
  at: EpochMs,
): Alert {
  const { code, message, rule } = failure;
  return {
    key: `unseen:${id}`,
    event: 'scope',
    severity: 'error',
    summary: `The upgrade of ${name} cannot be looked at: ${message} (${code}).`,
    action: `${rule.hint} It is followed on, and not started again.`,
    at,
    labels: { scope, instanceId, name, code, attempt: id },
    cause: `unseen ${scope} ${kindOf(failure)}`,
  };
}

/** Instances of a scope that cannot be read, while others can: nothing is decided on them, or their upgrade is not seen. */
export function unreadableAlert(
  scope: string,
  instanceIds: readonly string[],
  failure: { code: string; message: string; rule: ErrorRule },
  at: EpochMs,
): Alert {
  const { code, message, rule } = failure;
  const named = instanceIds.slice(0, 3).join(', ');
  const more = instanceIds.length > 3 ? ` and ${instanceIds.length - 3} more` : '';
  return {
    key: `instances:${scope}:${kindOf(failure)}`,
    event: 'scope',
    severity: rule.severity === 'info' ? 'warning' : rule.severity,
    summary: `In ${scope} the state of ${named}${more} cannot be read: ${message} (${code}).`,
    action: rule.hint,
    at,
    labels: { scope, code, ...(instanceIds.length === 1 ? { instanceId: instanceIds[0]! } : {}) },
  };
}

const GRANT_GATES =
  'Grant ces:metricData:list, and for gates.backup dcs:instance:getDataBackupLog, to this user, or leave that gate out of the policy.';

/** An instance of the scope whose gates could be asked for, and are not known all the same. Others may be so too. */
export function gatesAlert(scope: string, name: string, why: string, at: EpochMs): Alert {
  return {
    key: `scope:${scope}:gates:NO_DATA`,
    event: 'scope',
    severity: 'warning',
    summary: `${name} in ${scope} is not started, because its gates are not known: ${why}.`,
    action:
      'See in Cloud Eye why it has no data; until it has, hold the instance, or leave that gate out of the policy.',
    at,
    labels: { scope, during: 'gates', name },
  };
}

/** A code that the error table does not have. */
export function unknownCodeAlert(code: string, message: string, at: EpochMs): Alert {
  return {
    key: `code:${code}`,
    event: 'unknown_code',
    severity: 'error',
    summary: `DCS answered with a code that is not in the error table: ${code} (${message}).`,
    action: 'See what it means, and add a line for it to the error table.',
    at,
    labels: { code },
  };
}

/** What was claimed is not begun, because it does not reach the workers or they do not take it. */
export function queueAlert(what: 'unsent' | 'untaken', problem: string, at: EpochMs): Alert {
  return {
    key: `queue:${what}`,
    event: 'queue',
    severity: 'critical',
    summary: `Upgrades that are due are not begun: ${problem}.`,
    action: 'See whether the queue of QUEUE is there and may be used, and what the log of its workers says.',
    at,
    labels: {},
  };
}

/** A receiver of alerts that takes none: what it was to be told is kept for it, and the others are told of this. */
export function receiverAlert(name: string, at: EpochMs): Alert {
  return {
    key: `alerts:${name}`,
    event: 'receiver',
    severity: 'error',
    summary: `Alerts do not reach the receiver ${name}.`,
    action: 'See "alert_not_delivered" in the log for what it answers; what it missed is sent once it answers again.',
    at,
    labels: { receiver: name },
  };
}

/** The program's memory cannot be read or written. */
export function ledgerAlert(spec: string, problem: string, at: EpochMs): Alert {
  return {
    key: `ledger:${spec}`,
    event: 'ledger',
    severity: 'critical',
    summary: `Nothing is started and nothing is followed, because the ledger fails: ${problem}.`,
    action: 'Put the ledger right; upgrades that run go on by themselves and are followed again from then on.',
    at,
    labels: { ledger: spec },
  };
}

/** An attempt that may be under way, and of which nothing is known but its id. */
export function unreadableAttemptAlert({ id, instanceId }: Attempt, at: EpochMs): Alert {
  return {
    key: `attempt:${id}`,
    event: 'ledger',
    severity: 'critical',
    summary: `What is stored of attempt ${id} cannot be read: it is not followed, and its place is kept.`,
    action: `Look at the instance in the console; once nothing runs there: dcs-upgrader give-up "${id}" --reason "…"`,
    at,
    labels: { instanceId, attempt: id },
  };
}

/** A ledger without a past: either this is the first run, or the past was lost. */
export function newLedgerAlert(spec: string, at: EpochMs): Alert {
  return {
    key: `ledger:new:${at}`,
    event: 'ledger',
    severity: 'warning',
    summary: `A new ledger was begun: ${spec}.`,
    action:
      'If there was one before, its claims and holds are forgotten: hold all, see what was upgraded in this opening, set the holds again.',
    at,
    labels: { ledger: spec },
  };
}

/** No valid policy: nothing new starts. */
export function policyAlert(problem: string, at: EpochMs): Alert {
  return {
    key: 'policy:invalid',
    event: 'policy',
    severity: 'critical',
    summary: `There is no valid policy, so nothing new is started: ${problem}`,
    action: 'Run "dcs-upgrader validate" and mend the policy; what runs is followed meanwhile.',
    at,
    labels: {},
  };
}

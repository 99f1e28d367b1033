import { type Alert, type AlertEvent, overAlert, type Severity } from './alert.ts';
import { kindOf } from './alert-facts.ts';
import { type Attempt, isOpen } from './attempt.ts';
import type { ErrorRule } from './errors.ts';
import { isMarked } from './marks.ts';
import { isOverride } from './override.ts';
import type { Subject } from './subject.ts';
import { type EpochMs, iso } from './time.ts';

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

/** How the rollout goes on; what was ordered may be of no wave. */
const waits = ({ wave }: Attempt): string =>
  wave === '' ? '' : ` Waves after ${wave} wait until it has succeeded, or is held by its id.`;

/** All that is ever told of an attempt. Each is told once; the attempt remembers which were. */
const TOLD: readonly Told[] = [
  {
    event: 'failed',
    severity: 'error',
    holds: (attempt) => attempt.state === 'failed',
    summary: (attempt) => `${attempt.name} was not upgraded: ${because(attempt)}.`,
    action: (attempt, hint) =>
      (attempt.taskId === null
        ? `${hint} It is not tried again in this opening.`
        : `Look at task ${attempt.taskId} in the console; if it does not say why, open a ticket at Huawei Cloud with its id.`) +
      waits(attempt),
  },
  {
    event: 'unverified',
    severity: 'critical',
    holds: (attempt) => attempt.state === 'unverified',
    summary: (attempt) => `${attempt.name} cannot be shown to be upgraded: ${because(attempt)}.`,
    action: (attempt) =>
      `Look at the instance in the console: its status, its version and its task list.${waits(attempt)}`,
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
    action: ({ instanceId }) =>
      `Look at its task in the console and open a ticket; it is followed on, and not started again. So that the waves after it go on without it, hold it by its id: dcs-upgrader hold --match id=${instanceId} --reason R.`,
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

/** That it has failed, as that was told. @throws for one that has not */
export function failureAlert(attempt: Attempt, ruleOf: (code: string) => ErrorRule): Alert {
  return alertOf(TOLD.find(({ event }) => event === attempt.state)!, attempt, ruleOf);
}

function alertOf(told: Told, attempt: Attempt, ruleOf: (code: string) => ErrorRule): Alert {
  const hint = attempt.error ? ruleOf(attempt.error.code).hint : 'See the attempt in the history.';
  const { event, severity } = told;
  const together = attempt.toldAs?.[event];
  const cause = together?.key ?? `${attempt.opening.id}:${attempt.error?.code ?? event}`;
  return {
    key: together?.key ?? `${attempt.id}:${event}`,
    // The others end one by one, and that is told of each.
    ...(GROUPED.includes(event) ? { cause } : {}),
    event,
    severity,
    summary: told.summary(attempt),
    action: told.action(attempt, hint),
    at: together?.at ?? attempt.finishedAt ?? attempt.timedOutAt ?? attempt.opening.closes,
    labels: labelsOf(attempt),
    instance: subjectOf(attempt),
  };
}

/** As it was at the claim; attempts of earlier releases do not say all of it. */
function subjectOf({ instanceId, name, scope, tags = {}, enterpriseProjectId = '' }: Claimed): Subject {
  return { instanceId, name, region: scope.split('/')[0]!, enterpriseProjectId, tags };
}

type Claimed = Pick<Attempt, 'id' | 'instanceId' | 'name' | 'scope' | 'tags' | 'enterpriseProjectId'>;

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

/** An upgrade under way that nobody sees. */
export function unseenAlert(
  attempt: Claimed,
  failure: { code: string; message: string; rule: ErrorRule },
  at: EpochMs,
): Alert {
  const { code, message, rule } = failure;
  const { id, instanceId, name, scope } = attempt;
  return {
    key: `unseen:${id}`,
    event: 'scope',
    severity: 'error',
    summary: `The upgrade of ${name} cannot be looked at: ${message} (${code}).`,
    action: `${rule.hint} It is followed on, and not started again.`,
    at,
    labels: { scope, instanceId, name, code, attempt: id },
    instance: subjectOf(attempt),
    cause: `unseen ${scope} ${kindOf(failure)}`,
  };
}

/** No backup can be made of an instance whose upgrade waits for one. */
export function backupAlert(
  attempt: Attempt,
  { code, message, rule }: { code: string; message: string; rule: ErrorRule },
  at: EpochMs,
): Alert {
  const { id, name, scope } = attempt;
  const grant = 'Grant dcs:instance:backupData to this user, or leave gates.backupFirst out of the policy.';
  return {
    key: `backup:${id}`,
    event: 'scope',
    severity: 'warning',
    summary: `${name} is not upgraded, because no backup of it was made: ${message} (${code}).`,
    action: rule.class === 'denied' ? grant : rule.hint,
    at,
    labels: { ...labelsOf(attempt), code },
    instance: subjectOf(attempt),
    cause: `backup ${scope} ${code}`,
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

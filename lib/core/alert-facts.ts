import type { Alert } from './alert.ts';
import type { ErrorRule } from './errors.ts';
import { ALERT_AUTHOR, type Hold, isByPerson, isInForce } from './hold.ts';
import type { Subject } from './subject.ts';
import type { EpochMs } from './time.ts';

/** A hold that nobody but this program set; people need not be told of their own, nor of what an alert holds: they have that. */
export function holdAlert(hold: Hold, now: EpochMs, instance: Subject | null = null): Alert | null {
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
    ...(instance === null ? {} : { instance: subject(instance) }),
  };
}

/** No more than is needed of it: what is told of is stored. */
function subject({ instanceId, name, region, enterpriseProjectId, tags }: Subject): Subject {
  return { instanceId, name, region, enterpriseProjectId, tags };
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

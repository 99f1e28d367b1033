import { backupAlert, unreadableAttemptAlert } from '../core/alert-attempt.ts';
import { queueAlert, unknownCodeAlert } from '../core/alert-facts.ts';
import { type Attempt, ended, isBackingUp, isHanded, isInFlight } from '../core/attempt.ts';
import { followBackup } from '../core/backup-first.ts';
import { isKnown, ruleFor } from '../core/errors.ts';
import { advance, withTimeout } from '../core/follow.ts';
import type { Scope } from '../core/instance.ts';
import { BACKUPS_LOOK_BACK, loadGates } from '../core/load.ts';
import type { Policy } from '../core/policy.ts';
import { HOUR, MINUTE } from '../core/time.ts';
import { type Deps, hostOf } from '../deps.ts';
import { failureOf } from './failure.ts';
import { takenBack } from './hand.ts';
import { look } from './look.ts';
import { pool } from './pool.ts';
import type { Tally } from './tally.ts';
import { GRACE } from './tell.ts';

const FOLLOWS_AT_ONCE = 16;

/** What following needs where no policy was ever valid: the defaults of `verify` and `limits.sightLag`. */
const WITHOUT_POLICY = { settle: 10 * MINUTE, timeout: 3 * HOUR, sightLag: 2 * MINUTE, gated: false };

/** Follows every open attempt one step, whatever windows, holds and freezes say. The results stand in the given order. */
export async function followAll(
  deps: Deps,
  policy: Policy | null,
  active: readonly Attempt[],
  tally: Tally,
  signal?: AbortSignal,
): Promise<Attempt[]> {
  for (const attempt of active.filter(({ unreadable }) => unreadable))
    tally.raised.push({ alert: unreadableAttemptAlert(attempt, deps.clock.now()), grace: 0 });
  tally.looked.push(...active.filter(({ finishedAt }) => finishedAt !== null).map(({ id }) => id));
  const open = active.filter(({ finishedAt, unreadable }) => finishedAt === null && !unreadable);
  const followed = await pool(
    open,
    FOLLOWS_AT_ONCE,
    (attempt) => followOne(deps, policy, attempt, tally, signal),
    signal,
  );
  const results = new Map(followed.map((attempt) => [attempt.id, attempt]));
  return active.map((attempt) => results.get(attempt.id) ?? attempt);
}

async function followOne(
  deps: Deps,
  policy: Policy | null,
  attempt: Attempt,
  tally: Tally,
  signal?: AbortSignal,
): Promise<Attempt> {
  const gates = policy?.gates ? loadGates(policy.gates) : null;
  const host = hostOf(deps.holder);
  const limits = policy
    ? { ...policy.verify, sightLag: policy.limits.sightLag, gated: gates !== null, host }
    : { ...WITHOUT_POLICY, host };
  let next = attempt;
  try {
    if (isHanded(attempt)) next = leftBy(deps, attempt, tally);
    else if (isBackingUp(attempt))
      next = await followedBackup(deps, scopeOf(policy, attempt.scope, attempt.reach), attempt, signal);
    else if (isInFlight(attempt)) {
      const scope = scopeOf(policy, attempt.scope, attempt.reach);
      next = advance(attempt, await look(deps, scope, attempt, { gates, settle: limits.settle }, signal), limits);
      tally.looked.push(attempt.scope, attempt.id);
    } else next = expireIfOver(attempt, deps.clock.now());
  } catch (error) {
    tally.failures.push({
      during: 'read',
      scope: attempt.scope,
      instanceId: attempt.instanceId,
      failure: failureOf(error),
      attempt,
    });
    next = withTimeout(attempt, deps.clock.now(), limits);
  }
  tellOfBackup(deps, next, tally);
  if (next === attempt) return attempt;
  logChange(deps, attempt, next);
  return (await deps.ledger.save(next)) ?? (await deps.ledger.attempt(attempt.id)) ?? next;
}

/** Nothing was called for it, so there is nothing to look at. When no worker came in time, it is decided on anew. */
function leftBy({ clock }: Deps, attempt: Attempt & { handed: { until: number } }, tally: Tally): Attempt {
  const now = clock.now();
  if (now < attempt.handed.until) return attempt;
  tally.raised.push({ alert: queueAlert('untaken', 'no worker takes them', now), grace: GRACE });
  return expireIfOver(takenBack(attempt, now, 'no worker took it in time'), now);
}

async function followedBackup(deps: Deps, scope: Scope, attempt: Attempt, signal?: AbortSignal): Promise<Attempt> {
  const { dcs, clock, holder } = deps;
  // The time before the read: what is seen is at least as new.
  const at = clock.now();
  const backups = await dcs.listBackups(scope, attempt.instanceId, at - BACKUPS_LOOK_BACK, signal);
  return followBackup(attempt, backups, at, hostOf(holder));
}

/** That no backup can be made is told while it keeps the upgrade back, and then as over. */
function tellOfBackup({ clock }: Deps, attempt: Attempt, tally: Tally): void {
  if (!attempt.backup || isBackingUp(attempt)) return;
  tally.looked.push(attempt.id);
  const { state, error } = attempt.backup;
  // Once the upgrade was called the backup keeps it back no longer: there was another.
  if (state !== 'failed' || !error || attempt.state !== 'claimed' || attempt.calls > 0) return;
  const now = clock.now();
  const alert = backupAlert(attempt, { ...error, rule: ruleFor(error.code, 0) }, now);
  tally.raised.push({ alert, grace: GRACE });
  if (!isKnown(error.code)) tally.raised.push({ alert: unknownCodeAlert(error.code, error.message, now), grace: 0 });
}

/** Refused, and waiting for a later tick of its opening; when that is over, so is the attempt. */
function expireIfOver(attempt: Attempt, now: number): Attempt {
  return now < attempt.opening.closes
    ? attempt
    : ended(attempt, now, 'expired', 'the window closed before an upgrade began');
}

function logChange({ log }: Deps, before: Attempt, after: Attempt): void {
  if (after.updates.at(-1) === before.updates.at(-1)) return;
  const { id, instanceId, name, state, taskId, error } = after;
  const note = after.updates.at(-1)?.note;
  log(state === 'failed' || state === 'unverified' ? 'error' : 'info', `attempt_${state}`, {
    attempt: id,
    instanceId,
    name,
    taskId,
    note,
    error,
  });
}

/** A scope that the policy no longer names is still reached for what runs there. */
export function scopeOf(policy: Policy | null, id: string, reach: Attempt['reach'] = {}): Scope {
  const [region = '', project = ''] = id.split('/');
  return policy?.scopes.find((scope) => scope.id === id) ?? { id, region, project, ...reach };
}

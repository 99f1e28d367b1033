import { createHash } from 'node:crypto';
import type { Approval, Plan } from './core/approval.ts';
import { type Attempt, ended, isFailure } from './core/attempt.ts';
import { type Decision, isSameDecision, lasting } from './core/decision.ts';
import { type Forecast, forecast } from './core/forecast.ts';
import { concerns, type Hold, type HoldMatch, isInForce } from './core/hold.ts';
import { type Policy, wantsApproval } from './core/policy.ts';
import type { EpochMs } from './core/time.ts';
import type { Deps, FleetEntry, Ledger, PolicyState } from './deps.ts';
import { putApproval } from './pass/approval.ts';
import { holdsNow } from './pass/holds.ts';
import { type PassReport, reconcile } from './reconcile.ts';

/** What people ask for, whether at the command line or over HTTP. */

export interface FleetStatus {
  report: PassReport;
  counts: Record<string, number>;
  /** In force. */
  holds: Hold[];
  outlook: Forecast;
}

/** The fleet in numbers, from what is stored; asks no API. */
export async function fleetStatus(deps: Deps, policy: Policy, requestedBy: string): Promise<FleetStatus> {
  const options = { dryRun: true, fromMemory: true, explain: true, requestedBy, reason: 'status' };
  const report = await reconcile(deps, { policy, problem: null }, options);
  const failed = (await deps.ledger.attempts({})).filter(isFailure).length;
  const holds = (await holdsNow(deps.ledger, policy, report.now)).filter((hold) => isInForce(hold, report.now));
  return { report, counts: countsOf(report, failed), holds, outlook: outlookOf(report, { policy, problem: null })! };
}

/** When the fleet will be current, by what a pass has decided; null without a valid policy. */
export function outlookOf({ decisions, waves, errors, now }: PassReport, state: PolicyState): Forecast | null {
  if (state.problem !== null) return null;
  const outlook = forecast(state.policy, decisions, waves, now);
  const unread = errors.find(({ instanceId, stopsScope }) => instanceId === null && stopsScope);
  if (!unread) return outlook;
  // Who is in it, and how far, nobody knows.
  const detail = `nobody can tell: scope ${unread.scope} cannot be read`;
  return { ...outlook, current: null, detail, waves: outlook.waves.map(({ wave }) => ({ wave, current: null })) };
}

function countsOf({ decisions }: PassReport, failed: number): Record<string, number> {
  const count = (test: (decision: Decision) => boolean) => decisions.filter(test).length;
  return {
    instances: decisions.length,
    latest: count(({ reason }) => reason === 'already_latest'),
    due: count(({ action }) => action === 'start' || action === 'wait'),
    running: count(({ action }) => action === 'follow'),
    held: count(({ reason }) => reason === 'held'),
    failed,
    notOurs: count(({ action, reason }) => action === 'none' && reason !== 'already_latest'),
  };
}

export interface Explanation {
  decision: Decision | null;
  /** Newest first. */
  attempts: Attempt[];
  /** All that are in force, whether or not they cover it. */
  holds: Hold[];
}

/** What is stored of one instance. Without a policy every hold on a wave may be about it. */
export async function explain(deps: Deps, state: PolicyState, entry: FleetEntry): Promise<Explanation> {
  const { ledger, clock } = deps;
  const { instance, decision } = entry;
  const attempts = await ledger.attempts({ instanceId: instance.instanceId });
  const waves = state.policy?.rollout.map(({ wave }) => wave) ?? [];
  const holds = (await holdsInForce(ledger, clock.now())).filter((hold) =>
    concerns(hold, instance, decision?.wave ?? null, waves),
  );
  return { decision: await asOfNow(deps, state, decision), attempts, holds };
}

/** What counts others, or the time, is told as it is now: while nothing else changes it is not written again. */
async function asOfNow(deps: Deps, state: PolicyState, decision: Decision | null): Promise<Decision | null> {
  if (state.problem !== null || decision === null || lasting(decision) === decision) return decision;
  const options = { dryRun: true, fromMemory: true, explain: true, requestedBy: 'why', reason: 'why' };
  const { decisions } = await reconcile(deps, state, options);
  const fresh = decisions.find(({ instanceId }) => instanceId === decision.instanceId);
  const isSo = fresh && (isSameDecision(fresh, decision) || fresh.reason === 'outside_window');
  return isSo ? fresh : decision;
}

export async function holdsInForce(ledger: Ledger, now: EpochMs): Promise<Hold[]> {
  return (await ledger.holds()).filter((hold) => isInForce(hold, now));
}

/** `all`, or `scope=…`, `region=…`, `wave=…`, `id=…`, `tag:KEY=VALUE` with commas between. A text says what is wrong. */
export function readHoldMatch(given: string): HoldMatch | string {
  if (given === 'all') return { all: true };
  const match: HoldMatch = {};
  for (const part of given.split(',')) {
    const [, key, value] = /^\s*([^=]+)=(.+?)\s*$/.exec(part) ?? [];
    if (key === 'scope' || key === 'region' || key === 'wave') match[key] = value!;
    else if (key === 'id') match.instanceId = value!;
    else if (key?.startsWith('tag:')) match.tags = { ...match.tags, [key.slice(4)]: value! };
    else return `"${part}" is none of all, scope=…, region=…, wave=…, id=…, tag:KEY=…`;
  }
  return match;
}

/** The same match has the same id, in whatever order its keys stand: setting a hold again replaces it. */
export function holdId(match: HoldMatch): string {
  const sorted = { ...match, tags: Object.entries(match.tags ?? {}).sort() };
  return `person:${createHash('sha256')
    .update(JSON.stringify(Object.entries(sorted).sort()))
    .digest('hex')
    .slice(0, 12)}`;
}

/**
 * Ends an attempt that is open and cannot be followed to an end, because its scope is gone or what is stored of it cannot
 * be read. It counts as a failure, and what may run there is not looked at any more. A text says why it cannot be done.
 */
export async function giveUp(
  { ledger, log }: Pick<Deps, 'ledger' | 'log'>,
  id: string,
  by: string,
  reason: string,
  now: EpochMs,
): Promise<Attempt | string> {
  const found = await ledger.attempt(id);
  if (!found) return `there is no attempt "${id}"`;
  if (found.finishedAt !== null) return `attempt "${id}" has ended already: it ${found.state}`;
  const { unreadable: _, ...attempt } = found;
  const message = `given up by ${by}: ${reason}`;
  const saved = await ledger.save(
    ended(attempt, now, 'unverified', message, { code: 'GIVEN_UP', message, requestId: null }),
  );
  if (!saved) return `attempt "${id}" was just written by a run; look at it again`;
  log('warn', 'attempt_given_up', { attempt: id, by, reason });
  return saved;
}

/**
 * Looks at the fleet, and approves what would be upgraded in this opening or the next, if that plan still has this hash.
 * A text says that it has not.
 */
export async function approve(
  deps: Deps,
  policy: Policy,
  { hash, by, signal }: { hash: string; by: string; signal: AbortSignal },
): Promise<Approval | string> {
  if (!wantsApproval(policy)) return 'no wave of the policy asks for approval';
  const options = { dryRun: true, observeAlways: true, requestedBy: by, reason: 'approve', signal };
  const { plan } = await reconcile(deps, { policy, problem: null }, options);
  const found = planHash(plan);
  if (!plan || found !== hash)
    return `the plan is ${found} by now, not ${hash}, and has ${plan?.items.length ?? 0} upgrades: look at it with "plan" before you approve it`;
  const approval: Approval = { hash, by, at: deps.clock.now(), ...plan };
  await putApproval(deps.ledger, approval);
  deps.log('info', 'plan_approved', { hash, by, upgrades: plan.items.length, closes: plan.opening.closes });
  return approval;
}

/** Names a plan by what it would upgrade to what, and when: the same plan has the same hash, whoever makes it. */
export function planHash(plan: Plan | null): string {
  const text = JSON.stringify([plan?.opening.opens ?? null, plan?.items ?? []]);
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

export interface HoldOrder {
  match: HoldMatch;
  by: string;
  reason: string;
  /** Null: until released. */
  until: EpochMs | null;
}

export async function placeHold(ledger: Ledger, order: HoldOrder, now: EpochMs): Promise<void> {
  const id = holdId(order.match);
  await ledger.putHold({ id, ...order, createdAt: now, releasedAt: null, releasedBy: null });
}

export async function releaseHold(
  { ledger, log }: Pick<Deps, 'ledger' | 'log'>,
  hold: Hold,
  by: string,
  reason: string,
  now: EpochMs,
): Promise<void> {
  await ledger.putHold({ ...hold, releasedAt: now, releasedBy: `${by}: ${reason}` });
  log('info', 'hold_released', { hold: hold.id, by, reason });
}

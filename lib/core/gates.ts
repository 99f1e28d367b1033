import { whyNotApproved } from './approval.ts';
import { type Attempt, claimId, isBackingUp, isFailure, isHanded, isOpen } from './attempt.ts';
import type { Action, Reason } from './decision.ts';
import { MOST_CALLS } from './follow.ts';
import { frozenAt } from './freeze.ts';
import { NEEDS_A_PERSON, PARTS } from './instance.ts';
import { isOverride } from './override.ts';
import type { WaveState } from './rollout.ts';
import { type Scene, type Standing, sizeClassOf, waveOf } from './stock.ts';
import { type EpochMs, iso, MINUTE } from './time.ts';
import type { Calendar, Opening } from './window.ts';

/** One gate's no. `from`: the earliest instant at which this no is over; absent when nobody can tell. */
export interface No {
  action: Exclude<Action, 'start'>;
  reason: Reason;
  detail: string;
  from?: EpochMs;
}

export interface Context {
  scene: Scene;
  waves: ReadonlyMap<string, WaveState>;
  expected: (sizeClass: string) => number;
  /** Of its windows; of the one opening in which it was ordered where a person did that. */
  calendarOf: (standing: Standing) => Calendar;
}

/** The gates in the order in which they are asked; the first no is the reason. This list is the manual. */
const GATES: readonly ((standing: Standing, context: Context) => No | null)[] = [
  selected, notUnderWay, scopeReadable, versionsKnown, somethingDue, notHeld, waveOpen, approved, windowOpen, notFrozen,
  openingNotSpent, atRest, fits, gatesPassed,
]; // biome-ignore format: a list to be read

/** The first no, or null: nothing but the limits stands against a start. */
export function firstNo(standing: Standing, context: Context): No | null {
  for (const gate of GATES) {
    const no = gate(standing, context);
    if (no) return no;
  }
  return null;
}

function selected({ assignment }: Standing): No | null {
  return assignment.kind === 'wave' ? null : { action: 'none', reason: assignment.reason, detail: assignment.detail };
}

function notUnderWay({ inFlight }: Standing, { scene }: Context): No | null {
  if (!inFlight) return null;
  if (inFlight.unreadable) {
    const detail = `what is stored of attempt ${inFlight.id} cannot be read, so it counts as under way`;
    return { action: 'follow', reason: 'outcome_unknown', detail };
  }
  if (isBackingUp(inFlight)) {
    const { state, askedAt, lookUntil } = inFlight.backup!;
    const how =
      state === 'running' ? 'it is being made' : `whether one is made is not known, looking until ${iso(lookUntil)}`;
    const detail = `a backup was asked for at ${iso(askedAt)}: ${how}; the upgrade starts once it is there, if it still fits`;
    return { action: 'wait', reason: 'backing_up', detail, from: scene.now };
  }
  if (inFlight.state === 'running') {
    const progress = inFlight.progress ? `, ${inFlight.progress.percent} %` : '';
    return {
      action: 'follow',
      reason: 'in_progress',
      detail: `upgrading since ${iso(inFlight.calledAt ?? inFlight.claimedAt)}${progress}`,
    };
  }
  if (isHanded(inFlight)) {
    const detail = `handed to a worker, which may begin it until ${iso(inFlight.handed.until)}`;
    return { action: 'follow', reason: 'in_progress', detail };
  }
  return {
    action: 'follow',
    reason: 'outcome_unknown',
    detail: `the call's outcome is unknown; looking until ${iso(inFlight.lookUntil!)}`,
  };
}

function scopeReadable({ instance }: Standing, { scene }: Context): No | null {
  const why = scene.stoppedScopes.get(instance.scope);
  return why === undefined
    ? null
    : { action: 'wait', reason: 'scope_stopped', detail: `scope ${instance.scope}: ${why}` };
}

function versionsKnown({ instance }: Standing): No | null {
  return instance.versions
    ? null
    : {
        action: 'wait',
        reason: 'version_unknown',
        detail: 'its versions have not been read yet; that goes on, and the next tick decides',
      };
}

function somethingDue({ instance, due }: Standing, { scene }: Context): No | null {
  if (due.length > 0) return null;
  const versions = instance.versions!;
  const behind = PARTS.find((part) => {
    const { current, latest } = versions[part];
    return scene.policy.upgrade[part] !== undefined && current !== null && latest !== null && current !== latest;
  });
  if (!behind)
    return {
      action: 'none',
      reason: 'already_latest',
      detail: `${versions.engine.current ?? 'its version'} is the latest`,
    };
  const { current, latest } = versions[behind];
  return {
    action: 'none',
    reason: 'not_offered',
    detail: `${behind} is ${current}, the latest is ${latest}, but DCS does not offer the upgrade`,
  };
}

function notHeld({ hold, assignment }: Standing, { scene }: Context): No | null {
  if (hold) {
    const end = hold.until === null ? 'until it is released' : `until ${iso(hold.until)}`;
    const no: No = { action: 'wait', reason: 'held', detail: `held by ${hold.by} ${end}: ${hold.reason}` };
    return hold.until === null ? no : { ...no, from: hold.until };
  }
  const until = assignment.kind === 'wave' ? assignment.holdUntil : null;
  if (until === null || scene.now >= until) return null;
  if (until === Number.POSITIVE_INFINITY)
    return {
      action: 'wait',
      reason: 'held',
      detail: 'its tag dcs-upgrade-hold-until cannot be read: held until it is mended',
    };
  return {
    action: 'wait',
    reason: 'held',
    detail: `held by its tag dcs-upgrade-hold-until until ${iso(until)}`,
    from: until,
  };
}

function waveOpen({ assignment, instance }: Standing, { waves, scene }: Context): No | null {
  if (scene.overrides?.has(instance.instanceId)) return null;
  const closed = waves.get(waveOf(assignment)!)?.closed;
  if (!closed) return null;
  const no: No = { action: 'wait', reason: closed.reason, detail: closed.detail };
  return closed.until === null ? no : { ...no, from: closed.until };
}

function approved(standing: Standing, { scene, calendarOf }: Context): No | null {
  const { assignment, instance } = standing;
  if (assignment.kind !== 'wave' || !assignment.wave.approve || scene.overrides?.has(instance.instanceId)) return null;
  const why = whyNotApproved(scene, assignment.wave.wave, instance, calendarOf(standing).at(scene.now));
  return why === null ? null : { action: 'wait', reason: 'not_approved', detail: why };
}

function windowOpen(standing: Standing, context: Context): No | null {
  const { now } = context.scene;
  if (context.calendarOf(standing).at(now)) return null;
  return { action: 'wait', reason: 'outside_window', detail: 'no window of its wave is open', from: now };
}

function notFrozen({ instance, due }: Standing, { scene }: Context): No | null {
  if (scene.overrides?.has(instance.instanceId)) return null;
  const freezes = due.map((part) => frozenAt(scene.policy, instance, part, scene.now));
  const freeze = freezes[0];
  if (!freeze || freezes.includes(null)) return null;
  return { action: 'wait', reason: 'frozen', detail: `freeze ${freeze.name}: ${freeze.reason}`, from: scene.now };
}

/**
 * It was ordered, nothing was accepted, and its time is over with tries left: its instance has its own window as if it had not
 * been, unless the order took the claim of that window.
 */
function cameToNothing({ id, instanceId, opening, state, calls, updates }: Attempt, now: Opening): boolean {
  const wasAccepted = updates.some((update) => update.state === 'running');
  const isItsClaim = id === claimId(instanceId, now);
  return isOverride(opening) && state === 'expired' && calls < MOST_CALLS && !wasAccepted && !isItsClaim;
}

/** One accepted upgrade an opening, and a bounded number of calls: see "retry" in the policy's reference. */
function openingNotSpent(standing: Standing, context: Context): No | null {
  const { now } = context.scene;
  const opening = context.calendarOf(standing).at(now)!;
  const attempt = standing.attempts.find(
    (one) => one.opening.opens < opening.closes && opening.opens < one.opening.closes && !cameToNothing(one, opening),
  );
  if (!attempt) return null;
  const later = { action: 'wait' as const, from: opening.closes };
  if (isFailure(attempt))
    return {
      ...later,
      reason: 'failed_this_opening',
      detail: `it ${attempt.state} in this opening: ${attempt.error?.message ?? attempt.state}`,
    };
  if (attempt.state === 'succeeded')
    return {
      ...later,
      reason: 'done_this_opening',
      detail: 'it was upgraded in this opening; a newer version waits for the next',
    };
  if (!isOpen(attempt) || attempt.calls >= MOST_CALLS)
    return {
      ...later,
      reason: 'tries_spent',
      detail: `${howSpent(attempt)} (${attempt.error?.code ?? attempt.state})`,
    };
  const again = attempt.retryAt ?? 0;
  if (now >= again) return null;
  return {
    action: 'wait',
    reason: 'retry_later',
    detail: `refused (${attempt.error?.code ?? 'no code'}); to be tried again from ${iso(again)}`,
    from: again,
  };
}

/** What was ordered has taken the claim that it had in its window. */
function howSpent({ opening, calls }: Attempt): string {
  return isOverride(opening) && calls < MOST_CALLS
    ? 'it was ordered in this opening, and not begun in the time that an order has'
    : `not begun after ${calls} calls in this opening`;
}

function atRest({ instance }: Standing, { scene }: Context): No | null {
  if (NEEDS_A_PERSON.includes(instance.status)) {
    return {
      action: 'wait',
      reason: 'instance_not_running',
      detail: `it is ${instance.status}: a person has to look at it`,
    };
  }
  if (instance.status !== 'RUNNING')
    return { action: 'wait', reason: 'instance_busy', detail: `it is ${instance.status}`, from: scene.now };
  if (!instance.upgrading) return null;
  return {
    action: 'wait',
    reason: 'instance_busy',
    detail: 'an upgrade that somebody else began is running',
    from: scene.now,
  };
}

function fits(standing: Standing, context: Context): No | null {
  const { now } = context.scene;
  const need = needOf(standing, context);
  const left = context.calendarOf(standing).at(now)!.closes - now;
  if (need <= left) return null;
  const detail = `an upgrade may take ${Math.ceil(need / MINUTE)} minutes, the window closes in ${Math.floor(left / MINUTE)}`;
  return { action: 'wait', reason: 'does_not_fit', detail, from: now };
}

/** What the policy's `gates` say, for those whose gates were read: these are who would start otherwise. */
function gatesPassed({ instance }: Standing, { scene }: Context): No | null {
  const no = scene.gates?.get(instance.instanceId);
  // Whose backup is to be made first takes its place among the limits all the same: decide.ts.
  return no && no.backup !== 'lacking' ? { action: 'wait', ...no, from: scene.now } : null;
}

/** How long an upgrade of it has to be expected to take, in milliseconds. */
export function needOf({ instance }: Standing, { expected }: Context): number {
  return expected(sizeClassOf(instance));
}

import { type FromTo, isFailure, isOpen } from './attempt.ts';
import { MOST_CALLS } from './follow.ts';
import { frozenAt, nextStart } from './freeze.ts';
import { stableHash } from './hash.ts';
import type { Hold } from './hold.ts';
import { type Instance, PARTS, type Part } from './instance.ts';
import { LimitKeeper } from './limits.ts';
import type { Policy } from './policy.ts';
import { expectedDurations, systemHolds, type WaveState, waveStates } from './rollout.ts';
import { matches } from './selection.ts';
import { dueParts, hasFailed, type Scene, type Standing, sizeClassOf, takeStock, waveOf } from './stock.ts';
import { type EpochMs, iso, MINUTE } from './time.ts';
import { type Calendar, calendar, type Opening } from './window.ts';

/** Why an instance is, or is not, upgraded now. A closed list: dashboards and scripts may rely on it. */
export const REASONS = [
  'due', 'in_progress', 'outcome_unknown',
  'already_latest', 'not_offered', 'not_selected', 'excluded', 'opted_out', 'unsupported',
  'scope_stopped', 'version_unknown', 'held', 'wave_waiting', 'wave_soaking', 'wave_failed',
  'outside_window', 'frozen', 'failed_this_opening', 'done_this_opening', 'tries_spent', 'retry_later',
  'instance_busy', 'instance_not_running', 'does_not_fit',
  'limit_parallel', 'limit_wave', 'limit_scope', 'limit_window', 'one_at_a_time',
  'another_run', 'not_startable', 'no_time_left',
] as const; // biome-ignore format: one line a theme
export type Reason = (typeof REASONS)[number];

/** `start`: now. `follow`: an upgrade is under way. `wait`: later, see `possibleAt`. `none`: there is nothing to do. */
export type Action = 'start' | 'follow' | 'wait' | 'none';

/** What is to happen to an instance now, and why. Every instance gets one, every tick. */
export interface Decision {
  instanceId: string;
  name: string;
  /** Scope id. */
  scope: string;
  wave: string | null;
  action: Action;
  reason: Reason;
  /** One sentence for a person. */
  detail: string;
  /** The parts to ask for; empty unless the action is `start`. */
  parts: Part[];
  engine: FromTo;
  proxy: FromTo;
  /** The next instant at which it could start; null when nobody can tell, or nothing is to be done. */
  possibleAt: EpochMs | null;
}

export interface Verdict {
  decisions: Decision[];
  waves: WaveState[];
  /** Holds that the state of things asks for; the caller stores them, the decisions obey them already. */
  newHolds: Hold[];
  /** The opening in which each `start` is to be claimed, by instance id. */
  openings: Map<string, Opening>;
}

/** One gate's no. `from`: the earliest instant at which this no is over; absent when nobody can tell. */
interface No {
  action: Exclude<Action, 'start'>;
  reason: Reason;
  detail: string;
  from?: EpochMs;
}

interface Context {
  scene: Scene;
  waves: ReadonlyMap<string, WaveState>;
  expected: (sizeClass: string) => number;
  calendarOf: (standing: Standing) => Calendar;
}

/**
 * The whole decision, for every instance, from one look at the world. Pure: the same scene gives the same verdict.
 * Time grows linearly with the number of instances.
 */
export function decide(given: Scene): Verdict {
  const newHolds = systemHolds(given);
  const scene = {
    ...given,
    holds: [...given.holds.filter((hold) => !newHolds.some(({ id }) => id === hold.id)), ...newHolds],
  };
  const standings = takeStock(scene);
  const waves = waveStates(scene, standings);
  const context: Context = {
    scene,
    waves,
    expected: expectedDurations(scene.policy, scene.attempts),
    calendarOf: calendars(scene),
  };
  const refusals = new Map<Standing, No>();
  const candidates: Standing[] = [];
  for (const standing of standings) {
    const no = firstNo(standing, context);
    if (no) refusals.set(standing, no);
    else candidates.push(standing);
  }
  const openings = new Map<string, Opening>();
  const limits = new LimitKeeper(scene, standings);
  for (const standing of inOrder(candidates)) {
    const opening = context.calendarOf(standing).at(scene.now)!;
    const no = limits.admit(standing, opening);
    if (no) refusals.set(standing, { action: 'wait', from: scene.now, ...no });
    else openings.set(standing.instance.instanceId, opening);
  }
  const possible = possibleStarts(context);
  const decisions = standings.map((standing) => toDecision(standing, context, refusals.get(standing), possible));
  return { decisions, waves: [...waves.values()], newHolds, openings };
}

/** The gates in the order in which they are asked; the first no is the reason. This list is the manual. */
const GATES: readonly ((standing: Standing, context: Context) => No | null)[] = [
  selected, notUnderWay, scopeReadable, versionsKnown, somethingDue, notHeld, waveOpen, windowOpen, notFrozen,
  openingNotSpent, atRest, fits,
]; // biome-ignore format: a list to be read

function firstNo(standing: Standing, context: Context): No | null {
  for (const gate of GATES) {
    const no = gate(standing, context);
    if (no) return no;
  }
  return null;
}

function selected({ assignment }: Standing): No | null {
  return assignment.kind === 'wave' ? null : { action: 'none', reason: assignment.reason, detail: assignment.detail };
}

function notUnderWay({ inFlight }: Standing): No | null {
  if (!inFlight) return null;
  if (inFlight.state === 'running') {
    const progress = inFlight.progress ? `, ${inFlight.progress.percent} %` : '';
    return {
      action: 'follow',
      reason: 'in_progress',
      detail: `upgrading since ${iso(inFlight.calledAt ?? inFlight.claimedAt)}${progress}`,
    };
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
    : { action: 'wait', reason: 'version_unknown', detail: 'its versions have not been read yet' };
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

function waveOpen({ assignment }: Standing, { waves }: Context): No | null {
  const closed = waves.get(waveOf(assignment)!)?.closed;
  if (!closed) return null;
  const no: No = { action: 'wait', reason: closed.reason, detail: closed.detail };
  return closed.until === null ? no : { ...no, from: closed.until };
}

function windowOpen(standing: Standing, context: Context): No | null {
  const { now } = context.scene;
  if (context.calendarOf(standing).at(now)) return null;
  return { action: 'wait', reason: 'outside_window', detail: 'no window of its wave is open', from: now };
}

function notFrozen({ instance, due }: Standing, { scene }: Context): No | null {
  const freezes = due.map((part) => frozenAt(scene.policy, instance, part, scene.now));
  const freeze = freezes[0];
  if (!freeze || freezes.includes(null)) return null;
  return { action: 'wait', reason: 'frozen', detail: `freeze ${freeze.name}: ${freeze.reason}`, from: scene.now };
}

/** One accepted upgrade an opening, and a bounded number of calls: see "retry" in the policy's reference. */
function openingNotSpent(standing: Standing, context: Context): No | null {
  const { now } = context.scene;
  const opening = context.calendarOf(standing).at(now)!;
  const attempt = standing.attempts.find(
    (one) => one.opening.opens < opening.closes && opening.opens < one.opening.closes,
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
      detail: `not begun after ${attempt.calls} calls in this opening (${attempt.error?.code ?? attempt.state})`,
    };
  const again = (attempt.calledAt ?? attempt.claimedAt) + RETRY_AFTER * attempt.calls;
  if (now >= again) return null;
  return {
    action: 'wait',
    reason: 'retry_later',
    detail: `refused (${attempt.error?.code ?? 'no code'}); to be tried again from ${iso(again)}`,
    from: again,
  };
}

/** A refused call is repeated no sooner than this, times the calls already made. */
const RETRY_AFTER = 2 * MINUTE;

/** States that need a person or an order; every other one but RUNNING passes by itself (DCS API, instance statuses). */
const NEEDS_A_PERSON = ['CREATEFAILED', 'ERROR', 'FROZEN', 'FREEZING', 'CLOSED', 'CLOSING', 'DELETED', 'PAYING'];

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

function needOf({ instance }: Standing, { expected }: Context): number {
  return expected(sizeClassOf(instance));
}

/** Those that failed before go last, then the longest behind first; a stable hash breaks ties. */
function inOrder(candidates: readonly Standing[]): Standing[] {
  const keyed = candidates.map((standing) => ({
    standing,
    failed: hasFailed(standing) ? 1 : 0,
    behind: standing.behindSince ?? Number.MAX_SAFE_INTEGER,
    hash: stableHash(standing.instance.instanceId),
  }));
  keyed.sort((a, b) => a.failed - b.failed || a.behind - b.behind || a.hash - b.hash);
  return keyed.map(({ standing }) => standing);
}

/** One calendar for each set of windows; an instance's own window makes a set of its own. */
function calendars(scene: Scene): (standing: Standing) => Calendar {
  const known = new Map<string, Calendar>();
  return ({ assignment, instance }) => {
    const names = assignment.kind === 'wave' ? assignment.windows : [];
    const maintain = names.some((name) => scene.policy.windows[name]?.kind === 'instance') ? instance.maintain : null;
    const key = `${names.join()}|${maintain?.begin}|${maintain?.end}`;
    const found = known.get(key) ?? calendar(scene.policy, names, maintain);
    known.set(key, found);
    return found;
  };
}

type PossibleStart = (standing: Standing, from: EpochMs) => EpochMs | null;

/** The next instant at which a start could be made, remembered for instances that ask the same. */
function possibleStarts(context: Context): PossibleStart {
  const { policy } = context.scene;
  const known = new Map<Calendar, Map<string, EpochMs | null>>();
  return (standing, from) => {
    const times = context.calendarOf(standing);
    const need = needOf(standing, context);
    const parts = standing.due.length > 0 ? standing.due : PARTS;
    const freezes = policy.freezes.map(({ match }) => (match === null || matches(match, standing.instance) ? 1 : 0));
    const key = `${from}|${need}|${parts.join()}|${freezes.join('')}`;
    const cache = known.get(times) ?? new Map<string, EpochMs | null>();
    known.set(times, cache);
    if (!cache.has(key)) cache.set(key, nextStart(policy, times, standing.instance, parts, from, need));
    return cache.get(key)!;
  };
}

function toDecision(standing: Standing, context: Context, no: No | undefined, possible: PossibleStart): Decision {
  const { instance, assignment } = standing;
  const { now, policy } = context.scene;
  const base = {
    instanceId: instance.instanceId,
    name: instance.name,
    scope: instance.scope,
    wave: waveOf(assignment),
    ...fromTo(policy, standing),
  };
  if (!no) {
    const parts = startableParts(policy, instance, now);
    const detail = parts.map((part) => `${part} ${base[part].from ?? '?'} → ${base[part].to ?? '?'}`).join(', ');
    return { ...base, action: 'start', reason: 'due', detail, parts, possibleAt: now };
  }
  const possibleAt = no.action === 'wait' && no.from !== undefined ? possible(standing, no.from) : null;
  return { ...base, action: no.action, reason: no.reason, detail: no.detail, parts: [], possibleAt };
}

function fromTo(policy: Policy, { instance, inFlight }: Standing): { engine: FromTo; proxy: FromTo } {
  if (inFlight) return { engine: inFlight.engine, proxy: inFlight.proxy };
  return { engine: targetOf(policy, instance, 'engine'), proxy: targetOf(policy, instance, 'proxy') };
}

/** From what is there to what the policy would ask for: the latest, or the version it names. */
export function targetOf(policy: Policy, instance: Instance, part: Part): FromTo {
  const wanted = policy.upgrade[part] ?? 'latest';
  const version = instance.versions?.[part];
  return {
    from: version?.current ?? null,
    to: wanted === 'latest' || !version?.upgradable ? (version?.latest ?? null) : wanted,
  };
}

/** The parts that are due and that no freeze blocks at this instant. */
export function startableParts(policy: Policy, instance: Instance, now: EpochMs): Part[] {
  return dueParts(policy, instance).filter((part) => frozenAt(policy, instance, part, now) === null);
}

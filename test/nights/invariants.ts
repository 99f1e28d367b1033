import { HOLD_TAG } from '../../lib/core/selection.ts';
import { MINUTE } from '../../lib/core/time.ts';
import { lagOf } from '../../lib/simulator/faults.ts';
import { isGone, minorAt } from '../../lib/simulator/lifecycle.ts';
import type { SimulatedInstance, Upgrade } from '../../lib/simulator/world.ts';
import { type Call, CLOCK_SLACK, DECIDED_AGO, HOLD_SLACK, isForGood, LOOK_SLACK, type Violation } from './call.ts';
import {
  againstGates,
  backupsUnderWay,
  inCalendarFreeze,
  inStoppedScope,
  moreThanTaken,
  secondBackup,
  unapproved,
  withoutBackup,
} from './conditions.ts';
import type { Judge } from './judge.ts';
import { clockText, LASTS } from './night.ts';
import type { Rules } from './plan.ts';

type Check = (judge: Judge, call: Call) => string | null;

/** What must be true of every upgrade call that reaches the control plane. */
const RULES: Record<string, Check> = {
  'who only looks begins nothing': onlyLooking,
  'only what a wave owns and DCS offers is called': untouchable,
  'no call while one runs': whileOneRuns,
  'no second call after one was accepted in the same opening': secondInOpening,
  'at most three calls in an opening': tooManyCalls,
  'no start without a valid policy': withoutPolicy,
  'no start when the time is almost up': tooLateToRecord,
  'no call long after the last look': longAfterLook,
  'no call for what is at something else': whileBusy,
  'no start outside an opening, or so late that it does not fit': outsideOpening,
  'no start in a freeze': inFreeze,
  'no start in what the calendar freezes': inCalendarFreeze,
  'no start that a gate keeps back': againstGates,
  'no start without a young backup': withoutBackup,
  'one backup an instance and opening': secondBackup,
  'no more of a wave than it takes': moreThanTaken,
  'no call in a scope that refuses all': inStoppedScope,
  'no start without approval': unapproved,
  'no start under a hold': underHold,
  'at most the limits in flight': overLimits,
  'no start after the error budget is spent': overBudget,
  'waves in order': outOfOrder,
};

/** The first rule that a call breaks, or null. */
export function brokenRule(judge: Judge, call: Call): Violation | null {
  for (const [rule, check] of Object.entries(RULES)) {
    const detail = check(judge, call);
    if (detail !== null) return { rule, detail };
  }
  return null;
}

export function isEligible({ spec }: SimulatedInstance): boolean {
  return spec.engine === 'Redis' && spec.productType === 'generic' && spec.tags['dcs-upgrade'] !== 'off';
}

function onlyLooking(_: Judge, { life }: Call): string | null {
  return life.isLook ? 'it was to look' : null;
}

function untouchable(_: Judge, { instance, life }: Call): string | null {
  const isOwned = life.rules.waves.some(({ wave }) => wave === instance.spec.tags.env) && life.rules.regions.some((region) => region === instance.spec.region); // biome-ignore format: one thought
  return isOwned && isEligible(instance) && instance.spec.offered ? null : `tags ${JSON.stringify(instance.spec.tags)}`;
}

function whileOneRuns(judge: Judge, { instance, at }: Call): string | null {
  const running = judge.begun().find((one) => one.instance === instance && judge.isUnderWay(one, at));
  return running ? `task ${running.upgrade.taskId.slice(0, 6)} has run since ${text(judge, running.at)}` : null;
}

/** Its answer got lost, its task was never seen and is listed no more, and it changed nothing: nobody can know of it. */
export function isWithoutTrace(
  { night, seenTasks }: Judge,
  { upgrade, isKnown }: Pick<Call, 'isKnown'> & { upgrade: Upgrade },
  at = night.timeline.now,
): boolean {
  if (isKnown || seenTasks.has(upgrade.taskId)) return false;
  const hasEnded = at >= (upgrade.endsAt ?? Infinity);
  const changedNothing = upgrade.end === 'failed' || (upgrade.engine === null && upgrade.proxy === null);
  return hasEnded && changedNothing && at >= (upgrade.hiddenFrom ?? Infinity);
}

function secondInOpening(judge: Judge, { instance, opening, at }: Call): string | null {
  // What was ordered has an opening of its own, in which no other may begin anything.
  const isOrdered = ({ opening: own, orders }: Call) => own < 0 && orders.length > 0 && orders.every((order) => at < judge.records.endOf(order)); // biome-ignore format: one thought
  const before = judge.begun().find((one) => {
    const isSame = one.opening === opening && opening >= 0;
    return one.instance === instance && (isSame || isOrdered(one)) && !isWithoutTrace(judge, one, at);
  });
  return before ? `one was accepted ${text(judge, before.at)}` : null;
}

/** As the policy's reference says of what was refused. */
export const MOST_CALLS = 3;

function tooManyCalls(judge: Judge, { instance, opening }: Call): string | null {
  const before = judge.calls.filter((one) => one.instance === instance && one.opening === opening).length;
  const orders = judge.records.orders.filter(({ instanceId }) => instanceId === instance.spec.id);
  const openings = new Set(orders.map(({ key }) => key)).size + (opening < 0 ? 0 : 1);
  return before >= MOST_CALLS * openings ? `it is call ${before + 1}` : null;
}

function withoutPolicy(_: Judge, { life }: Call): string | null {
  return life.hasPolicy ? null : 'the policy was broken when it began';
}

/** What was read before it was written down that it is called, and that took long, may be so no more. */
function longAfterLook(_: Judge, { life, leftAt, instance }: Call): string | null {
  const seen = life.readAt.get(instance.spec.id) ?? -Infinity;
  const gauged = life.rules.gates ? (life.readAt.get('') ?? -Infinity) : -Infinity;
  const ago = leftAt - Math.max(seen, gauged);
  return ago <= LOOK_SLACK ? null : `it was read ${ago} ms before`;
}

/** Nothing is begun that could not be recorded; what was announced may still leave. */
function tooLateToRecord(_: Judge, { life, leftAt }: Call): string | null {
  const left = life.begunAt + LASTS.most - leftAt;
  return life.kind === 'http' || left >= LASTS.reserve - CLOCK_SLACK ? null : `${left} ms were left`;
}

/** What has been so for longer than its reads lag behind is seen by the look just before the call. */
function whileBusy(judge: Judge, { instance, leftAt }: Call): string | null {
  const seenFor = lagOf(instance) + HOLD_SLACK;
  const busy = judge.busy.find((one) => one.instance === instance && one.from <= leftAt - seenFor && leftAt < one.to);
  return busy ? `it has been ${instance.spec.status} since ${text(judge, busy.from)}` : null;
}

function outsideOpening(_: Judge, { life, clock, orders }: Call): string | null {
  if (orders.length > 0) return null;
  const { windows, minDuration } = life.rules;
  const fits = windows.some(({ from, to }) => from <= clock && clock - CLOCK_SLACK <= to - minDuration);
  return fits ? null : `it was ${clockText(clock)} by its clock`;
}

function inFreeze(_: Judge, { life, clock, instance, orders }: Call): string | null {
  if (orders.length > 0) return null;
  const freeze = life.rules.freezes.find(
    ({ from, to, env }) =>
      from <= clock - CLOCK_SLACK && clock < to && (env === null || env === instance.spec.tags.env),
  );
  return freeze ? `frozen from ${clockText(freeze.from)} to ${clockText(freeze.to)}` : null;
}

function underHold(judge: Judge, { instance, leftAt, clock }: Call): string | null {
  const own = judge.night.plan.start + clock;
  if (own < Date.parse(instance.spec.tags[HOLD_TAG] ?? '')) return 'its own tag holds it';
  return judge.isHeld(instance, leftAt - HOLD_SLACK, leftAt) ? 'a person holds it' : null;
}

function overLimits(judge: Judge, call: Call): string | null {
  const { at, life, instance, upgrade, backup } = call;
  if (!upgrade && !backup) return null;
  const others = [...judge.begun().filter((one) => judge.isUnderWay(one, at)), ...backupsUnderWay(judge, call)];
  const { tags, region } = instance.spec;
  const inWave = others.filter((one) => one.instance.spec.tags.env === tags.env).length;
  const inScope = others.filter((one) => one.instance.spec.region === region).length;
  const inOpening = judge
    .begun()
    .filter((one) => one.opening === call.opening && !isWithoutTrace(judge, one, call.at)).length;
  const ofApp = others.filter((one) => one.instance.spec.tags.app === tags.app).length;
  const most = (limit: (rules: Rules) => number | null) => widest(judge, call, limit);
  const waveLimit = life.rules.waves.find(({ wave }) => wave === tags.env)?.parallel ?? null;
  const counted: [string, number, number][] = [
    ['limits.parallel', others.length, most(({ parallel }) => parallel)],
    ['parallel of the wave', inWave, waveLimit ?? Infinity],
    ['limits.perScope', inScope, most(({ perScope }) => perScope)],
    ['limits.perWindow', call.opening < 0 ? 0 : inOpening, most(({ perWindow }) => perWindow)],
    ['limits.oneAtATimeBy', ofApp, life.rules.byApp ? 1 : Infinity],
  ];
  const over = counted.find(([, count, limit]) => count >= limit);
  return over ? `${over[1] + 1} where ${over[0]} is ${over[2]}` : null;
}

/** Who was handed a start was counted by the rules of a few minutes ago. */
function widest(judge: Judge, { life }: Call, limit: (rules: Rules) => number | null): number {
  const since = life.kind === 'work' ? life.startedAt - DECIDED_AGO : life.startedAt;
  const stood = judge.history.filter((_, index) => (judge.history[index + 1]?.from ?? Infinity) > since);
  const rules = life.kind === 'work' ? stood.map((one) => one.rules) : [life.rules];
  return Math.max(...rules.map((one) => limit(one) ?? Infinity));
}

function overBudget(judge: Judge, { life, instance }: Call): string | null {
  const { env } = instance.spec.tags;
  const since = life.startedAt - (life.kind === 'work' ? DECIDED_AGO : 0);
  const failures = judge.begun().filter((one) => {
    const knownAt = judge.failureKnownAt.get(one.upgrade.taskId) ?? Infinity;
    return one.instance.spec.tags.env === env && knownAt <= since && !hasSucceededAfter(judge, one.instance, one.at);
  });
  const refused = judge.calls.filter((one) => one.instance.spec.tags.env === env && isForGood(one) && one.knownAt <= since && !hasSucceededAfter(judge, one.instance, one.at)); // biome-ignore format: one thought
  const names = new Set([...failures, ...refused].map((one) => one.instance.spec.name));
  return names.size >= life.rules.maxErrors
    ? `${[...names].join()} failed, maxErrors is ${life.rules.maxErrors}`
    : null;
}

export function hasSucceededAfter(judge: Judge, instance: SimulatedInstance, at: number): boolean {
  const now = judge.night.timeline.now;
  return instance.upgrades.some(
    ({ acceptedAt, end, endsAt }) => acceptedAt > at && end === 'success' && (endsAt ?? Infinity) <= now,
  );
}

function outOfOrder(judge: Judge, call: Call): string | null {
  if (call.orders.length > 0) return null;
  const { rules } = call.life;
  let wave = rules.waves.find((one) => one.wave === call.instance.spec.tags.env);
  while (wave?.after) {
    const unready = membersOf(judge, wave.after).map((member) => whyUnready(judge, call, member, wave!.soak)).find((why) => why !== null); // biome-ignore format: one thought
    if (unready) return unready;
    wave = rules.waves.find((one) => one.wave === wave!.after);
  }
  return null;
}

export function membersOf({ night }: Judge, wave: string): SimulatedInstance[] {
  return [...night.simulator.world.instances.values()].filter(
    (instance) => instance.spec.tags.env === wave && isEligible(instance) && !isGone(instance, night.timeline.now),
  );
}

/** Long enough for every decision that was made before to have come to its call. */
const LONG_AGO = 10 * MINUTE;

function whyUnready(judge: Judge, call: Call, member: SimulatedInstance, soak: number): string | null {
  const { at, life } = call;
  const { spec } = member;
  // Of what the policy forgot lately nobody knows.
  const since = at - LONG_AGO;
  const isKnown = (rules: Rules) => rules.regions.some((region) => region === spec.region);
  const stood = judge.history.filter((_, index) => (judge.history[index + 1]?.from ?? Infinity) > since);
  if (![...stood.map(({ rules }) => rules), life.rules].every(isKnown)) return null;
  const running = judge.begun().find((one) => one.instance === member && judge.isUnderWay(one, at));
  if (running && !isLetGo(judge, running.at, at, life.rules.timeout, member))
    return `${spec.name} of the wave before is being upgraded`;
  const isOld = spec.offered && /250117$/.test(spec.engineMinor) && minorAt(member, 'engine', at) === spec.engineMinor;
  const wasFree = member.since <= life.startedAt - LONG_AGO && !judge.wasPassedOver(member, at - LONG_AGO, at);
  if (isOld && wasFree) return `${spec.name} of the wave before is still old`;
  if (wasFree && isUntried(judge, call, member)) return `${spec.name} of the wave before has not had that version`;
  const last = Math.max(0, ...judge.begun().filter((one) => one.instance === member && one.upgrade.end === 'success' && one.upgrade.engine !== null).map((one) => one.upgrade.endsAt ?? 0)); // biome-ignore format: one thought
  return last > 0 && at < last + soak - judge.skews() ? `${spec.name} of the wave before has to soak` : null;
}

/** What does not end, and is named by a person who knows of that, is waited for no longer. */
function isLetGo(judge: Judge, from: number, at: number, timeout: number, member: SimulatedInstance): boolean {
  return at - from >= timeout - judge.skews() && judge.wasNamed(member, at - LONG_AGO, at);
}

/** A version that its own wave has not had is not tried in the next. What came out since the last look before the call is not known. */
function isUntried({ records }: Judge, { at, leftAt, upgrade }: Call, member: SimulatedInstance): boolean {
  if (!upgrade?.engine || !member.spec.offered) return false;
  const isNew = records.moves.some((move) => leftAt - HOLD_SLACK <= move && move <= at);
  return !isNew && minorAt(member, 'engine', at) !== upgrade.engine;
}

function text({ night }: Judge, at: number): string {
  return clockText(at - night.plan.start);
}

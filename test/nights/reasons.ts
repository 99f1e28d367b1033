import type { Reason } from '../../lib/core/decision.ts';
import { HOLD_TAG } from '../../lib/core/selection.ts';
import { MINUTE } from '../../lib/core/time.ts';
import { isGone, minorAt, newestOf, runningBackup, runningUpgrade, statusAt } from '../../lib/simulator/lifecycle.ts';
import type { SimulatedInstance } from '../../lib/simulator/world.ts';
import { hasYoungBackup, mayBeFrozen, mayFailGates } from './conditions.ts';
import { isEligible, MOST_CALLS, membersOf } from './invariants.ts';
import type { Judge } from './judge.ts';
import type { Night } from './night.ts';
import { SIGHT_LAG } from './rules.ts';

type IsSo = (night: Night, instance: SimulatedInstance) => boolean;

/** From when on the last opening may have been open, by any clock of the night. */
const lastOpened = ({ plan, rules, judge }: Night): number => plan.start + rules.windows.at(-1)!.from - judge.skews();

const isLatest: IsSo = ({ simulator: { world }, timeline: { now } }, instance) =>
  ['engine' as const, 'proxy' as const].every(
    (part) => minorAt(instance, part, now) === newestOf(world, instance, part, minorAt(instance, part, now)),
  );

const isRunning: IsSo = ({ timeline: { now } }, instance) => statusAt(instance, now) === 'RUNNING';
/** It may have come to rest just now, and what was read of it be of before. */
const wasAtRest: IsSo = (night, instance) =>
  isRunning(night, instance) && statusAt(instance, night.timeline.now - SIGHT_LAG) === 'RUNNING';
const isUnderWay: IsSo = ({ timeline: { now } }, instance) => runningUpgrade(instance, now) !== null;

/** Whether the latest version moved since the last opening began: at its begin all versions are read anew. */
const hasMoved: IsSo = (night) => night.judge.records.moves.some((at) => at > lastOpened(night));

const isOrdered: IsSo = ({ judge }, { spec }) => judge.records.orders.some(({ instanceId }) => instanceId === spec.id);

export function isOurs(judge: Judge, taskId: string): boolean {
  return judge.begun().some(({ upgrade }) => upgrade.taskId === taskId);
}

/** Whether its load, once it was upgraded, may not have let it pass, or not have been known. */
export function mayMissGates(judge: Judge, instance: SimulatedInstance): boolean {
  return judge.night.rules.gates !== null && (mayFailGates(instance) || judge.skews() > 0);
}

function wasRefused({ simulator }: Night, { spec }: SimulatedInstance, since: number): boolean {
  return simulator.posts.some(({ instanceId, code, at }) => instanceId === spec.id && code !== null && at >= since);
}

/** Whether since then it came to a bad end, was refused, or was at something else, or upgraded by others, when its end was to be verified. */
function mayHaveFailed(night: Night, one: SimulatedInstance, since: number): boolean {
  const upgrades = one.upgrades.filter(({ acceptedAt }) => acceptedAt >= since);
  const isBad = upgrades.some(({ end, engine, proxy }) => end === 'failed' || (engine === null && proxy === null));
  const mayBeUnverified =
    upgrades.length > 0 &&
    (night.judge.busy.some(({ instance }) => instance === one) ||
      upgrades.some(({ taskId }) => !isOurs(night.judge, taskId)) ||
      mayMissGates(night.judge, one));
  return isBad || mayBeUnverified || wasRefused(night, one, since);
}

function ofWave({ simulator }: Night, wave: string | undefined): SimulatedInstance[] {
  return [...simulator.world.instances.values()].filter(({ spec }) => spec.tags.env === wave);
}

/** Whether as many of its wave may have failed as spend the budget. */
const isSpent: IsSo = (night, { spec }) =>
  ofWave(night, spec.tags.env).filter((one) => mayHaveFailed(night, one, 0)).length >= night.rules.maxErrors;

/** As often as one may be called in an opening; the network alone kept it back. */
const hasTriedInVain: IsSo = ({ judge }, { spec }) =>
  judge.inVain.filter((id) => id === spec.id).length +
    judge.calls.filter(({ instance }) => instance.spec.id === spec.id).length >=
  MOST_CALLS;

/** In an opening, or under an order, which has one of its own that may overlap the last. */
const failedLately: IsSo = (night, instance) =>
  mayHaveFailed(night, instance, isOrdered(night, instance) ? 0 : lastOpened(night));

const triedLately: IsSo = (night, instance) =>
  wasRefused(night, instance, isOrdered(night, instance) ? 0 : lastOpened(night)) || hasTriedInVain(night, instance);

/** One refusal of these stops all calls of its scope until the opening is over. */
const isScopeStopped: IsSo = (night, { spec }) =>
  [...night.simulator.world.instances.values()].some((one) =>
    night.simulator.posts.some(
      ({ instanceId, code, at }) =>
        instanceId === one.spec.id &&
        one.spec.region === spec.region &&
        at >= lastOpened(night) &&
        /^APIGW\./.test(code ?? ''),
    ),
  );

const waveBeforeIsUndone: IsSo = (night, { spec }) =>
  wavesBefore(night, spec.tags.env).some((wave) =>
    membersOf(night.judge, wave).some(
      (member) =>
        !isLatest(night, member) ||
        mayHaveFailed(night, member, 0) ||
        // What others have upgraded is seen when its versions are read again: when an opening begins, or within a day.
        member.upgrades.some(({ taskId, endsAt }) => !isOurs(night.judge, taskId) && (endsAt ?? Infinity) > lastOpened(night)),
    ),
  ); // biome-ignore format: one thought

const waveBeforeHasFailed: IsSo = (night, { spec }) =>
  wavesBefore(night, spec.tags.env).some((wave) => membersOf(night.judge, wave).some((member) => mayHaveFailed(night, member, 0))); // biome-ignore format: one thought

const waveBeforeIsAtWork: IsSo = (night, { spec }) =>
  wavesBefore(night, spec.tags.env).some((wave) => membersOf(night.judge, wave).some((member) => isUnderWay(night, member) || !isRunning(night, member))); // biome-ignore format: one thought

/** An upgrade there ended so late that the night is over before the soak is: it counts from the look that verified it. */
const waveBeforeSoaks: IsSo = (night, { spec }) => {
  const soak = Math.max(0, ...night.rules.waves.map((wave) => wave.soak));
  const since = night.timeline.now - soak - night.rules.settle - 30 * MINUTE;
  const isLate = ({ endsAt }: { endsAt: number | null }) => endsAt !== null && endsAt >= since;
  return wavesBefore(night, spec.tags.env).some((wave) => membersOf(night.judge, wave).some(({ upgrades }) => upgrades.some(isLate))); // biome-ignore format: one thought
};

function wavesBefore({ rules }: Night, name: string | undefined): string[] {
  const found: string[] = [];
  for (let wave = rules.waves.find((one) => one.wave === name); wave?.after; ) {
    const { after } = wave;
    found.push(after);
    wave = rules.waves.find((one) => one.wave === after);
  }
  return found;
}

/** Since when what has ended may still be verified. */
const verifiedSince = ({ timeline, rules }: Night): number => timeline.now - rules.settle - SIGHT_LAG - 20 * MINUTE;

const hasEndedLately: IsSo = (night, { upgrades }) => upgrades.some(({ endsAt }) => (endsAt ?? Infinity) > verifiedSince(night)); // biome-ignore format: one thought

/** What may count as under way: at work, or at its end so short a time ago that it is still being verified. */
function countedOnes(night: Night, is: (one: SimulatedInstance) => boolean): number {
  const { timeline, simulator } = night;
  const lately = verifiedSince(night);
  const counts = (one: SimulatedInstance) =>
    runningBackup(one, timeline.now) !== null || hasEndedLately(night, one) || (one.upgrades.length > 0 && !isRunning(night, one));
  return [...simulator.world.instances.values()].filter((one) => !isGone(one, lately) && is(one) && counts(one)).length;
} // biome-ignore format: one thought

/** Whether as many of these as the limit allows may count as under way. */
const isFull =
  (limitOf: (night: Night, instance: SimulatedInstance) => number | null, alike: (a: SimulatedInstance, b: SimulatedInstance) => boolean): IsSo =>
  (night, instance) =>
    countedOnes(night, (one) => alike(one, instance)) >= (limitOf(night, instance) ?? Infinity); // biome-ignore format: one thought

/** Whether as many as the limit allows were called, or were to be, since the last opening began or under an order that may overlap it. */
const isOpeningFull: IsSo = (night) => {
  const { rules, judge, simulator } = night;
  const called = simulator.posts.filter(({ at }) => at >= lastOpened(night)).map(({ instanceId }) => instanceId);
  // An order has a claim of its own, beside that of the window.
  const ordered = new Set(judge.records.orders.map(({ key }) => key));
  return new Set([...called, ...judge.inVain]).size + ordered.size >= (rules.perWindow ?? Infinity);
};

/** Whether no approval is certainly good for it now: of a plan that was made in this opening, and nothing has moved. */
const mayBeUnapproved: IsSo = (night, instance) => {
  const { judge, rules, plan } = night;
  const opened = plan.start + rules.windows.at(-1)!.from;
  const last = judge.records.approvals.at(-1);
  const isSure = last?.isTaken && last.seenAt > opened + judge.skews() && last.ids.has(instance.spec.id);
  return isWindowClosed(night, instance) || !(isSure && !judge.records.moves.some((at) => at > lastOpened(night)));
};

/** One was asked for, and came to nothing; or nobody knew what became of it for as long as the opening lasted. */
const lacksBackup: IsSo = ({ rules, timeline: { now }, judge }, instance) =>
  rules.backupWithin !== null && !hasYoungBackup(instance, now, now + judge.skews(), rules.backupWithin);

const isWindowClosed: IsSo = ({ time, rules }) =>
  rules.windows.every(({ from, to }) => time < from || time >= to - 5 * MINUTE);

/** What must be so in the world when a decision says it; whatever passes by itself is no reason any more. */
export const IS_SO: Record<Reason, IsSo> = {
  // The gates of eight are asked one after the other, and those of the rest just before their calls, which who only looks does not make.
  due: (night, instance) => mayMissGates(night.judge, instance) && night.simulator.world.instances.size > 8,
  // Whose status stays an unknown one may be at work still.
  in_progress: (night, instance) =>
    isUnderWay(night, instance) || hasEndedLately(night, instance) || (instance.upgrades.length > 0 && !isRunning(night, instance)),
  outcome_unknown: () => false,
  already_latest: (night, instance) => isLatest(night, instance) || hasMoved(night, instance),
  not_offered: (_, instance) => !instance.spec.offered || !isEligible(instance),
  not_selected: ({ rules }, { spec }) => !rules.waves.some(({ wave, take }) => wave === spec.tags.env && take === null),
  excluded: () => false,
  opted_out: (_, { spec }) => spec.tags['dcs-upgrade'] === 'off',
  unsupported: (_, instance) => !isEligible(instance),
  scope_stopped: isScopeStopped,
  version_unknown: () => false,
  // By a person or an alert; by the program when the budget is spent, or when three openings came to nothing.
  held: (night, instance) =>
    night.judge.mayBeHeld(instance, night.timeline.now) ||
    night.timeline.now - night.judge.skews() < Date.parse(instance.spec.tags[HOLD_TAG] ?? '') ||
    isSpent(night, instance) ||
    (isOrdered(night, instance) && mayHaveFailed(night, instance, 0)),
  wave_waiting: waveBeforeIsUndone,
  wave_soaking: waveBeforeSoaks,
  wave_failed: waveBeforeHasFailed,
  wave_stuck: waveBeforeIsAtWork,
  outside_window: isWindowClosed,
  frozen: ({ rules, time, judge }) =>
    mayBeFrozen(judge) || rules.freezes.some(({ from, to }) => from <= time && time < to),
  failed_this_opening: failedLately,
  // An order has an opening of its own, and counts in every other that this one overlaps.
  done_this_opening: (night, instance) => hasMoved(night, instance) || isOrdered(night, instance),
  // What was ordered in an opening may have taken the claim of it.
  tries_spent: (night, instance) => triedLately(night, instance) || isOrdered(night, instance),
  retry_later: () => false,
  instance_busy: (night, instance) => !wasAtRest(night, instance),
  instance_not_running: (night, instance) => !wasAtRest(night, instance),
  does_not_fit: ({ time, rules }) =>
    rules.windows.every(({ from, to }) => time < from || time + rules.minDuration + 10 * MINUTE > to),
  limit_parallel: isFull(({ rules }) => rules.parallel, () => true),
  limit_wave: isFull(({ rules }, { spec }) => rules.waves.find(({ wave }) => wave === spec.tags.env)?.parallel ?? null, (a, b) => a.spec.tags.env === b.spec.tags.env),
  limit_scope: isFull(({ rules }) => rules.perScope, (a, b) => a.spec.region === b.spec.region),
  limit_window: isOpeningFull,
  one_at_a_time: isFull(({ rules }) => (rules.byApp ? 1 : null), (a, b) => a.spec.tags.app === b.spec.tags.app),
  another_run: () => false,
  not_startable: () => false,
  no_time_left: () => false,
  not_approved: (night, instance) =>
    night.rules.waves.some(({ wave, approve }) => approve && wave === instance.spec.tags.env) && mayBeUnapproved(night, instance),
  gate_failed: (night, instance) => mayMissGates(night.judge, instance) || lacksBackup(night, instance),
  gate_unknown: ({ judge }, instance) => mayMissGates(judge, instance),
  backing_up: ({ timeline: { now } }, instance) => runningBackup(instance, now) !== null,
}; // biome-ignore format: a table

import type { Alert } from '../../lib/core/alert.ts';
import type { Decision, Reason } from '../../lib/core/decision.ts';
import { iso, MINUTE } from '../../lib/core/time.ts';
import { reconcile } from '../../lib/reconcile.ts';
import { isGone, minorAt, newestOf, runningUpgrade, statusAt } from '../../lib/simulator/lifecycle.ts';
import type { SimulatedInstance } from '../../lib/simulator/world.ts';
import { mayBeFrozen, mayFailGates } from './conditions.ts';
import { isEligible, isWithoutTrace, MOST_CALLS, membersOf } from './invariants.ts';
import type { Judge } from './judge.ts';
import type { Night } from './night.ts';
import type { Stage } from './play.ts';
import { SIGHT_LAG } from './rules.ts';

/**
 * What must be true when the faults have long been over: everything that was accepted was followed to its end and told
 * of once, and whoever is not at the latest version waits for a reason that is really there.
 */
export async function lookInTheMorning(night: Night, stage: Stage): Promise<void> {
  for (const call of night.judge.begun()) if (!isWithoutTrace(call, night.timeline.now)) judgeEnd(night.judge, call);
  judgeRepeats(night.judge);
  const life = stage.begin('pass', 1);
  const options = { dryRun: true, observeAlways: true, requestedBy: 'schedule', reason: 'morning' };
  let decisions = null as readonly Decision[] | null;
  const work = async () => reconcile(stage.deps(life), await stage.stateFor(life), options);
  night.timeline.after(0, () => {
    void stage.run(life, work).then((report) => {
      decisions = report?.decisions ?? [];
    });
  });
  await night.timeline.run(night.timeline.now + 5 * MINUTE, () => decisions !== null);
  const byId = new Map((decisions ?? []).map((decision) => [decision.instanceId, decision]));
  for (const instance of night.simulator.world.instances.values()) {
    if (isGone(instance, night.timeline.now)) continue;
    const decision = byId.get(instance.spec.id);
    if (!decision) night.judge.fail('a reason for everyone', `${instance.spec.name} has none`);
    else if (!IS_SO[decision.reason](night, instance)) {
      night.judge.fail('a reason that is so', `${instance.spec.name}: ${decision.reason}, ${decision.detail}`);
    }
  }
}

const ENDS: readonly string[] = ['succeeded', 'failed', 'unverified'];

/** One end for each upgrade that was accepted, and it is the one that the control plane saw. */
function judgeEnd(
  judge: Judge,
  { upgrade, instance, at, opening, life, orders }: ReturnType<Judge['begun']>[number],
): void {
  const { now } = judge.night.timeline;
  const rules = judge.night.rules;
  const { spec } = instance;
  // Who is deleted, or is upgraded by others in between, has no one end.
  if (instance.goneAt !== null || instance.upgrades.some((other) => other !== upgrade && !isOurs(judge, other.taskId)))
    return;
  // What was ordered has an opening of its own.
  const openings = orders.flatMap(({ runIds }) => runIds.map((id) => `override:${id}`));
  if (opening >= 0) openings.push(iso(judge.night.plan.start + life.rules.windows[opening]!.from));
  const mine = judge.told.filter((alert) => names(alert, spec.name) && openings.some((one) => isOf(alert, one)));
  // That it has the version after all is told later, and is no second end.
  const ends = mine.filter(({ event, resolved }) => !resolved && ENDS.includes(event));
  const found = [...new Set(ends.map(({ event }) => event))];
  const about = `${spec.name}, accepted ${iso(at)}`;
  if (found.length > 0 && now < (upgrade.endsAt ?? Infinity))
    judge.fail('done means verified', `${about}: told ${found.join()}, and it has not ended`);
  if (upgrade.endsAt === null || now < upgrade.endsAt + 15 * MINUTE + rules.settle) {
    const isLong = now > at + rules.timeout + 20 * MINUTE;
    if (upgrade.endsAt === null && isLong && !mine.some(({ event }) => event === 'stuck'))
      judge.fail('everything accepted is followed to its end', `${about}: it never ends, and nobody was told`);
    return;
  }
  const isGood = upgrade.end === 'success' && (upgrade.engine !== null || upgrade.proxy !== null);
  // Who is at something else for long after its upgrade is not RUNNING, and that is not verified.
  const toldAt = Math.max(upgrade.endsAt, ...ends.map((alert) => alert.at + judge.skews()));
  const wasBusy = judge.wasBusy(instance, at, toldAt + rules.settle + SIGHT_LAG + 15 * MINUTE);
  const isUnclear = isGood && (wasBusy || mayMissGates(judge, instance));
  const wanted = isGood ? ['succeeded', ...(isUnclear ? ['unverified'] : [])] : ['failed', 'unverified'];
  const isStuck = mine.some(({ event }) => event === 'stuck');
  // Whose status stays another one than RUNNING may be at work still: that people were told, and it is followed on.
  if (found.length === 0 && isStuck && judge.wasBusy(instance, now - 20 * MINUTE, now)) return;
  if (found.length === 0)
    judge.fail('everything accepted is followed to its end', `${about}: nobody was told how it ended`);
  else if (found.length > 1 || !wanted.includes(found[0]!))
    judge.fail('done means verified', `${about}: told ${found.join()}, and it was ${isGood ? 'good' : 'bad'}`);
  const ids = new Set(ends.map(({ key, at: instant }) => `${key} at ${iso(instant)}`));
  if (ids.size > 1) judge.fail('exactly one alert', `${about}: ${[...ids].join(', ')}`);
}

/** Whether its load, once it was upgraded, may not have let it pass, or not have been known. */
function mayMissGates(judge: Judge, instance: SimulatedInstance): boolean {
  return judge.night.rules.gates !== null && (mayFailGates(instance) || judge.skews() > 0);
}

function names({ labels }: Alert, name: string): boolean {
  return labels.name === name || (labels.instances?.split(', ').includes(name) ?? false);
}

function isOf({ key, labels }: Alert, opening: string): boolean {
  return labels.opening === opening || key.includes(opening);
}

function isOurs(judge: Judge, taskId: string): boolean {
  return judge.begun().some(({ upgrade }) => upgrade.taskId === taskId);
}

/** At least once means: again where something came between, and not with every pass. */
function judgeRepeats({ told, night }: Judge): void {
  const { crashes, storeFailures, duplicates } = night.counts;
  const most = 3 + crashes + storeFailures + duplicates + night.faults('tick').length + night.faults('receiver').length;
  for (const [id, all] of Map.groupBy(told, ({ key, at }) => `${key} at ${iso(at)}`)) {
    if (all.length > most) night.judge.fail('told once', `${id} came ${all.length} times`);
  }
}

type IsSo = (night: Night, instance: SimulatedInstance) => boolean;

const isLatest: IsSo = ({ simulator: { world }, timeline: { now } }, instance) =>
  ['engine' as const, 'proxy' as const].every(
    (part) => minorAt(instance, part, now) === newestOf(world, instance, part, minorAt(instance, part, now)),
  );

const isRunning: IsSo = ({ timeline: { now } }, instance) => statusAt(instance, now) === 'RUNNING';
const isUnderWay: IsSo = ({ timeline: { now } }, instance) => runningUpgrade(instance, now) !== null;
const anyUnderWay: IsSo = (night) =>
  [...night.simulator.world.instances.values()].some((one) => isUnderWay(night, one));
/** Whether the latest version moved since the last opening began: at its begin all versions are read anew. */
const hasMoved: IsSo = ({ judge, plan, rules }) =>
  judge.records.moves.some((at) => at > plan.start + rules.windows.at(-1)!.from - judge.skews());

/** Whether an instance of its wave came to a bad end, or was at something else when its end was to be verified: the budget may be spent. */
const hasFailures: IsSo = ({ simulator, judge }, { spec }) =>
  [...simulator.world.instances.values()]
    .filter((one) => one.spec.tags.env === spec.tags.env)
    .some(
      (one) =>
        one.upgrades.some(({ end, engine, proxy }) => end === 'failed' || (engine === null && proxy === null)) ||
        (one.upgrades.length > 0 &&
          (judge.busy.some(({ instance }) => instance === one) || mayMissGates(judge, one))) ||
        wasRefused(simulator.posts, one.spec.id),
    );

function wasRefused(posts: Night['simulator']['posts'], id: string): boolean {
  return posts.some(({ instanceId, code }) => instanceId === id && code !== null);
}

/** As often as one may be called in an opening; the network alone kept it back. */
const hasTriedInVain: IsSo = ({ judge }, { spec }) =>
  judge.inVain.filter((id) => id === spec.id).length +
    judge.calls.filter(({ instance }) => instance.spec.id === spec.id).length >=
  MOST_CALLS;

const isRefused: IsSo = ({ simulator }, { spec }) => wasRefused(simulator.posts, spec.id);

const waveBeforeIsUndone: IsSo = (night, { spec }) => {
  let wave = night.rules.waves.find((one) => one.wave === spec.tags.env);
  while (wave?.after) {
    const { after } = wave;
    // What others have upgraded is seen when its versions are read again: when an opening begins, or within a day.
    const opened = night.plan.start + night.rules.windows.at(-1)!.from - night.judge.skews();
    const isUndone: (member: SimulatedInstance) => boolean = (member) =>
      !isLatest(night, member) ||
      hasFailures(night, member) ||
      member.upgrades.some(({ taskId, endsAt }) => !isOurs(night.judge, taskId) && (endsAt ?? Infinity) > opened);
    if (membersOf(night.judge, after).some(isUndone)) return true;
    wave = night.rules.waves.find((one) => one.wave === after);
  }
  return false;
};

const isWindowClosed: IsSo = ({ time, rules }) =>
  rules.windows.every(({ from, to }) => time < from || time >= to - 5 * MINUTE);

/** What must be so in the world when a decision says it; whatever passes by itself is no reason any more. */
const IS_SO: Record<Reason, IsSo> = {
  due: () => false,
  // Whose status stays an unknown one may be at work still.
  in_progress: (night, instance) => isUnderWay(night, instance) || !isRunning(night, instance),
  outcome_unknown: () => false,
  already_latest: (night, instance) => isLatest(night, instance) || hasMoved(night, instance),
  not_offered: (_, instance) => !instance.spec.offered || !isEligible(instance),
  not_selected: ({ rules }, { spec }) => !rules.waves.some(({ wave }) => wave === spec.tags.env),
  excluded: () => false,
  opted_out: (_, { spec }) => spec.tags['dcs-upgrade'] === 'off',
  unsupported: (_, instance) => !isEligible(instance),
  scope_stopped: isRefused,
  version_unknown: () => false,
  held: (night, instance) => night.judge.mayBeHeld(instance, night.timeline.now) || hasFailures(night, instance),
  wave_waiting: waveBeforeIsUndone,
  wave_soaking: () => false,
  wave_failed: waveBeforeIsUndone,
  wave_stuck: waveBeforeIsUndone,
  outside_window: isWindowClosed,
  frozen: ({ rules, time, judge }) =>
    mayBeFrozen(judge) || rules.freezes.some(({ from, to }) => from <= time && time < to),
  failed_this_opening: hasFailures,
  // An order has an opening of its own, and counts in every other that this one overlaps.
  done_this_opening: (night, instance) => hasMoved(night, instance) || night.judge.records.orders.some(({ instanceId }) => instanceId === instance.spec.id), // biome-ignore format: one thought
  tries_spent: (night, instance) => isRefused(night, instance) || hasTriedInVain(night, instance),
  retry_later: () => false,
  instance_busy: (night, instance) => !isRunning(night, instance),
  instance_not_running: (night, instance) => !isRunning(night, instance),
  does_not_fit: ({ time, rules }) =>
    rules.windows.every(({ from, to }) => time < from || time + rules.minDuration + 10 * MINUTE > to),
  limit_parallel: anyUnderWay,
  limit_wave: anyUnderWay,
  limit_scope: anyUnderWay,
  limit_window: ({ rules }) => rules.perWindow !== null,
  one_at_a_time: anyUnderWay,
  another_run: () => false,
  not_startable: () => false,
  no_time_left: () => false,
  not_approved: ({ rules }, { spec }) => rules.waves.some(({ wave, approve }) => approve && wave === spec.tags.env),
  gate_failed: ({ judge }, instance) => mayMissGates(judge, instance),
  gate_unknown: ({ judge }, instance) => mayMissGates(judge, instance),
  backing_up: () => false,
};

import type { Alert } from '../../lib/core/alert.ts';
import type { Decision } from '../../lib/core/decision.ts';
import { HOUR, iso, MINUTE } from '../../lib/core/time.ts';
import { reconcile } from '../../lib/reconcile.ts';
import { isGone } from '../../lib/simulator/lifecycle.ts';
import { judgeOrders } from './asks.ts';
import { type Call, isForGood } from './call.ts';
import { namesIn, type Taken } from './heard.ts';
import { isWithoutTrace } from './invariants.ts';
import type { Judge } from './judge.ts';
import type { Night } from './night.ts';
import type { Stage } from './play.ts';
import { IS_SO, isOurs, mayMissGates } from './reasons.ts';
import { SIGHT_LAG } from './rules.ts';
import { judgeSilence } from './silence.ts';

/**
 * What must be true when the faults have long been over: everything that was accepted was followed to its end and told
 * of once, and whoever is not at the latest version waits for a reason that is really there.
 */
export async function lookInTheMorning(night: Night, stage: Stage): Promise<void> {
  for (const call of night.judge.begun()) if (!isWithoutTrace(night.judge, call)) judgeEnd(night.judge, call);
  for (const call of night.judge.calls) if (isForGood(call)) judgeRefusal(night.judge, call);
  judgeRepeats(night.judge);
  judgeFickle(night);
  judgeSilence(night.judge);
  if (night.judge.records.promised.size > 0) await isDone(night, () => judgeOrders(night, stage.door));
  let decisions = await look(night, stage);
  // Where one shows a later version than others did before, those are read by the look after it.
  if (decisions.some(({ reason }) => reason === 'version_unknown')) decisions = await look(night, stage);
  const byId = new Map(decisions.map((decision) => [decision.instanceId, decision]));
  for (const instance of night.simulator.world.instances.values()) {
    if (isGone(instance, night.timeline.now)) continue;
    const decision = byId.get(instance.spec.id);
    if (!decision) night.judge.fail('a reason for everyone', `${instance.spec.name} has none`);
    else if (!IS_SO[decision.reason](night, instance)) {
      night.judge.fail('a reason that is so', `${instance.spec.name}: ${decision.reason}, ${decision.detail}`);
    }
  }
}

async function look(night: Night, stage: Stage): Promise<readonly Decision[]> {
  const options = { dryRun: true, observeAlways: true, requestedBy: 'schedule', reason: 'morning' };
  const life = Object.assign(stage.begin('pass', 1), { isLook: true });
  const work = async () => reconcile(stage.deps(life), await stage.stateFor(life), options);
  const report = await isDone(night, () => stage.run(life, work));
  return report?.decisions ?? [];
}

/** Time goes on until it is; null where it never is. */
async function isDone<T>(night: Night, work: () => Promise<T>): Promise<T | null> {
  let done: { result: T } | null = null;
  night.timeline.after(0, () => {
    void work().then((result) => {
      done = { result };
    });
  });
  await night.timeline.run(night.timeline.now + 5 * MINUTE, () => done !== null);
  return (done as { result: T } | null)?.result ?? null;
}

/** What has been so for longer is seen. */
const RESTED = 2 * SIGHT_LAG;

const ENDS: readonly string[] = ['succeeded', 'failed', 'unverified'];

/** One end for each upgrade that was accepted, and it is the one that the control plane saw. */
function judgeEnd(
  judge: Judge,
  { upgrade, instance, at, opening, life, orders }: ReturnType<Judge['begun']>[number],
): void {
  const { now } = judge.night.timeline;
  const rules = judge.night.rules;
  const { spec } = instance;
  const lookedAt = (upgrade.endsAt ?? Infinity) + 15 * MINUTE + rules.settle;
  // Who is deleted, or is upgraded by others before its end was certainly told, has no one end.
  const toldBy = (upgrade.endsAt ?? Infinity) + HOUR + rules.settle;
  if (instance.goneAt !== null && instance.goneAt < toldBy) return;
  if (instance.upgrades.some((other) => !isOurs(judge, other.taskId) && other.acceptedAt < toldBy && at < (other.endsAt ?? Infinity))) return; // biome-ignore format: one thought
  const mine = toldOf(judge, { instance, opening, life, orders });
  // That it has the version after all is told later, and is no second end.
  const ends = mine.filter(({ event, resolved }) => !resolved && ENDS.includes(event));
  const found = [...new Set(ends.map(({ event }) => event))];
  const about = `${spec.name}, accepted ${iso(at)}`;
  if (found.length > 0 && now < (upgrade.endsAt ?? Infinity))
    judge.fail('done means verified', `${about}: told ${found.join()}, and it has not ended`);
  if (upgrade.endsAt === null || now < lookedAt) {
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
  // The reads that its end was told from are no older than they may lag, and the pass that told it lasts.
  const unrest = ends.find((alert) => alert.event === 'succeeded' && judge.busy.some((one) => one.instance === instance && one.from < alert.at - RESTED - judge.skews() && alert.at + judge.skews() < one.to)); // biome-ignore format: one thought
  if (unrest) judge.fail('done means verified', `${about}: told that it succeeded while it was at something else`);
  const ids = new Set(ends.map(({ key, at: instant }) => `${key} at ${iso(instant)}`));
  if (ids.size > 1) judge.fail('exactly one alert', `${about}: ${[...ids].join(', ')}`);
}

/** What the steady receiver was told of an upgrade, or of a call that was refused. What was ordered has an opening of its own. */
function toldOf(
  { heard, night }: Judge,
  { instance, opening, life, orders }: Pick<Call, 'instance' | 'opening' | 'life' | 'orders'>,
): Taken[] {
  const openings = orders.flatMap(({ runIds }) => runIds.map((id) => `override:${id}`));
  if (opening >= 0) openings.push(iso(night.plan.start + life.rules.windows[opening]!.from));
  return heard.steady.filter(
    (alert) => namesIn(alert).includes(instance.spec.name) && openings.some((one) => isOf(alert, one)),
  );
}

/** What was refused for good has failed, and that is told once. */
function judgeRefusal(judge: Judge, call: Call): void {
  const failed = toldOf(judge, call).filter(({ event, resolved }) => event === 'failed' && !resolved);
  const ids = new Set(failed.map(({ key, at }) => `${key} at ${iso(at)}`));
  const about = `${call.instance.spec.name}, refused ${iso(call.at)} with ${call.post.code}`;
  if (ids.size !== 1) judge.fail('exactly one alert', `${about}: ${[...ids].join(', ') || 'nobody was told'}`);
}

/**
 * It is left alone for longer the longer it was down, and has then what it missed: an hour at most, also where it asked for
 * more or refused one alert time and again (send.ts, delivery.ts, letters.ts); then comes the next tick, of which every one
 * in at most sixteen minutes is played, by a clock that is four behind at most.
 */
const FICKLE_WAITS = 80 * MINUTE;

function judgeFickle({ judge, timeline, plan }: Night): void {
  const ends = plan.faults.flatMap((fault) => (fault.kind === 'receiver' ? [plan.start + fault.at + fault.lasts] : []));
  if (timeline.now < Math.max(plan.start, ...ends) + FICKLE_WAITS) return;
  for (const { key, at } of judge.heard.owed())
    if (at + FICKLE_WAITS < timeline.now)
      judge.fail('told to all who want it', `${key} never came to the fickle receiver`);
}

function isOf({ key, labels }: Alert, opening: string): boolean {
  return labels.opening === opening || key.includes(opening);
}

/** At least once means: again where something came between or no answer came, and not with every pass. */
function judgeRepeats({ heard, night }: Judge): void {
  const { crashes, stalls, storeFailures, duplicates } = night.counts;
  const most = 3 + crashes + stalls + storeFailures + duplicates + night.faults('tick').length;
  for (const taken of [heard.steady, heard.fickle])
    for (const [id, all] of Map.groupBy(taken, ({ key, at }) => `${key} at ${iso(at)}`)) {
      const known = all.filter(({ isAnswered }) => isAnswered).length;
      if (known > most) night.judge.fail('told once', `${id} came ${known} times`);
    }
}

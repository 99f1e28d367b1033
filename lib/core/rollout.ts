import { type Attempt, isFailure } from './attempt.ts';
import { coversWave, type Hold, isInForce } from './hold.ts';
import type { Policy, Wave } from './policy.ts';
import { hasFailed, type Scene, type Standing, waveOf } from './stock.ts';
import { type EpochMs, iso, MINUTE } from './time.ts';

export type WaveHold = Pick<Hold, 'id' | 'by' | 'reason' | 'until'> & {
  /** How many of its members it holds; of those that several hold the first one has it. */
  instances: number;
};

type ClosedFor = 'wave_waiting' | 'wave_soaking' | 'wave_failed' | 'wave_stuck';

/** How far a wave is, and whether it may start anything. */
export interface WaveState {
  wave: string;
  members: number;
  /** Verified, already latest, not offered, held by a person or excluded: nothing is left to do for them. */
  done: number;
  /** What holds all of it, or some of its members. */
  holds: WaveHold[];
  /** Null: open. */
  closed: { reason: ClosedFor; detail: string; until: EpochMs | null } | null;
}

/**
 * A wave opens once every instance of the wave before it is verified or settled, that wave was open itself, and the
 * soak has passed since its last success. When `latest` moves, the members of the wave before become due again: the
 * wave is not done any more, and its soak starts anew after they are upgraded.
 */
export function waveStates(scene: Scene, standings: readonly Standing[]): Map<string, WaveState> {
  const states = new Map<string, WaveState>();
  const members = Map.groupBy(standings, (standing) => waveOf(standing.assignment));
  for (const wave of scene.policy.rollout) {
    const own = members.get(wave.wave) ?? [];
    const done = own.filter((standing) => isSettled(standing)).length;
    const closed =
      wave.after === null ? null : whyClosed(scene, wave, members.get(wave.after) ?? [], states.get(wave.after));
    const holds = holdsOn(scene, wave.wave, own);
    states.set(wave.wave, { wave: wave.wave, members: own.length, done, holds, closed });
  }
  return states;
}

/** Those of the whole wave first. */
function holdsOn(scene: Scene, wave: string, members: readonly Standing[]): WaveHold[] {
  const whole = scene.holds.filter((hold) => isInForce(hold, scene.now) && coversWave(hold, wave));
  const counts = new Map<Hold, number>(whole.map((hold) => [hold, members.length]));
  for (const { hold } of members) if (hold && !whole.includes(hold)) counts.set(hold, (counts.get(hold) ?? 0) + 1);
  return [...counts].map(([{ id, by, reason, until }, instances]) => ({ id, by, reason, until, instances }));
}

function whyClosed(
  scene: Scene,
  wave: Wave,
  before: readonly Standing[],
  state: WaveState | undefined,
): WaveState['closed'] {
  const waiting = (detail: string) => ({ reason: 'wave_waiting' as const, detail, until: null });
  const unread = [...scene.stoppedScopes.keys()][0];
  if (unread) return waiting(`wave ${wave.after} cannot be judged: scope ${unread} cannot be read`);
  if (state?.closed) return waiting(`wave ${wave.after} is not open itself: ${state.closed.detail}`);
  const failed = before.find((standing) => !standing.isNamed && hasFailed(standing));
  if (failed) {
    const detail = `${failed.instance.name} of wave ${wave.after} has failed; hold it by its id to acknowledge that and go on`;
    return { reason: 'wave_failed', detail, until: null };
  }
  const stuck = before.find((standing) => !standing.isNamed && isStuck(standing));
  if (stuck) {
    const since = iso(stuck.inFlight!.calledAt ?? stuck.inFlight!.claimedAt);
    const detail = `the upgrade of ${stuck.instance.name} of wave ${wave.after} has not ended since ${since}; hold it by its id to acknowledge that and go on`;
    return { reason: 'wave_stuck', detail, until: null };
  }
  const left = before.filter((standing) => !isSettled(standing));
  if (left.length > 0) return waiting(`wave ${wave.after} has ${left.length} of ${before.length} instances left to do`);
  const last = Math.max(
    0,
    ...before.flatMap((standing) => standing.attempts.filter(isSuccess).map((attempt) => attempt.finishedAt!)),
  );
  const until = last + wave.soak;
  if (last === 0 || scene.now >= until) return null;
  return { reason: 'wave_soaking', detail: `wave ${wave.after} is soaking until ${iso(until)}`, until };
}

function isSuccess(attempt: Attempt): boolean {
  return attempt.state === 'succeeded';
}

/** Versions that are not known, an upgrade that runs, and a failure that nobody has looked at leave something to do. */
function isSettled(standing: Standing): boolean {
  if (standing.inFlight) return standing.isNamed && isStuck(standing);
  // Also one that has its version in the end: what went wrong may go wrong for all that come after it.
  if (hasFailed(standing)) return standing.isNamed;
  if (standing.isAcknowledged) return true;
  return standing.instance.versions !== null && standing.due.length === 0;
}

/** It has outlived `verify.timeout`: it may never end. */
function isStuck({ inFlight }: Standing): boolean {
  return inFlight !== null && inFlight.timedOutAt !== null;
}

/** Openings in a row without success after which an instance is held. */
export const MOST_OPENINGS = 3;

/** The part of a scene that tells what has failed. */
type Story = Pick<Scene, 'now' | 'policy' | 'attempts' | 'holds' | 'assignments'>;

/**
 * The holds that the state of things asks for and that are not there yet: a wave whose errors reached the limit, an
 * instance that three openings in a row could not upgrade. They stay until a person releases them.
 */
export function systemHolds(scene: Story): Hold[] {
  const wanted = [...waveHolds(scene), ...instanceHolds(scene)];
  const inForce = new Set(scene.holds.filter((hold) => isInForce(hold, scene.now)).map((hold) => hold.id));
  return wanted.filter((hold) => !inForce.has(hold.id));
}

function waveHolds(scene: Story): Hold[] {
  const { maxErrors } = scene.policy.limits;
  // By the wave that owns it now: a wave that gets another name keeps its failures.
  const ownerOf = ({ instanceId, wave }: Attempt): string => {
    const assignment = scene.assignments?.get(instanceId);
    return (assignment && waveOf(assignment)) ?? wave;
  };
  const failures = Map.groupBy(unresolved(scene.attempts), ownerOf);
  return scene.policy.rollout.flatMap(({ wave }) => {
    const id = `errors:${wave}`;
    const counted = (failures.get(wave) ?? []).filter((attempt) => attempt.finishedAt! > releasedAt(scene, id));
    if (counted.length < maxErrors) return [];
    const names = counted
      .map((attempt) => `${attempt.name} (${attempt.error?.code ?? attempt.state})`)
      .slice(0, 5)
      .join(', ');
    return [systemHold(scene, id, { wave }, `${counted.length} failed, limits.maxErrors is ${maxErrors}: ${names}`)];
  });
}

function instanceHolds(scene: Story): Hold[] {
  const found: Hold[] = [];
  for (const [instanceId, attempts] of Map.groupBy(scene.attempts, (attempt) => attempt.instanceId)) {
    const id = `attempts:${instanceId}`;
    const since = releasedAt(scene, id);
    const ends = attempts.filter((attempt) => attempt.finishedAt !== null && attempt.finishedAt > since);
    const fruitless = ends.findIndex(isSuccess) === -1 ? ends.length : ends.findIndex(isSuccess);
    if (fruitless < MOST_OPENINGS) continue;
    const last = ends[0]!;
    found.push(
      systemHold(
        scene,
        id,
        { instanceId },
        `${last.name}: ${fruitless} openings without success, the last: ${last.error?.code ?? last.state}`,
      ),
    );
  }
  return found;
}

/** Failures of instances that have not succeeded since. */
function unresolved(attempts: readonly Attempt[]): Attempt[] {
  const judged = new Set<string>();
  return attempts.filter((attempt) => {
    if (attempt.finishedAt === null || attempt.state === 'expired' || judged.has(attempt.instanceId)) return false;
    judged.add(attempt.instanceId);
    return isFailure(attempt);
  });
}

function releasedAt(scene: Story, id: string): EpochMs {
  return scene.holds.find((hold) => hold.id === id)?.releasedAt ?? 0;
}

function systemHold(scene: Story, id: string, match: Hold['match'], reason: string): Hold {
  return { id, match, by: 'system', reason, createdAt: scene.now, until: null, releasedAt: null, releasedBy: null };
}

/** Until ten samples of a size class exist, an upgrade is expected to take this long. */
const UNKNOWN_DURATION = 30 * MINUTE;
const ENOUGH_SAMPLES = 10;

/** Size class → how long an upgrade is to be expected to take: the 95th percentile of past ones, at least `limits.minDuration`. */
export function expectedDurations(policy: Policy, attempts: readonly Attempt[]): (sizeClass: string) => number {
  const samples = Map.groupBy(
    attempts.filter((attempt) => isSuccess(attempt) && attempt.calledAt !== null),
    (attempt) => attempt.sizeClass,
  );
  const known = new Map<string, number>();
  for (const [sizeClass, ended] of samples) {
    if (ended.length < ENOUGH_SAMPLES) continue;
    const sorted = ended
      .map((attempt) => (attempt.taskEndedAt ?? attempt.finishedAt!) - attempt.calledAt!)
      .sort((a, b) => a - b);
    known.set(sizeClass, sorted[Math.ceil(sorted.length * 0.95) - 1]!);
  }
  return (sizeClass) => Math.max(policy.limits.minDuration, known.get(sizeClass) ?? UNKNOWN_DURATION);
}

import { type Attempt, isInFlight } from './attempt.ts';
import { calendarFor } from './calendars.ts';
import { decide, type Verdict } from './decide.ts';
import type { Decision } from './decision.ts';
import type { Instance } from './instance.ts';
import { asRunning, atRest, pretended, upgraded } from './pretend.ts';
import { type FrozenTime, frozenTimes } from './rehearse-frozen.ts';
import { expectedDurations } from './rollout.ts';
import { assignWaves } from './selection.ts';
import { dueParts, memoryOf, type Scene, waveOf } from './stock.ts';
import type { EpochMs } from './time.ts';

/** What would happen in a span of time if every upgrade went well and took as long as is expected. */
export interface Rehearsal {
  starts: { at: EpochMs; instanceId: string; name: string; wave: string }[];
  /** When nothing is left to do in the wave; null: later than the span. */
  waves: { wave: string; ends: EpochMs | null }[];
  /** When every instance that a wave owns has its latest version; null: not in this span. */
  current: EpochMs | null;
  frozen: FrozenTime[];
  /** What is left at the end, and why. */
  left: Decision[];
  /** What is not upgraded before `deadline.page` (`warn` where that is all there is): when it should have been. */
  late: { instanceId: string; name: string; wave: string; deadline: EpochMs }[];
}

/** The world while it is played; all of it is the rehearsal's own. */
interface Stage {
  scene: Scene;
  assignments: NonNullable<Scene['assignments']>;
  /** By id; those that no later decision asks about leave it. */
  instances: Map<string, Instance>;
  /** Newest first. */
  attempts: Attempt[];
  /** When what runs will have ended, by instance id. */
  ends: Map<string, EpochMs>;
  startedAt: Map<string, EpochMs>;
  /** Of each wave, the last instance that was upgraded: the soak of the next one is counted from it. */
  lastDone: Map<string, string>;
  waveOpens: Map<string, EpochMs>;
  waveEnds: Map<string, EpochMs>;
  /** Waves that are closed, and nothing of which runs: until they open no decision depends on their instances. */
  parked: Set<string>;
  rehearsal: Rehearsal;
}

/**
 * Plays from `start.now` to `to`, touching nothing, with the same decisions that a tick makes, at each instant at which
 * something can change: an opening, the end of an upgrade, of a soak, of a freeze or of a hold. No new version comes
 * out, what is busy at the beginning is taken to be at rest, and what wants approval to have it. What runs at `to` is
 * played to its end.
 */
export function rehearse(start: Scene, to: EpochMs): Rehearsal {
  const stage = setUp(start);
  let now: EpochMs | null = start.now;
  while (now !== null) {
    stage.scene = { ...stage.scene, now };
    finish(stage, now);
    const verdict = judge(stage);
    noteWaves(stage, verdict, now);
    if (now < to) begin(stage, verdict, now);
    forget(stage, verdict);
    park(stage, verdict);
    now = nextInstant(stage, verdict, now, to);
  }
  return conclude(stage, start, to);
}

function setUp(start: Scene): Stage {
  const { now } = start;
  const policy = { ...start.policy, rollout: start.policy.rollout.map((wave) => ({ ...wave, approve: false })) };
  const instances = new Map(start.instances.map((instance) => [instance.instanceId, atRest(instance)]));
  const attempts = start.attempts.filter(({ claimedAt }) => claimedAt <= now).map(asRunning);
  const assignments = assignWaves(policy, [...instances.values()]);
  const expected = expectedDurations(policy, attempts);
  const ends = new Map<string, EpochMs>();
  for (const { instanceId, calledAt, claimedAt, sizeClass } of attempts.filter(isInFlight))
    ends.set(instanceId, Math.max(now, (calledAt ?? claimedAt) + expected(sizeClass)));
  return {
    scene: { ...start, policy, instances: [...instances.values()], attempts, assignments },
    assignments,
    instances,
    attempts,
    ends,
    startedAt: new Map([...ends.keys()].map((id) => [id, now])),
    lastDone: new Map(),
    waveOpens: new Map(),
    waveEnds: new Map(),
    parked: new Set(),
    rehearsal: { starts: [], waves: [], current: null, frozen: [], left: [], late: [] },
  };
}

/** Ends what has run for as long as was expected: verified, at the version it was made for. */
function finish(stage: Stage, now: EpochMs): void {
  const over = [...stage.ends].filter(([, end]) => end <= now);
  for (const [instanceId, finishedAt] of over) {
    stage.ends.delete(instanceId);
    const index = stage.attempts.findIndex((one) => one.instanceId === instanceId && isInFlight(one));
    const attempt = stage.attempts[index]!;
    stage.attempts[index] = { ...attempt, state: 'succeeded', finishedAt, settled: true };
    const instance = stage.instances.get(instanceId);
    if (!instance) continue;
    stage.instances.set(instanceId, upgraded(instance, attempt));
    stage.lastDone.set(ownerOf(stage, instanceId) ?? '', instanceId);
    stage.rehearsal.current = finishedAt;
  }
  const remembered = now - memoryOf(stage.scene.policy);
  stage.attempts = stage.attempts.filter(({ claimedAt, finishedAt }) => claimedAt >= remembered || finishedAt === null);
  stage.scene = { ...stage.scene, attempts: stage.attempts };
}

/** The real decision; made again with the instances of waves that turn out to be open. */
function judge(stage: Stage): Verdict {
  const { parked } = stage;
  const present = [...stage.instances.values()].filter(
    ({ instanceId }) => !parked.has(ownerOf(stage, instanceId) ?? ''),
  );
  const verdict = decide({ ...stage.scene, instances: present });
  const opened = verdict.waves.filter(({ wave, closed }) => closed === null && parked.delete(wave));
  if (opened.length > 0) return judge(stage);
  stage.scene = { ...stage.scene, holds: [...stage.scene.holds, ...verdict.newHolds] };
  return verdict;
}

function park(stage: Stage, { waves }: Verdict): void {
  const busy = new Set([...stage.ends.keys()].map((instanceId) => ownerOf(stage, instanceId)));
  for (const { wave, closed } of waves) if (closed !== null && !busy.has(wave)) stage.parked.add(wave);
}

function ownerOf({ assignments }: Stage, instanceId: string): string | null {
  const assignment = assignments.get(instanceId);
  return assignment ? waveOf(assignment) : null;
}

function noteWaves({ waveOpens, waveEnds, parked }: Stage, { waves }: Verdict, now: EpochMs): void {
  for (const { wave, closed, done, members } of waves) {
    if (closed === null && !waveOpens.has(wave)) waveOpens.set(wave, now);
    if (done === members && !parked.has(wave) && !waveEnds.has(wave)) waveEnds.set(wave, now);
  }
}

function begin(stage: Stage, { decisions, slots }: Verdict, now: EpochMs): void {
  for (const decision of decisions.filter(({ action }) => action === 'start')) {
    const { instanceId, name } = decision;
    const slot = slots.get(instanceId)!;
    const attempt = pretended(decision, stage.instances.get(instanceId)!, slot.opening, now);
    stage.attempts = [attempt, ...stage.attempts.filter(({ id }) => id !== attempt.id)];
    stage.ends.set(instanceId, now + slot.need);
    stage.startedAt.set(instanceId, now);
    stage.rehearsal.starts.push({ at: now, instanceId, name, wave: attempt.wave });
  }
}

/**
 * Leaves out those that are done: no decision on another instance depends on them, but for the one from which the next
 * wave's soak is counted, and those of which the ledger knows something.
 */
function forget({ instances, ends, lastDone, attempts, startedAt }: Stage, { decisions }: Verdict): void {
  const told = new Set(attempts.map(({ instanceId }) => instanceId));
  for (const { instanceId, action, wave } of decisions) {
    if (action !== 'none' || ends.has(instanceId)) continue;
    const isOurs = startedAt.has(instanceId) && wave !== null && lastDone.get(wave) !== instanceId;
    if (wave === null || isOurs || !told.has(instanceId)) instances.delete(instanceId);
  }
}

/** The next instant at which a decision may be another one; null: none before `to`, and nothing runs. */
function nextInstant(stage: Stage, { decisions, waves }: Verdict, now: EpochMs, to: EpochMs): EpochMs | null {
  let next = Number.POSITIVE_INFINITY;
  const consider = (at: EpochMs | null) => {
    if (at !== null && at > now && at < next) next = at;
  };
  for (const { closed } of waves) consider(closed?.until ?? null);
  for (const decision of decisions) {
    consider(decision.possibleAt);
    if (decision.reason === 'limit_window') consider(closesAt(stage, decision, now));
  }
  if (next >= to) next = Number.POSITIVE_INFINITY;
  for (const end of stage.ends.values()) consider(end);
  return next === Number.POSITIVE_INFINITY ? null : next;
}

/** An opening in which no more may be started has to be over first. */
function closesAt({ scene, assignments, instances }: Stage, { instanceId }: Decision, now: EpochMs): EpochMs | null {
  const assignment = assignments.get(instanceId);
  if (assignment?.kind !== 'wave') return null;
  return calendarFor(scene.policy, assignment.windows, instances.get(instanceId)!).at(now)?.closes ?? null;
}

function conclude(stage: Stage, start: Scene, to: EpochMs): Rehearsal {
  const { rehearsal, waveEnds, waveOpens, startedAt, assignments } = stage;
  const { decisions } = decide({ ...stage.scene, instances: [...stage.instances.values()] });
  const left = decisions.filter(({ action }) => action !== 'none');
  return {
    ...rehearsal,
    waves: start.policy.rollout.map(({ wave }) => ({ wave, ends: waveEnds.get(wave) ?? null })),
    current: left.length === 0 ? (rehearsal.current ?? start.now) : null,
    frozen: frozenTimes(start, to, { assignments, startedAt, waveOpens }),
    left,
    late: lateOnes(stage, start),
  };
}

function lateOnes(
  { rehearsal, assignments }: Stage,
  { policy, instances, behindSince, now }: Scene,
): Rehearsal['late'] {
  const allowed = policy.deadline?.page ?? policy.deadline?.warn ?? null;
  if (allowed === null) return [];
  const starts = new Map(rehearsal.starts.map(({ instanceId, at }) => [instanceId, at]));
  return instances.flatMap((instance) => {
    const { instanceId, name } = instance;
    const assignment = assignments.get(instanceId);
    const deadline = (behindSince.get(instanceId) ?? now) + allowed;
    const isDue = assignment?.kind === 'wave' && dueParts(policy, instance).length > 0;
    if (!isDue || (starts.get(instanceId) ?? Number.POSITIVE_INFINITY) <= deadline) return [];
    return [{ instanceId, name, wave: assignment.wave.wave, deadline }];
  });
}

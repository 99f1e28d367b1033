import type { Approval } from './approval.ts';
import { type Attempt, type FromTo, isFailure, isInFlight, isOpen } from './attempt.ts';
import { frozenAt } from './freeze.ts';
import { acknowledges, acknowledgesFailure, effectiveHolds, type Hold, holdOn } from './hold.ts';
import { cacheModeOf, type Instance, PARTS, type Part } from './instance.ts';
import type { GateNo } from './load.ts';
import type { Policy } from './policy.ts';
import { type Assignment, assignWaves } from './selection.ts';
import { DAY, type EpochMs } from './time.ts';
import type { Opening } from './window.ts';

/** Where one instance stands: everything that the gates of decide.ts and the waves of rollout.ts ask about it. */
export interface Standing {
  instance: Instance;
  assignment: Assignment;
  hold: Hold | null;
  /** A person holds it, and with that has said that the rollout need not wait for it: see {@link acknowledges}. */
  isAcknowledged: boolean;
  /** A person holds it by its id, and with that knows of its failure, or that its upgrade does not end. */
  isNamed: boolean;
  /** The parts that the policy wants and the API offers; freezes are not looked at here. */
  due: Part[];
  /** Newest first. */
  attempts: readonly Attempt[];
  /** The attempt that DCS may be at work on. */
  inFlight: Attempt | null;
  behindSince: EpochMs | null;
}

/** What the decision is made from: one moment, looked at as a whole. */
export interface Scene {
  now: EpochMs;
  policy: Policy;
  instances: readonly Instance[];
  /** Every open attempt, and the ended ones of as long as it takes to judge waves; newest first. */
  attempts: readonly Attempt[];
  holds: readonly Hold[];
  behindSince: ReadonlyMap<string, EpochMs>;
  /** Scope id → why nothing can be started there now. Their instances are as last seen. */
  stoppedScopes: ReadonlyMap<string, string>;
  /** By instance id, the opening in which a person ordered it: there windows, freezes and waves are not asked. */
  overrides?: ReadonlyMap<string, Opening>;
  /** Those that a person asked for take their place among the limits before all others. */
  asked?: (instance: Instance) => boolean;
  /** What alerts have moved to the front: those that any of these names come next. They hold nothing. */
  moves?: readonly Hold[];
  /** What a person approved, where a wave asks for it. */
  approval?: Approval | null;
  /** By instance id, for those whose gates (policy) were read: why they may not start now, or null. */
  gates?: ReadonlyMap<string, GateNo | null>;
  /** By instance id, when the gates of some last kept them back, as far as that is lately: others have their turn first. */
  gated?: ReadonlyMap<string, EpochMs>;
  /** By instance id, for who decides many times about the same fleet and knows already which wave owns what. */
  assignments?: ReadonlyMap<string, Assignment>;
}

/**
 * How far back the attempts of a scene reach, by their claims: older ones say nothing about waves, errors or durations.
 * A success must not be forgotten while a soak is counted from it, else the next wave would open too early.
 */
export function memoryOf({ rollout }: Policy): number {
  return Math.max(SHORTEST_MEMORY, ...rollout.map(({ soak }) => soak + LONGEST_UPGRADE));
}

const SHORTEST_MEMORY = 60 * DAY;
const LONGEST_UPGRADE = 14 * DAY;

export function takeStock(scene: Scene): Standing[] {
  const assignments = scene.assignments ?? assignWaves(scene.policy, scene.instances);
  const history = byInstance(scene.attempts);
  const holds = effectiveHolds(
    scene.holds,
    scene.policy.rollout.map(({ wave }) => wave),
  );
  const acknowledging = scene.holds.filter(acknowledges);
  const naming = acknowledging.filter(acknowledgesFailure);
  return scene.instances.map((instance) => {
    const assignment = assignments.get(instance.instanceId)!;
    const attempts = history.get(instance.instanceId) ?? NONE;
    return {
      instance,
      assignment,
      hold: holdOn(instance, waveOf(assignment), holds, scene.now),
      isAcknowledged: holdOn(instance, waveOf(assignment), acknowledging, scene.now) !== null,
      isNamed: holdOn(instance, waveOf(assignment), naming, scene.now) !== null,
      due: dueParts(scene.policy, instance),
      attempts,
      inFlight: attempts.find(isInFlight) ?? null,
      behindSince: scene.behindSince.get(instance.instanceId) ?? null,
    };
  });
}

const NONE: readonly Attempt[] = [];

export function waveOf(assignment: Assignment): string | null {
  return assignment.kind === 'wave' ? assignment.wave.wave : null;
}

function byInstance(attempts: readonly Attempt[]): Map<string, Attempt[]> {
  const found = new Map<string, Attempt[]>();
  for (const attempt of attempts) {
    const list = found.get(attempt.instanceId);
    if (list) list.push(attempt);
    else found.set(attempt.instanceId, [attempt]);
  }
  return found;
}

/** The flag decides, not the text: equal versions that are flagged upgradable are due (DCS API, ShowInstanceVersion). */
export function dueParts(policy: Policy, instance: Instance): Part[] {
  const { versions } = instance;
  if (!versions) return [];
  return PARTS.filter((part) => {
    const wanted = policy.upgrade[part];
    return wanted !== undefined && versions[part].upgradable && versions[part].current !== wanted;
  });
}

/** The last attempt that came to anything ended in failure; one that was never begun says nothing. */
export function hasFailed(standing: Standing): boolean {
  const last = standing.attempts.find((attempt) => !isOpen(attempt) && attempt.state !== 'expired');
  return last !== undefined && isFailure(last);
}

/** Cache mode and gigabytes: instances of one class take about as long as each other. */
export function sizeClassOf(instance: Instance): string {
  return `${cacheModeOf(instance) ?? 'unknown'}/${instance.capacityGb}`;
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

import type { Instance } from './instance.ts';
import type { EpochMs } from './time.ts';

/** What a hold stops: everything, or what all the given keys name. */
export interface HoldMatch {
  all?: true;
  scope?: string;
  region?: string;
  wave?: string;
  instanceId?: string;
  /** `key=value` pairs that the instance must carry. */
  tags?: Record<string, string>;
}

/** A stop with a scope, an author, a reason and an end. Read before each start; what runs is not touched by it. */
export interface Hold {
  /** Stable: the same cause gives the same id. */
  id: string;
  match: HoldMatch;
  /** `system`, `alert:` and the source of an alert, or a person. */
  by: string;
  reason: string;
  createdAt: EpochMs;
  /** Null: until released. */
  until: EpochMs | null;
  /** Null while in force. */
  releasedAt: EpochMs | null;
  releasedBy: string | null;
  /** Of an alert's: the instant as of which its source said so. What it said of an earlier one changes nothing any more. */
  asOf?: EpochMs;
}

/** The first hold in force that names this instance, or null. An author and a reason stand on every hold. */
export function holdOn(instance: Instance, wave: string | null, holds: readonly Hold[], now: EpochMs): Hold | null {
  return holds.find((hold) => isInForce(hold, now) && covers(hold.match, instance, wave)) ?? null;
}

/** How the authors of holds begin that an alert from outside has set. No person and no key can have such a name. */
export const ALERT_AUTHOR = 'alert:';

/** Authors of holds that are not people: the error budget, a store that could not read a hold, and alerts from outside. */
const PROGRAMS = /^(system|ledger|alert:.*)$/;

export function isByPerson({ by }: Pick<Hold, 'by'>): boolean {
  return !PROGRAMS.test(by);
}

/**
 * Whether it says of what it holds that nobody need wait for that. What this program or an alert holds nobody has looked at,
 * and who holds a whole wave wants the rollout to stop there, not to go on without it.
 */
export function acknowledges(hold: Hold): boolean {
  return isByPerson(hold) && (hold.match.wave === undefined || !coversWave(hold, hold.match.wave));
}

/** Whether it names one instance by its id: that goes for a failure as well, or an upgrade that does not end. */
export function acknowledgesFailure(hold: Hold): boolean {
  return acknowledges(hold) && hold.match.instanceId !== undefined;
}

export function isInForce(hold: Hold, now: EpochMs): boolean {
  return hold.releasedAt === null && (hold.until === null || now < hold.until);
}

/**
 * Holds as they count under a policy: one on a wave that the policy does not have may be meant for any, as waves get other
 * names, so it stops whatever else it names until it is released, or everything.
 */
export function effectiveHolds(holds: readonly Hold[], waves: readonly string[]): Hold[] {
  return holds.map((hold) => {
    const { wave, ...others } = hold.match;
    if (wave === undefined || waves.includes(wave) || hold.match.all) return hold;
    const match: HoldMatch = Object.keys(others).length > 0 ? others : { all: true };
    return { ...hold, match, reason: `${hold.reason} (it is on wave ${wave}, which the policy does not have)` };
  });
}

/** Whether it is, or may be, about this instance. `waves`: those that are known; see {@link effectiveHolds}. */
export function concerns(hold: Hold, instance: Instance, wave: string | null, waves: readonly string[]): boolean {
  return effectiveHolds([hold], waves).some(({ match }) => covers(match, instance, wave));
}

/** Whether it stops every instance of a wave. */
export function coversWave({ match }: Hold, wave: string): boolean {
  const { all, wave: named, ...narrower } = match;
  return all === true || (named === wave && Object.keys(narrower).length === 0);
}

/** All given keys must hold; a match without any key covers nothing, so that an empty one cannot stop or release a fleet by accident. */
function covers(match: HoldMatch, instance: Instance, wave: string | null): boolean {
  if (match.all) return true;
  const tags = Object.entries(match.tags ?? {});
  const { scope, region, instanceId } = match;
  const checks = [
    scope === undefined || scope === instance.scope,
    region === undefined || region === instance.region,
    match.wave === undefined || match.wave === wave,
    instanceId === undefined || instanceId === instance.instanceId,
    tags.every(([key, value]) => instance.tags[key] === value),
  ];
  const named = [scope, region, match.wave, instanceId];
  const isEmpty = named.every((value) => value === undefined) && tags.length === 0;
  return !isEmpty && checks.every(Boolean);
}

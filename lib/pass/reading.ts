import type { Instance, Scope } from '../core/instance.ts';
import type { Policy } from '../core/policy.ts';
import { assignWaves } from '../core/selection.ts';
import { dueParts } from '../core/stock.ts';
import { DAY, type EpochMs } from '../core/time.ts';
import type { DcsFailure, Deps, Finding } from '../deps.ts';
import { failureOf, type RequestFailure } from './failure.ts';
import { pool } from './pool.ts';

/** Versions are asked for again after this long; just before a call they are read again in any case. */
const VERSIONS_AGE = DAY;

/** Reads of one scope under way at once; the client's limiter sets the pace. */
export const READS_AT_ONCE = 16;

/** Before when what was read of an instance's versions is old. */
export type OldBefore = (instanceId: string) => EpochMs;

/** Without the versions that are old. */
export function withoutOld(instance: Instance, before: OldBefore): Instance {
  const isPast = instance.versions !== null && instance.versions.readAt < before(instance.instanceId);
  return isPast ? { ...instance, versions: null } : instance;
}

/** With what a worker has read of it, where that is newer and not old itself. */
export function withFinding(instance: Instance, finding: Finding | undefined, before: OldBefore): Instance {
  if (!finding || finding.versions.readAt < before(instance.instanceId)) return instance;
  const { versions, details } = finding;
  const isNewer = instance.versions === null || instance.versions.readAt < versions.readAt;
  return { ...instance, versions: isNewer ? versions : instance.versions, details: instance.details ?? details };
}

/** Those that a wave owns and of which the versions are missing or old, or the details. */
export function wantingOf(policy: Policy, instances: readonly Instance[], now: EpochMs): Instance[] {
  const owned = assignWaves(policy, instances);
  return instances.filter(
    (instance) => owned.get(instance.instanceId)?.kind === 'wave' && isWanting(policy, instance, now),
  );
}

export function isWanting(policy: Policy, instance: Instance, now: EpochMs): boolean {
  return isOld(instance, now) || needsDetails(policy, instance);
}

function isOld({ versions }: Instance, now: EpochMs): boolean {
  return versions === null || now - versions.readAt >= VERSIONS_AGE;
}

/** Only what is due needs ShowInstance: its edition stands nowhere else. */
function needsDetails(policy: Policy, instance: Instance): boolean {
  return instance.details === null && (instance.versions === null || dueParts(policy, instance).length > 0);
}

/**
 * Reads what is wanting of each, and gives them as they are then. A scope that fails as a whole is asked no more, and
 * nothing is begun once the signal is aborted; those that were not read are left out, or as they were.
 */
export async function readEach(
  deps: Deps,
  policy: Policy,
  wanting: readonly Instance[],
  failures: RequestFailure[],
  signal?: AbortSignal,
): Promise<Instance[]> {
  const scopes = new Map(policy.scopes.map((scope) => [scope.id, scope]));
  const dead = new Set<string>();
  const atOnce = READS_AT_ONCE * new Set(wanting.map(({ scope }) => scope)).size;
  return pool(wanting, atOnce, async (instance) => {
    if (dead.has(instance.scope)) return instance;
    const { instance: found, failure } = await refresh(deps, policy, scopes.get(instance.scope)!, instance, signal);
    if (failure) failures.push({ during: 'read', scope: instance.scope, instanceId: instance.instanceId, failure });
    if (failure?.rule.stops === 'scope') dead.add(instance.scope);
    return found;
  }, signal); // biome-ignore format: one call
}

async function refresh(
  deps: Deps,
  policy: Policy,
  scope: Scope,
  instance: Instance,
  signal?: AbortSignal,
): Promise<{ instance: Instance; failure: DcsFailure | null }> {
  let found = instance;
  try {
    if (isOld(found, deps.clock.now()))
      found = { ...found, versions: await deps.dcs.showVersions(scope, found.instanceId, signal) };
    if (found.details === null && dueParts(policy, found).length > 0) {
      found = { ...found, details: (await deps.dcs.showInstance(scope, found.instanceId, signal)).details };
    }
    return { instance: found, failure: null };
  } catch (error) {
    return { instance: found, failure: failureOf(error) };
  }
}

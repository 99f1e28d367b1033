import type { Instance, Scope } from '../core/instance.ts';
import type { Policy } from '../core/policy.ts';
import { assignWaves } from '../core/selection.ts';
import { dueParts } from '../core/stock.ts';
import { DAY, type EpochMs } from '../core/time.ts';
import { DcsError, type DcsFailure, type Deps, type FleetEntry } from '../deps.ts';
import { failureOf, type RequestFailure } from './failure.ts';
import { type Observation, sinceWhen } from './fleet.ts';
import { pool } from './pool.ts';

/** Versions are asked for again after this long; just before a call they are read again in any case. */
const VERSIONS_AGE = DAY;

/** Reads of one scope under way at once; the client's limiter sets the pace. */
const READS_AT_ONCE = 16;

/**
 * Looks at the whole fleet: every scope's list, and the versions and details that are missing or old for instances
 * that a wave owns. A scope that cannot be read keeps its instances as last seen, so that waves are judged with them.
 * A pass that runs out of time stores what it has learned (fleet.ts); the next tick goes on from there.
 * `endedAt`: when an attempt on an instance last ended; what was read of its versions before that is old. `opened`: when the
 * opening began; `latest` may have moved since the one before, and no wave may run what the one before it never ran.
 */
export async function observe(
  deps: Deps,
  policy: Policy,
  endedAt: ReadonlyMap<string, EpochMs>,
  opened: EpochMs | null,
  signal?: AbortSignal,
): Promise<Observation> {
  const now = deps.clock.now();
  const known = new Map((await deps.ledger.fleet()).map((entry) => [entry.instance.instanceId, entry]));
  const failures: RequestFailure[] = [];
  const lists = await pool(policy.scopes, policy.scopes.length, (scope) => list(deps, scope, known, failures, signal));
  const listed = policy.scopes.filter((_, index) => lists[index] !== null).map((scope) => scope.id);
  const seen = lists.flatMap((list) => list ?? []);
  const unread = [...known.values()]
    .filter(({ instance }) => !listed.includes(instance.scope))
    .map(({ instance }) => instance);
  const current = seen.map((instance) =>
    withoutOld(instance, Math.max(opened ?? 0, endedAt.get(instance.instanceId) ?? 0)),
  );
  const fresh = await withVersions(deps, policy, current, failures, signal);
  const instances = [...fresh, ...unread.filter(({ scope }) => policy.scopes.some(({ id }) => id === scope))];
  return { instances, behindSince: sinceWhen(policy, instances, known, now), listed, failures, stored: known };
}

/** The instances of one scope with what was known of them before, or null when it could not be read. */
async function list(
  deps: Deps,
  scope: Scope,
  known: ReadonlyMap<string, FleetEntry>,
  failures: RequestFailure[],
  signal?: AbortSignal,
): Promise<Instance[] | null> {
  try {
    const listed = await deps.dcs.listInstances(scope, signal);
    const ids = new Set(listed.map(({ instanceId }) => instanceId));
    const missing = [...known.values()].filter(
      ({ instance }) => instance.scope === scope.id && !ids.has(instance.instanceId),
    );
    const withKnown = (instance: Instance): Instance => {
      const before = known.get(instance.instanceId)?.instance;
      return { ...instance, versions: before?.versions ?? null, details: before?.details ?? null };
    };
    const found = await pool(missing, READS_AT_ONCE, async ({ instance }) => {
      const { shown, failure } = await stillThere(deps, scope, instance, signal);
      if (failure) failures.push({ during: 'read', scope: scope.id, instanceId: instance.instanceId, failure });
      // As last seen; without versions nothing is decided on it, and its wave is not done.
      return failure ? { ...instance, versions: null } : shown && withKnown(shown);
    }, signal); // biome-ignore format: one call
    return [...listed.map(withKnown), ...found.filter((instance) => instance !== null)];
  } catch (error) {
    failures.push({ during: 'read', scope: scope.id, instanceId: null, failure: failureOf(error) });
    return null;
  }
}

/**
 * An instance that was listed before and is not now may have slipped between two pages: its wave is not done because of
 * that. Only what DCS says does not exist is forgotten. Whatever else is answered is this instance's trouble alone, as the
 * scope's list has just been read; it may have gone to an enterprise project where this program has no rights.
 */
async function stillThere(
  deps: Deps,
  scope: Scope,
  instance: Instance,
  signal?: AbortSignal,
): Promise<{ shown: Instance | null; failure?: DcsFailure }> {
  try {
    const shown = await deps.dcs.showInstance(scope, instance.instanceId, signal);
    return { shown: shown.status === 'DELETED' ? null : shown };
  } catch (error) {
    if (error instanceof DcsError && error.rule.class === 'gone') return { shown: null };
    const failure = failureOf(error);
    return { shown: null, failure: { ...failure, rule: { ...failure.rule, stops: 'instance' } } };
  }
}

function withoutOld(instance: Instance, endedAt: EpochMs): Instance {
  return instance.versions && instance.versions.readAt < endedAt ? { ...instance, versions: null } : instance;
}

async function withVersions(
  deps: Deps,
  policy: Policy,
  instances: Instance[],
  failures: RequestFailure[],
  signal?: AbortSignal,
): Promise<Instance[]> {
  const now = deps.clock.now();
  const owned = assignWaves(policy, instances);
  const scopes = new Map(policy.scopes.map((scope) => [scope.id, scope]));
  const dead = new Set<string>();
  // What could not be read just now is not asked again in this pass.
  const unread = new Set(failures.map(({ instanceId }) => instanceId));
  const wanting = instances.filter(
    (instance) =>
      owned.get(instance.instanceId)?.kind === 'wave' &&
      !unread.has(instance.instanceId) &&
      (isOld(instance, now) || needsDetails(policy, instance)),
  );
  const read = await pool(wanting, READS_AT_ONCE * scopes.size, async (instance) => {
    if (dead.has(instance.scope)) return instance;
    const { instance: found, failure } = await refresh(deps, policy, scopes.get(instance.scope)!, instance, signal);
    if (failure) failures.push({ during: 'read', scope: instance.scope, instanceId: instance.instanceId, failure });
    if (failure?.rule.stops === 'scope') dead.add(instance.scope);
    return found;
  }, signal); // biome-ignore format: one call
  const byId = new Map(read.map((instance) => [instance.instanceId, instance]));
  return instances.map((instance) => byId.get(instance.instanceId) ?? instance);
}

function isOld({ versions }: Instance, now: EpochMs): boolean {
  return versions === null || now - versions.readAt >= VERSIONS_AGE;
}

/** Only what is due needs ShowInstance: its edition stands nowhere else. */
function needsDetails(policy: Policy, instance: Instance): boolean {
  return instance.details === null && (instance.versions === null || dueParts(policy, instance).length > 0);
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

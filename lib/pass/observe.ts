import { type Attempt, isHanded } from '../core/attempt.ts';
import type { Instance, Scope } from '../core/instance.ts';
import type { Policy } from '../core/policy.ts';
import type { EpochMs } from '../core/time.ts';
import { DcsError, type DcsFailure, type Deps, type FleetEntry } from '../deps.ts';
import { share } from './ask.ts';
import { failureOf, type RequestFailure } from './failure.ts';
import { type Observation, sinceWhen, withoutOvertaken } from './fleet.ts';
import { pool } from './pool.ts';
import { type OldBefore, READS_AT_ONCE, readEach, wantingOf, withoutOld } from './reading.ts';

/** How a pass looks at the fleet. */
export interface Look {
  oldBefore: OldBefore;
  /** Whether workers may be asked to read where much is wanting; else all is read here. */
  mayAsk: boolean;
  /** Those that a person asked for: they are read first. */
  first?: (instance: Instance) => boolean;
  /** They are read here, however many they are. */
  isUrgent?: boolean;
  /** Nothing is begun to be read once it is aborted. */
  signal?: AbortSignal | undefined;
}

/**
 * Looks at the whole fleet: every scope's list, and the versions and details that are missing or old for instances
 * that a wave owns. A scope that cannot be read keeps its instances as last seen, so that waves are judged with them.
 * A pass that runs out of time stores what it has learned (fleet.ts); the next tick goes on from there.
 */
export async function observe(deps: Deps, policy: Policy, look: Look): Promise<Observation> {
  const { oldBefore, signal } = look;
  const now = deps.clock.now();
  const known = new Map((await deps.ledger.fleet()).map((entry) => [entry.instance.instanceId, entry]));
  const failures: RequestFailure[] = [];
  const lists = await pool(policy.scopes, policy.scopes.length, (scope) => list(deps, scope, known, failures, signal));
  const listed = policy.scopes.filter((_, index) => lists[index] !== null).map((scope) => scope.id);
  const current = lists.flatMap((list) => list ?? []).map((instance) => withoutOld(instance, oldBefore));
  // What could not be read just now is not asked again in this pass.
  const failed = new Set(failures.map(({ instanceId }) => instanceId));
  const wanting = wantingOf(policy, current, now).filter(({ instanceId }) => !failed.has(instanceId));
  const { found, here, waiting } = await share(deps, policy, wanting, look);
  const read = await readEach(deps, policy, here, failures, signal);
  const fresh = new Map([...found, ...read].map((instance) => [instance.instanceId, instance]));
  const unread = [...known.values()].map(({ instance }) => instance).filter(({ scope }) => !listed.includes(scope));
  const seen = current.map((instance) => fresh.get(instance.instanceId) ?? instance);
  const instances = [
    ...withoutOvertaken(seen, fresh, known),
    ...unread.filter(({ scope }) => policy.scopes.some(({ id }) => id === scope)),
  ];
  const behindSince = sinceWhen(policy, instances, known, now, waiting);
  return { instances, behindSince, listed, failures, stored: known, waiting };
}

/**
 * What was read before an attempt on the instance ended says nothing any more, nor what was read before the opening began:
 * `latest` may have moved since the one before, and no wave may run what the one before it never ran.
 */
export function oldBefore(attempts: readonly Attempt[], opened: EpochMs | null): OldBefore {
  const ends = new Map<string, EpochMs>();
  for (const attempt of attempts) {
    const { instanceId, finishedAt, state, lookUntil, updates } = attempt;
    const isLeft = state === 'claimed' && lookUntil === null && !isHanded(attempt);
    // A claim that a worker gave back, or whose call came to nothing, was made from something that may not be so any more.
    const at = finishedAt ?? (isLeft ? updates.at(-1)?.at : undefined);
    if (at !== undefined) ends.set(instanceId, Math.max(at, ends.get(instanceId) ?? 0));
  }
  return (instanceId) => Math.max(opened ?? 0, ends.get(instanceId) ?? 0);
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

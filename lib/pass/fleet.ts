import { type Decision, lasting } from '../core/decision.ts';
import { type Instance, PARTS } from '../core/instance.ts';
import type { Policy } from '../core/policy.ts';
import { dueParts } from '../core/stock.ts';
import { type EpochMs, MINUTE } from '../core/time.ts';
import type { Deps, FleetEntry } from '../deps.ts';
import type { RequestFailure } from './failure.ts';

export interface Observation {
  instances: Instance[];
  behindSince: Map<string, EpochMs>;
  /** Scopes that were listed in full. */
  listed: string[];
  failures: RequestFailure[];
  /** What the ledger holds of the fleet, kept up by {@link remember}. */
  stored: Map<string, FleetEntry>;
  /** Instances whose versions are left to workers to read. Until then they stay stored as last seen. */
  waiting: ReadonlySet<string>;
}

/** The fleet as last seen: enough to say why nothing starts while no window is open, without asking the API. */
export async function recall(deps: Deps, policy: Policy): Promise<Observation> {
  const stored = new Map((await deps.ledger.fleet()).map((entry) => [entry.instance.instanceId, entry]));
  const instances = [...stored.values()]
    .map(({ instance }) => instance)
    .filter(({ scope }) => policy.scopes.some(({ id }) => id === scope));
  return {
    instances,
    behindSince: sinceWhen(policy, instances, stored, deps.clock.now()),
    listed: [],
    failures: [],
    stored,
    waiting: new Set(),
  };
}

/** The same with what was read later of some instances: what was decided on in vain is not decided on again. */
export function withReread(policy: Policy, seen: Observation, reread: readonly Instance[], now: EpochMs): Observation {
  if (reread.length === 0) return seen;
  const fresh = new Map(reread.map((instance) => [instance.instanceId, instance]));
  const moved = seen.instances.filter((instance) => isNewer(fresh.get(instance.instanceId), instance));
  const lines = new Set(moved.map(({ engineVersion }) => engineVersion));
  // Where one of a line has a newer latest, what was read of the others before says nothing any more.
  const instances = seen.instances.map((instance) => {
    const read = fresh.get(instance.instanceId);
    return read ?? (lines.has(instance.engineVersion) ? { ...instance, versions: null } : instance);
  });
  return { ...seen, instances, behindSince: sinceWhen(policy, instances, seen.stored, now, seen.waiting) };
}

/**
 * Without what was read of others of a line before one of it, for the first time or with another `latest` than it had, showed
 * a later one than they did: a wave may run what came out meanwhile only after the one before it, and nobody has looked
 * whether that is offered it. They are read again by the next pass, those in other regions too: a version may come out there
 * on another day, and then they show it. `fresh`: what this pass has read, by id.
 */
export function withoutOvertaken(
  instances: readonly Instance[],
  fresh: ReadonlyMap<string, Instance>,
  known: ReadonlyMap<string, FleetEntry>,
): Instance[] {
  const news = Map.groupBy(
    [...fresh.values()].filter((instance) => {
      const before = known.get(instance.instanceId)?.instance;
      return !before?.versions || isNewer(instance, before);
    }),
    ({ engineVersion }) => engineVersion,
  );
  return instances.map((instance) => {
    const isOvertaken = news.get(instance.engineVersion)?.some((one) => overtakes(one, instance));
    return isOvertaken ? { ...instance, versions: null } : instance;
  });
}

/** Never both ways, so that two which are offered different versions for good do not have each other read for ever. */
function overtakes({ versions: later }: Instance, { versions: earlier }: Instance): boolean {
  if (!later || !earlier || later.readAt <= earlier.readAt) return false;
  return PARTS.some((part) => isLater(later[part].latest, earlier[part].latest));
}

/** By the numbers of it. */
function isLater(one: string | null, other: string | null): boolean {
  if (one === null || other === null) return false;
  const [a, b] = [one, other].map((text) => text.split('.').map(Number)) as [number[], number[]];
  const index = a.findIndex((number, place) => number !== b[place]);
  return index !== -1 && a[index]! > (b[index] ?? -1);
}

function isNewer(read: Instance | undefined, before: Instance): boolean {
  if (!read?.versions || !before.versions) return false;
  return PARTS.some((part) => read.versions![part].latest !== before.versions![part].latest);
}

/** Since when each instance that has something due has been seen so; `now` where it was not before. Those in `waiting` are taken as last seen. */
export function sinceWhen(
  policy: Policy,
  instances: readonly Instance[],
  known: ReadonlyMap<string, FleetEntry>,
  now: EpochMs,
  waiting: ReadonlySet<string> = new Set(),
): Map<string, EpochMs> {
  const since = new Map<string, EpochMs>();
  for (const instance of instances) {
    const before = known.get(instance.instanceId)?.behindSince ?? null;
    if (dueParts(policy, instance).length > 0) since.set(instance.instanceId, before ?? now);
    else if (before !== null && waiting.has(instance.instanceId)) since.set(instance.instanceId, before);
  }
  return since;
}

/**
 * Stores what was seen and decided: the version cache, and what `why` and `status` answer from. An instance without a
 * decision keeps its last one; what a full listing no longer shows is forgotten.
 */
export async function remember(deps: Deps, seen: Observation, decisions: readonly Decision[]): Promise<void> {
  const now = deps.clock.now();
  const decided = new Map(decisions.map((decision) => [decision.instanceId, decision]));
  const entries = seen.instances.map((instance): FleetEntry => {
    const before = seen.stored.get(instance.instanceId);
    const decision = decided.get(instance.instanceId) ?? before?.decision ?? null;
    const gatedAt = isGated(decided.get(instance.instanceId)) ? refreshed(before?.gatedAt, now) : before?.gatedAt;
    const behindSince = seen.behindSince.get(instance.instanceId) ?? null;
    const seenAs = seen.waiting.has(instance.instanceId) ? asLastSeen(instance, before) : instance;
    return { instance: seenAs, behindSince, decision, ...(gatedAt === undefined ? {} : { gatedAt }), seenAt: now };
  });
  const ids = new Set(seen.instances.map(({ instanceId }) => instanceId));
  const lost = [...seen.stored.values()].filter(
    ({ instance }) => seen.listed.includes(instance.scope) && !ids.has(instance.instanceId),
  );
  const changed = entries.filter((entry) => !isSame(seen.stored.get(entry.instance.instanceId), entry));
  if (changed.length > 0) await deps.ledger.putFleet(changed);
  if (lost.length > 0) await deps.ledger.dropFleet(lost.map(({ instance }) => instance.instanceId));
  // Also those that are as good as what is stored: then the next look at them finds the same objects.
  for (const entry of entries) seen.stored.set(entry.instance.instanceId, entry);
  for (const { instance } of lost) seen.stored.delete(instance.instanceId);
}

function asLastSeen(instance: Instance, before: FleetEntry | undefined): Instance {
  return { ...instance, versions: before?.instance.versions ?? null };
}

function isGated(decision: Decision | undefined): boolean {
  return decision?.reason === 'gate_failed' || decision?.reason === 'gate_unknown';
}

/** To the minute it need not be known, and every new one is a write. */
function refreshed(before: EpochMs | undefined, now: EpochMs): EpochMs {
  return before !== undefined && now - before < 10 * MINUTE ? before : now;
}

/** By what would be written. */
function isAlike(before: unknown, after: unknown): boolean {
  return before === after || JSON.stringify(before) === JSON.stringify(after);
}

/** Writes cost money in a table: what has not changed is not written again, and counts that move alone are no change. */
function isSame(before: FleetEntry | undefined, after: FleetEntry): boolean {
  if (before === undefined || before.behindSince !== after.behindSince || before.gatedAt !== after.gatedAt)
    return false;
  const isDecidedAlike = before.decision === after.decision || isAlike(lastingOf(before), lastingOf(after));
  return isDecidedAlike && isAlike(before.instance, after.instance);
}

function lastingOf({ decision }: FleetEntry): Decision | null {
  return decision && lasting(decision);
}

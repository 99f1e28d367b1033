import type { Part } from '../core/instance.ts';
import { type EpochMs, SECOND } from '../core/time.ts';
import { lagOf } from './faults.ts';
import type { SimulatedBackup, SimulatedInstance, Upgrade, World } from './world.ts';

/** How long a task is CREATED before it is EXECUTING. */
const QUEUED = 5 * SECOND;

/** Where a failed upgrade stops, per cent. */
const FAILS_AT = 60;

export function isGone({ goneAt }: SimulatedInstance, now: EpochMs): boolean {
  return goneAt !== null && now >= goneAt;
}

/** The upgrade that runs at that instant, or null. */
export function runningUpgrade({ upgrades }: SimulatedInstance, at: EpochMs): Upgrade | null {
  return upgrades.find((upgrade) => at >= upgrade.acceptedAt && !hasEnded(upgrade, at)) ?? null;
}

/** The backup that is being made at that instant, or null; the status does not tell of it. */
export function runningBackup({ backups }: SimulatedInstance, at: EpochMs): SimulatedBackup | null {
  return backups.find((backup) => at >= backup.at && !hasEnded(backup, at)) ?? null;
}

function hasEnded({ endsAt }: Pick<Upgrade, 'endsAt'>, at: EpochMs): boolean {
  return endsAt !== null && at >= endsAt;
}

/** The instance's status as it is, whatever the reads show. */
export function statusAt(instance: SimulatedInstance, at: EpochMs): string {
  if (runningUpgrade(instance, at)) return 'UPGRADING';
  const { status, statusSeconds } = instance.spec;
  const isOver = statusSeconds !== null && at >= instance.since + statusSeconds * SECOND;
  return isOver ? 'RUNNING' : status;
}

/** The version of a part as it is; null where there is no such part. */
export function minorAt({ spec, upgrades }: SimulatedInstance, part: Part, at: EpochMs): string | null {
  const done = upgrades.filter(
    (upgrade) => upgrade.end === 'success' && hasEnded(upgrade, at) && upgrade[part] !== null,
  );
  return done.at(-1)?.[part] ?? (part === 'engine' ? spec.engineMinor : spec.proxyMinor);
}

/** DCS upgrades minor versions of the basic edition of Redis 4.0 and later (user manual, minor version upgrade). */
export function isUpgradeable({ spec }: SimulatedInstance): boolean {
  return spec.engine === 'Redis' && spec.engineVersion !== '3.0' && spec.productType === 'generic';
}

/** What the reads show of an instance: behind by its lag. */
export interface Sight {
  status: string;
  upgrade: Upgrade | null;
  engine: string | null;
  proxy: string | null;
  changedAt: EpochMs;
}

export function sightOf(instance: SimulatedInstance, now: EpochMs): Sight {
  const at = now - lagOf(instance);
  const changes = instance.upgrades.flatMap(({ acceptedAt, endsAt }) => [acceptedAt, endsAt ?? Infinity]);
  return {
    status: statusAt(instance, at),
    upgrade: runningUpgrade(instance, at),
    engine: minorAt(instance, 'engine', at),
    proxy: minorAt(instance, 'proxy', at),
    changedAt: Math.max(instance.since, ...changes.filter((change) => change <= at)),
  };
}

/** The version that an upgrade of the part would bring; what is there, where there is no other. */
export function newestOf(world: World, { spec }: SimulatedInstance, part: Part, current: string | null): string | null {
  return current === null ? null : (world.latestOf(spec.engineVersion)?.[part] ?? current);
}

/** What the version query says of a part. */
export function versionOf(world: World, instance: SimulatedInstance, part: Part, sight: Sight) {
  const current = sight[part];
  const latest = newestOf(world, instance, part, current);
  return { current, latest, upgradable: isUpgradeable(instance) && instance.spec.offered && current !== latest };
}

/**
 * The tasks that the lists show, newest first.
 * With a lag a new task shows late, but its end shows at once: SUCCESS is seen before the version and the status are.
 */
export function tasksOf(instance: SimulatedInstance, now: EpochMs): Upgrade[] {
  const shown = now - lagOf(instance);
  const tasks = instance.upgrades.filter(
    ({ acceptedAt, hiddenFrom }) => acceptedAt <= shown && now < (hiddenFrom ?? Infinity),
  );
  return tasks.reverse();
}

/** The task's status word (background tasks: CREATED, EXECUTING, SUCCESS, FAILED). */
export function taskWord(upgrade: Upgrade, now: EpochMs): string {
  if (upgrade.odd && now < upgrade.odd.until) return upgrade.odd.word;
  if (hasEnded(upgrade, now)) return upgrade.end === 'success' ? 'SUCCESS' : 'FAILED';
  return now < upgrade.acceptedAt + QUEUED ? 'CREATED' : 'EXECUTING';
}

/** When the task last changed. */
export function taskChangedAt({ acceptedAt, endsAt }: Upgrade, now: EpochMs): EpochMs {
  if (endsAt !== null && now >= endsAt) return endsAt;
  return now < acceptedAt + QUEUED ? acceptedAt : acceptedAt + QUEUED;
}

/** 0 to 100, and the seconds that are left; 100 only where it ended well. */
export function progressOf(
  upgrade: Upgrade,
  now: EpochMs,
): { percent: number; remainSeconds: number; isFailed: boolean } {
  const { acceptedAt, expected, end } = upgrade;
  if (hasEnded(upgrade, now)) {
    const isFailed = end === 'failed';
    return { percent: isFailed ? FAILS_AT : 100, remainSeconds: 0, isFailed };
  }
  const elapsed = now - acceptedAt;
  const most = end === 'failed' ? FAILS_AT : 99;
  return {
    percent: Math.min(most, Math.floor((elapsed / expected) * 100)),
    remainSeconds: Math.max(0, Math.ceil((expected - elapsed) / SECOND)),
    isFailed: false,
  };
}

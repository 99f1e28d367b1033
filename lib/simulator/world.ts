import type { Part } from '../core/instance.ts';
import { DAY, type EpochMs, SECOND } from '../core/time.ts';
import type { Fleet, FleetInstance } from './build.ts';
import { strikePlan } from './faults.ts';
import type { Latest } from './fleet.ts';
import { hexId } from './random.ts';

/** An upgrade that was accepted. What is true of it at an instant follows from these facts (lifecycle.ts); nothing ticks. */
export interface Upgrade {
  readonly taskId: string;
  readonly instanceId: string;
  readonly name: string;
  readonly project: string;
  readonly region: string;
  readonly acceptedAt: EpochMs;
  /** How long it takes when nothing goes wrong, ms. */
  readonly expected: number;
  /** Null: never. */
  endsAt: EpochMs | null;
  end: 'success' | 'failed';
  errorCode: string | null;
  /** The versions that success brings; null leaves the part as it is. */
  engine: string | null;
  proxy: string | null;
  /** From when on the task lists do not show it; null: never. */
  hiddenFrom: EpochMs | null;
  /** A status word that the task shows for a while. */
  odd: { word: string; until: EpochMs } | null;
}

/** A backup that was asked for. */
export interface SimulatedBackup {
  readonly id: string;
  readonly at: EpochMs;
  /** Null: never. */
  endsAt: EpochMs | null;
  /** Why it fails; null: it ends well. */
  code: string | null;
  readonly remark: string;
}

export interface SimulatedInstance {
  readonly spec: FleetInstance;
  /** When the world began. */
  readonly since: EpochMs;
  /** In the order of their acceptance; they never overlap. */
  readonly upgrades: Upgrade[];
  /** Those that were asked for, in order. */
  readonly backups: SimulatedBackup[];
  /** From when on it does not exist; null: never. */
  goneAt: EpochMs | null;
  /** How often each fault of the spec struck. */
  readonly strikes: number[];
}

export interface World {
  readonly since: EpochMs;
  readonly projects: Fleet['projects'];
  /** Every instance there ever was, by id. */
  readonly instances: ReadonlyMap<string, SimulatedInstance>;
  /** Every upgrade that was ever accepted, in order. */
  readonly upgrades: readonly Upgrade[];
  /** The newest versions of an engine version; undefined where there is no upgrade at all. */
  latestOf(engineVersion: string): Readonly<Latest> | undefined;
  /** A new minor version comes out. @throws RangeError for an engine version that the world does not have */
  moveLatest(engineVersion: string, part: Part, version: string): void;
  /** Accepts an upgrade of the parts asked for to their latest versions; whether it may be is the caller's to judge. */
  begin(instance: SimulatedInstance, parts: readonly Part[], now: EpochMs): Upgrade;
  /** The most upgrades that ran at once up to now, of those that `which` names. */
  mostAtOnce(now: EpochMs, which?: (upgrade: Upgrade) => boolean): number;
}

export function createWorld({ instances: specs, projects, latest: given }: Fleet, since: EpochMs): World {
  const latest = structuredClone(given);
  const upgrades: Upgrade[] = [];
  const instances = new Map(
    specs.map((spec): [string, SimulatedInstance] => [
      spec.id,
      { spec, since, upgrades: [], backups: [], goneAt: null, strikes: [] },
    ]),
  );

  function moveLatest(engineVersion: string, part: Part, version: string): void {
    const newest = latest[engineVersion];
    if (!newest) throw new RangeError(`no engine version ${engineVersion} in this world`);
    newest[part] = version;
  }

  function begin(instance: SimulatedInstance, parts: readonly Part[], now: EpochMs): Upgrade {
    const { id: instanceId, name, project, region, upgradeSeconds, engineVersion } = instance.spec;
    const expected = upgradeSeconds * SECOND;
    const target = (part: Part) => (parts.includes(part) ? (latest[engineVersion]?.[part] ?? null) : null);
    const upgrade: Upgrade = {
      taskId: hexId(`${instanceId}#${instance.upgrades.length}@${now}`),
      instanceId,
      name,
      project,
      region,
      acceptedAt: now,
      expected,
      endsAt: now + expected,
      end: 'success',
      errorCode: null,
      engine: target('engine'),
      proxy: target('proxy'),
      hiddenFrom: null,
      odd: null,
    };
    strikePlan(instance, upgrade);
    instance.upgrades.push(upgrade);
    upgrades.push(upgrade);
    return upgrade;
  }

  return {
    since,
    projects,
    instances,
    upgrades,
    latestOf: (engineVersion) => latest[engineVersion],
    moveLatest,
    begin,
    mostAtOnce: (now, which = () => true) => mostAtOnce(upgrades.filter(which), now),
  };
}

/** Intervals are half-open: one that ends where another begins does not overlap it. */
function mostAtOnce(upgrades: readonly Upgrade[], now: EpochMs): number {
  const changes = upgrades.flatMap(({ acceptedAt, endsAt }) => [
    { at: acceptedAt, by: 1 },
    { at: endsAt ?? now + DAY, by: -1 },
  ]);
  changes.sort((a, b) => a.at - b.at || a.by - b.by);
  let running = 0;
  return Math.max(0, ...changes.filter(({ at }) => at <= now).map(({ by }) => (running += by)));
}

import { Fault, type FaultName } from './faults.ts';
import {
  type CACHE_MODES,
  checkFleet,
  type Defaults,
  type FleetFile,
  type Gateway,
  type Latest,
  type Load,
} from './fleet.ts';
import { generate } from './generate.ts';
import { uuidOf } from './random.ts';

type CacheMode = (typeof CACHE_MODES)[number];

/** An instance with everything said. */
export interface FleetInstance {
  id: string;
  project: string;
  region: string;
  name: string;
  engine: 'Redis' | 'Memcached';
  engineVersion: string;
  cacheMode: CacheMode;
  /** 1 where there are no shards. */
  shards: number;
  /** Gigabytes. */
  capacity: number;
  productType: 'generic' | 'enterprise';
  /** At the start. */
  status: string;
  /** After which it is RUNNING; null: never. */
  statusSeconds: number | null;
  tags: Readonly<Record<string, string>>;
  enterpriseProject: string;
  /** At the start. */
  engineMinor: string;
  /** At the start; null where there are no proxies. */
  proxyMinor: string | null;
  offered: boolean;
  upgradeSeconds: number;
  /** Per cent. */
  load: Required<Load>;
  backupHours: number | null;
  backupSeconds: number;
  faults: readonly Fault[];
  maintain: { begin: string; end: string };
}

export interface Fleet {
  /** By engine version. */
  latest: Record<string, Latest>;
  /** Secret keys by access key. */
  keys: Record<string, string>;
  gateway: Gateway;
  projects: { project: string; region: string }[];
  instances: FleetInstance[];
}

/** The key that a fleet without `keys` accepts. */
export const DEMO_KEY = { ak: 'DEMOACCESSKEY0000001', sk: 'demo-secret-key-of-the-simulator' } as const;

const LATEST: Readonly<Record<string, Latest>> = {
  '4.0': { engine: '4.0.14.260702', proxy: '4.0.9.260611' },
  '5.0': { engine: '5.0.14.260901', proxy: '5.0.9.260808' },
  '6.0': { engine: '6.2.14.260915', proxy: '6.2.9.260808' },
  '7.0': { engine: '7.2.4.260920', proxy: '7.2.1.260820' },
};

type Ordinary = Omit<Required<Defaults>, 'statusSeconds' | 'upgradeSeconds'>;

/** What an instance is unless its file says otherwise. */
const ORDINARY: Ordinary = {
  engine: 'Redis',
  engineVersion: '5.0',
  cacheMode: 'ha',
  shards: 3,
  capacity: 4,
  productType: 'generic',
  status: 'RUNNING',
  tags: {},
  enterpriseProject: '0',
  engineMinor: 'old',
  proxyMinor: 'old',
  offered: true,
  load: {},
  backupHours: 5,
  backupSeconds: 240,
  faults: [],
  maintain: { begin: '18:00:00', end: '19:00:00' },
};

const SHARDED: readonly CacheMode[] = ['proxy', 'cluster'];
const WITH_PROXIES: readonly CacheMode[] = ['proxy', 'ha_rw_split'];

/** A quiet night. */
const LOAD: Required<Load> = { cpu: 12, memory: 35, bandwidth: 4 };

/** Seconds that an upgrade takes: some at any rate, some for each shard. No duration is published; these are of a likely size. */
const DURATION: Record<CacheMode, { base: number; perShard: number }> = {
  single: { base: 180, perShard: 0 },
  ha: { base: 240, perShard: 0 },
  ha_rw_split: { base: 360, perShard: 0 },
  proxy: { base: 240, perShard: 60 },
  cluster: { base: 180, perShard: 60 },
};

/**
 * The whole fleet: defaults applied, instances generated, ids given.
 * An id depends on project and name alone, so it stays when the file changes elsewhere.
 * @throws Error for a file that is wrong, or that has an instance twice
 */
export function buildFleet(file: FleetFile, seed: number, source = 'fleet'): Fleet {
  const { defaults = {}, latest: given, keys, gateway = {}, projects } = checkFleet(file, source);
  const latest = structuredClone({ ...LATEST, ...given });
  const instances = projects.flatMap(({ project, region, instances: named = [], generate: many }) => {
    const generated = many ? generate(many, `${seed}:${project}`) : [];
    return [...named, ...generated].map((own) =>
      complete({ ...ORDINARY, ...defaults, ...own }, { project, region }, latest),
    );
  });
  refuseTwins(instances, source);
  return {
    latest,
    keys: keys ?? { [DEMO_KEY.ak]: DEMO_KEY.sk },
    gateway,
    projects: projects.map(({ project, region }) => ({ project, region })),
    instances,
  };
}

type Merged = Ordinary & Pick<Defaults, 'statusSeconds' | 'upgradeSeconds'> & { id?: string; name: string };

function complete(
  merged: Merged,
  where: Pick<FleetInstance, 'project' | 'region'>,
  latest: Readonly<Record<string, Latest>>,
): FleetInstance {
  const { cacheMode, name } = merged;
  const shards = SHARDED.includes(cacheMode) ? merged.shards : 1;
  const newest = latest[merged.engineVersion];
  const { base, perShard } = DURATION[cacheMode];
  return {
    ...merged,
    ...where,
    id: merged.id ?? uuidOf(`${where.project}/${name}`),
    shards,
    statusSeconds: merged.statusSeconds ?? null,
    engineMinor: minorOf(merged.engineMinor, newest?.engine, merged.engineVersion),
    proxyMinor: WITH_PROXIES.includes(cacheMode)
      ? minorOf(merged.proxyMinor, newest?.proxy, merged.engineVersion)
      : null,
    upgradeSeconds: merged.upgradeSeconds ?? base + perShard * shards,
    load: { ...LOAD, ...merged.load },
    // Single-node instances cannot be backed up (DCS API, CopyInstance).
    backupHours: cacheMode === 'single' ? null : merged.backupHours,
    faults: merged.faults.map((fault) => (typeof fault === 'string' ? withDefaults(fault) : fault)),
  };
}

/** Where an engine version has no newest there is but one, old and latest alike. */
function minorOf(word: string, newest: string | undefined, engineVersion: string): string {
  if (word !== 'latest' && word !== 'old') return word;
  if (newest === undefined) return `${engineVersion}.0`;
  return word === 'latest' ? newest : newest.replace(/\d+$/, '250117');
}

function withDefaults(name: FaultName): Fault {
  return Fault.parse({ fault: name });
}

function refuseTwins(instances: readonly FleetInstance[], source: string): void {
  const seen = new Set<string>();
  for (const { id, name } of instances) {
    if (seen.has(id)) throw new Error(`${source}: instance ${name} (${id}) is there twice`);
    seen.add(id);
  }
}

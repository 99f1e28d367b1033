import { parse } from 'yaml';
import * as z from 'zod';
import { FAULT_NAMES, Fault } from './faults.ts';

export const CACHE_MODES = ['single', 'ha', 'ha_rw_split', 'proxy', 'cluster'] as const;

const Word = z.string().min(1);
const Version = z.string().regex(/^\d+\.\d+$/, 'an engine version such as "5.0", in quotes');
const TimeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d:[0-5]\d$/, 'a UTC time as HH:mm:ss');
const Tags = z.record(z.string(), z.string());

const Percent = z.number().min(0).max(200).exactOptional();
const Load = z.strictObject({ cpu: Percent, memory: Percent, bandwidth: Percent });
export type Load = z.output<typeof Load>;

/** What `defaults` may hold too; what neither says is in build.ts. */
const shape = {
  engine: z.enum(['Redis', 'Memcached']).exactOptional(),
  engineVersion: Version.exactOptional(),
  cacheMode: z.enum(CACHE_MODES).exactOptional(),
  /** Of proxy and cluster instances. */
  shards: z.int().min(1).max(128).exactOptional(),
  /** Gigabytes; 0.125 for the smallest. */
  capacity: z.number().positive().exactOptional(),
  productType: z.enum(['generic', 'enterprise']).exactOptional(),
  status: Word.exactOptional(),
  /** For how long from the start the status is another than RUNNING; for ever when absent. */
  statusSeconds: z.number().positive().exactOptional(),
  tags: Tags.exactOptional(),
  enterpriseProject: Word.exactOptional(),
  /** A version, or `latest`, or `old`: some version before the latest. */
  engineMinor: Word.exactOptional(),
  proxyMinor: Word.exactOptional(),
  /** False: the version query says "not upgradable" although the version is an old one. */
  offered: z.boolean().exactOptional(),
  upgradeSeconds: z.number().positive().exactOptional(),
  /** Per cent, as Cloud Eye tells them. */
  load: Load.exactOptional(),
  /** How old its last good backup is at the start; null: there is none. */
  backupHours: z.number().nonnegative().nullable().exactOptional(),
  /** How long one takes that is asked for. */
  backupSeconds: z.number().positive().exactOptional(),
  faults: z.array(z.union([z.enum(FAULT_NAMES), Fault], 'not a fault, or not a parameter of it')).exactOptional(),
  maintain: z.strictObject({ begin: TimeOfDay, end: TimeOfDay }).exactOptional(),
};

const Defaults = z.strictObject(shape);
export type Defaults = z.output<typeof Defaults>;

const FileInstance = z.strictObject({ id: z.uuid().exactOptional(), name: Word, ...shape });

/** Many instances that differ by a seeded choice from each list. */
const Generate = z.strictObject({
  count: z.int().min(1).max(100_000),
  /** What the names begin with; a number follows. */
  name: Word.exactOptional(),
  engineVersions: z.array(Version).min(1).exactOptional(),
  cacheModes: z.array(z.enum(CACHE_MODES)).min(1).exactOptional(),
  capacities: z.array(z.number().positive()).min(1).exactOptional(),
  tags: z.record(z.string(), z.array(z.string()).min(1)).exactOptional(),
  /** The share that is at the latest version already, 0 to 1. */
  latestShare: z.number().min(0).max(1).exactOptional(),
});
export type Generate = z.output<typeof Generate>;

const Latest = z.strictObject({ engine: Word, proxy: Word });
export type Latest = z.output<typeof Latest>;

const Gateway = z.strictObject({
  /** Requests that a caller may make in a project in each whole `seconds`. */
  rateLimit: z
    .strictObject({ limit: z.int().min(1), seconds: z.int().min(1), retryAfter: z.boolean().exactOptional() })
    .exactOptional(),
  /** The probability of a 502 with an HTML body in place of the answer to a GET, 0 to 1. */
  badGateway: z.number().min(0).max(1).exactOptional(),
});
export type Gateway = z.output<typeof Gateway>;

const FleetFile = z.strictObject({
  defaults: Defaults.exactOptional(),
  /** The newest minor versions by engine version; what is not named has the built-in ones. */
  latest: z.record(Version, Latest).exactOptional(),
  /** Secret keys by access key. */
  keys: z.record(Word, Word).exactOptional(),
  gateway: Gateway.exactOptional(),
  projects: z
    .array(
      z.strictObject({
        project: Word,
        region: Word,
        instances: z.array(FileInstance).exactOptional(),
        generate: Generate.exactOptional(),
      }),
    )
    .min(1),
});

/** A fleet as it is written down. */
export type FleetFile = z.input<typeof FleetFile>;
export type FileInstance = z.input<typeof FileInstance>;
/** The same after the check: the parameters that a fault left out are there. */
export type CheckedInstance = z.output<typeof FileInstance>;

/** A fleet file's text, YAML or JSON. @throws Error that names the source and every path that is wrong */
export function parseFleet(text: string, source: string): FleetFile {
  let data: unknown;
  try {
    data = parse(text);
  } catch (error) {
    throw new Error(`${source} is neither YAML nor JSON: ${(error as Error).message}`);
  }
  return checkFleet(data, source);
}

/** @throws Error that names the source and every path that is wrong */
export function checkFleet(data: unknown, source: string): z.output<typeof FleetFile> {
  const parsed = FleetFile.safeParse(data);
  if (!parsed.success) throw new Error(`${source} is not a fleet:\n${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

import type { EpochMs } from './time.ts';

/** The two parts of an instance that the minor-version API can bring to `latest`. */
export const PARTS = ['engine', 'proxy'] as const;
export type Part = (typeof PARTS)[number];

/** One project in one region: the unit that credentials, endpoints and request limits belong to. */
export interface Scope {
  /** `region/project`, e.g. `cn-north-4/0d2a…`. Unique in a policy. */
  id: string;
  /** Project id, 32 hex digits as Huawei Cloud gives it (not checked: opaque). */
  project: string;
  region: string;
  /** Base URL that replaces `https://dcs.{region}.myhuaweicloud.com`. */
  endpoint?: string;
  /** Name of a credential set; the default set when absent. */
  credentials?: string;
}

/** What `GET …/version` says of one part. Version strings are opaque: they are compared for equality only. */
export interface PartVersion {
  current: string | null;
  latest: string | null;
  /** `false` means "already newest" or "cannot be upgraded"; compare current with latest to tell which. */
  upgradable: boolean;
}

export interface Versions {
  engine: PartVersion;
  proxy: PartVersion;
  readAt: EpochMs;
}

/** What stands in ShowInstance alone; both values are kept as the API's own words. */
export interface Details {
  /** `single`, `ha`, `ha_rw_split`, `proxy`, `cluster`, or a word that this program does not know. */
  cacheMode: string | null;
  /** `generic` (basic edition), `enterprise`, or a word that this program does not know. */
  productType: string | null;
}

/** A DCS instance as the list call tells it, with what later calls added. */
export interface Instance {
  instanceId: string;
  name: string;
  /** {@link Scope.id} */
  scope: string;
  region: string;
  project: string;
  /** The API's own word, upper case: `RUNNING`, `UPGRADING`, …; an unknown word is kept and is never taken for RUNNING. */
  status: string;
  /** `Redis` or `Memcached`, as the API spells it. */
  engine: string;
  /** `3.0`, `4.0`, `5.0`, `6.0`, `7.0`, … */
  engineVersion: string;
  specCode: string;
  /** Gigabytes; 0.125 for the smallest. */
  capacityGb: number;
  enterpriseProjectId: string;
  tags: Readonly<Record<string, string>>;
  /** The instance's own maintenance window, UTC `HH:mm:ss`; may wrap midnight. */
  maintain: { begin: string; end: string } | null;
  /** `service_upgrade`: an upgrade task exists. */
  upgrading: boolean;
  /** `service_task_id`, or null when empty. */
  taskId: string | null;
  /** Null until the version query was answered. */
  versions: Versions | null;
  /** Null until ShowInstance was read. */
  details: Details | null;
}

/** A background task as `GET …/tasks` lists it (dcs-api section 4). */
export interface Task {
  id: string;
  name: string;
  /** The API's own word, upper case. {@link taskOutcome} judges it. */
  status: string;
  createdAt: EpochMs | null;
  updatedAt: EpochMs | null;
  errorCode: string | null;
}

/** `GET …/tasks/{task_id}/progress`. */
export interface Progress {
  /** 0 to 100. */
  percent: number;
  remainSeconds: number | null;
  /** Error code of a failed step, if one failed. */
  failedCode: string | null;
}

/** SUCCESS is success; FAILED, FAIL, CANCELLED, CANCELED and DELETED are failure; any other word, known or not, is "still running". */
export function taskOutcome(status: string): 'succeeded' | 'failed' | 'running' {
  if (status === 'SUCCESS') return 'succeeded';
  if (['FAILED', 'FAIL', 'CANCELLED', 'CANCELED', 'DELETED'].includes(status)) return 'failed';
  return 'running';
}

/** Every cache mode that the minor-version upgrade is documented for. */
export const CACHE_MODES: readonly string[] = ['single', 'ha', 'ha_rw_split', 'proxy', 'cluster'];

/**
 * The cache mode, from ShowInstance where it was read, else guessed from the spec code.
 * Read/write splitting has `ha` in its second place and `p<replicas>` third from the end (`redis.ha.xu1.large.p2.1`).
 */
export function cacheModeOf(instance: Pick<Instance, 'details' | 'specCode'>): string | null {
  if (instance.details?.cacheMode) return instance.details.cacheMode;
  const places = instance.specCode.split('.');
  if (places.some((place, index) => index > 2 && /^p\d+$/.test(place))) return 'ha_rw_split';
  const mode = places[1] ?? '';
  return ['single', 'ha', 'proxy', 'cluster'].includes(mode) ? mode : null;
}

/** States that need a person or an order; every other one but RUNNING passes by itself (DCS API, instance statuses). */
export const NEEDS_A_PERSON = ['CREATEFAILED', 'ERROR', 'FROZEN', 'FREEZING', 'CLOSED', 'CLOSING', 'DELETED', 'PAYING'];

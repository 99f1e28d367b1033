import { type Backup, lastGood } from './backup.ts';
import { cacheModeOf, type Instance } from './instance.ts';
import type { Gates } from './policy.ts';
import { type EpochMs, HOUR, MINUTE } from './time.ts';

/** What Cloud Eye tells of an instance and the policy may set a gate for. */
export const LOADS = ['cpu', 'memory', 'bandwidth'] as const;
export type Load = (typeof LOADS)[number];

/** How far back the datapoints of a gate reach before a start. */
export const GATES_LOOK_BACK = 15 * MINUTE;

/** Cloud Eye has a datapoint a minute, a few minutes late. When the newest one is older, nobody knows how things are. */
export const FRESH = 5 * MINUTE;

/** Older backups are not looked for, and no gate can ask for one. */
export const BACKUPS_LOOK_BACK = 31 * 24 * HOUR;

/** One metric of an instance, or of one of its nodes, as Cloud Eye names it. */
export interface Gauge {
  metric: string;
  dimensions: readonly (readonly [name: string, value: string])[];
}

/** A part of an instance that has metrics of its own; the dimension is the kind of it, as DCS names that. */
export interface Node {
  dimension: string;
  id: string;
}

/** What a gauge showed: per cent, and when its newest datapoint was. */
export interface Reading {
  highest: number;
  at: EpochMs;
}

/** What was read for the gates; null: asked for, and there is nothing. What was not asked for is absent. */
export interface Readings {
  loads: Partial<Record<Load, Reading | null>>;
  /** Those of {@link BACKUPS_LOOK_BACK}. */
  backups?: readonly Backup[];
}

/** Why the gates do not let an instance pass. */
export interface GateNo {
  reason: 'gate_failed' | 'gate_unknown' | 'backing_up';
  detail: string;
  /** Its backup is all that fails, and the policy wants one to be made: whether one is on its way. */
  backup?: 'lacking' | 'running';
}

/** Names of the metrics (Cloud Eye, namespace SYS.DCS), and what people call them. */
const METRICS: Readonly<Record<Load, { metric: string; word: string }>> = {
  cpu: { metric: 'cpu_usage', word: 'CPU' },
  memory: { metric: 'memory_usage', word: 'memory' },
  bandwidth: { metric: 'bandwidth_usage', word: 'bandwidth' },
};

/** Cache modes whose instances have a CPU metric of their own; in all others each node has one (Cloud Eye, DCS metrics). */
const WITH_ONE_CPU: readonly (string | null)[] = ['single', 'ha', 'ha_rw_split'];

/** Whether the gates can only be read node by node. */
export function needsNodes(gates: Gates, instance: Pick<Instance, 'details' | 'specCode'>): boolean {
  return gates.cpu !== undefined && !WITH_ONE_CPU.includes(cacheModeOf(instance));
}

/** What to read for each load that has a gate. An empty list is a load that cannot be known. */
export function gaugesOf(gates: Gates, instance: Instance, nodes: readonly Node[]): [Load, Gauge[]][] {
  const own = ['dcs_instance_id', instance.instanceId] as const;
  return LOADS.filter((load) => gates[load] !== undefined).map((load) => {
    const { metric } = METRICS[load];
    if (load !== 'cpu' || !needsNodes(gates, instance)) return [load, [{ metric, dimensions: [own] }]];
    return [load, nodes.map(({ dimension, id }) => ({ metric, dimensions: [own, [dimension, id]] }))];
  });
}

/** Of all nodes the highest value; as old as the oldest of them, and not known as long as one is not. */
export function together(readings: readonly (Reading | null)[]): Reading | null {
  const known = readings.filter((reading) => reading !== null);
  if (known.length === 0 || known.length < readings.length) return null;
  return {
    highest: Math.max(...known.map(({ highest }) => highest)),
    at: Math.min(...known.map(({ at }) => at)),
  };
}

/** What is asked of the gates once an upgrade is over: a backup matters before it alone. Null: nothing. */
export function loadGates({ backup: _, backupFirst: __, ...loads }: Gates): Gates | null {
  return Object.keys(loads).length === 0 ? null : loads;
}

/** Null: every gate lets it pass. What is not known does not pass; what fails is named before what is not known. */
export function gatesNo(gates: Gates, { loads, backups }: Readings, now: EpochMs): GateNo | null {
  const found = LOADS.flatMap((load) => {
    const limit = gates[load];
    return limit === undefined ? [] : (loadNo(METRICS[load].word, limit, loads[load] ?? null, now) ?? []);
  });
  const lacking = gates.backup === undefined ? null : backupNo(gates.backup, backups, now);
  if (lacking && found.length === 0 && gates.backupFirst && backups) {
    return { ...lacking, backup: backups.some(({ state }) => state === 'running') ? 'running' : 'lacking' };
  }
  if (lacking) found.push(lacking);
  const failed = found.filter(({ reason }) => reason === 'gate_failed');
  if (found.length === 0) return null;
  const reason = failed.length > 0 ? 'gate_failed' : 'gate_unknown';
  const detail = [...failed, ...found.filter((one) => !failed.includes(one))].map((one) => one.detail).join('; ');
  return { reason, detail };
}

function loadNo(word: string, limit: number, reading: Reading | null, now: EpochMs): GateNo[] | null {
  const must = `it must be below ${limit} %`;
  if (reading === null) {
    return [{ reason: 'gate_unknown', detail: `${word} is not known (no data in Cloud Eye), ${must}` }];
  }
  const age = `newest datapoint ${ageText(now - reading.at)} old`;
  const value = `${Number(reading.highest.toFixed(1))} %`;
  if (now - reading.at > FRESH) {
    return [{ reason: 'gate_unknown', detail: `${word} is not known (${age}, then ${value}), ${must}` }];
  }
  if (reading.highest < limit) return null;
  return [{ reason: 'gate_failed', detail: `${word} was at ${value} (${age}), ${must}` }];
}

function backupNo(youngerThan: number, backups: readonly Backup[] | undefined, now: EpochMs): GateNo | null {
  const must = `it must be younger than ${ageText(youngerThan)}`;
  if (backups === undefined) return { reason: 'gate_unknown', detail: `the last backup is not known, ${must}` };
  const at = lastGood(backups);
  if (at === null) {
    const since = ageText(BACKUPS_LOOK_BACK);
    return { reason: 'gate_failed', detail: `there is no good backup of the last ${since}, ${must}` };
  }
  if (now - at < youngerThan) return null;
  return { reason: 'gate_failed', detail: `the last good backup is ${ageText(now - at)} old, ${must}` };
}

/** Our clock may be behind that of what is looked at. */
function ageText(ms: number): string {
  const minutes = Math.max(0, Math.floor(ms / MINUTE));
  if (minutes < 120) return `${minutes} min`;
  return minutes < 72 * 60 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / (24 * 60))} days`;
}

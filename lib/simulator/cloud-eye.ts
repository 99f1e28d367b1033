import * as z from 'zod';
import { type EpochMs, MINUTE, SECOND } from '../core/time.ts';
import { strikeMetrics } from './faults.ts';
import { hexId } from './random.ts';
import { type Answer, json, type Refused, refusal, type SimulatedRequest } from './wire.ts';
import type { SimulatedInstance, World } from './world.ts';

// Cloud Eye's side of the simulator, and what of DCS belongs to it: nodes.

type Load = (typeof LOAD_OF)[keyof typeof LOAD_OF];

const LOAD_OF = { cpu_usage: 'cpu', memory_usage: 'memory', bandwidth_usage: 'bandwidth' } as const;

/** One call takes as many on every edition of the API, of which one says ten and another five hundred. */
const MOST_METRICS = 10;

/** Metrics times periods in one answer; what is more is cut off at its beginning. */
const MOST_POINTS = 3_000;

const LARGEST_BODY = 512 * 1024;

/** Seconds; 1 is the raw period of a minute. */
const PERIODS = ['1', '300', '1200', '3600', '14400', '86400'] as const;

const MetricQuery = z.strictObject({
  metrics: z
    .array(
      z.strictObject({
        namespace: z.literal('SYS.DCS'),
        metric_name: z.string().regex(/^[a-z_]+$/),
        dimensions: z.array(z.strictObject({ name: z.string(), value: z.string().min(1) })).min(1).max(4),
      }),
    )
    .min(1)
    .max(MOST_METRICS),
  /** Milliseconds: seconds, which are often taken for them, would be of 1970. */
  from: z.int().min(1e12),
  to: z.int().min(1e12),
  period: z.enum(PERIODS),
  filter: z.enum(['average', 'max', 'min', 'sum', 'variance']),
}); // biome-ignore format: a schema

/** `POST …/batch-query-metric-data` (Cloud Eye API, BatchListMetricData). @throws Refused ces.0014 */
export function metricData(world: World, project: string, request: SimulatedRequest, now: EpochMs): Answer | Refused {
  const { metrics, from, to, period, filter } = queryOf(request);
  const step = period === '1' ? MINUTE : Number(period) * SECOND;
  if (from >= to) throw refusal('ces.0014', '[from, to]');
  const begin = Math.max(from, to - (MOST_POINTS * step) / metrics.length);
  const rows = [];
  for (const { metric_name, dimensions } of metrics) {
    const instance = subjectOf(world, project, dimensions);
    const struck = instance && strikeMetrics(instance);
    if (struck) return struck;
    const levelAt = instance && levelOf(instance, metric_name, dimensions);
    const newest = instance ? newestPointOf(instance, now) : null;
    const points =
      levelAt === null || newest === null || now - from < step ? [] : timesOf(begin, Math.min(to, newest), step);
    rows.push({
      unit: '%',
      namespace: 'SYS.DCS',
      metric_name,
      dimensions,
      datapoints: points.map((timestamp) => ({ [filter]: filter === 'variance' ? 0 : levelAt!(timestamp), timestamp })),
    });
  }
  return json(200, { metrics: rows });
}

function queryOf({ headers, body }: SimulatedRequest): z.output<typeof MetricQuery> {
  if (body.length === 0 || body.length > LARGEST_BODY || !/^application\/json\b/i.test(headers['content-type'] ?? ''))
    throw refusal('ces.0014', '[body]');
  let data: unknown;
  try {
    data = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    throw refusal('ces.0014', '[body]');
  }
  const parsed = MetricQuery.safeParse(data);
  if (!parsed.success) throw refusal('ces.0014', `[${parsed.error.issues[0]?.path.join('.')}]`);
  return parsed.data;
}

/** On whole minutes, as points of one minute are. */
function timesOf(from: EpochMs, to: EpochMs, step: number): EpochMs[] {
  const times: EpochMs[] = [];
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) times.push(at);
  return times;
}

type Dimensions = z.output<typeof MetricQuery>['metrics'][number]['dimensions'];

/** What is not of the project has no data, whoever asks for it. */
function subjectOf(world: World, project: string, dimensions: Dimensions): SimulatedInstance | null {
  const id = dimensions.find(({ name }) => name === 'dcs_instance_id')?.value ?? '';
  const instance = world.instances.get(id);
  return instance?.spec.project === project ? instance : null;
}

/** By time; null: no such metric. Proxy and cluster instances have no CPU of their own, each of their nodes has one. */
function levelOf(
  instance: SimulatedInstance,
  metric: string,
  dimensions: Dimensions,
): ((at: EpochMs) => number) | null {
  if (!Object.hasOwn(LOAD_OF, metric)) return null;
  const load = LOAD_OF[metric as keyof typeof LOAD_OF];
  const nodes = nodesOf(instance);
  const node = dimensions.find(({ name }) => name !== 'dcs_instance_id');
  const level = (at: EpochMs) => loadOf(instance, load, at);
  if (!node) return load === 'cpu' && nodes.length > 0 ? null : level;
  const index = nodes.findIndex(({ dimension, id }) => dimension === node.name && id === node.value);
  if (index < 0) return null;
  // The last node is the one that is as loaded as the fleet file says; the others are at rest.
  return index === nodes.length - 1 ? level : () => 1;
}

/** Per cent, as Cloud Eye tells it. */
function loadOf({ spec, since }: SimulatedInstance, load: Load, at: EpochMs): number {
  const elapsed = (at - since) / SECOND;
  const high = spec.faults.find(
    (fault) =>
      fault.fault === 'high_load' &&
      fault.load === load &&
      (fault.after === 0 || elapsed >= fault.after) &&
      elapsed < fault.after + (fault.seconds ?? Infinity),
  );
  return high?.fault === 'high_load' ? high.percent : spec.load[load];
}

/** Cloud Eye is a little late always. */
const METRICS_LATE = 90 * SECOND;

/** The time up to which there are datapoints; null: there are none. */
function newestPointOf({ spec, since }: SimulatedInstance, now: EpochMs): EpochMs | null {
  let late = METRICS_LATE;
  for (const fault of spec.faults) {
    if (fault.fault === 'no_metrics' && now < since + (fault.seconds ?? Infinity) * SECOND) return null;
    if (fault.fault === 'stale_metrics') late = Math.max(late, fault.seconds * SECOND);
  }
  return now - late;
}

interface SimulatedNode {
  dimension: 'dcs_cluster_redis_node' | 'dcs_cluster_proxy2_node';
  id: string;
}

/** Those that have metrics of their own: two for each shard, and two proxies. */
function nodesOf({ spec }: SimulatedInstance): SimulatedNode[] {
  if (spec.cacheMode !== 'proxy' && spec.cacheMode !== 'cluster') return [];
  const some = (dimension: SimulatedNode['dimension'], count: number): SimulatedNode[] =>
    Array.from({ length: count }, (_, index) => ({ dimension, id: hexId(`${spec.id}/${dimension}/${index}`) }));
  const proxies = spec.cacheMode === 'proxy' ? some('dcs_cluster_proxy2_node', 2) : [];
  return [...proxies, ...some('dcs_cluster_redis_node', spec.shards * 2)];
}

/** `GET …/dims/monitored-objects/{id}` (DCS API, ListMonitoredObjectsOfInstance). */
export function monitoredObjects(instance: SimulatedInstance) {
  const nodes = nodesOf(instance);
  const dimensions = [...new Set(nodes.map(({ dimension }) => dimension))];
  const rows = dimensions.map((name) => {
    const own = nodes.filter(({ dimension }) => dimension === name);
    return [name, own.map(({ id }) => ({ name: id, dcs_instance_id: instance.spec.id, [name]: id, status: 'NORMAL' }))];
  });
  return {
    router: ['dcs_instance_id'],
    children: dimensions.map((name) => ({ dim_name: name, dim_route: `dcs_instance_id,${name}` })),
    instances: [{ dcs_instance_id: instance.spec.id, name: instance.spec.name, status: 'RUNNING' }],
    ...Object.fromEntries(rows),
    total: 1,
  };
}

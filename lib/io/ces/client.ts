import * as z from 'zod/mini';
import type { Scope } from '../../core/instance.ts';
import type { Gauge, Reading } from '../../core/load.ts';
import type { EpochMs } from '../../core/time.ts';
import type { Metrics } from '../../deps.ts';
import { Caller, type CallerOptions } from '../dcs/caller.ts';
import { listOf, number, sift, text } from '../dcs/lenient.ts';
import { CES } from '../dcs/service.ts';

/** The most metrics that each edition of the API takes in one call. */
const GAUGES_A_CALL = 10;

const NAMESPACE = 'SYS.DCS';

/** The metrics of Cloud Eye, API version 1, over HTTPS. */
export function createMetrics(options: CallerOptions): Metrics {
  const caller = new Caller(options, CES);
  return {
    async highest(scope, gauges, since, signal) {
      const until = options.clock.now();
      const readings: (Reading | null)[] = [];
      for (let from = 0; from < gauges.length; from += GAUGES_A_CALL) {
        const some = gauges.slice(from, from + GAUGES_A_CALL);
        readings.push(...(await ask(caller, scope, some, { since, until }, signal)));
      }
      return readings;
    },
  };
}

/**
 * Cloud Eye API, BatchListMetricData. Period 1 is the raw one of a minute, which is not aggregated; the filter only names
 * the value. The answer is told by the names in it, not by its order; what is not in it is not known.
 */
async function ask(
  caller: Caller,
  scope: Scope,
  gauges: readonly Gauge[],
  { since, until }: { since: EpochMs; until: EpochMs },
  signal?: AbortSignal,
): Promise<(Reading | null)[]> {
  const metrics = gauges.map(({ metric, dimensions }) => ({
    namespace: NAMESPACE,
    metric_name: metric,
    dimensions: dimensions.map(([name, value]) => ({ name, value })),
  }));
  const body = JSON.stringify({ metrics, from: since, to: until, period: '1', filter: 'max' });
  const page = await caller.query({ scope, segments: ['batch-query-metric-data'], signal }, body, MetricPage);
  const found = new Map(
    sift(WireMetric, page.rows).items.map((one) => [keyOf(one.metric, one.dimensions), one.points]),
  );
  // A point of before is no answer to this question; one that seems to be of later comes of clocks that differ.
  return gauges.map(({ metric, dimensions }) =>
    readingOf((found.get(keyOf(metric, dimensions)) ?? []).filter(({ at }) => at >= since)),
  );
}

const MetricPage = listOf('metrics', 'count');

interface Point {
  at: EpochMs;
  value: number;
}

const WirePoint = z.pipe(
  z
    .object({ max: number, timestamp: number })
    .check(z.refine(({ max, timestamp }) => isUsable(max) && isUsable(timestamp))),
  z.transform((wire): Point => ({ at: wire.timestamp ?? 0, value: wire.max ?? 0 })),
);

function isUsable(value: number | null | undefined): boolean {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

const WireMetric = z.pipe(
  z.object({
    metric_name: z.string(),
    dimensions: z.array(z.object({ name: z.string(), value: text })),
    datapoints: z.nullish(z.array(z.unknown())),
  }),
  z.transform(({ metric_name, dimensions, datapoints }) => ({
    metric: metric_name,
    dimensions: dimensions.map(({ name, value }) => [name, value ?? ''] as const),
    points: sift(WirePoint, datapoints ?? []).items,
  })),
);

function keyOf(metric: string, dimensions: Gauge['dimensions']): string {
  return JSON.stringify([metric, ...dimensions.map((pair) => pair.join('=')).sort()]);
}

function readingOf(points: readonly Point[]): Reading | null {
  if (points.length === 0) return null;
  return { highest: Math.max(...points.map(({ value }) => value)), at: Math.max(...points.map(({ at }) => at)) };
}

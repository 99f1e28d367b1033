import { type Attempt, isFailure, isInFlight } from '../core/attempt.ts';
import type { Decision } from '../core/decision.ts';
import type { EpochMs } from '../core/time.ts';

/** Where CloudWatch shows them, under the dimension `FunctionName`. */
export const NAMESPACE = 'dcs-upgrader';

/** What one pass came to, as far as it is counted: a pass report has all of it. */
export interface Ticked {
  now: EpochMs;
  /** Empty when the pass did not get as far as deciding, or no window was open. */
  decisions: readonly Pick<Decision, 'action' | 'reason'>[];
  started: readonly Attempt[];
  /** Open before the pass, and still open. */
  followed: readonly Attempt[];
  /** Those among `started` that were refused for good, too. */
  finished: readonly Attempt[];
  errors: readonly unknown[];
  alerts: readonly unknown[];
}

export interface TickFigures {
  /** As AWS names it, e.g. `dcs-upgrader-prod-tick`; stages are told apart by it. */
  functionName: string;
  durationMs: number;
  /** Requests to DCS, repeated ones included, and how many of them were turned away as too many. */
  apiCalls?: number;
  throttled?: number;
  /** 0 while a window is open; null when none will ever open. */
  secondsToNextOpening?: number | null;
}

/** Every metric, and what it counts; undefined where this pass cannot tell. */
const METRICS: Record<string, { unit: string; of: (ticked: Ticked, figures: TickFigures) => number | undefined }> = {
  Due: { unit: 'Count', of: decided(({ action }) => action === 'start' || action === 'wait') },
  Held: { unit: 'Count', of: decided(({ reason }) => reason === 'held') },
  Started: { unit: 'Count', of: ({ started }) => started.length },
  Succeeded: { unit: 'Count', of: ({ finished }) => finished.filter(({ state }) => state === 'succeeded').length },
  Failed: { unit: 'Count', of: ({ finished }) => finished.filter(isFailure).length },
  InFlight: { unit: 'Count', of: ({ started, followed }) => [...started, ...followed].filter(isInFlight).length },
  Errors: { unit: 'Count', of: ({ errors }) => errors.length },
  Alerts: { unit: 'Count', of: ({ alerts }) => alerts.length },
  ApiCalls: { unit: 'Count', of: (_, { apiCalls }) => apiCalls },
  Throttled: { unit: 'Count', of: (_, { throttled }) => throttled },
  TickDuration: { unit: 'Milliseconds', of: (_, { durationMs }) => durationMs },
  SecondsToNextOpening: { unit: 'Seconds', of: (_, { secondsToNextOpening }) => secondsToNextOpening ?? undefined },
};

export const METRIC_NAMES: readonly string[] = Object.keys(METRICS);

/**
 * One line for the log, from which CloudWatch makes metrics (embedded metric format): no call, no permission, no wait.
 * A metric that this pass cannot tell is left out, because a zero would be read as one.
 */
export function tickMetrics(ticked: Ticked, figures: TickFigures): string {
  const found = Object.entries(METRICS).flatMap(([name, { unit, of }]) => {
    const value = of(ticked, figures);
    return value === undefined || !Number.isFinite(value) ? [] : [{ name, unit, value }];
  });
  return lineOf(ticked.now, figures.functionName, found);
}

/** The requests of a function that makes no tick: workers read and call DCS as well. */
export function callMetrics(
  now: EpochMs,
  figures: Required<Pick<TickFigures, 'functionName' | (typeof CALLS)[number][1]>>,
): string {
  const found = CALLS.map(([name, figure]) => ({ name, unit: METRICS[name]!.unit, value: figures[figure] }));
  return lineOf(now, figures.functionName, found);
}

const CALLS = [['ApiCalls', 'apiCalls'], ['Throttled', 'throttled']] as const; // biome-ignore format: a table

/** What workers tell of themselves. */
export const WORKER_METRIC_NAMES: readonly string[] = CALLS.map(([name]) => name);

function lineOf(
  Timestamp: EpochMs,
  FunctionName: string,
  found: { name: string; unit: string; value: number }[],
): string {
  const Metrics = found.map(({ name, unit }) => ({ Name: name, Unit: unit }));
  const CloudWatchMetrics = [{ Namespace: NAMESPACE, Dimensions: [['FunctionName']], Metrics }];
  const values = Object.fromEntries(found.map(({ name, value }) => [name, value]));
  return `${JSON.stringify({ _aws: { Timestamp, CloudWatchMetrics }, FunctionName, ...values })}\n`;
}

function decided(test: (decision: Ticked['decisions'][number]) => boolean) {
  return ({ decisions }: Ticked) => (decisions.length === 0 ? undefined : decisions.filter(test).length);
}

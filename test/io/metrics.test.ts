import { describe, expect, it } from '@jest/globals';
import { METRIC_NAMES, type Ticked, type TickFigures, tickMetrics } from '../../lib/io/metrics.ts';
import type { PassReport } from '../../lib/pass/tally.ts';
import { anAttempt, NIGHT } from '../support/builders.ts';

const QUIET: Ticked = { now: NIGHT, decisions: [], started: [], followed: [], finished: [], errors: [], alerts: [] };
const FIGURES: TickFigures = { functionName: 'dcs-upgrader-dev-tick', durationMs: 812 };

interface Emf {
  _aws: {
    Timestamp: number;
    CloudWatchMetrics: { Namespace: string; Dimensions: string[][]; Metrics: { Name: string; Unit: string }[] }[];
  };
  [name: string]: unknown;
}

function emf(ticked: Partial<Ticked> = {}, figures: Partial<TickFigures> = {}): Emf {
  return JSON.parse(tickMetrics({ ...QUIET, ...ticked }, { ...FIGURES, ...figures }));
}

describe('the line', () => {
  it('is one line in the embedded metric format', () => {
    const line = tickMetrics(QUIET, FIGURES);
    expect(line.indexOf('\n')).toBe(line.length - 1);
    const { _aws, ...values } = JSON.parse(line) as Emf;
    expect(_aws.Timestamp).toBe(NIGHT);
    expect(_aws.CloudWatchMetrics).toHaveLength(1);
    expect(_aws.CloudWatchMetrics[0]).toMatchObject({ Namespace: 'dcs-upgrader', Dimensions: [['FunctionName']] });
    const zero = { Started: 0, Succeeded: 0, Failed: 0, InFlight: 0, Errors: 0, Alerts: 0 };
    expect(values).toEqual({ FunctionName: 'dcs-upgrader-dev-tick', ...zero, TickDuration: 812 });
  });

  it('has a value for every metric that it declares, and declares every value', () => {
    const decisions = [{ action: 'start', reason: 'due' } as const];
    const {
      _aws,
      FunctionName: _,
      ...values
    } = emf({ decisions }, { apiCalls: 3, throttled: 1, secondsToNextOpening: 60 });
    const declared = _aws.CloudWatchMetrics[0]!.Metrics.map(({ Name }) => Name);
    expect(declared).toEqual(METRIC_NAMES);
    expect(Object.keys(values)).toEqual(declared);
  });

  it('takes what a pass reports', () => {
    const report: PassReport = {
      ...QUIET,
      opening: null,
      waves: [],
      plan: null,
      decisions: [],
      started: [],
      followed: [],
      finished: [],
      errors: [],
      alerts: [],
      waiting: 0,
    };
    expect(tickMetrics(report, FIGURES)).toBe(tickMetrics(QUIET, FIGURES));
  });
});

describe('what is counted', () => {
  const decisions = [
    { action: 'start', reason: 'due' },
    { action: 'wait', reason: 'limit_parallel' },
    { action: 'wait', reason: 'held' },
    { action: 'follow', reason: 'in_progress' },
    { action: 'none', reason: 'already_latest' },
  ] as const;
  const claimed = anAttempt('claimed');
  const refused = anAttempt('refused', { lookUntil: null });
  const running = anAttempt('running', { state: 'running', taskId: 't' });
  const failed = anAttempt('failed', { state: 'failed' });
  const unverified = anAttempt('unverified', { state: 'unverified' });
  const succeeded = anAttempt('succeeded', { state: 'succeeded' });
  const expired = anAttempt('expired', { state: 'expired' });

  it.each<{
    what: string;
    ticked: Partial<Ticked>;
    figures: Partial<TickFigures>;
    found: Record<string, number | undefined>;
  }>`
    what                                  | ticked                                                    | figures                           | found
    ${'what is due or waits'}             | ${{ decisions }}                                          | ${{}}                             | ${{ Due: 3, Held: 1 }}
    ${'nothing was decided'}              | ${{}}                                                     | ${{}}                             | ${{ Due: undefined, Held: undefined }}
    ${'nothing is due'}                   | ${{ decisions: decisions.slice(4) }}                      | ${{}}                             | ${{ Due: 0, Held: 0 }}
    ${'starts, and what is in flight'}    | ${{ started: [claimed, refused], followed: [running] }}   | ${{}}                             | ${{ Started: 2, InFlight: 2 }}
    ${'a start that is refused for good'} | ${{ started: [failed], finished: [failed] }}              | ${{}}                             | ${{ Started: 1, Failed: 1, InFlight: 0 }}
    ${'ends'}                             | ${{ finished: [succeeded, failed, unverified, expired] }} | ${{}}                             | ${{ Succeeded: 1, Failed: 2 }}
    ${'errors and alerts'}                | ${{ errors: [{}, {}], alerts: [{}] }}                     | ${{}}                             | ${{ Errors: 2, Alerts: 1 }}
    ${'requests'}                         | ${{}}                                                     | ${{ apiCalls: 7, throttled: 0 }}  | ${{ ApiCalls: 7, Throttled: 0 }}
    ${'requests that nobody counted'}     | ${{}}                                                     | ${{}}                             | ${{ ApiCalls: undefined, Throttled: undefined }}
    ${'a window is open'}                 | ${{}}                                                     | ${{ secondsToNextOpening: 0 }}    | ${{ SecondsToNextOpening: 0 }}
    ${'no window will ever open'}         | ${{}}                                                     | ${{ secondsToNextOpening: null }} | ${{ SecondsToNextOpening: undefined }}
    ${'a figure that is none'}            | ${{}}                                                     | ${{ durationMs: Number.NaN }}     | ${{ TickDuration: undefined }}
  `('$what: $found', ({ ticked, figures, found }) => {
    const line = emf(ticked, figures);
    expect(Object.fromEntries(Object.keys(found).map((name) => [name, line[name]]))).toEqual(found);
  });
});

import { type Attempt, isInFlight } from '../core/attempt.ts';
import type { Decision } from '../core/decision.ts';
import { type EpochMs, MINUTE, SECOND } from '../core/time.ts';
import type { PassReport } from '../reconcile.ts';
import { bar, cut, duration, oneLine, paint, type Terminal, table } from './terminal.ts';

/** What a watch has seen so far: enough to draw the table, the bar and the time left. */
export interface Night {
  report: PassReport | null;
  finished: Attempt[];
}

/** Reasons that pass within the opening that is open now. */
const PASSING = [
  'limit_parallel',
  'limit_wave',
  'limit_scope',
  'one_at_a_time',
  'retry_later',
  'wave_waiting',
  'wave_soaking',
  'instance_busy',
  'gate_failed',
  'gate_unknown',
  'backing_up',
  'not_startable',
  'no_time_left',
  'another_run',
  'version_unknown',
];

export function advanceNight(night: Night, report: PassReport): Night {
  return { report, finished: [...night.finished, ...report.finished] };
}

/** Nothing is under way, and nothing that waits can begin before the window closes. */
export function isOver({ now, opening, decisions, followed, started }: PassReport): boolean {
  if (followed.length + started.length > 0) return false;
  return !decisions.some((decision) => decision.action === 'start' || mayStillStart(decision, opening?.closes ?? now));
}

function mayStillStart({ action, reason, possibleAt }: Decision, closes: EpochMs): boolean {
  if (action !== 'wait' || !PASSING.includes(reason)) return false;
  return reason === 'wave_waiting' || (possibleAt !== null && possibleAt < closes);
}

interface Pace {
  done: number;
  underWay: Attempt[];
  queued: number;
  /** From 0 to 1. */
  share: number;
  /** Milliseconds; null while there is nothing to judge by. */
  left: number | null;
}

function paceOf({ report, finished }: Night): Pace {
  if (!report) return { done: 0, underWay: [], queued: 0, share: 0, left: null };
  const underWay = [...report.followed, ...report.started].filter(isInFlight);
  const closes = report.opening?.closes ?? report.now;
  const queued = report.decisions.filter(
    (decision) => mayStillStart(decision, closes) && decision.possibleAt !== null,
  ).length;
  const total = finished.length + underWay.length + queued;
  const parts = underWay.reduce((sum, attempt) => sum + (attempt.progress?.percent ?? 0) / 100, 0);
  const took = finished.map((attempt) => attempt.finishedAt! - (attempt.calledAt ?? attempt.claimedAt));
  const mean = took.length > 0 ? took.reduce((a, b) => a + b, 0) / took.length : null;
  const remaining = Math.max(0, ...underWay.map((attempt) => remainingOf(attempt, report.now) ?? mean ?? 0));
  const rounds = Math.ceil(queued / Math.max(1, underWay.length));
  return {
    done: finished.length,
    underWay,
    queued,
    share: total === 0 ? 1 : (finished.length + parts) / total,
    left: queued > 0 && mean === null ? null : remaining + rounds * (mean ?? 0),
  };
}

function remainingOf(attempt: Attempt, now: EpochMs): number | null {
  const { progress } = attempt;
  return progress?.remainSeconds == null ? null : Math.max(0, progress.at + progress.remainSeconds * SECOND - now);
}

/** The live picture: a line for the time, a bar, what is under way, and how many wait for what. */
export function picture(terminal: Terminal, night: Night, clockText: (at: EpochMs) => string): string {
  const { report } = night;
  if (!report) return 'looking …';
  const pace = paceOf(night);
  const window = report.opening
    ? `window ${report.opening.windows.join('+')} closes in ${duration(report.opening.closes - report.now)}`
    : 'no window is open';
  const left = pace.left === null ? '' : `, about ${duration(pace.left)} left`;
  const failed = night.finished.filter(({ state }) => state === 'failed' || state === 'unverified').length;
  const lines = [
    `${clockText(report.now)}  ${window}`,
    `${bar(pace.share, 30)}  ${pace.done} done${failed > 0 ? paint(terminal, 'red', ` (${failed} failed)`) : ''}, ${pace.underWay.length} under way, ${pace.queued} to go${left}`,
    '',
    table(['INSTANCE', 'WAVE', 'STATE', 'PROGRESS', 'TASK'], pace.underWay.map((attempt) => [attempt.name, attempt.wave, attempt.state === 'claimed' ? 'outcome unknown' : attempt.taskEndedAt === null ? 'upgrading' : 'verifying', bar((attempt.progress?.percent ?? 0) / 100, 12), attempt.taskId ?? '–']), terminal.columns),
    '',
    waitingLine(report),
  ]; // biome-ignore format: a picture
  // A line that wraps would take two, and the next drawing would not cover it.
  return lines
    .join('\n')
    .split('\n')
    .map((line) => cut(line, terminal.columns))
    .join('\n');
}

function waitingLine({ decisions }: PassReport): string {
  const counts = new Map<string, number>();
  for (const { action, reason } of decisions)
    if (action === 'wait' || action === 'none') counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts]
    .sort((a, b) => b[1] - a[1])
    .map(([reason, count]) => `${reason} ${count}`)
    .join(' · ');
}

/** For a pipe: one line for each thing that happened in this pass, in its order. */
export function happenings(report: PassReport, clockText: (at: EpochMs) => string): string[] {
  const told = new Set(report.started.map(({ instanceId }) => instanceId));
  const events = [
    ...report.started.map((attempt) => ({
      at: attempt.calledAt ?? report.now,
      text: `${attempt.name}: ${lastNote(attempt)}`,
    })),
    ...report.finished.map((attempt) => ({
      at: attempt.finishedAt ?? report.now,
      text: `${attempt.name}: ${attempt.state}, ${lastNote(attempt)}`,
    })),
    // What came of a call stands in the line of its attempt.
    ...report.errors
      .filter(({ instanceId }) => instanceId === null || !told.has(instanceId))
      .map(({ scope, message, code, hint }) => ({
        at: report.now,
        text: `error in ${scope}: ${message} (${code}). ${hint}`,
      })),
    ...report.alerts
      .filter(({ severity }) => severity !== 'info')
      .map(({ at, severity, summary, action }) => ({ at, text: `ALERT ${severity}: ${summary} ${action}` })),
  ];
  return events.toSorted((a, b) => a.at - b.at).map(({ at, text }) => `${clockText(at)}  ${oneLine(text)}`);
}

function lastNote(attempt: Attempt): string {
  return attempt.updates.at(-1)?.note ?? attempt.state;
}

/** ISO 8601 on the wall of a zone, with its offset: `2026-11-24T01:05:30+08:00`. */
export function clockTextFor(timezone: string): (at: EpochMs) => string {
  const format = new Intl.DateTimeFormat('en', { ...FIELDS, timeZone: timezone });
  return (at) => {
    const { year, month, day, hour, minute, second } = Object.fromEntries(
      format.formatToParts(at).map(({ type, value }) => [type, value]),
    );
    const wall = `${year!.padStart(4, '0')}-${month}-${day}T${hour}:${minute}:${second}`;
    const minutes = Math.round((Date.parse(`${wall}Z`) - at) / MINUTE);
    const digits = (value: number) => String(Math.floor(Math.abs(value))).padStart(2, '0');
    return `${wall}${minutes < 0 ? '-' : '+'}${digits(Math.abs(minutes) / 60)}:${digits(Math.abs(minutes) % 60)}`;
  };
}

/** English, because a Node with a small ICU knows nothing else. */
const FIELDS = {
  calendar: 'gregory',
  numberingSystem: 'latn',
  hourCycle: 'h23',
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
} as const;

import { createHash } from 'node:crypto';
import type { Alert } from './core/alert.ts';
import type { Attempt } from './core/attempt.ts';
import type { Decision } from './core/decision.ts';
import type { Forecast } from './core/forecast.ts';
import type { Hold } from './core/hold.ts';
import type { Preview } from './core/preview.ts';
import type { WaveState } from './core/rollout.ts';
import { type EpochMs, iso } from './core/time.ts';
import type { Opening } from './core/window.ts';
import type { PassReport } from './pass/tally.ts';

/** The JSON forms that the outside sees. Instants become ISO 8601 in UTC; what is for this program alone is left out. */

const at = (instant: EpochMs | null): string | null => (instant === null ? null : iso(instant));

export function openingJson(opening: Opening | null) {
  return opening && { opens: iso(opening.opens), closes: iso(opening.closes), windows: opening.windows };
}

export function decisionJson(decision: Decision) {
  return { ...decision, possibleAt: at(decision.possibleAt) };
}

export function attemptJson(attempt: Attempt) {
  const {
    id,
    instanceId,
    name,
    scope,
    wave,
    state,
    taskId,
    requestedBy,
    reason,
    parts,
    engine,
    proxy,
    error,
    progress,
  } = attempt;
  return {
    id,
    instanceId,
    name,
    scope,
    wave,
    opening: { opens: iso(attempt.opening.opens), closes: iso(attempt.opening.closes) },
    state,
    taskId,
    requestedBy,
    reason,
    claimedAt: iso(attempt.claimedAt),
    calledAt: at(attempt.calledAt),
    finishedAt: at(attempt.finishedAt),
    parts,
    engine,
    proxy,
    error,
    progress: progress && { percent: progress.percent, remainSeconds: progress.remainSeconds, at: iso(progress.at) },
    updates: attempt.updates.map((update) => ({ ...update, at: iso(update.at) })),
  };
}

export function alertJson(alert: Alert) {
  return { ...alert, at: iso(alert.at) };
}

export function holdJson(hold: Hold) {
  return { ...hold, createdAt: iso(hold.createdAt), until: at(hold.until), releasedAt: at(hold.releasedAt) };
}

/** What is known of one instance. */
export function explanationJson(decision: Decision | null, attempts: readonly Attempt[], holds: readonly Hold[]) {
  return {
    decision: decision && decisionJson(decision),
    attempts: attempts.map(attemptJson),
    holds: holds.map(holdJson),
  };
}

/** How far the fleet is. */
export function statusJson(counts: Record<string, number>, waves: readonly WaveState[], outlook: Forecast) {
  return {
    counts,
    waves: waves.map(({ closed, ...wave }) => ({
      ...wave,
      reason: closed?.reason ?? null,
      detail: closed?.detail ?? null,
      opensAt: at(closed?.until ?? null),
    })),
    forecast: { ...outlook, current: at(outlook.current) },
  };
}

/** When upgrades may start. */
export function previewJson({ openings, frozen }: Preview) {
  return {
    openings: openings.map(({ opens, closes, windows }) => ({ opens: iso(opens), closes: iso(closes), windows })),
    frozen: frozen.map(({ from, to, name, reason }) => ({ from: iso(from), to: iso(to), name, reason })),
  };
}

export function planJson(report: PassReport) {
  const { now, opening, decisions, errors } = report;
  return {
    now: iso(now),
    opening: openingJson(opening),
    planHash: planHash(report),
    decisions: decisions.map(decisionJson),
    errors,
  };
}

export function reportJson(report: PassReport) {
  const { started, followed, finished, errors, alerts } = report;
  return {
    now: iso(report.now),
    opening: openingJson(report.opening),
    started: started.map(attemptJson),
    followed: followed.map(attemptJson),
    finished: finished.map(attemptJson),
    decisions: report.decisions.map(decisionJson),
    waves: report.waves.map((wave) => ({
      ...wave,
      closed: wave.closed && { ...wave.closed, until: at(wave.closed.until) },
    })),
    errors,
    alerts: alerts.map(alertJson),
  };
}

/** Names a plan by what it would start and from where to where: the same plan has the same hash, whoever makes it. */
export function planHash({ opening, decisions }: Pick<PassReport, 'opening' | 'decisions'>): string {
  const starts = decisions
    .filter(({ action }) => action === 'start')
    .map(({ instanceId, parts, engine, proxy }) => [instanceId, parts, engine.from, engine.to, proxy.from, proxy.to])
    .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
  return createHash('sha256')
    .update(JSON.stringify([opening?.id ?? null, starts]))
    .digest('hex')
    .slice(0, 16);
}

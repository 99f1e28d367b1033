import type { Alert } from './core/alert.ts';
import type { Approval } from './core/approval.ts';
import type { Attempt } from './core/attempt.ts';
import type { Decision } from './core/decision.ts';
import { coversWave, type Hold } from './core/hold.ts';
import type { Preview } from './core/preview.ts';
import { type EpochMs, iso } from './core/time.ts';
import type { Opening } from './core/window.ts';
import { type FleetStatus, planHash } from './operations.ts';
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

export function holdJson({ asOf: _, ...hold }: Hold) {
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
export function statusJson({
  report,
  counts,
  holds,
  outlook,
}: Omit<FleetStatus, 'report'> & { report: Pick<PassReport, 'waves'> }) {
  const { waves: currents, ...whole } = outlook;
  return {
    counts,
    waves: report.waves.map(({ closed, ...wave }) => ({
      ...wave,
      reason: closed?.reason ?? null,
      detail: closed?.detail ?? null,
      opensAt: at(closed?.until ?? null),
      holds: holds.filter((hold) => coversWave(hold, wave.wave)).map(({ id, by, reason }) => ({ id, by, reason })),
      current: at(currents.find((one) => one.wave === wave.wave)?.current ?? null),
    })),
    forecast: { ...whole, current: at(outlook.current) },
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
    planHash: planHash(report.plan),
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

export function approvalJson({ hash, by, at: given, opening, items }: Approval) {
  const { opens, closes } = opening;
  return { hash, by, at: iso(given), opening: { opens: iso(opens), closes: iso(closes) }, upgrades: items.length };
}

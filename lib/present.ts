import type { Alert } from './core/alert.ts';
import type { Approval } from './core/approval.ts';
import type { Attempt } from './core/attempt.ts';
import type { Decision } from './core/decision.ts';
import type { Forecast } from './core/forecast.ts';
import type { Hold } from './core/hold.ts';
import type { Preview } from './core/preview.ts';
import type { WaveState } from './core/rollout.ts';
import { type EpochMs, iso, SECOND } from './core/time.ts';
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
export function statusJson({ report, counts, outlook }: FleetStatus) {
  return { counts, ...progressJson(report.waves, outlook) };
}

/** How far each wave is, what keeps it, and when it will be current. `outlook`: null where that was not asked. */
function progressJson(waves: readonly WaveState[], outlook: Forecast | null) {
  return {
    waves: waves.map(({ closed, holds, ...wave }) => ({
      ...wave,
      reason: closed?.reason ?? null,
      detail: closed?.detail ?? null,
      opensAt: at(closed?.until ?? null),
      holds: holds.map((hold) => ({ ...hold, until: at(hold.until) })),
      current: at(outlook?.waves.find((one) => one.wave === wave.wave)?.current ?? null),
    })),
    forecast: outlook && { current: at(outlook.current), left: outlook.left, detail: outlook.detail },
  };
}

/** What keeps a wave, as one sentence. */
export function waveText({ closed, holds, members }: WaveState): string {
  const held = holds.map(({ by, reason, until, instances }) => {
    const what = instances === members ? 'held' : `${instances} held`;
    return `${what} by ${by}${until === null ? '' : ` until ${iso(until)}`}: ${reason}`;
  });
  const isHeld = holds.some(({ instances }) => instances === members);
  return [...(closed ? [closed.detail] : isHeld ? [] : ['open']), ...held].join('; ');
}

export function currentBy({ waves }: Forecast, wave: string): string {
  const current = waves.find((one) => one.wave === wave)?.current ?? null;
  return current === null ? 'nobody can tell' : iso(Math.floor(current / SECOND) * SECOND);
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

/** `outlook`: null where there is no valid policy. */
export function reportJson(report: PassReport, outlook: Forecast | null) {
  const { started, followed, finished, errors, alerts } = report;
  return {
    now: iso(report.now),
    opening: openingJson(report.opening),
    started: started.map(attemptJson),
    followed: followed.map(attemptJson),
    finished: finished.map(attemptJson),
    decisions: report.decisions.map(decisionJson),
    ...progressJson(report.waves, outlook),
    errors,
    alerts: alerts.map(alertJson),
  };
}

export function approvalJson({ hash, by, at: given, opening, items }: Approval) {
  const { opens, closes } = opening;
  return { hash, by, at: iso(given), opening: { opens: iso(opens), closes: iso(closes) }, upgrades: items.length };
}

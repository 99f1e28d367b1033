import type { Attempt } from '../core/attempt.ts';
import type { Decision } from '../core/decision.ts';
import type { Forecast } from '../core/forecast.ts';
import { PARTS } from '../core/instance.ts';
import type { WaveState } from '../core/rollout.ts';
import { type EpochMs, iso, SECOND } from '../core/time.ts';
import { currentBy, waveText } from '../present.ts';
import type { PassReport } from '../reconcile.ts';
import { duration, table } from './terminal.ts';

const ORDER: Record<Decision['action'], number> = { start: 0, follow: 1, wait: 2, none: 3 };

export function decisionTable(decisions: readonly Decision[], columns: number): string {
  const rows = decisions
    .toSorted((a, b) => ORDER[a.action] - ORDER[b.action] || (a.reason < b.reason ? -1 : a.reason > b.reason ? 1 : 0))
    .map((decision) => [
      decision.name,
      decision.wave ?? '–',
      decision.action,
      decision.reason,
      decision.possibleAt === null || decision.action === 'start' ? '' : iso(wholeSecond(decision.possibleAt)),
      decision.detail,
    ]);
  return table(['INSTANCE', 'WAVE', 'ACTION', 'REASON', 'POSSIBLE AT', 'DETAIL'], rows, columns);
}

export function attemptTable(attempts: readonly Attempt[], columns: number): string {
  const rows = attempts.map((attempt) => [
    attempt.name,
    attempt.wave,
    attempt.state,
    iso(wholeSecond(attempt.claimedAt)),
    attempt.finishedAt === null ? '–' : duration(attempt.finishedAt - attempt.claimedAt),
    PARTS.filter((part) => attempt.parts.includes(part)).map((part) => `${part} ${attempt[part].from} → ${attempt[part].to}`).join(', '),
    noteOn(attempt),
  ]); // biome-ignore format: a column a line
  return table(['INSTANCE', 'WAVE', 'STATE', 'CLAIMED', 'TOOK', 'FROM → TO', 'NOTE'], rows, columns);
}

/** What a verified success has to say stands in the other columns. */
function noteOn({ state, error, updates }: Attempt): string {
  if (error) return `${error.code}: ${error.message}`;
  return state === 'succeeded' ? '' : (updates.at(-1)?.note ?? '');
}

/** Tables are for people. */
function wholeSecond(at: EpochMs): EpochMs {
  return Math.floor(at / SECOND) * SECOND;
}

/** How far each wave is, what keeps it, and when it will be current. */
export function waveTable(waves: readonly WaveState[], outlook: Forecast, columns: number): string {
  const rows = waves.map((state) => [
    state.wave,
    `${state.done} of ${state.members}`,
    currentBy(outlook, state.wave),
    waveText(state),
  ]);
  return table(['WAVE', 'DONE', 'CURRENT BY', 'STATE'], rows, columns);
}

export function summaryLine({ started, followed, finished, decisions, opening }: PassReport): string {
  const window = opening
    ? `window ${opening.windows.join('+')} open until ${iso(opening.closes)}`
    : 'no window is open';
  return `${window}: ${started.length} started, ${followed.length} followed, ${finished.length} finished, ${decisions.length} instances looked at`;
}

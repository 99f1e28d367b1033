import { isFailure } from '../core/attempt.ts';
import type { PassReport, PolicyState } from '../reconcile.ts';
import type { ExitCode } from './verb.ts';

/** What one pass means for a script: see {@link ExitCode}. */
export function exitCodeOf(report: PassReport, state: PolicyState): ExitCode {
  if (state.problem !== null) return 2;
  const dead = new Set(report.errors.filter(({ stopsScope }) => stopsScope).map(({ scope }) => scope));
  if (dead.size > 0 && state.policy.scopes.every(({ id }) => dead.has(id))) return 3;
  return report.finished.some(isFailure) ? 1 : 0;
}

export function worst(a: ExitCode, b: ExitCode): ExitCode {
  return a > b ? a : b;
}

import type { FromTo } from './attempt.ts';
import type { Part } from './instance.ts';
import type { EpochMs } from './time.ts';

/** Why an instance is, or is not, upgraded now. A closed list: dashboards and scripts may rely on it. */
export const REASONS = [
  'due', 'in_progress', 'outcome_unknown',
  'already_latest', 'not_offered', 'not_selected', 'excluded', 'opted_out', 'unsupported',
  'scope_stopped', 'version_unknown', 'held', 'wave_waiting', 'wave_soaking', 'wave_failed', 'wave_stuck', 'not_approved',
  'outside_window', 'frozen', 'failed_this_opening', 'done_this_opening', 'tries_spent', 'retry_later',
  'instance_busy', 'instance_not_running', 'does_not_fit', 'gate_failed', 'gate_unknown', 'backing_up',
  'limit_parallel', 'limit_wave', 'limit_scope', 'limit_window', 'one_at_a_time',
  'another_run', 'not_startable', 'no_time_left',
] as const; // biome-ignore format: one line a theme
export type Reason = (typeof REASONS)[number];

/** Of these the sentence counts what goes on around an instance, or the time that is left, and it may be any moment. */
const PASSING: readonly Reason[] = [
  'wave_waiting', 'does_not_fit', 'instance_busy', 'limit_parallel', 'limit_wave', 'limit_scope', 'limit_window', 'one_at_a_time',
]; // biome-ignore format: one list

/** What of a decision stays as it is from tick to tick until something happens to the instance: without counts and minutes. */
export function lasting(decision: Decision): Decision {
  if (!PASSING.includes(decision.reason)) return decision;
  return { ...decision, detail: decision.detail.replace(/\d+/g, '#'), possibleAt: null };
}

/** Whether two say the same, but for what passes. */
export function isSameDecision(a: Decision, b: Decision): boolean {
  return JSON.stringify(lasting(a)) === JSON.stringify(lasting(b));
}

/** `start`: now. `follow`: an upgrade is under way. `wait`: later, see `possibleAt`. `none`: there is nothing to do. */
export type Action = 'start' | 'follow' | 'wait' | 'none';

/** What is to happen to an instance now, and why. Every instance gets one, every tick. */
export interface Decision {
  instanceId: string;
  name: string;
  /** Scope id. */
  scope: string;
  wave: string | null;
  action: Action;
  reason: Reason;
  /** One sentence for a person. */
  detail: string;
  /** The parts to ask for; empty unless the action is `start`. */
  parts: Part[];
  engine: FromTo;
  proxy: FromTo;
  /** The next instant at which it could start; null when nobody can tell, or nothing is to be done. */
  possibleAt: EpochMs | null;
}

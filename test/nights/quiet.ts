import { MINUTE, SECOND } from '../../lib/core/time.ts';
import type { PassReport } from '../../lib/reconcile.ts';
import type { Fault as DcsFault } from '../../lib/simulator/faults.ts';
import type { Night } from './night.ts';
import type { Plan } from './plan.ts';
import { QUEUE } from './queue.ts';
import { ALERTS_LAST } from './rules.ts';

/** Decisions that time alone will change. */
const PASSING = ['due', 'in_progress', 'outcome_unknown', 'version_unknown', 'backing_up', 'wave_soaking', 'retry_later', 'limit_parallel', 'limit_wave', 'limit_scope', 'one_at_a_time', 'another_run', 'not_startable', 'no_time_left']; // biome-ignore format: a list

/** When the last of what people do has been done, as an offset. */
function lastChange({ faults, rules, events }: Plan): number {
  const freezes = [
    ...rules.freezes,
    ...events,
    ...faults.flatMap((fault) => (fault.kind === 'rules' ? (fault.change.freezes ?? []) : [])),
  ];
  const ends = faults.flatMap((fault) => {
    if (fault.kind === 'hold') return [fault.at, fault.releasedAt ?? 0];
    if (fault.kind === 'dcs') return [metricsEnd(fault.fault)];
    if (fault.kind === 'alert') return [fault.at, fault.at + ALERTS_LAST, fault.endsAt ?? 0, fault.beside ?? 0];
    if (fault.kind === 'approval') return [fault.at + fault.after];
    if (fault.kind === 'stray') return [fault.at + QUEUE.receives * QUEUE.visibility + 12 * MINUTE];
    if (!('at' in fault)) return [];
    return [fault.at + ('lasts' in fault ? (fault.lasts ?? 0) : 0)];
  });
  return Math.max(0, ...ends, ...freezes.map(({ to }) => to));
}

/** When Cloud Eye says of it again what is so. */
function metricsEnd(fault: DcsFault): number {
  if (fault.fault === 'no_metrics') return (fault.seconds ?? 0) * SECOND + 5 * MINUTE;
  return fault.fault === 'high_load' ? (fault.after + (fault.seconds ?? 0)) * SECOND + 20 * MINUTE : 0;
}

/** Knows when a night has nothing more to tell: nothing is going on, and no pass has anything to do any more. */
export class Quiet {
  readonly #night: Night;
  /** Of the plan, which does not change. */
  readonly #lastChange: number;
  #passes = 0;

  constructor(night: Night) {
    this.#night = night;
    this.#lastChange = lastChange(night.plan);
  }

  get isReached(): boolean {
    return this.#passes >= 2;
  }

  /** What another pass came to. */
  reported({ decisions, followed, started, finished, alerts, opening }: PassReport): void {
    const night = this.#night;
    const isIdle = [followed, started, finished, alerts].every(({ length }) => length === 0);
    const isSettled =
      opening !== null &&
      decisions.every(({ reason, detail }) => !PASSING.includes(reason) && !detail.includes('soaking'));
    const isOver = night.time > Math.max(night.plan.calmAt + 5 * MINUTE, this.#lastChange);
    const isTold = night.judge.heard.owed().length === 0;
    this.#passes = isOver && isIdle && isSettled && isTold ? this.#passes + 1 : 0;
  }
}

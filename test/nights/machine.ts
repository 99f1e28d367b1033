import { AsyncLocalStorage } from 'node:async_hooks';
import type { Policy } from '../../lib/core/policy.ts';
import type { EpochMs } from '../../lib/core/time.ts';
import type { Clock, Dcs, Log, Metrics } from '../../lib/deps.ts';
import type { Rules } from './plan.ts';
import type { Timeline } from './timeline.ts';

/** What runs programs one after the other, as a warm function does: it keeps its client, and its clock may be wrong. */
export interface Machine {
  index: number;
  skew: number;
  clock: Clock;
  log: Log;
  dcs: Dcs;
  metrics: Metrics;
  /** Whether a program runs on it now. */
  isTaken: boolean;
}

/** One run of the program. Once it is dead nothing that it does has an effect, and nothing that it waits for comes. */
export interface Life {
  name: string;
  machine: Machine;
  /** When it began, and by which rules: of a request, when it last looked at the policy. */
  startedAt: EpochMs;
  begunAt: EpochMs;
  /** The rules as they stood when it began. */
  rules: Rules;
  policy: Policy;
  /** Whether the policy was valid then. */
  hasPolicy: boolean;
  kind: 'pass' | 'work' | 'http';
  /** Whoever asked for it only wants to see something. */
  isLook: boolean;
  /** Told of what gets an id. */
  onId: (id: string) => void;
  /** All that it waits for takes this many times as long. */
  slowness: number;
  effects: number;
  /** How long it was suspended in all, in milliseconds. */
  stalledFor: number;
  isDead: boolean;
  isOver: boolean;
  /** How many of its messages failed with an error. */
  failures: number;
  /** No other program ran while it did, so that what it knew at its end is what is stored. */
  isAlone: boolean;
  /** Upgrades whose bad end an undisturbed answer told it. */
  sawFailed: Set<string>;
  /** When it last asked about an instance, by its id; about metrics under none. */
  readAt: Map<string, EpochMs>;
  /** Upgrades that an undisturbed answer showed it. */
  sawTasks: Set<string>;
}

/** Whose code is running. Known without handing it through a client that does not know of it. */
export const living = new AsyncLocalStorage<Life>();

export function clockOf(timeline: Timeline, skew: number): Clock {
  return {
    now: () => timeline.now + skew,
    sleep(ms, signal) {
      return new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const life = living.getStore();
        const abort = () => life?.isDead || reject(signal!.reason);
        signal?.addEventListener('abort', abort, { once: true });
        timeline.after(Math.max(0, ms), () => {
          signal?.removeEventListener('abort', abort);
          if (!life?.isDead) resolve();
        });
      });
    },
  };
}

/** What a dead process waits for. */
export function never(): Promise<never> {
  return new Promise(() => {});
}

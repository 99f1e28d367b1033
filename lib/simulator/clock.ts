import { setImmediate as breathe } from 'node:timers/promises';
import type { EpochMs } from '../core/time.ts';
import type { Clock } from '../deps.ts';

/** The longest delay that a timer takes, in milliseconds; a longer one would fire at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** A clock that begins at `start` and on which `speed` seconds pass in each real one. */
export function createFastClock({ start, speed }: { start: EpochMs; speed: number }): Clock {
  if (!(speed > 0)) throw new RangeError(`speed must be above 0, not ${speed}`);
  const begun = performance.now();
  const now = () => Math.floor(start + (performance.now() - begun) * speed);
  return {
    now,
    async sleep(ms, signal) {
      const until = now() + ms;
      // A timer may fire a little early, and at a high speed a little is a lot.
      do await wait((until - now()) / speed, signal);
      while (now() < until);
    },
  };
}

function wait(realMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const wake = () => {
      signal?.removeEventListener('abort', abort);
      resolve();
    };
    const timer = setTimeout(wake, Math.min(Math.max(realMs, 0), LONGEST_TIMER));
    signal?.addEventListener('abort', abort, { once: true });
  });
}

/** A clock that stands still until a test moves it. */
export interface ManualClock extends Clock {
  /** Moves on by `ms`. Each sleeper wakes at its own time, in order, and may go to sleep again before the next one does. */
  advance(ms: number): Promise<void>;
  /** How many sleep now. */
  sleepers(): number;
}

interface Sleeper {
  until: EpochMs;
  wake(): void;
}

export function createManualClock(start: EpochMs): ManualClock {
  let at = start;
  const sleeping = new Set<Sleeper>();

  function nextDue(end: EpochMs): Sleeper | undefined {
    const due = [...sleeping].filter(({ until }) => until <= end);
    return due.sort((a, b) => a.until - b.until)[0];
  }

  function sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const sleeper: Sleeper = { until: at + ms, wake };
      sleeping.add(sleeper);
      signal?.addEventListener('abort', abort, { once: true });
      function abort() {
        sleeping.delete(sleeper);
        reject(signal?.reason);
      }
      function wake() {
        sleeping.delete(sleeper);
        signal?.removeEventListener('abort', abort);
        resolve();
      }
    });
  }

  async function advance(ms: number): Promise<void> {
    const end = at + ms;
    await breathe();
    for (let sleeper = nextDue(end); sleeper; sleeper = nextDue(end)) {
      at = Math.max(at, sleeper.until);
      sleeper.wake();
      await breathe();
    }
    at = end;
  }

  return { now: () => at, sleep, advance, sleepers: () => sleeping.size };
}

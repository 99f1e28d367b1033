import { type EpochMs, iso, MINUTE } from '../../core/time.ts';
import type { Clock } from '../../deps.ts';
import { Pace } from './pace.ts';

const MOST_AT_ONCE = 32;

/** What the server asks for is obeyed up to here; the run's own time is up long before. */
const LONGEST_PAUSE = 5 * MINUTE;

/** Of the last requests the times are kept, to tell when a full window has room again. */
const KEPT = 1_000;

/** The right to send one request now. */
export interface Turn {
  readonly at: EpochMs;
  /** To be called when the answer is there or will not come. */
  end(): void;
}

export interface TurnOptions {
  signal?: AbortSignal | undefined;
  /** Whoever cannot have a turn until then is told at once. */
  until: EpochMs;
  /** Goes before all that wait already. */
  first?: boolean;
}

interface Waiter {
  until: EpochMs;
  give(turn: Turn): void;
  refuse(reason: unknown): void;
}

/** There is no turn in time: a pause that the server asked for is longer, or too many wait. */
export class NoTurnError extends Error {
  constructor(freeAt: EpochMs) {
    super(`the request limit leaves no room before ${iso(Math.ceil(freeAt))}`);
    this.name = 'NoTurnError';
  }
}

/** Paces the requests of one scope: they leave evenly, never in bursts, and a 429 to one slows all. */
export class Limiter {
  readonly #clock: Clock;
  readonly #pace = new Pace();
  readonly #queue: Waiter[] = [];
  #nextAt: EpochMs = 0;
  #pausedUntil: EpochMs = 0;
  #sent: EpochMs[] = [];
  #underWay = 0;
  #isPumping = false;
  #resting: AbortController | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @throws NoTurnError, or the signal's reason */
  async turn({ signal, until, first = false }: TurnOptions): Promise<Turn> {
    signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<Turn>();
    const waiter: Waiter = { until, give: resolve, refuse: reject };
    const leave = () => {
      this.#remove(waiter);
      reject(signal?.reason);
    };
    signal?.addEventListener('abort', leave, { once: true });
    if (first) this.#queue.unshift(waiter);
    else this.#queue.push(waiter);
    this.#refuseHopeless();
    void this.#pump();
    try {
      return await promise;
    } finally {
      signal?.removeEventListener('abort', leave);
    }
  }

  /** An answer other than 429. */
  passed(): void {
    this.#pace.passed(this.#clock.now());
  }

  /** A 429: everybody waits as long as it asks, and goes on at the rate that it names. */
  throttled(turn: Turn, retryAfter: string | null, message: string): void {
    const now = this.#clock.now();
    const pause = this.#pace.throttled(turn.at, now, retryAfter, message, this.#sent);
    this.#pausedUntil = Math.max(this.#pausedUntil, now + Math.min(pause, LONGEST_PAUSE));
    this.#refuseHopeless();
  }

  /** Gives turns one after the other as long as somebody waits. Runs once at a time. */
  async #pump(): Promise<void> {
    if (this.#isPumping) return;
    this.#isPumping = true;
    while (this.#queue.length > 0 && this.#underWay < MOST_AT_ONCE) {
      const now = this.#clock.now();
      // A clock that was put back must not stop everything.
      this.#nextAt = Math.min(this.#nextAt, now + this.#pace.interval);
      this.#pausedUntil = Math.min(this.#pausedUntil, now + LONGEST_PAUSE);
      const wait = this.#freeAt() - now;
      if (wait <= 0) this.#give(now);
      else await this.#rest(Math.ceil(wait));
    }
    this.#isPumping = false;
  }

  /** Ends early when nobody waits any more, so that a long pause does not keep the process alive. */
  async #rest(ms: number): Promise<void> {
    this.#resting = new AbortController();
    await this.#clock.sleep(ms, this.#resting.signal).catch(() => undefined);
    this.#resting = null;
  }

  #give(now: EpochMs): void {
    // A timer that fires late is made up for by half an interval at most, so that no burst follows.
    this.#nextAt = Math.max(this.#nextAt, now - this.#pace.interval / 2) + this.#pace.interval;
    this.#sent.push(now);
    if (this.#sent.length > 2 * KEPT) this.#sent = this.#sent.slice(-KEPT);
    this.#underWay += 1;
    let isOver = false;
    const end = () => {
      if (isOver) return;
      isOver = true;
      this.#underWay -= 1;
      void this.#pump();
    };
    this.#queue.shift()?.give({ at: now, end });
  }

  #freeAt(): EpochMs {
    return Math.max(this.#nextAt, this.#pausedUntil);
  }

  #refuseHopeless(): void {
    const freeAt = Math.max(this.#freeAt(), this.#clock.now());
    const hopeless = this.#queue.filter(({ until }, place) => until < freeAt + place * this.#pace.interval);
    for (const waiter of hopeless) {
      this.#remove(waiter);
      waiter.refuse(new NoTurnError(freeAt));
    }
  }

  #remove(waiter: Waiter): void {
    const index = this.#queue.indexOf(waiter);
    if (index >= 0) this.#queue.splice(index, 1);
    if (this.#queue.length === 0) this.#resting?.abort();
  }
}

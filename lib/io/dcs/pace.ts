import { type EpochMs, MINUTE, SECOND } from '../../core/time.ts';

/** Requests a second before anything is known; half of what the API gateway allows by default. */
const FIRST_RATE = 100;
/** The gateway's default limit for one API. Nothing is gained by trying more. */
const TOP_RATE = 200;
const LEAST_RATE = 0.1;

/**
 * Of a limit that is known this much is used: with an even pace, a request may then come three quarters of an interval
 * early or late without one more standing in any window than is allowed.
 */
const MARGIN = 0.985;

/** First pause after a 429 that says nothing; doubled each time without a success in between. */
const FIRST_PAUSE = SECOND;

/** A limit that was read may have been raised since: without a 429 for this long, more is tried again. */
const FORGET_AFTER = 10 * MINUTE;

/** So many requests in so many milliseconds. */
export interface RequestLimit {
  count: number;
  windowMs: number;
}

/**
 * How fast one scope may be asked. It is the limit that a 429 names, where one does; else it falls by a third with each
 * 429 and grows by one a second without.
 */
export class Pace {
  #rate = FIRST_RATE;
  #ceiling = TOP_RATE;
  #limit: RequestLimit | null = null;
  #throttledAt: EpochMs = 0;
  /** 429s since the last success; several to the same burst count once. */
  #streak = 0;

  /** Milliseconds from one request to the next. */
  get interval(): number {
    return SECOND / this.#rate;
  }

  /** An answer other than 429. */
  passed(now: EpochMs): void {
    this.#streak = 0;
    if (this.#limit && now - this.#throttledAt > FORGET_AFTER) {
      this.#limit = null;
      this.#ceiling = TOP_RATE;
    }
    // One success is one part of a second: together they add `step` to the rate each second.
    const step = this.#limit ? this.#ceiling * 0.02 : 1;
    this.#rate = Math.min(this.#ceiling, this.#rate + step / this.#rate);
  }

  /** A 429 to a request of `sentAt`. Returns for how many milliseconds nothing may be sent; `sent`: when the last ones were. */
  throttled(
    sentAt: EpochMs,
    now: EpochMs,
    retryAfter: string | null,
    message: string,
    sent: readonly EpochMs[],
  ): number {
    const isNewBurst = sentAt > this.#throttledAt;
    const isNewLimit = this.#learn(requestLimit(message));
    if (isNewBurst) {
      this.#streak += 1;
      this.#throttledAt = now;
      if (!isNewLimit) this.#rate = Math.max(LEAST_RATE, this.#rate * (this.#limit ? 0.9 : 0.7));
    }
    return retryAfterMs(retryAfter, now) ?? this.#pause(now, sent);
  }

  #learn(limit: RequestLimit | null): boolean {
    if (!limit) return false;
    const ceiling = Math.max(LEAST_RATE, (limit.count / limit.windowMs) * SECOND * MARGIN);
    if (this.#limit && this.#ceiling === ceiling) return false;
    this.#limit = limit;
    this.#ceiling = ceiling;
    this.#rate = ceiling;
    return true;
  }

  #pause(now: EpochMs, sent: readonly EpochMs[]): number {
    if (!this.#limit) return FIRST_PAUSE * 2 ** (this.#streak - 1);
    // The window that is full has room when the first of the requests in it has left it.
    const oldest = sent.at(-this.#limit.count);
    const untilRoom = oldest === undefined ? 0 : oldest + this.#limit.windowMs - now;
    return Math.max(untilRoom, this.interval * 2 ** this.#streak);
  }
}

/** `limit:10,time:1 minute` (API gateway) or `Threshold: 10 times per 60 seconds` (IAM), out of the message of a 429. */
export function requestLimit(message: string): RequestLimit | null {
  const gateway = /limit:\s*(\d+),\s*time:\s*(\d+)\s*(second|minute)/i.exec(message);
  const [, count, time, unit] = gateway ?? /Threshold:\s*(\d+) times per (\d+) (second)/i.exec(message) ?? [];
  const limit = { count: Number(count), windowMs: Number(time) * (unit?.toLowerCase() === 'minute' ? MINUTE : SECOND) };
  return limit.count > 0 && limit.windowMs > 0 ? limit : null;
}

/** Seconds or an HTTP date; null for anything else. A date that is past asks for no pause. */
export function retryAfterMs(value: string | null, now: EpochMs): number | null {
  const text = value?.trim() ?? '';
  if (/^\d+$/.test(text)) return Number(text) * SECOND;
  if (!/^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(text)) return null;
  const date = Date.parse(text);
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}

import type { Alert } from '../../core/alert.ts';
import type { NotifyTarget } from '../../core/policy.ts';
import { type EpochMs, HOUR, SECOND } from '../../core/time.ts';
import type { Clock } from '../../deps.ts';
import { type Answer, type Outgoing, type Post, post as postOnce, type Resolve, UnsentError } from './post.ts';

/** How one kind of receiver wants to be told. Pure: the request is made from the alert and the instant of sending alone. */
export interface Form {
  request(target: NotifyTarget, alert: Alert, at: EpochMs): Outgoing;
  /** What a body says is wrong, also under a good status; null: nothing. Absent: the status says it all. */
  refusal?(text: string): Refusal | null;
}

export interface Refusal {
  /** The receiver's own code, and what it means. Never a text that came from there as it is. */
  reason: string;
  /** It takes nothing more for so long, in milliseconds: it was asked too often. */
  rest?: number;
  /** It is about this message, and another one may well be taken. */
  own?: boolean;
}

export interface SendOptions {
  clock: Clock;
  /** For one request, in milliseconds. */
  timeout?: number | undefined;
  resolve?: Resolve | undefined;
  /** What makes the requests. Absent: the network. */
  post?: Post | undefined;
}

/** One receiver's silence costs no more than this. */
const TIMEOUT = 5 * SECOND;

/** Pauses before the second and the third try, in milliseconds. Later ones are the next pass's. */
const PAUSES = [500, 2_000];

/** A receiver that asks for more than this is left for later: the run does not wait for it. */
const LONGEST_PAUSE = 5 * SECOND;
const LONGEST_REST = HOUR;

/** A delivery that failed. The message holds no URL and no secret. */
export class DeliveryError extends Error {
  /** The same request may well succeed in a moment. */
  readonly again: boolean;
  /** The receiver asked to be left alone for so long, in milliseconds; 0: it did not. */
  readonly rest: number;
  /** It is about this message: another one may well be taken. */
  readonly own: boolean;
  constructor(message: string, again: boolean, rest = 0, own = false) {
    super(message);
    this.name = 'DeliveryError';
    this.again = again;
    this.rest = rest;
    this.own = own;
  }
}

/**
 * Delivers an alert: tries again, newly signed, after a dropped connection, a server's fault or a request to slow down; not
 * after silence, a refusal or a redirect, which would only cost time or send it elsewhere. @throws DeliveryError
 */
export async function sendAlert(form: Form, target: NotifyTarget, alert: Alert, options: SendOptions): Promise<void> {
  const { clock } = options;
  for (const pause of [...PAUSES, null]) {
    try {
      return await sendOnce(form, target, alert, options);
    } catch (error) {
      if (!(error instanceof DeliveryError) || !error.again || pause === null || error.rest > LONGEST_PAUSE)
        throw error;
      await clock.sleep(Math.max(pause, error.rest));
    }
  }
}

async function sendOnce(form: Form, target: NotifyTarget, alert: Alert, options: SendOptions): Promise<void> {
  const { clock, timeout = TIMEOUT, resolve, post = postOnce } = options;
  const outgoing = form.request(target, alert, clock.now());
  const reads = form.refusal !== undefined;
  const answer = await post(outgoing, { timeout, reads, resolve }).catch((error: unknown) => {
    throw error instanceof UnsentError ? new DeliveryError(error.message, error.again) : error;
  });
  judge(answer, form, clock.now());
}

/** Statuses that say that the request itself is not as it should be. */
const ABOUT_THE_MESSAGE = [400, 413, 415, 422];

function judge({ status, retryAfter, text }: Answer, form: Form, now: EpochMs): void {
  if (status >= 300 && status < 400) throw new DeliveryError(`answered ${status}; a redirect is not followed`, false);
  const refusal = form.refusal?.(text) ?? null;
  const isGood = status >= 200 && status < 300;
  if (isGood && !refusal) return;
  const isBusy = status === 429 || status === 503;
  const rest = (isBusy ? restOf(retryAfter, now) : null) ?? refusal?.rest ?? 0;
  const again = status === 429 || status >= 500 || rest > 0;
  const own = ABOUT_THE_MESSAGE.includes(status) || refusal?.own === true;
  throw new DeliveryError(`answered ${status}${refusal ? `, ${refusal.reason}` : ''}`, again, rest, own);
}

/** `Retry-After` is a number of seconds or a date (RFC 9110, 10.2.3). Null: there is none that is understood. */
function restOf(retryAfter: string | null, now: EpochMs): number | null {
  if (retryAfter === null) return null;
  const ms = /^\d+$/.test(retryAfter) ? Number(retryAfter) * SECOND : Date.parse(retryAfter) - now;
  return Number.isNaN(ms) ? null : Math.min(Math.max(ms, 0), LONGEST_REST);
}

/** What a JSON object says under `names`, the first that is there; undefined where it is none. */
export function field(text: string, ...names: string[]): unknown {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return undefined;
    const name = names.find((one) => Object.hasOwn(value, one));
    return name === undefined ? undefined : (value as Record<string, unknown>)[name];
  } catch {
    return undefined;
  }
}

/** Code → what it means, whether it says that messages come too fast, and whether it is about the message. */
export type Codes = Readonly<Record<string, { means: string } & Omit<Refusal, 'reason'>>>;

/** Of receivers that answer with a code under a status of 200, where 0 is success. */
export function codeRefusal(name: string, code: unknown, codes: Codes): Refusal | null {
  if (code === 0) return null;
  if (typeof code !== 'number' && typeof code !== 'string') return { reason: `but not with ${name}: 0` };
  const known = codes[String(code)];
  const shown = /^\w{1,20}$/.test(String(code)) ? String(code) : 'something';
  const { means, ...more } = known ?? { means: null };
  return { reason: `${name} ${shown}${means ? `: ${means}` : ''}`, ...more };
}

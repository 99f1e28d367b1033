import { createHash, createHmac } from 'node:crypto';
import type { Alert } from '../../core/alert.ts';
import { type EpochMs, iso } from '../../core/time.ts';
import type { Clock } from '../../deps.ts';
import { VERSION } from '../version.ts';
import { keyOf, type Receiver } from './receiver.ts';

/** One receiver's silence costs no more than this, in milliseconds. */
const TIMEOUT = 5_000;

/** Pauses before the second and the third try, in milliseconds. Later ones are the next pass's. */
const PAUSES = [500, 2_000];

/** A delivery that failed. `again`: the same request may well succeed in a moment. The message holds no URL and no secret. */
export class DeliveryError extends Error {
  readonly again: boolean;
  constructor(message: string, again: boolean) {
    super(message);
    this.name = 'DeliveryError';
    this.again = again;
  }
}

/** The three headers of Standard Webhooks. `at` is the instant of sending, and has whole seconds on the wire. */
export function signedHeaders(secret: string, id: string, at: EpochMs, body: string): Record<string, string> {
  const timestamp = String(Math.floor(at / 1_000));
  const signature = createHmac('sha256', keyOf(secret)).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
}

/** The same fact has the same id, in every try and every pass, so that a receiver can drop repeats; when it comes back later, another. */
export function messageId(alert: Alert): string {
  return `msg_${createHash('sha256').update(`${alert.key}@${alert.at}`).digest('base64url').slice(0, 32)}`;
}

/**
 * Delivers an alert: tries again, newly signed, after a dropped connection or a server's fault; not after silence, a
 * refusal or a redirect, which would only cost time or send it elsewhere. @throws DeliveryError
 */
export async function sendWebhook(receiver: Receiver, alert: Alert, clock: Clock, timeout = TIMEOUT): Promise<void> {
  const id = messageId(alert);
  const at = iso(alert.at);
  const body = JSON.stringify({ type: `dcs-upgrader.${alert.event}`, timestamp: at, data: { ...alert, at } });
  for (const pause of [...PAUSES, null]) {
    try {
      return await post(receiver.url, body, signedHeaders(receiver.secret ?? '', id, clock.now(), body), timeout);
    } catch (error) {
      if (pause === null || !(error instanceof DeliveryError) || !error.again) throw error;
      await clock.sleep(pause);
    }
  }
}

async function post(url: string, body: string, signature: Record<string, string>, timeout: number): Promise<void> {
  const headers = { 'content-type': 'application/json', 'user-agent': `dcs-upgrader/${VERSION}`, ...signature };
  const signal = AbortSignal.timeout(timeout);
  const answer = await fetch(url, { method: 'POST', body, headers, redirect: 'manual', signal }).catch((error) => {
    throw signal.aborted
      ? new DeliveryError(`no answer within ${timeout} ms`, false)
      : new DeliveryError(unsent(error), true);
  });
  // The answer's text is of no use, and an endless one must not keep the connection.
  await answer.body?.cancel().catch(() => {});
  const { status } = answer;
  if (status >= 300 && status < 400) throw new DeliveryError(`answered ${status}; a redirect is not followed`, false);
  if (!answer.ok) throw new DeliveryError(`answered ${status}`, status >= 500);
}

/** The code alone: the messages of fetch may hold the URL, and with it a token. */
function unsent(error: unknown): string {
  const { code } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException;
  return `could not be reached${code ? ` (${code})` : ''}`;
}

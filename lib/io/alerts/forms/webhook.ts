import { createHash, createHmac, createSecretKey } from 'node:crypto';
import type { Alert } from '../../../core/alert.ts';
import { type EpochMs, iso } from '../../../core/time.ts';
import { withEscapes } from '../../plain.ts';
import { keyOf } from '../receiver.ts';
import type { Form } from '../send.ts';

/** The three headers of Standard Webhooks. `at` is the instant of sending, and has whole seconds on the wire. */
export function signedHeaders(secret: string, id: string, at: EpochMs, body: string): Record<string, string> {
  const timestamp = String(Math.floor(at / 1_000));
  // As bytes, a key takes Node several times as long.
  const key = createSecretKey(keyOf(secret));
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
}

/** The same fact has the same id, in every try and every pass, so that a receiver can drop repeats; when it comes back later, another. */
export function messageId(alert: Alert): string {
  return `msg_${createHash('sha256')
    .update(`${alert.key}@${alert.at}${alert.resolved ? '!' : ''}`)
    .digest('base64url')
    .slice(0, 32)}`;
}

/** The whole alert as JSON, signed as Standard Webhooks say. */
export const webhook: Form = {
  request({ url, secret }, alert, now) {
    const at = iso(alert.at);
    const type = `dcs-upgrader.${alert.event}${alert.resolved ? '.resolved' : ''}`;
    const message = { type, timestamp: at, data: { ...alert, at } };
    const body = withEscapes(JSON.stringify(message));
    return { url, body, headers: signedHeaders(secret ?? '', messageId(alert), now, body) };
  },
};

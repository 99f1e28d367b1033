import { createHmac, timingSafeEqual } from 'node:crypto';
import { type EpochMs, SECOND } from '../core/time.ts';

/** How far a signature's time may be from now, in seconds (Standard Webhooks; the others say nothing of it). */
const TOLERANCE = 300;

/** Signatures in one header: as many as a rotation of keys needs. */
const MOST_SIGNATURES = 10;
const LONGEST_HEADER = 2_000;

type Headers = Readonly<Record<string, string>>;

/** What a signature says beside being good. */
export interface Signed {
  /** The same message has the same; empty where what is repeated later cannot be told from what is sent twice. */
  id: string;
  /** When it was signed; null where the source does not say. */
  at: EpochMs | null;
}

/** Seconds since 1970, as a header has them; null when they are not about now. */
export function timeIn(text: string, now: EpochMs): EpochMs | null {
  if (!/^\d{1,11}$/.test(text)) return null;
  const seconds = Number(text);
  return Math.abs(Math.floor(now / SECOND) - seconds) <= TOLERANCE ? seconds * SECOND : null;
}

/** Standard Webhooks 1.0: `v1,` and base64 of the HMAC over `id.timestamp.body`, several of them with blanks between. */
export function standardSigned(
  headers: Headers,
  body: Buffer,
  secrets: readonly string[],
  now: EpochMs,
): Signed | null {
  const { 'webhook-id': id = '', 'webhook-timestamp': timestamp = '', 'webhook-signature': given = '' } = headers;
  const at = timeIn(timestamp, now);
  if (at === null || id === '' || id.length > 256) return null;
  const keys = secrets.map((secret) => Buffer.from(secret.replace(/^whsec_/, ''), 'base64'));
  const expected = keys.map((key) => `v1,${hmac(key, `${id}.${timestamp}.`, body).toString('base64')}`);
  return isAmong(expected, given, ' ') ? { id, at } : null;
}

/** PagerDuty v3 (developer docs, "Verifying signatures"): `v1=` and hex of the HMAC over the body, with commas between. */
export function pagerDutySigned(
  { 'x-pagerduty-signature': given = '' }: Headers,
  body: Buffer,
  secrets: readonly string[],
): boolean {
  return isAmong(secrets.map((secret) => `v1=${hmac(secret, '', body).toString('hex')}`), given, ','); // biome-ignore format: one call
}

/**
 * Grafana 12 (webhook notifier): hex of the HMAC over the body, or over `timestamp:body` where a header for the time is
 * configured, which has to be `X-Grafana-Alerting-Timestamp` here.
 */
export function grafanaSigned(headers: Headers, body: Buffer, secrets: readonly string[], now: EpochMs): Signed | null {
  const { 'x-grafana-alerting-signature': given = '', 'x-grafana-alerting-timestamp': timestamp } = headers;
  const at = timestamp === undefined ? null : timeIn(timestamp, now);
  if (timestamp !== undefined && at === null) return null;
  const before = timestamp === undefined ? '' : `${timestamp}:`;
  const expected = secrets.map((secret) => hmac(secret, before, body).toString('hex'));
  return isAmong(expected, given, ' ') ? { id: at === null ? '' : given, at } : null;
}

function hmac(key: string | Buffer, before: string, body: Buffer): Buffer {
  return createHmac('sha256', key).update(before).update(body).digest();
}

/** Every expected one is compared with every given one, in the same time whatever they are. */
function isAmong(expected: readonly string[], header: string, separator: string): boolean {
  if (header.length > LONGEST_HEADER) return false;
  const given = header.split(separator, MOST_SIGNATURES).map((one) => Buffer.from(one.trim()));
  let found = false;
  for (const text of expected) {
    const wanted = Buffer.from(text);
    for (const one of given) if (one.length === wanted.length && timingSafeEqual(one, wanted)) found = true;
  }
  return found;
}

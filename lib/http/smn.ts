import { verify, X509Certificate } from 'node:crypto';
import { mapping, textOf } from '../core/alert-in.ts';
import { type EpochMs, HOUR, MINUTE } from '../core/time.ts';

/** Messages of Huawei SMN: what they are, and that they are Huawei's (SMN user guide, "HTTP(S) messages", "Verifying signatures"). */

/** One GET, which follows no redirect, of a URL that was found to be good. @throws when there is no good answer */
export type Download = (url: string) => Promise<string>;

export interface SmnMessage {
  id: string;
  /** The URL that confirms the subscription; null for any other message. */
  subscribeUrl: string | null;
  /** Whether it is a notification. */
  isNews: boolean;
}

/** Nobody can tell yet whether the message is Huawei's: it may come again. */
export const UNREACHABLE = 'its certificate cannot be fetched now';

/** How far its time may be from now. */
const TOLERANCE = 5 * MINUTE;

/** What is signed, by the type of the message: each key and its value have a line of their own. */
const SIGNED: Readonly<Record<string, readonly string[]>> = {
  Notification: ['message', 'message_id', 'subject', 'timestamp', 'topic_urn', 'type'],
  SubscriptionConfirmation: ['message', 'message_id', 'subscribe_url', 'timestamp', 'topic_urn', 'type'],
  UnsubscribeConfirmation: ['message', 'message_id', 'subscribe_url', 'timestamp', 'topic_urn', 'type'],
};

/** The message, or a text that says why it is not taken. What costs most is asked last, and nothing is fetched for a stranger's topic. */
export async function verifiedMessage(
  body: unknown,
  topics: readonly string[],
  download: Download,
  now: EpochMs,
): Promise<SmnMessage | string> {
  const fields = mapping(body);
  const [topic, type, id] = [fields.topic_urn, fields.type, fields.message_id].map(textOf) as [string, string, string];
  if (!topics.includes(topic)) return 'its topic is not in the policy';
  const keys = Object.hasOwn(SIGNED, type) ? SIGNED[type]! : null;
  if (!keys || id === '') return 'it is of a type that is not known';
  if (textOf(fields.signature_version).toLowerCase() !== 'v1') return 'it is signed in a way that is not known';
  const sentAt = Date.parse(textOf(fields.timestamp));
  if (!(Math.abs(now - sentAt) <= TOLERANCE)) return 'its time is not about now';
  const url = certificateUrl(textOf(fields.signing_cert_url), topic);
  if (url === null) return 'its certificate is not on a host of SMN';
  const certificate = await certificateAt(url, download, now);
  if (typeof certificate === 'string') return certificate;
  const text = keys.flatMap((key) => (textOf(fields[key]) === '' && key === 'subject' ? [] : [`${key}\n${textOf(fields[key])}\n`])); // biome-ignore format: one call
  const signature = Buffer.from(textOf(fields.signature), 'base64');
  if (!verify('sha256', Buffer.from(text.join('')), certificate.publicKey, signature))
    return 'its signature is not good';
  const subscribeUrl = type === 'SubscriptionConfirmation' ? textOf(fields.subscribe_url) : null;
  return { id, subscribeUrl, isNews: type === 'Notification' };
}

/** The URL as it is to be fetched: of the SMN of the topic's own region, and of nobody who looks like it. */
function certificateUrl(text: string, topic: string): string | null {
  const url = URL.parse(text);
  const region = topic.split(':')[2] ?? '';
  const hosts = ['com', 'eu'].map((end) => `smn.${region}.myhuaweicloud.${end}`);
  const isGood =
    isPlainHttps(url) && hosts.includes(url.host) && /^\/smn\/SMN_[A-Za-z0-9_-]+\.pem$/.test(url.pathname) && url.search === ''; // biome-ignore format: one condition
  return isGood ? url.href : null;
}

/** Whether a subscription may be confirmed there: over https, at Huawei Cloud. */
export function isHuaweiUrl(text: string): boolean {
  const url = URL.parse(text);
  return isPlainHttps(url) && /\.(my)?huaweicloud\.(com|eu)$/.test(url.host);
}

function isPlainHttps(url: URL | null): url is URL {
  // The host has the port in it, where that is another than 443.
  return url?.protocol === 'https:' && url.username === '' && url.password === '' && url.hash === '';
}

/** Certificates are read again after a while; one that could not be read is asked for again sooner, and not by everyone who asks. */
const LASTS = HOUR;
const PAUSE = MINUTE;
const MOST_KNOWN = 20;

interface Known {
  until: EpochMs;
  read: Promise<X509Certificate | string>;
}

/** By the way of downloading and the URL, for as long as the process lives. */
const known = new WeakMap<Download, Map<string, Known>>();

async function certificateAt(url: string, download: Download, now: EpochMs): Promise<X509Certificate | string> {
  const certificates = known.get(download) ?? new Map<string, Known>();
  known.set(download, certificates);
  for (const [key, { until }] of certificates) if (until <= now) certificates.delete(key);
  let entry = certificates.get(url);
  if (!entry) {
    // Who knows a topic could make up URLs without end.
    if (certificates.size >= MOST_KNOWN) return 'too many certificates were asked for of late';
    const fresh: Known = { until: now + LASTS, read: readCertificate(url, download) };
    certificates.set(url, fresh);
    if (typeof (await fresh.read) === 'string') fresh.until = now + PAUSE;
    entry = fresh;
  }
  const certificate = await entry.read;
  if (typeof certificate === 'string') return certificate;
  const [from, to] = [certificate.validFromDate, certificate.validToDate].map((date) => date.getTime()) as [
    number,
    number,
  ];
  return from <= now && now <= to ? certificate : 'its certificate is out of date';
}

async function readCertificate(url: string, download: Download): Promise<X509Certificate | string> {
  let text: string;
  try {
    text = await download(url);
  } catch {
    return UNREACHABLE;
  }
  try {
    const certificate = new X509Certificate(text);
    const kind = certificate.publicKey.asymmetricKeyType;
    return kind === 'rsa' ? certificate : 'its certificate has no RSA key';
  } catch {
    return 'its certificate could not be read';
  }
}

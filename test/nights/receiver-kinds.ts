import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import type { Alert } from '../../lib/core/alert.ts';
import type { NotifyTarget } from '../../lib/core/policy.ts';
import { type EpochMs, HOUR, iso, MINUTE, SECOND } from '../../lib/core/time.ts';
import type { Outgoing } from '../../lib/io/alerts/post.ts';
import { verifySignature } from '../../lib/simulator/auth.ts';
import { CREDENTIALS } from './fleet.ts';
import { namesIn } from './heard.ts';

/** Stands in every secret of a receiver, so that one search finds any of them. */
export const RECEIVER_MARK = 'n1ghtlyS3cret';

export const FICKLE_KINDS = ['webhook', 'slack', 'dingtalk', 'feishu', 'wecom', 'pagerduty', 'smn'] as const;
export type FickleKind = (typeof FICKLE_KINDS)[number];

export interface Received extends Outgoing {
  /** The body, read. */
  json: Record<string, unknown>;
  /** What it is about. */
  alert: Alert;
  at: EpochMs;
}

/** How a receiver of one kind looks at what it gets, and what it answers. */
export interface Kind {
  target: Omit<NotifyTarget, 'events'>;
  /** Bytes of a body that it takes, from the provider's own pages. */
  most: number;
  /** What a strict one finds wrong; null: nothing. None of the sender's code takes part. */
  problem(received: Received): string | null;
  yes: string;
  /** A good status, and it says no. Absent: its status says it all. */
  no?: string;
  /** A good status, and it says that messages come too fast; and for how long it then takes none. */
  busy?: { text: string; rest: number };
  /** A good status, and it says that it does not understand this message. Absent: it says so with 400. */
  own?: string;
}

/** How far the clock of a sender may be off (Standard Webhooks); of the chats, by their pages. */
const TOLERANCE = 5 * MINUTE;

function isRecent(seconds: number, at: EpochMs, tolerance: number): boolean {
  return Math.abs(at - seconds * SECOND) <= tolerance;
}

function hmac(key: string | KeyObject, text: string): string {
  return createHmac('sha256', key).update(text).digest('base64');
}

/** What people cannot do without: of which instances, and when. The details of each message say it. */
function unnamed({ alert, body }: Received): string | null {
  const missing = [...namesIn(alert), iso(alert.at), ...(alert.resolved ? ['Over'] : [])].filter((one) => !body.includes(one)); // biome-ignore format: one thought
  return missing.length > 0 ? `it does not say ${missing.join()}` : null;
}

/** One of Standard Webhooks. `key`: base64 of it. */
function webhookAt(host: string, key: string): Kind {
  // Read once: with bytes, a signature takes Node twenty times as long.
  const secret = createSecretKey(key, 'base64');
  return {
    target: { to: 'webhook', url: `https://${host}/hooks/${RECEIVER_MARK}`, secret: `whsec_${key}` },
    most: 256 * 1024,
    problem({ headers = {}, body, at }) {
      const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature } = headers;
      if (!id || !timestamp || !signature) return 'it is not signed';
      if (!isRecent(Number(timestamp), at, TOLERANCE)) return `its timestamp ${timestamp} is of another time`;
      const wanted = `v1,${hmac(secret, `${id}.${timestamp}.${body}`)}`;
      return signature.split(' ').includes(wanted) ? null : 'its signature does not fit';
    },
    yes: '',
  };
}

const FICKLE_HOST = 'fickle.example.com';
const CHAT_SECRET = `SEC${RECEIVER_MARK}0f1ckle0`;
const ROUTING_KEY = `${RECEIVER_MARK}0123456789abcdefghi`;
const TOPIC = 'urn:smn:r1:p1:nightly';

const slack: Kind = {
  target: { to: 'slack', url: `https://${FICKLE_HOST}/services/T0/B0/${RECEIVER_MARK}`, secret: null },
  most: 16 * 1024,
  problem: (received) => (Array.isArray(received.json.blocks) ? unnamed(received) : 'it has no blocks'),
  yes: 'ok',
  no: 'invalid_token',
};

const dingtalk: Kind = {
  target: { to: 'dingtalk', url: `https://${FICKLE_HOST}/robot/send?access_token=${RECEIVER_MARK}`, secret: CHAT_SECRET },
  most: 20_000,
  problem(received) {
    const { timestamp = '', sign } = Object.fromEntries(new URL(received.url).searchParams);
    if (!isRecent(Number(timestamp) / SECOND, received.at, HOUR)) return `its timestamp ${timestamp} is of another time`;
    return sign === hmac(CHAT_SECRET, `${timestamp}\n${CHAT_SECRET}`) ? unnamed(received) : 'its signature does not fit';
  },
  yes: '{"errcode":0,"errmsg":"ok"}',
  no: '{"errcode":310000,"errmsg":"sign not match"}',
  busy: { text: '{"errcode":130101,"errmsg":"send too fast"}', rest: 10 * MINUTE },
}; // biome-ignore format: one thought a line

const feishu: Kind = {
  target: { to: 'feishu', url: `https://${FICKLE_HOST}/open-apis/bot/v2/hook/${RECEIVER_MARK}`, secret: CHAT_SECRET },
  most: 20 * 1024,
  problem(received) {
    const { timestamp, sign } = received.json;
    if (!isRecent(Number(timestamp), received.at, HOUR)) return `its timestamp ${timestamp} is of another time`;
    return sign === hmac(`${timestamp}\n${CHAT_SECRET}`, '') ? unnamed(received) : 'its signature does not fit';
  },
  yes: '{"code":0,"msg":"success","data":{}}',
  no: '{"code":19021,"msg":"sign match fail or timestamp is not within one hour from current time"}',
  busy: { text: '{"code":11232,"msg":"frequency limited"}', rest: MINUTE },
  own: '{"code":9499,"msg":"Bad Request"}',
};

const wecom: Kind = {
  target: { to: 'wecom', url: `https://${FICKLE_HOST}/cgi-bin/webhook/send?key=${RECEIVER_MARK}`, secret: null },
  most: 6_000,
  problem(received) {
    const { content = '' } = received.json.markdown as { content?: string };
    return Buffer.byteLength(content) > 4_096 ? 'it is too long' : unnamed(received);
  },
  yes: '{"errcode":0,"errmsg":"ok"}',
  no: '{"errcode":93000,"errmsg":"invalid webhook url"}',
  busy: { text: '{"errcode":45009,"errmsg":"api freq out of limit"}', rest: MINUTE },
  own: '{"errcode":40058,"errmsg":"markdown.content exceed max length 4096"}',
};

const pagerduty: Kind = {
  target: { to: 'pagerduty', url: '', secret: null, routingKey: ROUTING_KEY },
  most: 512 * 1024,
  problem({ alert, json }) {
    if (json.routing_key !== ROUTING_KEY) return 'it is for nobody';
    if (json.dedup_key !== alert.key) return `its dedup_key is ${json.dedup_key}`;
    return json.event_action === (alert.resolved ? 'resolve' : 'trigger') ? null : `it says ${json.event_action}`;
  },
  yes: '{"status":"success","message":"Event processed","dedup_key":"…"}',
  no: '{"status":"invalid event","message":"Event object is invalid"}',
};

const smn: Kind = {
  target: { to: 'smn', url: '', secret: null, topic: TOPIC },
  most: 256 * 1024,
  problem(received) {
    const { pathname, host } = new URL(received.url);
    const headers = { ...received.headers, host };
    const body = new TextEncoder().encode(received.body);
    try {
      verifySignature({ method: 'POST', target: pathname, headers, body }, { [CREDENTIALS.ak]: CREDENTIALS.sk }, received.at); // biome-ignore format: one call
    } catch (error) {
      return (error as Error).message;
    }
    return decodeURIComponent(pathname).includes(`/${TOPIC}/`) ? unnamed(received) : `it is for ${pathname}`;
  },
  yes: '{"request_id":"r","message_id":"m"}',
  no: '{"request_id":"r","error_code":"SMN.0005","error_msg":"The topic does not exist."}',
};

const KINDS: Record<Exclude<FickleKind, 'webhook'>, Kind> = { slack, dingtalk, feishu, wecom, pagerduty, smn };

export const STEADY = webhookAt('steady.example.com', `${RECEIVER_MARK}0steady0steady0steady0stead`);
const WEBHOOK = webhookAt(FICKLE_HOST, `${RECEIVER_MARK}0fickle0fickle0fickle0fickl`);

export function fickleOf(kind: FickleKind): Kind {
  return kind === 'webhook' ? WEBHOOK : KINDS[kind];
}

/** What of a message is no secret's place: PagerDuty knows its sender by a key in the body. */
export function shownIn(body: string): string {
  return body.replace(`"routing_key":"${ROUTING_KEY}"`, '');
}

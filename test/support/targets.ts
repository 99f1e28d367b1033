import { createHmac } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { NotifyTarget } from '../../lib/core/policy.ts';
import { type Answer, aReceiver, type Receiver } from './alerts.ts';

/**
 * Chat services and pagers as they behave: each checks signature, form, size and mentions by its own documentation, with
 * nothing of the sender's code, and answers errors in its own way, which for three of them is a status of 200.
 */

/** What a request is answered with. `code`: of the service. */
interface Verdict {
  status?: number;
  body: string;
}

interface Request {
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

type Service = (request: Request, now: number) => Verdict;

export const SECRETS = {
  dingtalk: 'SECthis-is-what-the-robot-shows',
  feishu: 'secret of the bot',
  pagerduty: 'R0123456789ABCDEF0123456789ABCDE',
};

const HOUR = 3_600_000;
const utf8 = (text: unknown): number => Buffer.byteLength(String(text));
const hmac = (key: string, text: string): string => createHmac('sha256', key).update(text).digest('base64');
const errcode = (code: number, errmsg: string): Verdict => ({ body: JSON.stringify({ errcode: code, errmsg }) });

const slack: Service = ({ headers, body }) => {
  if (headers['content-type']?.split(';')[0] !== 'application/json') return { status: 400, body: 'invalid_payload' };
  const { text, blocks = [] } = JSON.parse(body);
  if (!text) return { status: 400, body: 'no_text' };
  if (blocks.length > 50) return { status: 400, body: 'invalid_blocks' };
  for (const { type, text: own, elements = [], fields = [] } of blocks) {
    for (const part of [own, ...elements, ...fields].filter(Boolean)) {
      const most = type === 'header' ? 150 : 3_000;
      if (part.text.length < 1 || part.text.length > most) return { status: 400, body: 'invalid_blocks' };
      if (type === 'header' && part.type !== 'plain_text') return { status: 400, body: 'invalid_blocks' };
    }
  }
  return { body: 'ok' };
};

const dingtalk: Service = ({ path, body }, now) => {
  const query = new URL(path, 'http://localhost').searchParams;
  if (query.get('access_token') !== 'the-token') return errcode(300001, 'token is not exist');
  const timestamp = query.get('timestamp') ?? '';
  const isSigned = query.get('sign') === hmac(SECRETS.dingtalk, `${timestamp}\n${SECRETS.dingtalk}`);
  if (!/^\d{13}$/.test(timestamp) || !isSigned || Math.abs(now - Number(timestamp)) > HOUR)
    return errcode(310000, 'sign not match, more: [https://ding-doc.dingtalk.com/doc]');
  const { msgtype, markdown } = JSON.parse(body);
  if (msgtype !== 'markdown' || !markdown.title || !markdown.text) return errcode(40035, 'missing parameter');
  if (utf8(body) > 20_000) return errcode(460101, 'message too long');
  return errcode(0, 'ok');
};

const feishu: Service = ({ body }, now) => {
  const { timestamp, sign, msg_type, card } = JSON.parse(body);
  const isSigned = sign === hmac(`${timestamp}\n${SECRETS.feishu}`, '');
  if (
    typeof timestamp !== 'string' ||
    !/^\d{10}$/.test(timestamp) ||
    !isSigned ||
    Math.abs(now - Number(timestamp) * 1_000) > HOUR
  )
    return {
      body: JSON.stringify({ code: 19021, data: {}, msg: 'sign match fail or timestamp is not within one hour' }),
    };
  if (msg_type !== 'interactive' || !card?.header?.title?.content || !Array.isArray(card.elements))
    return { body: JSON.stringify({ code: 9499, msg: 'Bad Request' }) };
  if (utf8(body) > 20 * 1_024) return { body: JSON.stringify({ code: 11246, msg: 'too large' }) };
  return { body: JSON.stringify({ StatusCode: 0, StatusMessage: 'success', code: 0, data: {}, msg: 'success' }) };
};

const wecom: Service = ({ path, body }) => {
  if (new URL(path, 'http://localhost').searchParams.get('key') !== 'the-key')
    return errcode(93000, 'invalid webhook url, hint: [1234]');
  const { msgtype, markdown } = JSON.parse(body);
  if (msgtype !== 'markdown') return errcode(40008, 'invalid message type');
  if (!markdown.content || utf8(markdown.content) > 4_096)
    return errcode(40058, 'markdown.content exceed max length 4096');
  return errcode(0, 'ok');
};

const pagerduty: Service = ({ body }) => {
  const refused = (error: string): Verdict => ({
    status: 400,
    body: JSON.stringify({ status: 'invalid event', message: 'Event object is invalid', errors: [error] }),
  });
  const { routing_key, event_action, dedup_key, payload } = JSON.parse(body);
  if (routing_key !== SECRETS.pagerduty) return refused("'routing_key' is invalid");
  if (!['trigger', 'resolve'].includes(event_action)) return refused("'event_action' is invalid");
  if (!dedup_key || dedup_key.length > 255) return refused("'dedup_key' is invalid");
  if (event_action === 'trigger') {
    const { summary, source, severity, timestamp } = payload;
    if (!summary || summary.length > 1_024) return refused("'payload.summary' is invalid");
    if (!source) return refused("'payload.source' is missing or blank");
    if (!['critical', 'error', 'warning', 'info'].includes(severity)) return refused("'payload.severity' is invalid");
    if (Number.isNaN(Date.parse(timestamp))) return refused("'payload.timestamp' is invalid");
  }
  if (utf8(body) > 512 * 1_024) return { status: 413, body: '' };
  return { status: 202, body: JSON.stringify({ status: 'success', message: 'Event processed', dedup_key }) };
};

const SERVICES = { slack, dingtalk, feishu, wecom, pagerduty };
export type ServiceName = keyof typeof SERVICES;
export const SERVICE_NAMES = Object.keys(SERVICES) as ServiceName[];

/** What each has in its URL to know the sender by. */
const PATHS: Record<ServiceName, string> = {
  slack: '/services/T0/B0/the-token',
  dingtalk: '/robot/send?access_token=the-token',
  feishu: '/open-apis/bot/v2/hook/the-token',
  wecom: '/cgi-bin/webhook/send?key=the-key',
  pagerduty: '/v2/enqueue',
};

export interface RunningService extends Receiver {
  target: NotifyTarget;
  /** What it answered, in order. */
  verdicts: Verdict[];
}

/** The service on this machine. `instead`: what it answers to each request in turn, whatever that is like; null: what it should. */
export async function aService(
  name: ServiceName,
  now: () => number,
  instead: (Answer | null)[] = [],
): Promise<RunningService> {
  const verdicts: Verdict[] = [];
  const receiver = await aReceiver((response, count) => {
    const other = instead[count];
    if (other) return other(response, count);
    const verdict = SERVICES[name](receiver.requests[count]!, now());
    verdicts.push(verdict);
    response.writeHead(verdict.status ?? 200).end(verdict.body);
  });
  const url = new URL(PATHS[name], receiver.url).href;
  return { ...receiver, verdicts, target: aTarget(name, url) };
}

export function aTarget(to: ServiceName, url: string): NotifyTarget {
  const secret = to === 'dingtalk' || to === 'feishu' ? SECRETS[to] : null;
  return { to, url, secret, events: null, ...(to === 'pagerduty' ? { routingKey: SECRETS.pagerduty } : {}) };
}

import type { Alert } from '../../../core/alert.ts';
import { bytes, messageOf, plainText, shortened } from '../../../core/message.ts';
import type { NotifyTarget } from '../../../core/policy.ts';
import type { EpochMs } from '../../../core/time.ts';
import { type Credentials, sign } from '../../dcs/sign.ts';
import type { Outgoing } from '../post.ts';
import { type Form, field, type Refusal } from '../send.ts';

/** SMN API, PublishMessage: a subject of 512 bytes; a message of 256 KB, which the text never comes near. */
const MOST_SUBJECT = 512;

/** Plain text: SMN brings it by mail, text message or HTTP, as the topic's subscribers chose. */
export function smnMessage(alert: Alert): { subject: string; message: string } {
  const message = messageOf(alert);
  const subject = shortened(`dcs-upgrader: ${message.title}: ${message.summary}`, { most: MOST_SUBJECT, size: bytes });
  return { subject, message: plainText(message) };
}

/** `urn:smn:REGION:PROJECT:NAME`. */
function publishUrl({ url, topic = '' }: NotifyTarget): string {
  const [, , region = '', project = ''] = topic.split(':');
  // The only site of Europe's own has another domain (endpoints of the official SDKs).
  const domain = /^eu-west-1\d\d$/.test(region) ? 'myhuaweicloud.eu' : 'myhuaweicloud.com';
  const base = url.replace(/\/+$/, '') || `https://smn.${region}.${domain}`;
  return `${base}/v2/${project}/notifications/topics/${encodeURIComponent(topic)}/publish`;
}

function request(target: NotifyTarget, alert: Alert, now: EpochMs, credentials: Credentials): Outgoing {
  const url = publishUrl(target);
  const body = JSON.stringify(smnMessage(alert));
  const [, , , project = ''] = (target.topic ?? '').split(':');
  const headers = { 'content-type': 'application/json', 'x-project-id': project };
  return { url, body, headers: sign({ method: 'POST', url: new URL(url), headers, body, now, ...credentials }) };
}

function refusal(text: string): Refusal | null {
  if (typeof field(text, 'message_id') === 'string') return null;
  const code = String(field(text, 'error_code', 'code'));
  return { reason: /^[A-Z]{2,10}\.\d{3,8}$/.test(code) ? code : 'but not with a message id' };
}

/** Publishes to a topic, signed with the keys of the project that the topic is in. */
export function smnWith(credentials: Credentials): Form {
  return { request: (target, alert, now) => request(target, alert, now, credentials), refusal };
}

import { sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { smnBody } from './inbound.ts';

const fixture = (name: string) => readFileSync(new URL(`../http/fixtures/${name}`, import.meta.url), 'utf8');

/** Made once with openssl; good until 2126. */
export const CERTIFICATE = fixture('smn-certificate.pem');
export const EC_CERTIFICATE = fixture('ec-certificate.pem');
const KEY = fixture('smn-key.pem');

const BY_TYPE: Record<string, string[]> = {
  Notification: ['message', 'message_id', 'subject', 'timestamp', 'topic_urn', 'type'],
};
const OTHERS = ['message', 'message_id', 'subscribe_url', 'timestamp', 'topic_urn', 'type'];

/** Signs a message as Huawei's guide says, "verifying message signatures". */
export function smnSigned(body: Record<string, string>): Record<string, string> {
  let text = '';
  for (const key of BY_TYPE[body.type ?? ''] ?? OTHERS) if (body[key]) text += `${key}\n${body[key]}\n`;
  return { ...body, signature: sign('RSA-SHA256', Buffer.from(text), KEY).toString('base64') };
}

export function subscription(change: Record<string, string> = {}): Record<string, string> {
  const { unsubscribe_url: _, ...body } = smnBody({});
  return {
    ...body,
    type: 'SubscriptionConfirmation',
    message: 'You are invited to subscribe to topic',
    subscribe_url: 'https://console.huaweicloud.com/smn/subscription/confirm?token=abc&region=cn-north-4',
    ...change,
  };
}

/** What can be fetched: each URL, and what is there; nothing is anywhere else. Notes what was asked for. */
export class Internet {
  readonly asked: string[] = [];
  readonly pages = new Map<string, string | Error>();

  readonly download = async (url: string): Promise<string> => {
    this.asked.push(url);
    const page = this.pages.get(url) ?? new Error('it answered 404');
    if (typeof page !== 'string') throw page;
    return page;
  };
}

import { createHmac } from 'node:crypto';
import type { Alert } from '../../../core/alert.ts';
import { bytes, detailsLine, lookalike, messageOf, shortened, unlinked } from '../../../core/message.ts';
import { type EpochMs, MINUTE } from '../../../core/time.ts';
import { type Codes, codeRefusal, type Form, field } from '../send.ts';

const CODES: Codes = {
  '310000': { means: 'the signature, the keywords or the address list of the robot refuse it' },
  '300001': { means: 'the access token of the URL is not known' },
  '400101': { means: 'the access token of the URL does not exist' },
  '400013': { means: 'the group is disbanded' },
  // Twenty a minute; who goes on is shut out for ten minutes.
  '130101': { means: 'messages come too fast', rest: 10 * MINUTE },
};

/** The parts of a message, in bytes: together they stay well under the 20,000 of one (DingTalk, custom robots). */
const MOST = { summary: 3_000, action: 1_500, details: 1_500 };

/** A markdown message that mentions nobody. The title is what notifications show. */
export function dingtalkMessage(alert: Alert): object {
  const message = messageOf(alert);
  const { title, summary, action } = message;
  const text = [
    `#### ${title}`,
    safe(summary, MOST.summary),
    `**What to do:** ${safe(action, MOST.action)}`,
    `> ${safe(detailsLine(message), MOST.details)}`,
  ].join('\n\n');
  return {
    msgtype: 'markdown',
    markdown: { title: `${title}: ${safe(summary, 100)}`, text },
    at: { atMobiles: [], atUserIds: [], isAtAll: false },
  };
}

function safe(text: string, most: number): string {
  return shortened(unlinked(text), { most, size: bytes, escaped: lookalike });
}

/** The URL with `timestamp` and `sign`: the HMAC-SHA256 of "timestamp, line end, secret" under the secret. */
export function dingtalkUrl(url: string, secret: string, at: EpochMs): string {
  const sign = createHmac('sha256', secret).update(`${at}\n${secret}`).digest('base64');
  const signed = new URL(url);
  signed.searchParams.set('timestamp', String(at));
  signed.searchParams.set('sign', sign);
  return signed.href;
}

export const dingtalk: Form = {
  request: ({ url, secret }, alert, at) => ({
    url: dingtalkUrl(url, secret ?? '', at),
    body: JSON.stringify(dingtalkMessage(alert)),
  }),
  refusal: (text) => codeRefusal('errcode', field(text, 'errcode'), CODES),
};

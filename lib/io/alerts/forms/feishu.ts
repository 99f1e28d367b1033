import { createHmac } from 'node:crypto';
import type { Alert, Severity } from '../../../core/alert.ts';
import { bytes, detailsLine, lookalike, messageOf, shortened, unlinked } from '../../../core/message.ts';
import { type EpochMs, MINUTE, SECOND } from '../../../core/time.ts';
import { type Codes, codeRefusal, type Form, field } from '../send.ts';

const CODES: Codes = {
  '19001': { means: 'the hook of the URL is not known' },
  '19021': { means: 'the signature does not fit, or this clock is off by more than an hour' },
  '19022': { means: 'the address list of the bot refuses it' },
  '19024': { means: 'the keywords of the bot refuse it' },
  '9499': { means: 'it is not a request that the bot understands', own: true },
  '11232': { means: 'messages come too fast', rest: MINUTE },
};

/** The parts of a card, in bytes: together they stay well under the 20 KB of a request (Feishu and Lark, custom bots), quotes escaped. */
const MOST = { summary: 3_000, action: 1_500, details: 2_000 };

const COLOURS: Record<Severity, string> = { info: 'green', warning: 'orange', error: 'red', critical: 'carmine' };

/** A card of plain texts: in those nothing is a mention or a link. */
export function feishuCard(alert: Alert): object {
  const message = messageOf(alert);
  const text = (content: string) => ({ tag: 'plain_text', content });
  return {
    config: { wide_screen_mode: true },
    header: { template: COLOURS[alert.severity], title: text(message.title) },
    elements: [
      { tag: 'div', text: text(safe(message.summary, MOST.summary)) },
      { tag: 'div', text: text(`What to do: ${safe(message.action, MOST.action)}`) },
      { tag: 'note', elements: [text(safe(detailsLine(message), MOST.details))] },
    ],
  };
}

function safe(text: string, most: number): string {
  return shortened(unlinked(text), { most, size: bytes, escaped: lookalike });
}

/** The HMAC-SHA256 of nothing under "timestamp, line end, secret"; `timestamp` in seconds. */
export function feishuSignature(secret: string, timestamp: string): string {
  return createHmac('sha256', `${timestamp}\n${secret}`).update('').digest('base64');
}

function body(secret: string, alert: Alert, at: EpochMs): string {
  const timestamp = String(Math.floor(at / SECOND));
  const sign = feishuSignature(secret, timestamp);
  return JSON.stringify({ timestamp, sign, msg_type: 'interactive', card: feishuCard(alert) });
}

export const feishu: Form = {
  request: ({ url, secret }, alert, at) => ({ url, body: body(secret ?? '', alert, at) }),
  refusal: (text) => codeRefusal('code', field(text, 'code', 'StatusCode'), CODES),
};

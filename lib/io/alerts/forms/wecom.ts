import type { Alert, Severity } from '../../../core/alert.ts';
import { bytes, detailsLine, lookalike, messageOf, shortened, unlinked } from '../../../core/message.ts';
import { MINUTE } from '../../../core/time.ts';
import { type Codes, codeRefusal, type Form, field } from '../send.ts';

const CODES: Codes = {
  '93000': { means: 'the key of the URL is not known' },
  '40058': { means: 'it is too long, or not what the robot understands', own: true },
  '40008': { means: 'the robot does not know this kind of message', own: true },
  '45009': { means: 'messages come too fast', rest: MINUTE },
};

/** The parts of a message, in bytes: with what is around them they stay under the 4,096 of markdown (WeCom, group robots). */
const MOST = { summary: 2_000, action: 1_000, details: 800 };

/** The three colours that a robot's markdown knows. */
const COLOURS: Record<Severity, string> = { info: 'info', warning: 'warning', error: 'warning', critical: 'warning' };

export function wecomMessage(alert: Alert): object {
  const message = messageOf(alert);
  const content = [
    `**<font color="${COLOURS[alert.severity]}">${message.title}</font>**`,
    safe(message.summary, MOST.summary),
    `**What to do:** ${safe(message.action, MOST.action)}`,
    `> ${safe(detailsLine(message), MOST.details)}`,
  ].join('\n');
  return { msgtype: 'markdown', markdown: { content } };
}

function safe(text: string, most: number): string {
  return shortened(unlinked(text), { most, size: bytes, escaped: lookalike });
}

/** Nothing is signed: the key in the URL is the secret. */
export const wecom: Form = {
  request: ({ url }, alert) => ({ url, body: JSON.stringify(wecomMessage(alert)) }),
  refusal: (text) => codeRefusal('errcode', field(text, 'errcode'), CODES),
};

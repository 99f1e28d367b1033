import type { Alert } from '../../../core/alert.ts';
import { detailsLine, messageOf, shortened, unlinked } from '../../../core/message.ts';
import { type Form, field, type Refusal } from '../send.ts';

/** Of the text of a section, and of what a notification shows (Slack, text object and chat.postMessage). */
const MOST = 3_000;
/** Of a header, which is plain text. */
const MOST_TITLE = 150;

/** What Slack asks to escape, and with it every mention: those are `<!channel>`, `<@U…>`, `<#C…>` and `<url|text>`. */
const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '@': '＠' };

/** The blocks of a Slack message; `text` is what notifications show. */
export function slackMessage(alert: Alert): object {
  const message = messageOf(alert);
  const { title, summary, action } = message;
  return {
    text: `${title}: ${escaped(summary, MOST - 200)}`,
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: shortened(title, { most: MOST_TITLE }), emoji: true } },
      { type: 'section', text: markdown(escaped(summary, MOST)) },
      { type: 'section', text: markdown(`*What to do:* ${escaped(action, MOST - 100)}`) },
      { type: 'context', elements: [markdown(escaped(detailsLine(message), MOST - 1_000))] },
    ],
  };
}

function escaped(text: string, most: number): string {
  return shortened(unlinked(text), { most, escaped: (character) => ENTITIES[character] ?? character });
}

/** `verbatim`: nothing in it becomes a link or a mention by itself. */
function markdown(text: string): object {
  return { type: 'mrkdwn', text, verbatim: true };
}

/** "ok" as plain text, or `{"ok": true}` from workflows; anything else is an error, whatever the status (Slack, incoming webhooks). */
function refusal(text: string): Refusal | null {
  if (text.trim() === 'ok' || field(text, 'ok') === true) return null;
  const word = String(field(text, 'error') ?? text.trim());
  return { reason: /^[a-z_]{1,60}$/.test(word) ? word : 'but not with "ok"' };
}

export const slack: Form = {
  request: ({ url }, alert) => ({ url, body: JSON.stringify(slackMessage(alert)) }),
  refusal,
};

import type { Alert, AlertEvent, Severity } from './alert.ts';
import { iso } from './time.ts';

/** What every receiver's message is made of. All of it may hold what others wrote: names, and what an API answered. */
export interface Message {
  /** Of our own words only. */
  title: string;
  summary: string;
  /** What to do. */
  action: string;
  /** Names and values, among them the time. */
  details: [name: string, value: string][];
}

const TITLES: Record<AlertEvent, string> = {
  succeeded: 'Upgraded',
  failed: 'Upgrade failed',
  unverified: 'Upgrade not verified',
  expired: 'Upgrade not begun',
  held: 'Held',
  overrun: 'Upgrade runs past its window',
  stuck: 'Upgrade does not end',
  deadline: 'Deadline for being current',
  approval: 'A plan waits for approval',
  scope: 'A scope cannot be used',
  policy: 'No valid policy',
  ledger: 'Trouble with the ledger',
  queue: 'Upgrades are not begun',
  receiver: 'A receiver does not take alerts',
  unknown_code: 'Unknown error code',
  digest: 'The window has closed',
};

const MARKS: Record<Severity, string> = { info: '🟢', warning: '🟠', error: '🔴', critical: '🔴' };

export function messageOf(alert: Alert): Message {
  return {
    title: alert.resolved ? `✅ Over: ${TITLES[alert.event]}` : `${MARKS[alert.severity]} ${TITLES[alert.event]}`,
    summary: alert.summary,
    action: alert.action,
    details: [...Object.entries(alert.labels), ['at', iso(alert.at)]],
  };
}

/** How large a piece of text is, in whatever its receiver counts. */
export type Size = (text: string) => number;

export const characters: Size = (text) => text.length;
/** As UTF-8. */
export const bytes: Size = (text) => new TextEncoder().encode(text).length;

export interface Fit {
  most: number;
  size?: Size;
  /** What is put for a character. Never shorter than it. */
  escaped?: (character: string) => string;
}

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });
const MORE = '…';

/**
 * The text as one line, escaped, and cut where it is too long: between two characters as people see them, never inside one
 * or inside what it was escaped to. `most` counts the result.
 */
export function shortened(text: string, { most, size = characters, escaped = (one) => one }: Fit): string {
  // More of it cannot fit, however it is counted, and an endless text must not cost more than its limit.
  const line = oneLine(text.slice(0, 2 * most + 1_000));
  // Most texts fit, and where characters end is then of no matter.
  const whole = Array.from(line, escaped).join('');
  if (size(whole) <= most) return whole;
  const pieces: string[] = [];
  let used = 0;
  let room = 0;
  for (const { segment } of graphemes.segment(line)) {
    const piece = Array.from(segment, (one) => escaped(one)).join('');
    used += size(piece);
    if (used > most) return pieces.slice(0, room).join('') + (size(MORE) <= most ? MORE : '');
    pieces.push(piece);
    if (used + size(MORE) <= most) room = pieces.length;
  }
  return pieces.join('');
}

/** Line ends and control characters; what turns the direction of the text round it; what is not seen at all. */
const UNSEEN =
  /[\p{Cc}\p{Zl}\p{Zp}]|[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]|[\u00ad\u115f\u1160\u180e\u200b\u2060-\u2064\u206a-\u206f\ufeff\u{e0000}-\u{e007f}]/gu;

/** The text as a reader sees it: one line, nothing in it that hides or turns what stands beside it. */
export function oneLine(text: string): string {
  return text
    .toWellFormed()
    .replace(UNSEEN, (one) => (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(one) ? ' ' : ''))
    .replace(/\s+/g, ' ')
    .trim();
}

/** Characters that chats take for a mention, a link, a tag or an emphasis, and ones that look like them and are taken for nothing. */
const LOOKALIKES: Readonly<Record<string, string>> = {
  '@': '＠',
  '<': '＜',
  '>': '＞',
  '[': '［',
  ']': '］',
  '*': '＊',
  '`': '｀',
  '\\': '＼',
};

/**
 * For chats whose markdown has no escapes that work everywhere. Nobody is mentioned, and nothing is a link: an instance of
 * Huawei Cloud has none of these in its name, so that names stay as they are.
 */
export function lookalike(character: string): string {
  return LOOKALIKES[character] ?? character;
}

/** `https://…` in a name is not to be clickable. */
export function unlinked(text: string): string {
  return text.replace(/:(?=\/\/)/g, '：').replace(/\bwww\./gi, (found) => found.replace('.', '．'));
}

/** `name: value · name: value` */
export function detailsLine({ details }: Message): string {
  return details.map(([name, value]) => `${name}: ${value}`).join(' · ');
}

/** Far more than there ever is, and less than any receiver of plain text takes. */
const MOST_DETAILS = 30;
const MOST_LINE = 2_000;

/** For receivers that show plain text, such as a mail. */
export function plainText(message: Message): string {
  const { title, summary, action, details } = message;
  const lines = details.slice(0, MOST_DETAILS).map(([name, value]) => `${name}: ${value}`);
  return [title, '', summary, `What to do: ${action}`, '', ...lines]
    .map((line) => shortened(line, { most: MOST_LINE }))
    .join('\n');
}

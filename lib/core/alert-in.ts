import { stableHash } from './hash.ts';
import type { EpochMs } from './time.ts';

/** Who may send alerts to `POST /alerts/{source}`. */
export const ALERT_SOURCES = ['alertmanager', 'grafana', 'pagerduty', 'smn', 'standard'] as const;
export type AlertSource = (typeof ALERT_SOURCES)[number];

/** One alert as its source tells of it, whatever the source. */
export interface SourceAlert {
  /** The same cause has the same one, as long as it lasts and when it comes back. */
  fingerprint: string;
  status: 'firing' | 'resolved';
  labels: Readonly<Record<string, string>>;
  /** When what it tells of began. */
  startsAt: EpochMs;
  /** The instant as of which this is so: of what was said of one cause, the latest counts, in whatever order it comes. */
  at: EpochMs;
  /** Its time counts from here: from now for a source that repeats what goes on, from `at` for one that tells it once. */
  saidAt: EpochMs;
  /** One line for people. */
  summary: string;
}

/** What one request of a source says. */
export interface Delivery {
  alerts: SourceAlert[];
  /** Of a source that sends groups: some of its alerts may have been cut off, and what they are nobody knows. */
  group: { key: string; isCut: boolean; isFiring: boolean; labels: Readonly<Record<string, string>> } | null;
  /** Why there is nothing in it for this program, such as an event of another kind; null where there is. */
  ignored: string | null;
}

/** What a source's reader knows beside the body. */
export interface Received {
  at: EpochMs;
  /** When the source signed it, where that is known. */
  signedAt: EpochMs | null;
}

export const NOTHING = { alerts: [], group: null } as const;

/** Labels that are longer are left out: cut, they would name something else. */
const LONGEST_LABEL = 1_000;
const MOST_LABELS = 200;
const LONGEST_LINE = 300;

/** The texts, numbers and truth values of a mapping, as labels. */
export function labelsIn(value: unknown): Record<string, string> {
  const pairs = Object.entries(mapping(value)).flatMap(([key, item]) => {
    const text = typeof item === 'string' ? item : isPlain(item) ? String(item) : '';
    return text !== '' && text.length <= LONGEST_LABEL && key.length <= LONGEST_LABEL ? [[key, text] as const] : [];
  });
  return Object.fromEntries(pairs.slice(0, MOST_LABELS));
}

function isPlain(value: unknown): boolean {
  return typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value));
}

export function mapping(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** An instant in ISO 8601 or in milliseconds; null for what is none, and for the year 1, by which Go says "never". */
export function instantOf(value: unknown): EpochMs | null {
  const isNumber = typeof value === 'number' || /^\d{12,14}$/.test(textOf(value));
  const at = isNumber ? Number(value) : Date.parse(textOf(value));
  return Number.isFinite(at) && at > 0 ? Math.floor(at) : null;
}

/**
 * One line of what a stranger wrote: without control characters and those that turn the direction of writing, and cut
 * between characters.
 */
export function line(...parts: string[]): string {
  const text = parts
    .filter((part) => part !== '')
    .join(': ')
    .slice(0, 4 * LONGEST_LINE)
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim();
  const characters = [...text];
  return characters.length > LONGEST_LINE ? `${characters.slice(0, LONGEST_LINE).join('')}…` : text;
}

/** A text as part of an id: as it is where that is short and plain, else by its hash. */
export function idOf(text: string): string {
  return /^[\x21-\x7e]{1,120}$/.test(text) && !text.includes('#') ? text : hashOf(text);
}

/** Of labels: the same ones have the same, in whatever order. */
export function fingerprintOf(labels: Readonly<Record<string, string>>): string {
  return hashOf(JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))));
}

function hashOf(text: string): string {
  return ['', '1', '2'].map((salt) => stableHash(`${salt}${text}`).toString(16).padStart(8, '0')).join('');
}

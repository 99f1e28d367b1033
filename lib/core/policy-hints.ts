import { nearest } from './nearest.ts';

/** Of what was found there, what to write instead. It must not repeat what may be a secret. */
type Hint = (found: unknown) => string;

/** By what is allowed ("it must be …"), which each kind of value says once. */
const HINTS = new Map<string, Hint>();

/** Remembers what to do where `allowed` was not kept, and gives it back. */
export function taught(allowed: string, hint: string | Hint): string {
  HINTS.set(allowed, typeof hint === 'string' ? () => hint : hint);
  return allowed;
}

/** What to do about a value that is not as `allowed` says; undefined where nobody knows better than that. */
export function hintOf(allowed: string, found: unknown): string | undefined {
  if (found === null) return 'give it a value, or take it out';
  return HINTS.get(allowed)?.(found);
}

/** Nobody reads a longer list, and to compare them takes time. */
const MOST_KNOWN = 300;

/** For a word that is none of the known ones. */
export function suggestion(word: string, all: readonly string[]): string {
  const known = all.slice(0, MOST_KNOWN);
  const meant = nearest(word, known) ?? beginningOf(word, known);
  return meant ? `did you mean ${meant}?` : `there are: ${known.join(', ') || 'none'}`;
}

/** `tuesday` for tue, and `saturdays`. */
function beginningOf(word: string, known: readonly string[]): string | null {
  const small = word.toLowerCase();
  if (!/^[a-z]+$/.test(small)) return null;
  return known.find((one) => one.length > 2 && small.startsWith(one.toLowerCase())) ?? null;
}

/** What to write where a key is missing that has to be there: `key: …` by the key, as no two such keys want something different. */
const EXAMPLES: Partial<Record<string, string>> = {
  version: '1',
  timezone: 'Asia/Shanghai',
  windows: '{ night: { days: [tue], from: "01:00", to: "05:00" } }',
  rollout: '[{ wave: all, match: {}, window: night }]',
  project: 'env:HUAWEICLOUD_PROJECT_ID',
  region: 'cn-north-4',
  wave: 'prod',
  match: '{ tags: { env: prod } }, or match: {} for every instance',
  window: 'night',
  name: 'year-end',
  reason: 'year-end sales',
  from: 'alertmanager',
  to: 'log',
  after: '30m',
};

export function hintForMissing(key: string | number | undefined): string {
  const example = typeof key === 'string' && Object.hasOwn(EXAMPLES, key) ? EXAMPLES[key] : undefined;
  return example === undefined ? `add ${key}` : `add ${key}: ${example}`;
}

taught('a mapping', (found) =>
  Array.isArray(found) ? 'write key: value pairs instead of a list' : 'write key: value pairs below it, indented',
);
taught('a list', (found) =>
  typeof found === 'object'
    ? 'begin each item with "- "'
    : 'put it in brackets: [ … ], or write items below it, each with "- "',
);
taught('a text', textHint);
taught('at least 1 of them', 'name one, or leave the key out');

/** What YAML takes for something else than text, as it stands there without quotes. */
export function textHint(found: unknown): string {
  if (typeof found === 'number' || typeof found === 'boolean') return 'put it in quotes';
  return found === ''
    ? 'give it a value, or leave the key out'
    : 'write one text, in quotes if it holds other signs than letters and digits';
}

import { types } from 'node:util';
import { maskByKey, maskSecrets } from './mask.ts';

const DEEPEST = 6;
const MOST_ITEMS = 100;
/** Of one value in all, so that a wide and deep one costs no more than a long one. */
const MOST_VALUES = 2_000;
const LONGEST_TEXT = 4_000;

interface Walk {
  secrets: readonly string[];
  /** The objects on the way from the top to here. */
  above: readonly unknown[];
  /** Shared by the whole walk. */
  budget: { left: number };
}

/**
 * Any value as JSON can hold it, without secrets, cut where it is too deep, too long or circular. Never throws, whatever
 * getters and proxies do.
 */
export function plain(value: unknown, secrets: readonly string[]): unknown {
  return visit(value, { secrets, above: [], budget: { left: MOST_VALUES } });
}

function visit(value: unknown, walk: Walk): unknown {
  walk.budget.left -= 1;
  if (walk.budget.left < 0) return '[more]';
  try {
    if (typeof value === 'object' && value !== null) return visitObject(value, walk);
    if (typeof value === 'function') return '[function]';
    if (typeof value === 'string') return cut(maskSecrets(value, walk.secrets));
    if (typeof value === 'bigint' || typeof value === 'symbol') return cut(maskSecrets(String(value), walk.secrets));
    return value;
  } catch {
    return '[unreadable]';
  }
}

function visitObject(value: object, walk: Walk): unknown {
  if (walk.above.includes(value)) return '[circular]';
  if (walk.above.length >= DEEPEST) return '[deeper]';
  if (types.isDate(value)) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  const below = { ...walk, above: [...walk.above, value] };
  if (Array.isArray(value)) return visitList(value, below);
  if (types.isSet(value)) return visitList([...value], below);
  return visitFields(types.isMap(value) ? [...value] : Object.entries(fieldsOf(value)), below);
}

function visitFields(fields: readonly [unknown, unknown][], walk: Walk): Record<string, unknown> {
  const kept = fields.slice(0, MOST_ITEMS).map(([name, value]) => {
    const key = String(name);
    return [maskSecrets(key, walk.secrets), maskByKey(key, value) ?? visit(value, walk)] as const;
  });
  if (fields.length > MOST_ITEMS) kept.push(['…', `${fields.length - MOST_ITEMS} more`]);
  return Object.fromEntries(kept);
}

function visitList(list: readonly unknown[], walk: Walk): unknown[] {
  const kept = list.slice(0, MOST_ITEMS).map((item) => visit(item, walk));
  return list.length > MOST_ITEMS ? [...kept, `… ${list.length - MOST_ITEMS} more`] : kept;
}

/** Of an error, what tells a reader most; no listing of its fields finds these. */
function fieldsOf(value: object): object {
  if (!types.isNativeError(value)) return value;
  const { name, message, cause } = value;
  const { code } = value as { code?: unknown };
  return { name, message, ...(code === undefined ? {} : { code }), ...(cause === undefined ? {} : { cause }) };
}

function cut(text: string): string {
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}… ${text.length - LONGEST_TEXT} more` : text;
}

/** What a terminal or a viewer would act on, and JSON leaves as it is: delete, C1, line separators, directions of writing. */
const UNESCAPED = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** JSON that means the same, and in which nothing acts on whatever shows it. */
export function withEscapes(json: string): string {
  return json.replace(UNESCAPED, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

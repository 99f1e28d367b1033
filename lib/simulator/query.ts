import type { EpochMs } from '../core/time.ts';
import { refusal } from './wire.ts';

export type Query = [name: string, value: string][];

/** Decoded pairs. A `+` is a plus sign: those who sign requests send a blank as `%20`. */
export function queryOf(search: string): Query {
  const pairs = search.split('&').filter((pair) => pair !== '');
  return pairs.map((pair) => {
    const at = pair.indexOf('=');
    return at < 0 ? [decode(pair), ''] : [decode(pair.slice(0, at)), decode(pair.slice(at + 1))];
  });
}

/** Leaves alone what is no percent-encoding. */
export function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * The values of a query in which each name may stand once and must be one of `known`.
 * Stricter than an API must be, so that a misspelt filter is noticed here and not over a whole fleet.
 * @throws Refused DCS.4800
 */
export function valuesOf<Name extends string>(query: Query, known: readonly Name[]): Partial<Record<Name, string>> {
  const values: Partial<Record<Name, string>> = {};
  for (const [name, value] of query) {
    if (!known.includes(name as Name) || name in values) throw refusal('DCS.4800', name);
    values[name as Name] = value;
  }
  return values;
}

/**
 * A page by row offset. The bounds are those of ListInstances: offset from 0, limit 1 to 1000, 10 when absent.
 * @throws Refused DCS.4800
 */
export function pageOf<T>(
  rows: readonly T[],
  { offset = '0', limit = '10' }: { offset?: string; limit?: string },
): T[] {
  const from = numberOf('offset', offset);
  const count = numberOf('limit', limit);
  if (count < 1 || count > 1000) throw refusal('DCS.4800', 'limit');
  return rows.slice(from, from + count);
}

function numberOf(name: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw refusal('DCS.4800', name);
  return Number(text);
}

/** @throws Refused DCS.4800 for anything but `true` and `false`. */
export function flagOf(name: string, text = 'false'): boolean {
  if (text !== 'true' && text !== 'false') throw refusal('DCS.4800', name);
  return text === 'true';
}

/** A UTC `yyyyMMddHHmmss`, or null when absent. @throws Refused DCS.4800 */
export function timeOf(name: string, text: string | undefined): EpochMs | null {
  if (text === undefined) return null;
  const parts = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})$/.exec(text);
  const at = parts
    ? Date.parse(`${parts[1]}-${parts[2]}-${parts[3]}T${parts[4]}:${parts[5]}:${parts[6]}Z`)
    : Number.NaN;
  if (Number.isNaN(at)) throw refusal('DCS.4800', name);
  return at;
}

/** `k=v,k2=v2`. @throws Refused DCS.4800 */
export function tagsOf(text: string): [key: string, value: string][] {
  return text.split(',').map((pair) => {
    const at = pair.indexOf('=');
    if (at < 1) throw refusal('DCS.4800', 'tags');
    return [pair.slice(0, at), pair.slice(at + 1)];
  });
}

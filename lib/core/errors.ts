import type { Severity } from './alert.ts';
import { ERROR_RULES } from './error-table.ts';

/** What kind of answer it is; reconcile decides by `stops` and `retry`, people read `hint`. */
export type ErrorClass =
  | 'busy' // the instance is doing something else
  | 'adopt' // an upgrade is already running: follow it
  | 'done' // already at the version asked for
  | 'gone' // the instance does not exist
  | 'unsupported' // this instance can never be upgraded this way
  | 'account' // unpaid, frozen, read-only, no quota, no network: a person must put it right first
  | 'auth' // credentials, signature, clock
  | 'denied' // permission
  | 'config' // project, region, endpoint, API not there
  | 'throttled'
  | 'server' // DCS or the gateway failed
  | 'transport' // no usable answer
  | 'bug' // a request that this program should not have made
  | 'unknown'; // not in the table

export interface ErrorRule {
  class: ErrorClass;
  /** What no start is made for, for the rest of this tick. */
  stops: 'nothing' | 'instance' | 'scope';
  /** When the same call may be made again: `soon` (reads only, with backoff), at a later `tick`, in a later `opening`, or `never` without a person. */
  retry: 'soon' | 'tick' | 'opening' | 'never';
  severity: Severity;
  /** A thing to do. */
  hint: string;
}

/**
 * What to make of a code and the HTTP status that it came with (0: none). Never undefined: a code that is not in the
 * table stops what its status suggests, is never taken for harmless, and asks to be added.
 */
export function ruleFor(code: string, status: number): ErrorRule {
  const canonical = canonicalCode(code);
  const told = BY_STATUS[canonical]?.(status);
  if (told !== undefined) return ERROR_RULES[told];
  const rule = lookUp(canonical);
  // Whatever code stands beside it, 429 means "too many requests".
  if (status === 429 && rule?.class !== 'throttled') return ERROR_RULES['HTTP.429'];
  return rule ?? unknownRule(canonical, status);
}

/** Whether the table has it, in any spelling. */
export function isKnown(code: string): boolean {
  return lookUp(canonicalCode(code)) !== undefined;
}

/**
 * One spelling for each code. Older answers give `111400116` for `DCS.4116`: service 111, HTTP status, number.
 * The API gateway says `APIG.` or `APIGW.`, depending on which of its products answers.
 */
export function canonicalCode(code: string): string {
  const trimmed = code
    .trim()
    .toUpperCase()
    .replace(/^APIG\./, 'APIGW.');
  const [, status, number] = /^111(40[01345]|500)(\d{3})$/.exec(trimmed) ?? [];
  if (status === undefined) return trimmed;
  return ODD_LEGACY[trimmed] ?? `DCS.${FAMILY[status]}${number}`;
}

/** The first digit of the DCS code by the HTTP status in the older one. */
const FAMILY: Readonly<Record<string, number>> = { 400: 4, 401: 1, 403: 3, 404: 4, 405: 5, 500: 5 };
const ODD_LEGACY: Readonly<Record<string, string>> = { 111404022: 'DCS.3022' };

/** Codes that several faults share: the status tells which one it is. */
const BY_STATUS: Readonly<Record<string, (status: number) => keyof typeof ERROR_RULES | undefined>> = {
  'APIGW.0201': (status) => (status === 504 ? 'HTTP.504' : status >= 500 ? 'HTTP.502' : undefined),
  'DCS.4045': (status) => (status === 404 ? 'DCS.3022' : undefined),
};

function lookUp(canonical: string): ErrorRule | undefined {
  return Object.hasOwn(ERROR_RULES, canonical) ? ERROR_RULES[canonical as keyof typeof ERROR_RULES] : undefined;
}

function unknownRule(code: string, status: number): ErrorRule {
  const stops = status === 401 || status === 403 ? 'scope' : 'instance';
  const retry = status >= 500 ? 'soon' : 'never';
  const severity = stops === 'scope' ? 'critical' : 'error';
  const hint = `The code ${code} is not in the error table: see what it means, and add a line for it.`;
  return { class: 'unknown', stops, retry, severity, hint };
}

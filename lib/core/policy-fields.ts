import * as z from 'zod/mini';
import { parseTime } from './day.ts';
import { parseDuration } from './duration.ts';
import { DAY, HOUR, MINUTE } from './time.ts';
import { isZone } from './zone.ts';

/** With what an editor shows of it. That is kept beside the schema, not in a copy of it, as programs start with all this. */
export function described<T extends z.ZodMiniType>(schema: T, description: string): T {
  z.globalRegistry.add(schema, { description });
  return schema;
}

// The values that a policy is written in. The message of each completes "it must be …".

/** Unlike `.check()`, which makes a copy. */
function checked(check: z.core.$ZodCheck<string>, allowed: string) {
  return z.string({ error: allowed, checks: [check] });
}

export function text(allowed = 'a text that is not empty') {
  return checked(z.minLength(1, allowed), allowed);
}

export function pattern(form: RegExp, allowed: string) {
  return checked(z.regex(form, allowed), allowed);
}

/** Names stand in instance tags, ids and log lines: nothing in them needs quoting anywhere. */
export function name() {
  return pattern(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'a name of letters, digits, `.`, `_` and `-`');
}

export function list<T extends z.ZodMiniType>(item: T) {
  return z.array(item).check(z.minLength(1));
}

/** One text or a list of them, always a list afterwards. */
export function oneOrMore(allowed = 'a text, or a list of texts') {
  return z.pipe(
    z.union([text(allowed), z.array(text(allowed)).check(z.minLength(1, allowed))], allowed),
    z.transform((value) => (Array.isArray(value) ? value : [value])),
  );
}

export function count() {
  const allowed = 'a whole number from 1 up';
  return z.int(allowed).check(z.minimum(1, allowed));
}

export function zone() {
  const allowed = 'an IANA time zone name such as Asia/Shanghai';
  return checked(z.refine(isZone, allowed), allowed);
}

/** Milliseconds after midnight. `24:00` is the end of a day, never the start of one. */
export function time(latest: '23:59' | '24:00') {
  const form = latest === '24:00' ? /^(?:(?:[01]\d|2[0-3]):[0-5]\d|24:00)$/ : /^(?:[01]\d|2[0-3]):[0-5]\d$/;
  const allowed = `a time of day from "00:00" to "${latest}"`;
  return z.pipe(
    pattern(form, allowed),
    z.transform((value) => (value === '24:00' ? DAY : parseTime(value)!)),
  );
}

/** Milliseconds. */
export function duration(least: number, most: number) {
  const allowed = `a duration such as 45m, 3h30m or 2d, from ${show(least)} to ${show(most)}`;
  return z.pipe(
    z.string(allowed),
    z.transform((value, { issues }) => {
      const parsed = parseDuration(value);
      if (parsed !== null && parsed >= least && parsed <= most) return parsed;
      issues.push({ code: 'custom', message: allowed, input: value });
      return z.NEVER;
    }),
  );
}

function show(ms: number): string {
  return ms % DAY === 0 && ms > 0 ? `${ms / DAY}d` : ms % HOUR === 0 ? `${ms / HOUR}h` : `${ms / MINUTE}m`;
}

export function share() {
  const allowed = 'a share such as 5% (above 0%, at most 100%) or a whole number from 1 up';
  const number = z.int(allowed).check(z.minimum(1, allowed));
  const percentage = pattern(/^(?:100|\d{1,2}(?:\.\d{1,3})?)%$/, allowed);
  return z.pipe(
    z.union([number, percentage], allowed),
    z.transform((value, { issues }) => {
      if (typeof value === 'number') return { count: value };
      const part = Number.parseFloat(value) / 100;
      if (part > 0) return { share: part };
      issues.push({ code: 'custom', message: allowed, input: value });
      return z.NEVER;
    }),
  );
}

/** Per cent, from `<70%`. */
export function below() {
  const allowed = 'a limit such as "<70%", above 0% and at most 100%';
  return z.pipe(
    pattern(/^<(?:100|\d{1,2}(?:\.\d{1,3})?)%$/, allowed),
    z.transform((value, { issues }) => {
      const limit = Number.parseFloat(value.slice(1));
      if (limit > 0) return limit;
      issues.push({ code: 'custom', message: allowed, input: value });
      return z.NEVER;
    }),
  );
}

/** Milliseconds, from `<24h`. */
export function youngerThan(least: number, most: number) {
  const allowed = `an age such as "<24h", from ${show(least)} to ${show(most)}`;
  return z.pipe(
    z.string(allowed),
    z.transform((value, { issues }) => {
      const parsed = value.startsWith('<') ? parseDuration(value.slice(1)) : null;
      if (parsed !== null && parsed >= least && parsed <= most) return parsed;
      issues.push({ code: 'custom', message: allowed, input: value });
      return z.NEVER;
    }),
  );
}

export function url() {
  const allowed = 'an https URL (plain http only for this machine)';
  return checked(z.refine(isSafeUrl, allowed), allowed);
}

/** A URL, or the path of a file; a word before a colon makes it a URL, but for the letter of a drive. */
export function calendar() {
  const allowed = 'an https URL (plain http only for this machine), or the path of a file';
  const isUsable = (value: string) => value !== '' && (!/^[a-z][a-z0-9+.-]+:/i.test(value) || isSafeUrl(value));
  return checked(z.refine(isUsable, allowed), allowed);
}

function isSafeUrl(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, hostname } = new URL(value);
  return protocol === 'https:' || (protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(hostname));
}

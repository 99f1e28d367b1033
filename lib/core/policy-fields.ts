import * as z from 'zod/mini';
import { parseTime } from './day.ts';
import { durationText, parseDuration } from './duration.ts';
import { taught, textHint } from './policy-hints.ts';
import { ageHint, belowHint, durationHint, shareHint, timeHint } from './slips.ts';
import { DAY } from './time.ts';
import { isZone } from './zone.ts';
import { zoneHint } from './zone-hint.ts';

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
  taught(allowed, textHint);
  return checked(z.minLength(1, allowed), allowed);
}

export function pattern(form: RegExp, allowed: string, hint: Parameters<typeof taught>[1]) {
  taught(allowed, hint);
  return checked(z.regex(form, allowed), allowed);
}

/** Names stand in instance tags, ids and log lines: nothing in them needs quoting anywhere. */
export function name() {
  return pattern(NAME, 'a name of letters, digits, `.`, `_` and `-`', nameHint);
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

function nameHint(found: unknown): string {
  if (typeof found !== 'string') return textHint(found);
  const plain = found
    .slice(0, 40)
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[._-]+|-+$/g, '');
  return NAME.test(plain) ? `for example ${plain}` : 'for example prod-1';
}

export function list<T extends z.ZodMiniType>(item: T) {
  return z.array(item).check(z.minLength(1));
}

/** One text or a list of them, always a list afterwards. */
export function oneOrMore(allowed = 'a text, or a list of texts') {
  taught(allowed, listHint);
  return z.pipe(
    z.union([text(allowed), z.array(text(allowed)).check(z.minLength(1, allowed))], allowed),
    z.transform((value) => (Array.isArray(value) ? value : [value])),
  );
}

function listHint(found: unknown): string {
  if (!Array.isArray(found)) return typeof found === 'object' ? 'write a list: [a, b]' : textHint(found);
  if (found.length === 0) return 'name one, or leave the key out';
  return textHint(found.find((one) => typeof one !== 'string' || one === ''));
}

export function count() {
  const allowed = taught('a whole number from 1 up', (found) =>
    typeof found === 'string' && /^\d{1,9}$/.test(found) ? `write ${Number(found)} without quotes` : 'for example 5',
  );
  return z.int(allowed).check(z.minimum(1, allowed));
}

export function zone() {
  const allowed = taught('an IANA time zone name such as Asia/Shanghai', zoneHint);
  return checked(z.refine(isZone, allowed), allowed);
}

/** Milliseconds after midnight. `24:00` is the end of a day, never the start of one. */
export function time(latest: '23:59' | '24:00') {
  const form = latest === '24:00' ? /^(?:(?:[01]\d|2[0-3]):[0-5]\d|24:00)$/ : /^(?:[01]\d|2[0-3]):[0-5]\d$/;
  const allowed = `a time of day from "00:00" to "${latest}"`;
  return z.pipe(
    pattern(form, allowed, timeHint),
    z.transform((value) => (value === '24:00' ? DAY : parseTime(value)!)),
  );
}

/** Milliseconds. */
export function duration(least: number, most: number) {
  const range = `from ${durationText(least)} to ${durationText(most)}`;
  const allowed = taught(`a duration such as 45m, 3h30m or 2d, ${range}`, (found) => durationHint(found, least, most));
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

export function share() {
  const allowed = taught('a share such as 5% (above 0%, at most 100%) or a whole number from 1 up', shareHint);
  const number = z.int(allowed).check(z.minimum(1, allowed));
  const percentage = pattern(/^(?:100|\d{1,2}(?:\.\d{1,3})?)%$/, allowed, shareHint);
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
    pattern(/^<(?:100|\d{1,2}(?:\.\d{1,3})?)%$/, allowed, belowHint),
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
  const allowed = taught(`an age such as "<24h", from ${durationText(least)} to ${durationText(most)}`, (found) =>
    ageHint(found, least, most),
  );
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
  const allowed = taught(
    'an https URL (plain http only for this machine)',
    'begin it with https://, or write env:NAME and set that variable to such a URL',
  );
  return checked(z.refine(isSafeUrl, allowed), allowed);
}

/** A URL, or the path of a file; a word before a colon makes it a URL, but for the letter of a drive. */
export function calendar() {
  const allowed = taught(
    'an https URL (plain http only for this machine), or the path of a file',
    'begin it with https:// (also where the calendar is given as webcal://), or name a file',
  );
  const isUsable = (value: string) => value !== '' && (!/^[a-z][a-z0-9+.-]+:/i.test(value) || isSafeUrl(value));
  return checked(z.refine(isUsable, allowed), allowed);
}

function isSafeUrl(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, hostname } = new URL(value);
  return protocol === 'https:' || (protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(hostname));
}

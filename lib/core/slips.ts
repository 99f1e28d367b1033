import { cut } from './cut.ts';
import { durationText, parseDuration } from './duration.ts';

// What people write instead of times, durations and shares, and what to write then.

/** `1:00`, `01:00:00`, `100`, `1am`, `10 PM`. */
export function timeHint(found: unknown): string {
  const text = String(found);
  if (text === '24:00') return 'a day begins at "00:00"';
  const half = /^(\d{1,2})(?:[:.]?(\d\d))? ?([ap])\.?m\.?$/i.exec(text);
  if (half) return written((Number(half[1]) % 12) + (/p/i.test(half[3]!) ? 12 : 0), Number(half[2] ?? 0));
  const plain = /^(\d{1,2})(?:[:.h](\d{1,2})(?::00)?|(\d\d))?$/.exec(text);
  return plain ? written(Number(plain[1]), Number(plain[2] ?? plain[3] ?? 0)) : GENERAL_TIME;
}

const GENERAL_TIME = 'hours have two digits (00 to 23), and so have minutes (00 to 59), like "01:30"';

function written(hours: number, minutes: number): string {
  if (hours > 23 || minutes > 59) return GENERAL_TIME;
  return `write "${String(hours).padStart(2, '0')}:${String(minutes).padStart(2, '0')}"`;
}

/** `least` and `most` in milliseconds. */
export function durationHint(found: unknown, least: number, most: number): string {
  const text = cut(String(found).trim());
  const parsed = parseDuration(text);
  if (parsed !== null && parsed >= least && parsed <= most) return `write ${text}`;
  if (parsed !== null && parsed < least) return `it is at least ${durationText(least)}`;
  if (parsed !== null || /^\d{5,}[wdhms]$/.test(text)) return `it is at most ${durationText(most)}`;
  if (/^[-−]/.test(text)) return 'leave out the sign: a duration is never negative';
  if (/^\d{1,4}$/.test(text)) return `say the unit, such as ${text}m, ${text}h or ${text}d`;
  if (/^P[^T]*[YM]|\d ?(?:y|mo|M(?!i))/.test(text))
    return 'years and months have no fixed length: write days, such as 30d';
  const short = shortForm(text);
  if (short !== null) return `write ${short}`;
  if (/\d[.,]\d/.test(text)) return 'write whole numbers, such as 1h30m for an hour and a half';
  return 'write whole numbers with their units, the largest first: 90s, 45m, 3h, 3h30m, 2d';
}

/** `3 hours`, `90 min`, `3H`, `30m3h` as the policy has it; null for what is none of these. */
function shortForm(text: string): string | null {
  const parts = [...text.matchAll(/(\d{1,6})\s*([a-z]+)\s*/gi)];
  if (parts.length === 0 || parts.map(([all]) => all).join('') !== text) return null;
  const given = parts.map(([, digits, unit]) => ({ digits: digits!, unit: unitOf(unit!) }));
  const units = given.map(({ unit }) => unit);
  if (units.includes(null) || new Set(units).size < units.length) return null;
  const ordered = given.sort((a, b) => UNITS.indexOf(a.unit!) - UNITS.indexOf(b.unit!));
  return ordered.map(({ digits, unit }) => digits + unit).join('');
}

const UNITS = ['w', 'd', 'h', 'm', 's'];

function unitOf(word: string): string | null {
  const found = /^(?:(w)(?:eeks?)?|(d)(?:ays?)?|(h)(?:(?:ou)?rs?)?|(m)(?:in(?:ute)?s?)?|(s)(?:ec(?:ond)?s?)?)$/i.exec(
    word,
  );
  return (
    found
      ?.slice(1)
      .find((unit) => unit !== undefined)
      ?.toLowerCase() ?? null
  );
}

/** `5`, `0.05`, `5 %`. */
export function shareHint(found: unknown): string {
  const number = Number(String(found).replace('%', ''));
  if (Number.isNaN(number) || String(found).trim() === '') return 'for example 5%, or 3 for three instances';
  if (number > 0 && number < 1 && !String(found).includes('%')) return `write ${Number((number * 100).toFixed(3))}%`;
  if (typeof found === 'string' && Number.isInteger(number) && number > 0 && number <= 100)
    return found.includes('%')
      ? `write ${number}%`
      : `write ${number}% for a share, or ${number} without quotes for a number`;
  return 'for example 5%, or 3 for three instances; leave it out for all';
}

/** `70`, `70%`, `< 70%`. */
export function belowHint(found: unknown): string {
  const number = /^[<≤=]*\s*(\d{1,3}(?:\.\d{1,3})?)\s*%?$/.exec(String(found))?.[1];
  if (number === undefined || Number(number) <= 0 || Number(number) > 100)
    return 'for example "<70%"; leave the key out for no limit';
  return `write "<${number}%"`;
}

export function ageHint(found: unknown, least: number, most: number): string {
  const text = String(found);
  if (!text.startsWith('<')) return parseDuration(text) === null ? 'for example "<24h"' : `write "<${text}"`;
  const hint = durationHint(text.slice(1), least, most);
  return hint.replace(/^write (\d[0-9a-z]*)$/, 'write "<$1"');
}

/** `2ND TUE`, `second tuesday`, `last saturday`, `15`, `day 05`, `Last Day`. */
export function monthDayHint(found: unknown): string {
  const text = String(found).trim().toLowerCase();
  if (/^last[ -]?day$/.test(text)) return 'write "last day"';
  const day = Number(/^(?:day)?\s*(-?\d{1,2})$/.exec(text)?.[1] ?? 0);
  if (day !== 0 && Math.abs(day) <= 31) return `write "day ${day}"`;
  const [, which, weekday] = /^(\S+)[ -]+(mon|tue|wed|thu|fri|sat|sun)[a-z]*$/.exec(text) ?? [];
  const row = ORDINALS.find((one) => one.includes(which ?? ''));
  return row ? `write "${row[0]} ${weekday}"` : GENERAL_MONTH_DAY;
}

const ORDINALS = [['1st', 'first', '1', '1.'], ['2nd', 'second', '2', '2.'], ['3rd', 'third', '3', '3.'],
  ['4th', 'fourth', '4', '4.'], ['5th', 'fifth', '5', '5.'], ['last']]; // biome-ignore format: a table

const GENERAL_MONTH_DAY =
  'write 1st, 2nd, 3rd, 4th, 5th or last and a weekday of three small letters, or day and a number from 1 to 31';

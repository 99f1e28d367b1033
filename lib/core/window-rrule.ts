import { type Day, dayOf, fieldsOf, formatDate } from './day.ts';
import { DAY, type EpochMs } from './time.ts';
import { wallClock } from './wall.ts';
import type { Read } from './window-cron.ts';
import type { TimeOfDay } from './window-kinds.ts';

export interface RruleStart {
  day: Day;
  time: TimeOfDay;
  timezone: string;
}

/** Answers for one local day. */
export type Includes = (day: Day) => boolean;

/** Parts that may be given, with the range of their numbers; null: words, which the library checks. */
const PARTS: Partial<Record<string, [number, number] | null>> = {
  FREQ: null,
  UNTIL: null,
  BYDAY: null,
  WKST: null,
  INTERVAL: [1, 10_000],
  COUNT: [1, 10_000],
  BYMONTH: [1, 12],
  BYMONTHDAY: [-31, 31],
  BYYEARDAY: [-366, 366],
  BYWEEKNO: [-53, 53],
  BYSETPOS: [-366, 366],
};

const FREQUENCIES = ['DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY'];

/**
 * The days of a recurrence rule (RFC 5545, 3.3.10). As every occurrence has the time of `start`, the rule is worked
 * out in UTC, where no hour is missing or comes twice, and the zone's clock is applied to its days afterwards.
 */
export async function readRrule(text: string, start: RruleStart): Promise<Read<Includes>> {
  const parts = text.split(';').map((part) => part.split('=', 2) as [string, string | undefined]);
  const wrong = wrongPart(parts);
  if (wrong) return wrong;
  const given = new Map(parts);
  const until = given.get('UNTIL');
  const last = until === undefined ? Number.POSITIVE_INFINITY : readUntil(until);
  if (last === null || (until !== undefined && given.has('COUNT'))) return UNTIL_PROBLEM;
  const rule = parts.filter(([key]) => key !== 'UNTIL').map((part) => part.join('='));
  return expand(rule.join(';'), start, last);
}

const UNTIL_PROBLEM: Read<never> = {
  message: 'has an UNTIL that RFC 5545 (3.3.10) does not allow',
  hint: 'as start is local time, UNTIL is in UTC, like UNTIL=20261231T000000Z; UNTIL and COUNT exclude each other',
};

async function expand(rule: string, start: RruleStart, last: EpochMs): Promise<Read<Includes>> {
  const [{ RRuleTemporal }, { Temporal }] = await Promise.all([import('rrule-temporal'), import('temporal-polyfill')]);
  const midnight = (day: Day) => Temporal.Instant.fromEpochMilliseconds(day * DAY).toZonedDateTimeISO('UTC');
  const wall = wallClock(start.timezone);
  const rruleString = `DTSTART;TZID=UTC:${utcText(start.day)}\nRRULE:${rule}`;
  const years = new Map<number, Set<Day>>();
  try {
    const recurrence = new RRuleTemporal({ rruleString, strict: true });
    function daysOf(year: number): Set<Day> {
      const [from, to] = [dayOf({ year, month: 1, day: 1 }), dayOf({ year: year + 1, month: 1, day: 1 }) - 1];
      const found = recurrence.between(midnight(from), midnight(to), true);
      return new Set(found.map(({ epochMilliseconds }) => epochMilliseconds / DAY));
    }
    // Bounded: the library gives up after ten thousand periods.
    const first = recurrence.next(midnight(start.day), true);
    if (!first || wall.toInstant(first.epochMilliseconds / DAY, start.time) > last) return NEVER_FIRES;
    return {
      value(day) {
        if (day < start.day || wall.toInstant(day, start.time) > last) return false;
        const { year } = fieldsOf(day);
        const days = years.get(year) ?? daysOf(year);
        years.set(year, days);
        return days.has(day);
      },
    };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    if (why.startsWith('Maximum iterations')) return NEVER_FIRES;
    return { message: `is no recurrence rule: ${why}`, hint: 'see RFC 5545, section 3.3.10' };
  }
}

const NEVER_FIRES: Read<never> = { message: 'never fires', hint: 'no date of the calendar fits it' };

function utcText(day: Day): string {
  return `${formatDate(day).replaceAll('-', '')}T000000Z`;
}

function wrongPart(parts: readonly [string, string | undefined][]): Read<never> | null {
  const keys = parts.map(([key]) => key);
  const twice = keys.find((key, index) => keys.indexOf(key) !== index);
  if (twice !== undefined) return { message: `has ${twice} twice`, hint: null };
  if (!FREQUENCIES.includes(new Map(parts).get('FREQ') ?? '')) {
    return { message: 'has no usable FREQ', hint: `FREQ is one of ${FREQUENCIES.join(', ')}` };
  }
  for (const [key, value] of parts) {
    const range = PARTS[key];
    if (range === undefined) return { message: `has ${key}, which is not allowed`, hint: hintForPart(key) };
    if (!value || (range && !value.split(',').every((one) => isWithin(one, range)))) {
      return {
        message: `has a ${key} that is not allowed`,
        hint: range && `${key} is from ${range[0]} to ${range[1]}`,
      };
    }
  }
  return null;
}

function hintForPart(key: string): string {
  return /^BY(?:HOUR|MINUTE|SECOND)$/.test(key)
    ? '`start` says the time'
    : 'write RFC 5545 parts in capitals, without "RRULE:"';
}

function isWithin(text: string, [least, most]: [number, number]): boolean {
  const number = Number(text);
  return /^[+-]?\d+$/.test(text) && number !== 0 && least <= number && number <= most;
}

/** `20261231T000000Z`; null for anything else. */
function readUntil(text: string): EpochMs | null {
  const found = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (!found) return null;
  const [, year, month, day, hour, minute, second] = found;
  const at = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(at) ? null : at;
}

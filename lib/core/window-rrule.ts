import { cut } from './cut.ts';
import { type Day, formatDate } from './day.ts';
import { suggestion } from './policy-hints.ts';
import { type DayRule, ruleDays } from './rrule-days.ts';
import { DAY, type EpochMs } from './time.ts';
import { wallClock } from './wall.ts';
import type { Read } from './window-cron.ts';
import type { TimeOfDay, WindowKinds } from './window-kinds.ts';

export interface RruleStart {
  day: Day;
  time: TimeOfDay;
  timezone: string;
}

export type RruleDays = Pick<WindowKinds['rrule'], 'includes' | 'last'>;

/** Parts that may be given, with the range of their numbers; null: words, which the library checks. */
const PARTS: Partial<Record<string, [number, number] | null>> = {
  FREQ: null,
  UNTIL: null,
  BYDAY: null,
  WKST: null,
  INTERVAL: [1, 10_000],
  COUNT: [1, 1_000],
  BYMONTH: [1, 12],
  BYMONTHDAY: [-31, 31],
  BYYEARDAY: [-366, 366],
  BYWEEKNO: [-53, 53],
  BYSETPOS: [-366, 366],
};

const FREQUENCIES = ['DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY'] as const;

/** So many days are looked at before a rule is taken to have no further occurrence: the calendar repeats after them. */
const CALENDAR = 146_097;

/**
 * The days of a recurrence rule (RFC 5545, 3.3.10). As every occurrence has the time of `start`, the rule is worked
 * out in days, and the zone's clock is applied to them afterwards. The library says whether the rule is one of RFC 5545.
 * Its days are not taken: of yearly rules it leaves BYDAY out beside BYYEARDAY, BYMONTHDAY out beside a numbered BYDAY, and
 * takes the 53rd Monday of a year without one from the next.
 */
export async function readRrule(text: string, start: RruleStart): Promise<Read<RruleDays>> {
  const parts = text.split(';').map((part) => part.split('=', 2) as [string, string | undefined]);
  const wrong = wrongPart(parts);
  if (wrong) return wrong;
  const given = new Map(parts);
  const until = given.get('UNTIL');
  const last = until === undefined ? Number.POSITIVE_INFINITY : readUntil(until);
  if (last === null || (until !== undefined && given.has('COUNT'))) return UNTIL_PROBLEM;
  return (await wrongRule(parts, start.day)) ?? expand(given, start, last);
}

const UNTIL_PROBLEM: Read<never> = {
  message: 'has an UNTIL that RFC 5545 (3.3.10) does not allow',
  hint: 'as start is local time, UNTIL is in UTC, like UNTIL=20261231T000000Z; UNTIL and COUNT exclude each other',
};

async function wrongRule(parts: readonly [string, string | undefined][], start: Day): Promise<Read<never> | null> {
  const rule = parts.filter(([key]) => key !== 'UNTIL').map((part) => part.join('='));
  const { RRuleTemporal } = await import('rrule-temporal');
  try {
    new RRuleTemporal({ rruleString: `DTSTART;TZID=UTC:${utcText(start)}\nRRULE:${rule.join(';')}`, strict: true });
    return null;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { message: `is no recurrence rule: ${cut(why, 120)}`, hint: 'see RFC 5545, section 3.3.10' };
  }
}

function expand(given: ReadonlyMap<string, string | undefined>, start: RruleStart, until: EpochMs): Read<RruleDays> {
  const { includes, list } = ruleDays(dayRule(given, start.day));
  const wall = wallClock(start.timezone);
  const isBefore = (day: Day) => wall.toInstant(day, start.time) <= until;
  const count = given.get('COUNT');
  const found = take(list(CALENDAR), count === undefined ? 1 : Number(count));
  const [first, last] = [found[0], found.at(-1)];
  if (first === undefined || last === undefined || !isBefore(first)) return NEVER_FIRES;
  // A local day may be a day ahead of that of UTC.
  if (count === undefined)
    return { value: { includes: (day) => isBefore(day) && includes(day), last: Math.floor(until / DAY) + 1 } };
  const counted = new Set(found);
  return found.length < Number(count) ? TOO_FAR : { value: { includes: (day) => counted.has(day), last } };
}

function take<T>(items: Iterable<T>, most: number): T[] {
  const taken: T[] = [];
  for (const item of items) if (taken.push(item) === most) break;
  return taken;
}

/** What the parts of a rule say; the library has found them good. */
function dayRule(given: ReadonlyMap<string, string | undefined>, start: Day): DayRule {
  // As the library reads them: in any case, with blanks, and with commas too many.
  const words = (key: string) =>
    given
      .get(key)
      ?.toUpperCase()
      .match(/[^\s,]+/g) ?? [];
  const numbers = (key: string) => new Set(words(key).map(Number));
  const weekdays = new Map<number, Set<number>>();
  for (const word of words('BYDAY')) {
    const weekday = DAYS.indexOf(word.slice(-2)) + 1;
    weekdays.set(weekday, (weekdays.get(weekday) ?? new Set()).add(Number(word.slice(0, -2))));
  }
  return {
    frequency: FREQUENCIES.find((one) => one === given.get('FREQ'))!,
    interval: Number(given.get('INTERVAL') ?? 1),
    start,
    weekStart: DAYS.indexOf(words('WKST')[0] ?? 'MO') + 1,
    months: numbers('BYMONTH'),
    monthDays: numbers('BYMONTHDAY'),
    yearDays: numbers('BYYEARDAY'),
    weekNumbers: numbers('BYWEEKNO'),
    weekdays,
    positions: numbers('BYSETPOS'),
  };
}

const NEVER_FIRES: Read<never> = { message: 'never fires', hint: 'no date of the calendar fits it, from start on' };

const TOO_FAR: Read<never> = {
  message: 'has a COUNT that reaches too far to be counted',
  hint: 'write UNTIL=20261231T000000Z, or a FREQ that comes less often',
};

const DAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'];

function utcText(day: Day): string {
  return `${formatDate(day).replaceAll('-', '')}T000000Z`;
}

function wrongPart(parts: readonly [string, string | undefined][]): Read<never> | null {
  const keys = parts.map(([key]) => key);
  const twice = keys.find((key, index) => key !== '' && keys.indexOf(key) !== index);
  if (twice !== undefined) return { message: `has ${cut(twice)} twice`, hint: 'leave one of them out' };
  if (!FREQUENCIES.some((one) => one === new Map(parts).get('FREQ'))) {
    return { message: 'has no usable FREQ', hint: `FREQ is one of ${FREQUENCIES.join(', ')}` };
  }
  for (const [key, value = ''] of parts) {
    if (key === '') continue;
    const range = PARTS[key];
    if (range === undefined) return { message: `has ${cut(key)}, which is not allowed`, hint: hintForPart(key) };
    if (!value || (range && !value.split(',').every((one) => isWithin(one, range)))) {
      return {
        message: `has ${cut(`${key}=${value}`)}, which is not allowed`,
        hint: range ? `${key} is from ${range[0]} to ${range[1]}` : `write it like ${EXAMPLES[key]}`,
      };
    }
  }
  return keys.includes('') ? { message: 'has an empty part', hint: 'take out the ; too many' } : null;
}

const EXAMPLES: Partial<Record<string, string>> = {
  UNTIL: 'UNTIL=20261231T000000Z',
  BYDAY: 'BYDAY=MO,TH',
  WKST: 'WKST=MO',
};

function hintForPart(key: string): string {
  if (/^BY(?:HOUR|MINUTE|SECOND)$/i.test(key)) return '`start` says the time';
  if (/^(?:RRULE:|DTSTART)/i.test(key)) return 'write the parts alone, without "RRULE:"; `start` says when it begins';
  return suggestion(key, Object.keys(PARTS));
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

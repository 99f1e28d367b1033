import { cut } from './cut.ts';
import { type Day, dayOf, fieldsOf, formatDate, weekdayOf } from './day.ts';
import { suggestion } from './policy-hints.ts';
import { DAY, type EpochMs } from './time.ts';
import { wallClock } from './wall.ts';
import type { Read } from './window-cron.ts';
import type { TimeOfDay, WindowKinds } from './window-kinds.ts';

export interface RruleStart {
  day: Day;
  time: TimeOfDay;
  timezone: string;
  /** Of the time that may be spent on looking for a first occurrence, 0 to 1; several rules share it. */
  share: number;
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

/** Of each frequency, how many periods are looked at before a rule is taken to have no occurrence: some tenths of a second. */
const PERIODS: Partial<Record<string, number>> = { DAILY: 10_000, WEEKLY: 3_000, MONTHLY: 3_000, YEARLY: 500 };

const FREQUENCIES = Object.keys(PERIODS);

/**
 * The days of a recurrence rule (RFC 5545, 3.3.10). As every occurrence has the time of `start`, the rule is worked
 * out in UTC, where no hour is missing or comes twice, and the zone's clock is applied to its days afterwards.
 */
export async function readRrule(text: string, start: RruleStart): Promise<Read<RruleDays>> {
  const parts = text.split(';').map((part) => part.split('=', 2) as [string, string | undefined]);
  const wrong = wrongPart(parts);
  if (wrong) return wrong;
  const given = new Map(parts);
  const until = given.get('UNTIL');
  const last = until === undefined ? Number.POSITIVE_INFINITY : readUntil(until);
  if (last === null || (until !== undefined && given.has('COUNT'))) return UNTIL_PROBLEM;
  const rule = parts.filter(([key]) => key !== 'UNTIL').map((part) => part.join('='));
  return expand(rule.join(';'), given, start, last);
}

const UNTIL_PROBLEM: Read<never> = {
  message: 'has an UNTIL that RFC 5545 (3.3.10) does not allow',
  hint: 'as start is local time, UNTIL is in UTC, like UNTIL=20261231T000000Z; UNTIL and COUNT exclude each other',
};

async function expand(
  rule: string,
  given: ReadonlyMap<string, string | undefined>,
  start: RruleStart,
  last: EpochMs,
): Promise<Read<RruleDays>> {
  const [{ RRuleTemporal }, { Temporal }] = await Promise.all([import('rrule-temporal'), import('temporal-polyfill')]);
  const midnight = (day: Day) => Temporal.Instant.fromEpochMilliseconds(day * DAY).toZonedDateTimeISO('UTC');
  const wall = wallClock(start.timezone);
  const rruleString = `DTSTART;TZID=UTC:${utcText(start.day)}\nRRULE:${rule}`;
  const periods = Math.ceil((PERIODS[given.get('FREQ')!] ?? 0) * start.share);
  const isRight = notRolledOver(given);
  const toDays = (found: { epochMilliseconds: number }[]) =>
    new Set(found.map(({ epochMilliseconds }) => epochMilliseconds / DAY).filter(isRight));
  try {
    const recurrence = new RRuleTemporal({ rruleString, strict: true });
    const search = new RRuleTemporal({ rruleString, strict: true, maxIterations: periods });
    // To count, the library has to begin at the start for every question: it is asked once.
    const counted = given.has('COUNT') ? toDays(search.all()) : null;
    const first = counted
      ? Math.min(...counted)
      : (search.next(midnight(start.day), true)?.epochMilliseconds ?? Infinity) / DAY;
    if (first === Infinity || wall.toInstant(first, start.time) > last) return neverFires(periods);
    const daysOf = eachYearOnce(
      (from, to) => counted ?? toDays(recurrence.between(midnight(from), midnight(to), true)),
    );
    const includes = (day: Day) => day >= start.day && wall.toInstant(day, start.time) <= last && daysOf(day).has(day);
    // A local day may be a day ahead of that of UTC.
    return { value: { includes, last: counted ? Math.max(...counted) : Math.floor(last / DAY) + 1 } };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    if (why.startsWith('Maximum ')) return given.has('COUNT') ? TOO_FAR : neverFires(periods);
    return { message: `is no recurrence rule: ${cut(why, 120)}`, hint: 'see RFC 5545, section 3.3.10' };
  }
}

/** The days of the year that a day is in. */
function eachYearOnce(read: (first: Day, last: Day) => Set<Day>): (day: Day) => Set<Day> {
  const years = new Map<number, Set<Day>>();
  return (day) => {
    const { year } = fieldsOf(day);
    const known =
      years.get(year) ?? read(dayOf({ year, month: 1, day: 1 }), dayOf({ year: year + 1, month: 1, day: 1 }) - 1);
    years.set(year, known);
    return known;
  };
}

function neverFires(periods: number): Read<never> {
  return { message: 'never fires', hint: `no date of the calendar fits it, in ${periods} periods from start` };
}

const TOO_FAR: Read<never> = {
  message: 'has a COUNT that reaches too far to be counted',
  hint: 'write UNTIL=20261231T000000Z, or a FREQ that comes less often',
};

/**
 * Where a year has no 53rd Monday the library takes the first one of the next year, which RFC 5545 leaves out. Whatever
 * numbers weekdays of a year is therefore looked at once more.
 */
function notRolledOver(given: ReadonlyMap<string, string | undefined>): (day: Day) => boolean {
  const numbered = /(^|,)[+-]?\d/.test(given.get('BYDAY') ?? '');
  if (given.get('FREQ') !== 'YEARLY' || given.has('BYMONTH') || !numbered) return () => true;
  const wanted = (given.get('BYDAY') ?? '').split(',').map((one) => /^([+-]?\d*)(..)$/.exec(one));
  return (day) => {
    const { year } = fieldsOf(day);
    const [before, after] = [
      day - dayOf({ year, month: 1, day: 1 }),
      dayOf({ year: year + 1, month: 1, day: 1 }) - day,
    ];
    const places = [0, Math.floor(before / 7) + 1, -Math.ceil(after / 7)];
    return wanted.some((one) => one !== null && DAYS[weekdayOf(day) - 1] === one[2] && places.includes(Number(one[1])));
  };
}

const DAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'];

function utcText(day: Day): string {
  return `${formatDate(day).replaceAll('-', '')}T000000Z`;
}

function wrongPart(parts: readonly [string, string | undefined][]): Read<never> | null {
  const keys = parts.map(([key]) => key);
  const twice = keys.find((key, index) => key !== '' && keys.indexOf(key) !== index);
  if (twice !== undefined) return { message: `has ${cut(twice)} twice`, hint: 'leave one of them out' };
  if (!FREQUENCIES.includes(new Map(parts).get('FREQ') ?? '')) {
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

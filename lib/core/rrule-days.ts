import { type Day, dayOf, daysInMonth, fieldsOf, weekdayOf } from './day.ts';

/** However often a rule repeats a number, it is asked for once. */
type Numbers = ReadonlySet<number>;

/** A recurrence rule (RFC 5545, 3.3.10) without its end. What is empty is not given. */
export interface DayRule {
  frequency: 'DAILY' | 'WEEKLY' | 'MONTHLY' | 'YEARLY';
  interval: number;
  /** The first day; what the rule does not say is taken from it. */
  start: Day;
  /** ISO numbering. */
  weekStart: number;
  months: Numbers;
  monthDays: Numbers;
  yearDays: Numbers;
  weekNumbers: Numbers;
  /** By weekday, which ones of it; 0: each. */
  weekdays: ReadonlyMap<number, Numbers>;
  positions: Numbers;
}

/** A day and where it stands in its month and year, both counted from 1 and, negative, from the end. */
interface Place {
  day: Day;
  year: number;
  month: number;
  inMonth: readonly [number, number];
  inYear: readonly [number, number];
}

/** Quick for several days in a row, as they are in the same month mostly. */
type Places = (day: Day) => Place;

/** A stretch of days, both included. */
type Period = readonly [first: Day, last: Day];

/** No period after this day is looked at. */
const LAST_DAY = dayOf({ year: 9999, month: 12, day: 31 });

/**
 * The days of a rule. Each part of it is a question to a single day, whatever the frequency; the frequency says in which
 * periods, and among what the positions count.
 */
export function ruleDays(rule: DayRule): {
  includes: (day: Day) => boolean;
  /** From the start on, in order; it ends after so many days that were looked at. */
  list: (mostDays: number) => Iterable<Day>;
} {
  const places = placing();
  const tests = testsOf(rule, places(rule.start));
  const fits = (day: Day) => {
    const place = places(day);
    return tests.every((test) => test(place));
  };
  const [begin, periodAt] = [periodOf(rule, places, rule.start), periods(rule)];
  let known: { first: Day; chosen: readonly Day[] } | undefined;
  function chosenIn([first, last]: Period): readonly Day[] {
    if (known?.first === first) return known.chosen;
    const all: Day[] = [];
    for (let day = first; day <= last; day++) if (fits(day)) all.push(day);
    const { positions } = rule;
    const isAt = (index: number) => positions.has(index + 1) || positions.has(index - all.length);
    const chosen = positions.size === 0 ? all : all.filter((_, index) => isAt(index));
    known = { first, chosen };
    return chosen;
  }
  return {
    includes(day) {
      if (day < rule.start || !fits(day)) return false;
      const number = periodOf(rule, places, day);
      if ((number - begin) % rule.interval !== 0) return false;
      return rule.positions.size === 0 || chosenIn(periodAt(number)).includes(day);
    },
    *list(mostDays) {
      let left = mostDays;
      for (let number = begin; left > 0; number += rule.interval) {
        const period = periodAt(number);
        if (period[0] > LAST_DAY) return;
        for (const day of chosenIn(period)) if (day >= rule.start) yield day;
        left -= period[1] - period[0] + 1;
      }
    },
  };
}

function placing(): Places {
  let [first, length, year, month, yearBegins, yearEnds] = [0, 0, 0, 0, 0, 0];
  return (day) => {
    if (day < first || day >= first + length) {
      const date = fieldsOf(day);
      ({ year, month } = date);
      [first, length] = [day - date.day + 1, daysInMonth(year, month)];
      [yearBegins, yearEnds] = [dayOf({ year, month: 1, day: 1 }), dayOf({ year, month: 12, day: 31 })];
    }
    return {
      day,
      year,
      month,
      inMonth: [day - first + 1, day - first - length],
      inYear: [day - yearBegins + 1, day - yearEnds - 1],
    };
  };
}

/** Of the week, of the month or of the year, each with a number that goes up by one from period to period. */
function periodOf({ frequency, weekStart }: DayRule, places: Places, day: Day): number {
  if (frequency === 'DAILY') return day;
  // 1970 began on a Thursday.
  if (frequency === 'WEEKLY') return Math.floor((day + 4 - weekStart) / 7);
  const { year, month } = places(day);
  return frequency === 'MONTHLY' ? year * 12 + month - 1 : year;
}

function periods({ frequency, weekStart }: DayRule): (number: number) => Period {
  if (frequency === 'DAILY') return (number) => [number, number];
  if (frequency === 'WEEKLY') return (number) => [number * 7 - 4 + weekStart, number * 7 + 2 + weekStart];
  if (frequency === 'YEARLY') return (year) => [dayOf({ year, month: 1, day: 1 }), dayOf({ year, month: 12, day: 31 })];
  return (number) => {
    const [year, month] = [Math.floor(number / 12), (number % 12) + 1];
    const first = dayOf({ year, month, day: 1 });
    return [first, first + daysInMonth(year, month) - 1];
  };
}

/** The quick and the strict ones first. */
function testsOf(rule: DayRule, start: Place): ((place: Place) => boolean)[] {
  const { months, monthDays, yearDays, weekNumbers, weekdays, weekStart } = withDefaults(rule, start);
  const isIn = (wanted: Numbers, [fromStart, fromEnd]: readonly [number, number]) =>
    wanted.has(fromStart) || wanted.has(fromEnd);
  const ofMonth = rule.frequency === 'MONTHLY' || months.size > 0;
  const isWeekday = ({ day, inMonth, inYear }: Place) => {
    const wanted = weekdays.get(weekdayOf(day));
    const [fromStart, fromEnd] = ofMonth ? inMonth : inYear;
    return wanted !== undefined && (wanted.has(0) || isIn(wanted, [Math.ceil(fromStart / 7), Math.floor(fromEnd / 7)]));
  };
  return [
    ...(months.size > 0 ? [({ month }: Place) => months.has(month)] : []),
    ...(monthDays.size > 0 ? [({ inMonth }: Place) => isIn(monthDays, inMonth)] : []),
    ...(yearDays.size > 0 ? [({ inYear }: Place) => isIn(yearDays, inYear)] : []),
    ...(weekdays.size > 0 ? [isWeekday] : []),
    ...(weekNumbers.size > 0 ? [({ day }: Place) => isIn(weekNumbers, weekNumber(day, weekStart))] : []),
  ];
}

/** "Information not contained in the rule is derived from the start." */
function withDefaults(rule: DayRule, { month, inMonth, day }: Place): DayRule {
  const { frequency, months, monthDays, yearDays, weekNumbers, weekdays } = rule;
  if (frequency === 'DAILY' || [monthDays, yearDays, weekdays].some(({ size }) => size > 0)) return rule;
  if (frequency === 'WEEKLY' || weekNumbers.size > 0)
    return { ...rule, weekdays: new Map([[weekdayOf(day), new Set([0])]]) };
  const inYear = frequency === 'YEARLY' && months.size === 0 ? { months: new Set([month]) } : {};
  return { ...rule, ...inYear, monthDays: new Set([inMonth[0]]) };
}

/** Of the week that the day is in, in the year that has most of its days. */
function weekNumber(day: Day, weekStart: number): [fromStart: number, fromEnd: number] {
  const middle = day - ((weekdayOf(day) - weekStart + 7) % 7) + 3;
  const { year } = fieldsOf(middle);
  const before = middle - dayOf({ year, month: 1, day: 1 });
  const after = dayOf({ year, month: 12, day: 31 }) - middle;
  return [Math.floor(before / 7) + 1, -Math.floor(after / 7) - 1];
}

import { type Day, daysInMonth, fieldsOf, weekdayOf } from './day.ts';
import type { Instance } from './instance.ts';
import { DAY, SECOND } from './time.ts';

/** Milliseconds after local midnight; a day or more only where it says so. */
export type TimeOfDay = number;

/** A wall-clock time (at or before the start: on the next day; a whole day: the next midnight), or elapsed time. */
export type End = { to: TimeOfDay } | { duration: number };

/** Which day of a month: the `nth` one (-1: the last) of a weekday (Monday is 1), or a day (negative: from the end). */
export type MonthDay = { nth: number; weekday: number } | { day: number };

/** What each kind of window knows. To add a kind: one line here, one in {@link SCHEDULES}, one in the reader. */
export interface WindowKinds {
  days: { weekdays: number[]; start: TimeOfDay; end: End };
  /** `months` null: all. `offset`: calendar days after the day that was found. */
  monthly: { on: MonthDay; months: number[] | null; offset: number; start: TimeOfDay; end: End };
  /** `either`: day of month and day of week are both restricted, so one of them is enough (the Vixie rule). */
  cron: { times: TimeOfDay[]; months: number[]; days: number[]; weekdays: number[]; either: boolean; end: End };
  /** `includes` answers for one local day, `start`'s day or later. After `last` there is none; infinity where it never ends. */
  rrule: { includes: (day: Day) => boolean; last: Day; start: TimeOfDay; end: End };
  date: { day: Day; start: TimeOfDay; end: End };
  /** The instance's own maintenance window, which DCS gives in UTC. */
  instance: object;
}

export type WindowKind = keyof WindowKinds;
export type WindowOf<K extends WindowKind> = { kind: K; name: string; timezone: string } & WindowKinds[K];
export type Window = { [K in WindowKind]: WindowOf<K> }[WindowKind];

/** A window as a rule for one local day after the other. */
export interface Schedule {
  /** When it opens on that day; empty: not at all. */
  startsOn(day: Day): readonly TimeOfDay[];
  end: End;
}

const NEVER: readonly TimeOfDay[] = [];

const SCHEDULES: { [K in WindowKind]: (window: WindowOf<K>, maintain: Instance['maintain']) => Schedule | null } = {
  days: ({ weekdays, start, end }) => once(start, end, (day) => weekdays.includes(weekdayOf(day))),
  monthly: ({ on, months, offset, start, end }) => once(start, end, (day) => isMonthDay(day - offset, on, months)),
  cron: (window) => ({ end: window.end, startsOn: (day) => (isCronDay(day, window) ? window.times : NEVER) }),
  rrule: ({ includes, start, end }) => once(start, end, includes),
  date: (window) => once(window.start, window.end, (day) => day === window.day),
  instance: (_, maintain) => maintain && ownWindow(maintain),
};

/** Null when there is nothing to open: an instance without a maintenance window of its own. */
export function scheduleOf(window: Window, maintain: Instance['maintain']): Schedule | null {
  const make = SCHEDULES[window.kind] as (window: Window, maintain: Instance['maintain']) => Schedule | null;
  return make(window, maintain);
}

function once(start: TimeOfDay, end: End, opensOn: (day: Day) => boolean): Schedule {
  const starts = [start];
  return { end, startsOn: (day) => (opensOn(day) ? starts : NEVER) };
}

function isMonthDay(day: Day, on: MonthDay, months: readonly number[] | null): boolean {
  const date = fieldsOf(day);
  if (months && !months.includes(date.month)) return false;
  const fromEnd = date.day - daysInMonth(date.year, date.month) - 1;
  if ('day' in on) return on.day === (on.day > 0 ? date.day : fromEnd);
  return weekdayOf(day) === on.weekday && on.nth === (on.nth > 0 ? Math.ceil(date.day / 7) : -Math.ceil(-fromEnd / 7));
}

function isCronDay(day: Day, { months, days, weekdays, either }: WindowOf<'cron'>): boolean {
  const date = fieldsOf(day);
  if (!months.includes(date.month)) return false;
  const isDay = days.includes(date.day);
  const isWeekday = weekdays.includes(weekdayOf(day));
  return either ? isDay || isWeekday : isDay && isWeekday;
}

/** Every day; an empty one (begin is end) never opens, so that it cannot mean "always" by accident. */
function ownWindow({ begin, end }: NonNullable<Instance['maintain']>): Schedule | null {
  const [start, to] = [clockTime(begin), clockTime(end)];
  if (start === null || to === null || start === to) return null;
  return once(start, { to }, () => true);
}

/** `18:00:00` or `18:00`; `24:00` and `00:00` are the same end. */
function clockTime(text: string): TimeOfDay | null {
  const found = /^(\d\d):(\d\d)(?::(\d\d))?$/.exec(text);
  if (!found) return null;
  const [hours, minutes, seconds] = [Number(found[1]), Number(found[2]), Number(found[3] ?? 0)];
  const time = ((hours * 60 + minutes) * 60 + seconds) * SECOND;
  return minutes < 60 && seconds < 60 && time <= DAY ? time % DAY : null;
}

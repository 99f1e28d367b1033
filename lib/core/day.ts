import { DAY } from './time.ts';

/** A calendar date as days since 1970-01-01, whatever the zone: date arithmetic is then plain arithmetic. */
export type Day = number;

export interface DateFields {
  year: number;
  /** 1 to 12. */
  month: number;
  /** 1 to 31. */
  day: number;
}

/** ISO numbering: Monday is 1, Sunday is 7. */
export function weekdayOf(day: Day): number {
  return ((((day + 3) % 7) + 7) % 7) + 1;
}

export function fieldsOf(day: Day): DateFields {
  const date = new Date(day * DAY);
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
}

export function dayOf({ year, month, day }: DateFields): Day {
  return Date.UTC(year, month - 1, day) / DAY;
}

export function daysInMonth(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}

/** `2026-11-24`, or null for anything that is not a date of the calendar. */
export function parseDate(text: string): Day | null {
  const found = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text);
  if (!found) return null;
  const fields = { year: Number(found[1]), month: Number(found[2]), day: Number(found[3]) };
  const day = dayOf(fields);
  return formatDate(day) === text ? day : null;
}

export function formatDate(day: Day): string {
  return new Date(day * DAY).toISOString().slice(0, 10);
}

/** `01:30` as milliseconds after midnight; null for anything else. `24:00` is the caller's to allow. */
export function parseTime(text: string): number | null {
  const found = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text);
  return found ? (Number(found[1]) * 60 + Number(found[2])) * 60_000 : null;
}

/** `2026-01-04T01:30`, as a wall shows it; null for anything else. */
export function parseDateTime(text: string): { day: Day; time: number } | null {
  const found = /^(.{10})[T ](\d\d:\d\d)(?::00)?$/.exec(text);
  const day = parseDate(found?.[1] ?? '');
  const time = parseTime(found?.[2] ?? '');
  return day === null || time === null ? null : { day, time };
}

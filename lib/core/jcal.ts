import { type Day, parseDate } from './day.ts';
import { DAY, HOUR, MINUTE, SECOND } from './time.ts';

// iCalendar as JSON (jCal, RFC 7265): what an iCalendar parser makes of a text. Values stay as they were written.

/** Name in lower case, parameters, type of the value, value or values. */
export type Property = readonly [
  name: string,
  params: Readonly<Record<string, unknown>>,
  type: string,
  ...values: unknown[],
];

export type Component = readonly [name: string, properties: readonly Property[], components: readonly Component[]];

/** The calendar holds something that is not understood. Nothing of it may be used then. */
export class FeedError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'FeedError';
  }
}

export function componentsOf([, , components]: Component, name: string): Component[] {
  return components.filter(([found]) => found === name);
}

export function propertiesOf([, properties]: Component, name: string): Property[] {
  return properties.filter(([found]) => found === name);
}

/** @throws FeedError when it stands there twice */
export function propertyOf(component: Component, name: string): Property | null {
  const [found, ...more] = propertiesOf(component, name);
  if (more.length > 0) throw new FeedError(`an event has ${name} twice`);
  return found ?? null;
}

/** The first value as text; empty where there is none. */
export function textOf(property: Property | null): string {
  const value = property?.[3];
  return typeof value === 'string' ? value : '';
}

/** A date, or a date and a time, as it stands there. */
export interface Written {
  day: Day;
  /** Milliseconds after midnight; null for a whole day. */
  time: number | null;
  isUtc: boolean;
}

/** `2026-12-24`, `2026-12-24T08:30:00` or the same with `Z`. @throws FeedError */
export function readWritten(value: unknown): Written {
  const [, date = '', hours, minutes, seconds, zulu] =
    /^(\d{4}-\d\d-\d\d)(?:T([01]\d|2[0-3]):([0-5]\d):([0-5]\d|60)(Z?))?$/.exec(String(value)) ?? [];
  const day = parseDate(date);
  if (day === null) throw new FeedError(`${String(value).slice(0, 40)} is no date`);
  if (hours === undefined) return { day, time: null, isUtc: false };
  const time = Number(hours) * HOUR + Number(minutes) * MINUTE + Number(seconds) * SECOND;
  return { day, time, isUtc: zulu === 'Z' };
}

/** `P1DT2H`, `P2W`: a day is 24 hours. @throws FeedError */
export function readLength(value: unknown): number {
  const found = /^\+?P(?:(\d{1,4})W|(?:(\d{1,5})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,7})M)?(?:(\d{1,8})S)?)?)$/.exec(
    String(value),
  );
  if (!found) throw new FeedError(`${String(value).slice(0, 40)} is no duration`);
  const [weeks, days, hours, minutes, seconds] = found.slice(1).map((part) => Number(part ?? 0)) as number[];
  return (weeks! * 7 + days!) * DAY + hours! * HOUR + minutes! * MINUTE + seconds! * SECOND;
}

const WEEKDAYS = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA'];

/** A recurrence rule as RFC 5545 writes it, without its UNTIL. @throws FeedError */
export function ruleText(value: unknown): string {
  if (typeof value !== 'object' || value === null) throw new FeedError('an event has an RRULE that is none');
  const parts = Object.entries(value).filter(([key]) => key !== 'until');
  return parts
    .map(
      ([key, part]) =>
        `${key.toUpperCase()}=${typeof part === 'number' && key === 'wkst' ? WEEKDAYS[part - 1] : [part].flat().join()}`,
    )
    .join(';');
}

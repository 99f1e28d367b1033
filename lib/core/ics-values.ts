import { type Day, parseDate } from './day.ts';
import { type Component, FeedError, type Property } from './ics-text.ts';
import { DAY, HOUR, MINUTE, SECOND } from './time.ts';

// What the values of iCalendar mean (RFC 5545, 3.3).

export function componentsOf({ components }: Component, name: string): Component[] {
  return components.filter((found) => found.name === name);
}

export function propertiesOf({ properties }: Component, name: string): Property[] {
  return properties.filter((found) => found.name === name);
}

/** @throws FeedError when it stands there twice */
export function propertyOf(component: Component, name: string): Property | null {
  const [found, ...more] = propertiesOf(component, name);
  if (more.length > 0) throw new FeedError(`${component.name === 'vevent' ? 'an event' : 'a zone'} has ${name} twice`);
  return found ?? null;
}

/** The values of a property that may have several. */
export function valuesOf({ value }: Property): string[] {
  return value.split(',').filter((one) => one !== '');
}

/** A date, or a date and a time, as it stands there. */
export interface Written {
  day: Day;
  /** Milliseconds after midnight; null for a whole day. */
  time: number | null;
  isUtc: boolean;
}

/** `20261224`, `20261224T083000` or the same with `Z`. @throws FeedError */
export function readWritten(value: string): Written {
  const [, year, month, date, hours, minutes, seconds, zulu] =
    /^(\d{4})(\d\d)(\d\d)(?:T([01]\d|2[0-3])([0-5]\d)([0-5]\d|60)(Z?))?$/i.exec(value.trim()) ?? [];
  const day = parseDate(`${year}-${month}-${date}`);
  if (day === null) throw new FeedError(`${value.slice(0, 40)} is no date`);
  if (hours === undefined) return { day, time: null, isUtc: false };
  const time = Number(hours) * HOUR + Number(minutes) * MINUTE + Number(seconds) * SECOND;
  return { day, time, isUtc: zulu !== '' };
}

/** `P1DT2H`, `P2W`: a day is 24 hours. @throws FeedError */
export function readLength(value: string): number {
  const found =
    /^\+?P(?=\d|T\d)(?:(\d{1,4})W|(?:(\d{1,5})D)?(?:T(?=\d)(?:(\d{1,6})H)?(?:(\d{1,7})M)?(?:(\d{1,8})S)?)?)$/i.exec(
      value.trim(),
    );
  if (!found) throw new FeedError(`${value.slice(0, 40)} is no duration`);
  const [weeks, days, hours, minutes, seconds] = found.slice(1).map((part) => Number(part ?? 0)) as number[];
  return (weeks! * 7 + days!) * DAY + hours! * HOUR + minutes! * MINUTE + seconds! * SECOND;
}

/** `+0100`, `-033000`: milliseconds. @throws FeedError */
export function readOffset(value: string): number {
  const [, sign, hours, minutes, seconds = '0'] = /^([+-])(\d\d)([0-5]\d)([0-5]\d)?$/.exec(value.trim()) ?? [];
  if (sign === undefined) throw new FeedError(`${value.slice(0, 40)} is no offset from UTC`);
  const size = Number(hours) * HOUR + Number(minutes) * MINUTE + Number(seconds) * SECOND;
  return sign === '-' ? -size : size;
}

/** A recurrence rule without its end, which may be a local time. `until` is null when it has none. */
export function splitRule(value: string): { rule: string; until: string | null } {
  const parts = value.toUpperCase().split(';');
  const isEnd = (part: string) => part.startsWith('UNTIL=');
  return {
    rule: parts.filter((part) => part !== '' && !isEnd(part)).join(';'),
    until: parts.find(isEnd)?.slice('UNTIL='.length) ?? null,
  };
}

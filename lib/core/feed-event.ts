import type { Day } from './day.ts';
import type { Stretch } from './freeze.ts';
import { type Component, FeedError, type Property } from './ics-text.ts';
import { propertiesOf, propertyOf, readLength, readWritten, valuesOf, type Written } from './ics-values.ts';
import type { ToInstant } from './ics-zone.ts';
import { DAY, type EpochMs } from './time.ts';
import { wallClock } from './wall.ts';
import { isZone } from './zone.ts';

export interface FeedOptions {
  /** IANA name: where whole days begin, and what times without a zone are in. */
  timezone: string;
  /** Only what lies in `[from, to)` is wanted. */
  from: EpochMs;
  to: EpochMs;
  /** Whether it has taken too long; it is asked before each event. */
  isLate?: () => boolean;
  /** Zones that the calendar defines itself, under names that are not IANA's. */
  zones: ReadonlyMap<string, ToInstant>;
}

export interface Event {
  uid: string;
  written: Written;
  at: ToInstant;
  /** A timed event lasts so long on every date; a whole day ends at midnight. */
  length: { ms: number } | { days: number };
  component: Component;
}

/** @throws FeedError when anything of it is not understood */
export function readEvent(component: Component, options: FeedOptions): Event {
  const start = propertyOf(component, 'dtstart');
  if (!start) throw new FeedError('an event has no beginning');
  const written = readWritten(start.value);
  return {
    uid: propertyOf(component, 'uid')?.value ?? '',
    written,
    at: clockOf(start.params, written, options),
    length: lengthOf(component, written, start, options),
    component,
  };
}

/** @throws FeedError for a zone that nobody knows */
function clockOf({ tzid }: Property['params'], { isUtc }: Written, { timezone, zones }: FeedOptions): ToInstant {
  if (isUtc) return (day, time) => day * DAY + time;
  if (tzid === undefined) return wallClock(timezone).toInstant;
  if (isZone(tzid)) return wallClock(tzid).toInstant;
  const own = zones.get(tzid);
  if (!own) throw new FeedError(`the time zone ${tzid.slice(0, 60)} is not known`);
  return own;
}

/** Of one of the property's values, as it may have several. */
export function instantOf({ params }: Property, value: string, options: FeedOptions): EpochMs {
  const written = readWritten(value);
  return clockOf(params, written, options)(written.day, written.time ?? 0);
}

function lengthOf(component: Component, written: Written, start: Property, options: FeedOptions): Event['length'] {
  const [end, duration] = [propertyOf(component, 'dtend'), propertyOf(component, 'duration')];
  const isWholeDay = written.time === null;
  if (duration) {
    const ms = readLength(duration.value);
    return isWholeDay ? { days: Math.ceil(ms / DAY) } : { ms };
  }
  if (!end) return isWholeDay ? { days: 1 } : { ms: 0 };
  if (isWholeDay !== (readWritten(end.value).time === null))
    throw new FeedError('an event begins with a day and ends at a time');
  const ms = isWholeDay
    ? (readWritten(end.value).day - written.day) * DAY
    : instantOf(end, end.value, options) - instantOf(start, start.value, options);
  if (ms < 0) throw new FeedError('an event ends before it begins');
  // The end of a day that is the day itself is written by some for "this day".
  return isWholeDay ? { days: Math.max(1, ms / DAY) } : { ms };
}

export function isRecurring(component: Component): boolean {
  return propertiesOf(component, 'rrule').length > 0;
}

/** What stands in place of an occurrence is an event of its own; by uid, the instants that it stands for. */
export function movedOccurrences(components: readonly Component[], options: FeedOptions): Map<string, Set<EpochMs>> {
  const moved = new Map<string, Set<EpochMs>>();
  for (const component of components) {
    const property = propertyOf(component, 'recurrence-id');
    if (!property) continue;
    if (property.params.range !== undefined)
      throw new FeedError('an event changes "this and future" ones, which is not supported');
    const uid = propertyOf(component, 'uid')?.value ?? '';
    moved.set(uid, (moved.get(uid) ?? new Set()).add(instantOf(property, property.value, options)));
  }
  return moved;
}

/** A day that is excluded excludes what begins on it. */
export function exclusionsOf(component: Component, options: FeedOptions): (at: EpochMs, day: Day) => boolean {
  const instants = new Set<EpochMs>();
  const days = new Set<Day>();
  for (const property of propertiesOf(component, 'exdate')) {
    for (const value of valuesOf(property)) {
      const { day, time } = readWritten(value);
      if (time === null) days.add(day);
      else instants.add(instantOf(property, value, options));
    }
  }
  return (at, day) => instants.has(at) || days.has(day);
}

/** Dates beside the rule: like the others as long as the event, or periods that say it themselves. */
export function extraDates({ component, length, at }: Event, options: FeedOptions): Stretch[] {
  return propertiesOf(component, 'rdate').flatMap((property) =>
    valuesOf(property).map((value): Stretch => {
      const [begin, end] = value.split('/');
      if (end !== undefined) {
        const from = instantOf(property, begin!, options);
        return { from, to: /^\+?P/i.test(end) ? from + readLength(end) : instantOf(property, end, options) };
      }
      const { day, time } = readWritten(value);
      const from = instantOf(property, value, options);
      return {
        from,
        to:
          'days' in length && time === null
            ? at(day + length.days, 0)
            : from + ('ms' in length ? length.ms : length.days * DAY),
      };
    }),
  );
}

import type { Day } from './day.ts';
import {
  type Event,
  exclusionsOf,
  extraDates,
  type FeedOptions,
  isRecurring,
  movedOccurrences,
  readEvent,
} from './feed-event.ts';
import { type Stretch, united } from './freeze.ts';
import { type Component, FeedError } from './ics-text.ts';
import { componentsOf, propertyOf, readWritten, splitRule, type Written } from './ics-values.ts';
import { readZone, type ToInstant } from './ics-zone.ts';
import { DAY, type EpochMs } from './time.ts';
import { readRrule } from './window-rrule.ts';
import { isZone } from './zone.ts';

/** More of anything is not a calendar of freezes, and would take longer than a moment. */
const MOST_EVENTS = 10_000;
const MOST_RECURRING = 500;
const MOST_STRETCHES = 20_000;

/**
 * When the events of a calendar take place, apart from each other and in order: all-day and timed ones, recurrences with
 * their exceptions, and single occurrences that were moved. @throws FeedError when any of it is not understood: a freeze
 * that is silently left out would be worse than a calendar that cannot be read
 */
export async function readFeed(calendars: readonly Component[], asked: Omit<FeedOptions, 'zones'>): Promise<Stretch[]> {
  const unknown = calendars.flatMap((calendar) => componentsOf(calendar, 'vfreebusy'));
  if (unknown.length > 0) throw new FeedError('it has VFREEBUSY, which is not supported');
  const options = { ...asked, zones: await zonesOf(calendars, asked) };
  const components = calendars.flatMap((calendar) => componentsOf(calendar, 'vevent'));
  if (components.length > MOST_EVENTS) throw new FeedError(`it has more than ${MOST_EVENTS} events`);
  const moved = movedOccurrences(components, options);
  const alive = components.filter((component) => propertyOf(component, 'status')?.value.toUpperCase() !== 'CANCELLED');
  const events = alive.map((component) => readEvent(component, options));
  if (events.filter(({ component }) => isRecurring(component)).length > MOST_RECURRING)
    throw new FeedError(`it has more than ${MOST_RECURRING} recurring events`);
  const stretches: Stretch[] = [];
  for (const event of events) {
    if (options.isLate?.()) throw tooLong();
    stretches.push(...(await occurrences(event, moved.get(event.uid) ?? new Set(), options)));
    if (stretches.length > MOST_STRETCHES) throw new FeedError(`it has more than ${MOST_STRETCHES} occurrences`);
  }
  return united(stretches.sort((a, b) => a.from - b.from));
}

async function occurrences(event: Event, moved: ReadonlySet<EpochMs>, options: FeedOptions): Promise<Stretch[]> {
  const { at, length, component } = event;
  const { day: first, time } = event.written;
  const isException = propertyOf(component, 'recurrence-id') !== null;
  const isExcluded = exclusionsOf(component, options);
  const includes = await ruleOf(event);
  const end = (day: Day): EpochMs => ('days' in length ? at(day + length.days, 0) : at(day, time ?? 0) + length.ms);
  const longest = ('days' in length ? length.days * DAY : length.ms) + 2 * DAY;
  const days = new Set([first]);
  const last = includes ? Math.floor(options.to / DAY) + 2 : first;
  for (let day = Math.max(first, Math.floor((options.from - longest) / DAY)); day <= last; day++)
    if (includes?.(day)) days.add(day);
  const found = [...days]
    .filter((day) => !isExcluded(at(day, time ?? 0), day) && (isException || !moved.has(at(day, time ?? 0))))
    .map((day): Stretch => ({ from: at(day, time ?? 0), to: end(day) }));
  return [...found, ...extraDates(event, options)].filter(
    ({ from, to }) => from < to && from < options.to && to > options.from,
  );
}

/** Null: it happens once. The first day belongs to it whatever the rule says. */
async function ruleOf({ written, at, component }: Event): Promise<((day: Day) => boolean) | null> {
  const property = propertyOf(component, 'rrule');
  if (!property) return null;
  const { rule, until } = splitRule(property.value);
  const start = { day: written.day, time: written.time ?? 0, timezone: 'UTC' };
  const read = await readRrule(rule, start);
  if (!('value' in read)) throw new FeedError(`an event's recurrence rule ${read.message}`);
  const isBefore = until === null ? () => true : untilOf(until, written, at);
  return (day) => isBefore(day) && read.value.includes(day);
}

function untilOf(until: string, { time }: Written, at: Event['at']): (day: Day) => boolean {
  const last = readWritten(until);
  if (last.time === null) return (day) => day <= last.day;
  const end = last.isUtc ? last.day * DAY + last.time : at(last.day, last.time);
  return (day) => at(day, time ?? 0) <= end;
}

/** The zones that events name and that are not IANA's. */
async function zonesOf(
  calendars: readonly Component[],
  { from, to, isLate }: Omit<FeedOptions, 'zones'>,
): Promise<Map<string, ToInstant>> {
  const events = calendars.flatMap((calendar) => componentsOf(calendar, 'vevent'));
  const named = new Set(events.flatMap(({ properties }) => properties.map(({ params }) => params.tzid)));
  const zones = new Map<string, ToInstant>();
  for (const zone of calendars.flatMap((calendar) => componentsOf(calendar, 'vtimezone'))) {
    const tzid = propertyOf(zone, 'tzid')?.value;
    if (isLate?.()) throw tooLong();
    if (tzid !== undefined && named.has(tzid) && !isZone(tzid) && !zones.has(tzid))
      zones.set(tzid, await readZone(zone, from, to));
  }
  return zones;
}

function tooLong(): FeedError {
  return new FeedError('it takes too long to work out');
}

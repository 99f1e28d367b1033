import type { Day } from './day.ts';
import { type Component, FeedError } from './ics-text.ts';
import { componentsOf, propertiesOf, propertyOf, readOffset, readWritten, splitRule, valuesOf } from './ics-values.ts';
import { DAY, type EpochMs } from './time.ts';
import { readRrule } from './window-rrule.ts';

/** The instant at which a wall shows a day and a time. */
export type ToInstant = (day: Day, time: number) => EpochMs;

/** From `at` on a clock is `offset` ms ahead of UTC, where it was `before`. */
interface Onset {
  at: EpochMs;
  before: number;
  offset: number;
}

/** More is no zone: the busiest changes its clocks four times a year. */
const MOST_ONSETS = 100;

/** So long before what is asked for the last change of the clocks may lie. */
const BEHIND = 400 * DAY;

/**
 * The clock of a zone that a calendar defines itself (RFC 5545, 3.6.5), as some programs do under names of their own.
 * It is right within `[from, to)`; skipped and repeated times are as in `wallClock`. @throws FeedError
 */
export async function readZone(zone: Component, from: EpochMs, to: EpochMs): Promise<ToInstant> {
  const courses = [...componentsOf(zone, 'standard'), ...componentsOf(zone, 'daylight')];
  const onsets = (await Promise.all(courses.map((course) => onsetsOf(course, from - BEHIND, to)))).flat();
  onsets.sort((a, b) => a.at - b.at);
  const recent = onsets.filter((_, nth) => (onsets[nth + 1]?.at ?? Number.POSITIVE_INFINITY) > from - BEHIND);
  const [first] = recent;
  if (!first) throw new FeedError('a time zone of it says nothing');
  if (recent.length > MOST_ONSETS) throw new FeedError('a time zone of it changes its clocks too often');
  const eras = [{ at: Number.NEGATIVE_INFINITY, offset: first.before }, ...recent];
  return (day, time) => {
    const wall = day * DAY + time;
    const index = eras.findIndex((era, nth) => wall - era.offset < (eras[nth + 1]?.at ?? Number.POSITIVE_INFINITY));
    return Math.max(wall - eras[index]!.offset, eras[index]!.at);
  };
}

async function onsetsOf(course: Component, from: EpochMs, to: EpochMs): Promise<Onset[]> {
  const [start, before, after] = ['dtstart', 'tzoffsetfrom', 'tzoffsetto'].map((name) => propertyOf(course, name));
  if (!start || !before || !after) throw new FeedError('a time zone of it is incomplete');
  const [offsetBefore, offset] = [readOffset(before.value), readOffset(after.value)];
  const rule = propertyOf(course, 'rrule')?.value ?? null;
  const { day: first, time } = readWritten(isEveryYear(rule) ? sinceTheEpoch(start.value) : start.value);
  const onset = (day: Day, at: number | null): Onset => ({
    at: day * DAY + (at ?? 0) - offsetBefore,
    before: offsetBefore,
    offset,
  });
  const dates = propertiesOf(course, 'rdate').flatMap(valuesOf).map(readWritten);
  const found = [onset(first, time), ...dates.map((date) => onset(date.day, date.time))];
  if (rule === null) return found;
  const isOn = await ruleOfZone(rule, first);
  for (let day = Math.max(first, Math.floor(from / DAY)); day * DAY < to; day++)
    if (isOn(day, onset(day, time).at)) found.push(onset(day, time));
  return found;
}

async function ruleOfZone(value: string, day: Day): Promise<(day: Day, at: EpochMs) => boolean> {
  const { rule, until } = splitRule(value);
  const read = await readRrule(rule, { day, time: 0, timezone: 'UTC' });
  if (!('value' in read)) throw new FeedError(`a time zone's recurrence rule ${read.message}`);
  if (until === null) return read.value.includes;
  const end = readWritten(until);
  return (on, at) =>
    read.value.includes(on) && at <= (end.time === null ? (end.day + 1) * DAY : end.day * DAY + end.time);
}

/** Rules of zones go back to the years 1 and 1601, which nobody asks for: for a rule of every year a later one does as well. */
function isEveryYear(rule: string | null): boolean {
  return rule !== null && /FREQ=YEARLY/i.test(rule) && !/COUNT|INTERVAL=(?!1(?:;|$))/i.test(rule);
}

function sinceTheEpoch(start: string): string {
  return start.replace(/^(?:0\d|1[0-8]|19[0-6]\d)\d*(?=\d{4}T)/, '1970');
}

import { readEra } from '../../lib/core/eras.ts';
import { DAY, type EpochMs } from '../../lib/core/time.ts';
import { isZone } from '../../lib/core/zone.ts';
import type { ZoneTable } from '../../lib/core/zone-table.ts';

/** Names in use that the runtime takes for others, and does not list. What is missing here is found all the same, only later. */
const ALSO = [
  ...['UTC', 'Etc/UTC', 'Africa/Asmara', 'America/Argentina/Buenos_Aires', 'America/Indiana/Indianapolis'],
  ...['America/Kentucky/Louisville', 'America/Nuuk', 'Asia/Ho_Chi_Minh', 'Asia/Kathmandu', 'Asia/Kolkata'],
  ...['Asia/Yangon', 'Atlantic/Faroe', 'Europe/Kyiv', 'Pacific/Chuuk', 'Pacific/Kanton', 'Pacific/Pohnpei'],
  ...['US/Central', 'US/Eastern', 'US/Mountain', 'US/Pacific'],
];

/** From a year before `now` to three years after it, for every zone that this runtime knows. */
export function zoneTable(now: EpochMs): ZoneTable {
  const [from, until] = [now - 366 * DAY, now + 3 * 366 * DAY];
  const courses: ZoneTable['courses'] = [];
  const places = new Map<string, number>();
  const zones: ZoneTable['zones'] = {};
  for (const zone of [...Intl.supportedValuesOf('timeZone'), ...ALSO].filter(isZone)) {
    const course = courseOf(zone, from, until);
    const key = JSON.stringify(course);
    const place = places.get(key) ?? courses.push(course) - 1;
    places.set(key, place);
    zones[zone] = place;
  }
  return { version: process.versions.tz ?? '', from, until, courses, zones };
}

function courseOf(zone: string, from: EpochMs, until: EpochMs): ZoneTable['courses'][number] {
  const course: ZoneTable['courses'][number] = [];
  for (let at = from; at < until; ) {
    const era = readEra(zone, at);
    course.push([at, era.offset]);
    at = era.until;
  }
  return course;
}

import { afterEach, describe, expect, it } from '@jest/globals';
import { type Era, readEra } from '../../lib/core/eras.ts';
import { DAY, HOUR } from '../../lib/core/time.ts';
import { wallClock } from '../../lib/core/wall.ts';
import { isZone } from '../../lib/core/zone.ts';
import { isTabled, tabledEra, useZoneTable, type ZoneTable } from '../../lib/core/zone-table.ts';
import { zoneTable } from '../../scripts/build/zones.ts';

const NOW = Date.parse('2026-11-24T00:00:00Z');
const TABLE = zoneTable(NOW);

afterEach(() => useZoneTable(null));

/** Every instant at which the zone's course in the table begins anew, and those around it. */
function instants(zone: string): number[] {
  const begins = TABLE.courses[TABLE.zones[zone]!]!.map(([since]) => since);
  return [...begins, TABLE.until].flatMap((at) => [at - 1, at, at + 1]);
}

/** What is left of an era inside the table. */
function clipped({ from, until, offset }: Era): Era {
  return { from: Math.max(from, TABLE.from), until: Math.min(until, TABLE.until), offset };
}

describe('the table of zones', () => {
  it('holds a year that is past and three to come, for every zone of this runtime', () => {
    expect([NOW - TABLE.from, TABLE.until - NOW]).toEqual([366 * DAY, 3 * 366 * DAY]);
    expect(Object.keys(TABLE.zones)).toEqual(expect.arrayContaining(Intl.supportedValuesOf('timeZone').filter(isZone)));
    expect(TABLE.version).toBe(process.versions.tz);
  });

  it('says what the time zone data says, at every change of every course and around it', () => {
    useZoneTable(TABLE);
    const inside = (at: number) => TABLE.from <= at && at < TABLE.until;
    const zones = Object.keys(TABLE.zones);
    const first = TABLE.courses.map((_, place) => zones.find((zone) => TABLE.zones[zone] === place)!);
    for (const zone of first) {
      for (const at of instants(zone)) {
        expect([zone, at, tabledEra(zone, at)]).toEqual([zone, at, inside(at) ? clipped(readEra(zone, at)) : null]);
      }
    }
    for (const zone of zones) expect([zone, tabledEra(zone, NOW)]).toEqual([zone, clipped(readEra(zone, NOW))]);
  });

  it('has changes in it, of zones north and south of the equator and of half an hour', () => {
    const changes = (zone: string) => TABLE.courses[TABLE.zones[zone]!]!.length - 1;
    const zones = ['Europe/Berlin', 'America/Santiago', 'Australia/Lord_Howe', 'Asia/Shanghai', 'UTC'];
    expect(zones.map(changes)).toEqual([8, 8, 8, 0, 0]);
  });

  it.each<[string, string, boolean]>([
    ['a zone', 'Europe/Berlin', true],
    ['one that the runtime takes for another', 'Asia/Kolkata', true],
    ['UTC', 'UTC', true],
    ['one that has no name with a slash', 'CET', false],
    ['an offset', '+08:00', false],
    ['a zone in small letters', 'europe/berlin', false],
    ['a name that objects have anyway', 'constructor', false],
    ['no zone', 'Mars/Olympus', false],
  ])('%s: %s is in it: %s', (_, zone, isIn) => {
    useZoneTable(TABLE);
    expect([isTabled(zone), isZone(zone), tabledEra(zone, NOW) !== null]).toEqual([isIn, isIn, isIn]);
    useZoneTable(null);
    expect([isTabled(zone), isZone(zone)]).toEqual([false, isIn]);
  });
});

describe('a clock with a table', () => {
  it('goes on where the table ends', () => {
    const table: ZoneTable = { ...TABLE, from: NOW, until: NOW + DAY, courses: [[[NOW, HOUR]]], zones: { 'Europe/Paris': 0 } };
    useZoneTable(table);
    const clock = wallClock('Europe/Paris');
    const days = [-400, -200, -2, -1, 0, 1, 2, 200, 400].map((day) => NOW / DAY + day);
    const shown = days.map((day) => new Date(clock.toInstant(day, 9 * HOUR)).toISOString());
    expect(shown).toEqual([
      '2025-10-20T07:00:00.000Z',
      '2026-05-08T07:00:00.000Z',
      '2026-11-22T08:00:00.000Z',
      '2026-11-23T08:00:00.000Z',
      '2026-11-24T08:00:00.000Z',
      '2026-11-25T08:00:00.000Z',
      '2026-11-26T08:00:00.000Z',
      '2027-06-12T07:00:00.000Z',
      '2027-12-29T08:00:00.000Z',
    ]);
  }); // biome-ignore format: a table
});

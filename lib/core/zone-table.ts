import type { Era } from './eras.ts';
import type { EpochMs } from './time.ts';

/**
 * What the time zone data says about some years, worked out beforehand: a program that finds its answer here need not
 * load anything to read that data.
 */
export interface ZoneTable {
  /** Version of the time zone data that it was made from, such as `2026c`. */
  version: string;
  /** It answers for `[from, until)`. */
  from: EpochMs;
  until: EpochMs;
  /** Offsets from UTC in milliseconds, and from when on each holds; the first one from `from` on. */
  courses: [since: EpochMs, offset: number][][];
  /** By zone: its place in `courses`. Zones with the same course share it. */
  zones: Record<string, number>;
}

let table: ZoneTable | null = null;

/** Must agree with the time zone data of this runtime. Null: forget it. */
export function useZoneTable(one: ZoneTable | null): void {
  table = one;
}

/** Whether the table has a zone of this name. False means nothing. */
export function isTabled(zone: string): boolean {
  return table !== null && Object.hasOwn(table.zones, zone);
}

/** The part of the zone's era at an instant that the table knows of, or null. */
export function tabledEra(zone: string, at: EpochMs): Era | null {
  if (!table || !isTabled(zone) || at < table.from || table.until <= at) return null;
  const course = table.courses[table.zones[zone]!]!;
  const index = course.findLastIndex(([since]) => since <= at);
  const [from, offset] = course[index]!;
  return { from, until: course[index + 1]?.[0] ?? table.until, offset };
}

import { type Day, parseDate, parseDateTime } from './day.ts';
import { type Era, readEra } from './eras.ts';
import { DAY, type EpochMs, HOUR } from './time.ts';
import { tabledEra } from './zone-table.ts';

/** A zone's clock: between what a clock on the wall shows and instants. */
export interface WallClock {
  /**
   * The instant at which the wall shows `day` and `time` (milliseconds after midnight, may exceed a day).
   * A time that occurs twice means its first occurrence; one that is skipped means the first instant after the gap.
   */
  toInstant(day: Day, time: number): EpochMs;
  /** Whether the wall shows each time of the day once, and as long after midnight as it says. */
  isSteady(day: Day): boolean;
  /** The date that the wall shows. */
  dayAt(at: EpochMs): Day;
}

/** No zone is further from UTC than 26 hours, whichever way its clocks jump. */
const FURTHEST = 30 * HOUR;

/**
 * The clock of an IANA zone. It asks the time zone data twice a year of time that it is used for and remembers the
 * answers, so that a conversion is a few additions.
 */
export function wallClock(zone: string): WallClock {
  const clock = clocks.get(zone) ?? makeClock(zone);
  clocks.set(zone, clock);
  return clock;
}

/** One for each zone that was asked for; they hold nothing but time zone data. */
const clocks = new Map<string, WallClock>();

function makeClock(zone: string): WallClock {
  const eras: Era[] = [];
  let latest: Era | undefined;
  function eraAt(at: EpochMs): Era {
    if (latest && latest.from <= at && at < latest.until) return latest;
    latest = eras.find((era) => era.from <= at && at < era.until);
    if (latest) return latest;
    latest = tabledEra(zone, at) ?? readEra(zone, at);
    eras.push(latest);
    return latest;
  }
  return {
    toInstant(day, time) {
      const wall = day * DAY + time;
      let era = eraAt(wall - FURTHEST);
      while (wall - era.offset >= era.until) era = eraAt(era.until);
      return Math.max(wall - era.offset, era.from);
    },
    isSteady(day) {
      const begins = this.toInstant(day, 0);
      const { offset, until } = eraAt(begins);
      return begins + offset === day * DAY && begins + DAY <= until;
    },
    dayAt(at) {
      return Math.floor((at + eraAt(at).offset) / DAY);
    },
  };
}

/**
 * A date, or a date-time, as people write it: `2026-11-24`, `2026-11-24T01:30`, the latter also with `Z` or an offset.
 * `day` is null for a date-time; a date's instant is the one at which it begins. Null for anything else.
 */
export function readMoment(wall: WallClock, text: string): { at: EpochMs; day: Day | null } | null {
  const day = parseDate(text);
  if (day !== null) return { at: wall.toInstant(day, 0), day };
  const [, written = '', offset] = /^(.{16,19}?)(Z|[+-]\d\d:\d\d)?$/.exec(text) ?? [];
  const local = parseDateTime(written);
  if (!local) return null;
  if (offset === undefined) return { at: wall.toInstant(local.day, local.time), day: null };
  const at = Date.parse(`1970-01-01T00:00:00${offset}`) + local.day * DAY + local.time;
  return Number.isNaN(at) ? null : { at, day: null };
}

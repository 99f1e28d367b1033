import { Temporal } from 'temporal-polyfill';
import type { EpochMs } from './time.ts';

/** A span of time `[from, until)` with one offset from UTC, in milliseconds. */
export interface Era {
  from: EpochMs;
  until: EpochMs;
  offset: number;
}

/** The era of an IANA zone at an instant, asked of the time zone data. @throws RangeError when there is no such zone */
export function readEra(zone: string, at: EpochMs): Era {
  const there = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone);
  // "previous" means strictly before, but an era that begins at this very instant is wanted.
  const from = there.add({ milliseconds: 1 }).getTimeZoneTransition('previous');
  const until = there.getTimeZoneTransition('next');
  return {
    from: from?.epochMilliseconds ?? Number.NEGATIVE_INFINITY,
    until: until?.epochMilliseconds ?? Number.POSITIVE_INFINITY,
    offset: there.offsetNanoseconds / 1e6,
  };
}

import { DAY, HOUR, MINUTE, SECOND } from './time.ts';

/**
 * Elapsed time in milliseconds: `90s`, `45m`, `3h`, `3h30m`, `2d` (48 hours), or ISO 8601 without years and months, such as
 * `PT3H30M`. Null for anything else: years and months have no fixed length.
 */
export function parseDuration(text: string): number | null {
  const found = SHORT.exec(text) ?? ISO.exec(text);
  if (!found?.slice(1).some((part) => part !== undefined)) return null;
  const [weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = found.slice(1).map((part) => Number(part ?? 0));
  return (weeks * 7 + days) * DAY + hours * HOUR + minutes * MINUTE + seconds * SECOND;
}

const SHORT = /^(?:(\d{1,4})w)?(?:(\d{1,5})d)?(?:(\d{1,6})h)?(?:(\d{1,7})m)?(?:(\d{1,8})s)?$/;
const ISO = /^P(?:(\d{1,4})W)?(?:(\d{1,5})D)?(?:T(?=\d)(?:(\d{1,6})H)?(?:(\d{1,7})M)?(?:(\d{1,8})S)?)?$/;

/** The other way round, to whole minutes: `2d`, `3h`, `45m`. */
export function durationText(ms: number): string {
  return ms % DAY === 0 && ms > 0 ? `${ms / DAY}d` : ms % HOUR === 0 ? `${ms / HOUR}h` : `${ms / MINUTE}m`;
}

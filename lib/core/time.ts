/** An instant as milliseconds since 1970-01-01T00:00:00Z. Pure functions take it as an argument; nobody in core asks a clock. */
export type EpochMs = number;

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** `2026-11-24T18:00:00Z`: whole seconds, or milliseconds where there are any. */
export function iso(at: EpochMs): string {
  return new Date(at).toISOString().replace('.000Z', 'Z');
}

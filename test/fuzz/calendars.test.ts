import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readFeed } from '../../lib/core/feed.ts';
import { FeedError, parseIcs } from '../../lib/core/ics-text.ts';
import { calendarText, event } from '../support/ics.ts';

const FROM = Date.parse('2026-01-01T00:00:00Z');
const TO = Date.parse('2027-01-01T00:00:00Z');
const KEPT = { from: Date.parse('2026-05-05T01:00:00Z'), to: Date.parse('2026-05-05T05:00:00Z') };
/** The event that nothing touches, before and after others that are changed. */
const kept = event('DTSTART:20260505T010000Z', 'DTEND:20260505T050000Z');

const others = fc.constantFrom(
  [],
  event('DTSTART:20260301T010000Z', 'DURATION:PT1H', 'RRULE:FREQ=WEEKLY;COUNT=9'),
  event('DTSTART;VALUE=DATE:20260504', 'DTEND;VALUE=DATE:20260506', 'STATUS:CONFIRMED'),
  ['BEGIN:VTODO', 'UID:2', 'DTSTART:20261224T080000Z', 'DURATION:PT1H', 'END:VTODO'],
); // biome-ignore format: a list
const odd = fc.oneof(
  fc.constantFrom('BEGIN:VEVENT', 'END:VEVENT', 'END:VCALENDAR', 'BEGIN:VALARM', 'STATUS:CANCELLED', 'RRULE:FREQ=SECONDLY', 'RECURRENCE-ID:20260101T000000Z', 'DTSTART:20260101T000000Z', 'DURATION:-P1D', 'EXDATE:20260505T010000Z', ' folded', '\tfolded', ''),
  fc.string({ unit: 'binary', maxLength: 30 }),
); // biome-ignore format: a list
const lines = fc.tuple(others, fc.array(odd, { maxLength: 2 }), fc.nat()).map(([whole, some, at]) => whole.toSpliced(at % (whole.length + 1), 0, ...some)); // biome-ignore format: one thought

describe('calendars that were changed at random', () => {
  it('are read with all that still stands in them, or not at all', async () => {
    let read = 0;
    await fc.assert(
      fc.asyncProperty(lines, lines, async (before, after) => {
        const text = calendarText(...before, ...kept, ...after);
        try {
          const found = await readFeed(parseIcs(text), { timezone: 'UTC', from: FROM, to: TO });
          read += 1;
          expect(found.every(({ from, to }) => from < to)).toBe(true);
          // What was whole and alone is frozen, unless a line in its own event says otherwise.
          const isOwn = !text.includes('CANCELLED') && !text.includes('EXDATE') && !text.includes('RECURRENCE-ID');
          if (isOwn) expect(found.some(({ from, to }) => from <= KEPT.from && KEPT.to <= to)).toBe(true);
        } catch (error) {
          if (!(error instanceof FeedError)) throw error;
        }
      }),
      { numRuns: 400 },
    );
    expect(read).toBeGreaterThan(20);
  });

  it('that break off anywhere are not read', async () => {
    const text = calendarText(...kept);
    const end = text.lastIndexOf('END:VCALENDAR') + 'END:VCALENDAR'.length;
    fc.assert(fc.property(fc.integer({ min: 0, max: end - 1 }), (length) => expect(() => parseIcs(text.slice(0, length))).toThrow(FeedError))); // biome-ignore format: one thought
  });
});

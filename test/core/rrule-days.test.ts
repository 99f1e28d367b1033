import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { RRuleTemporal } from 'rrule-temporal';
import { Temporal } from 'temporal-polyfill';
import { type Day, formatDate, parseDate } from '../../lib/core/day.ts';
import { DAY } from '../../lib/core/time.ts';
import { readRrule } from '../../lib/core/window-rrule.ts';

const [FROM, TO] = [parseDate('2026-01-01')!, parseDate('2027-01-01')!];

async function daysOf(rule: string, start: string, from = FROM, to = TO): Promise<Day[] | null> {
  const read = await readRrule(rule, { day: parseDate(start)!, time: 0, timezone: 'UTC' });
  if (!('value' in read)) return null;
  const { includes } = read.value;
  return Array.from({ length: to - from }, (_, index) => from + index).filter(includes);
}

describe('the days of a recurrence rule', () => {
  // As two other engines have them for 2026.
  it.each<[string, string, string[]]>([
    ['FREQ=YEARLY;BYYEARDAY=60,100,169,-1;BYDAY=TH', '2020-01-01', ['06-18', '12-31']],
    ['FREQ=YEARLY;BYMONTHDAY=13,30;BYDAY=2TU,7FR,-1WE', '2020-01-01', ['01-13', '02-13', '12-30']],
    ['FREQ=YEARLY;BYDAY=1SA,10FR,-53TU,-53TH;BYSETPOS=2,-1', '2020-06-01', ['01-03', '03-06']],
    ['FREQ=YEARLY;BYYEARDAY=44,58,100;BYDAY=FR;BYSETPOS=-1', '2020-01-01', ['04-10']],
    ['FREQ=YEARLY;BYYEARDAY=44,58,100;BYDAY=FR;COUNT=3', '2021-01-01', ['02-13', '02-27', '04-10']],
    ['FREQ=YEARLY;BYWEEKNO=1,53;BYDAY=MO,TH;WKST=SU', '2020-01-01', ['01-01', '01-05', '01-08']],
    ['FREQ=YEARLY;INTERVAL=2;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8', '1996-11-05', ['11-03']],
    ['FREQ=DAILY;BYMONTHDAY=13;BYDAY=FR', '1900-01-01', ['02-13', '03-13', '11-13']],
    ['FREQ=YEARLY;BYMONTH=5;BYDAY=1mo, -1FR,;WKST=su', '2020-01-01', ['05-04', '05-29']],
    ['FREQ=YEARLY', '2024-06-30', ['06-30']],
    ['FREQ=YEARLY;BYMONTH=2,9', '2024-06-30', ['09-30']],
    ['FREQ=YEARLY;BYWEEKNO=20', '2024-06-30', ['05-17']],
  ])('%s from %s', async (rule, start, expected) => {
    expect((await daysOf(rule, start))?.map((day) => formatDate(day).slice(5))).toEqual(expected);
  });

  it('are those of the library, where it is right', async () => {
    const several = (items: readonly (string | number)[], most: number) =>
      fc.subarray([...items], { minLength: 1, maxLength: most }).map((chosen) => chosen.join(','));
    const part = (key: string, value: fc.Arbitrary<string | number>) =>
      fc.option(value.map((given) => `;${key}=${given}`), { nil: '' }); // biome-ignore format: one thought
    const weekdays = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'];
    const rules = fc
      .tuple(
        fc.constantFrom('DAILY', 'WEEKLY', 'MONTHLY'),
        part('INTERVAL', fc.integer({ min: 1, max: 9 })),
        part('BYMONTH', several([1, 2, 6, 12], 3)),
        part('BYMONTHDAY', several([1, 13, 29, 31, -1, -30], 3)),
        part('BYDAY', several(weekdays, 4)),
        part('BYDAY', several(['1MO', '-1FR', '5SU', '-5WE'], 3)),
        part('BYSETPOS', several([1, 2, -1], 2)),
        part('WKST', fc.constantFrom(...weekdays)),
      )
      .map(([freq, interval, month, date, weekday, numbered, position, first]) => {
        const days = freq === 'MONTHLY' && numbered !== '' ? numbered : weekday;
        const dates = freq === 'WEEKLY' ? '' : date;
        const places = days + dates + month === '' ? '' : position;
        return `FREQ=${freq}${interval}${month}${dates}${days}${places}${first}`;
      });
    const starts = fc.integer({ min: FROM - 400, max: FROM }).map(formatDate);
    const property = fc.asyncProperty(rules, starts, async (rule, start) => {
      const rruleString = `DTSTART;TZID=UTC:${start.replaceAll('-', '')}T000000Z\nRRULE:${rule}`;
      const [from, to] = [FROM, TO - 1].map((day) => Temporal.Instant.fromEpochMilliseconds(day * DAY));
      const utc = [from!.toZonedDateTimeISO('UTC'), to!.toZonedDateTimeISO('UTC')] as const;
      const theirs = new RRuleTemporal({ rruleString }).between(...utc, true);
      const ours = (await daysOf(rule, start)) ?? [];
      expect(ours.map(formatDate)).toEqual(theirs.map((one) => formatDate(one.epochMilliseconds / DAY)));
    });
    await fc.assert(property, { numRuns: 60, seed: 5 });
  });
});

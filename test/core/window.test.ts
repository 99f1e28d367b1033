import { describe, expect, it } from '@jest/globals';
import { iso } from '../../lib/core/time.ts';
import { type Calendar, calendar } from '../../lib/core/window.ts';
import { cpuTime } from '../support/cpu-time.ts';
import { read } from '../support/reading.ts';

type Windows = Record<string, unknown>[];

async function calendarOf(
  timezone: string,
  windows: Windows,
  maintain = null as { begin: string; end: string } | null,
) {
  const named = Object.fromEntries(windows.map((window, index) => [`w${index + 1}`, window]));
  const rollout = [{ wave: 'all', match: {}, window: Object.keys(named) }];
  return calendar(await read({ timezone, windows: named, rollout }), Object.keys(named), maintain);
}

/** `opens/closes` of all openings in the span, as UTC. */
function openings(times: Calendar, from: string, to: string): string[] {
  return times.between(Date.parse(from), Date.parse(to)).map(({ opens, closes }) => `${iso(opens)}/${iso(closes)}`);
}

const FRIDAY_NIGHT = [{ days: ['fri'], from: '23:30', to: '04:30' }];
const SUNDAY = { days: ['sun'] };
const DAILY = { days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] };

describe('F014 a window that crosses midnight belongs to the day on which it opens', () => {
  it.each([
    ['2026-03-06T23:29:59+08:00', false, 'the last second before'],
    ['2026-03-06T23:30:00+08:00', true, 'the first instant'],
    ['2026-03-07T00:00:00+08:00', true, 'Saturday, still the night of Friday'],
    ['2026-03-07T04:29:59+08:00', true, 'the last second'],
    ['2026-03-07T04:30:00+08:00', false, 'the end is exclusive'],
    ['2026-03-06T03:00:00+08:00', false, 'the small hours of Friday belong to Thursday'],
    ['2026-03-09T00:00:00+08:00', false, 'Monday: Sunday is not listed'],
  ])('%s: %s (%s)', async (at, isOpen) => {
    expect((await calendarOf('Asia/Shanghai', FRIDAY_NIGHT)).at(Date.parse(at)) !== null).toBe(isOpen);
  });
});

describe('clocks that go forward and back', () => {
  const [NEW_YORK, BERLIN, LORD_HOWE] = ['America/New_York', 'Europe/Berlin', 'Australia/Lord_Howe'];
  it.each<[string, string, Windows, string, string[]]>([
    [
      'F017 to is a wall time: two hours in spring',
      BERLIN,
      [{ ...SUNDAY, from: '01:00', to: '04:00' }],
      '2026-03-29',
      ['2026-03-29T00:00:00Z/2026-03-29T02:00:00Z'],
    ],
    [
      'F017 … and four in autumn',
      BERLIN,
      [{ ...SUNDAY, from: '01:00', to: '04:00' }],
      '2026-10-25',
      ['2026-10-24T23:00:00Z/2026-10-25T03:00:00Z'],
    ],
    [
      'F017 duration is elapsed time: three hours in spring',
      BERLIN,
      [{ ...SUNDAY, from: '01:00', duration: '3h' }],
      '2026-03-29',
      ['2026-03-29T00:00:00Z/2026-03-29T03:00:00Z'],
    ],
    [
      'F017 … and in autumn',
      BERLIN,
      [{ ...SUNDAY, from: '01:00', duration: '3h' }],
      '2026-10-25',
      ['2026-10-24T23:00:00Z/2026-10-25T02:00:00Z'],
    ],
    [
      'a start in the gap is the first instant after it',
      BERLIN,
      [{ ...SUNDAY, from: '02:30', duration: '1h' }],
      '2026-03-29',
      ['2026-03-29T01:00:00Z/2026-03-29T02:00:00Z'],
    ],
    [
      '… of half an hour too',
      LORD_HOWE,
      [{ ...SUNDAY, from: '02:15', duration: '1h' }],
      '2026-10-04',
      ['2026-10-03T15:30:00Z/2026-10-03T16:30:00Z'],
    ],
    [
      '… and for a cron rule',
      BERLIN,
      [{ cron: '30 2 * * *', duration: '45m' }],
      '2026-03-29',
      ['2026-03-29T01:00:00Z/2026-03-29T01:45:00Z'],
    ],
    [
      '… and for a recurrence rule: no day is skipped',
      BERLIN,
      [{ rrule: 'FREQ=DAILY', start: '2026-01-01T02:30', duration: '45m' }],
      '2026-03-29',
      ['2026-03-29T01:00:00Z/2026-03-29T01:45:00Z'],
    ],
    [
      '… at midnight',
      'America/Sao_Paulo',
      [{ ...SUNDAY, from: '00:00', duration: '1h' }],
      '2018-11-04',
      ['2018-11-04T03:00:00Z/2018-11-04T04:00:00Z'],
    ],
    [
      'F016 a start that comes twice is its first occurrence, once',
      NEW_YORK,
      [{ ...SUNDAY, from: '01:30', duration: '30m' }],
      '2026-11-01',
      ['2026-11-01T05:30:00Z/2026-11-01T06:00:00Z'],
    ],
    [
      '… for a cron rule',
      NEW_YORK,
      [{ cron: '30 1 * * *', duration: '30m' }],
      '2026-11-01',
      ['2026-11-01T05:30:00Z/2026-11-01T06:00:00Z'],
    ],
    [
      '… for a recurrence rule',
      NEW_YORK,
      [{ rrule: 'FREQ=DAILY', start: '2026-01-01T01:30', duration: '30m' }],
      '2026-11-01',
      ['2026-11-01T05:30:00Z/2026-11-01T06:00:00Z'],
    ],
    [
      '… of half an hour too',
      LORD_HOWE,
      [{ ...SUNDAY, from: '01:45', duration: '45m' }],
      '2026-04-05',
      ['2026-04-04T14:45:00Z/2026-04-04T15:30:00Z'],
    ],
    [
      'an end in the gap is the first instant after it',
      NEW_YORK,
      [{ ...SUNDAY, from: '01:00', to: '02:30' }],
      '2026-03-08',
      ['2026-03-08T06:00:00Z/2026-03-08T07:00:00Z'],
    ],
    [
      'an end that comes twice is its first occurrence',
      NEW_YORK,
      [{ days: ['sat'], from: '23:00', to: '01:00' }],
      '2026-11-01',
      ['2026-11-01T03:00:00Z/2026-11-01T05:00:00Z'],
    ],
    [
      'a window that the gap swallows has no opening that day',
      BERLIN,
      [{ ...SUNDAY, from: '02:00', to: '03:00' }],
      '2026-03-29',
      [],
    ],
    [
      'a whole day has 23 hours in spring',
      NEW_YORK,
      [{ ...SUNDAY, from: '00:00', to: '24:00' }],
      '2026-03-08',
      ['2026-03-08T05:00:00Z/2026-03-09T04:00:00Z'],
    ],
    [
      'a day that a zone left out opens at the first instant after it',
      'Pacific/Apia',
      [{ date: '2011-12-30', from: '01:00', duration: '2h' }],
      '2011-12-30',
      ['2011-12-30T10:00:00Z/2011-12-30T12:00:00Z'],
    ],
    [
      "a window's own zone",
      'Asia/Shanghai',
      [{ days: ['mon'], from: '01:00', to: '05:00', timezone: 'Asia/Kathmandu' }],
      '2026-03-09',
      ['2026-03-08T19:15:00Z/2026-03-08T23:15:00Z'],
    ],
  ])('%s', async (_, zone, windows, day, expected) => {
    const noon = Date.parse(`${day}T12:00:00Z`);
    const [from, to] = [iso(noon - 36 * 3_600_000), iso(noon + 18 * 3_600_000)];
    const found = openings(await calendarOf(zone, windows), from, to);
    // Daily rules have neighbours: the opening of the day itself is the one that is asked for.
    expect(expected.length === 0 ? found : found.filter((opening) => expected.includes(opening))).toEqual(expected);
  });

  it('F016 … and a day has one opening, not two', async () => {
    const daily = await calendarOf(NEW_YORK, [{ cron: '30 1 * * *', duration: '10m' }]);
    expect(openings(daily, '2026-10-31T04:00:00Z', '2026-11-03T05:00:00Z')).toHaveLength(3);
  });
});

describe('F019 days that a month does not have are never clamped and never rolled over', () => {
  it.each<[string, object, string[]]>([
    ['day 31', { monthly: 'day 31' }, ['01-31', '03-31', '05-31', '07-31', '08-31', '10-31', '12-31']],
    ['the fifth Sunday', { monthly: '5th sun' }, ['03-29', '05-31', '08-30', '11-29']],
    ['29 February', { monthly: 'day 29', months: ['feb'] }, []],
    ['the last day', { monthly: 'last day', months: ['jan', 'feb', 'apr'] }, ['01-31', '02-28', '04-30']],
    ['the last but one', { monthly: 'day -2', months: ['jan', 'feb'] }, ['01-30', '02-27']],
    ['the last Friday', { monthly: 'last fri', months: ['jan', 'feb', 'may'] }, ['01-30', '02-27', '05-29']],
    ['the first Sunday', { monthly: '1st sun', months: ['feb', 'mar', 'nov'] }, ['02-01', '03-01', '11-01']],
    [
      'four days after the second Tuesday',
      { monthly: '2nd tue', offset: '4d', months: ['jan', 'sep'] },
      ['01-17', '09-12'],
    ],
    [
      'an offset may lead into another month',
      { monthly: 'last day', offset: '1d', months: ['jan', 'dec'] },
      ['01-01', '02-01'],
    ],
    ['… and backwards', { monthly: 'day 1', offset: '-1d', months: ['mar'] }, ['02-28']],
    [
      'a recurrence on the 31st',
      { rrule: 'FREQ=MONTHLY', start: '2026-01-31T10:00' },
      ['01-31', '03-31', '05-31', '07-31', '08-31', '10-31', '12-31'],
    ],
    [
      'every second Sunday',
      { rrule: 'FREQ=WEEKLY;INTERVAL=2;BYDAY=SU;COUNT=3', start: '2026-01-04T10:00' },
      ['01-04', '01-18', '02-01'],
    ],
    [
      'the 53rd Thursday, which this year has, and the 53rd Friday, which it has not',
      { rrule: 'FREQ=YEARLY;BYDAY=53TH,53FR', start: '2025-01-01T10:00' },
      ['12-31'],
    ],
    [
      'a count that ends in this year',
      { rrule: 'FREQ=MONTHLY;BYMONTHDAY=31;COUNT=200', start: '1998-01-01T10:00' },
      ['01-31', '03-31', '05-31', '07-31'],
    ],
    [
      'until, which is included',
      { rrule: 'FREQ=WEEKLY;UNTIL=20260119T100000Z', start: '2026-01-05T10:00' },
      ['01-05', '01-12', '01-19'],
    ],
    ['cron: both days restricted, either is enough', { cron: '0 10 13 2 fri' }, ['02-06', '02-13', '02-20', '02-27']],
    ['cron: one of them restricted', { cron: '0 10 * 2 fri' }, ['02-06', '02-13', '02-20', '02-27']],
    ['cron: a star with a step restricts nothing by itself', { cron: '0 10 */13 2 fri' }, ['02-27']],
    [
      'cron: names, ranges, and 7 for Sunday',
      { cron: '0 10 * feb,MAR 7' },
      ['02-01', '02-08', '02-15', '02-22', '03-01', '03-08', '03-15', '03-22', '03-29'],
    ],
  ])('%s', async (_, window, expected) => {
    const start = 'cron' in window || 'rrule' in window ? {} : { from: '10:00' };
    const times = await calendarOf('UTC', [{ ...window, ...start, duration: '1h' }]);
    const days = openings(times, '2026-01-01T00:00:00Z', '2027-01-01T00:00:00Z').map((opening) => opening.slice(5, 10));
    expect(days).toEqual(expected);
  });

  it('29 February comes in leap years', async () => {
    const times = await calendarOf('UTC', [{ monthly: 'day 29', months: ['feb'], from: '03:00', duration: '2h' }]);
    expect(iso(times.next(Date.parse('2026-01-01T00:00:00Z'))!.opens)).toBe('2028-02-29T03:00:00Z');
  });
});

describe('several windows are their union', () => {
  it.each<[string, Windows, string[]]>([
    [
      'F013 touching ones are one opening',
      [
        { ...SUNDAY, from: '01:00', to: '03:00' },
        { ...SUNDAY, from: '03:00', to: '05:00' },
      ],
      ['2026-03-01T01:00:00Z/2026-03-01T05:00:00Z'],
    ],
    [
      'overlapping ones too',
      [
        { ...SUNDAY, from: '01:00', to: '03:00' },
        { ...SUNDAY, from: '02:00', duration: '4h' },
      ],
      ['2026-03-01T01:00:00Z/2026-03-01T06:00:00Z'],
    ],
    [
      'one within another',
      [
        { ...SUNDAY, from: '01:00', to: '06:00' },
        { ...SUNDAY, from: '02:00', to: '03:00' },
      ],
      ['2026-03-01T01:00:00Z/2026-03-01T06:00:00Z'],
    ],
    [
      'a minute between them keeps them apart',
      [
        { ...SUNDAY, from: '01:00', to: '03:00' },
        { ...SUNDAY, from: '03:01', to: '05:00' },
      ],
      ['2026-03-01T01:00:00Z/2026-03-01T03:00:00Z', '2026-03-01T03:01:00Z/2026-03-01T05:00:00Z'],
    ],
    [
      'across the end of a month',
      [
        { days: ['sat'], from: '22:00', to: '24:00' },
        { ...SUNDAY, from: '00:00', to: '02:00' },
      ],
      ['2026-02-28T22:00:00Z/2026-03-01T02:00:00Z'],
    ],
  ])('%s', async (_, windows, expected) => {
    expect(openings(await calendarOf('UTC', windows), '2026-02-28T12:00:00Z', '2026-03-02T00:00:00Z')).toEqual(
      expected,
    );
  });

  it('F013 there is no blip where they touch', async () => {
    const times = await calendarOf('UTC', [
      { ...SUNDAY, from: '01:00', to: '03:00' },
      { ...SUNDAY, from: '03:00', to: '05:00' },
    ]);
    const at = (time: string) => times.at(Date.parse(`2026-03-01T${time}Z`))?.id;
    expect([at('02:59:59.999'), at('03:00:00'), at('04:59:59')]).toEqual(Array(3).fill('2026-03-01T01:00:00Z'));
  });

  it('the windows that make an opening are named', async () => {
    const times = await calendarOf('UTC', [
      { ...SUNDAY, from: '03:00', to: '05:00' },
      { ...DAILY, from: '01:00', to: '03:00' },
    ]);
    expect(times.at(Date.parse('2026-03-01T02:00:00Z'))?.windows).toEqual(['w2', 'w1']);
    expect(times.at(Date.parse('2026-03-02T02:00:00Z'))?.windows).toEqual(['w2']);
  });

  it('F010 what never closes is one opening a month, always the same, and ends', async () => {
    const times = await calendarOf('UTC', [{ cron: '0 2 * * *', duration: 'PT25H' }]);
    const march = times.at(Date.parse('2026-03-15T12:00:00Z'));
    expect(march).toEqual(times.at(Date.parse('2026-03-31T23:59:59Z')));
    expect(march).toMatchObject({ id: '2026-03-01T00:00:00Z', closes: Date.parse('2026-04-01T00:00:00Z') });
    expect(times.next(march!.opens)?.id).toBe('2026-04-01T00:00:00Z');
  });

  it('F010 the first opening of what never closes begins with it', async () => {
    const times = await calendarOf('UTC', [{ rrule: 'FREQ=DAILY', start: '2026-01-10T00:00', duration: '24h' }]);
    const all = openings(times, '2026-01-01T00:00:00Z', '2026-02-02T00:00:00Z');
    expect(all).toEqual(['2026-01-10T00:00:00Z/2026-02-01T00:00:00Z', '2026-02-01T00:00:00Z/2026-03-01T00:00:00Z']);
  });
});

describe("an instance's own maintenance window, in UTC", () => {
  it.each<[string, { begin: string; end: string } | null, string[]]>([
    ['as the API gives it', { begin: '18:00:00', end: '22:00:00' }, ['2026-03-01T18:00:00Z/2026-03-01T22:00:00Z']],
    [
      'over midnight',
      { begin: '22:00:00', end: '02:00:00' },
      ['2026-02-28T22:00:00Z/2026-03-01T02:00:00Z', '2026-03-01T22:00:00Z/2026-03-02T02:00:00Z'],
    ],
    ['F008 empty: never, not always', { begin: '02:00:00', end: '02:00:00' }, []],
    ['not to be read: never', { begin: 'noon', end: '02:00:00' }, []],
    ['none: never', null, []],
  ])('%s', async (_, maintain, expected) => {
    const times = await calendarOf('Asia/Shanghai', [{ instance: true }], maintain);
    expect(openings(times, '2026-03-01T00:00:00Z', '2026-03-02T00:00:00Z')).toEqual(expected);
  });
});

describe('looking ahead', () => {
  it('F020 a rule that is over is found to be so, in bounded time', async () => {
    const times = await calendarOf('UTC', [{ date: '2020-01-01', from: '01:00', duration: '1h' }]);
    expect(times.next(Date.parse('2026-01-01T00:00:00Z'))).toBeNull();
  });

  it('F031 without windows there is never an opening', async () => {
    const never = calendar(await read(), [], null);
    expect([never.at(0), never.next(0), never.between(0, 1e12)]).toEqual([null, null, []]);
  });

  it('next is the first that opens strictly later, also from inside an opening', async () => {
    const times = await calendarOf('UTC', [{ ...DAILY, from: '01:00', to: '05:00' }]);
    const next = (at: string) => times.next(Date.parse(at))?.id;
    expect(next('2026-03-01T00:59:59Z')).toBe('2026-03-01T01:00:00Z');
    expect(next('2026-03-01T01:00:00Z')).toBe('2026-03-02T01:00:00Z');
    expect(next('2026-03-31T02:00:00Z')).toBe('2026-04-01T01:00:00Z');
  });
});

describe('a cron rule with many starts a day', () => {
  it('is asked for one opening after the other in a moment', async () => {
    const times = await calendarOf('UTC', [{ cron: '*/2 * * * *', duration: '1m' }]);
    const asks = async () => {
      let at = Date.parse('2026-01-01T00:00:00Z');
      for (let asked = 0; asked < 150_000; asked++) at = times.next(at)!.opens;
      expect(iso(at)).toBe('2026-07-28T08:00:00Z');
    };
    expect(await cpuTime(asks, 3_000)).toBeLessThan(3_000);
  });

  it('F017 is open without a break while they overlap, and not in the hour that occurs twice', async () => {
    const times = await calendarOf('Europe/Berlin', [{ cron: '* * * * *', duration: '1m' }]);
    // In the night of the 25th the wall shows 02:00 to 02:59 twice; the first time counts.
    expect(openings(times, '2026-10-24T00:00Z', '2026-10-26T00:00Z')).toEqual([
      '2026-10-01T00:00:00Z/2026-10-25T01:00:00Z',
      '2026-10-25T02:00:00Z/2026-11-01T00:00:00Z',
    ]);
    const spring = await calendarOf('Europe/Berlin', [{ cron: '* * * * *', duration: '1m' }]);
    expect(openings(spring, '2026-03-28T00:00Z', '2026-03-30T00:00Z')).toEqual([
      '2026-03-01T00:00:00Z/2026-04-01T00:00:00Z',
    ]);
  });

  it.each([
    ['*/10 1-3 * * *', { duration: '10m' }],
    ['*/20 0-4 * * *', { duration: '15m' }],
    ['5,6,50 1,2,23 * * *', { duration: '50m' }],
    ['0,30 22,23,1,2 * * *', { to: '02:15' }],
  ])('%s %j is what its starts are one by one', async (cron, end) => {
    const [minutes, hours] = cron.split(' ') as [string, string];
    const list = (field: string, most: number): number[] =>
      field.split(',').flatMap((part) => {
        const [range = '', step = '1'] = part.split('/');
        const [first, last = first] = range === '*' ? [0, most] : range.split('-').map(Number);
        return Array.from({ length: last! - first! + 1 }, (_, index) => first! + index).filter(
          (one) => (one - first!) % Number(step) === 0,
        );
      });
    const single = list(hours, 23).flatMap((hour) =>
      list(minutes, 59).map((minute) => ({ cron: `${minute} ${hour} * * *`, ...end })),
    );
    for (const zone of ['Europe/Berlin', 'Australia/Lord_Howe', 'Africa/Cairo', 'America/Santiago', 'Pacific/Apia']) {
      const [all, one] = [await calendarOf(zone, [{ cron, ...end }]), await calendarOf(zone, single)];
      expect(openings(all, '2011-12-01T00:00Z', '2012-02-01T00:00Z')).toEqual(
        openings(one, '2011-12-01T00:00Z', '2012-02-01T00:00Z'),
      );
      expect(openings(all, '2026-01-01T00:00Z', '2027-01-01T00:00Z')).toEqual(
        openings(one, '2026-01-01T00:00Z', '2027-01-01T00:00Z'),
      );
    }
  });
});

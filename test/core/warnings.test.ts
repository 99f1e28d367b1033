import { describe, expect, it } from '@jest/globals';
import type { Instance } from '../../lib/core/instance.ts';
import { pathText } from '../../lib/core/policy-problems.ts';
import { warningsOf } from '../../lib/core/warnings.ts';
import { anInstance } from '../support/builders.ts';
import { read, windowed } from '../support/reading.ts';

const NOW = Date.parse('2026-06-01T00:00:00Z');
const NIGHT = { days: ['tue', 'wed', 'thu'], from: '01:00', to: '05:00' };
const freeze = (change: object) => ({ name: 'f', reason: 'sale', ...change });

async function found(change: Record<string, unknown>, fleet: Instance[] | null = null): Promise<string[][]> {
  const policy = await read({ timezone: 'Europe/Berlin', ...change });
  return warningsOf(policy, { now: NOW, fleet }).map(({ path, message }) => [pathText(path), message]);
}

describe('what is allowed, and worth a second look', () => {
  it.each<[string, Record<string, unknown>, path: string, message: RegExp]>([
    [
      'an opening shorter than two ticks',
      windowed({ ...NIGHT, to: undefined, duration: '9m' }),
      'windows.w.duration',
      /open for 9 min/,
    ],
    ['the same with an end', windowed({ ...NIGHT, to: '01:09' }), 'windows.w.to', /open for 9 min/],
    ['the same over midnight', windowed({ ...NIGHT, from: '23:55', to: '00:04' }), 'windows.w.to', /open for 9 min/],
    ['the last of several starts', windowed({ cron: '0,55 1 * * *', to: '02:00' }), 'windows.w.to', /open for 5 min/],
    [
      'a date in a freeze',
      {
        ...windowed({ date: '2026-11-05', from: '01:00', to: '23:00' }),
        freezes: [freeze({ from: '2026-11-01', to: '2026-11-13' })],
      },
      'windows.w',
      /wholly in a freeze \(f\)/,
    ],
    [
      'a date in two freezes',
      {
        ...windowed({ date: '2026-11-05', from: '22:00', duration: '6h' }),
        freezes: [
          freeze({ from: '2026-11-01', to: '2026-11-05' }),
          freeze({ name: 'g', from: '2026-11-06', to: '2026-11-06' }),
        ],
      },
      'windows.w',
      /wholly in a freeze \(f, g\)/,
    ],
    [
      'a date that is over, in a freeze',
      {
        ...windowed({ date: '2026-01-05', from: '01:00', to: '23:00' }),
        freezes: [freeze({ from: '2026-01-01', to: '2026-01-13' })],
      },
      'windows.w',
      /wholly in a freeze/,
    ],
    [
      'a day of the month in a freeze that recurs',
      { ...windowed({ monthly: 'day 29', from: '01:00', to: '23:00' }), freezes: [freeze({ monthDays: '28..2' })] },
      'windows.w',
      /wholly in a freeze/,
    ],
    [
      'a leap day that is years ahead, in a freeze',
      {
        ...windowed({ monthly: 'day 29', months: ['feb'], from: '01:00', to: '23:00' }),
        freezes: [freeze({ from: '2028-02-01', to: '2028-02-29' })],
      },
      'windows.w',
      /wholly in a freeze/,
    ],
    [
      'a date that is over',
      windowed({ date: '2026-05-30', from: '01:00', to: '23:00' }),
      'windows.w',
      /does not open any more/,
    ],
    [
      'a date that is far off',
      windowed({ date: '2040-05-30', from: '01:00', to: '23:00' }),
      'windows.w',
      /does not open within ten years/,
    ],
    [
      'a recurrence that is over by its date',
      windowed({ rrule: 'FREQ=DAILY;UNTIL=20260530T000000Z', start: '2026-05-01T01:00', duration: '8h' }),
      'windows.w',
      /does not open any more/,
    ],
    ...[
      'FREQ=YEARLY;INTERVAL=20',
      'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO',
      'FREQ=YEARLY;INTERVAL=20;COUNT=3',
    ].map((rrule): [string, Record<string, unknown>, string, RegExp] => [
      `a recurrence that comes again after more than ten years: ${rrule}`,
      windowed({ rrule, start: '2024-05-01T01:00', duration: '8h' }),
      'windows.w',
      /does not open within ten years/,
    ]),
    [
      'a recurrence that is over',
      windowed({ rrule: 'FREQ=DAILY;COUNT=10', start: '2026-05-01T01:00', duration: '8h' }),
      'windows.w',
      /does not open any more/,
    ],
    [
      'a gap in the clock',
      windowed({ days: ['mon', 'sun'], from: '02:00', to: '03:00' }),
      'windows.w',
      /on 2027-03-28, 2028-03-26, 2029-03-25, 2030-03-31, 2031-03-30: it does not open on those days/,
    ],
    [
      'a gap, once',
      windowed({ date: '2027-03-28', from: '02:10', to: '02:50' }),
      'windows.w',
      /on 2027-03-28: it does not open on that day/,
    ],
    [
      'a gap at midnight',
      windowed({ days: ['fri'], from: '00:00', to: '01:00', timezone: 'Africa/Cairo' }),
      'windows.w',
      /on 2027-04-30, 2028-04-28/,
    ],
    [
      'few hours',
      windowed({ monthly: '1st tue', from: '01:00', to: '08:00' }),
      'windows',
      /open for 420 min in the 32 days/,
    ],
    [
      'few hours because of a freeze',
      { freezes: [freeze({ from: '2026-06-03', to: '2026-08-01' })] },
      'windows',
      /open for 240 min/,
    ],
    [
      'no hours',
      windowed({ date: '2026-12-01', from: '01:00', to: '23:00' }),
      'windows',
      /nothing opens in the 32 days/,
    ],
    [
      'a window longer than its period',
      windowed({ cron: '0 2 * * *', duration: '25h' }),
      'windows',
      /union of w never closes/,
    ],
    ['no waves', { rollout: [] }, 'rollout', /there is no wave/],
    ['no windows', { windows: {}, rollout: [] }, 'windows', /there are none/],
  ])('%s', async (_, change, path, message) => {
    expect(await found(change)).toContainEqual([path, expect.stringMatching(message)]);
  });

  it.each<[string, Record<string, unknown>]>([
    ['a usual policy', {}],
    ['ten minutes', { windows: { night: NIGHT, w: { cron: '0 * * * *', duration: '10m' } } }],
    ['a window of two days, wall to wall', { windows: { night: { ...NIGHT, from: '05:01', to: '05:00' } } }],
    ['a freeze of a part of the openings', { freezes: [freeze({ from: '2026-07-01', to: '2026-07-31' })] }],
    [
      'a freeze of some instances',
      { freezes: [freeze({ from: '2026-01-01', to: '2036-01-01', match: { name: 'a' } })] },
    ],
    ['a freeze of one part', { freezes: [freeze({ from: '2026-01-01', to: '2036-01-01', block: ['proxy'] })] }],
    ['a start in a gap, with a duration', windowed({ days: ['sun'], from: '02:00', duration: '3h' })],
    ['an end in a gap', windowed({ days: ['sun'], from: '00:00', to: '02:30' })],
    ["an instance's own window", windowed({ instance: true })],
    [
      'a zone without gaps',
      { timezone: 'Asia/Shanghai', ...windowed({ days: ['sat', 'sun'], from: '02:00', to: '03:00' }) },
    ],
  ])('nothing to say about %s', async (_, change) => {
    expect(await found(change)).toEqual([]);
  });
});

describe('waves held against the fleet that was seen last', () => {
  const rollout = [
    { wave: 'dev', match: { tags: { env: 'dev' } }, window: 'night' },
    { wave: 'prod', match: { tags: { env: 'prod' } }, window: 'night' },
    { wave: 'gold', match: { tags: { tier: 'gold' } }, window: 'night' },
  ];
  const dev = anInstance('a', { tags: { env: 'dev', tier: 'gold' } });
  const prod = anInstance('b', { tags: { env: 'prod' } });

  it.each<[string, Instance[] | null, unknown[][]]>([
    ['no fleet was seen', null, []],
    ['an empty fleet was seen', [], []],
    ['only instances of another scope were seen', [{ ...dev, scope: 'cn-north-1/p9' }], []],
    [
      'some waves own nothing',
      [dev],
      [
        ['rollout[1].match', 'rollout[1].match: it matches none of the 1 instances seen last'],
        ['rollout[2].match', expect.stringContaining('all 1 instances that it matches')],
      ],
    ],
    ['each wave owns something', [dev, prod, anInstance('c', { tags: { tier: 'gold' } })], []],
  ])('%s', async (_, fleet, expected) => {
    expect(await found({ rollout }, fleet)).toEqual(expected);
  });
});

describe('a deadline held against the fleet that was seen last', () => {
  const wave = (name: string, soak: string) => ({ wave: name, match: { tags: { env: name } }, window: 'night', soak });
  const fleet = [anInstance('a', { tags: { env: 'dev' } }), anInstance('b', { tags: { env: 'prod' } })];
  const found60 = (deadline: object) =>
    found(
      {
        scopes: [{ project: 'p1', region: 'cn-north-4' }],
        rollout: [wave('dev', '0s'), wave('prod', '60d')],
        deadline,
      },
      fleet,
    );

  it.each<[string, object, string[]]>([
    ['a soak that ends before it', { page: '90d' }, []],
    ['a soak that ends after it', { page: '30d' }, ['deadline.page']],
    ['what pages counts, where there is both', { warn: '1d', page: '90d' }, []],
    ['what warns, where that is all', { warn: '30d' }, ['deadline.warn']],
  ])('%s', async (_, deadline, paths) => {
    const warnings = await found60(deadline);
    expect(warnings.map(([path]) => path)).toEqual(paths);
    for (const [, message] of warnings) expect(message).toMatch(/wave prod is current on 2026-/);
  });
});

import { describe, expect, it } from '@jest/globals';
import type { FreezeSpan } from '../../lib/core/policy.ts';
import { preview } from '../../lib/core/preview.ts';
import { DAY, iso, MINUTE } from '../../lib/core/time.ts';
import { cpuTime } from '../support/cpu-time.ts';
import { read } from '../support/reading.ts';

const NIGHT = { days: ['tue', 'wed'], from: '01:00', to: '05:00' };
const [FROM, TO] = ['2026-11-23T00:00:00Z', '2026-11-30T00:00:00Z'];

type Span = [from: string, to: string, names: string];

interface Row {
  what: string;
  windows?: Record<string, object>;
  freezes?: object[];
  upgrade?: string[];
  from?: string;
  to?: string;
  openings: Span[];
  frozen?: Span[];
}

const short = (at: number) => iso(at).slice(5, -4);
const freeze = (change: object) => ({ name: 'f', reason: 'sale', ...change });

describe('what is to come', () => {
  it.each<Row>([
    {
      what: 'every opening of the span',
      openings: [
        ['11-24T01:00', '11-24T05:00', 'night'],
        ['11-25T01:00', '11-25T05:00', 'night'],
      ],
    },
    {
      what: 'openings are clipped to the span',
      from: '2026-11-24T02:00:00Z',
      to: '2026-11-25T02:00:00Z',
      openings: [
        ['11-24T02:00', '11-24T05:00', 'night'],
        ['11-25T01:00', '11-25T02:00', 'night'],
      ],
    },
    {
      what: 'windows that touch are one opening',
      windows: {
        a: { date: '2026-11-24', from: '01:00', to: '03:00' },
        b: { date: '2026-11-24', from: '03:00', to: '05:00' },
      },
      openings: [['11-24T01:00', '11-24T05:00', 'a+b']],
    },
    {
      what: 'a union that never closes is one opening, over the ends of months',
      windows: { always: { cron: '0 0 * * *', duration: '25h' } },
      to: '2027-03-01T00:00:00Z',
      openings: [['11-23T00:00', '03-01T00:00', 'always']],
    },
    {
      what: 'a freeze takes its part out, and cuts an opening in two',
      windows: { long: { date: '2026-11-24', from: '01:00', to: '23:00' } },
      freezes: [freeze({ from: '2026-11-24T10:00', to: '2026-11-24T12:00' })],
      openings: [
        ['11-24T01:00', '11-24T10:00', 'long'],
        ['11-24T12:00', '11-24T23:00', 'long'],
      ],
      frozen: [['11-24T10:00', '11-24T12:00', 'f']],
    },
    {
      what: 'a piece names the windows that are open in it',
      windows: {
        a: { date: '2026-11-24', from: '01:00', to: '03:00' },
        b: { date: '2026-11-24', from: '02:00', to: '06:00' },
      },
      freezes: [freeze({ from: '2026-11-24T03:00', to: '2026-11-24T04:00' })],
      openings: [
        ['11-24T01:00', '11-24T03:00', 'a+b'],
        ['11-24T04:00', '11-24T06:00', 'b'],
      ],
      frozen: [['11-24T03:00', '11-24T04:00', 'f']],
    },
    {
      what: 'freezes that overlap',
      freezes: [
        freeze({ from: '2026-11-23', to: '2026-11-24' }),
        freeze({ name: 'g', from: '2026-11-24', to: '2026-11-25T02:00' }),
      ],
      openings: [['11-25T02:00', '11-25T05:00', 'night']],
      frozen: [
        ['11-23T00:00', '11-25T00:00', 'f'],
        ['11-24T00:00', '11-25T02:00', 'g'],
      ],
    },
    {
      what: 'days of the month, over its end',
      freezes: [freeze({ monthDays: '30..24' })],
      openings: [['11-25T01:00', '11-25T05:00', 'night']],
      frozen: [['11-23T00:00', '11-25T00:00', 'f']],
    },
    {
      what: 'days of the month that are all of them',
      freezes: [freeze({ monthDays: '1..31' })],
      openings: [],
      frozen: [['11-23T00:00', '11-30T00:00', 'f']],
    },
    {
      what: 'a freeze of some instances leaves the others',
      freezes: [freeze({ from: '2026-11-24', to: '2026-11-24', match: { name: 'a' } })],
      openings: [
        ['11-24T01:00', '11-24T05:00', 'night'],
        ['11-25T01:00', '11-25T05:00', 'night'],
      ],
    },
    {
      what: 'a freeze of one part leaves the other',
      freezes: [freeze({ from: '2026-11-24', to: '2026-11-24', block: ['engine'] })],
      openings: [
        ['11-24T01:00', '11-24T05:00', 'night'],
        ['11-25T01:00', '11-25T05:00', 'night'],
      ],
    },
    {
      what: 'a freeze of the only part that is upgraded leaves nothing',
      upgrade: ['engine'],
      freezes: [freeze({ from: '2026-11-24', to: '2026-11-24', block: ['engine'] })],
      openings: [['11-25T01:00', '11-25T05:00', 'night']],
      frozen: [['11-24T00:00', '11-25T00:00', 'f']],
    },
    { what: "an instance's own window is not anybody's", windows: { own: { instance: true } }, openings: [] },
  ])(
    '$what',
    async ({ windows = { night: NIGHT }, freezes = [], upgrade, from = FROM, to = TO, openings, frozen = [] }) => {
      const names = Object.keys(windows);
      const policy = await read({
        timezone: 'UTC',
        windows,
        freezes,
        ...(upgrade && { upgrade }),
        rollout: [{ wave: 'all', match: {}, window: names }],
      });
      const found = preview(policy, names, Date.parse(from), Date.parse(to));
      expect(found.openings.map((one): Span => [short(one.opens), short(one.closes), one.windows.join('+')])).toEqual(
        openings,
      );
      expect(found.frozen.map((one): Span => [short(one.from), short(one.to), one.name])).toEqual(frozen);
    },
  );

  it('an opening has the same id whatever span is asked for', async () => {
    const policy = await read({ timezone: 'UTC', windows: { night: NIGHT } });
    const ids = ['2026-11-24T00:00:00Z', '2026-11-24T02:30:00Z'].map(
      (from) => preview(policy, ['night'], Date.parse(from), Date.parse(TO)).openings[0]?.id,
    );
    expect(ids).toEqual(['2026-11-24T01:00:00Z', '2026-11-24T01:00:00Z']);
  });

  it('takes thousands of freezes out of thousands of openings in a moment', async () => {
    const policy = await read({
      windows: { often: { cron: '*/2 * * * *', duration: '1m' } },
      rollout: [{ wave: 'a', match: {}, window: 'often' }],
      freezes: [freeze({ ics: 'calendar.ics' })],
    });
    const from = Date.parse(FROM);
    const stretches = Array.from({ length: 10_000 }, (_, index) => {
      return { from: from + index * 30 * MINUTE, to: from + index * 30 * MINUTE + 5 * MINUTE };
    });
    const span = { ...policy.freezes[0]!.span, stretches, problem: null } as FreezeSpan;
    const frozen = { ...policy, freezes: Array.from({ length: 6 }, () => ({ ...policy.freezes[0]!, span })) };
    const shows = async () => {
      // In each half hour the openings at 0, 2 and 4 minutes past lie in the freeze.
      expect(preview(frozen, ['often'], from, from + 100 * DAY).openings).toHaveLength(100 * 48 * 12);
    };
    expect(await cpuTime(shows, 4_000)).toBeLessThan(4_000);
  });
});

describe('more than was asked for', () => {
  const from = Date.parse(FROM);

  const oftenOpen = () =>
    read({
      windows: { often: { cron: '*/2 * * * *', duration: '1m' } },
      rollout: [{ wave: 'all', match: {}, window: 'often' }],
    });

  it('is told, with the time up to which there are so many', async () => {
    const often = await oftenOpen();
    expect(() => preview(often, ['often'], from, from + 1_000 * DAY, 50_000)).toThrow(
      'more than 50000 openings, the last of them before 2027-02-24T00:00:00Z',
    );
  });

  it('is not so where there are just as many', async () => {
    const often = await oftenOpen();
    expect(preview(often, ['often'], from, from + 31 * DAY, 31 * 720).openings).toHaveLength(31 * 720);
  });
});

import { describe, expect, it } from '@jest/globals';
import { freezeEnds, frozenAt, nextStart, stretchesOf } from '../../lib/core/freeze.ts';
import { PARTS, type Part } from '../../lib/core/instance.ts';
import type { Feed } from '../../lib/core/policy.ts';
import { HOUR, iso } from '../../lib/core/time.ts';
import { calendar } from '../../lib/core/window.ts';
import { aFreeze, anInstance, aPolicy, NIGHT } from '../support/builders.ts';
import { read } from '../support/reading.ts';

const SALES = { name: 'sales', from: '2026-11-01', to: '2026-11-13', reason: 'double 11' };
const HOURS = { name: 'hours', from: '2026-11-20T08:00', to: '2026-11-20T18:00', reason: 'audit' };
const MONTH_END = { name: 'month-end', monthDays: '28..2', reason: 'the books' };

async function frozen(
  freeze: object,
  at: string,
  part: Part = 'engine',
  instance = anInstance('a'),
): Promise<string | null> {
  return frozenAt(await read({ freezes: [freeze] }), instance, part, Date.parse(at))?.name ?? null;
}

describe('F028 a date alone means the whole day, in the zone of the policy', () => {
  it.each<[string, object, string, boolean]>([
    ['the last second before the first day', SALES, '2026-10-31T23:59:59+08:00', false],
    ['the first day begins', SALES, '2026-11-01T00:00:00+08:00', true],
    ['the last day ends', SALES, '2026-11-13T23:59:59+08:00', true],
    ['the day after it', SALES, '2026-11-14T00:00:00+08:00', false],
    ['one day', { ...SALES, to: '2026-11-01' }, '2026-11-01T12:00:00+08:00', true],
    ['a time at the start is an instant', HOURS, '2026-11-20T07:59:59+08:00', false],
    ['… from which on it is frozen', HOURS, '2026-11-20T08:00:00+08:00', true],
    ['a time at the end is exclusive', HOURS, '2026-11-20T18:00:00+08:00', false],
    [
      'a time with an offset is that instant',
      { ...HOURS, from: '2026-11-20T08:00Z' },
      '2026-11-20T15:59:59+08:00',
      false,
    ],
    ["a freeze's own zone", { ...SALES, timezone: 'Europe/Berlin' }, '2026-11-01T06:59:59+08:00', false],
    ['… in which the day begins later', { ...SALES, timezone: 'Europe/Berlin' }, '2026-11-01T07:00:00+08:00', true],
  ])('%s', async (_, freeze, at, expected) => {
    expect(await frozen(freeze, at)).toBe(expected ? (freeze as { name: string }).name : null);
  });
});

describe('days of every month, both included', () => {
  it.each([
    ['2026-01-27T23:59:59+08:00', '28..2', false],
    ['2026-01-28T00:00:00+08:00', '28..2', true],
    ['2026-01-31T12:00:00+08:00', '28..2', true],
    ['2026-02-02T23:59:59+08:00', '28..2', true],
    ['2026-02-03T00:00:00+08:00', '28..2', false],
    ['2026-02-28T12:00:00+08:00', '30..2', false],
    ['2026-03-01T12:00:00+08:00', '30..2', true],
    ['2026-03-10T12:00:00+08:00', '10..10', true],
    ['2026-03-11T00:00:00+08:00', '10..10', false],
  ])('%s with %s: %s', async (at, monthDays, expected) => {
    expect(await frozen({ ...MONTH_END, monthDays }, at)).toBe(expected ? 'month-end' : null);
  });
});

describe('a freeze by a calendar', () => {
  const at = (hour: number) => NIGHT + hour * HOUR;
  const feed = (change: Partial<Feed> = {}) => {
    const stretches = [2, 10, 20].map((hour) => ({ from: at(hour), to: at(hour + 2) }));
    const span: Feed = {
      kind: 'feed',
      source: 'a.ics',
      onError: 'closed',
      timezone: 'UTC',
      stretches,
      problem: null,
      ...change,
    };
    return aPolicy({ freezes: [aFreeze({ span })] });
  };
  const unread = { stretches: null, problem: 'its server answered 404' };

  it.each<[string, Partial<Feed>, hour: number, isFrozen: boolean, thawsAt: number]>([
    ['before an event', {}, 1, false, 1],
    ['at its first instant', {}, 2, true, 4],
    ['within it', {}, 11, true, 12],
    ['at its last instant', {}, 12, false, 12],
    ['after the last one', {}, 30, false, 30],
    ['of an empty one', { stretches: [] }, 2, false, 2],
    ['that could not be read', unread, 2, true, Number.POSITIVE_INFINITY],
    ['that was not read yet', { stretches: null }, 2, true, Number.POSITIVE_INFINITY],
    ['that could not be read, and may be missing', { ...unread, onError: 'open' }, 2, false, 2],
  ])('%s', (_, change, hour, isFrozen, thawsAt) => {
    const policy = feed(change);
    expect(frozenAt(policy, anInstance('a'), 'engine', at(hour)) !== null).toBe(isFrozen);
    expect((freezeEnds(policy, anInstance('a'), 'engine', at(hour)) - NIGHT) / HOUR).toBe(thawsAt);
  });

  it.each<[string, Partial<Feed>, [number, number][]]>([
    ['the events, clipped', {}, [[3, 4], [10, 12], [20, 21]]],
    ['none where there are none', { stretches: [] }, []],
    ['all of the time where it could not be read', unread, [[3, 21]]],
    ['none where it may be missing', { ...unread, onError: 'open' }, []],
  ])('is in force during %s', (_, change, expected) => {
    const found = stretchesOf(feed(change).freezes[0]!, at(3), at(21));
    expect(found.map(({ from, to }) => [(from - NIGHT) / HOUR, (to - NIGHT) / HOUR])).toEqual(expected);
  }); // biome-ignore format: a table
});

describe('what a freeze is for', () => {
  const at = '2026-11-05T12:00:00+08:00';
  it.each<[string, object, Part, object, boolean]>([
    ['every instance and part', {}, 'engine', {}, true],
    ['only a part: that one', { block: ['engine'] }, 'engine', {}, true],
    ['only a part: the other one', { block: ['engine'] }, 'proxy', {}, false],
    [
      'only some instances: one of them',
      { match: { tags: { tier: 'gold' } } },
      'engine',
      { tags: { tier: 'gold' } },
      true,
    ],
    [
      'only some instances: another',
      { match: { tags: { tier: 'gold' } } },
      'engine',
      { tags: { tier: 'iron' } },
      false,
    ],
  ])('%s', async (_, change, part, instance, expected) => {
    expect((await frozen({ ...SALES, ...change }, at, part, anInstance('a', instance))) !== null).toBe(expected);
  });
});

describe('when a freeze ends', () => {
  it.each<[string, object[], string, string | null]>([
    ['not frozen: now', [SALES], '2026-10-01T00:00:00Z', '2026-10-01T00:00:00Z'],
    ['with its last day', [SALES], '2026-11-05T00:00:00Z', '2026-11-13T16:00:00Z'],
    [
      'with the last of those that follow one another',
      [SALES, { ...SALES, from: '2026-11-14', to: '2026-11-16' }],
      '2026-11-05T00:00:00Z',
      '2026-11-16T16:00:00Z',
    ],
    ['after the last of its days of the month', [MONTH_END], '2026-11-29T00:00:00Z', '2026-12-02T16:00:00Z'],
    ['never, when every day is frozen', [{ ...MONTH_END, monthDays: '1..31' }], '2026-11-29T00:00:00Z', null],
  ])('%s', async (_, freezes, at, expected) => {
    const end = freezeEnds(await read({ freezes }), anInstance('a'), 'engine', Date.parse(at));
    expect(Number.isFinite(end) ? iso(end) : null).toBe(expected);
  });
});

describe('the next start', () => {
  const AT = '2026-11-10T00:00:00+08:00';
  it.each<[string, object[], readonly Part[], number, string, string | null]>([
    ['the next opening', [], PARTS, 1, AT, '2026-11-10T01:00:00+08:00'],
    ['at once, inside an opening', [], PARTS, 1, '2026-11-10T02:00:00+08:00', '2026-11-10T02:00:00+08:00'],
    ['as long as it fits', [], PARTS, 1, '2026-11-10T04:00:00+08:00', '2026-11-10T04:00:00+08:00'],
    ['and else in the opening after', [], PARTS, 1, '2026-11-10T04:00:01+08:00', '2026-11-11T01:00:00+08:00'],
    ['never, when it fits nowhere', [], PARTS, 5, AT, null],
    ['after the freeze', [SALES], PARTS, 1, AT, '2026-11-17T01:00:00+08:00'],
    [
      'when the freeze ends inside an opening',
      [{ ...HOURS, from: '2026-11-10T00:30', to: '2026-11-10T03:00' }],
      PARTS,
      1,
      AT,
      '2026-11-10T03:00:00+08:00',
    ],
    [
      'when it leaves too little of it: the next',
      [{ ...HOURS, from: '2026-11-10T00:30', to: '2026-11-10T04:30' }],
      PARTS,
      1,
      AT,
      '2026-11-11T01:00:00+08:00',
    ],
    [
      'not frozen for one of the parts is enough',
      [{ ...SALES, block: ['engine'] }],
      PARTS,
      1,
      AT,
      '2026-11-10T01:00:00+08:00',
    ],
    [
      'but not for none of those that are due',
      [{ ...SALES, block: ['engine'] }],
      ['engine'],
      1,
      AT,
      '2026-11-17T01:00:00+08:00',
    ],
    ['never, when everything is frozen', [{ ...MONTH_END, monthDays: '1..31' }], PARTS, 1, AT, null],
    ['never, when nothing is due', [], [], 1, AT, null],
  ])('%s', async (_, freezes, parts, hours, from, expected) => {
    const policy = await read({ freezes });
    const times = calendar(policy, ['night'], null);
    const start = nextStart(policy, times, anInstance('a'), parts, Date.parse(from), hours * HOUR);
    expect(start).toBe(expected === null ? null : Date.parse(expected));
  });
});

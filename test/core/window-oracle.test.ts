import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { calendar } from '../../lib/core/window.ts';
import { problems, read } from '../support/reading.ts';
import { type Case, cases, isOpenByScan, MINUTE, windowOf } from '../support/window-oracle.ts';

/** Zones that change their clocks in all sorts of ways, and some that do not. */
const ZONES = [
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'America/St_Johns',
  'Africa/Casablanca',
  'Africa/Cairo',
  'Pacific/Chatham',
  'America/Santiago',
  'Asia/Tehran',
  'Asia/Kathmandu',
  'Asia/Shanghai',
  'Pacific/Apia',
  'UTC',
];

const policyOf = (one: Case) => ({
  timezone: one.zone,
  windows: { w: windowOf(one) },
  rollout: [{ wave: 'all', match: {}, window: 'w' }],
});

/** Null for a rule that no date fits, which is refused. */
async function calendarOf(one: Case) {
  const found = await problems(policyOf(one));
  if (found.some(({ message }) => message.includes('never fires'))) return null;
  return calendar(await read(policyOf(one)), ['w'], null);
}

describe('windows by another way of thinking', () => {
  it('a scan of the wall clock, minute by minute, finds the same instants open', async () => {
    await fc.assert(
      fc.asyncProperty(cases(ZONES, 10), async (one) => {
        const times = await calendarOf(one);
        const open = one.at.map((minute) => (times?.at(minute * MINUTE) ?? null) !== null);
        expect(open).toEqual(one.at.map((minute) => isOpenByScan(one, minute)));
      }),
      { numRuns: 300 },
    );
  });

  it('at, next and between tell the same story', async () => {
    await fc.assert(
      fc.asyncProperty(cases(ZONES, 1), async (one) => {
        const at = one.at[0]! * MINUTE;
        const times = await calendarOf(one);
        const next = times?.next(at) ?? null;
        if (times === null || next === null) return;
        expect(times.at(next.opens)).toEqual(next);
        expect(times.at(next.closes - 1)).toEqual(next);
        const here = times.at(at);
        expect(times.at(next.opens - 1)).toEqual(here?.closes === next.opens ? here : null);
        expect(times.between(at, next.closes)).toEqual(here ? [here, next] : [next]);
      }),
      { numRuns: 150 },
    );
  });
});

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { calendar } from '../../lib/core/window.ts';
import { read } from '../support/reading.ts';

const MINUTE = 60_000;
const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];

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

/** A wall clock read minute by minute: what it shows at each minute of a stretch of time. It knows no offset and no rule. */
class Walls {
  readonly #format: Intl.DateTimeFormat;
  readonly #seen = new Map<number, string>();
  constructor(timeZone: string) {
    const fields = { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' } as const;
    this.#format = new Intl.DateTimeFormat('sv-SE', { timeZone, ...fields });
  }
  /** `2026-03-29 01:30` */
  at(minute: number): string {
    const text = this.#seen.get(minute) ?? this.#format.format(minute * MINUTE);
    this.#seen.set(minute, text);
    return text;
  }
  /** The first minute from `from` on at which the wall shows this or, as that never happens in a gap, something later. */
  first(text: string, from: number): number {
    let minute = from;
    while (this.at(minute) < text) minute++;
    return minute;
  }
}

interface Case {
  zone: string;
  weekdays: number[];
  from: number;
  /** Wall-clock end or elapsed minutes. */
  end: { to: number } | { minutes: number };
  at: number;
}

const clock = (minutes: number) =>
  `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;

function windowOf({ weekdays, from, end }: Case): Record<string, unknown> {
  const days = weekdays.map((weekday) => WEEKDAYS[weekday]);
  return { days, from: clock(from), ...('to' in end ? { to: clock(end.to) } : { duration: `${end.minutes}m` }) };
}

/** Tries every calendar day around the instant, and reads the wall until the day's opening is found. */
function isOpenByScan({ zone, weekdays, from, end, at }: Case): boolean {
  const walls = new Walls(zone);
  const noon = Date.UTC(
    ...(walls
      .at(at / MINUTE)
      .slice(0, 10)
      .split('-')
      .map((part, index) => Number(part) - (index === 1 ? 1 : 0)) as [number, number, number]),
    12,
  );
  const date = (shift: number) => new Date(noon + shift * 1440 * MINUTE);
  const text = (shift: number) => date(shift).toISOString().slice(0, 10);
  return [-3, -2, -1, 0].some((shift) => {
    if (!weekdays.includes((date(shift).getUTCDay() + 6) % 7)) return false;
    const before = at / MINUTE + (shift - 1) * 1440 - 120;
    const opens = walls.first(`${text(shift)} ${clock(from)}`, before);
    if (!('to' in end)) return opens <= at / MINUTE && at / MINUTE < opens + end.minutes;
    const last = end.to <= from ? text(shift + 1) : text(shift);
    const closes = walls.first(`${last} ${clock(end.to)}`, before);
    return opens <= at / MINUTE && at / MINUTE < closes;
  });
}

/** Half of the instants lie within a day and a half of a change of clocks, where the mistakes are. */
function cases(): fc.Arbitrary<Case> {
  return fc.constantFrom(...ZONES).chain((zone) => {
    const changes = changesOf(zone);
    const anywhere = fc.integer({ min: Date.UTC(2024, 0) / MINUTE, max: Date.UTC(2028, 0) / MINUTE });
    const near =
      changes.length === 0
        ? anywhere
        : fc
            .tuple(fc.constantFrom(...changes), fc.integer({ min: -2160, max: 2160 }))
            .map(([change, shift]) => change + shift);
    return fc
      .record({
        weekdays: fc.uniqueArray(fc.nat(6), { minLength: 1 }),
        from: fc.oneof(fc.integer({ min: 0, max: 240 }), fc.nat(1439)),
        end: fc.oneof(
          fc.nat(1439).map((to) => ({ to })),
          fc.integer({ min: 1, max: 2880 }).map((minutes) => ({ minutes })),
        ),
        at: fc.oneof(near, anywhere).map((minute) => minute * MINUTE),
      })
      .filter(({ from, end }) => !('to' in end) || end.to !== from)
      .map((rest): Case => ({ zone, ...rest }));
  });
}

/** Minutes at which the zone's offset changes, found by looking at every hour. */
function changesOf(timeZone: string): number[] {
  const format = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' });
  const offset = (hour: number) => format.format(hour * 60 * MINUTE).split(', ')[1];
  const found: number[] = [];
  for (let day = Date.UTC(2024, 0) / MINUTE / 60; day < Date.UTC(2028, 0) / MINUTE / 60; day += 24) {
    if (offset(day) !== offset(day + 24)) found.push((day + 12) * 60);
  }
  return found;
}

describe('windows by another way of thinking', () => {
  it('a scan of the wall clock, minute by minute, finds the same instants open', async () => {
    await fc.assert(
      fc.asyncProperty(cases(), async (one) => {
        const windows = { w: windowOf(one) };
        const policy = await read({ timezone: one.zone, windows, rollout: [{ wave: 'all', match: {}, window: 'w' }] });
        expect(calendar(policy, ['w'], null).at(one.at) !== null).toBe(isOpenByScan(one));
      }),
      { numRuns: 250 },
    );
  });

  it('at, next and between tell the same story', async () => {
    await fc.assert(
      fc.asyncProperty(cases(), async (one) => {
        const windows = { w: windowOf(one) };
        const policy = await read({ timezone: one.zone, windows, rollout: [{ wave: 'all', match: {}, window: 'w' }] });
        const times = calendar(policy, ['w'], null);
        const next = times.next(one.at)!;
        expect(times.at(next.opens)).toEqual(next);
        expect(times.at(next.closes - 1)).toEqual(next);
        expect(times.at(next.opens - 1)).toEqual(times.at(one.at)?.closes === next.opens ? times.at(one.at) : null);
        const here = times.at(one.at);
        expect(times.between(one.at, next.closes)).toEqual(here ? [here, next] : [next]);
      }),
      { numRuns: 150 },
    );
  });
});

import fc from 'fast-check';

// A second opinion on when windows are open, made in another way and of nothing that the program uses: the wall of each
// zone is asked of Intl, and read minute by minute.

export const MINUTE = 60_000;
const DAY = 1_440;
const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** Minutes since 1970, UTC. */
const [FIRST, LAST] = [Date.UTC(2024, 0) / MINUTE, Date.UTC(2028, 0) / MINUTE];

/** Minutes since 1970 on the wall of a zone, whatever the zone. */
type WallMinute = number;

/** A zone's wall, and when its offset changes. It knows no rule: it has looked. */
export class Walls {
  readonly #offsets: { from: number; offset: number }[] = [];
  readonly #format: Intl.DateTimeFormat;
  constructor(timeZone: string) {
    const fields = { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' } as const;
    this.#format = new Intl.DateTimeFormat('sv-SE', { timeZone, ...fields });
    const end = LAST + 9 * DAY;
    let at = FIRST - 9 * DAY;
    this.#offsets.push({ from: at, offset: this.#look(at) });
    for (; at < end; at += DAY / 2) this.#search(at, at + DAY / 2);
  }
  /** Minutes at which the offset is another one than in the minute before. */
  get changes(): number[] {
    return this.#offsets.slice(1).map(({ from }) => from);
  }
  wallAt(minute: number): WallMinute {
    const era = this.#offsets.findLast(({ from }) => from <= minute) ?? this.#offsets[0]!;
    return minute + era.offset;
  }
  /** The first minute from `from` on at which the wall shows this or, as that never happens in a gap, something later. */
  first(wall: WallMinute, from: number): number {
    let minute = from;
    while (this.wallAt(minute) < wall) minute++;
    return minute;
  }
  #look(minute: number): number {
    const shown = this.#format.format(minute * MINUTE).replace(' ', 'T');
    return Date.parse(`${shown}Z`) / MINUTE - minute;
  }
  #search(from: number, to: number): void {
    const offset = this.#look(to);
    if (this.#look(from) === offset) return;
    let [before, after] = [from, to];
    while (after - before > 1) {
      const middle = Math.floor((before + after) / 2);
      if (this.#look(middle) === offset) after = middle;
      else before = middle;
    }
    this.#offsets.push({ from: after, offset });
  }
}

const walls = new Map<string, Walls>();

export function wallsOf(zone: string): Walls {
  const known = walls.get(zone) ?? new Walls(zone);
  walls.set(zone, known);
  return known;
}

/** A date as people write it down, and its weekday from 0 for Monday. */
interface CalendarDate {
  year: number;
  month: number;
  day: number;
  weekday: number;
}

/** A window as a policy says it, and as the oracle understands it. */
export interface Rule {
  written: Record<string, unknown>;
  opensOn(date: CalendarDate): boolean;
}

export interface Case {
  zone: string;
  rule: Rule;
  /** Minutes after midnight. */
  from: number;
  /** Wall-clock end or elapsed minutes. */
  end: { to: number } | { minutes: number };
  /** Minutes since 1970 at which is asked whether it is open. */
  at: number[];
}

const clock = (minutes: number) =>
  `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;

/** The window as it stands in a policy. */
export function windowOf({ rule, from, end }: Case): Record<string, unknown> {
  const ends = 'to' in end ? { to: clock(end.to) } : { duration: `${end.minutes}m` };
  const { cron, rrule } = rule.written;
  if (cron !== undefined) return { cron: `${from % 60} ${Math.floor(from / 60)} ${cron}`, ...ends };
  return rrule === undefined
    ? { ...rule.written, from: clock(from), ...ends }
    : { ...rule.written, start: `${rule.written.start}T${clock(from)}`, ...ends };
}

/** Tries every calendar day around the minute, and reads the wall until the day's opening is found. */
export function isOpenByScan({ zone, rule, from, end }: Case, at: number): boolean {
  const wall = wallsOf(zone);
  const today = Math.floor(wall.wallAt(at) / DAY);
  return [-3, -2, -1, 0].some((shift) => {
    if (!rule.opensOn(dateOf(today + shift))) return false;
    const before = at + (shift - 1) * DAY - 120;
    const opens = wall.first((today + shift) * DAY + from, before);
    if (!('to' in end)) return opens <= at && at < opens + end.minutes;
    const last = today + shift + (end.to <= from ? 1 : 0);
    return opens <= at && at < wall.first(last * DAY + end.to, before);
  });
}

function dateOf(day: number): CalendarDate {
  const date = new Date(day * DAY * MINUTE);
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    weekday: (date.getUTCDay() + 6) % 7,
  };
}

const dayNumber = ({ year, month, day }: Omit<CalendarDate, 'weekday'>) =>
  Date.UTC(year, month - 1, day) / MINUTE / DAY;

/** All dates of a month, in order. */
function datesOf(year: number, month: number): CalendarDate[] {
  const first = dayNumber({ year, month, day: 1 });
  return Array.from({ length: 31 }, (_, index) => dateOf(first + index)).filter((date) => date.month === month);
}

const some = <T>(...items: T[]) => fc.uniqueArray(fc.constantFrom(...items), { minLength: 1 });

function daysRule(): fc.Arbitrary<Rule> {
  return fc.uniqueArray(fc.nat(6), { minLength: 1 }).map((weekdays) => ({
    written: { days: weekdays.map((weekday) => WEEKDAYS[weekday]) },
    opensOn: (date) => weekdays.includes(date.weekday),
  }));
}

function monthlyRule(): fc.Arbitrary<Rule> {
  type Pick = { text: string; of: (dates: CalendarDate[]) => CalendarDate | undefined };
  const nth = fc.tuple(fc.integer({ min: 1, max: 6 }), fc.nat(6)).map(([place, weekday]): Pick => {
    const text = `${['1st', '2nd', '3rd', '4th', '5th', 'last'][place - 1]} ${WEEKDAYS[weekday]}`;
    return { text, of: (dates) => dates.filter((date) => date.weekday === weekday).at(place === 6 ? -1 : place - 1) };
  });
  const day = fc
    .integer({ min: 1, max: 31 })
    .chain((number) =>
      fc.constantFrom<Pick[]>(
        { text: `day ${number}`, of: (dates) => dates[number - 1] },
        { text: `day -${number}`, of: (dates) => (number > dates.length ? undefined : dates.at(-number)) },
        { text: 'last day', of: (dates) => dates.at(-1) },
      ),
    );
  const months = fc.option(some(1, 2, 3, 6, 10, 12), { nil: undefined });
  return fc.tuple(fc.oneof(nth, day), months, fc.integer({ min: -6, max: 6 })).map(([pick, months, offset]) => ({
    written: {
      monthly: pick.text,
      offset: `${offset}d`,
      ...(months && { months: months.map((month) => MONTHS[month - 1]) }),
    },
    opensOn(date) {
      const { year, month, day } = dateOf(dayNumber(date) - offset);
      return (!months || months.includes(month)) && pick.of(datesOf(year, month))?.day === day;
    },
  }));
}

function cronRule(): fc.Arbitrary<Rule> {
  const field = (...items: number[]) => fc.option(some(...items), { nil: null });
  const fields = fc.tuple(field(1, 2, 13, 28, 29, 30, 31), field(1, 3, 4, 10, 11), field(0, 1, 2, 5, 6));
  return fc.tuple(fields, fc.boolean()).map(([[days, months, weekdays], isNamed]) => {
    const names = weekdays?.map((weekday) => (isNamed ? WEEKDAYS[(weekday + 6) % 7] : weekday));
    return {
      written: { cron: [days ?? '*', months ?? '*', names ?? '*'].map(String).join(' ') },
      opensOn(date) {
        if (months && !months.includes(date.month)) return false;
        const isDay = days?.includes(date.day) ?? true;
        const isWeekday = weekdays?.includes((date.weekday + 1) % 7) ?? true;
        return days && weekdays ? isDay || isWeekday : isDay && isWeekday;
      },
    };
  });
}

function rruleRule(): fc.Arbitrary<Rule> {
  const start = fc.integer({ min: FIRST / DAY, max: FIRST / DAY + 300 });
  const every = fc.integer({ min: 1, max: 5 });
  const ics = (weekday: number) => WEEKDAYS[weekday]!.slice(0, 2).toUpperCase();
  const rule = fc.oneof(
    every.map((n) => ({
      text: `FREQ=DAILY;INTERVAL=${n}`,
      on: (day: number, first: number) => (day - first) % n === 0,
    })),
    fc.tuple(every, fc.uniqueArray(fc.nat(6), { minLength: 1 })).map(([n, weekdays]) => ({
      text: `FREQ=WEEKLY;INTERVAL=${n};BYDAY=${weekdays.map(ics).join()}`,
      on: (day: number, first: number) => {
        const monday = (one: number) => one - dateOf(one).weekday;
        return weekdays.includes(dateOf(day).weekday) && ((monday(day) - monday(first)) / 7) % n === 0;
      },
    })),
    fc.integer({ min: 1, max: 31 }).map((number) => ({
      text: `FREQ=MONTHLY;BYMONTHDAY=${number}`,
      on: (day: number) => dateOf(day).day === number,
    })),
    fc.tuple(fc.integer({ min: 1, max: 5 }), fc.nat(6)).map(([place, weekday]) => ({
      text: `FREQ=MONTHLY;BYDAY=${place}${ics(weekday)}`,
      on: (day: number) => dateOf(day).weekday === weekday && Math.ceil(dateOf(day).day / 7) === place,
    })),
  );
  return fc.tuple(rule, start).map(([{ text, on }, first]) => ({
    written: { rrule: text, start: new Date(first * DAY * MINUTE).toISOString().slice(0, 10) },
    opensOn: (date) => dayNumber(date) >= first && on(dayNumber(date), first),
  }));
}

/**
 * Windows of every kind that has dates, with `count` minutes each to ask about. Half of these lie within a day and a half
 * of a change of clocks, and half of those within hours, where the mistakes are.
 */
export function cases(zones: readonly string[], count: number): fc.Arbitrary<Case> {
  const anywhere = fc.integer({ min: FIRST, max: LAST - 1 });
  const moving = zones.filter((zone) => wallsOf(zone).changes.length > 0);
  return fc.oneof(fc.constantFrom(...zones), fc.constantFrom(...moving)).chain((zone) => {
    const changes = wallsOf(zone).changes.filter((change) => FIRST + 3 * DAY < change && change < LAST - 3 * DAY);
    const near = changes.flatMap((change) =>
      [150, 2_160].map((distance) => fc.integer({ min: change - distance, max: change + distance })),
    );
    return fc
      .record({
        zone: fc.constant(zone),
        rule: fc.oneof(daysRule(), daysRule(), monthlyRule(), cronRule(), rruleRule()),
        from: fc.oneof(fc.integer({ min: 0, max: 240 }), fc.nat(1_439)),
        end: fc.oneof(
          fc.nat(1_439).map((to) => ({ to })),
          fc.integer({ min: 1, max: 2_880 }).map((minutes) => ({ minutes })),
        ),
        at: fc.array(fc.oneof(anywhere, near.length > 0 ? fc.oneof(...near) : anywhere), {
          minLength: count,
          maxLength: count,
        }),
      })
      .filter(({ from, end }) => !('to' in end) || end.to !== from);
  });
}

import type { Day } from './day.ts';
import type { Instance } from './instance.ts';
import type { Policy } from './policy.ts';
import { firstPlace } from './search.ts';
import { DAY, type EpochMs, iso, SECOND } from './time.ts';
import { type WallClock, wallClock } from './wall.ts';
import { type End, type Schedule, scheduleOf, type TimeOfDay, type Window } from './window-kinds.ts';
import { type Run, runsOf } from './window-runs.ts';

/** One concrete `[opens, closes)`: open at the first instant, closed at the last. */
export interface Opening {
  /** When it opens, as ISO 8601 in UTC: the same opening has the same id whenever it is asked for. */
  id: string;
  opens: EpochMs;
  closes: EpochMs;
  /** The windows that it is made of; the one that opens first stands first. */
  windows: string[];
}

/** The union of some windows over all of time. Asking is cheap: what was worked out for a month is kept. */
export interface Calendar {
  at(instant: EpochMs): Opening | null;
  /** The first one that opens strictly after `after`; null when none does within ten years. */
  next(after: EpochMs): Opening | null;
  /** All that are open at some time in `[from, to)`, whole, not clipped. */
  between(from: EpochMs, to: EpochMs): Opening[];
}

/** A rule that has not opened for this many months is not searched further. */
const HORIZON_MONTHS = 120;

/** A stretch of one month during which something is open. */
type Piece = Omit<Opening, 'id'>;

interface Month {
  from: EpochMs;
  to: EpochMs;
  pieces: Piece[];
  /** Open from its first instant to its last. */
  isFull: boolean;
}

interface Rule {
  name: string;
  wall: WallClock;
  schedule: Schedule;
  /** Those of a list of starts: a schedule gives the same list for many days. */
  runs: (starts: readonly TimeOfDay[]) => readonly Run[];
}

/**
 * The calendar of the named windows. Overlapping and touching openings are one; but a calendar month (UTC) that is
 * open throughout is an opening of its own. Without that, a union that never closes would be one opening without a
 * beginning. A name that the policy does not have opens nothing.
 */
export function calendar(policy: Policy, names: readonly string[], maintain: Instance['maintain']): Calendar {
  const rules = names.flatMap((name) => {
    const window = Object.hasOwn(policy.windows, name) ? policy.windows[name] : undefined;
    return window ? rulesOf(window, maintain) : [];
  });
  const months = new Map<number, Month>();
  const openings = new Map<Piece, Opening>();
  function opening(index: number, piece: Piece): Opening {
    const known = openings.get(piece) ?? whole(month, index, piece);
    openings.set(piece, known);
    return known;
  }
  function month(index: number): Month {
    const known = months.get(index);
    if (known) return known;
    const made = makeMonth(rules, index);
    months.set(index, made);
    return made;
  }
  function openAt(instant: EpochMs): Opening | null {
    const index = monthOf(instant);
    const { pieces } = month(index);
    const piece = pieces[firstPlace(pieces, ({ closes }) => closes > instant)];
    return piece && piece.opens <= instant ? opening(index, piece) : null;
  }
  // A decision asks for one instant on behalf of every instance.
  let asked: { instant: EpochMs; answer: Opening | null } | null = null;
  return {
    at(instant) {
      if (asked?.instant !== instant) asked = { instant, answer: openAt(instant) };
      return asked.answer;
    },
    next(after) {
      if (rules.length === 0) return null;
      const first = monthOf(after);
      for (let index = first; index < first + HORIZON_MONTHS; index++) {
        const { pieces } = month(index);
        const place = firstPlace(pieces, ({ opens }) => opens > after);
        // Only the first one of a month may have opened before it.
        const piece = place === 0 && isContinued(month, index, pieces[0]) ? pieces[1] : pieces[place];
        if (piece) return opening(index, piece);
      }
      return null;
    },
    between(from, to) {
      const found = new Map<string, Opening>();
      for (let index = monthOf(from); monthStart(index) < to; index++) {
        for (const piece of month(index).pieces) {
          if (piece.opens >= to || piece.closes <= from) continue;
          const one = opening(index, piece);
          found.set(one.id, one);
        }
      }
      return [...found.values()];
    },
  };
}

function rulesOf(window: Window, maintain: Instance['maintain']): Rule[] {
  const schedule = scheduleOf(window, maintain);
  if (!schedule) return [];
  const known = new Map<readonly TimeOfDay[], readonly Run[]>();
  const runs = (starts: readonly TimeOfDay[]): readonly Run[] => {
    const found = known.get(starts) ?? runsOf(starts, schedule.end);
    known.set(starts, found);
    return found;
  };
  return [{ name: window.name, wall: wallClock(window.timezone), schedule, runs }];
}

/** Whether a gap in the zone's clock swallows the whole of what the window would open on that day. */
export function isSwallowed(window: Window, day: Day): boolean {
  return rulesOf(window, null).some(({ wall, schedule: { startsOn, end } }) =>
    startsOn(day).some((start) => closing(wall, day, start, end) <= wall.toInstant(day, start)),
  );
}

/** Months since 1970-01, UTC. */
function monthOf(at: EpochMs): number {
  const date = new Date(at);
  return (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth();
}

function monthStart(index: number): EpochMs {
  return Date.UTC(1970, index, 1);
}

function makeMonth(rules: readonly Rule[], index: number): Month {
  const [from, to] = [monthStart(index), monthStart(index + 1)];
  const pieces = merged(rules.flatMap((rule) => piecesOf(rule, from, to)));
  const isFull = pieces[0]?.opens === from && pieces[0].closes === to;
  return { from, to, pieces, isFull };
}

/** What one rule opens in `[from, to)`, clipped to it, in order; what overlaps or touches is one already. */
function piecesOf({ name, wall, schedule, runs }: Rule, from: EpochMs, to: EpochMs): Piece[] {
  const { end } = schedule;
  const longest = 'duration' in end ? end.duration : DAY;
  const pieces: Piece[] = [];
  // Local days begin up to a day before or after those of UTC, and a gap may push an opening into the next one.
  const last = Math.floor(to / DAY) + 2;
  for (let day = Math.floor((from - longest) / DAY) - 2; day <= last; day++) {
    for (const run of runs(schedule.startsOn(day))) {
      for (const { first, last } of partsOf(run, end, wall, day)) {
        const opens = Math.max(wall.toInstant(day, first), from);
        const closes = Math.min(closing(wall, day, last, end), to);
        const before = pieces.at(-1);
        // Empty where a gap swallows the whole of it, and where it lies outside the month.
        if (opens >= closes) continue;
        if (before && opens <= before.closes) before.closes = Math.max(before.closes, closes);
        else pieces.push({ opens, closes, windows: [name] });
      }
    }
  }
  return pieces;
}

/** A run as a whole, where the wall goes on evenly between its starts; else start by start. */
function partsOf(run: Run, end: End, wall: WallClock, day: Day): readonly Pick<Run, 'first' | 'last'>[] {
  if (run.first === run.last || !('duration' in end) || wall.isSteady(day)) return [run];
  return run.starts.map((start) => ({ first: start, last: start }));
}

function closing(wall: WallClock, day: Day, start: TimeOfDay, end: End): EpochMs {
  if ('duration' in end) return wall.toInstant(day, start) + end.duration;
  return wall.toInstant(end.to <= start ? day + 1 : day, end.to);
}

/** Sorted, with what overlaps or touches made one. */
function merged(pieces: Piece[]): Piece[] {
  const result: Piece[] = [];
  for (const piece of pieces.sort((a, b) => a.opens - b.opens)) {
    const last = result.at(-1);
    if (last && piece.opens <= last.closes) result[result.length - 1] = joined(last, piece);
    else result.push(piece);
  }
  return result;
}

function joined(first: Piece, second: Piece): Piece {
  const windows = [...first.windows, ...second.windows.filter((name) => !first.windows.includes(name))];
  return { opens: first.opens, closes: Math.max(first.closes, second.closes), windows };
}

type MonthAt = (index: number) => Month;

/** A piece that reaches a month's edge goes on in the neighbour; as full months stand alone, it has at most one. */
function whole(month: MonthAt, index: number, piece: Piece): Opening {
  let { opens, closes, windows } = piece;
  if (isContinued(month, index, piece)) {
    ({ opens, windows } = joined(month(index - 1).pieces.at(-1)!, piece));
  } else if (closes === monthStart(index + 1) && isContinued(month, index + 1, month(index + 1).pieces[0])) {
    ({ closes, windows } = joined(piece, month(index + 1).pieces[0]!));
  }
  return { id: iso(opens), opens, closes, windows: [...windows] };
}

/** Whether the piece is the rest of one that opened in the month before. */
function isContinued(month: MonthAt, index: number, piece: Piece | undefined): boolean {
  if (piece?.opens !== month(index).from || month(index).isFull) return false;
  const before = month(index - 1);
  return !before.isFull && before.pieces.at(-1)?.closes === before.to;
}

/** 0 while a window of any wave is open; null when none will open. Instances' own windows are not looked at. */
export function secondsToOpening(policy: Policy, now: EpochMs): number | null {
  const names = [...new Set(policy.rollout.flatMap(({ windows }) => windows))];
  const times = calendar(policy, names, null);
  if (times.at(now)) return 0;
  const next = times.next(now);
  return next && Math.round((next.opens - now) / SECOND);
}

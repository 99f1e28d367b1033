import { type Stretch, stopsEverything, stretchesOf, united } from './freeze.ts';
import type { Policy } from './policy.ts';
import { firstPlace } from './search.ts';
import { DAY, type EpochMs, iso } from './time.ts';
import { type Calendar, calendar, type Opening } from './window.ts';

/** What is to come: when something may start, and when a freeze forbids all of it. */
export interface Preview {
  /** In order, apart from each other, without what is frozen, clipped to the span that was asked for. */
  openings: Opening[];
  frozen: (Stretch & { name: string; reason: string })[];
}

/**
 * The openings of the union of the named windows in `[from, to)`. Only freezes that stop everything are taken out: one
 * with a `match`, or of a part while the other part is upgraded, leaves something that may start. An opening's id stays
 * the same whatever span is asked for. Instances' own windows are not in it, as each instance has another.
 * @throws TooManyOpenings when there are more than `most`
 */
export function preview(
  policy: Policy,
  names: readonly string[],
  from: EpochMs,
  to: EpochMs,
  most = Infinity,
): Preview {
  const whole = joined(openingsOf(calendar(policy, names, null), from, to, most));
  const [first, last] = [Math.min(from, whole[0]?.opens ?? from), Math.max(to, whole.at(-1)?.closes ?? to)];
  const freezes = policy.freezes.filter((freeze) => stopsEverything(freeze, policy));
  const frozen = freezes
    .flatMap((freeze) => stretchesOf(freeze, first, last).map((stretch) => ({ ...stretch, freeze })))
    .sort((a, b) => a.from - b.from);
  const shut = united(frozen);
  const pieces = whole.flatMap((opening) => without(opening, shut));
  const shared = pieces.some(({ windows }) => windows.length > 1) ? names : [];
  const own = new Map(shared.map((name) => [name, calendar(policy, [name], null).between(first, last)]));
  return {
    openings: clipped(pieces, 'opens', 'closes', from, to).map((piece) => {
      return { ...piece, windows: piece.windows.filter((name) => touches(own.get(name) ?? [piece], piece)) };
    }),
    frozen: clipped(frozen, 'from', 'to', from, to).map(({ freeze: { name, reason }, ...stretch }) => {
      return { ...stretch, name, reason };
    }),
  };
}

/** What people may ask for at once: a window may open every other minute, and a span may be a hundred years. */
export const MOST_OPENINGS = 100_000;

/** There are more openings than were asked for. */
export class TooManyOpenings extends RangeError {
  constructor(most: number, until: EpochMs) {
    super(`more than ${most} openings, the last of them before ${iso(until)}: ask for a shorter time`);
    this.name = 'TooManyOpenings';
  }
}

const STEP = 31 * DAY;

/** Step by step, so that too many are known before all of them are there. */
function openingsOf(times: Calendar, from: EpochMs, to: EpochMs, most: number): Opening[] {
  const found = new Map<string, Opening>();
  for (let begin = from; begin < to; begin += STEP) {
    const end = Math.min(begin + STEP, to);
    for (const opening of times.between(begin, end)) found.set(opening.id, opening);
    if (found.size > most) throw new TooManyOpenings(most, end);
  }
  return [...found.values()];
}

/** Whether one of them is open during the piece; in order, of which there may be many thousands. */
function touches(openings: readonly Opening[], piece: Opening): boolean {
  const one = openings[firstPlace(openings, ({ closes }) => closes > piece.opens)];
  return one !== undefined && one.opens < piece.closes;
}

/** A calendar shows months that are open throughout one by one; to people they are one opening. */
function joined(openings: readonly Opening[]): Opening[] {
  const result: Opening[] = [];
  for (const opening of openings) {
    const last = result.at(-1);
    if (last?.closes !== opening.opens) result.push({ ...opening });
    else {
      last.closes = opening.closes;
      last.windows = [...new Set([...last.windows, ...opening.windows])];
    }
  }
  return result;
}

/** What is left of an opening; `frozen` in order and apart from each other. */
function without(opening: Opening, frozen: readonly Stretch[]): Opening[] {
  const left: Opening[] = [];
  let opens = opening.opens;
  for (let place = firstPlace(frozen, ({ to }) => to > opens); place < frozen.length; place++) {
    const { from, to } = frozen[place]!;
    if (from >= opening.closes) break;
    if (from > opens) left.push({ ...opening, id: iso(opens), opens, closes: from });
    opens = to;
  }
  if (opens < opening.closes) left.push({ ...opening, id: iso(opens), opens });
  return left;
}

function clipped<From extends string, To extends string, T extends Record<From | To, EpochMs>>(
  items: readonly T[],
  begin: From,
  end: To,
  from: EpochMs,
  to: EpochMs,
): T[] {
  return items
    .filter((item) => item[begin] < to && item[end] > from)
    .map((item) => ({ ...item, [begin]: Math.max(item[begin], from), [end]: Math.min(item[end], to) }));
}

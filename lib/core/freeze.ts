import { type Day, fieldsOf } from './day.ts';
import { type Instance, PARTS, type Part } from './instance.ts';
import type { Freeze, FreezeSpan, Policy } from './policy.ts';
import { firstPlace } from './search.ts';
import { matches } from './selection.ts';
import { DAY, type EpochMs, MINUTE } from './time.ts';
import { wallClock } from './wall.ts';
import type { Calendar } from './window.ts';

/** Nothing is looked for further ahead than this. */
const HORIZON = 400 * DAY;

/** The first freeze that forbids to upgrade this part of this instance at `at`, or null. It wins over any window and any wave. */
export function frozenAt(policy: Policy, instance: Instance, part: Part, at: EpochMs): Freeze | null {
  return policy.freezes.find((freeze) => covers(freeze, at) && concerns(freeze, instance, part)) ?? null;
}

/**
 * The first instant from `at` on at which the part is not frozen: `at` itself when it is not frozen then, infinity when
 * freezes follow one another for longer than 400 days.
 */
export function freezeEnds(policy: Policy, instance: Instance, part: Part, at: EpochMs): EpochMs {
  let end = at;
  while (end <= at + HORIZON) {
    const freeze = frozenAt(policy, instance, part, end);
    if (!freeze) return end;
    end = spanEnds(freeze.span, end);
  }
  return Number.POSITIVE_INFINITY;
}

/**
 * The earliest instant from `from` on that lies in an opening, has `needMs` left before it closes, and is not frozen
 * for at least one of the parts. Null when there is none within 400 days, or `parts` is empty.
 */
export function nextStart(
  policy: Policy,
  calendar: Calendar,
  instance: Instance,
  parts: readonly Part[],
  from: EpochMs,
  needMs: number,
): EpochMs | null {
  let at = from;
  while (at <= from + HORIZON) {
    const opening = calendar.at(at) ?? calendar.next(at);
    if (!opening) return null;
    const inside = Math.max(at, opening.opens);
    const thawed = Math.min(...parts.map((part) => freezeEnds(policy, instance, part, inside)));
    if (thawed === inside && inside + needMs <= opening.closes) return inside <= from + HORIZON ? inside : null;
    at = thawed === inside ? opening.closes : thawed;
  }
  return null;
}

/** A stretch of time `[from, to)`. */
export interface Stretch {
  from: EpochMs;
  to: EpochMs;
}

/** What overlaps or touches made one; `stretches` in the order of beginning. */
export function united(stretches: readonly Stretch[]): Stretch[] {
  const result: Stretch[] = [];
  for (const { from, to } of stretches) {
    const last = result.at(-1);
    if (last && from <= last.to) last.to = Math.max(last.to, to);
    else result.push({ from, to });
  }
  return result;
}

/** When a freeze is in force within `[from, to)`, clipped to it, in order. */
export function stretchesOf(freeze: Freeze, from: EpochMs, to: EpochMs): Stretch[] {
  const found: Stretch[] = [];
  let at = from;
  while (at < to) {
    const begins = nextFrozen(freeze.span, at, to);
    if (begins >= to) break;
    const ends = Math.min(spanEnds(freeze.span, begins), to);
    const last = found.at(-1);
    if (last?.to === begins) last.to = ends;
    else found.push({ from: begins, to: ends });
    at = ends;
  }
  return found;
}

/** Whether nothing at all may be upgraded while it is in force. */
export function stopsEverything({ match, block }: Freeze, policy: Policy): boolean {
  return match === null && PARTS.every((part) => policy.upgrade[part] === undefined || block.includes(part));
}

/** The first instant from `at` on at which the freeze is in force; `limit` or later when there is none before. */
function nextFrozen(span: FreezeSpan, at: EpochMs, limit: EpochMs): EpochMs {
  if (span.kind === 'dates') return at < span.to ? Math.max(at, span.from) : limit;
  if (span.kind === 'feed') {
    if (!span.stretches) return span.onError === 'closed' ? at : limit;
    return Math.max(at, stretchAt(span.stretches, at)?.from ?? limit);
  }
  const wall = wallClock(span.timezone);
  let day = wall.dayAt(at);
  if (isFrozenDay(span, day)) return at;
  while (!isFrozenDay(span, day) && wall.toInstant(day, 0) < limit) day++;
  return Math.max(at, wall.toInstant(day, 0));
}

function concerns({ match, block }: Freeze, instance: Instance, part: Part): boolean {
  return block.includes(part) && (match === null || matches(match, instance));
}

function covers({ span }: Freeze, at: EpochMs): boolean {
  if (span.kind === 'dates') return span.from <= at && at < span.to;
  if (span.kind === 'feed')
    return span.stretches ? (stretchAt(span.stretches, at)?.from ?? at + 1) <= at : span.onError === 'closed';
  return isFrozenDay(span, wallClock(span.timezone).dayAt(at));
}

function spanEnds(span: FreezeSpan, at: EpochMs): EpochMs {
  if (span.kind === 'dates') return span.to;
  if (span.kind === 'feed') return span.stretches ? stretchAt(span.stretches, at)!.to : Number.POSITIVE_INFINITY;
  const wall = wallClock(span.timezone);
  let day = wall.dayAt(at);
  const last = day + HORIZON / DAY;
  while (isFrozenDay(span, day) && day <= last) day++;
  // Where clocks went back over midnight, the first time that the day began may lie behind.
  return Math.max(wall.toInstant(day, 0), at + MINUTE);
}

/** The first one that ends after `at`: the one that it lies in, or the next. */
function stretchAt(stretches: readonly Stretch[], at: EpochMs): Stretch | undefined {
  return stretches[firstPlace(stretches, ({ to }) => to > at)];
}

function isFrozenDay({ first, last }: { first: number; last: number }, date: Day): boolean {
  const { day } = fieldsOf(date);
  return first <= last ? first <= day && day <= last : first <= day || day <= last;
}

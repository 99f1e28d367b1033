import { PARTS } from './instance.ts';
import type { Freeze, FreezeSpan } from './policy.ts';
import type { FreezeInput } from './policy-schema.ts';
import { readMoment, wallClock } from './wall.ts';
import type { Report } from './window-read.ts';

/** The keys of which a freeze says when it is, a form a line. */
const FORMS: readonly (keyof FreezeInput)[][] = [['from', 'to'], ['monthDays'], ['ics']];

/** Null when something is wrong with it, which was reported then. */
export function readFreeze(input: FreezeInput, zone: string, report: Report): Freeze | null {
  const timezone = input.timezone ?? zone;
  const kinds = FORMS.filter((keys) => keys.some((key) => input[key] !== undefined));
  if (kinds.length > 1) {
    const [one, other] = kinds.map((keys) => keys.join(' and '));
    report([kinds[1]![0]!], `${other} does not go with ${one}`, 'make two freezes');
    return null;
  }
  if (input.onError !== undefined && input.ics === undefined)
    report(['onError'], 'onError goes with ics only', 'leave it out');
  const span = readFreezeSpan(input, timezone, report);
  const { name, reason, match = null, block = [...PARTS] } = input;
  return span && { name, reason, match, block, span };
}

function readFreezeSpan(input: FreezeInput, timezone: string, report: Report): FreezeSpan | null {
  if (input.monthDays !== undefined) return readMonthDays(input.monthDays, timezone, report);
  if (input.ics === undefined) return readDates(input, timezone, report);
  const { ics: source, onError = 'closed' } = input;
  return { kind: 'feed', source, onError, timezone, stretches: null, problem: null };
}

function readDates({ from, to }: FreezeInput, timezone: string, report: Report): FreezeSpan | null {
  if (from === undefined || to === undefined) {
    report([], 'a freeze needs from and to, or monthDays, or ics', 'a date alone means the whole day');
    return null;
  }
  const wall = wallClock(timezone);
  const [first, last] = [readMoment(wall, from), readMoment(wall, to)];
  const hint = 'write a date like 2026-11-01, or a date-time like "2026-11-01T08:00"';
  if (!first) report(['from'], `${from} is no date`, hint);
  if (!last) report(['to'], `${to} is no date`, hint);
  if (!first || !last) return null;
  const end = last.day === null ? last.at : wall.toInstant(last.day + 1, 0);
  if (first.at < end) return { kind: 'dates', from: first.at, to: end };
  report(['to'], `the freeze ends (${to}) before it begins (${from})`, 'swap them');
  return null;
}

function readMonthDays(monthDays: string, timezone: string, report: Report): FreezeSpan | null {
  const [first = 0, last = 0] = monthDays.split('..').map(Number);
  if ([first, last].every((day) => day >= 1 && day <= 31)) return { kind: 'monthDays', first, last, timezone };
  report(['monthDays'], `${monthDays} is no span of days`, 'days are from 1 to 31');
  return null;
}

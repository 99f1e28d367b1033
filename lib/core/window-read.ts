import { parseDate, parseDateTime } from './day.ts';
import type { Path } from './policy-prepare.ts';
import type { WindowInput } from './policy-schema.ts';
import { MONTHS, WEEKDAYS } from './rollout-schema.ts';
import { type Read, readCron } from './window-cron.ts';
import { type End, type MonthDay, scheduleOf, type Window, type WindowKind, type WindowKinds } from './window-kinds.ts';
import { readRrule } from './window-rrule.ts';

/** Takes down what is wrong; `path` is relative to what is being read. */
export type Report = (path: Path, message: string, hint: string) => void;

type Key = keyof WindowInput;

/** The key that makes a window be of a kind has the kind's name; these may stand beside it. */
const KEYS: Record<WindowKind, readonly Key[]> = {
  days: ['from', 'to', 'duration', 'timezone'],
  monthly: ['months', 'offset', 'from', 'to', 'duration', 'timezone'],
  cron: ['to', 'duration', 'timezone'],
  rrule: ['start', 'to', 'duration', 'timezone'],
  date: ['from', 'to', 'duration', 'timezone'],
  instance: [],
};

const KINDS = Object.keys(KEYS) as WindowKind[];

interface Source {
  input: WindowInput;
  end: End;
  timezone: string;
  report: Report;
}

type Reader<K extends WindowKind> = (source: Source) => Promise<WindowKinds[K] | null> | WindowKinds[K] | null;

const READERS: { [K in WindowKind]: Reader<K> } = {
  days: (source) =>
    withStart(source, (start) => ({ weekdays: source.input.days!.map(weekday), start, end: source.end })),
  monthly: (source) =>
    withStart(source, (start) => ({
      on: readMonthDay(source.input.monthly!),
      months: source.input.months?.map((month) => MONTHS.indexOf(month) + 1) ?? null,
      offset: source.input.offset ?? 0,
      start,
      end: source.end,
    })),
  date: (source) => withStart(source, (start) => readOneDate(source, start)),
  cron: readCronWindow,
  rrule: readRruleWindow,
  instance: () => ({}),
};

/** Null when something is wrong with it, which was reported then. */
export async function readWindow(
  name: string,
  input: WindowInput,
  zone: string,
  report: Report,
): Promise<Window | null> {
  const kind = kindOf(input, report);
  if (kind === null || !hasFittingKeys(kind, input, report)) return null;
  const end = kind === 'instance' ? { duration: 0 } : readEnd(input, report);
  if (end === null) return null;
  // DCS gives an instance's own window in UTC, whatever zone the policy is written in.
  const timezone = kind === 'instance' ? 'UTC' : (input.timezone ?? zone);
  const rule = await READERS[kind]({ input, end, timezone, report });
  if (rule === null) return null;
  const window = { kind, name, timezone, ...rule } as Window;
  if (canOpen(window)) return window;
  report([kind], 'it never fires', 'no date of the calendar fits it');
  return null;
}

function kindOf(input: WindowInput, report: Report): WindowKind | null {
  const kinds = KINDS.filter((kind) => input[kind] !== undefined);
  if (kinds.length === 1) return kinds[0]!;
  const found = kinds.length === 0 ? 'has no kind' : `has several kinds: ${kinds.join(', ')}`;
  report([], `a window ${found}`, `give it one of ${KINDS.join(', ')}`);
  return null;
}

function hasFittingKeys(kind: WindowKind, input: WindowInput, report: Report): boolean {
  const strange = (Object.keys(input) as Key[]).filter((key) => key !== kind && !KEYS[kind].includes(key));
  for (const key of strange) {
    report([key], `${key} does not go with ${kind}`, `with ${kind} go ${KEYS[kind].join(', ') || 'no other keys'}`);
  }
  return strange.length === 0;
}

function readEnd({ from, to, duration }: WindowInput, report: Report): End | null {
  if ((to === undefined) === (duration === undefined)) {
    const found = to === undefined ? 'has neither to nor duration' : 'has both to and duration';
    report(to === undefined ? [] : ['duration'], `a window ${found}`, 'give it one of them');
    return null;
  }
  if (to === undefined) return { duration: duration! };
  if (from === to) return reportEmpty(report);
  return { to };
}

function reportEmpty(report: Report): null {
  report(['to'], 'the window closes when it opens', 'for a whole day write from: "00:00", to: "24:00"');
  return null;
}

function withStart<T>({ input, report }: Source, read: (start: number) => T | null): T | null {
  if (input.from !== undefined) return read(input.from);
  report(['from'], 'from is missing: it must be a time of day', 'add from: "01:30", the local time at which it opens');
  return null;
}

function weekday(name: (typeof WEEKDAYS)[number]): number {
  return WEEKDAYS.indexOf(name) + 1;
}

/** `2nd tue`, `last fri`, `day -2`, `last day`; the schema let nothing else pass. */
function readMonthDay(text: string): MonthDay {
  const [first = '', second = ''] = text.split(' ');
  if (first === 'day') return { day: Number(second) };
  if (second === 'day') return { day: -1 };
  return {
    nth: first === 'last' ? -1 : Number.parseInt(first, 10),
    weekday: weekday(second as (typeof WEEKDAYS)[number]),
  };
}

function readOneDate({ input, end, report }: Source, start: number): WindowKinds['date'] | null {
  const day = parseDate(input.date!);
  if (day !== null) return { day, start, end };
  report(['date'], `${input.date} is no date`, 'write it like 2026-12-01');
  return null;
}

async function readCronWindow({ input, end, report }: Source): Promise<WindowKinds['cron'] | null> {
  const rule = await readCron(input.cron!);
  if (!('value' in rule)) return refuse('cron', rule, report);
  if ('to' in end && rule.value.times.includes(end.to)) return reportEmpty(report);
  return { ...rule.value, end };
}

async function readRruleWindow({ input, end, timezone, report }: Source): Promise<WindowKinds['rrule'] | null> {
  const start = parseDateTime(input.start ?? '');
  if (start === null) {
    report(
      ['start'],
      'an rrule window needs the local date and time from which it recurs',
      'like start: "2026-01-04T01:30"',
    );
    return null;
  }
  if ('to' in end && end.to === start.time) return reportEmpty(report);
  const rule = await readRrule(input.rrule!, { ...start, timezone });
  return 'value' in rule ? { ...rule.value, start: start.time, end } : refuse('rrule', rule, report);
}

function refuse(kind: WindowKind, wrong: Exclude<Read<never>, { value: never }>, report: Report): null {
  report([kind], `it ${wrong.message}`, wrong.hint);
  return null;
}

/** In these 28 years each date of the calendar, leap days too, comes on each day of the week: what has not opened then never will. */
const [CYCLE_BEGINS, CYCLE_ENDS] = [parseDate('2000-01-01')!, parseDate('2028-01-01')!];

/** Rules that depend on dates could name one that does not exist; the others were checked, or always open. */
function canOpen(window: Window): boolean {
  if (window.kind !== 'monthly' && window.kind !== 'cron') return true;
  const schedule = scheduleOf(window, null)!;
  for (let day = CYCLE_BEGINS; day < CYCLE_ENDS; day++) if (schedule.startsOn(day).length > 0) return true;
  return false;
}

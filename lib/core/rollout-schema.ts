import * as z from 'zod/mini';
import { PARTS } from './instance.ts';
import type { Match } from './policy.ts';
import {
  calendar,
  count,
  described,
  duration,
  list,
  name,
  oneOrMore,
  pattern,
  share,
  text,
  time,
  zone,
} from './policy-fields.ts';
import { taught } from './policy-hints.ts';
import { monthDayHint } from './slips.ts';
import type { SubjectMatch } from './subject.ts';
import { DAY, MINUTE } from './time.ts';

export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'] as const;
export const MONTH_DAY =
  /^(?:(?:1st|2nd|3rd|[45]th|last) (?:mon|tue|wed|thu|fri|sat|sun)|last day|day -?(?:[1-9]|[12]\d|3[01]))$/;

/** A window longer than this is a mistake, or wants to be several. */
const LONGEST_WINDOW = 31 * DAY;

/** One for all places that match, made when the first of them is read. */
export function match() {
  return z.lazy(() => {
    shared ??= makeMatch();
    return shared;
  });
}

let shared: ReturnType<typeof makeMatch> | undefined;

/** What can be said of one instance that an alert is about. */
export function subjectMatch() {
  return z.pipe(
    z.strictObject(subjectKeys()),
    z.transform((value) => value as SubjectMatch),
  );
}

function subjectKeys() {
  const words = oneOrMore();
  const tags = z.record(z.string(), oneOrMore('a text, or a list of texts, in quotes'));
  return {
    name: described(z.optional(words), 'Instance name; here and in every other value `*` and `?` are wildcards.'),
    id: described(z.optional(words), 'Instance id.'),
    tags: described(z.optional(tags), 'Tags that the instance must carry, each with one of the values.'),
    region: described(z.optional(words), 'Region id.'),
    enterpriseProject: described(z.optional(words), 'Enterprise project id, in quotes.'),
  };
}

function makeMatch() {
  const words = oneOrMore();
  const shape = z.strictObject({
    ...subjectKeys(),
    engine: described(z.optional(words), 'Engine, such as redis.'),
    versions: described(z.optional(words), 'Engine version, in quotes.'),
    cacheModes: described(z.optional(words), 'single, ha, ha_rw_split, proxy or cluster.'),
    project: described(z.optional(words), 'Project id.'),
  });
  return z.pipe(
    shape,
    z.transform((value) => value as Match),
  );
}

export function window() {
  const monthDay = pattern(MONTH_DAY, 'like "2nd tue", "last fri", "day 29", "day -2" or "last day"', monthDayHint);
  const words = text();
  const localTime = text('a local date-time such as "2026-01-04T01:30"');
  return z.strictObject({
    days: described(z.optional(list(z.enum(WEEKDAYS))), 'Kind: days of the week on which it opens.'),
    monthly: described(
      z.optional(monthDay),
      'Kind: a day of each month: `1st` to `5th` or `last` with a weekday, `day N`, `last day`.',
    ),
    cron: described(z.optional(words), 'Kind: five cron fields, such as "30 2 * * sun".'),
    rrule: described(
      z.optional(words),
      'Kind: an RFC 5545 recurrence rule, such as `FREQ=WEEKLY;INTERVAL=2;BYDAY=SU`, evaluated in local time from `start`.',
    ),
    date: described(z.optional(text('a date such as 2026-12-01')), 'Kind: one date, such as 2026-12-01.'),
    instance: described(
      z.optional(z.literal(true, taught('`true`', 'write true without quotes, or leave it out'))),
      "Kind: the instance's own maintenance window.",
    ),
    from: described(z.optional(time('23:59')), 'Local time at which it opens, such as "01:00".'),
    to: described(
      z.optional(time('24:00')),
      'Local time at which it closes, up to "24:00"; at or before the start: on the next day.',
    ),
    duration: described(
      z.optional(duration(MINUTE, LONGEST_WINDOW)),
      'How long it is open, elapsed time such as 45m, 3h30m or 2d; instead of `to`.',
    ),
    timezone: described(z.optional(zone()), "IANA name; default: the policy's."),
    start: described(
      z.optional(localTime),
      'For rrule: the date and local time from which it recurs, such as "2026-01-04T01:30".',
    ),
    months: described(z.optional(list(z.enum(MONTHS))), 'For monthly: only in these months.'),
    offset: described(z.optional(offset()), 'For monthly: moves the opening by calendar days, from -6d to 6d.'),
  });
}

function offset() {
  return z.pipe(
    pattern(
      /^[+-]?[0-6]d$/,
      'like 4d, from -6d to 6d',
      'write whole days; for a week or more choose another monthly day',
    ),
    z.transform((value) => Number.parseInt(value, 10)),
  );
}

export function freeze() {
  const moment = text('a date such as 2026-11-01, or a local date-time such as "2026-11-01T08:00"');
  const monthDays = pattern(
    /^\d\d?\.\.\d\d?$/,
    'like "28..2"',
    'write the first and the last day with two dots between them, in quotes',
  );
  return z.strictObject({
    name: described(name(), 'What it is called in plans and alerts.'),
    from: described(
      z.optional(moment),
      'First day (whole), such as 2026-11-01, or first instant, such as "2026-11-01T08:00".',
    ),
    to: described(z.optional(moment), 'Last day (whole) or, with a time, the first instant after it.'),
    monthDays: described(
      z.optional(monthDays),
      'Instead of from and to: days of every month, both included, such as "28..2"; wraps round its end.',
    ),
    ics: described(
      z.optional(calendar()),
      'Instead of dates: the events of a calendar (iCalendar), read anew every ten minutes, also those that show as free; cancelled ones do not count, and times without a zone are in `timezone`. An https URL, or the path of a file, from the folder of the policy file (of the program, with a policy from s3: or ssm:).',
    ),
    onError: described(
      z.optional(z.enum(['closed', 'open'])),
      'For ics: whether a calendar that cannot be read counts as frozen. Default: closed, it does.',
    ),
    timezone: described(z.optional(zone()), "IANA name; default: the policy's."),
    match: described(z.optional(match()), 'Only these instances; default: all.'),
    block: described(z.optional(list(z.enum(PARTS))), 'Only these parts; default: both.'),
    reason: described(text(), 'Why; shown for every instance that waits for it.'),
  });
}

export function wave() {
  const windows = oneOrMore('the name of a window, or a list of names');
  return z.strictObject({
    wave: described(name(), 'Its name.'),
    match: described(match(), 'The instances that it may own.'),
    window: described(windows, 'The windows in which it may start; their union.'),
    parallel: described(z.optional(count()), 'How many of this wave may be under way at once.'),
    after: described(z.optional(name()), 'The wave that must be done before. Default: the one above.'),
    soak: described(
      z.optional(duration(0, 400 * DAY)),
      'How long to wait after the last success of that wave, such as 36h or 7d. Default: 24h.',
    ),
    take: described(
      z.optional(share()),
      'How many of the matched instances it takes: a share such as 5%, or a number. Default: all.',
    ),
    approve: described(
      z.optional(
        z.boolean(taught('true or false', 'write true or false without quotes; yes, no, on and off are texts')),
      ),
      'Whether it starts only what a person approved for the opening. Default: false.',
    ),
  });
}

import { z } from 'zod';
import { PARTS } from './instance.ts';
import type { Match } from './policy.ts';
import { count, duration, list, name, oneOrMore, pattern, share, text, time, zone } from './policy-fields.ts';
import { DAY, MINUTE } from './time.ts';

export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'] as const;
export const MONTH_DAY =
  /^(?:(?:1st|2nd|3rd|[45]th|last) (?:mon|tue|wed|thu|fri|sat|sun)|last day|day -?(?:[1-9]|[12]\d|3[01]))$/;

/** A window longer than this is a mistake, or wants to be several. */
const LONGEST_WINDOW = 31 * DAY;

export function match() {
  const tagValue = oneOrMore('a text, or a list of texts, in quotes');
  return z
    .strictObject({
      name: oneOrMore().optional().describe('Instance name; `*` and `?` are wildcards.'),
      id: oneOrMore().optional().describe('Instance id.'),
      tags: z
        .record(z.string(), tagValue)
        .optional()
        .describe('Tags that the instance must carry, each with one of the values.'),
      engine: oneOrMore().optional().describe('Engine, such as redis.'),
      versions: oneOrMore().optional().describe('Engine version, in quotes.'),
      cacheModes: oneOrMore().optional().describe('single, ha, ha_rw_split, proxy or cluster.'),
      region: oneOrMore().optional().describe('Region id.'),
      project: oneOrMore().optional().describe('Project id.'),
      enterpriseProject: oneOrMore().optional().describe('Enterprise project id, in quotes.'),
    })
    .transform((value) => value as Match);
}

export function window() {
  return z.strictObject({
    days: list(z.enum(WEEKDAYS)).optional().describe('Kind: days of the week on which it opens.'),
    monthly: pattern(MONTH_DAY, 'like "2nd tue", "last fri", "day 29", "day -2" or "last day"')
      .optional()
      .describe('Kind: a day of each month: `1st` to `5th` or `last` with a weekday, `day N`, `last day`.'),
    cron: text().optional().describe('Kind: five cron fields.'),
    rrule: text().optional().describe('Kind: an RFC 5545 recurrence rule, evaluated in local time from `start`.'),
    date: text('a date such as 2026-12-01').optional().describe('Kind: one date.'),
    instance: z.literal(true, '`true`').optional().describe("Kind: the instance's own maintenance window."),
    from: time('23:59').optional().describe('Local time at which it opens.'),
    to: time('24:00').optional().describe('Local time at which it closes; at or before the start: on the next day.'),
    duration: duration(MINUTE, LONGEST_WINDOW)
      .optional()
      .describe('How long it is open, elapsed time; instead of `to`.'),
    timezone: zone().optional().describe("IANA name; default: the policy's."),
    start: text('a local date-time such as "2026-01-04T01:30"')
      .optional()
      .describe('For rrule: the date and local time from which it recurs.'),
    months: list(z.enum(MONTHS)).optional().describe('For monthly: only in these months.'),
    offset: pattern(/^[+-]?[0-6]d$/, 'like 4d, from -6d to 6d')
      .transform((value) => Number.parseInt(value, 10))
      .optional()
      .describe('For monthly: moves the opening by calendar days.'),
  });
}

export function freeze() {
  const moment = () => text('a date such as 2026-11-01, or a local date-time such as "2026-11-01T08:00"').optional();
  return z.strictObject({
    name: name().describe('What it is called in plans and alerts.'),
    from: moment().describe('First day (whole) or first instant.'),
    to: moment().describe('Last day (whole) or, with a time, the first instant after it.'),
    monthDays: pattern(/^\d\d?\.\.\d\d?$/, 'like "28..2"')
      .optional()
      .describe('Days of every month, both included; wraps round its end.'),
    timezone: zone().optional().describe("IANA name; default: the policy's."),
    match: match().optional().describe('Only these instances; default: all.'),
    block: list(z.enum(PARTS)).optional().describe('Only these parts; default: both.'),
    reason: text().describe('Why; shown for every instance that waits for it.'),
  });
}

export function wave() {
  return z.strictObject({
    wave: name().describe('Its name.'),
    match: match().describe('The instances that it may own.'),
    window: oneOrMore('the name of a window, or a list of names').describe(
      'The windows in which it may start; their union.',
    ),
    parallel: count().optional().describe('How many of this wave may be under way at once.'),
    after: name().optional().describe('The wave that must be done before. Default: the one above.'),
    soak: duration(0, 400 * DAY)
      .optional()
      .describe('How long to wait after the last success of that wave. Default: 24h.'),
    take: share()
      .optional()
      .describe('How many of the matched instances it takes: a share such as 5%, or a number. Default: all.'),
    approve: z.literal(false, '`false`').optional().describe('Whether a person must approve the plan.'),
  });
}

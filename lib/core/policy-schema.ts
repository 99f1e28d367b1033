import { z } from 'zod';
import { ALERT_EVENTS } from './alert.ts';
import { PARTS } from './instance.ts';
import type { Match } from './policy.ts';
import { count, duration, list, name, oneOrMore, pattern, share, text, time, url, zone } from './policy-fields.ts';
import { DAY, HOUR, MINUTE } from './time.ts';

export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'] as const;
export const MONTH_DAY =
  /^(?:(?:1st|2nd|3rd|[45]th|last) (?:mon|tue|wed|thu|fri|sat|sun)|last day|day -?(?:[1-9]|[12]\d|3[01]))$/;
/** Receivers that this version can tell. */
export const RECEIVERS = ['log', 'webhook'] as const;

/** A window longer than this is a mistake, or wants to be several. */
const LONGEST_WINDOW = 31 * DAY;

/**
 * The policy's shape, from which the editor's JSON schema is made as well. What concerns several keys at once is
 * checked in policy-build.ts. Built at the first use, so that programs that read no policy do not pay for it.
 */
export function policySchema() {
  schema ??= makeSchema();
  return schema;
}

let schema: ReturnType<typeof makeSchema> | undefined;
export type PolicyInput = z.output<ReturnType<typeof makeSchema>>;
export type WindowInput = PolicyInput['windows'][string];
export type FreezeInput = PolicyInput['freezes'][number];
export type WaveInput = PolicyInput['rollout'][number];
export type NotifyInput = PolicyInput['notify'][number];

function makeSchema() {
  // The generated validators need `new Function`, cost more than they save on one small document, and are forbidden in places.
  z.config({ jitless: true });
  return z.strictObject({
    version: z.literal(1, '1').describe('Version of this grammar: 1.'),
    timezone: zone().describe('IANA name of the zone that windows and freezes are written in. Required.'),
    scopes: list(scope())
      .optional()
      .describe(
        'Where to look; one scope is one project in one region. Default: HUAWEICLOUD_PROJECT_ID in HUAWEICLOUD_REGION.',
      ),
    upgrade: upgrade().describe('The parts to upgrade, each to `latest` or to a version. Default: both to latest.'),
    select: select().prefault({}).describe('Narrows what any wave may match.'),
    windows: z
      .record(name(), window())
      .describe('When an upgrade may start, by name. What runs is followed to its end.'),
    freezes: z.array(freeze()).default([]).describe('When nothing may start, whatever windows and waves say.'),
    rollout: z
      .array(wave())
      .describe('Who is upgraded, and in which order. The first wave that matches an instance owns it.'),
    limits: limits().prefault({}).describe('All of them hold at once, over every scope and every worker.'),
    verify: verify().prefault({}).describe('How an upgrade is judged after its task has ended.'),
    notify: z
      .array(receiver())
      .default([{ to: 'log' }])
      .describe('Who is told. Default: the log.'),
  });
}

function scope() {
  return z.strictObject({
    project: text().describe('Project id, usually `env:NAME`.'),
    region: text().describe('Region id, such as cn-north-4.'),
    credentials: name().optional().describe('Name of a credential set; without it the default one.'),
    endpoint: url().optional().describe('Base URL of the DCS API, instead of the one of the region.'),
  });
}

function upgrade() {
  const target = () => text('`latest` or a version in quotes').optional();
  const parts = z.strictObject({
    engine: target().describe('What to upgrade the engine to.'),
    proxy: target().describe('What to upgrade the proxy to.'),
  });
  return z
    .union([z.array(z.enum(PARTS)).nonempty(), parts], 'a list of engine and proxy, or a mapping of them to versions')
    .transform(
      (value): z.output<typeof parts> =>
        Array.isArray(value) ? Object.fromEntries(value.map((part) => [part, 'latest'])) : value,
    )
    .prefault(['engine', 'proxy']);
}

function select() {
  return z.strictObject({
    engine: oneOrMore().optional().describe('Engines, such as redis.'),
    versions: oneOrMore().optional().describe('Engine versions of the instance, in quotes.'),
    enterpriseProjects: oneOrMore().optional().describe('Enterprise project ids, in quotes.'),
    exclude: z.array(match()).default([]).describe('What is never upgraded.'),
  });
}

function match() {
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

function window() {
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

function freeze() {
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

function wave() {
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

function limits() {
  return z.strictObject({
    parallel: count().default(1).describe('How many upgrades may be under way at once.'),
    perScope: count().optional().describe('How many may be under way at once in one scope.'),
    perWindow: count().optional().describe('How many may be started in one opening.'),
    oneAtATimeBy: z
      .array(pattern(/^tag:./, 'like tag:app'))
      .default([])
      .describe('Of the instances with the same value of the tag, one at a time.'),
    maxErrors: count().default(1).describe('Failures of a wave at which it is held until a person releases it.'),
    minDuration: duration(0, 2 * DAY)
      .default(30 * MINUTE)
      .describe('No upgrade is expected to take less than this. Default: 30m.'),
    sightLag: duration(0, HOUR)
      .default(2 * MINUTE)
      .describe('How long the reads of the API may lag behind its writes. Default: 2m.'),
  });
}

function verify() {
  return z.strictObject({
    settle: duration(0, DAY)
      .default(10 * MINUTE)
      .describe('How long version and status may take to be as expected. Default: 10m.'),
    timeout: duration(MINUTE, 7 * DAY)
      .default(3 * HOUR)
      .describe('After this long a task that does not end is alerted. Default: 3h.'),
  });
}

function receiver() {
  return z.strictObject({
    to: z.enum(RECEIVERS).describe('log, or webhook (signed as Standard Webhooks).'),
    url: url().optional().describe('Where to; for webhook.'),
    secret: z
      .string()
      .refine((value) => /^whsec_[A-Za-z0-9+/]{16,}={0,2}$/.test(value), '`whsec_` and base64')
      .optional()
      .describe('For webhook: `env:NAME` of a variable that holds `whsec_` and base64.'),
    events: list(z.enum(ALERT_EVENTS))
      .optional()
      .describe('Only these; default: all that ask for something to be done.'),
  });
}

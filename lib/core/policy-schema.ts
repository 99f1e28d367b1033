import * as z from 'zod';
import { ALERT_EVENTS } from './alert.ts';
import { PARTS } from './instance.ts';
import { count, duration, list, name, oneOrMore, pattern, text, url, zone } from './policy-fields.ts';
import { freeze, match, wave, window } from './rollout-schema.ts';
import { DAY, HOUR, MINUTE } from './time.ts';

/** Receivers that this version can tell. */
export const RECEIVERS = ['log', 'webhook'] as const;

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

import * as z from 'zod/mini';
import { ALERT_EVENTS } from './alert.ts';
import { PARTS } from './instance.ts';
import { alertRule } from './policy-alerts.ts';
import {
  below,
  count,
  described,
  duration,
  list,
  name,
  oneOrMore,
  pattern,
  text,
  url,
  youngerThan,
  zone,
} from './policy-fields.ts';
import { taught } from './policy-hints.ts';
import { RECEIVERS } from './receivers.ts';
import { freeze, match, subjectMatch, wave, window } from './rollout-schema.ts';
import { DAY, HOUR, MINUTE } from './time.ts';

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
export type AlertInput = PolicyInput['alerts'][number];
export type NotifyInput = PolicyInput['notify'][number];

function makeSchema() {
  // The generated validators need `new Function`, cost more than they save on one small document, and are forbidden in places.
  z.config({ jitless: true });
  return z.strictObject({
    version: described(z.literal(1, taught('1', 'write version: 1')), 'Version of this grammar: 1.'),
    timezone: described(
      zone(),
      'IANA name of the zone that windows and freezes are written in, such as Asia/Shanghai.',
    ),
    scopes: described(
      z.optional(list(z.lazy(scope))),
      'Where to look; one scope is one project in one region. Default: HUAWEICLOUD_PROJECT_ID in HUAWEICLOUD_REGION.',
    ),
    upgrade: described(upgrade(), 'The parts to upgrade, each to `latest` or to a version. Default: both to latest.'),
    select: described(z.prefault(select(), {}), 'Narrows what any wave may match.'),
    windows: described(
      z.record(name(), window()),
      'When an upgrade may start, by name. What runs is followed to its end.',
    ),
    freezes: described(
      z._default(z.array(z.lazy(freeze)), []),
      'When nothing may start, whatever windows and waves say.',
    ),
    rollout: described(
      z.array(wave()),
      'Who is upgraded, and in which order. The first wave that matches an instance owns it.',
    ),
    limits: described(z.prefault(limits(), {}), 'All of them hold at once, over every scope and every worker.'),
    gates: described(
      z.optional(z.lazy(gates)),
      'What must be so for an instance to be started; what cannot be read is not so. Asked of an override too.',
    ),
    verify: described(z.prefault(verify(), {}), 'How an upgrade is judged after its task has ended.'),
    deadline: described(
      z.optional(z.lazy(deadline)),
      'How long an instance may be behind before people are told. It starts nothing, and breaks no freeze.',
    ),
    alerts: described(
      z._default(z.array(z.lazy(alertRule)), []),
      'Alerts that may come in at `POST /alerts/{from}`, and what they do. All entries that fit an alert count.',
    ),
    notify: described(z._default(z.array(z.lazy(receiver)), [{ to: 'log' }]), 'Who is told. Default: the log.'),
  });
}

function scope() {
  return z.strictObject({
    project: described(
      text(),
      'Project id, usually `env:NAME`; or `auto`: the project that has the name of the region, asked of IAM.',
    ),
    region: described(text(), 'Region id, such as cn-north-4.'),
    credentials: described(z.optional(name()), 'Name of a credential set; without it the default one.'),
    endpoint: described(z.optional(url()), 'Base URL of the DCS API, instead of the one of the region.'),
  });
}

function upgrade() {
  const target = text('`latest` or a version in quotes');
  const versions = z.strictObject({
    engine: described(z.optional(target), 'What to upgrade the engine to.'),
    proxy: described(z.optional(target), 'What to upgrade the proxy to.'),
  });
  const allowed = taught(
    'a list of engine and proxy, or a mapping of them to versions',
    'for example [engine, proxy], or { engine: latest, proxy: "5.0.14.1" }',
  );
  const either = z.union([list(z.enum(PARTS)), versions], allowed);
  const toVersions = z.transform(
    (value: z.output<typeof either>): z.output<typeof versions> =>
      Array.isArray(value) ? Object.fromEntries(value.map((part) => [part, 'latest'])) : value,
  );
  return z.prefault(z.pipe(either, toVersions), ['engine', 'proxy']);
}

function select() {
  const words = oneOrMore();
  return z.strictObject({
    engine: described(z.optional(words), 'Engines, such as redis.'),
    versions: described(z.optional(words), 'Engine versions of the instance, in quotes.'),
    enterpriseProjects: described(z.optional(words), 'Enterprise project ids, in quotes.'),
    exclude: described(z._default(z.array(match()), []), 'What is never upgraded.'),
  });
}

function limits() {
  const tag = pattern(
    /^(?:tag:.|enterpriseProject$)/,
    'like tag:app, or enterpriseProject',
    'write tag: and the key of the tag, without a space',
  );
  const number = count();
  return z.strictObject({
    parallel: described(z._default(number, 1), 'How many upgrades may be under way at once.'),
    perScope: described(z.optional(number), 'How many may be under way at once in one scope.'),
    perWindow: described(z.optional(number), 'How many may be started in one opening.'),
    oneAtATimeBy: described(
      z._default(z.array(tag), []),
      'Of the instances with the same value of the tag (of one app, or of a DR pair whose two carry the same), or of one enterprise project (`enterpriseProject`), one at a time.',
    ),
    maxErrors: described(z._default(number, 1), 'Failures of a wave at which it is held until a person releases it.'),
    minDuration: described(
      z._default(duration(0, 2 * DAY), 30 * MINUTE),
      'No upgrade is expected to take less than this. Default: 30m.',
    ),
    sightLag: described(
      z._default(duration(0, HOUR), 2 * MINUTE),
      'How long the reads of the API may lag behind its writes. Default: 2m.',
    ),
  });
}

function gates() {
  // One for each: what is told of a key is kept beside its schema.
  const low = () => z.optional(below());
  const again = 'Read again once an upgrade has settled.';
  return z.strictObject({
    cpu: described(low(), `\`"<70%"\`: CPU, the highest of the last 15 minutes, of all nodes. ${again}`),
    memory: described(low(), `\`"<80%"\`: memory, likewise. ${again}`),
    bandwidth: described(low(), `\`"<70%"\`: bandwidth, likewise. ${again}`),
    backup: described(
      z.optional(youngerThan(HOUR, 31 * DAY)),
      '`"<24h"`: age of the last good backup. Single-node instances have none, so they never pass.',
    ),
    backupFirst: described(
      z.optional(z.boolean()),
      '`true`, with `backup`: where that alone keeps an instance from its start, a backup of it is asked for, once an opening and within the limits; the upgrade starts at a later tick, once it is there, if it still fits.',
    ),
  });
}

function verify() {
  return z.strictObject({
    settle: described(
      z._default(duration(0, DAY), 10 * MINUTE),
      'How long version and status may take to be as expected. Default: 10m.',
    ),
    timeout: described(
      z._default(duration(MINUTE, 7 * DAY), 3 * HOUR),
      'After this long a task that does not end is alerted. Default: 3h.',
    ),
  });
}

function deadline() {
  return z.strictObject({
    warn: described(z.optional(duration(DAY, 3_650 * DAY)), 'Behind for so long: a warning, such as 30d.'),
    page: described(z.optional(duration(DAY, 3_650 * DAY)), 'Behind for so long: a critical alert, such as 60d.'),
  });
}

function receiver() {
  return z.strictObject({
    to: described(z.enum(RECEIVERS), 'What kind of receiver; webhook is signed as Standard Webhooks.'),
    url: described(
      z.optional(url()),
      'Where to; not for log and sns, and for pagerduty and smn only when it is not the usual one. Never a private address.',
    ),
    secret: described(
      z.optional(text()),
      'Signs what is sent, for webhook (`whsec_` and base64), dingtalk and feishu: `env:NAME`.',
    ),
    routingKey: described(z.optional(text()), 'Integration key of the Events API v2, for pagerduty: `env:NAME`.'),
    topic: described(z.optional(text()), 'URN of a topic, for smn; ARN of one, for sns.'),
    credentials: described(
      z.optional(name()),
      'Name of a credential set, for smn. Default: the one of the scope that the topic is in.',
    ),
    match: described(
      z.optional(z.lazy(subjectMatch)),
      'Of what is told of one instance, only of these. What concerns several comes to all, and what nobody’s match fits too.',
    ),
    events: described(
      z.optional(list(z.enum(ALERT_EVENTS))),
      'Only these at once; default: all that ask for something to be done.',
    ),
    digest: described(
      z.optional(z.literal('window', taught('`window`', 'write digest: window, or leave it out'))),
      '`window`: one message for each opening, after its close, with what came of it; also when nothing ran.',
    ),
  });
}

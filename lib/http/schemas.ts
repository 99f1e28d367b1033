import * as z from 'zod/mini';
import { ATTEMPT_STATES } from '../core/attempt.ts';
import { REASONS } from '../core/decision.ts';
import { PARTS } from '../core/instance.ts';

/** The forms of all answers, by the names that they have in the API's description. */
export const components = z.registry<{ id: string }>();

function named<T extends z.ZodMiniType>(id: string, schema: T): T {
  components.add(schema, { id });
  return schema;
}

const text = z.string();
const texts = z.array(text);
const count = z.int().check(z.minimum(0));
export const instant = z.iso.datetime({
  offset: true,
  error: 'a time with an offset such as 2026-11-24T02:00:00+08:00',
});
const maybeText = z.nullable(text);
const maybeInstant = z.nullable(instant);
const requestId = text;

const FromTo = named('FromTo', z.object({ from: maybeText, to: maybeText }));

export const Decision = named(
  'Decision',
  z.object({
    instanceId: text,
    name: text,
    scope: text,
    wave: maybeText,
    action: z.enum(['start', 'follow', 'wait', 'none']),
    reason: z.enum(REASONS),
    detail: text,
    parts: z.array(z.enum(PARTS)),
    engine: FromTo,
    proxy: FromTo,
    possibleAt: maybeInstant,
  }),
);

export const Attempt = named(
  'Attempt',
  z.object({
    id: text,
    instanceId: text,
    name: text,
    scope: text,
    wave: text,
    opening: z.object({ opens: instant, closes: instant }),
    state: z.enum(ATTEMPT_STATES),
    taskId: maybeText,
    requestedBy: text,
    reason: text,
    claimedAt: instant,
    calledAt: maybeInstant,
    finishedAt: maybeInstant,
    parts: z.array(z.enum(PARTS)),
    engine: FromTo,
    proxy: FromTo,
    error: z.nullable(z.object({ code: text, message: text, requestId: maybeText })),
    progress: z.nullable(z.object({ percent: z.number(), remainSeconds: z.nullable(z.number()), at: instant })),
    updates: z.array(z.object({ at: instant, state: z.enum(ATTEMPT_STATES), note: text })),
  }),
);

export const HoldMatch = named(
  'HoldMatch',
  z.strictObject({
    all: z.optional(z.literal(true, '`true`')),
    scope: z.optional(text),
    region: z.optional(text),
    wave: z.optional(text),
    instanceId: z.optional(text),
    tags: z.optional(z.record(text, text)),
  }),
);

const Hold = named(
  'Hold',
  z.object({
    id: text,
    match: HoldMatch,
    by: text,
    reason: text,
    createdAt: instant,
    until: maybeInstant,
    releasedAt: maybeInstant,
    releasedBy: maybeText,
  }),
);

const PassError = named(
  'PassError',
  z.object({
    scope: text,
    instanceId: maybeText,
    code: text,
    message: text,
    requestId: maybeText,
    hint: text,
    stopsScope: z.boolean(),
  }),
);

export const ErrorAnswer = named(
  'Error',
  z.object({ error: z.object({ code: text, message: text, details: z.unknown() }), requestId }),
);

export const PlanAnswer = named(
  'Plan',
  z.object({
    now: instant,
    opening: z.nullable(z.object({ opens: instant, closes: instant, windows: texts })),
    planHash: text,
    decisions: z.array(Decision),
    errors: z.array(PassError),
    requestId,
  }),
);

export const FleetAnswer = named(
  'Fleet',
  z.object({
    counts: z.record(text, count),
    waves: z.array(
      z.object({
        wave: text,
        members: count,
        done: count,
        reason: maybeText,
        detail: maybeText,
        opensAt: maybeInstant,
        holds: z.array(z.object({ id: text, by: text, reason: text, until: maybeInstant, instances: count })),
        current: maybeInstant,
      }),
    ),
    forecast: z.object({ current: maybeInstant, left: count, detail: text }),
    decisions: z.array(Decision),
    requestId,
  }),
);

export const InstanceAnswer = named(
  'InstanceHistory',
  z.object({ decision: z.nullable(Decision), attempts: z.array(Attempt), holds: z.array(Hold), requestId }),
);

export const WindowsAnswer = named(
  'Windows',
  z.object({
    openings: z.array(z.object({ opens: instant, closes: instant, windows: texts })),
    frozen: z.array(z.object({ from: instant, to: instant, name: text, reason: text })),
    requestId,
  }),
);

export const HoldsAnswer = named('Holds', z.object({ holds: z.array(Hold), requestId }));

export const ApprovalAnswer = named(
  'Approval',
  z.object({
    approval: z.object({
      hash: text,
      by: text,
      at: instant,
      opening: z.object({ opens: instant, closes: instant }),
      upgrades: count,
    }),
    requestId,
  }),
);

const Override = z.object({ reason: text, ticket: text });

export const UpgradesAnswer = named(
  'Upgrades',
  z.object({ runId: text, decisions: z.array(Decision), unknown: texts, errors: z.array(PassError), requestId }),
);

export const RunAnswer = named(
  'Run',
  z.object({
    runId: text,
    state: z.enum(['accepted', 'done']),
    dryRun: z.boolean(),
    requestedBy: text,
    reason: text,
    override: z.nullable(Override),
    createdAt: instant,
    decisions: z.array(Decision),
    unknown: texts,
    errors: z.array(PassError),
    attempts: z.array(Attempt),
    requestId,
  }),
);

export const AlertsAnswer = named(
  'Alerts',
  z.object({ source: text, alerts: count, changed: count, ignored: maybeText, requestId }),
);

export const HealthAnswer = named('Health', z.object({ status: z.literal('ok'), version: text, requestId }));

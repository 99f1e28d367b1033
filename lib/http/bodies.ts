import * as z from 'zod/mini';
import { match } from '../core/rollout-schema.ts';
import { HoldMatch, instant } from './schemas.ts';

/** More is meant for the schedule, or a mistake. */
export const MOST_IDS = 500;

const reason = () =>
  z
    .string('a text that says why')
    .check(z.trim(), z.minLength(1, 'a text that says why'), z.maxLength(500, 'at most 500 characters'));
const ALL = '`true`, for the whole fleet';

/** At most one of `instanceIds`, `match` and `all`; none of them means the whole fleet. */
export const UpgradesBody = z.strictObject({
  instanceIds: z.optional(
    z
      .array(z.string().check(z.minLength(1), z.maxLength(64, 'at most 64 characters')))
      .check(z.minLength(1, 'at least one id'), z.maxLength(MOST_IDS, `at most ${MOST_IDS} ids`)),
  ),
  match: z.optional(match()),
  all: z.optional(z.literal(true, ALL)),
  dryRun: z._default(z.boolean('true or false'), true),
  reason: reason(),
  override: z.optional(z.strictObject({ reason: reason(), ticket: reason() })),
});
export type UpgradesBody = z.infer<typeof UpgradesBody>;

export const ApprovalBody = z.strictObject({
  planHash: z.string().check(z.regex(/^[0-9a-f]{16}$/, 'the hash of a plan, 16 hex digits')),
});
export type ApprovalBody = z.infer<typeof ApprovalBody>;

export const HoldBody = z.strictObject({
  match: z.union([z.string(), HoldMatch], 'a match such as {"all": true}, {"wave": "prod"} or "tag:app=cart"'),
  reason: reason(),
  until: z.optional(instant),
});

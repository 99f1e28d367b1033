import * as z from 'zod/mini';
import { ALERT_SOURCES } from './alert-in.ts';
import type { AlertRule, AlertTarget, AlertValue } from './policy.ts';
import { described, duration, list, oneOrMore, pattern, text } from './policy-fields.ts';
import { taught } from './policy-hints.ts';
import { DAY, MINUTE } from './time.ts';
import type { Report } from './window-read.ts';

/** An alert whose end nobody tells holds no longer than this; a place at the front lasts until after a weekly window. */
const HOLDS_FOR = DAY;
const MOVES_FOR = 8 * DAY;

export function alertRule() {
  const topic = pattern(
    /^urn:smn:[^:\s]+:[^:\s]+:[^:\s]+$/,
    'like "urn:smn:cn-north-4:PROJECT:NAME"',
    'copy the URN of the topic from the console of SMN',
  );
  const labels = z.record(z.string(), oneOrMore('a text, or a list of texts, in quotes'));
  return z.strictObject({
    from: described(z.enum(ALERT_SOURCES), 'Where they come from.'),
    match: described(
      z._default(labels, {}),
      'Labels that an alert must carry, each with one of the values; `*` and `?` are wildcards. Default: any alert.',
    ),
    topics: described(
      z.optional(list(topic)),
      'For smn: URNs of the topics whose messages are taken, and whose subscription is confirmed.',
    ),
    holds: described(z.optional(target()), 'The instances that are held as long as it fires.'),
    moves: described(
      z.optional(target()),
      'The instances that come first in their own next window; nothing starts because of it alone.',
    ),
    ttl: described(
      z.optional(duration(MINUTE, 90 * DAY)),
      'How long that lasts when no end is told; every repetition counts anew. Default: 24h, for moves 8d.',
    ),
    silence: described(z.optional(silence()), 'What it means when nothing at all comes from this source.'),
  });
}

function target() {
  const value = text('`label:NAME` or a text');
  return z.strictObject({
    all: described(
      z.optional(z.literal(true, taught('`true`', 'write true without quotes, or leave it out'))),
      'Every instance.',
    ),
    id: described(z.optional(value), 'Instance id, usually `label:NAME`: what the alert says under that label.'),
    region: described(z.optional(value), 'Region id, as it is or `label:NAME`.'),
    tags: described(z.optional(z.record(z.string(), value)), 'Tags of the instance, each as it is or `label:NAME`.'),
  });
}

function silence() {
  return z.strictObject({
    after: described(
      duration(MINUTE, 7 * DAY),
      'So long; longer than the source is ever quiet: let it repeat something, such as a watchdog alert.',
    ),
    then: described(
      z._default(z.enum(['closed', 'open']), 'open'),
      'closed: it counts as firing for everything, also before it is first heard; open: it is ignored.',
    ),
  });
}

type Input = z.output<ReturnType<typeof alertRule>>;
type TargetInput = z.output<ReturnType<typeof target>>;

/** Checks what concerns several keys at once. */
export function readAlertRule(input: Input, report: Report): AlertRule {
  const { from, match, topics, ttl } = input;
  if (from === 'smn' && topics === undefined)
    report(['topics'], 'topics is missing: SMN lets anybody send to anybody', 'name the topics that are yours');
  if (from !== 'smn' && topics !== undefined) report(['topics'], 'topics goes with smn only', 'leave it out');
  if (!input.holds && !input.moves && !input.silence) report([], 'it does nothing', 'give it holds, moves or silence');
  return {
    from,
    match,
    topics: topics ?? [],
    holds: readTarget('holds', input.holds, report),
    moves: readTarget('moves', input.moves, report),
    ttl: { holds: ttl ?? HOLDS_FOR, moves: ttl ?? MOVES_FOR },
    silence: input.silence ?? null,
  };
}

function readTarget(key: 'holds' | 'moves', input: TargetInput | undefined, report: Report): AlertTarget | null {
  if (!input) return null;
  const { all = false, id, region, tags = {} } = input;
  const isNarrow = id !== undefined || region !== undefined || Object.keys(tags).length > 0;
  if (all && isNarrow) report([key], 'all does not go with anything else', 'leave out the one or the other');
  if (!all && !isNarrow)
    report([key], 'it names no instances', 'for example { id: label:instance_id }; to name every one, { all: true }');
  const value = (path: string[], given: string) => readValue(given, (...rest) => report([key, ...path], ...rest));
  const tagValues = Object.entries(tags).map(([tag, given]) => [tag, value(['tags', tag], given)] as const);
  return {
    all,
    id: id === undefined ? null : value(['id'], id),
    region: region === undefined ? null : value(['region'], region),
    tags: Object.fromEntries(tagValues),
  };
}

function readValue(given: string, report: (message: string, hint: string) => void): AlertValue {
  const label = /^label:(.*)$/s.exec(given)?.[1]?.trim();
  if (label === '') report('label: must be followed by the name of a label', 'for example label:instance_id');
  if (label !== undefined) return { label };
  if (/[*?]/.test(given)) report(`${given} is taken as it is, not as a pattern`, 'name one value, or label:NAME');
  return { text: given };
}

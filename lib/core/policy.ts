import type { AlertEvent } from './alert.ts';
import type { AlertSource } from './alert-in.ts';
import type { Stretch } from './freeze.ts';
import type { Part, Scope } from './instance.ts';
import type { ReceiverKind } from './receivers.ts';
import type { SubjectMatch } from './subject.ts';
import type { EpochMs } from './time.ts';
import type { Window } from './window-kinds.ts';

/** What the operator wrote, read and checked: nothing in it can be bad any more. Durations are milliseconds. */
export interface Policy {
  /** IANA name. */
  timezone: string;
  scopes: Scope[];
  /** What to ask for, by part: `latest` or a version. A part that is absent is left alone. */
  upgrade: Partial<Record<Part, string>>;
  select: Select;
  windows: Record<string, Window>;
  freezes: Freeze[];
  /** In the operator's order: the first wave that matches an instance owns it. */
  rollout: Wave[];
  limits: Limits;
  /** Null: there are none. */
  gates: Gates | null;
  verify: { settle: number; timeout: number };
  /** After how long behind people are warned, and paged. */
  deadline: { warn: number | null; page: number | null } | null;
  /** What may come in, and what it does. */
  alerts: AlertRule[];
  notify: NotifyTarget[];
}

/** Narrows what any wave may match. Null: not narrowed. */
export interface Select {
  engine: string[] | null;
  versions: string[] | null;
  enterpriseProjects: string[] | null;
  exclude: Match[];
}

/** All given keys must hold; a list means any of. Every value is a glob (`*`, `?`); engine names ignore case. */
export interface Match {
  name?: string[];
  id?: string[];
  /** By tag key. */
  tags?: Record<string, string[]>;
  engine?: string[];
  versions?: string[];
  cacheModes?: string[];
  region?: string[];
  project?: string[];
  enterpriseProject?: string[];
}

export interface Wave {
  wave: string;
  match: Match;
  /** Window names, at least one. */
  windows: string[];
  /** How many of this wave may be under way at once; null: as `limits` say. */
  parallel: number | null;
  /** The wave that must be done before; null for the first. */
  after: string | null;
  soak: number;
  /** A share (0 to 1] or a number of the matched instances; null: all. */
  take: { share: number } | { count: number } | null;
  /** It starts only what a person approved for the opening. */
  approve: boolean;
}

export interface Freeze {
  name: string;
  reason: string;
  /** Null: every instance. */
  match: Match | null;
  /** The parts that may not be upgraded. */
  block: Part[];
  span: FreezeSpan;
}

/**
 * `[from, to)`; whole local days of each month, both ends included, where `first` after `last` wraps round the month's
 * end; or the events of a calendar.
 */
export type FreezeSpan =
  | { kind: 'dates'; from: EpochMs; to: EpochMs }
  | { kind: 'monthDays'; first: number; last: number; timezone: string }
  | Feed;

/** What stands in a calendar elsewhere, which io/feeds.ts reads. As long as it is not read it is as `onError` says. */
export interface Feed {
  kind: 'feed';
  /** A URL, or the path of a file, from the folder that the policy is in. */
  source: string;
  onError: 'closed' | 'open';
  timezone: string;
  /** In order and apart from each other; null: it was not read, or could not be. */
  stretches: Stretch[] | null;
  /** Why it could not be read; never the URL, which may hold a token. */
  problem: string | null;
}

/** All of them hold at once, over every scope and every worker. Null: no such limit. */
export interface Limits {
  parallel: number;
  perScope: number | null;
  perWindow: number | null;
  /** `tag:NAME`: of the instances with the same value of that tag, one at a time. */
  oneAtATimeBy: string[];
  maxErrors: number;
  minDuration: number;
  sightLag: number;
}

/** What an instance must keep below to be started; what is absent is not asked. */
export interface Gates {
  /** Per cent, above 0. */
  cpu?: number;
  memory?: number;
  bandwidth?: number;
  /** The age of its last good backup. */
  backup?: number;
  /** Where that alone keeps an instance back, a backup is asked for. Only with `backup`. */
  backupFirst?: true;
}

/** What the alerts of one source do, as far as they fit. */
export interface AlertRule {
  from: AlertSource;
  /** Globs by label: all must be there and fit. */
  match: Record<string, string[]>;
  /** Of SMN, the topics whose messages are taken; empty for any other source. */
  topics: string[];
  holds: AlertTarget | null;
  moves: AlertTarget | null;
  /** How long either lasts when nothing is said of its end. */
  ttl: { holds: number; moves: number };
  /** A source that is not heard for so long counts as firing for everything (`closed`), or is ignored. */
  silence: { after: number; then: 'closed' | 'open' } | null;
}

/** The instances that an alert names: all, or those that have all the given values. */
export interface AlertTarget {
  all: boolean;
  id: AlertValue | null;
  region: AlertValue | null;
  tags: Record<string, AlertValue>;
}

/** As it is, or what the alert's label of that name says. */
export type AlertValue = { text: string } | { label: string };

/** Whether any wave wants a person's word. */
export function wantsApproval({ rollout }: Policy): boolean {
  return rollout.some(({ approve }) => approve);
}

export interface NotifyTarget {
  to: ReceiverKind;
  /** Empty for kinds that need none. */
  url: string;
  /** What messages are signed with, in the form of the kind; null for kinds that have none. */
  secret: string | null;
  /** Of PagerDuty's Events API v2. */
  routingKey?: string;
  /** URN of a topic of SMN, or ARN of one of SNS. */
  topic?: string;
  /** Name of a credential set, for SMN; without it the default one. */
  credentials?: string;
  /** `window`: what came of each opening is told after its close. */
  digest?: 'window';
  /** Null: every event that asks for something to be done. */
  events: AlertEvent[] | null;
  /** Of what is told of one instance, only what fits; what nobody's fits goes to all. */
  match?: SubjectMatch;
}

/** One thing wrong with a policy. No value that came from the environment is ever in it. */
export interface Problem {
  /** Keys and indexes from the root; the last one may be missing in the document. */
  path: (string | number)[];
  /** What was found and what is allowed. */
  message: string;
  /** What to do about it. */
  hint: string;
}

/** More than a person reads; a document of nonsense would have one for every line. */
export const MOST_PROBLEMS = 100;

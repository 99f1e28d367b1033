import type { HoldMatch } from '../../lib/core/hold.ts';
import type { EpochMs } from '../../lib/core/time.ts';
import type { Fault as DcsFault } from '../../lib/simulator/faults.ts';
import type { FickleKind } from './receiver-kinds.ts';

/** A wave that no policy has: a hold on it may be meant for any. */
export const NO_WAVE = 'silver';

/** An instance of the night's fleet, by its name. */
export interface PlannedInstance {
  name: string;
  /** The wave that owns it, or a word that no wave has. */
  env: string;
  app: string;
  region: 'r1' | 'r2';
  kind: 'ha' | 'proxy' | 'cluster';
  takes: number;
  /** What a program must leave alone. */
  odd: 'memcached' | 'enterprise' | 'opted_out' | 'latest' | 'not_offered' | null;
  /** Until when its own tag holds it, as an offset. */
  heldUntil?: number;
  /** How many hours old its last backup is, and how many seconds another takes; absent: nobody asks. */
  backup?: { hours: number | null; seconds: number };
}

/** What the operator wrote, as far as the nights vary it. Instants are offsets from the night's start, durations milliseconds. */
export interface Rules {
  regions: PlannedInstance['region'][];
  windows: { from: number; to: number }[];
  freezes: { from: number; to: number; env: string | null }[];
  parallel: number;
  perScope: number | null;
  perWindow: number | null;
  byApp: boolean;
  maxErrors: number;
  minDuration: number;
  settle: number;
  timeout: number;
  /** `take`: of all that match it no more than these. */
  waves: {
    wave: string;
    after: string | null;
    soak: number;
    parallel: number | null;
    approve: boolean;
    take: number | null;
  }[];
  /** The CPU has to be below this, per cent. */
  gates: { cpu: number } | null;
  /** Nothing starts whose last backup is older than this; one is made first. */
  backupWithin: number | null;
  /** A freeze is kept in a calendar elsewhere, and what it means when that cannot be read. */
  calendar: 'closed' | 'open' | null;
  /** Alerts from outside hold instances. */
  alerts: boolean;
  /** The receiver of alerts that may fail; `app`: it wants to hear of these instances alone. */
  fickle: { to: FickleKind; digest: boolean; app: string | null };
}

/** In the calendar elsewhere. It stands there from `since` on. */
export interface CalendarEvent {
  from: number;
  to: number;
  since: number;
}

/** How the network, a store or a receiver behaves for a while: each call meets it with this chance. */
export interface Weather {
  at: number;
  lasts: number;
  chance: number;
}

/** What an answer of DCS becomes. `stale` is in the fleet: it belongs to an instance, not to a call. */
export const READ_TROUBLE = ['lost', 'silent', 'slow', 'garbled', 'empty', 'html', 'error500', 'throttled', 'unauthorized'] as const; // biome-ignore format: a list
export const CALL_TROUBLE = ['not_sent', 'lost_before', 'lost_after', 'silent_after', 'late', 'garbled', 'empty', 'html', 'error500', 'no_task', 'throttled'] as const; // biome-ignore format: a list
export const STORE_TROUBLE = ['down', 'written_and_failed', 'slow', 'very_slow'] as const;
export const CALENDAR_TROUBLE = ['down', 'silent', 'garbled', 'html', 'empty', 'error500'] as const;
/** `refused`: some of a request; `answer_lost`: all were taken; `stalled`: no worker is begun meanwhile. */
export const QUEUE_TROUBLE = ['lost', 'doubled', 'late', 'not_taken', 'refused', 'answer_lost'] as const;
/** `says_no`: under a good status where its kind does so; `refuses`: this message, as it is. */
export const RECEIVER_TROUBLE = ['down', 'silent', 'taken_and_failed', 'taken_and_silent', 'taken_and_dropped', 'busy', 'moved', 'says_no', 'refuses'] as const; // biome-ignore format: a list

/** All that can go wrong in a night. Each can be left out, so that a night that fails can be made shorter. */
export type Fault =
  | ({ kind: 'reads'; trouble: (typeof READ_TROUBLE)[number] | 'not_found' } & Weather)
  | ({ kind: 'calls'; trouble: (typeof CALL_TROUBLE)[number] } & Weather)
  | ({ kind: 'store'; trouble: (typeof STORE_TROUBLE)[number] } & Weather)
  | ({ kind: 'receiver'; trouble: (typeof RECEIVER_TROUBLE)[number] } & Weather)
  | ({ kind: 'queue'; trouble: (typeof QUEUE_TROUBLE)[number] | 'stalled' } & Weather)
  /** Somebody else puts what no worker can read into the queue. */
  | { kind: 'stray'; at: number; body: string }
  | ({ kind: 'calendar'; trouble: (typeof CALENDAR_TROUBLE)[number] } & Weather)
  | ({ kind: 'kills' } & Weather)
  /** The process that makes the n-th upgrade call dies: before it, or when it has left. */
  | { kind: 'killed_at_call'; call: number; after: boolean }
  /** A machine is suspended with what runs on it, for so long, before it asks the ledger or hears its answer. */
  | ({ kind: 'stalls'; for: number } & Weather)
  /** The latest version moves, the policy breaks, or somebody holds it, while the first start of that wave is on its way to its worker. */
  | { kind: 'news_on_the_way'; wave: string; what: 'version' | 'policy' | 'hold' }
  | { kind: 'tick'; tick: number; trouble: 'missing' | 'doubled' | 'late' | 'slow' }
  | { kind: 'skew'; machine: number; by: number }
  | { kind: 'dcs'; instance: string; fault: DcsFault }
  | { kind: 'hold'; at: number; match: HoldMatch; releasedAt: number | null; over?: 'http'; expires?: true }
  /** Somebody orders an upgrade over HTTP; `twice`: the request comes again under the same key. */
  | { kind: 'order'; at: number; instance: string; override: boolean; twice: 'at_once' | 'later' | 'other_body' | null }
  | { kind: 'look'; at: number; path: string }
  /** Somebody without the right to it. */
  | { kind: 'intruder'; at: number; key: 'none' | 'unknown' | 'reader'; does: 'hold' | 'order' | 'approve' }
  /** Somebody looks at the plan, and approves it a while later; or says the hash of another one. */
  | { kind: 'approval'; at: number; after: number; hash: 'seen' | 'other' }
  /** An alert from outside, and its end; `beside`: when another one of the same instance ends. */
  | { kind: 'alert'; at: number; instance: string; endsAt: number | null; beside: number | null; again: boolean }
  | { kind: 'rules'; at: number; change: Partial<Rules> }
  | { kind: 'broken_policy'; at: number; lasts: number }
  | { kind: 'busy'; at: number; instance: string; status: string; lasts: number | null }
  | { kind: 'deleted'; at: number; instance: string }
  | { kind: 'created'; at: number; instance: PlannedInstance }
  | { kind: 'resized'; at: number; instance: string; lasts: number; capacity: number }
  | { kind: 'foreign_upgrade'; at: number; instance: string }
  | { kind: 'latest_moves'; at: number };

/** A night, whole: whoever plays it sees the same. */
export interface Plan {
  seed: number;
  start: EpochMs;
  /** Milliseconds between two ticks. */
  every: number;
  hasQueue: boolean;
  fleet: PlannedInstance[];
  rules: Rules;
  faults: Fault[];
  events: CalendarEvent[];
  /** From here on nothing new goes wrong, and the night must come to a good end. */
  calmAt: number;
  /** The last instant that is played. */
  until: number;
}

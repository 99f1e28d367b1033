import type { Alert } from '../core/alert.ts';
import type { Plan } from '../core/approval.ts';
import type { Attempt } from '../core/attempt.ts';
import type { Decision } from '../core/decision.ts';
import type { Instance } from '../core/instance.ts';
import type { Policy } from '../core/policy.ts';
import type { Failed } from '../core/recovered.ts';
import type { WaveState } from '../core/rollout.ts';
import type { EpochMs } from '../core/time.ts';
import type { Opening } from '../core/window.ts';
import type { Raised } from './conditions.ts';
import type { RequestFailure } from './failure.ts';

export interface PassOptions {
  /** Observe and decide; start nothing, tell nobody. */
  dryRun?: boolean;
  /** Look at the whole fleet even when no window is open (`plan`). */
  observeAlways?: boolean;
  /** Decide from what is stored when no window is open, so that everyone has a reason. Costs one read of the fleet. */
  explain?: boolean;
  /** Never ask the API, decide from what is stored; with `dryRun` only. */
  fromMemory?: boolean;
  /** Starts these alone, and before all others; the report has their decisions alone. What runs is followed in any case. */
  only?: (instance: Instance) => boolean;
  /** With `only`: an order to begin soon, whatever windows, freezes and waves say. The same run orders nothing twice. */
  override?: { runId: string };
  /** Decide as of this instant instead of now; with `dryRun` only. */
  at?: EpochMs;
  requestedBy: string;
  reason: string;
  /** Aborted when there is no time left: nothing is begun after that. */
  signal?: AbortSignal;
  /** Aborted when the fleet has been looked at for long enough: the pass decides from what it knows by then. */
  lookSignal?: AbortSignal;
}

export interface PassReport {
  now: EpochMs;
  /** The opening of the union of all windows that is open now. */
  opening: Opening | null;
  decisions: Decision[];
  waves: WaveState[];
  /** Of a dry run: what would be upgraded in this opening or the next, for a person to approve. */
  plan: Plan | null;
  started: Attempt[];
  /** Open before this pass, and still open. */
  followed: Attempt[];
  finished: Attempt[];
  errors: PassError[];
  alerts: Alert[];
  /** Instances whose versions are left to workers to read: decided on is what was known without them. */
  waiting: number;
}

export interface PassError {
  scope: string;
  instanceId: string | null;
  code: string;
  message: string;
  requestId: string | null;
  hint: string;
  /** Nothing more was asked for in its scope. */
  stopsScope: boolean;
}

/** What one pass gathers on its way, for its report and for what it has to tell. */
export interface Tally extends Gathered {
  report: PassReport;
  /** What was found to be other than decided on, as it was read just before a call. */
  reread: Instance[];
}

/** What has to be told, or shows that something told before is over. */
export interface Gathered {
  failures: RequestFailure[];
  raised: Raised[];
  /** Scopes whose whole list was read in this pass. */
  listed: string[];
  /** Attempts that were looked at without trouble, or have ended, by id; and the scopes of the former. */
  looked: string[];
  /** Scopes in which an upgrade was accepted in this pass. */
  accepted: string[];
  /** Scopes in which the gates of an instance could be read in this pass. */
  gauged: string[];
  /** Failures that people were told of; only a pass that decides knows what became of them. */
  failed?: Failed[];
  /** Null where there is no valid one. */
  policy: Policy | null;
  /** Whether the pass got as far as deciding: only then does it know which holds are in force. */
  judged: boolean;
}

export function gatheredNothing(): Gathered {
  return {
    failures: [],
    raised: [],
    listed: [],
    looked: [],
    accepted: [],
    gauged: [],
    policy: null,
    judged: false,
  };
}

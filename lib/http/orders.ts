import type { Instance } from '../core/instance.ts';
import type { Policy } from '../core/policy.ts';
import { matches } from '../core/selection.ts';
import { type EpochMs, MINUTE, SECOND } from '../core/time.ts';
import type { Deps, PolicyState } from '../deps.ts';
import { type PassOptions, type PassReport, reconcile } from '../reconcile.ts';
import type { UpgradesBody } from './bodies.ts';
import { findRun, type Run, saveRun } from './runs.ts';

/** Another pass holds the lease for some seconds; a person's order waits for it rather than be turned away. */
const LEASE_TRIES = 4;
const LEASE_WAIT = 2 * SECOND;

/** A worker that does not come to the end of an order leaves it to the next one for so long; then it is done as far as it got. */
const TRIED_FOR = 3 * MINUTE;

/** An order that no worker took for so long is not begun any more: nobody expects it then. */
const TAKEN_WITHIN = 15 * MINUTE;

/** What became of a message that asks for the pass of an order. `again`: it is to come once more. */
export type RunDone = { kind: 'done' } | { kind: 'again' | 'nothing'; why: string };

/**
 * Makes the pass of an order that was accepted, and stores what came of it. It may be asked for twice, late, and after a
 * worker was killed in the middle of it: claims keep anything from being begun twice, and the first end that is stored stays.
 * @throws when the ledger cannot be read or written: then the message may come again
 */
export async function carryOutRun(
  deps: Deps,
  state: PolicyState,
  runId: string,
  signal: AbortSignal,
): Promise<RunDone> {
  const run = await findRun(deps.ledger, runId);
  if (!run) return { kind: 'nothing', why: 'there is no such run' };
  if (run.withdrawn) return { kind: 'nothing', why: 'who asked for it was told that it could not be accepted' };
  if (run.doneAt !== null) return { kind: 'nothing', why: 'it is done' };
  const now = deps.clock.now();
  const age = now - run.createdAt;
  if (age >= TAKEN_WITHIN) return end(deps, givenUp(run, now, 'TOO_LATE', 'no worker took it in time'));
  if (state.problem !== null) {
    const why = 'there is no valid policy';
    // There was one when it was accepted.
    return age < TRIED_FOR ? { kind: 'again', why } : end(deps, givenUp(run, now, 'NO_POLICY', why));
  }
  const report = await passFor(deps, state.policy, run, { signal });
  if (isCutShort(report, signal) && age < TRIED_FOR) return { kind: 'again', why: 'it did not come to its end' };
  return end(deps, finished(run, report));
}

async function end(deps: Deps, run: Run): Promise<RunDone> {
  const stored = await findRun(deps.ledger, run.id);
  if (stored && stored.doneAt !== null) return { kind: 'nothing', why: 'another worker has done it meanwhile' };
  await saveRun(deps.ledger, { ...run, doneAt: deps.clock.now() });
  return { kind: 'done' };
}

function isCutShort({ decisions }: PassReport, signal: AbortSignal): boolean {
  return decisions.some(({ reason }) => reason === 'another_run' || (signal.aborted && UNFINISHED.includes(reason)));
}

const UNFINISHED: readonly string[] = ['version_unknown', 'no_time_left', 'not_startable'];

/** Its decisions stay those that were expected. A worker that was killed may have begun some: its attempts say which. */
function givenUp(run: Run, now: EpochMs, code: string, message: string): Run {
  const hint = 'Its attempts say what was begun, if anything; put right what is wrong, and order the rest again.';
  const error = { scope: '', instanceId: null, code, message, requestId: null, hint, stopsScope: false };
  return { ...run, until: Math.max(run.until, now), errors: [error] };
}

/** The run as it stands: one that waits for workers is given up when none has brought it to its end and none will. */
export function asItStands(run: Run, now: EpochMs): Run {
  const isLost = run.answer !== undefined && run.doneAt === null && now - run.createdAt >= TAKEN_WITHIN + TRIED_FOR;
  return isLost ? { ...givenUp(run, now, 'NOT_DONE', 'no worker has brought it to its end'), doneAt: now } : run;
}

/** The run with what its pass came to. */
export function finished(run: Run, report: PassReport): Run {
  const { decisions, errors, opening } = report;
  const until = Math.max(run.until, opening?.closes ?? 0);
  return { ...run, until, decisions, unknown: unknownIn(run, report), errors };
}

/** Ids that were asked for and that the report knows nothing of. */
export function unknownIn({ order }: Pick<Run, 'order'>, { decisions }: Pick<PassReport, 'decisions'>): string[] {
  const known = new Set(decisions.map(({ instanceId }) => instanceId));
  return (order.instanceIds ?? []).filter((id) => !known.has(id));
}

/** The pass that a tick would make, for what was asked alone. */
export async function passFor(
  deps: Deps,
  policy: Policy,
  run: Run,
  signals: { signal: AbortSignal; lookSignal?: AbortSignal },
): Promise<PassReport> {
  const options = { ...optionsOf(run), ...signals };
  for (let tries = 1; ; tries++) {
    const report = await reconcile(deps, { policy, problem: null }, options);
    const isBlocked = report.decisions.some(({ reason }) => reason === 'another_run');
    if (!isBlocked || tries === LEASE_TRIES || signals.signal.aborted) return report;
    await deps.clock.sleep(LEASE_WAIT);
  }
}

/** What such a pass would decide from the fleet as last seen; asks no API and begins nothing. */
export function foreseen(deps: Deps, policy: Policy, run: Run): Promise<PassReport> {
  return reconcile(deps, { policy, problem: null }, { ...optionsOf(run), dryRun: true, fromMemory: true });
}

function optionsOf({ id, order, requestedBy }: Run): PassOptions {
  return {
    dryRun: order.dryRun,
    observeAlways: true,
    only: pickerOf(order),
    ...(order.override ? { override: { runId: id } } : {}),
    requestedBy,
    reason: reasonOf(order),
  };
}

function pickerOf({ instanceIds, match }: UpgradesBody): (instance: Instance) => boolean {
  if (match) return (instance) => matches(match, instance);
  if (!instanceIds) return () => true;
  const ids = new Set(instanceIds);
  return ({ instanceId }) => ids.has(instanceId);
}

/** Stands on every attempt that comes of it. */
function reasonOf({ reason, override }: UpgradesBody): string {
  return override ? `${reason} (override ${override.ticket}: ${override.reason})` : reason;
}

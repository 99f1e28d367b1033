import type { Attempt } from '../core/attempt.ts';
import type { Sighting } from '../core/follow.ts';
import { type Instance, type Scope, taskOutcome } from '../core/instance.ts';
import { FRESH } from '../core/load.ts';
import type { Gates } from '../core/policy.ts';
import { type EpochMs, MINUTE } from '../core/time.ts';
import { DcsError, type Deps } from '../deps.ts';
import { askGates } from './gauge.ts';

/** A look goes back a little before the call, because the API's clock is not ours. */
const LOOK_BACK = 20 * MINUTE;

/** What is asked of an instance after its upgrade. */
interface Aftercare {
  gates: Gates | null;
  settle: number;
}

/**
 * Looks at the instance of an open attempt: itself, its tasks, and its versions where they matter (the outcome of the
 * call is unknown, or the task is over). Reads only. @throws DcsError when the instance itself cannot be read
 */
export async function look(
  deps: Deps,
  scope: Scope,
  attempt: Attempt,
  after: Aftercare,
  signal?: AbortSignal,
): Promise<Sighting> {
  const { dcs, clock } = deps;
  const id = attempt.instanceId;
  // The time before the first read: what is seen is at least as new as this, never older.
  const at = clock.now();
  try {
    const instance = await dcs.showInstance(scope, id, signal);
    const tasks = await dcs.listTasks(scope, id, (attempt.calledAt ?? attempt.claimedAt) - LOOK_BACK, signal);
    const task = tasks.find((one) => one.id === attempt.taskId);
    const running = attempt.state === 'running' && task !== undefined && taskOutcome(task.status) === 'running';
    const versions = running ? null : await dcs.showVersions(scope, id, signal);
    const progress = task && running ? await progressOf(deps, scope, attempt, signal) : null;
    const { status, upgrading, taskId: serviceTaskId } = instance;
    const gates =
      upgrading || status !== 'RUNNING' ? {} : await gatesOf(deps, scope, attempt, instance, after, at, signal);
    return { at, gone: false, status, upgrading, serviceTaskId, tasks, versions, progress, ...gates };
  } catch (error) {
    if (!(error instanceof DcsError) || error.rule.class !== 'gone') throw error;
    return {
      at,
      gone: true,
      status: 'DELETED',
      upgrading: false,
      serviceTaskId: null,
      tasks: null,
      versions: null,
      progress: null,
    };
  }
}

/** The gates, once it has had its time to settle; of what was before the end of the upgrade they say nothing. */
async function gatesOf(
  deps: Deps,
  scope: Scope,
  { state, taskEndedAt }: Attempt,
  instance: Instance,
  { gates, settle }: Aftercare,
  at: EpochMs,
  signal?: AbortSignal,
): Promise<Pick<Sighting, 'gates'>> {
  if (!gates || state !== 'running' || taskEndedAt === null || at < taskEndedAt + settle) return {};
  const { no } = await askGates(deps, gates, scope, instance, signal, Math.max(taskEndedAt, at - FRESH));
  return { gates: no };
}

/** Progress is for people's eyes: an attempt is followed just as well without it. */
async function progressOf(
  deps: Deps,
  scope: Scope,
  attempt: Attempt,
  signal?: AbortSignal,
): Promise<Sighting['progress']> {
  try {
    return attempt.taskId === null
      ? null
      : await deps.dcs.showProgress(scope, attempt.instanceId, attempt.taskId, signal);
  } catch (error) {
    if (error instanceof DcsError) return null;
    throw error;
  }
}

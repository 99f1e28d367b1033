import type { Attempt } from '../core/attempt.ts';
import type { Sighting } from '../core/follow.ts';
import { type Scope, taskOutcome } from '../core/instance.ts';
import { MINUTE } from '../core/time.ts';
import { DcsError, type Deps } from '../deps.ts';

/** A look goes back a little before the call, because the API's clock is not ours. */
const LOOK_BACK = 20 * MINUTE;

/**
 * Looks at the instance of an open attempt: itself, its tasks, and its versions where they matter (the outcome of the
 * call is unknown, or the task is over). Reads only. @throws DcsError when the instance itself cannot be read
 */
export async function look(deps: Deps, scope: Scope, attempt: Attempt, signal?: AbortSignal): Promise<Sighting> {
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
    return { at, gone: false, status, upgrading, serviceTaskId, tasks, versions, progress };
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

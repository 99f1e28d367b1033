import { type Instance, PARTS, type Part, type Progress, type Scope, type Task } from '../../core/instance.ts';
import type { Node } from '../../core/load.ts';
import { type EpochMs, SECOND } from '../../core/time.ts';
import { type Dcs, DcsError, type Log, type UpgradeOutcome } from '../../deps.ts';
import { failure } from './answer.ts';
import { backUp, listBackups } from './backups.ts';
import { Caller, type CallerOptions } from './caller.ts';
import { askOnce } from './once.ts';
import { compactUtc, readAll } from './pages.ts';
import { MonitoredObjects } from './surroundings.ts';
import {
  Accepted,
  InstancePage,
  instancesOf,
  shownIn,
  TaskPage,
  TaskProgress,
  tasksOf,
  versionsIn,
  WireInstance,
  WireVersions,
} from './wire.ts';

export type { CredentialSource } from './caller.ts';
export type DcsOptions = CallerOptions;

/** The DCS API, version 2, over HTTPS. */
export function createDcs(options: DcsOptions): Dcs {
  const { clock, log } = options;
  const caller = new Caller(options);
  return {
    listInstances: (scope, signal) => listInstances(caller, log, scope, signal),
    showInstance: async (scope, id, signal) =>
      shownIn(await caller.get({ scope, segments: ['instances', id], signal }, WireInstance), scope),
    async showVersions(scope, id, signal) {
      // The time before the read: what is read is at least as new.
      const readAt = clock.now();
      return versionsIn(
        await caller.get({ scope, segments: ['instances', id, 'version'], signal }, WireVersions),
        readAt,
      );
    },
    upgrade: (scope, id, wanted) => upgrade(caller, scope, id, wanted),
    listTasks: (scope, id, since, signal) => listTasks(caller, log, scope, id, since, signal),
    showProgress: (scope, id, taskId, signal) => showProgress(caller, scope, id, taskId, signal),
    listNodes: (scope, id, signal) => listNodes(caller, scope, id, signal),
    listBackups: (scope, id, since, signal) => listBackups(caller, log, scope, id, since, signal),
    backUp: (scope, id) => backUp(caller, scope, id),
  };
}

/** The largest page that DCS API, ListInstances, allows. */
const INSTANCES_A_PAGE = 1_000;

function listInstances(caller: Caller, log: Log, scope: Scope, signal?: AbortSignal): Promise<Instance[]> {
  const limit = INSTANCES_A_PAGE;
  const listing = {
    what: 'instances',
    scope: scope.id,
    limit,
    mostPages: 100,
    read: (offset: number) =>
      caller.get(
        {
          scope,
          segments: ['instances'],
          query: [
            ['offset', offset],
            ['limit', limit],
          ],
          signal,
        },
        InstancePage,
      ),
    itemsOf: (page: Parameters<typeof instancesOf>[0]) => instancesOf(page, scope),
    idOf: (instance: Instance) => instance.instanceId,
  };
  return readAll(listing, log);
}

const TASKS_A_PAGE = 100;

async function listTasks(
  caller: Caller,
  log: Log,
  scope: Scope,
  id: string,
  since: EpochMs,
  signal?: AbortSignal,
): Promise<Task[]> {
  const from = Math.floor(since / SECOND) * SECOND;
  const query = (offset: number) =>
    [
      ['start_time', compactUtc(from)],
      ['offset', offset],
      ['limit', TASKS_A_PAGE],
    ] as const;
  const listing = {
    what: `tasks of ${id}`,
    scope: scope.id,
    limit: TASKS_A_PAGE,
    mostPages: 10,
    read: (offset: number) =>
      caller.get({ scope, segments: ['instances', id, 'tasks'], query: query(offset), signal }, TaskPage),
    itemsOf: tasksOf,
    idOf: (task: Task) => task.id,
  };
  const tasks = await readAll(listing, log);
  return tasks
    .filter(({ createdAt }) => createdAt === null || createdAt >= from)
    .sort((a, b) => (b.createdAt ?? 0) - (a.createdAt ?? 0));
}

async function showProgress(
  caller: Caller,
  scope: Scope,
  id: string,
  taskId: string,
  signal?: AbortSignal,
): Promise<Progress | null> {
  try {
    return await caller.get({ scope, segments: ['instances', id, 'tasks', taskId, 'progress'], signal }, TaskProgress);
  } catch (error) {
    if (error instanceof DcsError && error.status === 404) return null;
    throw error;
  }
}

/** DCS API, ListMonitoredObjectsOfInstance. */
function listNodes(caller: Caller, scope: Scope, id: string, signal?: AbortSignal): Promise<Node[]> {
  const query = [['dim_name', 'dcs_instance_id']] as const;
  return caller.get({ scope, segments: ['dims', 'monitored-objects', id], query, signal }, MonitoredObjects);
}

/** DCS API, UpgradeInstanceMinorVersion: it starts at once, cannot be undone, and is sent once. */
async function upgrade(
  caller: Caller,
  scope: Scope,
  id: string,
  wanted: Partial<Record<Part, string>>,
): Promise<UpgradeOutcome> {
  const parts = PARTS.filter((part) => wanted[part]);
  // What DCS makes of an empty body is not documented; it may be "everything".
  if (parts.length === 0)
    return { kind: 'refused', ...failure('DCS.4004', 'no part to upgrade was named; nothing was sent') };
  const body = JSON.stringify(Object.fromEntries(parts.map((part) => [`${part}_minor_version`, wanted[part]])));
  const call = { scope, segments: ['instances', id, 'minor-version', 'upgrade'] };
  const told = await askOnce(caller, call, body, Accepted);
  if (told.kind !== 'accepted') return told;
  return { kind: 'accepted', taskId: told.data.task_id, requestId: told.requestId };
}

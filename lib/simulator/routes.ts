import type { EpochMs } from '../core/time.ts';
import { backupRows, beginBackup } from './backups.ts';
import { metricData, monitoredObjects } from './cloud-eye.ts';
import { strikeAfter, strikeBackup, strikeBefore } from './faults.ts';
import { judgeUpgrade } from './judge.ts';
import { isGone, type Sight, sightOf, tasksOf } from './lifecycle.ts';
import { decode, flagOf, pageOf, type Query, queryOf, tagsOf, timeOf, valuesOf } from './query.ts';
import { addressOf, centreItem, listItem, progressItem, showItem, taskItem, versionItem } from './render.ts';
import { json, type Reaction, type Refused, refusal, type SimulatedRequest } from './wire.ts';
import type { SimulatedInstance, Upgrade, World } from './world.ts';

/** One call, as a route sees it. */
interface Call {
  world: World;
  now: EpochMs;
  project: string;
  /** What stands in the path after the project, decoded. */
  ids: string[];
  query: Query;
  request: SimulatedRequest;
}

interface Route {
  name: RouteName;
  method: 'GET' | 'POST';
  /** The project is the first group; the ids are the others. */
  path: RegExp;
  /** @throws Refused */
  serve(call: Call): Reaction | Refused;
}

export const ROUTE_NAMES = [
  'list', 'show', 'version', 'upgrade', 'tasks', 'progress', 'taskCentre', 'nodes', 'backups', 'backUp',
  'metrics',
] as const; // biome-ignore format: a list
export type RouteName = (typeof ROUTE_NAMES)[number];

/** Each call that this API has here; all else is unknown to the gateway. */
const ROUTES: readonly Route[] = [
  { name: 'list', method: 'GET', path: /^\/v2\/([^/]+)\/instances$/, serve: list },
  { name: 'show', method: 'GET', path: /^\/v2\/([^/]+)\/instances\/([^/]+)$/, serve: show },
  { name: 'version', method: 'GET', path: /^\/v2\/([^/]+)\/instances\/([^/]+)\/version$/, serve: version },
  {
    name: 'upgrade',
    method: 'POST',
    path: /^\/v2\/([^/]+)\/instances\/([^/]+)\/minor-version\/upgrade$/,
    serve: upgrade,
  },
  { name: 'tasks', method: 'GET', path: /^\/v2\/([^/]+)\/instances\/([^/]+)\/tasks$/, serve: tasks },
  {
    name: 'progress',
    method: 'GET',
    path: /^\/v2\/([^/]+)\/instances\/([^/]+)\/tasks\/([^/]+)\/progress$/,
    serve: progress,
  },
  { name: 'taskCentre', method: 'GET', path: /^\/v2\/([^/]+)\/tasks$/, serve: taskCentre },
  { name: 'nodes', method: 'GET', path: /^\/v2\/([^/]+)\/dims\/monitored-objects\/([^/]+)$/, serve: nodes },
  { name: 'backups', method: 'GET', path: /^\/v2\/([^/]+)\/instances\/([^/]+)\/backups$/, serve: backups },
  { name: 'backUp', method: 'POST', path: /^\/v2\/([^/]+)\/instances\/([^/]+)\/backups$/, serve: backUp },
  { name: 'metrics', method: 'POST', path: /^\/V1\.0\/([^/]+)\/batch-query-metric-data$/, serve: metrics },
];

/** A request for which there is a route. */
export interface RoutedCall extends Omit<Call, 'world' | 'now'> {
  route: Route;
}

export function routeOf(request: SimulatedRequest): RoutedCall | null {
  const [path = '', search = ''] = request.target.split('?', 2);
  for (const route of ROUTES) {
    const match = route.method === request.method ? route.path.exec(path) : null;
    if (!match) continue;
    const [project = '', ...ids] = match.slice(1).map(decode);
    return { route, project, ids, query: queryOf(search), request };
  }
  return null;
}

const LIST_QUERY = [
  'offset',
  'limit',
  'instance_id',
  'name',
  'name_equal',
  'status',
  'include_failure',
  'include_delete',
  'ip',
  'tags',
  'capacity',
] as const;

function list({ world, now, project, query }: Call): Reaction {
  const values = valuesOf(query, LIST_QUERY);
  const isExact = flagOf('name_equal', values.name_equal);
  const hidden = hiddenStatuses(values);
  const tags = values.tags === undefined ? [] : tagsOf(values.tags);
  const rows = instancesOf(world, project)
    .map((instance) => ({ instance, sight: listedAs(instance, now) }))
    .filter(
      ({ instance: { spec }, sight: { status } }) =>
        !hidden.includes(status) &&
        status === (values.status ?? status) &&
        spec.id === (values.instance_id ?? spec.id) &&
        (isExact ? spec.name === values.name : spec.name.includes(values.name ?? '')) &&
        (values.ip === undefined || addressOf(spec, 1) === values.ip) &&
        spec.capacity === Number(values.capacity ?? spec.capacity) &&
        tags.every(([key, value]) => spec.tags[key] === value),
    );
  const page = pageOf(rows, values);
  return json(200, {
    instance_num: rows.length,
    instances: page.map(({ instance, sight }) => listItem(instance, sight)),
  });
}

/** The list still has what is deleted. */
function listedAs(instance: SimulatedInstance, now: EpochMs): Sight {
  const sight = sightOf(instance, now);
  return isGone(instance, now) ? { ...sight, status: 'DELETED' } : sight;
}

function hiddenStatuses(values: { include_failure?: string; include_delete?: string }): string[] {
  const failed = flagOf('include_failure', values.include_failure) ? [] : ['CREATEFAILED'];
  const deleted = flagOf('include_delete', values.include_delete) ? [] : ['DELETED'];
  return [...failed, ...deleted];
}

function show(call: Call): Reaction {
  valuesOf(call.query, []);
  const instance = existing(call);
  return json(200, showItem(instance, sightOf(instance, call.now)));
}

function version(call: Call): Reaction {
  valuesOf(call.query, []);
  return json(200, versionItem(call.world, existing(call), call.now));
}

function upgrade(call: Call): Reaction | Refused {
  valuesOf(call.query, []);
  const { world, request, now } = call;
  const struck = strikeBefore(existing(call), now);
  if (struck) return struck;
  // Looked up again: it may have vanished under the request.
  const instance = existing(call);
  const parts = judgeUpgrade(world, instance, request, now);
  return strikeAfter(instance, world.begin(instance, parts, now));
}

const TASK_QUERY = ['offset', 'limit', 'start_time', 'end_time'] as const;

/** The count is text here and a number in the task centre, as the API's pages have it. */
function tasks(call: Call): Reaction {
  const { rows, page } = taskPage(call, tasksOf(existing(call), call.now));
  return json(200, { task_count: String(rows.length), tasks: page.map((task) => taskItem(task, call.now)) });
}

function taskCentre(call: Call): Reaction {
  const { world, project, now } = call;
  const all = instancesOf(world, project).flatMap((instance) => tasksOf(instance, now));
  all.sort((a, b) => b.acceptedAt - a.acceptedAt);
  const { rows, page } = taskPage(call, all);
  return json(200, { task_count: rows.length, tasks: page.map((task) => centreItem(task, now)) });
}

function taskPage({ query }: Call, all: readonly Upgrade[]): { rows: Upgrade[]; page: Upgrade[] } {
  const values = valuesOf(query, TASK_QUERY);
  const from = timeOf('start_time', values.start_time) ?? -Infinity;
  const to = timeOf('end_time', values.end_time) ?? Infinity;
  const rows = all.filter(({ acceptedAt }) => acceptedAt >= from && acceptedAt <= to);
  return { rows, page: pageOf(rows, values) };
}

function progress(call: Call): Reaction {
  valuesOf(call.query, []);
  const instance = existing(call);
  const taskId = call.ids[1]!;
  if (!/^[0-9a-f]{32}$/.test(taskId)) throw refusal('DCS.4070');
  const task = tasksOf(instance, call.now).find((candidate) => candidate.taskId === taskId);
  // The code for a task that is not there is not published.
  if (!task) throw refusal('DCS.4001');
  return json(200, progressItem(task, call.now));
}

function nodes(call: Call): Reaction {
  if (valuesOf(call.query, ['dim_name']).dim_name !== 'dcs_instance_id') throw refusal('DCS.4800', 'dim_name');
  return json(200, monitoredObjects(existing(call)));
}

function backups(call: Call): Reaction {
  const values = valuesOf(call.query, ['offset', 'limit', 'begin_time', 'end_time']);
  const from = timeOf('begin_time', values.begin_time) ?? -Infinity;
  const to = timeOf('end_time', values.end_time) ?? Infinity;
  const rows = backupRows(existing(call), call.now).filter(({ at }) => at >= from && at <= to);
  return json(200, { total_num: rows.length, backup_record_response: pageOf(rows, values).map(({ row }) => row) });
}

function backUp(call: Call): Reaction | Refused {
  valuesOf(call.query, []);
  const instance = existing(call);
  const struck = strikeBackup(instance, 'before');
  if (struck) return struck;
  const { id } = beginBackup(instance, call.request, call.now);
  return strikeBackup(instance, 'after') ?? json(200, { backup_id: id });
}

function metrics({ world, project, query, request, now }: Call): Reaction | Refused {
  valuesOf(query, []);
  return metricData(world, project, request, now);
}

function instancesOf(world: World, project: string): SimulatedInstance[] {
  return [...world.instances.values()].filter(({ spec }) => spec.project === project);
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** @throws Refused DCS.4061, DCS.3022 */
function existing({ world, now, project, ids }: Call): SimulatedInstance {
  const id = ids[0]!;
  if (!UUID.test(id)) throw refusal('DCS.4061');
  const instance = world.instances.get(id);
  if (!instance || instance.spec.project !== project || isGone(instance, now)) throw refusal('DCS.3022');
  return instance;
}

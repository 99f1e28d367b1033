import type { EpochMs } from '../core/time.ts';
import type { Clock } from '../deps.ts';
import { buildFleet } from './build.ts';
import type { FleetFile, Gateway } from './fleet.ts';
import { createGate } from './gateway.ts';
import { isProjectList, projectsOf } from './iam.ts';
import { hexId } from './random.ts';
import { ROUTE_NAMES, type RouteName, routeOf } from './routes.ts';
import { answerOf, type Reaction, Refused, refusal, type SimulatedRequest } from './wire.ts';
import { createWorld, type Upgrade, type World } from './world.ts';

export interface SimulatorOptions extends Gateway {
  /** The only time that the simulator knows: signatures are checked against it and upgrades end by it. */
  clock: Clock;
  fleet: FleetFile;
  /** Secret keys by access key, in place of the fleet file's. */
  keys?: Record<string, string>;
  /** The same seed gives the same fleet, ids and bad luck. 1 when absent. */
  seed?: number;
}

/** An upgrade request that came in, whatever became of it. */
export interface Post {
  at: EpochMs;
  /** As it stood in the path. */
  instanceId: string;
  project: string;
  body: string;
  /** `accepted`: an upgrade began, whatever was answered. `refused`: an error was answered. `lost`: nothing began and nothing was answered. */
  outcome: 'accepted' | 'refused' | 'lost';
  /** Of what was answered; null for a 200, and where there was no answer. */
  code: string | null;
  /** Of the upgrade that began, also where the answer did not tell it. */
  taskId: string | null;
}

export interface Simulator {
  /** Serves one request, without a socket. */
  handle(request: SimulatedRequest): Reaction;
  readonly world: World;
  /** Every upgrade request, in order. */
  readonly posts: readonly Post[];
  /** How many requests each route got; `unknown` for those that had none. */
  readonly requests: Readonly<Record<RouteName | 'projects' | 'unknown', number>>;
  /** How many requests ended in each way: an error code, an HTTP status, `reset` or `hang`. */
  readonly answers: Readonly<Record<string, number>>;
}

/** A DCS control plane in memory; server.ts puts it behind HTTP. @throws Error for a bad fleet */
export function createSimulator(options: SimulatorOptions): Simulator {
  const { clock, seed = 1 } = options;
  const fleet = buildFleet(options.fleet, seed);
  const world = createWorld(fleet, clock.now());
  const keys = options.keys ?? fleet.keys;
  const gate = createGate({ ...fleet, keys }, { ...fleet.gateway, ...options }, seed);
  const posts: Post[] = [];
  const names = [...ROUTE_NAMES, 'projects', 'unknown'] as const;
  const requests = Object.fromEntries(names.map((name) => [name, 0])) as Record<(typeof names)[number], number>;
  const answers: Record<string, number> = {};
  let count = 0;

  function handle(request: SimulatedRequest): Reaction {
    const now = clock.now();
    const call = routeOf(request);
    requests[call?.route.name ?? (isProjectList(request) ? 'projects' : 'unknown')] += 1;
    const before = world.upgrades.length;
    const reaction = caught(() => {
      const projects = projectsOf(request, fleet.projects, keys, now);
      if (projects) return projects;
      if (!call) throw refusal('APIGW.0101');
      return gate(request, call, now) ?? call.route.serve({ ...call, world, now });
    });
    const word = wordOf(reaction);
    answers[word] = (answers[word] ?? 0) + 1;
    if (call?.route.name === 'upgrade') {
      const { project, ids } = call;
      const begun = world.upgrades[before] ?? null;
      posts.push({
        at: now,
        project,
        instanceId: ids[0]!,
        body: new TextDecoder().decode(request.body),
        ...resultOf(reaction, begun),
      });
    }
    count += 1;
    return finish(reaction, hexId(`request/${seed}/${count}`));
  }

  return { handle, world, posts, requests, answers };
}

function caught(serve: () => Reaction | Refused): Reaction | Refused {
  try {
    return serve();
  } catch (error) {
    if (error instanceof Refused) return error;
    throw error;
  }
}

function wordOf(reaction: Reaction | Refused): string {
  if (typeof reaction === 'string') return reaction;
  return reaction instanceof Refused ? reaction.code : String(reaction.status);
}

function resultOf(reaction: Reaction | Refused, begun: Upgrade | null): Pick<Post, 'outcome' | 'code' | 'taskId'> {
  const code = reaction instanceof Refused ? reaction.code : null;
  if (begun) return { outcome: 'accepted', code, taskId: begun.taskId };
  return { outcome: code === null ? 'lost' : 'refused', code, taskId: null };
}

function finish(reaction: Reaction | Refused, requestId: string): Reaction {
  if (typeof reaction === 'string') return reaction;
  const answer = reaction instanceof Refused ? answerOf(reaction, requestId) : reaction;
  return { ...answer, headers: { server: 'api-gateway', 'x-request-id': requestId, ...answer.headers } };
}

import type { EpochMs } from '../core/time.ts';
import { verifySignature } from './auth.ts';
import type { Fleet } from './build.ts';
import { queryOf, valuesOf } from './query.ts';
import { json, type Reaction, refusal, type SimulatedRequest } from './wire.ts';

const PATH = '/v3/projects';

export function isProjectList({ method, target }: SimulatedRequest): boolean {
  return method === 'GET' && target.split('?', 1)[0] === PATH;
}

/**
 * IAM's list of projects, as far as a client needs it: the first project of a region has the region's name, the others have
 * it at their beginning. Null for another request. @throws Refused without a good signature
 */
export function projectsOf(
  request: SimulatedRequest,
  projects: Fleet['projects'],
  keys: Readonly<Record<string, string>>,
  now: EpochMs,
): Reaction | null {
  if (!isProjectList(request)) return null;
  verifySignature(request, keys, now);
  // A request that is signed for a project is none for an account (IAM API).
  if (request.headers['x-project-id'] !== undefined) throw refusal('APIGW.0310');
  const { name: wanted } = valuesOf(queryOf(request.target.split('?')[1] ?? ''), ['name']);
  const seen = new Set<string>();
  const named = projects.map(({ project, region }) => {
    const name = seen.has(region) ? `${region}_${project}` : region;
    seen.add(region);
    return { id: project, name, domain_id: 'd0', parent_id: 'd0', enabled: true, is_domain: false };
  });
  return json(200, { projects: named.filter(({ name }) => wanted === undefined || name === wanted), links: {} });
}

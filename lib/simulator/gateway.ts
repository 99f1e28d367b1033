import { type EpochMs, SECOND } from '../core/time.ts';
import { verifySignature } from './auth.ts';
import type { Fleet } from './build.ts';
import type { Gateway } from './fleet.ts';
import { createRandom } from './random.ts';
import type { RoutedCall } from './routes.ts';
import { type Answer, refusal, type SimulatedRequest } from './wire.ts';

/** The most bytes that a request's body may have (API Gateway). */
export const BODY_LIMIT = 12 * 1024 * 1024;

const BAD_GATEWAY: Answer = {
  status: 502,
  headers: { 'content-type': 'text/html' },
  body: '<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>',
};

/** What stands before DCS: lets a routed request pass (null), answers in place of DCS, or refuses. @throws Refused */
export type Gate = (request: SimulatedRequest, call: RoutedCall, now: EpochMs) => Answer | null;

export function createGate(
  { keys, projects }: Pick<Fleet, 'keys' | 'projects'>,
  { rateLimit, badGateway = 0 }: Gateway,
  seed: number,
): Gate {
  const known = new Set(projects.map(({ project }) => project));
  const admit = rateLimit ? createAdmission(rateLimit) : () => {};
  const random = createRandom(seed);
  return (request, call, now) => {
    if (request.body.length > BODY_LIMIT) throw refusal('APIGW.0201');
    const caller = verifySignature(request, keys, now);
    if ((request.headers['x-project-id'] ?? call.project) !== call.project) throw refusal('DCS.1004');
    if (!known.has(call.project)) throw refusal('APIGW.0310');
    // Each service has a limit of its own.
    const service = call.route.name === 'metrics' ? 'ces' : 'dcs';
    admit(`${service}/${caller}/${call.project}`, now);
    return request.method === 'GET' && random() < badGateway ? BAD_GATEWAY : null;
  };
}

/**
 * Counts each caller's requests in whole periods of the limit.
 * @throws Refused (the function returned) APIGW.0308 with the message that names the limit
 */
function createAdmission({ limit, seconds, retryAfter }: NonNullable<Gateway['rateLimit']>) {
  const period = seconds * SECOND;
  const counts = new Map<string, { begun: EpochMs; count: number }>();
  const time = seconds % 60 === 0 ? `${seconds / 60} minute` : `${seconds} second`;
  return (caller: string, now: EpochMs): void => {
    const begun = now - (now % period);
    const known = counts.get(caller);
    const current = known?.begun === begun ? known : { begun, count: 0 };
    counts.set(caller, current);
    current.count += 1;
    if (current.count <= limit) return;
    const wait = Math.ceil((begun + period - now) / SECOND);
    const headers = retryAfter ? { 'retry-after': String(wait) } : {};
    throw refusal('APIGW.0308', `policy user over ratelimit,limit:${limit},time:${time}`, headers);
  };
}

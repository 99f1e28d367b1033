import { timingSafeEqual } from 'node:crypto';
import { type EpochMs, MINUTE } from '../core/time.ts';
import { canonicalRequest, signature } from '../io/dcs/sign.ts';
import { type Query, queryOf } from './query.ts';
import { refusal, type SimulatedRequest } from './wire.ts';

/** How far the request's clock may be off (API Gateway, APIGW.0301). */
const SKEW = 15 * MINUTE;

const AUTHORIZATION = /^SDK-HMAC-SHA256 Access=([^,\s]+), ?SignedHeaders=([a-z0-9_;-]+), ?Signature=([0-9a-f]{64})$/;

/** Sent headers that must be signed as well: the project, so that nobody swaps it, and the token, which names the caller. */
const SIGNED_IF_SENT = ['x-project-id', 'x-domain-id', 'x-security-token'];

/**
 * The access key that signed the request.
 * @throws Refused APIGW.0301 as the gateway says it: its messages echo the access key and the canonical request.
 */
export function verifySignature(
  request: SimulatedRequest,
  keys: Readonly<Record<string, string>>,
  now: EpochMs,
): string {
  const { authorization } = request.headers;
  if (authorization === undefined) throw unauthenticated('x-auth-token not found');
  const [, ak, names, given] = AUTHORIZATION.exec(authorization) ?? [];
  if (!ak || !names || !given) throw unauthenticated('authorization format is invalid');
  const signedHeaders = names.split(';');
  requireSigned(request, signedHeaders);
  requireFresh(request.headers['x-sdk-date'], now);

  const sk = Object.hasOwn(keys, ak) ? keys[ak] : undefined;
  if (sk === undefined) throw unauthenticated(`Get secretKey failed,ak:${ak},err:ak not exist`);
  const [path, query] = split(request.target);
  const canonical = canonicalRequest({ ...request, path, query, signedHeaders });
  const expected = signature(sk, request.headers['x-sdk-date']!, canonical);
  if (!timingSafeEqual(Buffer.from(expected), Buffer.from(given))) {
    throw unauthenticated(`verify aksk signature fail, canonicalRequest:${canonical}`);
  }
  return ak;
}

function requireSigned({ headers }: SimulatedRequest, signedHeaders: readonly string[]): void {
  const sorted = [...signedHeaders].sort().join();
  if (sorted !== signedHeaders.join()) throw unauthenticated('signed headers are not in order');
  for (const name of ['host', 'x-sdk-date', ...SIGNED_IF_SENT.filter((name) => name in headers)]) {
    if (!signedHeaders.includes(name)) throw unauthenticated(`${name} is not signed`);
  }
  const missing = signedHeaders.find((name) => !(name in headers));
  if (missing !== undefined) throw unauthenticated(`signed header ${missing} not found`);
}

function requireFresh(date: string | undefined, now: EpochMs): void {
  const found = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/.exec(date ?? '');
  if (!found) throw unauthenticated('x-sdk-date format is invalid');
  const [, year, month, day, hours, minutes, seconds] = found;
  const at = Date.parse(`${year}-${month}-${day}T${hours}:${minutes}:${seconds}Z`);
  // Written so that a date that cannot be, which parses to NaN, is refused too.
  if (!(Math.abs(now - at) <= SKEW)) throw unauthenticated('The request time is expired');
}

function split(target: string): [path: string, query: Query] {
  const [path = '', search = ''] = target.split('?', 2);
  return [path, queryOf(search)];
}

const unauthenticated = (why: string) => refusal('APIGW.0301', why);

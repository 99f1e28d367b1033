import type * as z from 'zod/mini';
import type { ApiKey, Right } from '../core/api-key.ts';
import type { Policy } from '../core/policy.ts';
import { allowedBy } from '../core/policy-problems.ts';
import type { WebhookSecret } from '../core/webhook-secret.ts';
import type { Deps, Ledger, Log, PolicyState } from '../deps.ts';
import { type ErrorStatus, type HttpAnswer, HttpError } from './answer.ts';
import type { HttpRequest } from './request.ts';

/** What the routes work with: the part of the runtime that they need. */
export interface Backend {
  config: { apiKeys: readonly ApiKey[]; webhookSecrets: readonly WebhookSecret[] };
  /** For what gets an id; random where it is absent. */
  newId?: () => string;
  /** One GET that follows no redirect. @throws when there is no good answer */
  download(url: string): Promise<string>;
  clock: Deps['clock'];
  ledger: Ledger;
  log: Log;
  /** The policy is read anew for each request. */
  pass(): Promise<{ deps: Deps; state: PolicyState }>;
}

export interface Ask<Query = unknown, Body = unknown> {
  request: HttpRequest;
  params: Record<string, string>;
  query: Query;
  body: Body;
  /** Name of the key; empty where the route is open to everybody. */
  caller: string;
  backend: Backend;
  /** Of this program. */
  version: string;
  /** When the invocation ends, in milliseconds from now. */
  timeLeft: () => number;
}

export interface Route<Query = unknown, Body = unknown> {
  method: 'GET' | 'POST' | 'DELETE';
  /** `{name}` stands for one segment. */
  path: string;
  /** Null: open to everybody, or the route itself asks who it is. */
  right: Right | null;
  /** One sentence, for the API's description. */
  summary: string;
  query?: z.ZodMiniType<Query>;
  body?: z.ZodMiniType<Body>;
  /** Names of request headers that it looks at, with what they do. */
  headers?: Record<string, string>;
  /** The status of a good answer and its form; null: a page of HTML. */
  answer: { status: number; schema: z.ZodMiniType | null };
  /** The errors that it may end with beside those that any route may. */
  errors?: ErrorStatus[];
  run(ask: Ask<Query, Body>): Promise<HttpAnswer>;
}

/** Types a route from its schemas; a list of routes forgets them again. */
export function route<Query, Body>(route: Route<Query, Body>): Route {
  return route as Route;
}

/** @throws HttpError 404, or 405 with the methods that there are */
export function findRoute(
  routes: readonly Route[],
  { method, path }: HttpRequest,
): { route: Route; params: Record<string, string> } {
  const found = routes.flatMap((route) => {
    const params = paramsOf(route.path, path);
    return params ? [{ route, params }] : [];
  });
  if (found.length === 0) throw new HttpError(404, 'there is nothing under this path');
  const match = found.find(({ route }) => route.method === method);
  if (match) return match;
  const allow = found.map(({ route }) => route.method).join(', ');
  throw new HttpError(405, `this path takes ${allow}`, null, { allow });
}

function paramsOf(pattern: string, path: string): Record<string, string> | null {
  const [wanted, given] = [pattern.split('/'), path.replace(/(?<=.)\/$/, '').split('/')];
  if (wanted.length !== given.length) return null;
  const params: Record<string, string> = {};
  for (const [index, segment] of wanted.entries()) {
    const name = /^\{(\w+)\}$/.exec(segment)?.[1];
    const value = decoded(given[index]!);
    if (value === null || (name ? value === '' : value !== segment)) return null;
    if (name) params[name] = value;
  }
  return params;
}

function decoded(segment: string): string | null {
  try {
    return decodeURIComponent(segment);
  } catch {
    return null;
  }
}

/** @throws HttpError 422 that names every problem */
export function fitting<T>(schema: z.ZodMiniType<T>, value: unknown, what: 'body' | 'query'): T {
  const parsed = schema.safeParse(value, { error: allowedBy });
  if (parsed.success) return parsed.data;
  const details = parsed.error.issues.slice(0, 20).map(({ path, ...issue }) => ({
    path: path.map(String).join('.'),
    message: issue.code === 'unrecognized_keys' ? `unknown: ${issue.keys.join(', ')}` : `it must be ${issue.message}`,
  }));
  throw new HttpError(422, `the ${what} does not fit`, details);
}

/** For routes that can say nothing without a policy. @throws HttpError 503 */
export async function withPolicy({ pass }: Backend): Promise<{ deps: Deps; policy: Policy }> {
  const { deps, state } = await pass();
  if (state.problem !== null) throw new HttpError(503, 'there is no valid policy', state.problem.split('\n'));
  return { deps, policy: state.policy };
}

/** Nothing is begun that could not be answered while the gateway still waits: HTTP APIs give up after 30 seconds (AWS, quotas). */
const GATEWAY_WAITS = 24_000;

/**
 * Aborted when there is no time left to begin anything; `reserve` milliseconds are kept for ending what was begun, and it
 * lasts no longer than `most`.
 */
export function signalFor(
  { timeLeft }: Pick<Ask, 'timeLeft'>,
  reserve: number,
  most: number = GATEWAY_WAITS,
): AbortSignal {
  const left = Math.min(timeLeft() - reserve, most);
  return left > 0 ? AbortSignal.timeout(left) : AbortSignal.abort(new DOMException('no time left', 'TimeoutError'));
}

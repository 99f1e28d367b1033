import type { MiddlewareObj } from '@middy/core';
import jsonBodyParser from '@middy/http-json-body-parser';
import type { ApiKey } from '../lib/core/api-key.ts';
import type { Log } from '../lib/deps.ts';
import { errorAnswer, type HttpAnswer, HttpError } from '../lib/http/answer.ts';
import { callerOf } from '../lib/http/keys.ts';
import { type HttpRequest, readEvent } from '../lib/http/request.ts';
import { findRoute, type Route } from '../lib/http/route.ts';
import { Throttle } from '../lib/http/throttle.ts';
import type { Runtime } from '../lib/io/runtime.ts';
import { soundAlarm } from './alarm.ts';
import { describe } from './event.ts';

/** A request on its way to its route. Each middleware adds what the ones after it need; a route finds all of it. */
export interface Call {
  request: HttpRequest;
  route: Route;
  params: Record<string, string>;
  caller: string;
  body: unknown;
}

type Step = MiddlewareObj<Call, HttpAnswer>;
type Load = () => Promise<Runtime>;

/** The largest body that is read, in bytes: a policy would fit, and nothing here needs more. */
export const MOST_BYTES = 256 * 1024;

/** Turns the event into a {@link HttpRequest}. @throws TypeError when it is not one: then the invocation itself fails */
export function requests(): Step {
  return {
    before(flow) {
      const request = readEvent(flow.event);
      if (!request) throw new TypeError(`not an HTTP event: ${describe(flow.event)}`);
      flow.event = { request } as Call;
    },
  };
}

/** Attached first, so that it comes last: errors become answers, and each request has its line in the log. */
export function answers(load: Load): Step {
  return {
    async after({ event, response }) {
      logRequest((await load()).log, event, response!.statusCode);
    },
    async onError(flow) {
      const { event, error } = flow;
      if (!event?.request) return;
      const { log } = await load();
      const { requestId } = event.request;
      if (!(error instanceof HttpError)) {
        log('error', 'http_failed', { requestId, path: event.route?.path, error });
        await soundAlarm(error);
      }
      const told = error instanceof HttpError ? error : new HttpError(500, 'something failed here; the log says what');
      flow.response = errorAnswer(told, requestId);
      logRequest(log, event, told.status);
    },
  };
}

function logRequest(log: Log, { request, route, caller }: Partial<Call>, status: number): void {
  const { method, requestId } = request!;
  log('info', 'http_request', { requestId, method, route: route?.path ?? null, by: caller ?? null, status });
}

/** @throws HttpError 404, 405, 413 */
export function routing(routes: readonly Route[]): Step {
  return {
    before({ event }) {
      if (event.request.body.length > MOST_BYTES) throw new HttpError(413, `a body may have ${MOST_BYTES} bytes`);
      Object.assign(event, findRoute(routes, event.request));
    },
  };
}

/** @throws HttpError 401 without a key that is known, 403 when it is not good for this, 429 when there are too many requests */
export function keys(load: Load): Step {
  const throttle = new Throttle();
  return {
    async before({ event }) {
      const { right } = event.route;
      if (right === null) return;
      const { config, clock } = await load();
      const key = callerOf(event.request, config.apiKeys);
      if (!key) throw new HttpError(401, 'a valid key is needed', null, { 'www-authenticate': challengeFor(event) });
      event.caller = key.name;
      if (!isGoodFor(key, event.route)) throw new HttpError(403, `this needs the right ${right}`);
      const wait = throttle.ask(key.name, clock.now());
      if (wait !== null) throw new HttpError(429, 'too many requests', null, { 'retry-after': String(wait) });
    },
  };
}

function isGoodFor({ rights }: ApiKey, { right }: Route): boolean {
  return right === null || rights.includes(right);
}

/** A browser asks its user for the key when it is told so, which is wanted for the page alone. */
function challengeFor({ route }: Call): string {
  return route.answer.schema === null ? 'Basic realm="dcs-upgrader", charset="UTF-8"' : 'Bearer realm="dcs-upgrader"';
}

/** The parser looks at nothing but the event. */
type Parse = (parsed: { event: unknown }) => void;

/** Reads the body where the route takes one. @throws HttpError 400, 415 */
export function jsonBodies(): Step {
  const parse = jsonBodyParser().before as unknown as Parse;
  return {
    before({ event }) {
      if (!event.route.body) return;
      const parsed = { event: { headers: event.request.headers, body: textOf(event.request.body) as unknown } };
      try {
        parse(parsed);
      } catch (error) {
        if ((error as { statusCode?: number }).statusCode === 415)
          throw new HttpError(415, 'the content type must be application/json');
        throw new HttpError(400, 'the body is not JSON');
      }
      const { body } = parsed.event;
      if (typeof body !== 'object' || body === null || Array.isArray(body))
        throw new HttpError(400, 'the body must be a JSON object');
      event.body = body;
    },
  };
}

/** @throws HttpError 400 */
function textOf(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new HttpError(400, 'the body is not UTF-8');
  }
}

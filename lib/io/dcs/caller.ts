import type * as z from 'zod/mini';
import type { Scope } from '../../core/instance.ts';
import { type EpochMs, MINUTE, SECOND } from '../../core/time.ts';
import { type Clock, DcsError, type DcsFailure, type Log } from '../../deps.ts';
import { urlProblem } from '../url.ts';
import { VERSION } from '../version.ts';
import { failure, failureFrom, jsonOf, noAnswer, requestIdOf } from './answer.ts';
import { exchange, type HttpRequest, type Reply, TRY_LASTS } from './http.ts';
import { Limiter, NoTurnError, type Turn } from './limiter.ts';
import { Projects } from './projects.ts';
import { DCS, endpointOf, type Service } from './service.ts';
import { type Credentials, isSameSet, percentEncode, sign } from './sign.ts';

/**
 * Of a credential set by its name, the default set without one. `refused`: what DCS answered 401 to; a source that can
 * look for newer ones does, and one that cannot gives the same again. Its errors name variables and secrets, never their values.
 */
export type CredentialSource = (name: string | undefined, refused?: Credentials) => Promise<Credentials>;

export interface Timeouts {
  /** Milliseconds of real time for one try. */
  tryLasts: number;
  /** No retry of a read begins later than this after its first try was asked for, waiting included. */
  readLasts: number;
  /** A POST that has not left after this long is not sent: it was decided on for now, not for later. */
  postLeavesWithin: number;
}

const TIMEOUTS: Timeouts = { tryLasts: TRY_LASTS, readLasts: MINUTE, postLeavesWithin: 5 * SECOND };

const MOST_TRIES = 5;
const FIRST_BACKOFF = SECOND / 2;
const LONGEST_BACKOFF = 10 * SECOND;

export interface CallerOptions {
  clock: Clock;
  credentials: CredentialSource;
  /** Base URL in place of every scope's own. */
  endpointOverride?: string | undefined;
  /** The same for IAM, which is asked for the projects that a policy leaves to it. */
  iamEndpoint?: string | undefined;
  log: Log;
  /** From 0 to 1; for jitter only. */
  random?: (() => number) | undefined;
  timeouts?: Partial<Timeouts> | undefined;
  /** Told of every request that was sent, by the status of its answer; 0: there was none. */
  onAnswer?: ((status: number) => void) | undefined;
}

/** A request to a service, without the wire. Segments are joined and encoded. */
export interface Call {
  scope: Scope;
  /** After `/{version}/{project}`. */
  segments: readonly string[];
  query?: readonly (readonly [string, string | number])[];
  signal?: AbortSignal | undefined;
}

/** What one try came to. `sent` is false only where it is certain that no byte left. */
type Tried = { reply: Reply; credentials: Credentials } | { failure: DcsFailure; sent: boolean };

/** Signs, paces and sends. One limiter a scope, because the request limit belongs to the scope's user. */
export class Caller {
  readonly #options: CallerOptions;
  readonly #service: Service;
  readonly #timeouts: Timeouts;
  readonly #limiters = new Map<string, Limiter>();
  /** Endpoints that were looked at, and what they are asked under. */
  readonly #bases = new Map<string, string | null>();
  readonly #projects: Projects;

  constructor(options: CallerOptions, service: Service = DCS) {
    this.#options = options;
    this.#service = service;
    this.#timeouts = { ...TIMEOUTS, ...options.timeouts };
    this.#projects = new Projects(options.clock, options.iamEndpoint);
  }

  /** A GET, repeated with full jitter where its failure may pass. @throws DcsError */
  get<T>(call: Call, schema: z.ZodMiniType<T>): Promise<T> {
    return this.#read('GET', call, '', schema);
  }

  /** A POST that changes nothing, such as a query with a body: repeated as a GET is. @throws DcsError */
  query<T>(call: Call, body: string, schema: z.ZodMiniType<T>): Promise<T> {
    return this.#read('POST', call, body, schema);
  }

  async #read<T>(method: HttpRequest['method'], call: Call, body: string, schema: z.ZodMiniType<T>): Promise<T> {
    const { clock, log } = this.#options;
    const until = clock.now() + this.#timeouts.readLasts;
    let mayRenew = true;
    for (let attempt = 1; ; attempt++) {
      const tried = await this.#try(method, call, body, until, false);
      const found = 'reply' in tried ? parsed(tried.reply, tried.credentials, schema) : tried;
      if ('data' in found) return found.data;
      const { code, status, rule } = found.failure;
      if (status === 401 && 'reply' in tried && mayRenew) {
        mayRenew = false;
        if (await this.#hasOthers(call.scope, tried.credentials)) continue;
      }
      const backoff = this.#backoff(attempt, rule.class === 'throttled');
      const mayPass = rule.retry === 'soon' && status !== 401 && !call.signal?.aborted;
      if (!mayPass || attempt >= MOST_TRIES || clock.now() + backoff >= until) throw new DcsError(found.failure);
      log('debug', 'dcs_retry', {
        scope: call.scope.id,
        path: call.segments.join('/'),
        error: code,
        status,
        attempt,
        backoff,
      });
      await clock.sleep(backoff, call.signal).catch(() => undefined);
    }
  }

  /** Whether there are other credentials than those that were refused: they may have been rotated meanwhile. */
  async #hasOthers({ credentials: name }: Scope, refused: Credentials): Promise<boolean> {
    try {
      return !isSameSet(await this.#options.credentials(name, refused), refused);
    } catch {
      return false;
    }
  }

  /** A POST, exactly once or not at all. Never throws for what the wire does. */
  postOnce(call: Call, body: string): Promise<Tried> {
    return this.#try('POST', call, body, this.#options.clock.now() + this.#timeouts.postLeavesWithin, true);
  }

  async #try(method: HttpRequest['method'], call: Call, body: string, until: EpochMs, first: boolean): Promise<Tried> {
    const { clock } = this.#options;
    const { scope, signal } = call;
    if (this.#baseOf(scope) === null)
      return notSent(failure('TRANSPORT.ENDPOINT', `the endpoint of ${scope.id} is not an https address`));
    let credentials: Credentials;
    try {
      credentials = await this.#options.credentials(scope.credentials);
    } catch (error) {
      return notSent(
        failure('CREDENTIALS.MISSING', `no credentials: ${error instanceof Error ? error.message : error}`),
      );
    }
    const project = await this.#projects.idOf(scope, credentials, this.#timeouts.tryLasts, signal);
    if (typeof project !== 'string') return notSent(project);
    const url = this.#url(call, project);
    const limiter = this.#limiterOf(scope);
    let turn: Turn;
    try {
      turn = await limiter.turn({ signal, until, first });
    } catch (error) {
      return notSent(error instanceof NoTurnError ? noRoom(error) : outOfTime());
    }
    try {
      const headers = headersFor(method, project);
      const signed = sign({ method, url, headers, body, now: clock.now(), ...credentials });
      const answer = await exchange({ method, url, headers: signed, body }, this.#timeouts.tryLasts, signal);
      this.#options.onAnswer?.('code' in answer ? 0 : answer.status);
      if ('code' in answer) {
        return { failure: signal?.aborted ? outOfTime() : noAnswer(answer.code), sent: answer.sent };
      }
      report(limiter, turn, answer);
      return { reply: answer, credentials };
    } finally {
      turn.end();
    }
  }

  /** Null: nothing may be sent there. */
  #baseOf(scope: Scope): string | null {
    const given = this.#options.endpointOverride ?? endpointOf(scope, this.#service);
    const known = this.#bases.get(given);
    if (known !== undefined) return known;
    const base = given.replace(/\/+$/, '');
    const found = urlProblem(base) === null ? base : null;
    this.#bases.set(given, found);
    return found;
  }

  #url({ scope, segments, query = [] }: Call, project: string): URL {
    const path = [this.#service.version, project, ...segments].map(percentEncode).join('/');
    const pairs = query.map(([name, value]) => `${percentEncode(name)}=${percentEncode(String(value))}`);
    return new URL(`${this.#baseOf(scope)}/${path}${pairs.length === 0 ? '' : `?${pairs.join('&')}`}`);
  }

  #limiterOf(scope: Scope): Limiter {
    const known = this.#limiters.get(scope.id);
    if (known) return known;
    const limiter = new Limiter(this.#options.clock);
    this.#limiters.set(scope.id, limiter);
    return limiter;
  }

  /** Full jitter, so that many callers do not come back together. The limiter makes the throttled ones wait. */
  #backoff(attempt: number, isThrottled: boolean): number {
    const random = this.#options.random ?? Math.random;
    return isThrottled ? 0 : Math.round(random() * Math.min(LONGEST_BACKOFF, FIRST_BACKOFF * 2 ** (attempt - 1)));
  }
}

function headersFor(method: HttpRequest['method'], project: string): Record<string, string> {
  const common = { accept: 'application/json', 'user-agent': `dcs-upgrader/${VERSION}`, 'x-project-id': project };
  return method === 'POST' ? { ...common, 'content-type': 'application/json' } : common;
}

function report(limiter: Limiter, turn: Turn, { status, text, headers }: Reply): void {
  const retryAfter = headers.get('retry-after');
  if (status === 429 || (status === 503 && retryAfter !== null)) limiter.throttled(turn, retryAfter, text);
  else limiter.passed();
}

function notSent(failed: DcsFailure): Tried {
  return { failure: failed, sent: false };
}

/** As if throttled, only that nobody was asked; there is no room soon, so the next tick is early enough. */
function noRoom({ message }: NoTurnError): DcsFailure {
  const throttled = failure('APIGW.0308', message);
  return { ...throttled, rule: { ...throttled.rule, retry: 'tick' } };
}

function outOfTime(): DcsFailure {
  return failure('TRANSPORT.TIMEOUT', 'given up: the run has no time left');
}

/** The data of a good answer, or what is wrong with it. */
export function parsed<T>(
  reply: Reply,
  credentials: Credentials,
  schema: z.ZodMiniType<T>,
): { data: T } | { failure: DcsFailure } {
  const { status, text, problem } = reply;
  if (status < 200 || status > 299) return { failure: failureFrom(reply, credentials) };
  if (problem) return { failure: noAnswer(problem, status, requestIdOf(reply, credentials)) };
  if (text.trim() === '')
    return {
      failure: failure('TRANSPORT.EMPTY', `HTTP ${status} with an empty body`, status, requestIdOf(reply, credentials)),
    };
  const result = schema.safeParse(jsonOf(text));
  if (result.success) return { data: result.data };
  return {
    failure: failure(
      'TRANSPORT.GARBLED',
      `HTTP ${status}, but not with what was asked for`,
      status,
      requestIdOf(reply, credentials),
    ),
  };
}

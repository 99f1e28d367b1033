import { createHash } from 'node:crypto';
import { alerts } from '../../handlers/alerts.ts';
import { http } from '../../handlers/http.ts';
import type { ApiKey } from '../../lib/core/api-key.ts';
// What the routes load when they need it: here it is there from the start, as no loading may take a night's time.
import '../../lib/http/alerts.ts';
import '../../lib/io/ledger-alarm.ts';
import { SECOND } from '../../lib/core/time.ts';
import type { HttpAnswer } from '../../lib/http/answer.ts';
import type { Runtime } from '../../lib/io/runtime.ts';
import { type Life, living } from './machine.ts';
import type { Night } from './night.ts';
import type { Stage } from './play.ts';
import { runtimeOf } from './runtime.ts';

/** Who may call the nights' HTTP routes, by what is shown. */
export const HTTP_KEYS = { ops: 'nights-key-of-ops', reader: 'nights-key-to-read', source: 'nights-key-of-alerts' };

const RIGHTS: Record<keyof typeof HTTP_KEYS, ApiKey['rights']> = { ops: ['read', 'operate', 'upgrade'], reader: ['read'], source: ['alert'] }; // biome-ignore format: a list

const API_KEYS = Object.entries(HTTP_KEYS).map(([name, key]): ApiKey => ({ name, rights: RIGHTS[name as keyof typeof HTTP_KEYS], sha256: createHash('sha256').update(key).digest('hex') })); // biome-ignore format: a list

/** As the function is deployed, and as the gateway before it waits. */
const LASTS = { http: 80 * SECOND, alerts: 25 * SECOND };
const GATEWAY_WAITS = 29 * SECOND;

export interface Asked {
  method: 'GET' | 'POST' | 'DELETE';
  path: string;
  key?: string;
  idempotencyKey?: string;
  body?: unknown;
}

type Handler = (event: unknown, context: unknown) => Promise<HttpAnswer>;

/** What came back; null: nothing. `life`: whoever answered, or was about to. */
export interface Reply {
  status: number;
  body: { [name: string]: unknown };
  life: Life;
}

/** The real function for HTTP, as people and other programs reach it. */
export class Door {
  readonly #night: Night;
  readonly #stage: Stage;
  readonly #handlers: Record<'http' | 'alerts', Handler>;
  #count = 0;

  constructor(night: Night, stage: Stage) {
    this.#night = night;
    this.#stage = stage;
    const load = async () => this.#runtime(living.getStore()!);
    this.#handlers = { http: http(load) as unknown as Handler, alerts: alerts(load) as unknown as Handler };
  }

  /** Null where no answer came in the time that a gateway waits. `onId`: told of every id that something gets because of it. */
  async ask(asked: Asked, onId: (id: string) => void = () => {}): Promise<Reply | null> {
    const night = this.#night;
    const life = this.#stage.begin('http', 1);
    Object.assign(life, { onId, isLook: asked.method === 'GET' });
    night.counts.requests += 1;
    // Deployed as a function of its own, which http can do as well.
    const isAlert = asked.method === 'POST' && asked.path.startsWith('/alerts/');
    const by = isAlert && night.draw(`by/${life.name}`) < 0.5 ? 'alerts' : 'http';
    this.#stage.limit(life, LASTS[by]);
    // By the name of FunctionGraph: for that of AWS middy sets a timer, which would be one of real time.
    const context = { getRemainingTimeInMilliSeconds: () => life.begunAt + LASTS[by] - night.timeline.now };
    const answered = this.#stage.run(life, () => this.#handlers[by](eventOf(asked, `request-${life.name}`), context));
    const answer = await Promise.race([answered, night.timeline.sleep(GATEWAY_WAITS).then(() => null)]);
    night.note(
      life.name,
      `${asked.method} ${asked.path.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/, '…')} → ${answer?.statusCode ?? 'no answer'}`,
    );
    if (!answer) return null;
    night.judge.shown(answer.body, `the answer to ${asked.method} ${asked.path}`);
    const isJson = answer.headers['content-type']!.startsWith('application/json');
    return { status: answer.statusCode, body: isJson ? JSON.parse(answer.body) : {}, life };
  }

  #runtime(life: Life): Runtime {
    const newId = () => {
      this.#count += 1;
      const id = `run-${this.#count}`;
      life.onId(id);
      return id;
    };
    const config = { apiKeys: API_KEYS, webhookSecrets: [] };
    return { ...runtimeOf(this.#night, this.#stage, life), config, newId } as unknown as Runtime;
  }
}

/** As API Gateway sends it (HTTP API, payload 2.0). */
function eventOf({ method, path, key, idempotencyKey, body }: Asked, requestId: string): unknown {
  const [rawPath, rawQueryString = ''] = path.split('?', 2);
  return {
    version: '2.0',
    rawPath,
    rawQueryString,
    headers: {
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    requestContext: { http: { method }, requestId, stage: '$default' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  };
}

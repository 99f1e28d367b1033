import { createHash } from 'node:crypto';
import { http } from '../../handlers/http.ts';
import type { ApiKey, Right } from '../../lib/core/api-key.ts';
import type { WebhookSecret } from '../../lib/core/webhook-secret.ts';
import type { PolicyState } from '../../lib/deps.ts';
import type { HttpAnswer } from '../../lib/http/answer.ts';
import type { Runtime } from '../../lib/io/runtime.ts';
import type { Invoke, LocalApi } from '../../scripts/offline/gateway.ts';
import type { FakeWorld } from './fake-world.ts';

/** Keys that tests show, by what they are good for. */
export const KEYS = {
  read: 'key-that-reads',
  operate: 'key-that-operates',
  upgrade: 'key-that-upgrades',
  alert: 'key-that-alerts',
};

export function aKey(name: string, key: string, ...rights: Right[]): ApiKey {
  return { name, rights, sha256: createHash('sha256').update(key).digest('hex') };
}

const API_KEYS = [
  aKey('viewer', KEYS.read, 'read'),
  aKey('ops', KEYS.operate, 'read', 'operate'),
  aKey('ci', KEYS.upgrade, 'read', 'upgrade'),
  aKey('prometheus', KEYS.alert, 'alert'),
];

export interface HostOptions {
  state?: PolicyState;
  apiKeys?: ApiKey[];
  webhookSecrets?: WebhookSecret[];
  /** What GETs of the function find. */
  download?: (url: string) => Promise<string>;
  /** Another function than `http`. */
  make?: typeof http;
  /** How many milliseconds an invocation has left. */
  timeLeft?: number;
}

/** The function as its host calls it, with this world behind it. */
export function functionOf(
  world: FakeWorld,
  { state, apiKeys = API_KEYS, webhookSecrets = [], timeLeft = 75_000, download, make = http }: HostOptions = {},
): Invoke {
  const pass = async () => ({ deps: world.deps(), state: state ?? { policy: world.policy, problem: null } });
  const { clock, ledger } = world;
  const log: Runtime['log'] = (level, code, data) => void world.logs.push({ level, code, ...data });
  const get = download ?? (async () => Promise.reject(new Error('nothing is there')));
  const config = { apiKeys, webhookSecrets };
  const runtime = { config, clock, ledger, log, pass, download: get, invoked: () => undefined } as unknown as Runtime;
  const handler = make(async () => runtime) as unknown as (event: unknown, context: object) => Promise<HttpAnswer>;
  return (event, context = { getRemainingTimeInMillis: () => timeLeft }) => handler(event, context);
}

/** What may stand in an answer; what really does is held against the API's description. */
export interface Answer {
  requestId: string;
  error: { code: string; message: string; details: unknown };
  runId: string;
  decisions: { instanceId: string; action: string; reason: string }[];
  unknown: string[];
  attempts: { state: string }[];
  holds: { id: string }[];
}

export interface Reply<T = Answer> {
  status: number;
  headers: Headers;
  text: string;
  json: T;
}

export interface Request {
  key?: string;
  headers?: Record<string, string>;
  /** An object is sent as JSON, text as it is. */
  body?: unknown;
}

/** One real HTTP request. `json` is null where the answer has none. */
export async function call<T = Answer>(
  api: LocalApi,
  method: string,
  path: string,
  request: Request = {},
): Promise<Reply<T>> {
  const { key, headers = {}, body } = request;
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  const response = await fetch(`${api.url}${path}`, {
    method,
    headers: {
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(text === undefined ? {} : { body: text }),
  });
  const answer = await response.text();
  const isJson = response.headers.get('content-type')?.startsWith('application/json');
  return {
    status: response.status,
    headers: response.headers,
    text: answer,
    json: isJson && answer !== '' ? JSON.parse(answer) : null,
  };
}

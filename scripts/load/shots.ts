import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { http } from '../../handlers/http.ts';
import { systemClock } from '../../lib/io/clock.ts';
import { type Invoke, serve } from '../offline/gateway.ts';
import { type Held, held } from './held.ts';
import { type Place, runtimeOf } from './place.ts';

/** One kind of request, and how often. */
export interface Shot {
  name: string;
  amount: number;
  /** Clients that ask at once, each for one thing after the other. */
  clients: number;
  requests: { method: string; path: string; headers?: Record<string, string>; body?: string }[];
  /** What it may be answered with. */
  good: number[];
}

export interface Result {
  name: string;
  /** How many answers had each. */
  statuses: Record<string, number>;
  /** Without an answer. */
  failed: number;
  /** A second. */
  each: number;
  /** Milliseconds: half of them were answered within the first, and all but a hundredth within the second. */
  median: number;
  slowest: number;
}

export interface Fired {
  rounds: Result[][];
  /** Milliseconds of the processor that each round cost this process. */
  work: [first: number, second: number];
  shots: Shot[];
  half: Held;
  end: Held;
}

/** A caller may have 60 requests at once: so many callers, that none of those who read has more. */
const READERS = Array.from({ length: 100 }, (_, index) => `reader-${index}`);
const GREEDY = 'greedy';

const get = (path: string, key?: string) => ({
  method: 'GET',
  path,
  ...(key ? { headers: { authorization: `Bearer ${key}` } } : {}),
});

/** `total` requests, as they would come in: most are easy. */
function shotsOf(total: number): Shot[] {
  const percent = Math.ceil(total / 100);
  const json = { 'content-type': 'application/json' };
  const stranger = { method: 'POST', path: '/alerts/alertmanager', headers: json, body: '{"alerts":[]}' };
  return [
    { name: 'GET /health', amount: percent * 50, clients: 20, requests: [get('/health')], good: [200] },
    { name: 'GET /fleet, many callers', amount: percent * 1, clients: 4, requests: READERS.map((key) => get('/fleet', key)), good: [200] },
    { name: 'GET /fleet, one caller', amount: percent * 29, clients: 20, requests: [get('/fleet', GREEDY)], good: [200, 429] },
    { name: 'POST /alerts, a stranger', amount: percent * 10, clients: 20, requests: [stranger], good: [401] },
    { name: 'GET of nothing', amount: percent * 10, clients: 20, requests: [get('/nothing')], good: [404] },
  ]; // biome-ignore format: a table
}

/** That many requests over sockets, in two rounds that are alike; after each it is seen what this process holds. */
export async function fire(total: number, { env }: Place): Promise<Fired> {
  const keys = [...READERS, GREEDY].map((key) => `${key}:read:${createHash('sha256').update(key).digest('hex')}`);
  const runtime = await runtimeOf({ ...env, API_KEYS: keys.join(',') }, systemClock);
  const invoke = http(async () => runtime) as unknown as Invoke;
  const api = await serve((event) => invoke(event, { getRemainingTimeInMillis: () => 80_000 }));
  const shots = shotsOf(total / 2);
  const round = async (): Promise<Result[]> => {
    const script = resolve(import.meta.dirname, 'fire.ts');
    const { stdout } = await promisify(execFile)(process.execPath, [script, api.url, JSON.stringify(shots)]);
    return JSON.parse(stdout) as Result[];
  };
  try {
    const begin = process.cpuUsage();
    const first = await round();
    const one = millisecondsOf(process.cpuUsage(begin));
    const half = await held();
    const again = process.cpuUsage();
    const second = await round();
    const two = millisecondsOf(process.cpuUsage(again));
    return { rounds: [first, second], work: [one, two], shots, half, end: await held() };
  } finally {
    await api.close();
    await runtime.close();
  }
}

function millisecondsOf({ user, system }: NodeJS.CpuUsage): number {
  return (user + system) / 1_000;
}

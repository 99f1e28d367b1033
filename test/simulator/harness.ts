import { afterEach } from '@jest/globals';
import { sign } from '../../lib/io/dcs/sign.ts';
import { DEMO_KEY } from '../../lib/simulator/build.ts';
import { createManualClock, type ManualClock } from '../../lib/simulator/clock.ts';
import type { FileInstance, FleetFile } from '../../lib/simulator/fleet.ts';
import { uuidOf } from '../../lib/simulator/random.ts';
import { type RunningSimulator, type ServerOptions, startSimulator } from '../../lib/simulator/server.ts';

export const START = Date.parse('2026-03-06T14:00:00Z');
export const PROJECT = '1f0e2d3c4b5a69788796a5b4c3d2e1f0';

/** What came back over the wire; `reset` where the connection ended without an answer. */
export interface Got {
  status: number | 'reset';
  headers: Headers;
  text: string;
  /** Empty where the body is no JSON object. */
  body: Body;
}

/** Of all the answers there are; a test names what it reads. */
interface Body {
  error_code?: string;
  error_msg?: string;
  request_id?: string;
  task_id?: string;
  status?: string;
  instance_num?: number;
  instances?: { instance_id: string; name: string; status: string }[];
  task_count?: string | number;
  tasks?: { id: string; status: string; created_at: string; updated_at: string }[];
  progress?: number;
  [field: string]: unknown;
}

export interface Ask {
  method?: string;
  /** Bytes to send, or a value to send as JSON. */
  body?: unknown;
  headers?: Record<string, string>;
  ak?: string;
  sk?: string;
  securityToken?: string;
  /** What the caller's clock says, ms from the simulator's. */
  clockOff?: number;
  /** Last changes to the signed headers. */
  tamper?(headers: Record<string, string>): void;
  signal?: AbortSignal;
}

export interface Bench {
  sim: RunningSimulator;
  clock: ManualClock;
  ask(target: string, ask?: Ask): Promise<Got>;
  /** `GET` of what stands below the instance, or of the instance itself. */
  read(name: string, below?: string): Promise<Got>;
  /** The one upgrade call; both parts unless a body is given. */
  upgrade(name: string, body?: unknown): Promise<Got>;
}

const running: RunningSimulator[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((sim) => sim.close()));
});

export function fleetOf(instances: FileInstance[], rest: Partial<FleetFile> = {}): FleetFile {
  return { projects: [{ project: PROJECT, region: 'cn-north-4', instances }], ...rest };
}

export const idOf = (name: string) => uuidOf(`${PROJECT}/${name}`);
export const pathOf = (name: string, below = '') => `/v2/${PROJECT}/instances/${idOf(name)}${below}`;

/** A simulator behind HTTP on a clock that the test moves, and a caller who signs. */
export async function bench(fleet: FleetFile, options: Partial<ServerOptions> = {}): Promise<Bench> {
  const clock = createManualClock(START);
  const sim = await startSimulator({ clock, fleet, ...options });
  running.push(sim);

  async function ask(target: string, ask: Ask = {}): Promise<Got> {
    const { method = 'GET', body, tamper, signal, clockOff = 0 } = ask;
    const bytes = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
    const url = new URL(sim.url + target);
    const headers = sign({
      method,
      url,
      headers: { 'x-project-id': PROJECT, 'content-type': 'application/json', ...ask.headers },
      body: bytes,
      ak: ask.ak ?? DEMO_KEY.ak,
      sk: ask.sk ?? DEMO_KEY.sk,
      ...(ask.securityToken ? { securityToken: ask.securityToken } : {}),
      now: clock.now() + clockOff,
    });
    tamper?.(headers);
    return answer(
      fetch(url, { method, headers, ...(bytes === '' ? {} : { body: bytes }), ...(signal ? { signal } : {}) }),
    );
  }

  return {
    sim,
    clock,
    ask,
    read: (name, below) => ask(pathOf(name, below)),
    upgrade: (name, body = { engine_minor_version: 'latest' }) =>
      ask(pathOf(name, '/minor-version/upgrade'), { method: 'POST', body }),
  };
}

async function answer(fetching: Promise<Response>): Promise<Got> {
  let response: Response;
  try {
    response = await fetching;
  } catch (error) {
    const cause = (error as { cause?: { code?: string } }).cause;
    if (cause?.code !== 'ECONNRESET') throw error;
    return { status: 'reset', headers: new Headers(), text: '', body: {} };
  }
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: jsonOf(text) };
}

function jsonOf(text: string): Body {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

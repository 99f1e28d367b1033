import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { FleetFile } from '../../lib/simulator/fleet.ts';
import { type Answer, call, type Reply, type Request } from '../support/http.ts';

/** Each takes one second, and the last answer of `lost-answer` never comes. */
const FLEET: FleetFile = {
  defaults: { upgradeSeconds: 1, cacheMode: 'ha', tags: { env: 'dev' } },
  projects: [
    {
      project: 'p1',
      region: 'here-1',
      instances: [{ name: 'one' }, { name: 'two' }, { name: 'lost-answer', faults: ['reset_after_accept'] }],
    },
    { project: 'p2', region: 'here-2', instances: [{ name: 'ordered', tags: { env: 'prod' } }] },
  ],
};

/** Nobody's window is open for prod: what is upgraded of it was ordered. */
const policy = () => `version: 1
timezone: UTC
scopes: [{ project: p1, region: here-1 }, { project: p2, region: here-2 }]
windows:
  open: { date: ${new Date().toISOString().slice(0, 10)}, from: "00:00", duration: 3d }
  never: { date: 2099-01-01, from: "00:00", duration: 1h }
rollout:
  - { wave: dev, match: { tags: { env: dev } }, window: open }
  - { wave: prod, match: { tags: { env: prod } }, window: never, soak: 0s }
limits: { parallel: 2, minDuration: 1m, sightLag: 0s }
verify: { settle: 1s }
`;

interface Run extends Omit<Answer, 'attempts'> {
  state: string;
  attempts: { name: string; state: string; requestedBy: string; taskId: string | null }[];
}
type Fleet = { decisions: { instanceId: string; name: string; reason: string }[] };

let folder: string;
let offline: ChildProcess;
let url: string;
let key: string;
let complaints = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'offline-'));
  const [fleetFile, policyFile] = [join(folder, 'fleet.json'), join(folder, 'policy.yaml')];
  await writeFile(fleetFile, JSON.stringify(FLEET));
  await writeFile(policyFile, policy());
  const script = resolve(import.meta.dirname, '../../scripts/offline.ts');
  const options = ['--port', '0', '--every', '1s', '--table', 'dynalite', '--json'];
  const args = [script, ...options, '--policy', policyFile, '--fleet', fleetFile];
  const { NODE_OPTIONS: _, ...env } = process.env;
  offline = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  offline.stderr!.on('data', (chunk) => {
    complaints += chunk;
  });
  const [line] = await once(createInterface(offline.stdout!), 'line');
  ({ url, key } = JSON.parse(String(line)));
}, 30_000);
afterAll(async () => {
  if (offline.exitCode === null) offline.kill('SIGKILL');
  await rm(folder, { recursive: true });
});

const ask = <T>(method: string, path: string, request: Request = {}): Promise<Reply<T>> =>
  call<T>({ url, close: async () => undefined }, method, path, { key, ...request });

async function until<T>(path: string, isThere: (answer: T) => boolean): Promise<T> {
  for (let tries = 1; ; tries++) {
    const { json } = await ask<T>('GET', path);
    if (isThere(json)) return json;
    if (tries === 100) throw new Error(`${path} says ${JSON.stringify(json)}\n${complaints}`);
    await sleep(300);
  }
}

describe('npm run offline', () => {
  it('upgrades by its schedule what a wave with an open window owns, lost answers and all', async () => {
    const due = ({ decisions }: Fleet) => decisions.filter(({ reason }) => reason !== 'already_latest');
    const fleet = await until<Fleet>('/fleet', (now) => now.decisions.length === 4 && due(now).length <= 1);
    expect(due(fleet).map(({ name, reason }) => [name, reason])).toEqual([['ordered', 'outside_window']]);
  }, 40_000);

  it('answers for an order with its run, which tells when it is done', async () => {
    const { decisions } = (await ask<Fleet>('GET', '/fleet')).json;
    const { instanceId } = decisions.find(({ name }) => name === 'ordered')!;
    const override = { ticket: 'CHG-1', reason: 'CVE-2026-0001' };
    const body = { instanceIds: [instanceId], dryRun: false, reason: 'end to end', override };
    const ordered = await ask<Answer>('POST', '/upgrades', { body });
    expect([ordered.status, ordered.json.decisions]).toMatchObject([202, [{ instanceId, action: 'start' }]]);
    const path = `/upgrades/${ordered.json.runId}`;
    expect(['accepted', 'done']).toContain((await ask<Run>('GET', path)).json.state);
    const run = await until<Run>(path, ({ attempts }) => attempts.some(({ state }) => state === 'succeeded'));
    expect(run.state).toBe('done');
    expect(run.attempts).toEqual([
      expect.objectContaining({
        name: 'ordered',
        state: 'succeeded',
        requestedBy: 'offline',
        taskId: expect.any(String),
      }),
    ]);
  }, 40_000);

  it('ends with everything that it has begun when it is told to', async () => {
    offline.kill('SIGTERM');
    const [code] = await once(offline, 'exit');
    expect([code, complaints]).toEqual([0, expect.not.stringContaining('the tick failed')]);
    await expect(fetch(`${url}/health`)).rejects.toThrow();
  }, 20_000);
});

it.each<{ options: string[]; code: number; where: 'stdout' | 'stderr'; says: RegExp }>`
  options            | code | where       | says
  ${['--help']}      | ${0} | ${'stdout'} | ${/^Usage: npm run offline -- \[options\]/}
  ${['--nope']}      | ${2} | ${'stderr'} | ${/^Unknown option '--nope'.*\nUsage: /}
  ${['--port', 'x']} | ${2} | ${'stderr'} | ${/^--port is no port number\nUsage: /}
`('$options tells how it is used, without a stack trace', ({ options, code, where, says }) => {
  const script = resolve(import.meta.dirname, '../../scripts/offline.ts');
  const run = spawnSync(process.execPath, [script, ...options], { encoding: 'utf8' });
  expect(run.status).toBe(code);
  expect(run[where]).toMatch(says);
  expect(run.stdout + run.stderr).not.toContain('    at ');
});

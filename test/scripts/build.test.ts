import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../lib/io/clock.ts';
import { DEMO_KEY } from '../../lib/simulator/build.ts';
import { startSimulator } from '../../lib/simulator/server.ts';

const run = promisify(execFile);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'build-'));
  await run(process.execPath, ['scripts/build.ts', join(folder, 'dist')]);
}, 120_000);
afterAll(() => rm(folder, { recursive: true }));

interface Ticked {
  counts: { started: number; finished: number; errors: number; alerts: number };
  /** Names of the files that were loaded, without what differs from build to build. */
  files: string[];
  builtins: string[];
}

/** The tick handler of the bundle, run once in a process of its own. */
async function tick(policy: object, env: Record<string, string> = {}): Promise<Ticked> {
  const file = join(folder, 'policy.json');
  await writeFile(file, JSON.stringify(policy));
  const script = `
    const event = { source: 'aws.scheduler', 'detail-type': 'Scheduled Event' };
    require(${JSON.stringify(join(folder, 'dist', 'tick.cjs'))})
      .handler(event, { getRemainingTimeInMillis: () => 290_000 })
      .then((counts) => {
        const files = Object.keys(require.cache);
        const builtins = process.moduleLoadList.map((name) => name.replace('NativeModule ', ''));
        process.stdout.write(JSON.stringify({ counts, files, builtins }), () => process.exit(0));
      });`;
  const { stdout } = await run(process.execPath, ['-e', script], {
    env: {
      POLICY: `file:${file}`,
      LEDGER: 'memory',
      LOG_LEVEL: 'error',
      CLOUD_SDK_AK: DEMO_KEY.ak,
      CLOUD_SDK_SK: DEMO_KEY.sk,
      ...env,
    },
  });
  // The log stands above it.
  const ticked: Ticked = JSON.parse(stdout.trim().split('\n').at(-1)!);
  return { ...ticked, files: ticked.files.map((one) => basename(one, '.cjs').replace(/-[A-Z0-9]{8}$/, '')).sort() };
}

function policy(window: object, more: object = {}): object {
  return {
    version: 1,
    timezone: 'Europe/Berlin',
    scopes: [{ project: 'p1', region: 'here-1' }],
    windows: { w: window },
    rollout: [{ wave: 'dev', match: { tags: { env: 'dev' } }, window: 'w' }],
    ...more,
  };
}

const CLOSED = { date: '2020-01-01', from: '01:00', to: '02:00' };

describe('the bundle of a function', () => {
  it('loads nothing but its start when there is nothing to do', async () => {
    const freezes = [{ name: 'f', from: new Date(systemClock.now()).toISOString().slice(0, 10), to: '2090-01-01', reason: 'r' }];
    const { files, builtins, counts } = await tick(policy({ days: ['mon'], from: '01:00', to: '01:01', timezone: 'Asia/Kolkata' }));
    expect(counts).toEqual({ started: 0, followed: 0, finished: 0, errors: 0, alerts: 0 });
    expect(new Set(files)).toEqual(new Set(['tick', 'tick-chunk']));
    expect(builtins.filter((name) => ['crypto', 'http', 'fs/promises', 'sqlite'].includes(name))).toEqual([]);
    // An end that the table of zones does not reach has to be asked of the time zone data.
    expect((await tick(policy(CLOSED, { freezes }))).files).toContain('tick-core-eras');
  }); // biome-ignore format: two policies

  it('loads the rest when it is needed, and does with it what the sources do', async () => {
    const today = new Date(systemClock.now() - 24 * 3_600_000).toISOString().slice(0, 10);
    const list = [{ name: 'cache', cacheMode: 'ha' as const, upgradeSeconds: 60, tags: { env: 'dev' } }];
    const fleet = { projects: [{ project: 'p1', region: 'here-1', instances: list }] };
    const simulator = await startSimulator({ clock: systemClock, fleet });
    const told: string[] = [];
    const receiver = createServer((request, response) => {
      told.push(String(request.headers['webhook-signature']));
      response.writeHead(204).end();
    });
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    const env = {
      DCS_ENDPOINT: simulator.url,
      LEDGER: `sqlite:${join(folder, 'ledger.db')}`,
      KEY: `whsec_${Buffer.alloc(32, 7).toString('base64')}`,
    };
    const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
    const windows = {
      w: { rrule: 'FREQ=DAILY', start: `${today}T00:00`, duration: '2d' },
      other: { cron: '0 1 * * mon', duration: '1h' },
    };
    const open = policy(CLOSED, { windows, notify: [{ to: 'webhook', url, secret: 'env:KEY' }] });
    try {
      const first = await tick(open, env);
      expect(first.counts).toMatchObject({ started: 1, errors: 0 });
      const later = [
        'client',
        'croner',
        'core-decide',
        'pass-observe',
        'io-ledger-sqlite',
        'pass-start',
        'core-window-rrule',
      ];
      expect(first.files).toEqual(expect.arrayContaining(later.map((name) => `tick-${name}`)));
      // A scope that does not take the key asks for somebody, and is told.
      const second = await tick(open, { ...env, CLOUD_SDK_SK: 'not the secret key' });
      expect(second.counts).toMatchObject({ started: 0, alerts: 1 });
      // The new ledger was told of before.
      expect(told).toEqual([expect.stringMatching(/^v1,/), expect.stringMatching(/^v1,/)]);
    } finally {
      receiver.close();
      await simulator.close();
    }
  });
});

import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Figure } from '../bench.ts';

const ROUNDS = 30;

/** A policy whose window is far in the past: a tick finds nothing to do. */
const POLICY = {
  version: 1,
  timezone: 'Asia/Shanghai',
  scopes: [{ project: 'p1', region: 'cn-north-4' }],
  windows: { night: { days: ['tue', 'wed', 'thu'], from: '01:00', to: '01:01' } },
  rollout: [{ wave: 'dev', match: { tags: { env: 'dev' } }, window: 'night' }],
};

const EVENT = { source: 'aws.scheduler', 'detail-type': 'Scheduled Event', time: '2026-11-24T00:00:00Z', detail: '{}' };

/** The bundled tick handler run once, from nothing to its answer, against starting Node alone. Medians of interleaved rounds. */
export async function startBench(): Promise<Record<string, Figure>> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-'));
  run(['scripts/build.ts', join(folder, 'dist')], process.env);
  const bundle = join(folder, 'dist', 'tick.cjs');
  const policy = join(folder, 'policy.json');
  await writeFile(policy, JSON.stringify(POLICY));
  const env = {
    PATH: process.env.PATH,
    POLICY: `file:${policy}`,
    LEDGER: 'memory',
    LOG_LEVEL: 'error',
    CLOUD_SDK_AK: 'A'.repeat(20),
    CLOUD_SDK_SK: 'S'.repeat(40),
  };
  const once = `require(${JSON.stringify(bundle)}).handler(${JSON.stringify(EVENT)}, { getRemainingTimeInMillis: () => 290000 }).then(() => process.exit(0), (error) => { console.error(error); process.exit(1); })`;
  const [bare, tick]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    bare.push(timed(['-e', '0'], env));
    tick.push(timed(['-e', once], env));
  }
  await rm(folder, { recursive: true });
  return {
    'tick handler once / bare Node': { value: median(tick) / median(bare), unit: 'x', limit: 2.2 },
    'tick handler once': { value: median(tick), unit: 'ms', limit: null },
  };
}

function timed(args: string[], env: NodeJS.ProcessEnv): number {
  const began = performance.now();
  run(args, env);
  return performance.now() - began;
}

function run(args: string[], env: NodeJS.ProcessEnv): void {
  const { status, stderr } = spawnSync(process.execPath, args, { env });
  if (status !== 0) throw new Error(`it failed: ${stderr}`);
}

function median(list: number[]): number {
  return list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)]!;
}

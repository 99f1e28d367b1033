import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import type { Figure } from '../bench.ts';

interface Measured {
  seconds: number;
  megabytes: number;
}

/** The decision on a whole fleet, each size in a process of its own, so that memory is its own too. */
export async function decideBench(): Promise<Record<string, Figure>> {
  const [small, large] = [measure(10_000), measure(100_000)];
  return {
    'deciding for 100,000 instances': { value: large.seconds, unit: 's', limit: 2 },
    'memory of that process': { value: large.megabytes, unit: 'MB', limit: 600 },
    'time for 100,000 / ten times that for 10,000': {
      value: large.seconds / (10 * small.seconds),
      unit: 'x',
      limit: 1.5,
    },
  };
}

function measure(count: number): Measured {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [resolve(import.meta.dirname, 'decide-once.ts'), String(count)],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Measured;
}

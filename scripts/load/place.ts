import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../lib/deps.ts';
import { createRuntime, type Runtime } from '../../lib/io/runtime.ts';
import { DEMO_KEY } from '../../lib/simulator/build.ts';

/** A folder with a policy, and a ledger in a file. */
export interface Place {
  env: Record<string, string>;
  remove(): void;
}

/** Open from one to five at night, every day; an upgrade may take five minutes. */
const POLICY = `version: 1
timezone: UTC
scopes: [{ project: p1, region: cn-north-4 }]
windows:
  night: { days: [mon, tue, wed, thu, fri, sat, sun], from: "01:00", to: "05:00" }
rollout:
  - { wave: dev,  match: { tags: { env: dev } },  window: night }
  - { wave: prod, match: { tags: { env: prod } }, window: night, soak: 5m }
limits: { parallel: 5, maxErrors: 5, minDuration: 10m }
`;

export function makePlace(): Place {
  const folder = mkdtempSync(join(tmpdir(), 'load-test-'));
  writeFileSync(join(folder, 'policy.yaml'), POLICY);
  const env = {
    POLICY: `file:${join(folder, 'policy.yaml')}`,
    LEDGER: `sqlite:${join(folder, 'ledger.db')}`,
    CLOUD_SDK_AK: DEMO_KEY.ak,
    CLOUD_SDK_SK: DEMO_KEY.sk,
  };
  return { env, remove: () => rmSync(folder, { recursive: true }) };
}

/** The program as its functions have it. Its log is written, to nobody. */
export function runtimeOf(env: Record<string, string>, clock: Clock): Promise<Runtime> {
  return createRuntime({ env, clock, writeLog: () => undefined });
}

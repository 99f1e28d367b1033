import { createMetrics } from '../../lib/io/ces/client.ts';
import { systemClock } from '../../lib/io/clock.ts';
import { createDcs } from '../../lib/io/dcs/client.ts';
import { createMemoryLedger } from '../../lib/io/ledger/memory.ts';
import { readPolicy } from '../../lib/io/policy-file.ts';
import { reconcile } from '../../lib/reconcile.ts';
import { DEMO_KEY } from '../../lib/simulator/build.ts';
import { startSimulator } from '../../lib/simulator/server.ts';
import type { Figure } from '../bench.ts';

const INSTANCES = 2_000;
const PER_SECOND = 50;

/** A plan over 2,000 instances through a server that allows 50 requests a second, against the least time that takes. */
export async function observeBench(): Promise<Record<string, Figure>> {
  const fleet = {
    projects: [
      { project: 'p1', region: 'here-1', generate: { count: INSTANCES, latestShare: 1, tags: { env: ['dev'] } } },
    ],
  };
  const simulator = await startSimulator({ clock: systemClock, fleet, rateLimit: { limit: PER_SECOND, seconds: 1 } });
  const read = await readPolicy(JSON.stringify({
    version: 1,
    timezone: 'UTC',
    scopes: [{ project: 'p1', region: 'here-1' }],
    windows: { night: { days: ['mon'], from: '01:00', to: '05:00' } },
    rollout: [{ wave: 'dev', match: { tags: { env: 'dev' } }, window: 'night' }],
  }), {}); // biome-ignore format: a policy
  if (!('policy' in read)) throw new Error('the policy of the benchmark is not valid');
  const credentials = async () => DEMO_KEY;
  const log = () => undefined;
  const deps = {
    clock: systemClock,
    dcs: createDcs({ clock: systemClock, credentials, endpointOverride: simulator.url, log }),
    metrics: createMetrics({ clock: systemClock, credentials, endpointOverride: simulator.url, log }),
    ledger: createMemoryLedger(),
    notifier: { names: [], wanting: () => [], deliver: async () => ({ failed: [] }) },
    log,
    holder: 'bench',
  };
  const began = performance.now();
  const report = await reconcile(
    deps,
    { policy: read.policy, problem: null },
    { dryRun: true, observeAlways: true, requestedBy: 'bench', reason: 'bench' },
  );
  const seconds = (performance.now() - began) / 1000;
  const requests = Object.values(simulator.requests).reduce((a, b) => a + b, 0);
  await simulator.close();
  const known = report.decisions.filter(({ reason }) => reason === 'already_latest').length;
  if (known !== INSTANCES)
    throw new Error(`${known} of ${INSTANCES} instances were read: ${JSON.stringify(report.errors[0])}`);
  // Two full pages and one call an instance; the first second's worth may leave at once.
  const least = (INSTANCES + Math.ceil(INSTANCES / 1000) - PER_SECOND) / PER_SECOND;
  return {
    'observing 2,000 instances / the least possible time': { value: seconds / least, unit: 'x', limit: 1.1 },
    'requests made / the fewest possible': { value: requests / (INSTANCES + 2), unit: 'x', limit: 1.1 },
  };
}

import { rehearse } from '../../lib/core/rehearse.ts';
import { DAY } from '../../lib/core/time.ts';
import { readPolicy } from '../../lib/io/policy-file.ts';
import { instancesAsSeen } from '../../lib/simulator/as-seen.ts';
import type { Figure } from '../bench.ts';

const START = Date.parse('2026-01-01T00:00:00Z');
const COUNT = 1_000;
const ROUNDS = 3;

const FLEET = {
  projects: [
    { project: 'p', region: 'r', generate: { count: COUNT, tags: { env: ['dev', 'prod'], app: ['a', 'b', 'c'] } } },
  ],
};

const POLICY = {
  version: 1,
  timezone: 'Europe/Berlin',
  scopes: [{ project: 'p', region: 'r' }],
  windows: {
    night: { days: ['tue', 'wed', 'thu'], from: '01:00', to: '05:00' },
    weekend: { days: ['sat'], from: '22:00', duration: '6h' },
  },
  freezes: [{ name: 'closing', monthDays: '28..2', match: { tags: { app: 'a' } }, reason: 'month end' }],
  rollout: [
    { wave: 'dev', match: { tags: { env: 'dev' } }, window: ['night', 'weekend'] },
    { wave: 'canary', match: { tags: { env: 'prod' } }, take: '5%', window: 'night', soak: '2d' },
    { wave: 'prod', match: { tags: { env: 'prod' } }, window: ['night', 'weekend'], soak: '7d' },
  ],
};

/** A year of a fleet that is behind as a whole, one upgrade at a time: as many decisions as there can be. */
export async function rehearseBench(): Promise<Record<string, Figure>> {
  const read = await readPolicy(JSON.stringify(POLICY), {});
  if (!('policy' in read)) throw new Error('the policy of the benchmark is not valid');
  const instances = instancesAsSeen(FLEET, 'the fleet of the benchmark', START);
  const { policy } = read;
  const world = { attempts: [], holds: [], behindSince: new Map(), stoppedScopes: new Map() };
  const times = Array.from({ length: ROUNDS }, () => {
    const began = process.cpuUsage();
    const { starts } = rehearse({ now: START, policy, instances, ...world }, START + 365 * DAY);
    if (starts.length !== COUNT) throw new Error(`${starts.length} of ${COUNT} instances were started`);
    const { user, system } = process.cpuUsage(began);
    return (user + system) / 1e6;
  });
  return { 'rehearsing a year of 1,000 instances': { value: Math.min(...times), unit: 's of processor', limit: 2 } };
}

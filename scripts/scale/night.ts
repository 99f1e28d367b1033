import type { Attempt } from '../../lib/core/attempt.ts';
import { DAY, type EpochMs, HOUR, SECOND } from '../../lib/core/time.ts';
import type { Clock, Ledger } from '../../lib/deps.ts';
import { systemClock } from '../../lib/io/clock.ts';
import type { FileInstance, FleetFile } from '../../lib/simulator/fleet.ts';

/** How large the night is, and how unkind. */
export const SCOPES = 20;
export const LIMITS = { parallel: 600, perScope: 35 };
/** The share of instances whose upgrade request gets no usable answer. */
export const LOST = 0.05;

const APPS = 2_000;
const DATE = '2026-11-24';
const at = (time: string): EpochMs => Date.parse(`${DATE}T${time}Z`);

/** When it begins: ten seconds before the first window opens. */
export const BEGINS = at('00:59:50');

/** Two openings with ten seconds between them, in which nothing may start while much is under way. */
export const OPENINGS = [
  { opens: at('01:00:00'), closes: at('01:02:50') },
  { opens: at('01:03:00'), closes: at('06:03:00') },
];

export const POLICY = {
  version: 1,
  timezone: 'UTC',
  scopes: Array.from({ length: SCOPES }, (_, index) => ({ project: `p${index}`, region: 'here-1' })),
  windows: {
    early: { date: DATE, from: '01:00', duration: '170s' },
    late: { date: DATE, from: '01:03', duration: '5h' },
  },
  rollout: [{ wave: 'all', match: { tags: { env: 'any' } }, window: ['early', 'late'] }],
  limits: { ...LIMITS, oneAtATimeBy: ['tag:app'], maxErrors: 1, minDuration: '5s', sightLag: '2s' },
  verify: { settle: '10s' },
};

/** Ways in which an answer gets lost; before the last two nothing has begun. */
const LOSSES: NonNullable<FileInstance['faults']>[] = [
  ['reset_after_accept'],
  ['empty_200'],
  ['garbled_200'],
  ['no_task_id'],
  ['error_500_after_accept'],
  ['hang_after_accept'],
  [{ fault: 'reset_before_accept', times: 1 }],
  [{ fault: 'error_500_before_accept', times: 1 }],
];

export function fleetOf(count: number, random: () => number): FleetFile {
  const names = Array.from({ length: count }, (_, index) => index);
  const instance = (index: number): FileInstance => ({
    name: `cache-${index}`,
    cacheMode: 'ha',
    capacity: 4,
    upgradeSeconds: 8 + Math.floor(random() * 5),
    tags: { env: 'any', app: `app-${index % APPS}` },
    faults: random() < LOST ? LOSSES[Math.floor(random() * LOSSES.length)]! : [],
  });
  const projects = POLICY.scopes.map(({ project, region }, scope) => {
    const instances = names.filter((index) => index % SCOPES === scope).map(instance);
    return { project, region, instances };
  });
  return { projects };
}

/** The system's clock, moved: every process of the night has the same. `moved`: by how many milliseconds. */
export function movedClock(moved: number): Clock {
  return { now: () => systemClock.now() + moved, sleep: systemClock.sleep };
}

/** Ten upgrades of the day before, so that it is known how long one takes; without them half an hour is reckoned with. */
export async function remember(ledger: Ledger): Promise<void> {
  const lease = (await ledger.acquireLease('yesterday', SECOND, BEGINS - HOUR))!;
  for (let index = 0; index < 10; index++) await ledger.claim(yesterdays(index), lease);
  await ledger.releaseLease(lease);
}

function yesterdays(index: number): Attempt {
  const began = BEGINS - DAY;
  const opening = { id: new Date(began).toISOString(), opens: began, closes: began + HOUR };
  const name = `yesterday-${index}`;
  const version = { from: '5.0.1', to: '5.0.2' };
  return {
    ...{ id: `${name}@${opening.id}`, instanceId: name, name, scope: 'here-1/p0', wave: 'all', opening },
    ...{ state: 'succeeded', taskId: name, sizeClass: 'ha/4', requestedBy: 'schedule', reason: 'scheduled tick' },
    ...{ claimedAt: began, calledAt: began, finishedAt: began + 5 * SECOND, taskEndedAt: began + 5 * SECOND },
    ...{ parts: ['engine'], engine: version, proxy: { from: null, to: null }, error: null, updates: [], calls: 1 },
    ...{ lookUntil: null, retryAt: null, timedOutAt: null, progress: null, told: [], settled: true, rev: 0 },
  };
}

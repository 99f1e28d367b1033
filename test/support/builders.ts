import type { Attempt } from '../../lib/core/attempt.ts';
import type { BackupAsk } from '../../lib/core/backup.ts';
import type { Sighting } from '../../lib/core/follow.ts';
import type { Hold } from '../../lib/core/hold.ts';
import type { Instance, PartVersion, Task, Versions } from '../../lib/core/instance.ts';
import type { AlertRule, AlertTarget, Freeze, Limits, Policy, Wave } from '../../lib/core/policy.ts';
import type { Scene } from '../../lib/core/stock.ts';
import { DAY, HOUR, MINUTE } from '../../lib/core/time.ts';

/** Tuesday, 2026-11-24, 01:00 in Shanghai: the first instant of the window of {@link aPolicy}. */
export const NIGHT = Date.parse('2026-11-23T17:00:00Z');

export const OLD = '5.0.14.250617';
export const LATEST = '5.0.14.260901';

export function aPart(change: Partial<PartVersion> = {}): PartVersion {
  return { current: OLD, latest: LATEST, upgradable: true, ...change };
}

export const NO_PART: PartVersion = { current: null, latest: null, upgradable: false };

export function versions(change: Partial<Versions> = {}): Versions {
  return { engine: aPart(), proxy: NO_PART, readAt: NIGHT, ...change };
}

/** All that could be upgraded is. */
export function upToDate(change: Partial<Versions> = {}): Versions {
  return versions({ engine: aPart({ current: LATEST, upgradable: false }), ...change });
}

export function anInstance(name: string, change: Partial<Instance> = {}): Instance {
  return {
    instanceId: `id-${name}`,
    name,
    scope: 'cn-north-4/p1',
    region: 'cn-north-4',
    project: 'p1',
    status: 'RUNNING',
    engine: 'Redis',
    engineVersion: '5.0',
    specCode: 'redis.ha.xu1.large.r2.8',
    capacityGb: 8,
    enterpriseProjectId: '0',
    tags: { env: 'dev' },
    maintain: { begin: '18:00:00', end: '19:00:00' },
    upgrading: false,
    taskId: null,
    versions: versions(),
    details: { cacheMode: 'ha', productType: 'generic' },
    ...change,
  };
}

/** Called at the window's first minute, outcome not known yet. */
export function anAttempt(name: string, change: Partial<Attempt> = {}): Attempt {
  const opening = { id: '2026-11-23T17:00:00Z', opens: NIGHT, closes: NIGHT + 4 * HOUR };
  return {
    id: `id-${name}@${opening.id}`,
    instanceId: `id-${name}`,
    name,
    scope: 'cn-north-4/p1',
    wave: 'dev',
    opening,
    state: 'claimed',
    taskId: null,
    sizeClass: 'ha/8',
    requestedBy: 'schedule',
    reason: 'scheduled tick',
    claimedAt: NIGHT,
    calledAt: NIGHT,
    finishedAt: null,
    parts: ['engine'],
    engine: { from: OLD, to: LATEST },
    proxy: { from: null, to: null },
    error: null,
    updates: [],
    lookUntil: NIGHT + 3 * MINUTE,
    retryAt: null,
    calls: 1,
    taskEndedAt: null,
    timedOutAt: null,
    progress: null,
    told: [],
    settled: false,
    rev: 0,
    ...change,
  };
}

/** Asked for in the window's first minute, its outcome not known yet. */
export function aBackupAsk(change: Partial<BackupAsk> = {}): BackupAsk {
  const looks = { askedAt: NIGHT, askedOn: '', lookUntil: NIGHT + 3 * MINUTE };
  return { state: 'asked', id: null, ...looks, retryAt: null, calls: 1, error: null, ...change };
}

export function aTask(change: Partial<Task> = {}): Task {
  return {
    id: 'task-1',
    name: 'UpgradeInstance',
    status: 'EXECUTING',
    createdAt: NIGHT,
    updatedAt: NIGHT,
    errorCode: null,
    ...change,
  };
}

/** One minute after the call: at rest, no task, still the old version. */
export function aSighting(change: Partial<Sighting> = {}): Sighting {
  const at = NIGHT + MINUTE;
  return {
    at,
    gone: false,
    status: 'RUNNING',
    upgrading: false,
    serviceTaskId: null,
    tasks: [],
    versions: versions(),
    progress: null,
    ...change,
  };
}

/** Open Tuesdays to Thursdays 01:00–05:00 in Shanghai; wave dev, then wave prod; five at a time; errors never hold. */
export function aPolicy(change: Partial<Policy> = {}): Policy {
  const [start, to] = [HOUR, 5 * HOUR];
  return {
    timezone: 'Asia/Shanghai',
    scopes: [{ id: 'cn-north-4/p1', region: 'cn-north-4', project: 'p1' }],
    upgrade: { engine: 'latest', proxy: 'latest' },
    select: { engine: null, versions: null, enterpriseProjects: null, exclude: [] },
    windows: {
      night: { kind: 'days', name: 'night', timezone: 'Asia/Shanghai', weekdays: [2, 3, 4], start, end: { to } },
    },
    freezes: [],
    rollout: [aWave('dev'), aWave('prod', { after: 'dev' })],
    limits: { ...LIMITS },
    gates: null,
    verify: { settle: 10 * MINUTE, timeout: 3 * HOUR },
    deadline: null,
    alerts: [],
    notify: [],
    ...change,
  };
}

export const LIMITS: Limits = {
  parallel: 5,
  perScope: null,
  perWindow: null,
  oneAtATimeBy: [],
  maxErrors: 99,
  minDuration: 20 * MINUTE,
  sightLag: 2 * MINUTE,
};

/** Owns what is tagged `env: NAME`; no soak. */
export function aWave(wave: string, change: Partial<Wave> = {}): Wave {
  return {
    wave,
    match: { tags: { env: [wave] } },
    windows: ['night'],
    parallel: null,
    after: null,
    soak: 0,
    take: null,
    approve: false,
    ...change,
  };
}

/** One minute into the window. */
export function aScene(instances: Instance[], change: Partial<Scene> = {}): Scene {
  const [behindSince, stoppedScopes] = [new Map<string, number>(), new Map<string, string>()];
  return {
    now: NIGHT + MINUTE,
    policy: aPolicy(),
    instances,
    attempts: [],
    holds: [],
    behindSince,
    stoppedScopes,
    ...change,
  };
}

export function aHold(change: Partial<Hold> = {}): Hold {
  return {
    id: 'h',
    match: { all: true },
    by: 'ops',
    reason: 'sales',
    createdAt: NIGHT,
    until: null,
    releasedAt: null,
    releasedBy: null,
    ...change,
  };
}

/** Of everything, for a week around {@link NIGHT}. */
export function aFreeze(change: Partial<Freeze> = {}): Freeze {
  return {
    name: 'sale',
    reason: 'double eleven',
    match: null,
    block: ['engine', 'proxy'],
    span: { kind: 'dates', from: NIGHT - DAY, to: NIGHT + 7 * DAY - 2 * HOUR },
    ...change,
  };
}

/** Of Alertmanager, for any alert; it does nothing yet. */
export function aRule(change: Partial<AlertRule> = {}): AlertRule {
  const ttl = { holds: 2 * HOUR, moves: 8 * DAY };
  return { from: 'alertmanager', match: {}, topics: [], holds: null, moves: null, ttl, silence: null, ...change };
}

export function aTarget(change: Partial<AlertTarget> = {}): AlertTarget {
  return { all: false, id: null, region: null, tags: {}, ...change };
}

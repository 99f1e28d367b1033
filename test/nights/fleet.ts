import { HOLD_TAG } from '../../lib/core/selection.ts';
import { type EpochMs, iso, SECOND } from '../../lib/core/time.ts';
import type { FileInstance, FleetFile } from '../../lib/simulator/fleet.ts';
import type { Plan, PlannedInstance } from './plan.ts';

/** Secrets that no log and no alert may hold. */
export const CREDENTIALS = {
  ak: 'NIGHTLYACCESSKEY0001',
  sk: 'nightly-secret-key-0123456789abcdef',
  securityToken: 'nightly-token-0123456789',
};

/** Regions and their projects. */
export const PROJECTS = { r1: 'p1', r2: 'p2' } as const;

/** The night's fleet as the simulator takes it, with the faults of its instances. */
export function fleetOf({ fleet, faults, start }: Plan): FleetFile {
  const instances = (region: string) => fleet.filter((one) => one.region === region).map((one) => ({ ...fileInstance(one, start), faults: faults.flatMap((fault) => fault.kind === 'dcs' && fault.instance === one.name ? [fault.fault] : []) })); // biome-ignore format: one thought
  return {
    projects: Object.entries(PROJECTS).map(([region, project]) => ({ project, region, instances: instances(region) })),
  };
}

export function fileInstance(
  { name, env, app, kind, takes, odd, backup, heldUntil }: PlannedInstance,
  start: EpochMs,
): FileInstance {
  return {
    name,
    cacheMode: kind,
    tags: {
      env,
      app,
      ...(odd === 'opted_out' ? { 'dcs-upgrade': 'off' } : {}),
      ...(heldUntil === undefined ? {} : { [HOLD_TAG]: iso(start + heldUntil) }),
    },
    upgradeSeconds: Math.round(takes / SECOND),
    ...(backup ? { backupHours: backup.hours, backupSeconds: backup.seconds } : {}),
    ...(odd === 'memcached' ? { engine: 'Memcached' as const } : {}),
    ...(odd === 'enterprise' ? { productType: 'enterprise' as const } : {}),
    ...(odd === 'latest' ? { engineMinor: 'latest', proxyMinor: 'latest' } : {}),
    ...(odd === 'not_offered' ? { offered: false } : {}),
  };
}

import type { Instance, Scope } from '../core/instance.ts';
import type { EpochMs } from '../core/time.ts';
import { shownIn, versionsIn, WireInstance, WireVersions } from '../io/dcs/wire.ts';
import { buildFleet } from './build.ts';
import type { FleetFile } from './fleet.ts';
import { sightOf, statusAt } from './lifecycle.ts';
import { showItem, versionItem } from './render.ts';
import { createWorld } from './world.ts';

/** The instances of a fleet file as the client would read them from the simulator, without a server between. */
export function instancesAsSeen(file: FleetFile, source: string, now: EpochMs): Instance[] {
  const world = createWorld(buildFleet(file, 1, source), now);
  return [...world.instances.values()].map((instance) => {
    const { project, region } = instance.spec;
    const scope: Scope = { id: `${region}/${project}`, project, region };
    return {
      ...shownIn(
        WireInstance.parse(showItem(instance, { ...sightOf(instance, now), status: statusAt(instance, now) })),
        scope,
      ),
      versions: versionsIn(WireVersions.parse(versionItem(world, instance, now)), now),
    };
  });
}

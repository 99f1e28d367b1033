import type { Attempt } from '../../lib/core/attempt.ts';
import { decide } from '../../lib/core/decide.ts';
import type { Instance } from '../../lib/core/instance.ts';
import { type Scene, sizeClassOf } from '../../lib/core/stock.ts';
import { MINUTE } from '../../lib/core/time.ts';
import { anAttempt, aPart } from './builders.ts';

const TICK = 5 * MINUTE;

/** Plays a span tick by tick, every time with the whole fleet and the whole past, as production does. */
export function playTicks(start: Scene, to: number): { starts: string[]; waves: Record<string, number | null> } {
  const instances = new Map(start.instances.map((instance) => [instance.instanceId, instance]));
  const attempts: Attempt[] = [];
  const ends = new Map<Attempt, number>();
  const starts: string[] = [];
  const waves: Record<string, number | null> = Object.fromEntries(start.policy.rollout.map(({ wave }) => [wave, null]));
  for (let now = start.now; now < to || ends.size > 0; now += TICK) {
    for (const [attempt, end] of ends) {
      if (end > now) continue;
      Object.assign(attempt, { state: 'succeeded', finishedAt: end });
      ends.delete(attempt);
      instances.set(attempt.instanceId, upgraded(instances.get(attempt.instanceId)!, attempt));
    }
    const verdict = decide({ ...start, now, instances: [...instances.values()], attempts });
    for (const { wave, done, members } of verdict.waves) if (done === members) waves[wave] ??= now;
    if (now >= to) continue;
    for (const { action, instanceId, wave, parts, engine, proxy } of verdict.decisions) {
      if (action !== 'start') continue;
      const { opening, need } = verdict.slots.get(instanceId)!;
      const instance = instances.get(instanceId)!;
      const attempt = anAttempt(instance.name, {
        ...{ id: `${instanceId}@${opening.id}`, instanceId, wave: wave!, parts, engine, proxy, opening },
        ...{ scope: instance.scope, sizeClass: sizeClassOf(instance), state: 'running', lookUntil: null },
        ...{ claimedAt: now, calledAt: now },
      });
      attempts.unshift(attempt);
      ends.set(attempt, now + need);
      starts.push(`${now} ${instanceId} ${wave}`);
    }
  }
  return { starts, waves };
}

function upgraded(instance: Instance, { parts }: Attempt): Instance {
  const versions = { ...instance.versions! };
  for (const part of parts)
    versions[part] = aPart({ current: versions[part].latest, latest: versions[part].latest, upgradable: false });
  return { ...instance, versions };
}

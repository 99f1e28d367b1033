import type { Attempt } from './attempt.ts';
import { calendars, type Slot } from './decide.ts';
import { firstNo } from './gates.ts';
import type { Hold } from './hold.ts';
import type { Instance } from './instance.ts';
import { isOverride } from './override.ts';
import type { Policy } from './policy.ts';
import { assignmentIn } from './selection.ts';
import { type Scene, takeStock } from './stock.ts';
import type { EpochMs } from './time.ts';

/** What is known now, just before the call for an attempt that was handed over some time ago. */
export interface Recheck {
  now: EpochMs;
  policy: Policy;
  attempt: Attempt & { handed: { need: number } };
  instance: Instance;
  holds: readonly Hold[];
  /** See {@link Scene}. */
  stoppedScopes: ReadonlyMap<string, string>;
}

/**
 * Asks the gates of decide.ts again for one instance. Its place in the rollout and among the limits it has already: the
 * claim keeps both. A text: why it may not start any more.
 */
export function recheck({ now, policy, attempt, instance, holds, stoppedScopes }: Recheck): Slot | string {
  const { instanceId } = instance;
  const need = Math.max(policy.limits.minDuration, attempt.handed.need);
  const ordered = { ...attempt.opening, windows: ['override'] };
  const scene: Scene = {
    now,
    policy,
    instances: [instance],
    attempts: [],
    holds,
    behindSince: new Map(),
    stoppedScopes,
    overrides: new Map(isOverride(attempt.opening) ? [[instanceId, ordered]] : []),
    assignments: new Map([[instanceId, assignmentIn(policy, attempt.wave, instance)]]),
  };
  const standing = takeStock(scene)[0]!;
  const calendarOf = calendars(scene);
  const no = firstNo(standing, { scene, waves: new Map(), expected: () => need, calendarOf });
  if (no) return no.detail;
  const opening = calendarOf(standing).at(now)!;
  return opening.opens < attempt.opening.closes ? { opening, need } : 'the window it was claimed for has closed';
}

import type { Approval } from './approval.ts';
import { calendars, type Slot } from './decide.ts';
import { firstNo } from './gates.ts';
import type { Hold } from './hold.ts';
import type { Instance } from './instance.ts';
import { isOverride } from './override.ts';
import type { Policy } from './policy.ts';
import { assignmentIn } from './selection.ts';
import { type Scene, takeStock } from './stock.ts';
import type { EpochMs } from './time.ts';
import type { Opening } from './window.ts';

/** What is known just before a call that was decided some time ago, here or elsewhere. */
export interface Recheck {
  now: EpochMs;
  policy: Policy;
  /** The wave that owned it at the decision; empty: none. */
  wave: string;
  /** Where the decision gave it its place. */
  opening: Pick<Opening, 'id' | 'opens' | 'closes'>;
  /** How long an upgrade of it was expected to take, in milliseconds. */
  need: number;
  instance: Instance;
  holds: readonly Hold[];
  /** See {@link Scene}. */
  stoppedScopes: ReadonlyMap<string, string>;
  /** See {@link Scene}. */
  approval: Approval | null;
}

/**
 * Asks the gates of decide.ts again for one instance as it was read just now: its own tags, what selects and excludes it,
 * windows, freezes, holds. Its place in the rollout and among the limits it has already. A text: why it may not start.
 */
export function recheck(given: Recheck): Slot | string {
  const { now, policy, wave, opening, need, instance, holds, stoppedScopes, approval } = given;
  const { instanceId } = instance;
  const expected = Math.max(policy.limits.minDuration, need);
  const ordered = { ...opening, windows: ['override'] };
  const scene: Scene = {
    now,
    policy,
    instances: [instance],
    attempts: [],
    holds,
    behindSince: new Map(),
    stoppedScopes,
    approval,
    overrides: new Map(isOverride(opening) ? [[instanceId, ordered]] : []),
    assignments: new Map([[instanceId, assignmentIn(policy, wave, instance)]]),
  };
  const standing = takeStock(scene)[0]!;
  const calendarOf = calendars(scene);
  const no = firstNo(standing, { scene, waves: new Map(), expected: () => expected, calendarOf });
  if (no) return no.detail;
  const found = calendarOf(standing).at(now)!;
  return found.opens < opening.closes && opening.opens < found.closes
    ? { opening: { ...found, id: opening.id }, need: expected }
    : 'the window it was decided for has closed';
}

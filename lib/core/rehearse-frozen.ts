import { calendarFor } from './calendars.ts';
import { stretchesOf } from './freeze.ts';
import type { Instance } from './instance.ts';
import type { Freeze } from './policy.ts';
import { type Assignment, matches } from './selection.ts';
import { dueParts, type Scene } from './stock.ts';
import type { EpochMs } from './time.ts';
import type { Calendar } from './window.ts';

/** A stretch of a freeze, and the instances that would have been started in it. */
export interface FrozenTime {
  from: EpochMs;
  to: EpochMs;
  name: string;
  reason: string;
  instanceIds: string[];
}

/** What a rehearsal found out of the instances. */
export interface Played {
  assignments: ReadonlyMap<string, Assignment>;
  /** By instance id. */
  startedAt: ReadonlyMap<string, EpochMs>;
  /** By wave. */
  waveOpens: ReadonlyMap<string, EpochMs>;
}

/** What freezes stopped from `start.now` to `to`: instances that were due, in a wave and a window that were open. */
export function frozenTimes(start: Scene, to: EpochMs, played: Played): FrozenTime[] {
  const { policy, now, instances } = start;
  const found = policy.freezes.flatMap((freeze) => {
    const concerned = instances.filter((instance) => isStopped(start, freeze, instance));
    return stretchesOf(freeze, now, to).map((stretch) => {
      const stopped = concerned.filter((instance) => wouldStart(start, played, instance, stretch.from, stretch.to));
      const instanceIds = stopped.map(({ instanceId }) => instanceId);
      return { ...stretch, name: freeze.name, reason: freeze.reason, instanceIds };
    });
  });
  return found.sort((a, b) => a.from - b.from);
}

/** All that is due of it is frozen. */
function isStopped({ policy }: Scene, { match, block }: Freeze, instance: Instance): boolean {
  const due = dueParts(policy, instance);
  return due.length > 0 && due.every((part) => block.includes(part)) && (match === null || matches(match, instance));
}

function wouldStart({ policy }: Scene, played: Played, instance: Instance, from: EpochMs, to: EpochMs): boolean {
  const assignment = played.assignments.get(instance.instanceId);
  if (assignment?.kind !== 'wave') return false;
  const first = Math.max(from, played.waveOpens.get(assignment.wave.wave) ?? to);
  const last = Math.min(to, played.startedAt.get(instance.instanceId) ?? to);
  return first < last && isOpenWithin(calendarFor(policy, assignment.windows, instance), first, last);
}

function isOpenWithin(times: Calendar, from: EpochMs, to: EpochMs): boolean {
  const opening = times.at(from) ?? times.next(from);
  return opening !== null && opening.opens < to;
}

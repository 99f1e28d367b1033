import type { Decision } from './decision.ts';
import type { Policy, Wave } from './policy.ts';
import { preview } from './preview.ts';
import type { WaveState } from './rollout.ts';
import { DAY, type EpochMs, iso, MINUTE } from './time.ts';

export interface Forecast {
  /** When the last due instance will have been upgraded; null when that cannot be told. */
  current: EpochMs | null;
  left: number;
  detail: string;
  /** When each wave will be; null as above, or when a wave before it never is. */
  waves: { wave: string; current: EpochMs | null }[];
}

const SEARCHED = 400 * DAY;
const UNKNOWN_DURATION = 30 * MINUTE;

/**
 * When the fleet will be current if every upgrade takes as long as is expected of one that was never seen: wave by wave,
 * soak by soak, through the openings to come and round the freezes. Instances that wait for a person are left out, and
 * counted in `detail`; what comes after a wave of which some do so, nobody can tell.
 */
export function forecast(
  policy: Policy,
  decisions: readonly Decision[],
  states: readonly Pick<WaveState, 'wave' | 'members' | 'done'>[],
  now: EpochMs,
): Forecast {
  const due = decisions.filter(({ action }) => action === 'start' || action === 'follow' || action === 'wait');
  const stuck = due.filter(waitsForAPerson);
  const ends = new Map<string, EpochMs | null>();
  const waves: Forecast['waves'] = [];
  let never: string | null = null;
  let last = now;
  for (const wave of policy.rollout) {
    const own = due.filter((decision) => decision.wave === wave.wave);
    const left = own.filter((decision) => !waitsForAPerson(decision));
    const before = wave.after === null ? now : (ends.get(wave.after) ?? null);
    const end = left.length === 0 ? now : before === null ? null : endOf(policy, wave, left, before, now);
    if (end === null) never ??= wave.wave;
    last = Math.max(last, end ?? now);
    const state = states.find((one) => one.wave === wave.wave);
    // Somebody in it is waited for, and not by the clock.
    const isBlocked = state !== undefined && state.members - state.done > left.length;
    ends.set(wave.wave, isBlocked || end === null || before === null ? null : Math.max(end, before));
    waves.push({ wave: wave.wave, current: own.length > left.length ? null : end });
  }
  return { left: due.length, waves, ...summary(due.length, stuck.length, never, last) };
}

function summary(left: number, stuck: number, never: string | null, last: EpochMs): Omit<Forecast, 'left' | 'waves'> {
  if (left === 0) return { current: last, detail: 'nothing is left to be upgraded' };
  if (left === stuck) return { current: null, detail: `${left} to be upgraded, and all of them wait for a person` };
  const rest = stuck === 0 ? '' : `; ${stuck} more wait for a person`;
  if (never !== null)
    return {
      current: null,
      detail: `nobody can tell when wave ${never} is done: not within ${SEARCHED / DAY} days, or a person is waited for${rest}`,
    };
  return { current: last, detail: `${left - stuck} to be upgraded, current by ${iso(last)}${rest}` };
}

const FOR_A_PERSON = ['held', 'instance_not_running', 'wave_failed', 'wave_stuck', 'not_approved'];

/** A hold that ends by itself is waited for like a window. */
function waitsForAPerson({ action, reason, possibleAt }: Decision): boolean {
  return action === 'wait' && possibleAt === null && FOR_A_PERSON.includes(reason);
}

/** When the last of these is done. `before`: when the wave before it will be. */
function endOf(policy: Policy, wave: Wave, left: readonly Decision[], before: EpochMs, now: EpochMs): EpochMs | null {
  const long = Math.max(UNKNOWN_DURATION, policy.limits.minDuration);
  const times = left.map(({ action, possibleAt }) => (action === 'wait' ? (possibleAt ?? now) : now));
  const from = Math.max(before > now ? before + wave.soak : now, Math.min(...times));
  const last = Math.max(...times) + long;
  // Whose window is his own is not in the calendar; his next one is.
  const isOwn = wave.windows.every((name) => policy.windows[name]?.kind === 'instance');
  const end = isOwn ? from + long : throughOpenings(policy, wave, left.length, from, long);
  return end === null ? null : Math.max(end, last);
}

/** One round after the other, each of as many as may run at once; each has to fit into its opening. */
function throughOpenings(policy: Policy, wave: Wave, count: number, from: EpochMs, long: number): EpochMs | null {
  const { parallel, perScope, perWindow } = policy.limits;
  const unlimited = Number.POSITIVE_INFINITY;
  const atOnce = Math.min(parallel, wave.parallel ?? unlimited, (perScope ?? unlimited) * policy.scopes.length);
  let left = count;
  for (const { opens, closes } of preview(policy, wave.windows, from, from + SEARCHED).openings) {
    const room = Math.min(Math.floor((closes - opens) / long) * atOnce, perWindow ?? unlimited);
    if (room >= left) return opens + Math.ceil(left / atOnce) * long;
    left -= Math.max(0, room);
  }
  return null;
}

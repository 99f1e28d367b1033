import type { Decision } from './decision.ts';
import type { Policy } from './policy.ts';
import { DAY, type EpochMs, iso, MINUTE } from './time.ts';
import { calendar } from './window.ts';

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
 * soak by soak, through the openings to come. Instances that wait for a person are left out, and counted in `detail`.
 */
export function forecast(policy: Policy, decisions: readonly Decision[], now: EpochMs): Forecast {
  const due = decisions.filter(({ action }) => action === 'start' || action === 'follow' || action === 'wait');
  const isStuck = ({ action, reason }: Decision) => action === 'wait' && WAITS_FOR_A_PERSON.includes(reason);
  const stuck = due.filter(isStuck);
  const waves: Forecast['waves'] = [];
  let at: EpochMs | null = now;
  for (const [index, wave] of policy.rollout.entries()) {
    const own = due.filter((decision) => decision.wave === wave.wave);
    const left = own.filter((decision) => !isStuck(decision)).length;
    if (left > 0 && at !== null) {
      const from: EpochMs = index > 0 && at > now ? at + wave.soak : at;
      const parallel = Math.min(policy.limits.parallel, wave.parallel ?? Number.POSITIVE_INFINITY);
      at = endOf(policy, wave.windows, Math.ceil(left / parallel), from);
    }
    waves.push({ wave: wave.wave, current: own.length > left ? null : own.length === 0 ? now : at });
  }
  const rest = stuck.length === 0 ? '' : `; ${stuck.length} more wait for a person`;
  const base = { left: due.length, waves };
  if (at === null) {
    const never = waves.find(({ current }) => current === null)!.wave;
    return { ...base, current: null, detail: `wave ${never} is not done within ${SEARCHED / DAY} days${rest}` };
  }
  if (due.length === stuck.length)
    return { ...base, current: stuck.length === 0 ? now : null, detail: `nothing is left to be upgraded${rest}` };
  const detail = `${due.length - stuck.length} to be upgraded, current by ${iso(at)}${rest}`;
  return { ...base, current: at, detail };
}

const WAITS_FOR_A_PERSON = ['held', 'instance_not_running', 'wave_failed', 'wave_stuck', 'not_approved'];

/** When `rounds` upgrades, one after the other, are over; each has to fit into its opening. */
function endOf(policy: Policy, windows: readonly string[], rounds: number, from: EpochMs): EpochMs | null {
  const long = Math.max(UNKNOWN_DURATION, policy.limits.minDuration);
  let left = rounds;
  for (const { opens, closes } of calendar(policy, windows, null).between(from, from + SEARCHED)) {
    const start = Math.max(opens, from);
    const fit = Math.floor((closes - start) / long);
    if (fit >= left) return start + left * long;
    left -= Math.max(0, fit);
  }
  return null;
}

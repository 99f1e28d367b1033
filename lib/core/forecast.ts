import type { Decision } from './decision.ts';
import type { Policy } from './policy.ts';
import { DAY, type EpochMs, iso, MINUTE } from './time.ts';
import { calendar } from './window.ts';

export interface Forecast {
  /** When the last due instance will have been upgraded; null when that cannot be told. */
  current: EpochMs | null;
  left: number;
  detail: string;
}

const SEARCHED = 400 * DAY;
const UNKNOWN_DURATION = 30 * MINUTE;

/**
 * When the fleet will be current if every upgrade takes as long as is expected of one that was never seen: wave by wave,
 * soak by soak, through the openings to come. Instances that wait for a person are left out, and counted in `detail`.
 */
export function forecast(policy: Policy, decisions: readonly Decision[], now: EpochMs): Forecast {
  const due = decisions.filter(({ action }) => action === 'start' || action === 'follow' || action === 'wait');
  const stuck = due.filter(
    (decision) => decision.action === 'wait' && WAITS_FOR_A_PERSON.includes(decision.reason),
  ).length;
  let at = now;
  for (const [index, wave] of policy.rollout.entries()) {
    const left = due.filter(
      (decision) => decision.wave === wave.wave && !WAITS_FOR_A_PERSON.includes(decision.reason),
    ).length;
    if (left === 0) continue;
    const from = index > 0 && at > now ? at + wave.soak : at;
    const parallel = Math.min(policy.limits.parallel, wave.parallel ?? Number.POSITIVE_INFINITY);
    const end = endOf(policy, wave.windows, Math.ceil(left / parallel), from);
    if (end === null)
      return { current: null, left: due.length, detail: `wave ${wave.wave} is not done within ${SEARCHED / DAY} days` };
    at = end;
  }
  const rest = stuck === 0 ? '' : `; ${stuck} more wait for a person`;
  if (due.length === stuck)
    return { current: stuck === 0 ? now : null, left: due.length, detail: `nothing is left to be upgraded${rest}` };
  return {
    current: at,
    left: due.length,
    detail: `${due.length - stuck} to be upgraded, current by ${iso(at)}${rest}`,
  };
}

const WAITS_FOR_A_PERSON = ['held', 'instance_not_running', 'wave_failed'];

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

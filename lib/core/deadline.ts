import type { Alert } from './alert.ts';
import type { Decision } from './decision.ts';
import type { Policy } from './policy.ts';
import { DAY, type EpochMs, iso } from './time.ts';

/**
 * Who has been behind for too long, one alert for each wave and level. It only tells: nothing is started because of it,
 * and no freeze, hold or gate is passed over.
 */
export function deadlineAlerts(
  policy: Policy,
  decisions: readonly Decision[],
  behindSince: ReadonlyMap<string, EpochMs>,
  now: EpochMs,
): Alert[] {
  const { deadline } = policy;
  if (!deadline) return [];
  const late = decisions.filter(({ action }) => action === 'wait' || action === 'start').flatMap((decision) => {
    const since = behindSince.get(decision.instanceId) ?? now;
    const level = LEVELS.find((one) => deadline[one] !== null && now >= since + deadline[one]);
    return level && decision.wave !== null ? [{ decision, since, level, group: `${level}:${decision.wave}` }] : [];
  }); // biome-ignore format: one chain
  return [...Map.groupBy(late, ({ group }) => group).values()].map((group) => alertFor(group, deadline, now));
}

/** The graver first. */
const LEVELS = ['page', 'warn'] as const;
type Level = (typeof LEVELS)[number];

interface Late {
  decision: Decision;
  since: EpochMs;
  level: Level;
  group: string;
}

function alertFor(group: readonly Late[], deadline: NonNullable<Policy['deadline']>, now: EpochMs): Alert {
  const [longest] = group.toSorted((a, b) => a.since - b.since) as [Late, ...Late[]];
  const { decision, level } = longest;
  const days = Math.floor(deadline[level]! / DAY);
  const reasons = [...Map.groupBy(group, (late) => late.decision.reason)].sort((a, b) => b[1].length - a[1].length);
  const why = reasons.slice(0, 3).map(([reason, { length }]) => `${reason} ${length}`).join(', '); // biome-ignore format: one chain
  return {
    key: `deadline:${longest.group}`,
    event: 'deadline',
    severity: level === 'page' ? 'critical' : 'warning',
    summary: `${group.length} of wave ${decision.wave} have been behind for more than ${days} days, the longest ${decision.name} since ${iso(longest.since)}; they wait: ${why}.`,
    action: `See what each waits for: dcs-upgrader why ${decision.name}. Make a window longer, raise a limit, or release a hold.`,
    at: now,
    labels: { wave: decision.wave!, level },
  };
}

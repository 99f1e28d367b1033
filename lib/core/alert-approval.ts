import type { Alert } from './alert.ts';
import type { Decision } from './decision.ts';
import { type EpochMs, iso } from './time.ts';
import type { Opening } from './window.ts';

/** That upgrades wait for a person's word alone, one alert for each wave and opening. */
export function approvalAlerts(decisions: readonly Decision[], opening: Opening, now: EpochMs): Alert[] {
  const waiting = decisions.filter(({ reason, wave }) => reason === 'not_approved' && wave !== null);
  const { id, opens, closes } = opening;
  return [...Map.groupBy(waiting, ({ wave }) => wave!)].map(([wave, { length }]) => ({
    key: `approval:${wave}:${id}`,
    event: 'approval',
    severity: 'warning',
    summary: `${length} ${length === 1 ? 'upgrade' : 'upgrades'} of wave ${wave} will not start without approval; the window is open from ${iso(opens)} to ${iso(closes)}.`,
    action: 'See what it would be: dcs-upgrader plan. Then: dcs-upgrader approve HASH --by NAME',
    at: now,
    labels: { wave, opening: id, opens: iso(opens), closes: iso(closes) },
  }));
}

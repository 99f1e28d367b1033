import type { Alert } from './alert.ts';
import type { Policy } from './policy.ts';
import type { EpochMs } from './time.ts';

/** A freeze whose calendar cannot be read stops upgrades, or no longer does: in both cases somebody has to know. */
export function feedAlerts({ freezes }: Policy, at: EpochMs): Alert[] {
  return freezes.flatMap(({ name, span }) => {
    if (span.kind !== 'feed' || span.problem === null) return [];
    const isClosed = span.onError === 'closed';
    const means = isClosed
      ? 'That counts as frozen: what it concerns is not upgraded.'
      : 'It freezes nothing meanwhile.';
    return {
      key: `freeze:${name}`,
      event: 'policy' as const,
      severity: isClosed ? ('error' as const) : ('warning' as const),
      summary: `The calendar of freeze ${name} cannot be read: ${span.problem}. ${means}`,
      action: `Make the calendar readable again, or take freeze ${name} out of the policy.`,
      at,
      labels: { freeze: name },
    };
  });
}

import { type Alert, overAlert } from './alert.ts';
import { failureAlert } from './alert-attempt.ts';
import { groupedAlert } from './alert-group.ts';
import { type Attempt, isFailure } from './attempt.ts';
import type { Decision } from './decision.ts';
import type { ErrorRule } from './errors.ts';
import type { Instance } from './instance.ts';
import { isMarked, toldAs } from './marks.ts';
import type { EpochMs } from './time.ts';

/** A failure that people were told of, and whether its instance has the latest version by now, however that came about. */
export interface Failed {
  attempt: Attempt;
  isCurrent: boolean;
}

/** Those whose end nobody was told of yet. */
export function failedOnes(
  attempts: readonly Attempt[],
  decisions: readonly Decision[],
  instances: readonly Instance[],
): Failed[] {
  const open = attempts.filter(
    (attempt) => isFailure(attempt) && isMarked(attempt.told, attempt.state) && !attempt.told.includes(`${attempt.state}!`),
  ); // biome-ignore format: one condition
  if (open.length === 0) return [];
  const latest = new Set(
    decisions.filter(({ reason }) => reason === 'already_latest').map(({ instanceId }) => instanceId),
  );
  const atRest = instances.filter(({ status, upgrading }) => status === 'RUNNING' && !upgrading);
  const readAt = new Map(atRest.map(({ instanceId, versions }) => [instanceId, versions?.readAt ?? 0]));
  return open.map((attempt) => {
    const { instanceId, finishedAt, state } = attempt;
    const isLatest = latest.has(instanceId) && (readAt.get(instanceId) ?? 0) > finishedAt!;
    // What had its version and was not as the gates ask is shown to be well by a later upgrade alone.
    return {
      attempt,
      isCurrent: isLatest && (state === 'failed' || attempts.some((one) => isSuccessAfter(one, attempt))),
    };
  });
}

function isSuccessAfter(one: Attempt, { instanceId, finishedAt }: Attempt): boolean {
  return one.instanceId === instanceId && one.state === 'succeeded' && one.claimedAt > finishedAt!;
}

/** What is over, under the key that it was told under. What was told as one ends with its last. */
export function recoveries(
  failed: readonly Failed[],
  now: EpochMs,
  ruleOf: (code: string) => ErrorRule,
): { alert: Alert; attempts: Attempt[] }[] {
  const keyOf = ({ attempt: { id, state, told } }: Failed): string => toldAs(told, state) ?? id;
  const ended = [...Map.groupBy(failed, keyOf).values()].filter((group) => group.every(({ isCurrent }) => isCurrent));
  return ended.map((group) => {
    const attempts = group.map(({ attempt }) => attempt);
    const alert = groupedAlert(attempts.map((attempt) => ({ alert: failureAlert(attempt, ruleOf) })));
    const { told, state, toldAs: first } = attempts[0]!;
    const key = toldAs(told, state) ?? alert.key;
    // Who hears it later hears of the same end.
    const over = overAlert({ ...alert, key }, first?.[`${state}!`]?.at ?? now);
    return { alert: { ...over, summary: `${over.summary} It has the latest version now.` }, attempts };
  });
}

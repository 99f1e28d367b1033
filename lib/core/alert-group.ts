import type { Alert, AlertEvent } from './alert.ts';
import type { Attempt } from './attempt.ts';

/** One thing to tell of one attempt, and who has it already. */
export interface Pending {
  attempt: Attempt;
  alert: Alert;
  reached: readonly string[];
}

/** What many can come to for one reason. The others end one by one, and that is told of each. */
const GROUPED: readonly AlertEvent[] = ['failed', 'unverified', 'expired'];

/** More names than this are only counted. */
const MOST_NAMES = 20;

/**
 * What has one cause, to be told as one: the same event and code in the same opening, told to the same receivers so far.
 */
export function byCause(pending: readonly Pending[]): Pending[][] {
  const cause = ({ attempt, alert, reached }: Pending): string =>
    !GROUPED.includes(alert.event)
      ? JSON.stringify([alert.key, alert.resolved])
      : JSON.stringify([alert.event, attempt.error?.code, attempt.opening.id, reached.toSorted()]);
  return [...Map.groupBy(pending, cause).values()];
}

/** One alert for all of them. With the same members it has the same key and instant, whenever it is told. */
export function groupedAlert(group: readonly Pending[]): Alert {
  const alerts = group.map(({ alert }) => alert).toSorted((a, b) => a.at - b.at || (a.key < b.key ? -1 : 1));
  const [first, ...others] = alerts as [Alert, ...Alert[]];
  if (others.length === 0) return first;
  const [{ attempt }] = group as [Pending, ...Pending[]];
  const names = alerts.map(({ labels }) => labels.name ?? labels.instanceId ?? '?');
  return {
    ...first,
    key: ['group', attempt.opening.id, first.event, attempt.error?.code ?? first.event].join(':'),
    summary: `${first.summary} The same goes for ${others.length} more: ${listOf(names.slice(1))}.`,
    labels: { ...inCommon(alerts), count: String(alerts.length), instances: listOf(names) },
  };
}

function listOf(names: readonly string[]): string {
  const more = names.length - MOST_NAMES;
  return more > 0 ? `${names.slice(0, MOST_NAMES).join(', ')} and ${more} more` : names.join(', ');
}

function inCommon([first, ...others]: readonly Alert[]): Alert['labels'] {
  const labels = Object.entries(first?.labels ?? {});
  return Object.fromEntries(labels.filter(([name, value]) => others.every((other) => other.labels[name] === value)));
}

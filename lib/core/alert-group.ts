import type { Alert } from './alert.ts';
import { stableHash } from './hash.ts';

/** One thing to tell, and who has it already. */
export interface Pending {
  alert: Alert;
  reached: readonly string[];
  /** Who wants it. */
  audience: readonly string[];
}

/** More names than this are only counted. */
const MOST_NAMES = 20;

/** What has one cause, to be told as one: the same event, the same receivers that want it, and the same that have it so far. */
export function byCause<T extends Pending>(pending: readonly T[]): [T, ...T[]][] {
  const group = ({ alert: { key, event, cause, resolved }, reached, audience }: T): string =>
    JSON.stringify([event, resolved, cause ?? `alone: ${key}`, reached.toSorted(), audience.toSorted()]);
  return [...Map.groupBy(pending, group).values()] as [T, ...T[]][];
}

/** One alert for all of them. With the same members it has the same key and instant, whenever it is told. */
export function groupedAlert(group: readonly Pick<Pending, 'alert'>[]): Alert {
  const alerts = group.map(({ alert }) => alert).toSorted((a, b) => a.at - b.at || (a.key < b.key ? -1 : 1));
  const [first, ...others] = alerts as [Alert, ...Alert[]];
  if (others.length === 0) return first;
  // They were to be told together before.
  const isKnown = others.every(({ key }) => key === first.key);
  const names = alerts.map(({ labels }) => labels.name ?? labels.instanceId ?? '?');
  return {
    ...first,
    key: isKnown ? first.key : `group:${first.event}:${stableHash(first.cause ?? '').toString(16)}:${first.key}`,
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

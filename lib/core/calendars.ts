import type { Instance } from './instance.ts';
import type { Policy } from './policy.ts';
import { type Calendar, calendar } from './window.ts';

/** One calendar for each set of windows; an instance's own window makes a set of its own. */
export function calendarFor(policy: Policy, names: readonly string[], instance: Pick<Instance, 'maintain'>): Calendar {
  const known = calendarsOf.get(policy) ?? { byKey: new Map<string, Calendar>(), byList: new WeakMap() };
  calendarsOf.set(policy, known);
  const same = known.byList.get(names);
  if (same) return same;
  const isOwn = names.some((name) => policy.windows[name]?.kind === 'instance');
  const maintain = isOwn ? instance.maintain : null;
  const key = `${names.join()}|${maintain?.begin}|${maintain?.end}`;
  const found = known.byKey.get(key) ?? calendar(policy, names, maintain);
  known.byKey.set(key, found);
  if (!isOwn) known.byList.set(names, found);
  return found;
}

/** Instances of one wave share its list of windows, and need no key to be made for each of them. */
interface KnownCalendars {
  byKey: Map<string, Calendar>;
  byList: WeakMap<readonly string[], Calendar>;
}

/** A policy's calendars outlive one decision: who decides again and again under it finds the months worked out. */
const calendarsOf = new WeakMap<Policy, KnownCalendars>();

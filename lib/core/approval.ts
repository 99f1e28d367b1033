import type { Decision } from './decision.ts';
import { stableHash } from './hash.ts';
import type { Instance } from './instance.ts';
import type { Policy } from './policy.ts';
import { targetOf } from './stock.ts';
import { DAY, type EpochMs, iso } from './time.ts';
import { calendar, type Opening } from './window.ts';

/** A person's word that exactly these upgrades may be started in one opening. */
export interface Approval {
  /** Of the plan, as `plan` shows it. */
  hash: string;
  by: string;
  at: EpochMs;
  opening: { opens: EpochMs; closes: EpochMs };
  /** What was approved: see {@link itemOf}. */
  items: string[];
}

/** What would be upgraded in one opening, however the limits spread it over that. */
export interface Plan {
  opening: { opens: EpochMs; closes: EpochMs };
  /** Sorted. */
  items: string[];
}

/** Where no opening is known beforehand, because each instance has a window of its own, an approval is good for a day. */
const WITHOUT_OPENING = DAY;

/** All that is due, for the opening that is open at `now` or for the next one. */
export function planOf(policy: Policy, decisions: readonly Decision[], now: EpochMs): Plan {
  const names = [...new Set(policy.rollout.flatMap((wave) => wave.windows))];
  const union = calendar(policy, names, null);
  const found: Opening | null = union.at(now) ?? union.next(now);
  const { opens, closes } = found ?? { opens: now, closes: now + WITHOUT_OPENING };
  const due = decisions.filter(({ action }) => action === 'start' || action === 'wait');
  const items = due.map(({ instanceId, engine, proxy }) => item(instanceId, engine.to, proxy.to));
  return { opening: { opens, closes }, items: items.sort() };
}

/** One upgrade: the instance, and the versions that it would go to. Short, as a fleet's worth of them is kept. */
export function itemOf(policy: Policy, instance: Instance): string {
  const [engine, proxy] = [targetOf(policy, instance, 'engine'), targetOf(policy, instance, 'proxy')];
  return item(instance.instanceId, engine.to, proxy.to);
}

function item(instanceId: string, engine: string | null, proxy: string | null): string {
  const text = JSON.stringify([instanceId, engine, proxy]);
  return [stableHash(text), stableHash(`${text} again`)].map((hash) => hash.toString(16).padStart(8, '0')).join('');
}

/** Why this instance may not start for want of a person's word, or null. `opening`: the one that is open for it, if any. */
export function whyNotApproved(
  { policy, approval = null, now }: { policy: Policy; approval?: Approval | null; now: EpochMs },
  wave: string,
  instance: Instance,
  opening: Opening | null,
): string | null {
  const isFor = approval && now < approval.opening.closes && (!opening || overlaps(opening, approval.opening));
  if (!isFor)
    return `wave ${wave} starts only what a person approved: dcs-upgrader plan, then dcs-upgrader approve HASH`;
  if (approval.items.includes(itemOf(policy, instance))) return null;
  return `it is not in the plan ${approval.hash} that ${approval.by} approved at ${iso(approval.at)}, or has another target since`;
}

function overlaps(a: Plan['opening'], b: Plan['opening']): boolean {
  return a.opens < b.closes && b.opens < a.closes;
}

import { HOUR, MINUTE, SECOND } from '../../lib/core/time.ts';
import { isGone } from '../../lib/simulator/lifecycle.ts';
import type { SimulatedInstance } from '../../lib/simulator/world.ts';
import { type Call, CLOCK_SLACK, DECIDED_AGO, HOLD_SLACK } from './call.ts';
import type { Judge } from './judge.ts';
import { clockText } from './night.ts';
import type { CalendarEvent } from './plan.ts';

/** What was read of a calendar is good for so long; and a process reads it when it begins, which was some time ago. */
const CALENDAR_LASTS = 10 * MINUTE;
const BEGAN_AGO = 2 * MINUTE;

/** No start in what the company's calendar says, nor while nobody can have read that for long. */
export function inCalendarFreeze(judge: Judge, { life, clock, leftAt, orders }: Call): string | null {
  const { calendar } = life.rules;
  if (calendar === null || orders.length > 0) return null;
  const { plan } = judge.night;
  const known = leftAt - plan.start - CALENDAR_LASTS - BEGAN_AGO;
  const unread = unreadSince(judge, life.startedAt - plan.start);
  const isBlind = unread !== null && unread < life.startedAt - plan.start - CALENDAR_LASTS - MINUTE;
  if (isBlind) return calendar === 'closed' ? `nobody could read the calendar since ${clockText(unread)}` : null;
  const wasTroubled = judge.night
    .faults('calendar')
    .some(({ at, lasts }) => at <= leftAt - plan.start && known <= at + lasts);
  const event = plan.events.find(({ from, to, since }) => since <= known && from <= clock - CLOCK_SLACK && clock < to);
  return event && !(calendar === 'open' && wasTroubled) ? `the calendar says so from ${clockText(event.from)}` : null;
}

/** Since when every read of the calendar has failed, at an instant; null where one may have been good. */
function unreadSince(judge: Judge, at: number): number | null {
  const total = judge.night.faults('calendar').filter(({ chance }) => chance === 1);
  let since: number | null = null;
  for (let found = total.find((one) => one.at <= at && at <= one.at + one.lasts); found; ) {
    const { at: begins } = found;
    since = begins;
    found = total.find((one) => one.at < begins && begins <= one.at + one.lasts);
  }
  return since;
}

/** In an event, or about to be, or without knowing whether: what a decision may call frozen. */
export function mayBeFrozen(judge: Judge): boolean {
  const { rules, plan, time } = judge.night;
  const slack = CALENDAR_LASTS + BEGAN_AGO + judge.skews();
  const isNear = ({ from, to }: CalendarEvent) => from - judge.skews() <= time && time < to + judge.skews();
  const wasLate = judge.lateCalendars.some((at) => at <= time && time < at + slack);
  return rules.calendar !== null && (plan.events.some(isNear) || wasLate || judge.night.faults('calendar').some(({ at, lasts }) => at <= time && time < at + lasts + slack)); // biome-ignore format: one thought
}

const LOOK_BACK = 15 * MINUTE;
const FRESH = 5 * MINUTE;
/** Cloud Eye is late, and tells whole minutes. */
const LATE = 90 * SECOND;

/** No start where the load was too high of late, or nobody can know how it was. An order changes nothing about that. */
export function againstGates({ night }: Judge, { life, leftAt, clock, instance }: Call): string | null {
  if (!life.rules.gates) return null;
  const { spec, since } = instance;
  const own = night.plan.start + clock;
  for (const fault of spec.faults) {
    if (fault.fault === 'no_metrics' && leftAt < since + (fault.seconds ?? Infinity) * SECOND) return 'there are no metrics of it';
    if (fault.fault === 'refuse_metrics' && fault.times === undefined) return 'Cloud Eye says nothing of it';
    if (fault.fault === 'stale_metrics' && own - (leftAt - fault.seconds * SECOND) > FRESH + HOLD_SLACK + MINUTE) return 'its metrics are old';
    if (fault.fault !== 'high_load' || fault.percent < life.rules.gates.cpu) continue;
    const [from, to] = [since + fault.after * SECOND, since + (fault.after + (fault.seconds ?? Infinity)) * SECOND];
    const [first, last] = [own - LOOK_BACK + MINUTE, Math.min(own - HOLD_SLACK, leftAt - HOLD_SLACK - LATE) - MINUTE];
    // A whole minute of it lies in what was read.
    if (Math.min(to, last) - Math.max(from, first) > MINUTE) return `its CPU was at ${fault.percent} %`;
  }
  return null;
} // biome-ignore format: a table

/** No start of what was not backed up of late, where the policy asks for that. */
export function withoutBackup({ night }: Judge, { life, leftAt, clock, instance, backup }: Call): string | null {
  const { backupWithin } = life.rules;
  return backupWithin === null ||
    backup ||
    hasYoungBackup(instance, leftAt, night.plan.start + clock - HOLD_SLACK, backupWithin)
    ? null
    : 'it has no young backup';
}

/** Whether there is, by then, a good one that began less than `within` before `now`. */
export function hasYoungBackup(
  { spec, since, backups }: SimulatedInstance,
  by: number,
  now: number,
  within: number,
): boolean {
  const before = spec.backupHours === null ? [] : [{ at: since - spec.backupHours * HOUR, endsAt: since, code: null }];
  return [...before, ...backups].some(
    ({ at, endsAt, code }) => code === null && endsAt !== null && endsAt <= by && now - at < within,
  );
}

/** Who asks for a second one while it is not known what became of the first, or after it came to nothing, asks twice. */
export function secondBackup(
  { backups, records }: Judge,
  { instance, opening, orders, backup, at }: Call,
): string | null {
  if (!backup) return null;
  const isSame = (one: Call) =>
    opening >= 0
      ? one.opening === opening
      : one.opening < 0 && one.orders.some((order) => orders.includes(order) && at < records.endOf(order));
  const before = backups.find((one) => one.instance === instance && isSame(one));
  return before ? `one was begun ${clockText(before.at - instance.since)}` : null;
}

/** Other backups that are being made, of those that count in this opening. */
export function backupsUnderWay({ backups, night }: Judge, { at, opening, instance }: Call): Call[] {
  return backups.filter(
    (one) =>
      one.instance !== instance &&
      one.opening === opening &&
      opening >= 0 &&
      at < (one.backup!.endsAt ?? Infinity) &&
      !isGone(one.instance, night.timeline.now),
  );
}

/** Where nobody came or went meanwhile, as then others move up. */
export function moreThanTaken({ calls, backups, night, history }: Judge, { life, instance }: Call): string | null {
  const { env } = instance.spec.tags;
  const take = life.rules.waves.find(({ wave }) => wave === env)?.take ?? null;
  const all = [...night.simulator.world.instances.values()].filter(({ spec }) => spec.tags.env === env);
  const isForgotten = history.some(({ rules }) => rules.regions.length < night.plan.rules.regions.length);
  if (take === null || isForgotten || all.some(({ since, goneAt }) => since > night.plan.start || goneAt !== null))
    return null;
  const others = new Set(
    [...calls, ...backups].map((one) => one.instance).filter((one) => one !== instance && one.spec.tags.env === env),
  );
  return others.size >= take ? `wave ${env} takes ${take}, and it is number ${others.size + 1}` : null;
}

/** The answer to a call that says that all of its scope would be refused goes for the opening; unless one was accepted since. */
export function inStoppedScope({ calls }: Judge, { life, instance, opening, backup }: Call): string | null {
  if (opening < 0 || backup) return null;
  const since = life.startedAt - (life.kind === 'work' ? DECIDED_AGO : 0);
  const mine = calls.filter((one) => one.instance.spec.region === instance.spec.region);
  const refused = mine.find((one) => one.opening === opening && one.isKnown && one.knownAt <= since && /^APIGW.0305/.test(one.post.code ?? ''));
  return refused && !mine.some((one) => one.upgrade && one.at > refused.at - MINUTE) ? `it refused ${refused.instance.spec.name} with ${refused.post.code}` : null;
} // biome-ignore format: a table

/** Whether its metrics ever say, or hide, something that matters to a gate. */
export function mayFailGates({ spec }: SimulatedInstance): boolean {
  return spec.faults.some(({ fault }) =>
    ['no_metrics', 'stale_metrics', 'high_load', 'refuse_metrics'].includes(fault),
  );
}

/** Nothing starts in a wave that wants a person's word, but what a person saw and approved for this opening. */
export function unapproved(judge: Judge, { life, leftAt, clock, instance, opening, orders }: Call): string | null {
  const { rules } = life;
  const { start } = judge.night.plan;
  if (!rules.waves.find(({ wave }) => wave === instance.spec.tags.env)?.approve || orders.length > 0) return null;
  const { approvals, moves } = judge.records;
  const mine = approvals.filter(({ at }) => at <= leftAt);
  if (mine.length === 0) return 'nobody approved anything';
  const skews = judge.skews();
  const isFor = (seenAt: number) => {
    // The opening that was open when the plan was made, or else the next, by a clock that may be wrong.
    const first = rules.windows.findIndex(({ to }) => seenAt - start - skews - MINUTE < to);
    const last = rules.windows.findIndex(({ to }) => seenAt - start + skews + MINUTE < to);
    return opening >= first && opening <= last;
  };
  const good = mine.filter(({ seenAt, at }) => isFor(seenAt) && isFor(at));
  if (good.length === 0) return `no approval is for the opening of ${clockText(clock)}`;
  const saw = good.filter(({ seenAt, ids }) => ids.has(instance.spec.id) && !moves.some((move) => seenAt < move && move < leftAt - HOLD_SLACK));
  return saw.length > 0 ? null : 'it was not in any plan that was approved, as it is now';
} // biome-ignore format: one thought

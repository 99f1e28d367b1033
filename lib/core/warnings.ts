import { type Day, formatDate } from './day.ts';
import { decide } from './decide.ts';
import { forecast } from './forecast.ts';
import type { Instance } from './instance.ts';
import type { Policy, Problem } from './policy.ts';
import { pathText } from './policy-problems.ts';
import { type Preview, preview } from './preview.ts';
import { assignWaves, matches } from './selection.ts';
import { DAY, type EpochMs, HOUR, iso, MINUTE } from './time.ts';
import { wallClock } from './wall.ts';
import { calendar, isSwallowed } from './window.ts';
import type { Window } from './window-kinds.ts';

/** What a policy is held against that is not in it. */
export interface Outlook {
  now: EpochMs;
  /** The fleet as last seen; null when none was. */
  fleet: readonly Instance[] | null;
}

/** The function is woken this often (the rate in serverless.yml); a window has to be seen open. */
const TWO_TICKS = 10 * MINUTE;

/** A fleet needs so much time that is open in each span of this length to be kept up to date. */
const ENOUGH_HOURS = 8 * HOUR;
const SPAN = 32 * DAY;

/** How far ahead windows are held against freezes. */
const YEAR = 400 * DAY;

/** Gaps come with the seasons; in five years each weekday has met one. */
const GAPS_SEEN = 5 * 366 * DAY;

/** What cannot be wrong for certain, and hardly was meant. Pure; a valid policy may have any of them. */
export function warningsOf(policy: Policy, outlook: Outlook): Problem[] {
  return CHECKS.flatMap((check) => check(policy, outlook));
}

const CHECKS: readonly ((policy: Policy, outlook: Outlook) => Problem[])[] = [
  nothingThere, unreadCalendars, shortWindows, deadWindows, swallowedWindows, fewHours, neverCloses, emptyWaves,
  lateWaves,
]; // biome-ignore format: a list to be read

/** With the fleet as it was last seen, nothing under way, and nothing held. */
function lateWaves(policy: Policy, { now, fleet }: Outlook): Problem[] {
  const { deadline } = policy;
  if (!deadline || !fleet) return [];
  const key = deadline.page === null ? 'warn' : 'page';
  const allowed = deadline[key]!;
  const none = { attempts: [], holds: [], behindSince: new Map(), stoppedScopes: new Map() };
  const { decisions, waves } = decide({ now, policy, instances: fleet, ...none });
  return forecast(policy, decisions, waves, now).waves.flatMap(({ wave, current }) => {
    if (current !== null && current <= now + allowed) return [];
    const when = current === null ? 'nobody can tell when' : `on ${iso(current)}`;
    const message = `wave ${wave} is current ${when}, after the deadline of ${allowed / DAY} days`;
    return [warn(['deadline', key], message, 'longer windows, shorter soaks, higher limits, or a later deadline')];
  });
}

function warn(path: Problem['path'], message: string, hint: string): Problem {
  return { path, message: `${pathText(path)}: ${message}`, hint };
}

function nothingThere({ windows, rollout }: Policy): Problem[] {
  const found: Problem[] = [];
  if (Object.keys(windows).length === 0) found.push(warn(['windows'], 'there are none', 'nothing is ever started'));
  if (rollout.length === 0) found.push(warn(['rollout'], 'there is no wave', 'no instance is ever upgraded'));
  return found;
}

function unreadCalendars({ freezes }: Policy): Problem[] {
  return freezes.flatMap(({ span }, index): Problem[] => {
    if (span.kind !== 'feed' || span.problem === null) return [];
    const means = span.onError === 'closed' ? 'which counts as frozen' : 'and freezes nothing meanwhile';
    return [
      warn(['freezes', index, 'ics'], `the calendar cannot be read, ${means}: ${span.problem}`, 'make it readable'),
    ];
  });
}

function shortWindows({ windows }: Policy): Problem[] {
  return Object.values(windows).flatMap((window) => {
    const length = lengthOf(window);
    if (length === null || length >= TWO_TICKS) return [];
    const message = `it is open for ${length / MINUTE} min, which is shorter than two ticks (${TWO_TICKS / MINUTE} min)`;
    const key = 'end' in window && 'to' in window.end ? 'to' : 'duration';
    return [warn(['windows', window.name, key], message, 'one late tick, and it is missed; make it longer')];
  });
}

/** As the wall shows it; the shortest where there are several. Null: every instance has another. */
function lengthOf(window: Window): number | null {
  if (window.kind === 'instance') return null;
  const { end } = window;
  if ('duration' in end) return end.duration;
  const starts = window.kind === 'cron' ? window.times : [window.start];
  return Math.min(...starts.map((start) => (end.to > start ? end.to - start : end.to - start + DAY)));
}

/** Windows that are over for good, and windows that freezes leave nothing of. */
function deadWindows(policy: Policy, { now }: Outlook): Problem[] {
  return fixed(policy, Object.keys(policy.windows)).flatMap((name): Problem[] => {
    const window = policy.windows[name]!;
    // A date that is over may have been frozen too, which is the better thing to know.
    const from = window.kind === 'date' ? Math.min(now, (window.day - 2) * DAY) : now;
    const times = calendar(policy, [name], null);
    const next = times.at(from) ?? times.next(from);
    if (next && policy.freezes.length > 0 && preview(policy, [name], from, next.closes).openings.length === 0) {
      const { openings, frozen } = preview(policy, [name], from, Math.max(from + YEAR, next.closes));
      if (openings.length === 0) return [warn(['windows', name], ...frozenText(frozen))];
    }
    const isSoon = times.at(now) !== null || times.next(now) !== null;
    const [message, hint] = isOver(window, now) ? OVER : FAR;
    return isSoon ? [] : [warn(['windows', name], message, hint)];
  });
}

/** A little less than calendars look ahead. */
const TEN_YEARS = 3_600 * DAY;

const OVER = ['it does not open any more', 'its last opening is over: take it out, or give it a later end'] as const;
const FAR = [
  'it does not open within ten years',
  'nothing is started in it until then: choose a rule that opens sooner',
] as const;

/** Of what does not open within ten years: whether it ends within them. Any other rule opens again, however long that takes. */
function isOver(window: Window, now: EpochMs): boolean {
  const last = window.kind === 'date' ? window.day : window.kind === 'rrule' ? window.last : Number.POSITIVE_INFINITY;
  return last * DAY < now + TEN_YEARS;
}

function frozenText(frozen: Preview['frozen']): [message: string, hint: string] {
  const names = [...new Set(frozen.map(({ name }) => name))].join(', ');
  return [`it lies wholly in a freeze (${names})`, 'nothing is started in it; move it, or end the freeze'];
}

function swallowedWindows({ windows }: Policy, { now }: Outlook): Problem[] {
  const short = new Map<string, Day[]>();
  return Object.values(windows).flatMap((window) => {
    const { timezone } = window;
    const days = window.kind === 'date' ? [window.day] : (short.get(timezone) ?? shortDays(timezone, now));
    if (window.kind !== 'date') short.set(timezone, days);
    const lost = days.filter((day) => isSwallowed(window, day)).map(formatDate);
    if (lost.length === 0) return [];
    const message = `clocks go forward over the whole of it on ${lost.join(', ')}: it does not open on ${lost.length > 1 ? 'those days' : 'that day'}`;
    return [warn(['windows', window.name], message, 'give it a duration instead of to, and it opens after the gap')];
  });
}

/** The days to come on which something may be missing, each with the day before it. */
function shortDays(timezone: string, now: EpochMs): Day[] {
  const wall = wallClock(timezone);
  const first = wall.dayAt(now);
  const all = Array.from({ length: GAPS_SEEN / DAY }, (_, index) => first + index);
  const short = all.filter((day) => wall.toInstant(day + 1, 0) - wall.toInstant(day, 0) < DAY);
  return [...new Set(short.flatMap((day) => [day - 1, day]))];
}

function fewHours(policy: Policy, { now }: Outlook): Problem[] {
  const names = usedWindows(policy);
  if (names.length === 0 || fixed(policy, names).length < names.length) return [];
  const { openings } = preview(policy, names, now, now + SPAN);
  const open = openings.reduce((sum, { opens, closes }) => sum + closes - opens, 0);
  if (open >= ENOUGH_HOURS) return [];
  const found = open === 0 ? 'nothing opens' : `they are open for ${Math.round(open / MINUTE)} min`;
  const message = `${found} in the ${SPAN / DAY} days from ${iso(now)}, which is less than ${ENOUGH_HOURS / HOUR} hours`;
  return [warn(['windows'], message, 'the fleet may fall behind; give it more time')];
}

function neverCloses(policy: Policy, { now }: Outlook): Problem[] {
  const names = usedWindows(policy);
  const [first] = preview({ ...policy, freezes: [] }, names, now, now + SPAN).openings;
  if (!first || first.closes - first.opens < SPAN) return [];
  const message = `the union of ${first.windows.join(', ')} never closes: an upgrade may start at any time`;
  return [warn(['windows'], message, 'make a window shorter than the time between its starts')];
}

function emptyWaves(policy: Policy, outlook: Outlook): Problem[] {
  const fleet = outlook.fleet?.filter(({ scope }) => policy.scopes.some(({ id }) => id === scope)) ?? [];
  if (fleet.length === 0) return [];
  const owners = [...assignWaves(policy, fleet).values()];
  return policy.rollout.flatMap((wave, index) => {
    if (owners.some((owner) => owner.kind === 'wave' && owner.wave.wave === wave.wave)) return [];
    const matched = fleet.filter((instance) => matches(wave.match, instance)).length;
    const message =
      matched === 0
        ? `it matches none of the ${fleet.length} instances seen last`
        : `all ${matched} instances that it matches are left out, or belong to waves above`;
    return [warn(['rollout', index, 'match'], message, '"dcs-upgrader plan" shows which wave owns which instance')];
  });
}

function usedWindows({ rollout }: Policy): string[] {
  return [...new Set(rollout.flatMap(({ windows }) => windows))];
}

/** Without those that are each instance's own. */
function fixed({ windows }: Policy, names: readonly string[]): string[] {
  return names.filter((name) => windows[name]?.kind !== 'instance');
}

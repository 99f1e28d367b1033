import type { Freeze } from '../../lib/core/policy.ts';
import { SECOND } from '../../lib/core/time.ts';
import type { PolicyState } from '../../lib/deps.ts';
import { withFeeds } from '../../lib/io/feeds.ts';
import type { Answer, Reaction } from '../../lib/simulator/wire.ts';
import type { Life } from './machine.ts';
import type { Night } from './night.ts';

/** The company's calendar, which stands on a server of its own. */
export const CALENDAR_HOST = 'calendar.example.com';

/** Of one night: what a process has read of it is of no use to another night. */
export function calendarAddress(serial: number): string {
  return `https://${CALENDAR_HOST}/${serial}`;
}

/** The policy with the calendar as this life reads it. Each machine remembers for itself what it read. */
export async function withCalendar(
  state: PolicyState,
  { machine, skew }: { machine: number; skew: number },
  now: number,
): Promise<PolicyState> {
  if (state.problem !== null || !state.policy.freezes.some(({ span }) => span.kind === 'feed')) return state;
  const own = (freeze: Freeze): Freeze =>
    freeze.span.kind === 'feed' ? { ...freeze, span: { ...freeze.span, source: `${freeze.span.source}/${machine}.ics` } } : freeze; // biome-ignore format: one thought
  const policy = { ...state.policy, freezes: state.policy.freezes.map(own) };
  return { policy: await withFeeds(policy, now + skew, 'policy.yaml'), problem: null };
}

/** A program waits no longer for its answer, and a slow machine may take as long. */
const PATIENCE = 5 * SECOND;

/** What its server answers. */
export async function askCalendar(night: Night, life: Life, name: string): Promise<Reaction> {
  const [there, back] = [night.latency(life, name), night.latency(life, `${name}/back`)];
  await night.timeline.sleep(there);
  const trouble = night.weather('calendar', name)?.trouble ?? null;
  night.note(life.name, `GET calendar${trouble ? ` (${trouble})` : ''}`);
  if (trouble) night.counts.calendarTroubles += 1;
  const answer = ok(icsOf(night));
  if (there + back >= PATIENCE) night.judge.lateCalendars.push(night.time);
  await night.timeline.sleep(back);
  switch (trouble) {
    case 'down':
      return 'reset';
    case 'silent':
      return 'hang';
    case 'garbled':
      return ok(answer.body.slice(0, answer.body.length / 2));
    case 'html':
      return { ...ok('<html><h1>Sign in</h1></html>'), headers: { 'content-type': 'text/html' } };
    case 'empty':
      return ok('');
    case 'error500':
      return { ...answer, status: 500 };
    default:
      return answer;
  }
}

function ok(body: string): Answer {
  return { status: 200, headers: { 'content-type': 'text/calendar' }, body };
}

/** As it stands now: what is added later is not there yet. */
function icsOf({ plan, time }: Night): string {
  const events = plan.events.flatMap(
    ({ from, to, since }, index) =>
    since > time
      ? []
      : ['BEGIN:VEVENT', `UID:${index}`, `DTSTAMP:${stamp(plan.start)}`, `DTSTART:${stamp(plan.start + from)}`, `DTEND:${stamp(plan.start + to)}`, 'END:VEVENT'], // biome-ignore format: lines
  );
  return ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//nights//EN', ...events, 'END:VCALENDAR', ''].join('\r\n');
}

function stamp(at: number): string {
  return `${new Date(at - (at % SECOND)).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
}

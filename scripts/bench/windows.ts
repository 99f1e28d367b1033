import { Cron } from 'croner';
import { RRuleTemporal } from 'rrule-temporal';
import { Temporal } from 'temporal-polyfill';
import { calendar } from '../../lib/core/window.ts';
import { readPolicy } from '../../lib/io/policy-file.ts';
import type { Figure } from '../bench.ts';

const ZONE = 'Europe/Berlin';
const START = Date.parse('2026-01-01T00:00:00Z');
const OPENINGS = 2_000;
const ROUNDS = 3;

const CRON = '30 1 * * mon-fri';
const RRULE = 'FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,TU';
const RRULE_START = '2026-01-04T01:30';

const WINDOWS = {
  cron: { cron: CRON, duration: '45m' },
  rrule: { rrule: RRULE, start: RRULE_START, duration: '2h' },
  days: { days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '01:30', to: '05:00' },
};

type Next = (after: number) => number;

/** Made anew for each run: nothing is known of the times before. */
type Make = () => Next;

const THEIRS: Record<'cron' | 'rrule', Make> = {
  cron() {
    const cron = new Cron(CRON, { timezone: ZONE });
    return (after) => cron.nextRun(new Date(after))!.getTime();
  },
  rrule() {
    const dtstart = `DTSTART;TZID=${ZONE}:${RRULE_START.replace(/[-:]/g, '')}00`;
    const rule = new RRuleTemporal({ rruleString: `${dtstart}\nRRULE:${RRULE}` });
    return (after) => rule.next(zoned(after))!.epochMilliseconds;
  },
};

/**
 * Thousands of next openings one after the other, beside the libraries that know no windows, on the same rules. They
 * are asked about times that no gap touches, as there they err.
 */
export async function windowsBench(): Promise<Record<string, Figure>> {
  const ours = await openingsOf();
  const pace = { cron: perSecond(ours('cron')), rrule: perSecond(ours('rrule')), days: perSecond(ours('days')) };
  const figures: Record<string, Figure> = {
    'next openings, days window': { value: pace.days, unit: '/s', limit: null },
  };
  for (const [kind, library, limit] of [['cron', 'croner', 1], ['rrule', 'rrule-temporal', 1.5]] as const) {
    if (walk(ours(kind)()) !== walk(THEIRS[kind]())) throw new Error(`${library} opens at other times`);
    const other = perSecond(THEIRS[kind]);
    figures[`next openings, ${kind} window`] = { value: pace[kind], unit: '/s', limit: null };
    figures[`next times of ${library}`] = { value: other, unit: '/s', limit: null };
    figures[`time for a next opening / for ${library}'s`] = { value: other / pace[kind], unit: 'x', limit };
  } // biome-ignore format: one list
  return figures;
}

async function openingsOf(): Promise<(window: string) => Make> {
  const rollout = [{ wave: 'all', match: {}, window: Object.keys(WINDOWS) }];
  const scopes = [{ project: 'p', region: 'r' }];
  const read = await readPolicy(JSON.stringify({ version: 1, timezone: ZONE, scopes, windows: WINDOWS, rollout }), {});
  if (!('policy' in read)) throw new Error('the policy of the benchmark is not valid');
  return (window) => () => {
    const times = calendar(read.policy, [window], null);
    return (after) => times.next(after)!.opens;
  };
}

function zoned(at: number): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(ZONE);
}

/** From one to the next; the last one says whether all were right. */
function walk(next: Next): number {
  let at = START;
  for (let count = 0; count < OPENINGS; count++) at = next(at);
  return at;
}

function perSecond(make: Make): number {
  const times = Array.from({ length: ROUNDS }, () => {
    const next = make();
    const began = performance.now();
    walk(next);
    return performance.now() - began;
  });
  return OPENINGS / (Math.min(...times) / 1000);
}

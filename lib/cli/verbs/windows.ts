import { stableHash } from '../../core/hash.ts';
import { icalendarText } from '../../core/icalendar.ts';
import { nearest } from '../../core/nearest.ts';
import type { Policy } from '../../core/policy.ts';
import { MOST_OPENINGS, type Preview, preview, TooManyOpenings } from '../../core/preview.ts';
import { DAY, type EpochMs, iso } from '../../core/time.ts';
import { systemClock } from '../../io/clock.ts';
import { previewJson } from '../../present.ts';
import { clockTextFor } from '../night.ts';
import { loadPolicy } from '../policy.ts';
import { duration, table } from '../terminal.ts';
import { type Call, type ExitCode, instant, printJson, text, UsageError, type Verb } from '../verb.ts';

const DEFAULT_SPAN = 30 * DAY;

/** More is a slip of the pen, and would only make a list that nobody reads. */
const LONGEST_SPAN = 100 * 366 * DAY;

export const windows: Verb = {
  summary: 'When upgrades may start: the openings of all windows, without what is frozen. Asks no API.',
  usage: '[--from T] [--to T] [--window NAME] [--format ics]',
  options: {
    from: { type: 'string' },
    to: { type: 'string' },
    window: { type: 'string' },
    format: { type: 'string' },
  },
  help: [
    '--from T       from this instant on (ISO 8601 with an offset), default now',
    '--to T         up to this instant, default 30 days later',
    '--window NAME  only this window',
    '--format ics   an iCalendar document, to be kept where a calendar program reads it',
  ],
  takes: 0,
  async run(call): Promise<ExitCode> {
    const [from, to] = spanOf(call);
    const format = text(call, 'format');
    if (format !== undefined && (format !== 'ics' || call.json))
      throw new UsageError(
        call.json ? '--format does not go with --json' : `--format: "${format}" is not known; ics is`,
      );
    const policy = await loadPolicy(call);
    const names = namesOf(policy, text(call, 'window'));
    const found = previewOf(policy, names, from, to);
    if (call.json) printJson(call, previewJson(found));
    else
      call.terminal.out(
        format ? calendarText(policy, found, text(call, 'window')) : tableText(policy, found, call.terminal.columns),
      );
    for (const name of names.filter((name) => policy.windows[name]?.kind === 'instance'))
      call.terminal.err(`Window ${name} is each instance's own and not shown; see "dcs-upgrader plan".\n`);
    return 0;
  },
};

/** @throws UsageError */
export function spanOf(call: Call): [from: EpochMs, to: EpochMs] {
  const from = instant(call, 'from') ?? systemClock.now();
  const to = instant(call, 'to') ?? from + DEFAULT_SPAN;
  if (to <= from) throw new UsageError(`--to (${iso(to)}) must be after --from (${iso(from)})`);
  if (to - from > LONGEST_SPAN) throw new UsageError('from --from to --to are more than a hundred years');
  return [from, to];
}

/** @throws UsageError */
function namesOf({ windows: all }: Policy, wanted: string | undefined): string[] {
  const names = Object.keys(all);
  if (wanted === undefined) return names;
  if (names.includes(wanted)) return [wanted];
  const meant = nearest(wanted, names);
  const hint = meant ? `did you mean ${meant}?` : `there are: ${names.join(', ') || 'none'}`;
  throw new UsageError(`--window: there is no window ${wanted}; ${hint}`);
}

/** @throws UsageError */
function previewOf(policy: Policy, names: readonly string[], from: EpochMs, to: EpochMs): Preview {
  try {
    return preview(policy, names, from, to, MOST_OPENINGS);
  } catch (error) {
    throw error instanceof TooManyOpenings ? new UsageError(`from --from to --to there are ${error.message}`) : error;
  }
}

/** Times as the wall of the policy's zone shows them. */
function tableText({ timezone }: Policy, { openings, frozen }: Preview, columns: number): string {
  const at = clockTextFor(timezone);
  const open = openings.map(({ opens, closes, windows }) => [
    weekday(timezone, opens),
    at(opens),
    at(closes),
    duration(closes - opens),
    windows.join('+'),
  ]);
  const closed = frozen.map(({ from, to, name, reason }) => [at(from), at(to), name, reason]);
  const total = openings.reduce((sum, { opens, closes }) => sum + closes - opens, 0);
  return [
    ...(open.length > 0 ? [table(['DAY', 'OPENS', 'CLOSES', 'LASTS', 'WINDOWS'], open, columns), ''] : []),
    ...(closed.length > 0 ? [table(['FROZEN FROM', 'TO', 'FREEZE', 'REASON'], closed, columns), ''] : []),
    open.length > 0 ? `${open.length} openings, open for ${duration(total)} in all.` : 'Nothing opens in this time.',
    '',
  ].join('\n');
}

function weekday(timeZone: string, at: EpochMs): string {
  return new Intl.DateTimeFormat('en', { timeZone, weekday: 'short' }).format(at);
}

/** The scopes and the window asked for are in the ids because one program may read several such calendars. */
function calendarText({ scopes }: Policy, { openings }: Preview, window = ''): string {
  const origin = stableHash([window, ...scopes.map(({ id }) => id)].join()).toString(16);
  const events = openings.map(({ id, opens, closes, windows }) => ({
    uid: `${id}.${origin}@dcs-upgrader`,
    from: opens,
    to: closes,
    summary: `DCS upgrades: ${windows.join(', ')}`,
    description: 'Upgrades of DCS instances may start in this time. What runs at its end is followed to its own end.',
  }));
  return icalendarText('DCS upgrade windows', events, systemClock.now());
}

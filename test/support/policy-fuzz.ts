import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { preview } from '../../lib/core/preview.ts';
import { DAY, iso } from '../../lib/core/time.ts';
import { warningsOf } from '../../lib/core/warnings.ts';
import { calendar } from '../../lib/core/window.ts';
import { problemText, readPolicy } from '../../lib/io/policy-file.ts';

const NOW = Date.parse('2026-03-27T12:00:00Z');
const ENV = { HUAWEICLOUD_PROJECT_ID: 'p1', HUAWEICLOUD_REGION: 'cn-north-4' };

/** Good policies, from which bad ones are made. */
const GOOD: unknown[] = [
  {
    version: 1,
    timezone: 'Europe/Berlin',
    windows: {
      night: { days: ['tue', 'wed', 'sun'], from: '02:30', to: '04:00' },
      weekend: { days: ['sat'], from: '22:00', duration: '6h' },
      patchday: { monthly: '2nd tue', offset: '4d', from: '22:00', duration: '6h', timezone: 'Asia/Tokyo' },
      monthend: { monthly: 'last day', from: '23:00', to: '24:00' },
      leap: { monthly: 'day 29', months: ['feb'], from: '03:00', duration: '2h' },
      daily: { cron: '30 2 * * *', duration: '45m' },
      often: { cron: '*/20 1-4 1,15 * mon-fri', duration: 'PT15M' },
      biweekly: { rrule: 'FREQ=WEEKLY;INTERVAL=2;BYDAY=SU', start: '2026-01-04T01:30', duration: '2h' },
      counted: { rrule: 'FREQ=MONTHLY;BYMONTHDAY=31,-2;COUNT=40', start: '2026-01-04T01:30', to: '03:00' },
      once: { date: '2026-12-01', from: '01:00', duration: '3h' },
      own: { instance: true },
    },
    freezes: [
      { name: 'double-11', from: '2026-11-01', to: '2026-11-13', reason: 'sales' },
      { name: 'hours', from: '2026-03-29T01:00', to: '2026-03-29T04:00Z', reason: 'test' },
      { name: 'closing', monthDays: '28..2', match: { tags: { tier: 'gold' } }, block: ['engine'], reason: 'month end' },
    ],
    rollout: [
      { wave: 'dev', match: { tags: { env: 'dev' } }, window: 'night', parallel: 10 },
      { wave: 'canary', match: { name: ['a-*', 'b?'] }, take: '5%', window: ['daily', 'often'], after: 'dev', soak: '2d' },
      { wave: 'prod', match: {}, window: ['night', 'weekend', 'own'], soak: '7d', take: 3 },
    ],
    limits: { parallel: 5, perScope: 3, perWindow: 60, oneAtATimeBy: ['tag:app'], maxErrors: 2, minDuration: '20m' },
    gates: { cpu: '<70%', memory: '<80.5%', backup: '<24h' },
    verify: { settle: '10m', timeout: '3h' },
    alerts: [
      { from: 'alertmanager', match: { severity: 'crit*' }, holds: { id: 'label:id' }, ttl: '2h', silence: { after: '30m', then: 'closed' } },
      { from: 'smn', topics: ['urn:smn:r:p:dcs'], holds: { region: 'r', tags: { app: 'label:app' } } },
      { from: 'standard', match: { kind: ['upgrade'] }, moves: { all: true } },
    ],
  },
  { version: 1, timezone: 'UTC', windows: { w: { days: ['mon'], from: '00:00', to: '24:00' } }, rollout: [{ wave: 'a', match: {}, window: 'w' }] },
]; // biome-ignore format: policies

const EXAMPLE = readFileSync(new URL('../../policy.example.yaml', import.meta.url), 'utf8');

/** What stands in place of a value, or is put beside it. */
const STRANGE: unknown[] = [
  null, true, false, 0, -1, 1, 1.5, 1e308, -0, 2 ** 53, '', ' ', '\0', '24:00', '25:00', '00:00', '7:5', '-1d', '0s', '1s', '31d', '32d', 'P1M', 'PT0S',
  'PT25H', '99999d', 'day 31', 'day -31', '5th fri', '0th mon', 'last day', '* * * * *', '0 0 30 2 *', '0 0 31 2,4 *', '*/7 */5 */9 */2 */3',
  '60 24 32 13 8', '0 0 2 * * *', 'cron(0 2 ? * SUN *)', '@daily', 'L * * * *', '0 0 1-31/30 * 7-1', 'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30',
  'FREQ=DAILY;INTERVAL=10000', 'FREQ=DAILY;BYDAY=FR;BYMONTHDAY=13;BYSETPOS=3', 'FREQ=MONTHLY;BYDAY=5MO;COUNT=1000', 'FREQ=YEARLY;BYWEEKNO=53',
  'FREQ=YEARLY;BYYEARDAY=366;INTERVAL=7', 'FREQ=HOURLY', 'FREQ=WEEKLY;UNTIL=20260202T070000', 'FREQ=', ';;=', '2026-02-30', '0000-01-01', '9999-12-31',
  '2026-13-01', '2026-03-29T02:30', '2026-10-25T02:30', '1970-01-01T00:00', 'Asia/Shanghai', 'Africa/Cairo', 'Pacific/Apia', 'Pacific/Chatham', 'CST',
  '+08:00', 'europe/berlin', '<70%', '<0%', '<24h', '<', 'env:NOT_SET', 'env:', '__proto__', 'constructor', '100%', '0%', '0.0001%', '31..1', '0..32', '1..31', '!!js/function', [], {}, [[]],
  ['mon', 'mon'], { from: '01:00' }, { __proto__: null },
]; // biome-ignore format: a list of strange things

/** Values that are good in many a place, so that also policies come out that are good and odd. */
const PLAUSIBLE: Record<string, unknown[]> = {
  from: ['00:00', '01:30', '02:00', '02:30', '02:59', '23:59'],
  to: ['00:00', '01:00', '02:30', '03:00', '23:59', '24:00'],
  duration: ['1m', '59m', '1h', '24h', '25h', '90000s', 'P1DT1H', '7d', '31d'],
  timezone: ['America/St_Johns', 'Australia/Lord_Howe', 'Africa/Cairo', 'Africa/Casablanca', 'Pacific/Apia', 'Asia/Tehran', 'Pacific/Kiritimati'],
  days: [['sun'], ['mon', 'fri'], ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']],
  monthly: ['5th sun', 'last fri', 'day 31', 'day -31', 'day -1', '1st mon', 'last day'],
  offset: ['-6d', '6d', '0d', '+1d'],
  months: [['feb'], ['jan', 'dec'], ['mar', 'apr', 'oct']],
  cron: ['0 0 29 2 *', '0 2 * * sun', '*/5 2 * 3,10 sun', '30 2 31 * mon', '59 23 * * *', '0-59/30 0-23/2 * * *'],
  rrule: ['FREQ=DAILY', 'FREQ=YEARLY;BYDAY=53TH', 'FREQ=MONTHLY;BYDAY=-1SU', 'FREQ=WEEKLY;BYDAY=SU,MO;WKST=SU;INTERVAL=3', 'FREQ=DAILY;COUNT=100', 'FREQ=YEARLY;BYWEEKNO=13;BYDAY=SU', 'FREQ=DAILY;UNTIL=20260329T010000Z', 'FREQ=MONTHLY;BYDAY=SU;BYSETPOS=-1'],
  start: ['2026-03-29T02:30', '2025-10-26T02:30', '1999-12-31T23:59', '2026-04-01T00:00'],
  date: ['2026-03-28', '2026-03-29', '2028-02-29', '2026-10-25'],
  monthDays: ['1..31', '31..1', '29..29', '30..28'],
}; // biome-ignore format: a table

/** Keys and indexes from the root, chosen by numbers that are taken modulo what is there. */
interface Change {
  path: number[];
  how: 'tune' | 'replace' | 'remove' | 'rename' | 'swap' | 'letter';
  value: unknown;
  letter: number;
}

function change(): fc.Arbitrary<Change> {
  const how = fc.oneof(
    { weight: 12, arbitrary: fc.constant('tune' as const) },
    { weight: 3, arbitrary: fc.constantFrom('replace', 'remove', 'rename', 'swap', 'letter') },
  );
  return fc.record({
    path: fc.array(fc.nat(50), { minLength: 1, maxLength: 5 }),
    how,
    value: fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(...STRANGE) },
      fc.anything({ maxDepth: 2, withBigInt: false }),
    ),
    letter: fc.nat(1_000),
  });
}

type Holder = Record<string, unknown>;

function apply(root: unknown, { path, how, value, letter }: Change): void {
  const { holder, key } = placeOf(root as Holder, path);
  const old = holder[key];
  const keys = Object.keys(holder);
  switch (how) {
    case 'tune':
      tune(root as Holder, path, letter);
      return;
    case 'replace':
      holder[key] = value;
      return;
    case 'remove':
      delete holder[key];
      return;
    case 'rename':
      holder[`${key}${letter % 2 ? 's' : ''}${letter % 10}`] = old;
      return;
    case 'swap': {
      const other = keys[letter % keys.length]!;
      holder[key] = holder[other];
      holder[other] = old;
      return;
    }
    case 'letter':
      holder[key] = typeof old === 'string' ? spoilt(old, letter) : letter;
  }
}

function placeOf(root: Holder, path: readonly number[]): { holder: Holder; key: string } {
  let holder = root;
  let key = '';
  for (const [depth, step] of path.entries()) {
    const keys = Object.keys(holder);
    key = keys[step % keys.length] ?? 'new';
    const below = holder[key];
    if (depth === path.length - 1 || typeof below !== 'object' || below === null) break;
    holder = below as Holder;
  }
  return { holder, key };
}

/** Gives one of a window's or a freeze's own keys another plausible value. */
function tune(root: Holder, [one = 0, two = 0, three = 0]: number[], letter: number): void {
  const holders = [root.windows, root.freezes].flatMap((all) => Object.values((all ?? {}) as Holder));
  const holder = holders[(one * 51 + two) % Math.max(1, holders.length)];
  if (typeof holder !== 'object' || holder === null) return;
  const keys = [...Object.keys(holder).filter((key) => key in PLAUSIBLE), 'timezone'];
  const key = keys[three % keys.length]!;
  (holder as Holder)[key] = PLAUSIBLE[key]![letter % PLAUSIBLE[key]!.length];
}

const LETTERS = '0123456789:,-+*/;=?.#%Tdhmsz \t\n"\'{}[]&!|>@`\u00a0é🧊';

function spoilt(text: string, letter: number): string {
  const at = letter % (text.length + 1);
  const other = [...LETTERS][letter % [...LETTERS].length]!;
  return [
    text.slice(0, at) + text.slice(at + 1),
    text.slice(0, at) + other + text.slice(at),
    text.slice(0, at) + other + text.slice(at + 1),
  ][letter % 3]!;
}

/** The text of a policy that was good before it was changed in up to six places, as JSON or as YAML, or of a YAML text that was. */
export function spoiltPolicies(): fc.Arbitrary<string> {
  const documents = fc
    .tuple(fc.constantFrom(...GOOD), fc.array(change(), { minLength: 1, maxLength: 5 }), fc.boolean())
    .map(([good, changes, isYaml]) => {
      const document = structuredClone(good);
      for (const one of changes) apply(document, one);
      return written(document, isYaml);
    });
  const texts = fc
    .array(fc.tuple(fc.nat(EXAMPLE.length), fc.nat(1_000)), { minLength: 1, maxLength: 6 })
    .map((places) =>
      places.reduce(
        (text, [at, letter]) => text.slice(0, at) + spoilt(text.slice(at, at + 9), letter) + text.slice(at + 9),
        EXAMPLE,
      ),
    );
  return fc.oneof({ weight: 4, arbitrary: documents }, { weight: 1, arbitrary: texts });
}

function written(document: unknown, isYaml: boolean): string {
  try {
    return (isYaml ? stringify(document) : JSON.stringify(document)) ?? '';
  } catch {
    // What neither can write cannot stand in a file.
    return '';
  }
}

/** Reads the policy and asks all that can be asked about it. @throws for whatever must not happen. Whether it was a good one. */
export async function tryPolicy(text: string): Promise<boolean> {
  const read = await readPolicy(text, ENV);
  if ('problems' in read) {
    if (read.problems.length === 0) throw new Error('refused without a problem');
    const poor = read.problems.find(
      ({ message, hint }) => hint.length < 3 || message.length > 320 || hint.length > 320,
    );
    if (poor) throw new Error(`a problem that teaches nothing: ${problemText('', poor)}`);
    return false;
  }
  const { policy } = read;
  const names = Object.keys(policy.windows);
  for (const name of names) {
    const times = calendar(policy, [name], { begin: '22:00:00', end: '02:00:00' });
    const found = times.between(NOW, NOW + 60 * DAY);
    const [here, next] = [times.at(NOW), times.next(NOW)];
    for (const { opens, closes } of [...found, ...(here ? [here] : []), ...(next ? [next] : [])]) {
      if (!(closes > opens)) throw new Error(`window ${name} opens at ${iso(opens)} and closes at ${iso(closes)}`);
    }
    if (next && next.opens <= NOW) throw new Error(`window ${name}: the next opening is in the past`);
    if (found.some(({ opens }, index) => index > 0 && opens < found[index - 1]!.closes))
      throw new Error(`window ${name}: openings overlap`);
  }
  const { openings, frozen } = preview(policy, names, NOW, NOW + 60 * DAY);
  for (const { opens, closes } of openings)
    if (!(closes > opens)) throw new Error(`an opening is empty: ${iso(opens)}`);
  for (const { from, to } of frozen) if (!(to > from)) throw new Error(`a freeze is empty: ${iso(from)}`);
  warningsOf(policy, { now: NOW, fleet: null });
  return true;
}

import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parseDuration } from '../../lib/core/duration.ts';
import { parsePolicy } from '../../lib/core/policy-parse.ts';
import { DAY, HOUR, MINUTE } from '../../lib/core/time.ts';
import { warningsOf } from '../../lib/core/warnings.ts';
import { policySchemaText } from '../../scripts/schema.ts';
import { cpuTime } from '../support/cpu-time.ts';
import { ENV, problems, read, windowed } from '../support/reading.ts';

const SECRET = 'whsec_bm90IGEgcmVhbCBzZWNyZXQsIG9ubHkgYSB0ZXN0';
const WITH_SECRETS = { ...ENV, HOOK: 'https://user:hunter2@example.com/hook', KEY: SECRET };
const WEBHOOK = { to: 'webhook', url: 'env:HOOK', secret: 'env:KEY' };
const DAYS = { days: ['tue'], from: '01:00', to: '05:00' };

describe('a good policy', () => {
  it('the smallest one, with every default', async () => {
    expect(await read()).toEqual({
      timezone: 'Asia/Shanghai',
      scopes: [{ id: 'cn-north-4/p1', project: 'p1', region: 'cn-north-4' }],
      upgrade: { engine: 'latest', proxy: 'latest' },
      select: { engine: null, versions: null, enterpriseProjects: null, exclude: [] },
      windows: {
        night: {
          kind: 'days',
          name: 'night',
          timezone: 'Asia/Shanghai',
          weekdays: [2, 3, 4],
          start: HOUR,
          end: { to: 5 * HOUR },
        },
      },
      freezes: [],
      rollout: [
        {
          wave: 'dev',
          match: { tags: { env: ['dev'] } },
          windows: ['night'],
          parallel: null,
          after: null,
          soak: DAY,
          take: null,
          approve: false,
        },
      ],
      limits: {
        parallel: 1,
        perScope: null,
        perWindow: null,
        oneAtATimeBy: [],
        maxErrors: 1,
        minDuration: 30 * MINUTE,
        sightLag: 2 * MINUTE,
      },
      deadline: null,
      alerts: [],
      gates: null,
      verify: { settle: 10 * MINUTE, timeout: 3 * HOUR },
      notify: [{ to: 'log', url: '', secret: null, events: null }],
    });
  });

  it.each<[string, object, object]>([
    [
      'variables in scopes',
      { scopes: [{ project: 'env:HUAWEICLOUD_PROJECT_ID', region: 'r', credentials: 'main' }] },
      { scopes: [{ id: 'r/p1', project: 'p1', region: 'r', credentials: 'main' }] },
    ],
    [
      'gates',
      { gates: { cpu: '<70%', memory: '<80.5%', bandwidth: '<100%', backup: '<24h' } },
      { gates: { cpu: 70, memory: 80.5, bandwidth: 100, backup: 24 * HOUR } },
    ],
    [
      'backups that are made first',
      { gates: { backup: '<24h', backupFirst: true } },
      { gates: { backup: 24 * HOUR, backupFirst: true } },
    ],
    ['and those that are not', { gates: { backup: '<24h', backupFirst: false } }, { gates: { backup: 24 * HOUR } }],
    ['one gate, and no other', { gates: { backup: '<7d' } }, { gates: { backup: 7 * DAY } }],
    [
      'a project that is left to IAM',
      { scopes: [{ project: 'auto', region: 'r' }] },
      { scopes: [{ id: 'r/auto', project: 'auto', region: 'r' }] },
    ],
    ['one part', { upgrade: ['engine'] }, { upgrade: { engine: 'latest' } }],
    [
      'a version for one part',
      { upgrade: { engine: 'latest', proxy: '5.0.14.1' } },
      { upgrade: { engine: 'latest', proxy: '5.0.14.1' } },
    ],
    [
      'a webhook',
      { notify: [{ ...WEBHOOK, events: ['failed'] }] },
      { notify: [{ to: 'webhook', url: WITH_SECRETS.HOOK, secret: SECRET, events: ['failed'] }] },
    ],
    [
      'waves follow one another',
      { rollout: ['a', 'b', 'c'].map((wave) => ({ wave, match: {}, window: 'night' })) },
      { rollout: [{ after: null }, { after: 'a' }, { after: 'b' }] },
    ],
    [
      'or another one above',
      {
        rollout: [
          { wave: 'a', match: {}, window: 'night' },
          { wave: 'b', match: {}, window: 'night' },
          { wave: 'c', match: {}, window: 'night', after: 'a', soak: '7d', take: '5%' },
        ],
      },
      { rollout: [{}, {}, { after: 'a', soak: 7 * DAY, take: { share: 0.05 } }] },
    ],
    [
      'approve: false is what happens anyway',
      { rollout: [{ wave: 'a', match: {}, window: 'night', approve: false }] },
      { rollout: [{ approve: false }] },
    ],
    [
      'approve',
      { rollout: [{ wave: 'a', match: {}, window: 'night', approve: true }] },
      { rollout: [{ approve: true }] },
    ],
    ['a deadline', { deadline: { warn: '30d' } }, { deadline: { warn: 30 * DAY, page: null } }],
  ])('%s', async (_, change, expected) => {
    expect(await read({ ...change }, WITH_SECRETS)).toMatchObject(expected);
  });

  it('a name that objects have anyway is a name like another', async () => {
    const policy = await read({
      windows: { toString: DAYS },
      rollout: [{ wave: 'valueOf', match: {}, window: 'toString' }],
    });
    expect(policy.rollout[0]?.windows).toEqual(['toString']);
  });
});

/** What is wrong, where, and a word of what is said about it. */
type Row = [string, object, (string | number)[], string];

async function expectProblem(change: object, path: (string | number)[], word: string): Promise<void> {
  const found = await problems({ ...change }, WITH_SECRETS);
  expect(found.map((problem) => problem.path)).toContainEqual(path);
  expect(found.filter(({ hint }) => hint.length < 3)).toEqual([]);
  const texts = found
    .filter((problem) => String(problem.path) === String(path))
    .map(({ message, hint }) => `${message} ${hint}`);
  expect(texts.join('\n')).toContain(word);
}

describe('time zones', () => {
  it.each<Row>([
    ['F001 unknown', { timezone: 'Europe/Berlinn' }, ['timezone'], '"Europe/Berlinn"'],
    ['F002 an offset', { timezone: '+02:00' }, ['timezone'], 'IANA'],
    ['F002 GMT+8', { timezone: 'GMT+8' }, ['timezone'], 'IANA'],
    ['F002 CST is four zones', { timezone: 'CST' }, ['timezone'], 'IANA'],
    ['F002 EST', { timezone: 'EST' }, ['timezone'], 'IANA'],
    ['F002 EST5EDT', { timezone: 'EST5EDT' }, ['timezone'], 'IANA'],
    ['F004 none', { timezone: undefined }, ['timezone'], 'missing'],
    ['in another case', { timezone: 'asia/shanghai' }, ['timezone'], 'IANA'],
    ['… in part', { timezone: 'Asia/shanghai' }, ['timezone'], 'IANA'],
    ['empty', { timezone: '' }, ['timezone'], 'IANA'],
    ['of a window', windowed({ ...DAYS, timezone: 'CET' }), ['windows', 'w', 'timezone'], 'IANA'],
  ])('%s', async (_, change, path, word) => expectProblem(change, path, word));

  it.each<[string, string]>([
    ['Asia/Shangai', 'did you mean Asia/Shanghai?'],
    ['asia/shanghai', 'did you mean Asia/Shanghai?'],
    ['Europe/Berlinn', 'did you mean Europe/Berlin?'],
    ['America/New York', 'did you mean America/New_York?'],
    ['Asia/Kolkatta', 'did you mean Asia/Kolkata?'],
    ['Asia/Beijing', 'did you mean Asia/Shanghai?'],
    ['Singapore', 'did you mean Asia/Singapore?'],
    ['utc', 'did you mean UTC?'],
    ['GMT', 'did you mean UTC?'],
    ['CST', 'abbreviations mean several zones'],
    ['+08:00', 'an offset does not follow summer time'],
    ['UTC+8', 'an offset does not follow summer time'],
    ['Middle/Nowhere', 'write Area/City'],
    ['constructor', 'write Area/City'],
    ['', 'write Area/City'],
  ])('%s: %s', async (timezone, hint) => {
    const [found] = await problems({ timezone });
    expect(found?.hint).toContain(hint);
  });

  it.each(['UTC', 'Asia/Kolkata', 'America/Argentina/Buenos_Aires', 'America/Port-au-Prince', 'Etc/UTC'])(
    '%s is one',
    async (timezone) => {
      expect((await read({ timezone })).timezone).toBe(timezone);
    },
  );
});

/** A wrong value of a key of a window, and what is said about it. */
type Slip = [key: string, value: unknown, hint: string];

describe('what to write instead', () => {
  it.each<Slip>([
    ['from', '1:00', 'write "01:00"'],
    ['from', '7:5', 'write "07:05"'],
    ['from', '01:00:00', 'write "01:00"'],
    ['from', '10 PM', 'write "22:00"'],
    ['from', '12am', 'write "00:00"'],
    ['from', '12:30 p.m.', 'write "12:30"'],
    ['from', 130, 'write "01:30"'],
    ['from', 2200, 'write "22:00"'],
    ['from', '24:00', 'a day begins at "00:00"'],
    ['from', '25:00', 'hours have two digits'],
    ['from', 'noon', 'hours have two digits'],
    ['from', null, 'give it a value, or take it out'],
    ['to', '24:30', 'hours have two digits'],
    ['duration', '-3h', 'never negative'],
    ['duration', '3', 'such as 3m, 3h or 3d'],
    ['duration', 90, 'such as 90m'],
    ['duration', '3 h', 'write 3h'],
    ['duration', ' 3h', 'write 3h'],
    ['duration', '3H', 'write 3h'],
    ['duration', '3 hours', 'write 3h'],
    ['duration', '90 min', 'write 90m'],
    ['duration', '30m3h', 'write 3h30m'],
    ['duration', '1.5h', 'write whole numbers'],
    ['duration', 'P1M', 'no fixed length'],
    ['duration', '1 year', 'no fixed length'],
    ['duration', '1mo', 'no fixed length'],
    ['duration', '32d', 'at most 31d'],
    ['duration', '99999999d', 'at most 31d'],
    ['duration', '30s', 'at least 1m'],
    ['duration', 'long', 'the largest first'],
    ['monthly', '2ND TUE', 'write "2nd tue"'],
    ['monthly', 'second tuesday', 'write "2nd tue"'],
    ['monthly', 'last-friday', 'write "last fri"'],
    ['monthly', 'Last Day', 'write "last day"'],
    ['monthly', 15, 'write "day 15"'],
    ['monthly', 'day 05', 'write "day 5"'],
    ['monthly', '6th sun', 'write 1st, 2nd'],
    ['monthly', 'sun', 'write 1st, 2nd'],
    ['days', ['tuesday'], 'did you mean tue?'],
    ['days', ['MO'], 'did you mean mon?'],
    ['days', [1], 'one of the words, such as mon'],
    ['days', 'tue', 'put it in brackets'],
    ['days', [], 'name one, or leave the key out'],
    ['timezone', 8, 'write Area/City'],
  ])('%s %j: %s', async (key, value, hint) => {
    const rest = key === 'duration' ? { days: ['tue'], from: '01:00' } : DAYS;
    const found = await problems(windowed({ ...rest, [key]: value }));
    expect(found.map((problem) => problem.hint).join()).toContain(hint);
  });

  it.each<[string, object, string]>([
    ['a share without a sign', { take: '5' }, 'write 5% for a share, or 5 without quotes'],
    ['a share as a fraction', { take: 0.05 }, 'write 5%'],
    ['a share with a space', { take: '5 %' }, 'write 5%'],
    ['a count in quotes', { parallel: '5' }, 'write 5 without quotes'],
    ['yes', { approve: 'yes' }, 'true or false without quotes'],
    ['a name with spaces', { wave: 'my first wave' }, 'for example my-first-wave'],
    ['a name of nothing usable', { wave: '…' }, 'for example prod-1'],
    ['no name', { wave: undefined }, 'add wave: prod'],
    ['no match', { match: undefined }, 'match: {} for every instance'],
    ['a list for a mapping', { match: [] }, 'write key: value pairs instead of a list'],
    ['a merge key', { '<<': {} }, 'no merge keys'],
    ['a window by another name', { window: 'nigth' }, 'did you mean night?'],
    ['a variable of no name', { wave: 'env:' }, 'like env:HUAWEICLOUD_PROJECT_ID'],
    ['a variable of the wrong form', { take: 'env:HUAWEICLOUD_REGION' }, 'mend the value of HUAWEICLOUD_REGION'],
  ])('%s', async (_, change, hint) => {
    const found = await problems({ rollout: [{ wave: 'a', match: {}, window: 'night', ...change }] });
    expect(found.map((problem) => problem.hint).join()).toContain(hint);
  });

  it.each<[string, string, string]>([
    ['FREQ=DAILY;FOO=1;;', 'it has FOO, which is not allowed', 'there are: FREQ'],
    ['FREQ=DAILY;;', 'it has an empty part', 'take out the ; too many'],
    ['FREQ=DAILY;INTERVAL=0', 'it has INTERVAL=0, which is not allowed', 'INTERVAL is from 1 to'],
    ['FREQ=DAILY;FREQ=DAILY', 'it has FREQ twice', 'leave one of them out'],
    ['FREQ=DAILY;INTERVALL=2', 'it has INTERVALL', 'did you mean INTERVAL?'],
    ['FREQ=WEEKLY;BYDAY=', 'it has BYDAY=, which is not allowed', 'like BYDAY=MO,TH'],
    ['RRULE:FREQ=DAILY', 'it has no usable FREQ', 'FREQ is one of'],
  ])('%s: %s', async (rrule, message, hint) => {
    const found = await problems(windowed({ rrule, start: '2026-01-01T01:00', duration: '1h' }));
    expect(found).toEqual([
      {
        path: ['windows', 'w', 'rrule'],
        message: expect.stringContaining(message),
        hint: expect.stringContaining(hint),
      },
    ]);
  });

  it.each<[string, object]>([
    ['value', { timezone: '🧊'.repeat(100_000) }],
    ['key', { ['🧊'.repeat(100_000)]: 1 }],
    ['name of a window', { rollout: [{ wave: 'a', match: {}, window: 'n'.repeat(200_000) }] }],
    ['cron rule', windowed({ cron: 'x'.repeat(200_000), duration: '1h' })],
    [
      'recurrence',
      windowed({ rrule: `FREQ=DAILY;${'X'.repeat(200_000)}=1`, start: '2026-01-01T01:00', duration: '1h' }),
    ],
    ['name of a variable', { timezone: `env:${'A'.repeat(200_000)}` }],
    ['duration', windowed({ days: ['tue'], from: '01:00', duration: '1h'.repeat(100_000) })],
  ])('an endless %s is cut where it is quoted, between characters', async (_, change) => {
    const found = await problems({ ...change });
    expect(found).toHaveLength(1);
    const { message, hint } = found[0]!;
    expect([message.length < 320, hint.length < 320, `${message}${hint}`.isWellFormed()]).toEqual([true, true, true]);
  });

  it.each<[string, object]>([
    ['items', windowed({ ...DAYS, days: Array(20_000).fill('tux') })],
    ['waves', { rollout: Array(20_000).fill({}) }],
    ['keys', Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`k${index}`, 1]))],
    ['receivers', { notify: Array(20_000).fill({ to: 'x' }) }],
    ['variables', { notify: Array(20_000).fill('env:NOBODY') }],
    ['waves of one name', { rollout: Array(20_000).fill({ wave: 'a', match: {}, window: 'b' }) }],
  ])('20,000 bad %s are told in less than a second', async (_, change) => {
    await problems({ timezone: 'CST' });
    const reads = async () => expect((await problems({ ...change })).length).toBeLessThanOrEqual(100);
    expect(await cpuTime(reads, 1_000)).toBeLessThan(1_000);
  });
});

describe('windows', () => {
  it.each<Row>([
    ['F005 25:00', windowed({ ...DAYS, from: '25:00' }), ['windows', 'w', 'from'], '"25:00"'],
    ['F005 23:60', windowed({ ...DAYS, from: '23:60' }), ['windows', 'w', 'from'], 'time of day'],
    ['F005 7:5', windowed({ ...DAYS, to: '7:5' }), ['windows', 'w', 'to'], 'time of day'],
    ['F005 24:00 as a start', windowed({ ...DAYS, from: '24:00' }), ['windows', 'w', 'from'], 'time of day'],
    ['F007 NO is no day', windowed({ ...DAYS, days: ['MO', 'NO'] }), ['windows', 'w', 'days', 1], '"NO"'],
    ['F007 false is no day', windowed({ ...DAYS, days: [false] }), ['windows', 'w', 'days', 0], 'false'],
    [
      'F008 it closes when it opens',
      windowed({ ...DAYS, to: '01:00' }),
      ['windows', 'w', 'to'],
      'closes when it opens',
    ],
    ['F008 … for cron', windowed({ cron: '0 1,3 * * *', to: '03:00' }), ['windows', 'w', 'to'], 'closes when it opens'],
    [
      'F008 … for a recurrence',
      windowed({ rrule: 'FREQ=DAILY', start: '2026-01-01T01:00', to: '01:00' }),
      ['windows', 'w', 'to'],
      'closes when it opens',
    ],
    [
      'F008 no time at all',
      windowed({ days: ['tue'], from: '01:00', duration: 'PT0S' }),
      ['windows', 'w', 'duration'],
      'from 1m',
    ],
    [
      'F011 a month has no fixed length',
      windowed({ days: ['tue'], from: '01:00', duration: 'P1M' }),
      ['windows', 'w', 'duration'],
      '"P1M"',
    ],
    [
      'F020 a recurrence that never fires',
      windowed({ rrule: 'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30', start: '2026-01-01T01:00', duration: '1h' }),
      ['windows', 'w', 'rrule'],
      'never fires',
    ],
    [
      'F020 … day by day',
      windowed({ rrule: 'FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30', start: '2026-01-01T01:00', duration: '1h' }),
      ['windows', 'w', 'rrule'],
      'never fires',
    ],
    [
      'F020 … as it ends before it begins',
      windowed({ rrule: 'FREQ=DAILY;UNTIL=20251231T000000Z', start: '2026-01-01T01:00', duration: '1h' }),
      ['windows', 'w', 'rrule'],
      'never fires',
    ],
    [
      'F022 UNTIL in local time',
      windowed({ rrule: 'FREQ=WEEKLY;UNTIL=20260202T070000', start: '2026-01-01T01:00', duration: '1h' }),
      ['windows', 'w', 'rrule'],
      'RFC 5545',
    ],
    [
      'F022 UNTIL and COUNT',
      windowed({ rrule: 'FREQ=WEEKLY;UNTIL=20260202T070000Z;COUNT=3', start: '2026-01-01T01:00', duration: '1h' }),
      ['windows', 'w', 'rrule'],
      'exclude each other',
    ],
    [
      'F023 cron: 30 February',
      windowed({ cron: '0 0 30 2 *', duration: '1h' }),
      ['windows', 'w', 'cron'],
      'never fires',
    ],
    [
      'F023 monthly: 30 February',
      windowed({ monthly: 'day 30', months: ['feb'], from: '01:00', duration: '1h' }),
      ['windows', 'w', 'monthly'],
      'never fires',
    ],
    ['F025 six fields', windowed({ cron: '0 0 2 * * *', duration: '1h' }), ['windows', 'w', 'cron'], '6 fields'],
    [
      'F025 the form of AWS',
      windowed({ cron: 'cron(0 2 ? * SUN *)', duration: '1h' }),
      ['windows', 'w', 'cron'],
      'AWS',
    ],
    ['F025 a question mark', windowed({ cron: '0 2 ? * SUN', duration: '1h' }), ['windows', 'w', 'cron'], '?'],
    ['cron: the last day', windowed({ cron: '0 2 L * *', duration: '1h' }), ['windows', 'w', 'cron'], 'L in field 3'],
    ['cron: the second Tuesday', windowed({ cron: '0 2 * * 2#2', duration: '1h' }), ['windows', 'w', 'cron'], '#'],
    ['cron: minute 60', windowed({ cron: '60 2 * * *', duration: '1h' }), ['windows', 'w', 'cron'], '60'],
    ['cron: a nickname', windowed({ cron: '@daily', duration: '1h' }), ['windows', 'w', 'cron'], '1 fields'],
    [
      'rrule: every hour',
      windowed({ rrule: 'FREQ=HOURLY', start: '2026-01-01T01:00', duration: '1h' }),
      ['windows', 'w', 'rrule'],
      'FREQ',
    ],
    [
      'rrule: an hour of its own',
      windowed({ rrule: 'FREQ=DAILY;BYHOUR=3', start: '2026-01-01T01:00', duration: '1h' }),
      ['windows', 'w', 'rrule'],
      '`start` says the time',
    ],
    [
      'rrule: day 45',
      windowed({ rrule: 'FREQ=MONTHLY;BYMONTHDAY=45', start: '2026-01-01T01:00', duration: '1h' }),
      ['windows', 'w', 'rrule'],
      'BYMONTHDAY',
    ],
    ['rrule: without a start', windowed({ rrule: 'FREQ=DAILY', duration: '1h' }), ['windows', 'w', 'start'], 'start'],
    ['no kind', windowed({ from: '01:00', to: '02:00' }), ['windows', 'w'], 'no kind'],
    ['two kinds', windowed({ ...DAYS, cron: '0 1 * * *' }), ['windows', 'w'], 'days, cron'],
    ['no end', windowed({ days: ['tue'], from: '01:00' }), ['windows', 'w'], 'neither to nor duration'],
    ['two ends', windowed({ ...DAYS, duration: '1h' }), ['windows', 'w', 'duration'], 'both'],
    ['no start', windowed({ days: ['tue'], to: '05:00' }), ['windows', 'w', 'from'], 'missing'],
    ['a key of another kind', windowed({ ...DAYS, offset: '1d' }), ['windows', 'w', 'offset'], 'does not go with days'],
    [
      'the own one with a time',
      windowed({ instance: true, from: '01:00' }),
      ['windows', 'w', 'from'],
      'does not go with instance',
    ],
    [
      'an offset of a week',
      windowed({ monthly: '1st sun', offset: '7d', from: '01:00', duration: '1h' }),
      ['windows', 'w', 'offset'],
      '6d',
    ],
    [
      'the sixth Sunday',
      windowed({ monthly: '6th sun', from: '01:00', duration: '1h' }),
      ['windows', 'w', 'monthly'],
      '6th',
    ],
    ['day 0', windowed({ monthly: 'day 0', from: '01:00', duration: '1h' }), ['windows', 'w', 'monthly'], 'day 0'],
    [
      'a date that does not exist',
      windowed({ date: '2026-02-30', from: '01:00', duration: '1h' }),
      ['windows', 'w', 'date'],
      'no date',
    ],
    ['no days', windowed({ ...DAYS, days: [] }), ['windows', 'w', 'days'], 'empty list'],
    ['F031 a list of windows', { windows: [] }, ['windows'], 'mapping'],
    [
      'F031 a wave without windows',
      { rollout: [{ wave: 'a', match: {}, window: [] }] },
      ['rollout', 0, 'window'],
      'empty list',
    ],
  ])('%s', async (_, change, path, word) => expectProblem(change, path, word));

  it('F020 … is found in bounded time also when it repeats for ever', async () => {
    const rare = windowed({
      rrule: 'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO',
      start: '2026-01-01T01:00',
      duration: '1h',
    });
    expect(await problems(rare)).toEqual([]);
  });

  it.each<[string, string]>([
    ['FREQ=DAILY;INTERVAL=11;BYDAY=FR;BYSETPOS=366', 'never fires'],
    ['FREQ=WEEKLY;BYDAY=MO;BYSETPOS=5', 'never fires'],
    ['FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=300', 'never fires'],
    ['FREQ=YEARLY;BYWEEKNO=53;BYMONTH=6', 'never fires'],
    ['FREQ=YEARLY;INTERVAL=10000;BYMONTH=2;BYMONTHDAY=29', 'never fires'],
    ['FREQ=DAILY;BYMONTHDAY=31;BYMONTH=3;COUNT=1000', 'reaches too far'],
    ['FREQ=DAILY;COUNT=1001', 'COUNT is from 1 to 1000'],
  ])('F020 … %s: %s', async (rrule, message) => {
    const found = await problems(windowed({ rrule, start: '2026-01-01T01:00', duration: '1h' }));
    expect(found).toHaveLength(1);
    expect(`${found[0]!.message} (${found[0]!.hint})`).toContain(message);
  });

  it('F020 … however many there are', async () => {
    const many = (count: number) =>
      Object.fromEntries(
        Array.from({ length: count }, (_, index) => [
          `w${index}`,
          { rrule: `FREQ=WEEKLY;INTERVAL=${index + 1};BYDAY=MO;BYSETPOS=5`, start: '2026-01-04T01:30', duration: '2h' },
        ]),
      );
    expect(await problems({ windows: many(20), rollout: [] })).toHaveLength(20);
    const rare = { rrule: 'FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO', start: '2017-01-01T01:30', duration: '2h' };
    const all = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`w${index}`, rare]));
    expect(await problems({ windows: all, rollout: [] })).toEqual([]);
    expect(await problems({ windows: many(21), rollout: [] })).toEqual([
      {
        path: ['windows'],
        message: 'windows: there are 21 rrule windows',
        hint: expect.stringContaining('at most 20'),
      },
    ]);
    // Each a start a minute, and open for a month: it has to be answered at all.
    const busy = Array.from({ length: 200 }, (_, index) => [`w${index}`, { cron: '* * * * *', duration: '31d' }]);
    const policy = await read({
      windows: Object.fromEntries(busy),
      rollout: [{ wave: 'a', match: {}, window: busy.map(([name]) => name) }],
    });
    expect(warningsOf(policy, { now: Date.parse('2026-06-01T00:00:00Z'), fleet: null })).toHaveLength(1);
    const never = Array.from({ length: 201 }, (_, index) => [
      `w${index}`,
      { cron: `${index % 60} ${index % 24} 30 2 *`, duration: '1h' },
    ]);
    expect(await problems({ windows: Object.fromEntries(never), rollout: [] })).toEqual([
      { path: ['windows'], message: 'windows: there are 201', hint: expect.stringContaining('at most 200') },
    ]);
    const apart = { cron: '*/2 * * * *', duration: '1m' };
    expect(await problems({ windows: { a: apart }, rollout: [] })).toEqual([]);
    expect(await problems({ windows: { a: apart, b: apart }, rollout: [] })).toEqual([
      {
        path: ['windows'],
        message: 'windows: cron windows open 1440 times a day in all',
        hint: expect.stringContaining('at most 1000'),
      },
    ]);
  });
});

describe('everything else', () => {
  const wave = (change: object) => ({ rollout: [{ wave: 'a', match: {}, window: 'night', ...change }] });
  const freeze = (change: object) => ({
    freezes: [{ name: 'f', from: '2026-11-01', to: '2026-11-13', reason: 'r', ...change }],
  });
  it.each<Row>([
    [
      'F026 a freeze that ends before it begins',
      freeze({ from: '2026-01-05', to: '2025-12-20' }),
      ['freezes', 0, 'to'],
      'before it begins',
    ],
    [
      'a freeze of no time',
      freeze({ from: '2026-01-05T10:00', to: '2026-01-05T10:00' }),
      ['freezes', 0, 'to'],
      'before it begins',
    ],
    ['a freeze without a reason', freeze({ reason: undefined }), ['freezes', 0, 'reason'], 'missing'],
    ['a freeze without an end', freeze({ to: undefined }), ['freezes', 0], 'from and to'],
    [
      'a freeze on day 40',
      freeze({ from: undefined, to: undefined, monthDays: '28..40' }),
      ['freezes', 0, 'monthDays'],
      '31',
    ],
    ['a freeze of two forms', freeze({ monthDays: '28..2' }), ['freezes', 0, 'monthDays'], 'does not go with'],
    [
      'a freeze of two other forms',
      freeze({ ics: 'a.ics' }),
      ['freezes', 0, 'ics'],
      'ics does not go with from and to',
    ],
    [
      'a freeze of no form',
      { freezes: [{ name: 'f', reason: 'r' }] },
      ['freezes', 0],
      'needs from and to, or monthDays, or ics',
    ],
    [
      'what to do when a calendar cannot be read, without one',
      freeze({ onError: 'open' }),
      ['freezes', 0, 'onError'],
      'goes with ics only',
    ],
    [
      'a calendar in the clear',
      { freezes: [{ name: 'f', reason: 'r', ics: 'http://example.com/a.ics' }] },
      ['freezes', 0, 'ics'],
      'an https URL',
    ],
    [
      'a calendar by another protocol',
      { freezes: [{ name: 'f', reason: 'r', ics: 'webcal://example.com/a.ics' }] },
      ['freezes', 0, 'ics'],
      'an https URL',
    ],
    ['F029 a mistyped freeze', { freezs: [] }, ['freezs'], 'did you mean freezes?'],
    ['F029 … inside a wave', wave({ sock: '1d' }), ['rollout', 0, 'sock'], 'did you mean soak?'],
    ['F029 … inside a match', wave({ match: { tag: {} } }), ['rollout', 0, 'match', 'tag'], 'did you mean tags?'],
    [
      'F040 __proto__',
      { windows: JSON.parse('{"__proto__": {"days": ["tue"]}}') },
      ['windows', '__proto__'],
      'not allowed',
    ],
    ['F040 constructor', { limits: { constructor: { prototype: {} } } }, ['limits', 'constructor'], 'not allowed'],
    ['another version', { version: 2 }, ['version'], '2'],
    ['a window that is not there', wave({ window: 'nigth' }), ['rollout', 0, 'window'], 'did you mean night?'],
    ['after a wave that is not there', wave({ after: 'x' }), ['rollout', 0, 'after'], 'no wave x'],
    ['after itself', wave({ after: 'a' }), ['rollout', 0, 'after'], 'itself'],
    [
      'after a wave below',
      {
        rollout: [
          { wave: 'a', match: {}, window: 'night', after: 'b' },
          { wave: 'b', match: {}, window: 'night', after: 'a' },
        ],
      },
      ['rollout', 0, 'after'],
      'below',
    ],
    [
      'two waves of a name',
      {
        rollout: [
          { wave: 'a', match: {}, window: 'night' },
          { wave: 'a', match: {}, window: 'night' },
        ],
      },
      ['rollout', 1, 'wave'],
      'already',
    ],
    ['a wave without a match', wave({ match: undefined }), ['rollout', 0, 'match'], 'missing'],
    ['a share of nothing', wave({ take: '0%' }), ['rollout', 0, 'take'], 'above 0%'],
    ['a share of more than all', wave({ take: '101%' }), ['rollout', 0, 'take'], '100%'],
    [
      'a number where a text is wanted',
      wave({ match: { versions: [5] } }),
      ['rollout', 0, 'match', 'versions'],
      'quotes',
    ],
    ['no instances at once', { limits: { parallel: 0 } }, ['limits', 'parallel'], 'from 1 up'],
    [
      'one at a time by what is no tag',
      { limits: { oneAtATimeBy: ['app'] } },
      ['limits', 'oneAtATimeBy', 0],
      'tag:app',
    ],
    ['no gate', { gates: {} }, ['gates'], 'no gate is named'],
    ['a gate that there is not', { gates: { cpus: '<70%' } }, ['gates', 'cpus'], 'did you mean cpu?'],
    ['a gate without <', { gates: { cpu: '70%' } }, ['gates', 'cpu'], '"<70%"'],
    ['a gate that is a number', { gates: { cpu: 70 } }, ['gates', 'cpu'], '"<70%"'],
    ['a gate that lets nothing pass', { gates: { memory: '<0%' } }, ['gates', 'memory'], 'above 0%'],
    ['a gate that lets everything pass', { gates: { memory: '<101%' } }, ['gates', 'memory'], 'at most 100%'],
    ['a gate the other way round', { gates: { bandwidth: '>70%' } }, ['gates', 'bandwidth'], '"<70%"'],
    ['backups that nobody asks for', { gates: { backupFirst: true } }, ['gates', 'backupFirst'], 'add backup'],
    ['no backups, and no other gate', { gates: { backupFirst: false } }, ['gates'], 'no gate is named'],
    ['a backup first that is an age', { gates: { backup: '<24h', backupFirst: '<1h' } }, ['gates', 'backupFirst'], ''],
    ['an age without <', { gates: { backup: '24h' } }, ['gates', 'backup'], '"<24h"'],
    ['an age in words', { gates: { backup: '<a day' } }, ['gates', 'backup'], '"<24h"'],
    ['an age that backups are not looked for', { gates: { backup: '<32d' } }, ['gates', 'backup'], 'to 31d'],
    ['an age that no backup has', { gates: { backup: '<59m' } }, ['gates', 'backup'], 'from 1h'],
    ['nothing to upgrade', { upgrade: {} }, ['upgrade'], 'nothing'],
    [
      'a scope twice',
      {
        scopes: [
          { project: 'p', region: 'r' },
          { project: 'p', region: 'r' },
        ],
      },
      ['scopes', 1],
      'already',
    ],
    [
      'an endpoint without TLS',
      { scopes: [{ project: 'p', region: 'r', endpoint: 'http://example.com' }] },
      ['scopes', 0, 'endpoint'],
      'https',
    ],
    [
      'an event that there is not',
      { notify: [{ to: 'log', events: ['faild'] }] },
      ['notify', 0, 'events', 0],
      'did you mean failed?',
    ],
    [
      'a webhook without a signature',
      { notify: [{ to: 'webhook', url: 'env:HOOK' }] },
      ['notify', 0, 'secret'],
      'signed',
    ],
    ['a secret in the policy', { notify: [{ ...WEBHOOK, secret: SECRET }] }, ['notify', 0, 'secret'], 'env:NAME'],
    ['a secret of another form', { notify: [{ ...WEBHOOK, secret: 'env:HOOK' }] }, ['notify', 0, 'secret'], 'whsec_'],
  ])('%s', async (_, change, path, word) => expectProblem(change, path, word));

  it('F040 no object of the program is touched', async () => {
    await problems({
      windows: JSON.parse('{"__proto__": {"polluted": true}}'),
      limits: { constructor: { prototype: { polluted: true } } },
    });
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it.each([null, [], 'text', 5])('%j is no policy', async (raw) => {
    expect(await parsePolicy(raw, ENV)).toMatchObject({
      problems: [{ path: [], message: expect.stringContaining('mapping') }],
    });
  });

  it('all problems come at once, also those of different kinds', async () => {
    const found = await problems(
      {
        timezone: 'CST',
        freezs: [],
        windows: { night: { ...DAYS, to: '01:00' }, day: { ...DAYS, from: 'noon' } },
        rollout: [
          { wave: 'a', match: {}, window: 'nigth', soak: 'long' },
          { wave: 'b', match: {}, window: 'day', after: 'x' },
        ],
        gates: {},
        notify: [{ to: 'webhook', url: 'env:NOBODY', secret: 'env:KEY' }],
      },
      WITH_SECRETS,
    );
    expect(found.map(({ path }) => path.join('.')).sort()).toEqual([
      'freezs',
      'gates',
      'notify.0.url',
      'rollout.0.soak',
      'rollout.1.after',
      'timezone',
      'windows.day.from',
      'windows.night.to',
    ]);
  });
});

describe('variables', () => {
  it.each([[undefined], ['']])('a missing one is named: %j', async (value) => {
    const env = { ...ENV, ...(value === undefined ? {} : { NOBODY: value }) };
    const found = await problems({ scopes: [{ project: 'env:NOBODY', region: 'r' }] }, env);
    expect(found).toEqual([
      {
        path: ['scopes', 0, 'project'],
        message: 'the variable NOBODY is not set',
        hint: expect.stringContaining('NOBODY'),
      },
    ]);
  });

  it('without scopes, both variables of the default one are wanted', async () => {
    const [found] = await problems({}, {});
    expect(found?.message).toContain('HUAWEICLOUD_PROJECT_ID and HUAWEICLOUD_REGION');
  });

  it.each<object>([
    { notify: [{ ...WEBHOOK, url: 'env:SECRET' }] },
    { notify: [{ ...WEBHOOK, secret: 'env:SECRET' }] },
    { freezes: [{ name: 'f', from: 'env:SECRET', to: 'env:SECRET', reason: 'r' }] },
    { rollout: [{ wave: 'a', match: {}, window: 'env:SECRET' }] },
    { timezone: 'env:SECRET' },
    windowed({ cron: 'env:SECRET', duration: '1h' }),
    windowed({ rrule: 'env:SECRET', start: '2026-01-01T01:00', duration: '1h' }),
    windowed({ date: 'env:SECRET', from: '01:00', duration: '1h' }),
  ])('no problem shows the value of one: %j', async (change) => {
    const found = await problems({ ...change }, { ...WITH_SECRETS, SECRET: 'hunter2secret' });
    expect(found.length).toBeGreaterThan(0);
    expect(JSON.stringify(found)).not.toContain('hunter2secret');
  });

  it('what stands under url or secret is not shown either', async () => {
    const found = await problems({ notify: [{ to: 'webhook', url: 'http://hunter2.example.com', secret: 'hunter2' }] });
    expect(JSON.stringify(found)).not.toContain('hunter2');
  });
});

describe('durations', () => {
  it.each<[string, number | null]>([
    ['90s', 90_000],
    ['45m', 45 * MINUTE],
    ['3h', 3 * HOUR],
    ['3h30m', 3.5 * HOUR],
    ['2d', 48 * HOUR],
    ['PT3H30M', 3.5 * HOUR],
    ['P2D', 2 * DAY],
    ['P1W', 7 * DAY],
    ['P1DT1H', 25 * HOUR],
    ['PT25H', 25 * HOUR],
    ['0m', 0],
    ['P1M', null],
    ['P1Y', null],
    ['P', null],
    ['PT', null],
    ['P1DT', null],
    ['', null],
    ['3', null],
    ['3 h', null],
    ['-3h', null],
    ['1.5h', null],
    ['30m3h', null],
    ['3H', null],
  ])('%s', (text, expected) => expect(parseDuration(text)).toBe(expected));
});

describe('the schema for editors', () => {
  it('is up to date: npm run schema', () => {
    expect(readFileSync('policy.schema.json', 'utf8')).toBe(policySchemaText());
  });

  it('has a description for every key', () => {
    const bare: string[] = [];
    const visit = (node: unknown, path: string): void => {
      if (typeof node !== 'object' || node === null) return;
      for (const [key, value] of Object.entries(node)) {
        if (key === 'properties')
          for (const [name, one] of Object.entries(value as Record<string, { description?: string }>))
            if (!one.description) bare.push(`${path}.${name}`);
        visit(value, `${path}.${key}`);
      }
    };
    visit(JSON.parse(policySchemaText()), '');
    expect(bare).toEqual([]);
  });

  it('refuses unknown keys everywhere, as the reader does', () => {
    expect(policySchemaText().match(/"properties"/g)?.length).toBe(
      policySchemaText().match(/"additionalProperties": false/g)?.length,
    );
  });
});

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import ical, { type VEvent } from 'node-ical';
import { cli } from '../support/cli.ts';
import { calendarText, event } from '../support/ics.ts';

const POLICY = `version: 1
timezone: Europe/Berlin
scopes: [{ project: p1, region: here-1 }]
windows:
  night: { days: [tue, wed, thu], from: "01:00", to: "05:00" }
  weekend: { days: [sat], from: "22:00", duration: 6h }
  own: { instance: true }
freezes:
  - { name: sale, from: 2026-11-25, to: 2026-11-25, reason: "sales, and more" }
  - { name: gold, from: 2026-11-26, to: 2026-11-26, match: { tags: { tier: gold } }, reason: theirs }
rollout: [{ wave: all, match: {}, window: [night, weekend] }]
`;
const WEEK = ['--from', '2026-11-23T00:00:00+01:00', '--to', '2026-11-30T00:00:00+01:00'];

let folder: string;
let policy: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'windows-'));
  policy = join(folder, 'policy.yaml');
  await writeFile(policy, POLICY);
});
afterAll(() => rm(folder, { recursive: true }));

const windows = (...args: string[]) => cli(['windows', '--policy', policy, ...args]);

describe('windows', () => {
  it('answers with UTC instants', async () => {
    const ran = await windows('--json', ...WEEK);
    expect(ran.code).toBe(0);
    expect(ran.json()).toEqual({
      openings: [
        { opens: '2026-11-24T00:00:00Z', closes: '2026-11-24T04:00:00Z', windows: ['night'] },
        { opens: '2026-11-26T00:00:00Z', closes: '2026-11-26T04:00:00Z', windows: ['night'] },
        { opens: '2026-11-28T21:00:00Z', closes: '2026-11-29T03:00:00Z', windows: ['weekend'] },
      ],
      frozen: [{ from: '2026-11-24T23:00:00Z', to: '2026-11-25T23:00:00Z', name: 'sale', reason: 'sales, and more' }],
    });
  });

  it('of one window alone', async () => {
    const { openings } = (await windows('--json', '--window', 'weekend', ...WEEK)).json<{ openings: object[] }>();
    expect(openings).toHaveLength(1);
  });

  it("as a table on the wall of the policy's zone", async () => {
    const { code, out, err } = await windows(...WEEK);
    expect(code).toBe(0);
    expect(out).toContain('Sat  2026-11-28T22:00:00+01:00  2026-11-29T04:00:00+01:00  6 h 0 min  weekend');
    expect(out).toContain('sale    sales, and more');
    expect(out).toContain('3 openings, open for 14 h 0 min in all.');
    expect(err).toContain("own is each instance's own");
  });

  it('as a calendar that a calendar program reads', async () => {
    const { out } = await windows('--format', 'ics', ...WEEK);
    const events = Object.values(ical.sync.parseICS(out)).filter((one): one is VEvent => one?.type === 'VEVENT');
    expect(events.map(({ summary, start, end }) => [summary, Number(start), Number(end)])).toEqual([
      ['DCS upgrades: night', Date.parse('2026-11-24T00:00:00Z'), Date.parse('2026-11-24T04:00:00Z')],
      ['DCS upgrades: night', Date.parse('2026-11-26T00:00:00Z'), Date.parse('2026-11-26T04:00:00Z')],
      ['DCS upgrades: weekend', Date.parse('2026-11-28T21:00:00Z'), Date.parse('2026-11-29T03:00:00Z')],
    ]);
    const later = await windows('--format', 'ics', '--from', '2026-11-24T02:00:00Z', '--to', '2026-11-30T00:00:00Z');
    const uids = (text: string) => text.match(/^UID:.*/gm);
    expect(uids(later.out)).toEqual(uids(out));
  });

  it('without what a calendar freezes, and all of it when that cannot be read', async () => {
    const [file, ics] = [join(folder, 'feed.yaml'), join(folder, 'freeze.ics')];
    const byCalendar = (path: string) => POLICY.replace('from: 2026-11-25, to: 2026-11-25', `ics: ${path}`);
    await writeFile(file, byCalendar(ics));
    await writeFile(ics, calendarText(...event('DTSTART;VALUE=DATE:20261124', 'DTEND;VALUE=DATE:20261126')));
    const good = await cli(['windows', '--policy', file, '--json', ...WEEK]);
    expect(good.json<{ openings: { opens: string }[] }>().openings.map(({ opens }) => opens)).toEqual([
      '2026-11-26T00:00:00Z',
      '2026-11-28T21:00:00Z',
    ]);
    await writeFile(file, byCalendar(join(folder, 'none.ics')));
    const closed = await cli(['windows', '--policy', file, '--json', ...WEEK]);
    const reason = expect.stringContaining('its calendar cannot be read, which counts as frozen');
    expect(closed.json()).toEqual({
      openings: [],
      frozen: [{ from: '2026-11-22T23:00:00Z', to: '2026-11-29T23:00:00Z', name: 'sale', reason }],
    });
  });

  it.each<[string, string[], string]>([
    [
      'an end before the beginning',
      ['--from', '2026-11-24T00:00:00Z', '--to', '2026-11-23T00:00:00Z'],
      'must be after',
    ],
    ['a time without an offset', ['--from', '2026-11-24T00:00:00'], 'ISO 8601'],
    [
      'more than a hundred years',
      ['--from', '2026-11-24T00:00:00Z', '--to', '2130-01-31T00:00:00Z'],
      'a hundred years',
    ],
    ['a window that is not there', ['--window', 'nigth'], 'did you mean night?'],
    ['another format', ['--format', 'csv'], 'ics is'],
    ['a format beside --json', ['--format', 'ics', '--json'], 'does not go with --json'],
  ])('refuses %s', async (_, args, message) => {
    const { code, out, err } = await windows(...args);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(message);
  });

  it('refuses more openings than anybody reads, before all of them are worked out', async () => {
    const often = join(folder, 'often.yaml');
    await writeFile(often, POLICY.replace(/^windows:.*$/m, 'windows:\n  often: { cron: "*/2 * * * *", duration: 1m }'));
    const { code, out, err } = await cli([
      'windows',
      '--policy',
      often,
      '--from',
      '2026-01-01T00:00:00Z',
      '--to',
      '2106-01-01T00:00:00Z',
    ]);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(
      'there are more than 100000 openings, the last of them before 2026-07-06T00:00:00Z: ask for a shorter time',
    );
  });

  it('refuses a policy that is not valid, with every problem', async () => {
    const bad = join(folder, 'bad.yaml');
    await writeFile(bad, POLICY.replace('freezes', 'freezs').replace('Europe/Berlin', 'Europe/Berlinn'));
    const { code, err } = await cli(['windows', '--policy', bad]);
    expect(code).toBe(2);
    expect(err).toContain('bad.yaml:8:1 unknown key freezs (did you mean freezes?)');
    expect(err).toContain('bad.yaml:2:1 timezone is "Europe/Berlinn"');
  });

  it('refuses a policy that is not there', async () => {
    const { code, err } = await cli(['windows', '--policy', join(folder, 'none.yaml')]);
    expect(code).toBe(2);
    expect(err).toContain('none.yaml cannot be read');
  });
});

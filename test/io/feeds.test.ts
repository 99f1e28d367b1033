import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Feed } from '../../lib/core/policy.ts';
import { MINUTE } from '../../lib/core/time.ts';
import { withFeeds } from '../../lib/io/feeds.ts';
import { loadCalendar } from '../../lib/io/ics.ts';
import { aFreeze, aPolicy, NIGHT } from '../support/builders.ts';
import { calendarText, event } from '../support/ics.ts';
import { startUnkindServer, type UnkindServer } from '../support/unkind-server.ts';

const GOOD = calendarText(...event('DTSTART:20261224T080000Z', 'DTEND:20261224T100000Z'));
const STRETCHES = [{ from: Date.parse('2026-12-24T08:00:00Z'), to: Date.parse('2026-12-24T10:00:00Z') }];

let server: UnkindServer;

beforeEach(async () => {
  server = await startUnkindServer(() => ({ body: GOOD }));
});
afterEach(() => server.close());

/** What is read of a calendar there, and the reason that instances are given. */
async function read(
  source: string,
  now = NIGHT,
  onError: Feed['onError'] = 'closed',
  policyFile = 'policy.yaml',
): Promise<Feed & { reason: string }> {
  const span: Feed = { kind: 'feed', source, onError, timezone: 'UTC', stretches: null, problem: null };
  const { freezes } = await withFeeds(
    aPolicy({ freezes: [aFreeze({ span, reason: 'company calendar' })] }),
    now,
    policyFile,
  );
  return { ...(freezes[0]!.span as Feed), reason: freezes[0]!.reason };
}

describe('a calendar elsewhere', () => {
  it('is read', async () => {
    expect(await read(`${server.url}/good.ics`)).toMatchObject({
      stretches: STRETCHES,
      problem: null,
      reason: 'company calendar',
    });
    expect(server.received.map(({ method, headers }) => [method, headers.accept])).toEqual([['GET', 'text/calendar']]);
  });

  it('is read with a mark of the byte order before it', async () => {
    server.answer = () => ({ body: `\uFEFF${GOOD}` });
    expect((await read(`${server.url}/bom.ics`)).stretches).toEqual(STRETCHES);
  });

  it('is read again after ten minutes, not before', async () => {
    const ask = (after: number) => read(`${server.url}/again.ics`, NIGHT + after * MINUTE);
    for (const after of [0, 5, 9, 10, 12]) await ask(after);
    expect(server.received).toHaveLength(2);
  });

  it('is asked again after a minute when it could not be read', async () => {
    server.answer = (_, nth) => (nth === 1 ? { status: 500 } : { body: GOOD });
    const ask = (after: number) => read(`${server.url}/healed.ics`, NIGHT + after * MINUTE);
    expect([(await ask(0)).stretches, (await ask(0.5)).stretches, (await ask(1)).stretches]).toEqual([
      null,
      null,
      STRETCHES,
    ]);
    expect(server.received).toHaveLength(2);
  });

  it('that was readable and no longer is counts as unread', async () => {
    expect((await read(`${server.url}/gone.ics`)).stretches).toEqual(STRETCHES);
    server.answer = () => ({ status: 404 });
    expect(await read(`${server.url}/gone.ics`, NIGHT + 11 * MINUTE)).toMatchObject({
      stretches: null,
      problem: 'its server answered 404',
    });
  });

  it('is followed to another place on the same host', async () => {
    server.answer = ({ path }) =>
      path === '/moved.ics' ? { status: 302, headers: { location: '/here.ics' } } : { body: GOOD };
    expect((await read(`${server.url}/moved.ics`)).stretches).toEqual(STRETCHES);
  });

  it.each<[string, UnkindServer['answer'], RegExp]>([
    ['another host', () => ({ status: 302, headers: { location: 'https://example.com/a.ics' } }), /sends elsewhere/],
    [
      'the same host in the clear by another port',
      () => ({ status: 302, headers: { location: 'http://127.0.0.1:1/' } }),
      /sends elsewhere/,
    ],
    ['itself for ever', () => ({ status: 302, headers: { location: '/loop' } }), /redirects more than 3 times/],
    ['an error', () => ({ status: 503 }), /answered 503/],
    ['nothing new', () => ({ status: 304 }), /answered 304/],
    ['a page to sign in', () => ({ body: '<html>\n</html>' }), /no calendar/],
    ['a broken connection', () => 'reset', /connection to its server broke/],
    ['half of it', () => 'truncated', /its server broke|garbled/],
    ['more than anybody reads', () => ({ body: calendarText(`X-FILL:${'x'.repeat(1_100_000)}`) }), /larger than/],
  ])('that answers with %s cannot be read', async (name, answer, problem) => {
    server.answer = answer;
    const found = await read(`${server.url}/${encodeURIComponent(name)}.ics?token=hunter2`);
    expect(found).toMatchObject({ stretches: null, problem: expect.stringMatching(problem) });
    expect(found.reason).toMatch(/^company calendar \(its calendar cannot be read, which counts as frozen: /);
    expect(`${found.problem}${found.reason}`).not.toMatch(/hunter2|127\.0\.0\.1/);
  });

  it.each<[string, UnkindServer['answer']]>([
    ['says nothing', () => 'silent'],
    ['never ends', () => 'endless'],
    ['takes its time over each of three redirects', () => ({ status: 302, headers: { location: '/on' }, after: 80 })],
  ])('whose server %s is not waited for', async (_, answer) => {
    server.answer = answer;
    await expect(loadCalendar(`${server.url}/slow.ics`, 200)).rejects.toThrow(/within 0.2 seconds|too large/);
  });

  it('whose address holds a password is not asked for without it', async () => {
    const problem = (await read(server.url.replace('//', '//jane:hunter2@'))).problem;
    expect(problem).toBe('its address holds a user or a password, which are not sent');
  });

  it('that takes no connection cannot be read', async () => {
    expect((await read('http://127.0.0.1:9/none.ics')).problem).toMatch(/takes no connection|under this address/);
  });

  it('that may be missing freezes nothing meanwhile', async () => {
    server.answer = () => ({ status: 404 });
    expect(await read(`${server.url}/open.ics`, NIGHT, 'open')).toMatchObject({
      stretches: null,
      reason: 'company calendar',
    });
  });
});

describe('a calendar in a file', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'feeds-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('is read', async () => {
    await writeFile(join(folder, 'a.ics'), GOOD);
    expect((await read(join(folder, 'a.ics'))).stretches).toEqual(STRETCHES);
  });

  it.each(['c.ics', './c.ics', '../x/c.ics'])('%s is looked for from the folder of the policy', async (source) => {
    const inside = join(folder, 'x');
    await mkdir(inside);
    await writeFile(join(inside, 'c.ics'), GOOD);
    const policyFile = relative('.', join(inside, 'policy.yaml'));
    expect((await read(source, NIGHT, 'closed', policyFile)).stretches).toEqual(STRETCHES);
  });

  it.each(['s3://bucket/policies/policy.yaml', 'ssm:/policy'])(
    'is one of the program with a policy in %s',
    async (policyFile) => {
      const source = relative('.', join(folder, 'e.ics'));
      await writeFile(join(folder, 'e.ics'), GOOD);
      expect((await read(source, NIGHT, 'closed', policyFile)).stretches).toEqual(STRETCHES);
    },
  );

  it('of one path, named by policies in two folders, is two calendars', async () => {
    await writeFile(join(folder, 'd.ics'), GOOD);
    const from = async (at: string) => (await read('d.ics', NIGHT, 'closed', join(folder, at))).problem;
    expect([await from('policy.yaml'), await from('x/policy.yaml')]).toEqual([
      null,
      'its file cannot be read (ENOENT)',
    ]);
  });

  it('that is endless cannot be read', async () => {
    await writeFile(join(folder, 'b.ics'), GOOD);
    await truncate(join(folder, 'b.ics'), 3 * 1024 ** 3);
    expect((await read(join(folder, 'b.ics'))).problem).toMatch(/larger than/);
  });

  it('that is not there cannot be read', async () => {
    expect(await read(join(folder, 'none.ics'))).toMatchObject({
      stretches: null,
      problem: 'its file cannot be read (ENOENT)',
    });
  });
});

it('a policy without calendars stays as it is', async () => {
  const policy = aPolicy({ freezes: [aFreeze()] });
  expect(await withFeeds(policy, NIGHT, 'policy.yaml')).toEqual(policy);
});

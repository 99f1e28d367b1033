import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { canonicalCode } from '../../../lib/core/errors.ts';
import type { Scope } from '../../../lib/core/instance.ts';
import { MINUTE, SECOND } from '../../../lib/core/time.ts';
import { type Clock, type Dcs, DcsError } from '../../../lib/deps.ts';
import { createDcs, type DcsOptions } from '../../../lib/io/dcs/client.ts';
import { canonicalRequest, signature } from '../../../lib/io/dcs/sign.ts';
import { type Received, type Reply, startUnkindServer, type UnkindServer } from '../../support/unkind-server.ts';

const START = Date.parse('2026-03-06T14:00:00Z');
const keys = { ak: 'AKMADEUP0001', sk: 'made-up/secret+key' };
const scope: Scope = { id: 'cn-north-4/p1', project: 'p1', region: 'cn-north-4' };

/** Sleeps take no time here, and are remembered. */
interface SkippingClock extends Clock {
  slept: number[];
}

let server: UnkindServer;
let clock: SkippingClock;
let logged: [code: string, data: Record<string, unknown> | undefined][];

beforeEach(async () => {
  server = await startUnkindServer();
  let now = START;
  const slept: number[] = [];
  clock = {
    slept,
    now: () => now,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      now += ms;
      slept.push(ms);
    },
  };
  logged = [];
});

afterEach(() => server.close());

function dcs(change: Partial<DcsOptions> = {}): Dcs {
  return createDcs({
    clock,
    credentials: async () => keys,
    endpointOverride: server.url,
    log: (_, code, data) => logged.push([code, data]),
    random: () => 0.5,
    ...change,
  });
}

/** The error that a read ends with. */
async function failureOf(work: Promise<unknown>): Promise<DcsError> {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(DcsError);
  return error as DcsError;
}

const good: Reply = { body: { task_id: 'task-1' }, headers: { 'x-request-id': 'r-1' } };
const version: Reply = { body: { engine_minor_version: '1', engine_minor_version_upgradable: true } };

describe('a request', () => {
  it('is signed so that the receiver can check it, and names project and program', async () => {
    server.answer = () => version;
    await dcs({ credentials: async () => ({ ...keys, securityToken: 'tok' }) }).showVersions(scope, 'i-1');
    const [request] = server.received;
    expect(request!.path).toBe('/v2/p1/instances/i-1/version');
    expect(request!.headers).toMatchObject({
      'x-project-id': 'p1',
      'x-security-token': 'tok',
      'user-agent': expect.stringMatching(/^dcs-upgrader\/\d/),
    });
    expectSigned(request!);
  });

  it('has its path and query encoded as they are signed', async () => {
    server.answer = () => ({ body: { tasks: [] } });
    await dcs().listTasks({ ...scope, project: 'p 1' }, 'a/b?c', START);
    expect(server.received[0]!.path).toBe('/v2/p%201/instances/a%2Fb%3Fc/tasks');
    expectSigned(server.received[0]!);
  });

  it('uses the credentials that the scope names', async () => {
    server.answer = () => version;
    const asked: (string | undefined)[] = [];
    const client = dcs({
      credentials: async (name) => {
        asked.push(name);
        return keys;
      },
    });
    await client.showVersions(scope, 'i-1');
    await client.showVersions({ ...scope, credentials: 'main' }, 'i-1');
    expect(asked).toEqual([undefined, 'main']);
  });
});

function expectSigned(request: Received): void {
  const [, names, given] = /SignedHeaders=([^,]+), Signature=(\w+)$/.exec(request.headers.authorization!)!;
  const { method, path, headers, body } = request;
  const canonical = canonicalRequest({
    method,
    path,
    query: Object.entries(request.query),
    headers,
    signedHeaders: names!.split(';'),
    body,
  });
  expect(signature(keys.sk, headers['x-sdk-date']!, canonical)).toBe(given);
  expect(names).toMatch(/host;.*x-project-id;x-sdk-date/);
}

describe('the endpoint', () => {
  it.each`
    endpoint                       | why
    ${'http://dcs.example.com'}    | ${'plain http to another machine'}
    ${'http://127.0.0.1.evil.com'} | ${'a name that only looks like this machine'}
    ${'ftp://127.0.0.1'}           | ${'no http'}
    ${'https://a:b@example.com'}   | ${'with a password'}
    ${'nonsense'}                  | ${'no address'}
  `('$endpoint is refused before anything is sent ($why)', async ({ endpoint }) => {
    const outcome = await dcs({ endpointOverride: endpoint as string }).upgrade(scope, 'i-1', { engine: 'latest' });
    expect(outcome).toMatchObject({ kind: 'not_sent', code: 'TRANSPORT.ENDPOINT', rule: { stops: 'scope' } });
  });

  it('of the scope is used where there is no other, with its path', async () => {
    server.answer = () => version;
    await dcs({ endpointOverride: undefined }).showVersions({ ...scope, endpoint: `${server.url}/base/` }, 'i-1');
    expect(server.received[0]!.path).toBe('/base/v2/p1/instances/i-1/version');
  });
});

describe('an upgrade', () => {
  it.each`
    wanted                                    | body
    ${{ engine: 'latest' }}                   | ${'{"engine_minor_version":"latest"}'}
    ${{ proxy: 'latest' }}                    | ${'{"proxy_minor_version":"latest"}'}
    ${{ proxy: 'latest', engine: '6.2.7.2' }} | ${'{"engine_minor_version":"6.2.7.2","proxy_minor_version":"latest"}'}
  `('that wants $wanted is one POST of $body', async ({ wanted, body }) => {
    server.answer = () => good;
    const outcome = await dcs().upgrade(scope, 'i-1', wanted as object);
    expect(outcome).toEqual({ kind: 'accepted', taskId: 'task-1', requestId: 'r-1' });
    expect(server.received).toHaveLength(1);
    expect(server.received[0]).toMatchObject({
      method: 'POST',
      path: '/v2/p1/instances/i-1/minor-version/upgrade',
      body,
    });
    expect(server.received[0]!.headers).toMatchObject({
      'content-type': 'application/json',
      'content-length': String((body as string).length),
    });
    expectSigned(server.received[0]!);
  });

  it.each([{}, { engine: '' }])('of nothing (%j) is never sent', async (wanted) => {
    expect(await dcs().upgrade(scope, 'i-1', wanted)).toMatchObject({
      kind: 'refused',
      rule: { class: 'bug', retry: 'never' },
    });
    expect(server.received).toEqual([]);
  });

  const busy = { error_code: 'DCS.4096', error_msg: 'the instance is backuping.' };
  const failed = { error_code: 'DCS.5000', error_msg: 'Internal server error.' };
  it.each`
    answer                                           | kind          | code                     | why
    ${{ status: 202, body: { task_id: 12345 } }}     | ${'accepted'} | ${undefined}             | ${'a number is an id too'}
    ${{ status: 200, body: '' }}                     | ${'unknown'}  | ${'TRANSPORT.EMPTY'}     | ${'F088 empty'}
    ${{ status: 204 }}                               | ${'unknown'}  | ${'TRANSPORT.EMPTY'}     | ${'F088 no content'}
    ${{ status: 200, body: '<html>welcome</html>' }} | ${'unknown'}  | ${'TRANSPORT.GARBLED'}   | ${'F088 HTML'}
    ${{ status: 200, body: '{"task_id":"ff' }}       | ${'unknown'}  | ${'TRANSPORT.GARBLED'}   | ${'F088 half an answer'}
    ${{ status: 200, body: 'null' }}                 | ${'unknown'}  | ${'TRANSPORT.GARBLED'}   | ${'F088 null'}
    ${{ status: 200, body: {} }}                     | ${'unknown'}  | ${'TRANSPORT.GARBLED'}   | ${'F089 no task id'}
    ${{ status: 200, body: { task_id: '' } }}        | ${'unknown'}  | ${'TRANSPORT.GARBLED'}   | ${'F089 an empty one'}
    ${{ status: 200, body: { task_id: null } }}      | ${'unknown'}  | ${'TRANSPORT.GARBLED'}   | ${'F089 null'}
    ${'truncated'}                                   | ${'unknown'}  | ${'TRANSPORT.RESET'}     | ${'F088 broken off'}
    ${'endless'}                                     | ${'unknown'}  | ${'TRANSPORT.TOO_LARGE'} | ${'it never ends'}
    ${'reset'}                                       | ${'unknown'}  | ${'TRANSPORT.RESET'}     | ${'the connection broke'}
    ${'silent'}                                      | ${'unknown'}  | ${'TRANSPORT.TIMEOUT'}   | ${'no answer'}
    ${{ status: 500, body: busy }}                   | ${'unknown'}  | ${'DCS.4096'}            | ${'whatever the code says'}
    ${{ status: 502, body: '<html>' }}               | ${'unknown'}  | ${'HTTP.502'}            | ${'the gateway failed, DCS may not have'}
    ${{ status: 503 }}                               | ${'unknown'}  | ${'HTTP.503'}            | ${'likewise'}
    ${{ status: 504 }}                               | ${'unknown'}  | ${'HTTP.504'}            | ${'likewise'}
    ${{ status: 408 }}                               | ${'unknown'}  | ${'HTTP.408'}            | ${'the server gave up waiting; for what is not known'}
    ${{ status: 400, body: busy }}                   | ${'refused'}  | ${'DCS.4096'}            | ${'busy'}
    ${{ status: 400, body: failed }}                 | ${'unknown'}  | ${'DCS.5000'}            | ${'a fault of the server, whatever the status says'}
    ${{ status: 401 }}                               | ${'refused'}  | ${'HTTP.401'}            | ${'F080 no second try'}
    ${{ status: 421 }}                               | ${'refused'}  | ${'HTTP.421'}            | ${'which fetch answers with a second POST, if it can'}
    ${{ status: 429, body: '' }}                     | ${'refused'}  | ${'HTTP.429'}            | ${'throttled'}
    ${{ status: 307, headers: { location: '/x' } }}  | ${'refused'}  | ${'TRANSPORT.REDIRECT'}  | ${'F091 a redirect that keeps method and body'}
  `('answered with $answer is $kind, after exactly one POST ($why)', async ({ answer, kind, code }) => {
    server.answer = () => answer as Reply;
    // Only what waits for the time-out itself has a short one: on a busy machine the others take their time.
    const tryLasts = code === 'TRANSPORT.TIMEOUT' ? 300 : 20_000;
    const outcome = await dcs({ timeouts: { tryLasts } }).upgrade(scope, 'i-1', { engine: 'latest' });
    expect(outcome).toMatchObject(code === undefined ? { kind, taskId: '12345' } : { kind, code });
    expect(server.received).toHaveLength(1);
    expect(clock.slept).toEqual([]);
  });

  it('by two spellings of one code is one refusal', async () => {
    const outcomes = [];
    for (const error_code of ['DCS.4116', '111400116']) {
      server.answer = () => ({ status: 400, body: { error_code, error_msg: 'the instance is upgrading.' } });
      outcomes.push(await dcs().upgrade(scope, 'i-1', { engine: 'latest' }));
    }
    expect(outcomes[0]).toMatchObject({ kind: 'refused', code: canonicalCode('111400116'), rule: { class: 'adopt' } });
    expect(outcomes[1]).toEqual(outcomes[0]);
  });

  it.each`
    why                           | change                                                              | code
    ${'nobody listens'}           | ${{ endpointOverride: 'https://127.0.0.1:2' }}                      | ${'TRANSPORT.REFUSED'}
    ${'the name does not exist'}  | ${{ endpointOverride: 'https://dcs.invalid' }}                      | ${'TRANSPORT.DNS'}
    ${'there are no credentials'} | ${{ credentials: () => Promise.reject(new Error('X is not set')) }} | ${'CREDENTIALS.MISSING'}
  `('is known not to be sent where $why', async ({ change, code }) => {
    const outcome = await dcs(change as object).upgrade(scope, 'i-1', { engine: 'latest' });
    expect(outcome).toMatchObject({ kind: 'not_sent', code, rule: { stops: 'scope' } });
    expect(server.received).toEqual([]);
  });

  it('is not sent to a server that cannot prove who it is, nor to one that speaks no TLS', async () => {
    const outcome = await dcs({ endpointOverride: server.url.replace('http:', 'https:') }).upgrade(scope, 'i-1', {
      engine: 'latest',
    });
    expect(outcome).toMatchObject({ kind: 'not_sent', code: 'TRANSPORT.TLS' });
    expect(server.received).toEqual([]);
  });

  it('F085 is not sent late: where the request limit leaves no room now, it stays here', async () => {
    const client = dcs();
    server.answer = () => ({ status: 429, headers: { 'retry-after': '120' }, body: '' });
    await failureOf(client.showInstance(scope, 'i-1'));
    server.received.length = 0;
    expect(await client.upgrade(scope, 'i-1', { engine: 'latest' })).toMatchObject({
      kind: 'not_sent',
      code: 'APIGW.0308',
      rule: { stops: 'scope', retry: 'tick' },
    });
    expect(server.received).toEqual([]);
  });
});

describe('a read', () => {
  it.each`
    first                                                 | requests | why
    ${{ status: 500, body: '<html>oops</html>' }}         | ${2}     | ${'F086'}
    ${{ status: 502, body: '' }}                          | ${2}     | ${'F086'}
    ${{ status: 503, body: {} }}                          | ${2}     | ${'F086'}
    ${{ status: 504, body: 'x' }}                         | ${2}     | ${'F086'}
    ${'reset'}                                            | ${2}     | ${'a broken connection'}
    ${'silent'}                                           | ${2}     | ${'no answer'}
    ${'truncated'}                                        | ${2}     | ${'half an answer'}
    ${{ status: 200, body: '<html>welcome</html>' }}      | ${2}     | ${'a login page'}
    ${{ status: 200, body: {} }}                          | ${2}     | ${'nothing in it'}
    ${{ status: 429, body: { error_code: 'APIG.0308' } }} | ${2}     | ${'F085 throttled'}
  `('that first gets $first is repeated ($why)', async ({ first, requests }) => {
    server.answer = (_, nth) => (nth === 1 ? (first as Reply) : version);
    expect(await dcs({ timeouts: { tryLasts: 300 } }).showVersions(scope, 'i-1')).toMatchObject({
      engine: { upgradable: true },
    });
    expect(server.received).toHaveLength(requests as number);
  });

  it.each`
    answer                                                         | code                     | why
    ${{ status: 401, body: { error_code: 'APIGW.0301' } }}         | ${'APIGW.0301'}          | ${'F080 the same signature is wrong again'}
    ${{ status: 401 }}                                             | ${'HTTP.401'}            | ${'F080'}
    ${{ status: 403, body: { error_code: 'DCS.4003' } }}           | ${'DCS.4003'}            | ${'F082'}
    ${{ status: 404, body: { error_code: 'DCS.3022' } }}           | ${'DCS.3022'}            | ${'F083 gone'}
    ${{ status: 400, body: { error_code: 'DCS.4800' } }}           | ${'DCS.4800'}            | ${'our own mistake'}
    ${{ status: 302, headers: { location: 'https://x.example' } }} | ${'TRANSPORT.REDIRECT'}  | ${'F091'}
    ${'endless'}                                                   | ${'TRANSPORT.TOO_LARGE'} | ${'more than any answer of DCS'}
  `('that gets $answer fails at once with $code ($why)', async ({ answer, code }) => {
    server.answer = () => answer as Reply;
    expect(await failureOf(dcs().showInstance(scope, 'i-1'))).toMatchObject({ code, name: 'DcsError' });
    expect(server.received).toHaveLength(1);
  });

  it('F086 gives up after five tries, each later than the one before, and says nothing of the HTML', async () => {
    server.answer = () => ({ status: 502, body: '<html><body>secret page</body></html>' });
    const error = await failureOf(dcs().showVersions(scope, 'i-1'));
    expect(error).toMatchObject({ code: 'HTTP.502', status: 502, message: 'HTTP 502 with an HTML body' });
    expect(server.received).toHaveLength(5);
    const backoffs = logged.filter(([code]) => code === 'dcs_retry').map(([, data]) => data!.backoff);
    expect(backoffs).toEqual([250, 500, 1_000, 2_000]);
  });

  it('is not repeated once its time is over', async () => {
    server.answer = () => ({ status: 503 });
    await failureOf(dcs({ timeouts: { readLasts: SECOND } }).showVersions(scope, 'i-1'));
    expect(server.received).toHaveLength(3);
  });

  it('F085 waits as long as a 429 asks, and so does every other read of the scope', async () => {
    server.answer = (_, nth) => (nth === 1 ? { status: 429, headers: { 'retry-after': '17' }, body: '' } : version);
    const client = dcs();
    await client.showVersions(scope, 'i-1');
    expect(clock.now()).toBe(START + 17 * SECOND);
    await client.showVersions(scope, 'i-2');
    expect(server.received).toHaveLength(3);
  });

  it('F085 fails at once where a 429 asks for more time than there is; another scope is not concerned', async () => {
    server.answer = ({ path }) =>
      path.includes('/p1/') ? { status: 429, headers: { 'retry-after': '86400' }, body: '' } : version;
    const client = dcs();
    const error = await failureOf(client.showVersions(scope, 'i-1'));
    expect(error).toMatchObject({ code: 'APIGW.0308', rule: { class: 'throttled', stops: 'scope' } });
    expect(clock.now()).toBeLessThan(START + MINUTE);
    expect(server.received).toHaveLength(1);
    await client.showVersions({ ...scope, id: 'cn-north-4/p2', project: 'p2' }, 'i-1');
    expect(server.received).toHaveLength(2);
  });

  it('ends when the run has no time left', async () => {
    const controller = new AbortController();
    server.answer = () => {
      setTimeout(() => controller.abort(new Error('whatever reason')), 10);
      return 'silent';
    };
    const error = await failureOf(dcs().listInstances(scope, controller.signal));
    expect(error).toMatchObject({ code: 'TRANSPORT.TIMEOUT', message: expect.stringMatching(/no time left/) });
    expect(server.received).toHaveLength(1);
    await failureOf(dcs().listInstances(scope, controller.signal));
    expect(server.received).toHaveLength(1);
  });

  it('F091 a redirect is not followed and Authorization goes nowhere else', async () => {
    const other = await startUnkindServer(() => version);
    server.answer = () => ({ status: 301, headers: { location: `${other.url}/v2/x` } });
    try {
      await failureOf(dcs().showVersions(scope, 'i-1'));
      await dcs().upgrade(scope, 'i-1', { engine: 'latest' });
      expect(other.received).toEqual([]);
      expect(server.received).toHaveLength(2);
    } finally {
      await other.close();
    }
  });

  it('F127 leaves nothing secret in what it throws, whatever the gateway repeats', async () => {
    server.answer = ({ headers }) => ({
      status: 401,
      body: { error_code: 'APIGW.0301', error_msg: `bad: ${JSON.stringify(headers)} ${keys.sk}` },
    });
    const error = await failureOf(dcs().showVersions(scope, 'i-1'));
    const everything = [error.message, error.stack, JSON.stringify(error), String(error.cause)].join(' ');
    expect(everything).not.toContain(keys.ak);
    expect(everything).not.toContain(keys.sk);
    expect(everything).not.toMatch(/[0-9a-f]{64}/);
    expect(JSON.stringify(logged)).not.toContain(keys.ak);
  });
});

/** A fleet that answers as ListInstances does: rows from `offset`, at most `limit` of them. */
function fleet(
  ids: () => readonly string[],
  change: { pageSize?: number; count?: number } = {},
): UnkindServer['answer'] {
  return ({ query }) => {
    const size = Math.min(Number(query.limit), change.pageSize ?? 1_000);
    const rows = ids().slice(Number(query.offset), Number(query.offset) + size);
    return {
      body: {
        instance_num: change.count ?? ids().length,
        instances: rows.map((instance_id) => ({ instance_id, status: 'RUNNING' })),
      },
    };
  };
}

const named = (count: number) => Array.from({ length: count }, (_, nth) => `i-${nth}`);

function missing(ids: readonly string[], found: readonly string[]): string[] {
  const known = new Set(found);
  return ids.filter((id) => !known.has(id));
}

describe('the list of instances', () => {
  async function listed(): Promise<string[]> {
    return (await dcs().listInstances(scope)).map(({ instanceId }) => instanceId);
  }
  const offsets = () => server.received.map(({ query }) => Number(query.offset));

  it.each`
    count    | asked                | why
    ${0}     | ${[0]}               | ${'an empty fleet'}
    ${3}     | ${[0]}               | ${'a short page is the last one'}
    ${999}   | ${[0]}               | ${'likewise'}
    ${1_000} | ${[0, 1_000]}        | ${'a full page may not be'}
    ${2_002} | ${[0, 1_000, 2_000]} | ${'three pages'}
  `('of $count asks for the rows from $asked ($why)', async ({ count, asked }) => {
    server.answer = fleet(() => named(count as number));
    expect(await listed()).toEqual(named(count as number));
    expect(offsets()).toEqual(asked);
    expect(server.received[0]!.query.limit).toBe('1000');
  });

  it('F092 has each instance once, however often it shows up', async () => {
    server.answer = ({ query }) => fleet(() => [...named(1_000), 'i-5', 'i-999', 'i-1000'])({ query } as Received, 1);
    expect(await listed()).toEqual(named(1_001));
  });

  it.each`
    count        | why
    ${1}         | ${'the number of this page, or nonsense'}
    ${0}         | ${'nothing'}
    ${1_000_000} | ${'far too many'}
  `('is read to its end although instance_num says $count ($why)', async ({ count }) => {
    server.answer = fleet(() => named(1_500), { count: count as number });
    expect(await listed()).toEqual(named(1_500));
  });

  it('is read to its end where the server allows smaller pages', async () => {
    server.answer = fleet(() => named(250), { pageSize: 100 });
    expect(await listed()).toEqual(named(250));
    expect(offsets()).toEqual([0, 100, 200]);
  });

  it('ends where a server ignores the offset', async () => {
    server.answer = () =>
      fleet(() => named(1_000))({ query: { offset: '0', limit: '1000' } } as unknown as Received, 1);
    expect(await listed()).toEqual(named(1_000));
    expect(server.received).toHaveLength(2);
  });

  it('ends where pages never do', async () => {
    let next = 0;
    server.answer = () => ({
      body: { instances: Array.from({ length: 1_000 }, () => ({ instance_id: `i-${next++}` })) },
    });
    expect(await listed()).toHaveLength(100_000);
    expect(server.received).toHaveLength(100);
    expect(logged).toContainEqual(['dcs_list_incomplete', expect.anything()]);
  });

  it('misses nobody when rows move up because an instance was deleted between two pages', async () => {
    let ids = named(1_500);
    server.answer = (request, nth) => {
      if (nth === 2) ids = ids.filter((id) => id !== 'i-3');
      return fleet(() => ids)(request, nth);
    };
    const found = await listed();
    expect(missing(ids, found)).toEqual([]);
    expect(new Set(found).size).toBe(found.length);
  });

  it('has each instance once when rows move down because one was created between two pages', async () => {
    let ids = named(1_500);
    server.answer = (request, nth) => {
      if (nth === 2) ids = ['i-new', ...ids];
      return fleet(() => ids)(request, nth);
    };
    const found = await listed();
    expect(new Set(found).size).toBe(found.length);
    expect(missing(named(1_500), found)).toEqual([]);
  });

  it('says so where it is empty and its count is not', async () => {
    server.answer = () => ({ body: { instance_num: 23, instances: [] } });
    expect(await listed()).toEqual([]);
    expect(logged).toContainEqual(['dcs_list_incomplete', expect.objectContaining({ found: 0, count: 23 })]);
  });

  it('loses one broken row, not the page, and says so', async () => {
    server.answer = () => ({
      body: { instance_num: 3, instances: [{ instance_id: 'a' }, { name: 'no id' }, { instance_id: 'b' }] },
    });
    expect(await listed()).toEqual(['a', 'b']);
    expect(logged).toContainEqual(['dcs_rows_unusable', { scope: scope.id, what: 'instances', skipped: 1 }]);
  });
});

describe('the tasks of an instance', () => {
  it('are asked for from an instant in UTC, and come newest first', async () => {
    const rows = [
      { id: 'old', created_at: '2026-03-06T13:59:59Z' },
      { id: 'first', created_at: '2026-03-06T14:00:00Z' },
      { id: 'last', created_at: '2026-03-06T14:05:00Z' },
      { id: 'undated' },
    ];
    server.answer = () => ({ body: { task_count: '4', tasks: rows } });
    const tasks = await dcs().listTasks(scope, 'i-1', START + 999);
    expect(tasks.map(({ id }) => id)).toEqual(['last', 'first', 'undated']);
    expect(server.received.map(({ query }) => query)).toEqual([
      { start_time: '20260306140000', offset: '0', limit: '100' },
    ]);
  });

  it('are no empty list where the answer is none: nothing is concluded from it', async () => {
    server.answer = () => ({ body: {} });
    expect(await failureOf(dcs().listTasks(scope, 'i-1', START))).toMatchObject({ code: 'TRANSPORT.GARBLED' });
  });
});

describe('the progress of a task', () => {
  it.each`
    answer                                               | progress
    ${{ body: { progress: 42, remain_time: 310 } }}      | ${{ percent: 42, remainSeconds: 310, failedCode: null }}
    ${{ status: 404, body: { error_code: 'DCS.4070' } }} | ${null}
  `('answered with $answer is $progress', async ({ answer, progress }) => {
    server.answer = () => answer as Reply;
    expect(await dcs().showProgress(scope, 'i-1', 't-1')).toEqual(progress);
    expect(server.received[0]!.path).toBe('/v2/p1/instances/i-1/tasks/t-1/progress');
  });
});

describe('versions and details', () => {
  it('are as old as the moment before the question', async () => {
    server.answer = () => version;
    expect(await dcs().showVersions(scope, 'i-1')).toMatchObject({ readAt: START });
  });

  it('come with ShowInstance', async () => {
    server.answer = () => ({
      body: { instance_id: 'i-1', status: 'RUNNING', cache_mode: 'proxy', product_type: 'generic' },
    });
    expect(await dcs().showInstance(scope, 'i-1')).toMatchObject({
      instanceId: 'i-1',
      details: { cacheMode: 'proxy', productType: 'generic' },
    });
  });
});

import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { HOUR, MINUTE } from '../../lib/core/time.ts';
import { VERSION } from '../../lib/io/version.ts';
import { type LocalApi, serve } from '../../scripts/offline/gateway.ts';
import { anInstance, aPolicy, aWave, NIGHT } from '../support/builders.ts';
import { FakeWorld } from '../support/fake-world.ts';
import {
  aKey,
  functionOf,
  type HostOptions,
  KEYS,
  call as plainCall,
  type Reply,
  type Request,
} from '../support/http.ts';
import { type Description, expectToFit } from '../support/openapi.ts';

const EVENING = NIGHT - 5 * HOUR;

let world: FakeWorld;
let api: LocalApi;
let description: Description;

async function open(next: FakeWorld, options?: HostOptions): Promise<void> {
  await api?.close();
  world = next;
  api = await serve(functionOf(world, options));
  description = (await plainCall<Description>(api, 'GET', '/openapi.json')).json;
}

beforeEach(() => open(new FakeWorld(['a', 'b'])));
afterEach(() => api.close());

/** A real request, whose answer is held against the API's own description. */
async function call(method: string, path: string, request: Request = {}): Promise<Reply> {
  const reply = await plainCall(api, method, path, request);
  expectToFit(description, method, path, reply);
  return reply;
}

const upgrade = (body: object, headers: Record<string, string> = {}) =>
  call('POST', '/upgrades', { key: KEYS.upgrade, headers, body: { reason: 'CVE-2026-0001', ...body } });
const get = (path: string, key = KEYS.read) => call('GET', path, { key });
const logged = (code: string) => world.logs.filter((line) => line.code === code);
const begun = () => world.begun.map(({ name }) => name).sort();

describe('who may call what', () => {
  it.each<[string, string, keyof typeof KEYS | null, number]>([
    ['POST', '/upgrades', null, 401], ['POST', '/upgrades', 'read', 403], ['POST', '/upgrades', 'operate', 403],
    ['GET', '/upgrades/x', null, 401], ['GET', '/upgrades/x', 'read', 404],
    ['GET', '/plan', null, 401], ['GET', '/plan', 'read', 200],
    ['GET', '/fleet', null, 401], ['GET', '/fleet', 'read', 200],
    ['GET', '/fleet/id-x', null, 401], ['GET', '/fleet/id-x', 'read', 404],
    ['GET', '/windows', null, 401], ['GET', '/windows', 'read', 200],
    ['POST', '/approvals', null, 401], ['POST', '/approvals', 'upgrade', 403],
    ['POST', '/holds', null, 401], ['POST', '/holds', 'read', 403], ['POST', '/holds', 'upgrade', 403],
    ['DELETE', '/holds/x', null, 401], ['DELETE', '/holds/x', 'read', 403], ['DELETE', '/holds/x', 'operate', 404],
    ['GET', '/', null, 401], ['GET', '/', 'read', 200],
    ['GET', '/health', null, 200], ['GET', '/openapi.json', null, 200],
    ['GET', '/nothing', null, 404], ['POST', '/alerts/nobody', null, 404],
    ['POST', '/alerts/alertmanager', null, 401], ['POST', '/alerts/alertmanager', 'read', 403], ['POST', '/alerts/alertmanager', 'operate', 422],
  ])('%s %s with the key %s: %i', async (method, path, right, status) => {
    const body = method === 'POST' ? { reason: 'x' } : undefined;
    const reply = await call(method, path, { ...(right ? { key: KEYS[right] } : {}), body });
    expect(reply.status).toBe(status);
  }); // biome-ignore format: a table

  it('F044 without a key there is no detail and no effect', async () => {
    const { status, json, headers } = await call('POST', '/upgrades', { body: { dryRun: false, reason: 'x' } });
    expect([status, json.error]).toEqual([
      401,
      { code: 'unauthenticated', message: 'a valid key is needed', details: null },
    ]);
    expect(headers.get('www-authenticate')).toMatch(/^Bearer /);
    expect([world.posts, world.reads, await world.ledger.attempts({})]).toEqual([[], 0, []]);
  });

  it.each<[string, Record<string, string>, number]>([
    ['a key that nobody has', { authorization: 'Bearer key-that-is-not' }, 401],
    ['a part of a key', { authorization: `Bearer ${KEYS.read.slice(0, -1)}` }, 401],
    ['another scheme', { authorization: `Digest ${KEYS.read}` }, 401],
    ['no scheme', { authorization: KEYS.read }, 401],
    ['the hash of a key', { 'x-api-key': '5'.repeat(64) }, 401],
    ['a key in its own header', { 'x-api-key': KEYS.read }, 200],
    ['a browser’s password', { authorization: `Basic ${Buffer.from(`me:${KEYS.read}`).toString('base64')}` }, 200],
  ])('%s', async (_, headers, status) => {
    expect((await call('GET', '/fleet', { headers })).status).toBe(status);
  });

  it('a browser’s password, which other sites can make it send, changes nothing', async () => {
    const headers = { authorization: `Basic ${Buffer.from(`me:${KEYS.operate}`).toString('base64')}` };
    expect((await call('POST', '/holds', { headers, body: { match: 'all', reason: 'x' } })).status).toBe(401);
  });

  it('nobody may when no keys are given', async () => {
    await open(new FakeWorld(['a']), { apiKeys: [] });
    expect((await call('GET', '/fleet', { key: KEYS.read })).status).toBe(401);
  });

  it('a caller who asks too often is told when to come back; others are not kept from theirs', async () => {
    for (let count = 0; count < 60; count++) await plainCall(api, 'GET', '/windows', { key: KEYS.read });
    const { status, headers } = await get('/windows');
    expect([status, headers.get('retry-after')]).toEqual([429, '1']);
    expect((await get('/windows', KEYS.operate)).status).toBe(200);
    world.now += MINUTE;
    expect((await get('/windows')).status).toBe(200);
  });
});

describe('requests that do not fit', () => {
  it.each<[string, string, string]>([
    ['GET', '/upgrades', 'POST'], ['OPTIONS', '/upgrades', 'POST'], ['HEAD', '/plan', 'GET'], ['PUT', '/holds/x', 'DELETE'],
    ['POST', '/health', 'GET'], ['PATCH', '/upgrades/x', 'GET'], ['DELETE', '/', 'GET'],
  ])('F056 %s %s: 405, takes %s, and no other site is let in', async (method, path, allow) => {
    const { status, headers } = await plainCall(api, method, path, { key: KEYS.upgrade, headers: { origin: 'https://example.com' } });
    expect([status, headers.get('allow'), headers.get('access-control-allow-origin')]).toEqual([405, allow, null]);
  }); // biome-ignore format: a table

  it.each<[string, string, number, string]>([
    ['F046 truncated', '{"reason":', 400, 'malformed'],
    ['F046 not JSON', 'reason=x', 400, 'malformed'],
    ['F046 empty', '', 400, 'malformed'],
    ['F047 null', 'null', 400, 'malformed'],
    ['F047 an array', '[1]', 400, 'malformed'],
    ['F047 a number', '7', 400, 'malformed'],
    ['F047 a text', '"all"', 400, 'malformed'],
    ['a key that would change every object', '{"__proto__":{"dryRun":false},"reason":"x"}', 400, 'malformed'],
    ['F050 20,000 arrays in one another', `{"reason":"x","instanceIds":${'['.repeat(20_000)}${']'.repeat(20_000)}}`, 400, 'malformed'],
    ['F050 eleven megabytes', `{"reason":"${'x'.repeat(11_000_000)}"}`, 413, 'too_large'],
    ['a byte too many', JSON.stringify({ reason: 'x'.repeat(256 * 1024 - 12) }), 413, 'too_large'],
    ['no reason', '{}', 422, 'invalid'],
    ['a reason of spaces', '{"reason":"  "}', 422, 'invalid'],
    ['a key that is not known', '{"reason":"x","dryrun":false}', 422, 'invalid'],
    ['another type', '{"reason":"x","dryRun":"false"}', 422, 'invalid'],
    ['no ids in the list', '{"reason":"x","instanceIds":[]}', 422, 'invalid'],
    ['ids and a match', '{"reason":"x","instanceIds":["id-a"],"match":{"name":"a"}}', 422, 'invalid'],
    ['a match that names nothing', '{"reason":"x","match":{}}', 422, 'invalid'],
    ['an override of everything by omission', '{"reason":"x","override":{"reason":"x","ticket":"T-1"}}', 422, 'invalid'],
    ['an override without a ticket', '{"reason":"x","all":true,"override":{"reason":"x"}}', 422, 'invalid'],
  ])('%s: %#', async (_, body, status, code) => {
    const { json, text, ...reply } = await call('POST', '/upgrades', { key: KEYS.upgrade, body });
    expect([reply.status, json.error.code]).toEqual([status, code]);
    expect(json.requestId).toMatch(/./);
    expect(text).not.toMatch(/\bat .*\.ts|node_modules/);
    expect([world.posts, world.reads]).toEqual([[], 0]);
  }); // biome-ignore format: a table

  it('says of each problem where it is and what would fit', async () => {
    const { json } = await upgrade({ dryRun: 'no', reason: 5, when: 'now' });
    expect(json.error.details).toEqual(
      expect.arrayContaining([
        { path: 'dryRun', message: 'it must be true or false' },
        { path: 'reason', message: 'it must be a text that says why' },
        { path: '', message: 'unknown: when' },
      ]),
    );
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', ''])(
    'a body of type "%s": 415',
    async (type) => {
      const reply = await call('POST', '/upgrades', {
        key: KEYS.upgrade,
        headers: { 'content-type': type },
        body: '{"reason":"x"}',
      });
      expect([reply.status, reply.json.error.code]).toEqual([415, 'unsupported_media_type']);
    },
  );

  it.each([
    '/plan?now=tomorrow',
    '/plan?at=2026-11-24T00:00:00Z',
    '/windows?from=2026-11-24',
    '/windows?window=noon',
    '/windows?from=2026-11-25T00:00:00Z&to=2026-11-24T00:00:00Z',
  ])('GET %s: 422', async (path) => {
    expect((await get(path)).status).toBe(422);
  });

  it('F053 more than 500 ids are refused, and the same id twice is one upgrade', async () => {
    const many = Array.from({ length: 10_000 }, () => 'id-a');
    expect((await upgrade({ instanceIds: many })).status).toBe(422);
    const { json } = await upgrade({ instanceIds: ['id-a', 'id-a', 'id-a'], dryRun: false });
    expect(json.decisions.map(({ instanceId }) => instanceId)).toEqual(['id-a']);
    expect(begun()).toEqual(['a']);
  });

  it('F052 an id that nobody has is named, and the others go on', async () => {
    const nobody = randomUUID();
    const alone = await upgrade({ instanceIds: [nobody], dryRun: false });
    expect([alone.status, alone.json.error.details]).toEqual([404, [nobody]]);
    const { status, json } = await upgrade({ instanceIds: [nobody, 'id-a'], dryRun: false });
    expect([status, json.unknown]).toEqual([202, [nobody]]);
    expect(begun()).toEqual(['a']);
  });

  it('a failure that nobody expected is 500 without a word about it, and stands in the log', async () => {
    world.ledger.holds = () => Promise.reject(new Error('disk on fire in /secret/place'));
    const { status, text } = await upgrade({ dryRun: true });
    expect([status, text.includes('fire')]).toEqual([500, false]);
    expect(logged('http_failed')).toMatchObject([
      { level: 'error', error: { message: 'disk on fire in /secret/place' } },
    ]);
  });

  it('without a valid policy nothing is asked for, and the problem is named', async () => {
    await open(new FakeWorld(['a']), { state: { policy: null, problem: 'policy.yaml:3:5 unknown key freezs' } });
    for (const reply of [
      await get('/plan'),
      await get('/fleet'),
      await get('/windows'),
      await upgrade({ dryRun: false }),
    ])
      expect([reply.status, reply.json.error.details]).toEqual([503, ['policy.yaml:3:5 unknown key freezs']]);
    expect(world.posts).toEqual([]);
  });
});

describe('POST /upgrades', () => {
  it('starts nothing unless it is told to', async () => {
    const { status, json } = await upgrade({ instanceIds: ['id-a'] });
    expect([status, json.decisions]).toMatchObject([202, [{ name: 'a', action: 'start', reason: 'due' }]]);
    expect(world.posts).toEqual([]);
    const run = await get(`/upgrades/${json.runId}`);
    expect(run.json).toMatchObject({
      dryRun: true,
      state: 'done',
      requestedBy: 'ci',
      reason: 'CVE-2026-0001',
      attempts: [],
    });
  });

  it.each<[string, object, string[]]>([
    ['those that are named', { instanceIds: ['id-b'] }, ['b']],
    ['those that match', { match: { name: 'a*' } }, ['a']],
    ['all', { all: true }, ['a', 'b']],
    ['all, when nothing is said', {}, ['a', 'b']],
  ])('starts %s, as a tick would', async (_, which, names) => {
    await upgrade({ ...which, dryRun: false });
    expect(begun()).toEqual(names);
    const [attempt] = await world.ledger.attempts({ limit: 1 });
    expect(attempt).toMatchObject({ requestedBy: 'ci', reason: 'CVE-2026-0001' });
  });

  it('is followed by its run, to the end', async () => {
    const { json } = await upgrade({ instanceIds: ['id-a'], dryRun: false });
    const states = async () => (await get(`/upgrades/${json.runId}`)).json.attempts.map(({ state }) => state);
    expect(await states()).toEqual(['running']);
    await world.ticks(15);
    expect(await states()).toEqual(['succeeded']);
  });

  it('keeps to the window without an override', async () => {
    await open(new FakeWorld(['a'], EVENING));
    const { json } = await upgrade({ all: true, dryRun: false });
    expect(json.decisions).toMatchObject([{ reason: 'outside_window', possibleAt: '2026-11-23T17:00:00Z' }]);
    expect(world.posts).toEqual([]);
  });

  it('with an override starts outside the window, and every attempt says on whose word', async () => {
    await open(new FakeWorld(['a', 'b'], EVENING));
    const override = { reason: 'exploited now', ticket: 'OPS-7' };
    const { json } = await upgrade({ instanceIds: ['id-a'], dryRun: false, override });
    expect(begun()).toEqual(['a']);
    const run = await get(`/upgrades/${json.runId}`);
    expect(run.json).toMatchObject({
      override,
      attempts: [{ requestedBy: 'ci', reason: 'CVE-2026-0001 (override OPS-7: exploited now)', state: 'running' }],
    });
    await world.ticks(20);
    expect(begun()).toEqual(['a']);
  });

  it.each<[string, (one: FakeWorld) => void, string]>([
    ['is not RUNNING', (one) => one.add(anInstance('a', { status: 'RESTARTING' })), 'instance_busy'],
    ['is being upgraded by somebody else', (one) => one.add(anInstance('a', { upgrading: true })), 'instance_busy'],
    ['no wave owns', (one) => one.add(anInstance('a', { tags: {} })), 'not_selected'],
  ])('an override starts nothing that %s', async (_, make, reason) => {
    const evening = new FakeWorld(['a'], EVENING);
    make(evening);
    await open(evening);
    const { json } = await upgrade({ all: true, dryRun: false, override: { reason: 'x', ticket: 'T' } });
    expect([json.decisions[0]?.reason, world.posts]).toEqual([reason, []]);
  });

  it('waits for the lease that another run has for some seconds', async () => {
    await world.ledger.acquireLease('a tick', 3_000, world.now);
    const { json } = await upgrade({ instanceIds: ['id-a'], dryRun: false });
    expect([json.decisions[0]?.reason, begun()]).toEqual(['due', ['a']]);
  });

  it('begins nothing without time to record it', async () => {
    await open(new FakeWorld(['a']), { timeLeft: 20_000 });
    const { json } = await upgrade({ all: true, dryRun: false });
    expect([json.decisions.every(({ action }) => action !== 'start'), world.posts]).toEqual([true, []]);
  });

  it('is written down: who, what, why', async () => {
    await upgrade({ instanceIds: ['id-a'], dryRun: false });
    expect(logged('upgrades_requested')).toMatchObject([
      { level: 'info', by: 'ci', reason: 'CVE-2026-0001', instanceIds: ['id-a'], dryRun: false },
    ]);
    expect(logged('http_request').at(-1)).toMatchObject({ by: 'ci', method: 'POST', route: '/upgrades', status: 202 });
    expect(JSON.stringify(world.logs)).not.toContain(KEYS.upgrade);
  });
});

describe('Idempotency-Key', () => {
  const order = { instanceIds: ['id-a'], dryRun: false };

  it('F055 the same request twice within a second is one run, and both get its answer', async () => {
    const [first, second] = await Promise.all([
      upgrade(order, { 'idempotency-key': 'k1' }),
      upgrade(order, { 'idempotency-key': 'k1' }),
    ]);
    expect([first.status, second.status]).toEqual([202, 202]);
    expect({ ...second.json, requestId: null }).toEqual({ ...first.json, requestId: null });
    expect([begun(), logged('upgrades_requested').length]).toEqual([['a'], 1]);
  });

  it('the same request a day later has the answer of the first, and starts nothing', async () => {
    const first = await upgrade(order, { 'idempotency-key': 'k1' });
    world.now += 24 * HOUR;
    world.upgradeTakes = 0;
    const again = await upgrade(
      { reason: 'CVE-2026-0001', dryRun: false, instanceIds: ['id-a', 'id-a'] },
      { 'idempotency-key': 'k1' },
    );
    expect({ ...again.json, requestId: null }).toEqual({ ...first.json, requestId: null });
    expect(world.posts).toHaveLength(1);
  });

  it('another request under the same key is 409', async () => {
    await upgrade(order, { 'idempotency-key': 'k1' });
    const { status, json } = await upgrade({ ...order, instanceIds: ['id-b'] }, { 'idempotency-key': 'k1' });
    expect([status, json.error.code, begun()]).toEqual([409, 'idempotency_conflict', ['a']]);
  });

  it('another caller’s key is another key', async () => {
    const apiKeys = ['ci', 'cd'].map((name) => aKey(name, `key-of-${name}`, 'upgrade'));
    await open(new FakeWorld(['a', 'b']), { apiKeys });
    const ask = (name: string, id: string) =>
      call('POST', '/upgrades', {
        key: `key-of-${name}`,
        headers: { 'idempotency-key': 'k1' },
        body: { reason: 'x', dryRun: false, instanceIds: [id] },
      });
    expect([(await ask('ci', 'id-a')).status, (await ask('cd', 'id-b')).status]).toEqual([202, 202]);
    expect(begun()).toEqual(['a', 'b']);
  });

  it('a request whose function was killed is carried out by its repetition, once', async () => {
    world.ledger.putNote = () => Promise.reject(new Error('killed'));
    expect((await upgrade(order, { 'idempotency-key': 'k1' })).status).toBe(500);
    Reflect.deleteProperty(world.ledger, 'putNote');
    const { status, json } = await upgrade(order, { 'idempotency-key': 'k1' });
    expect([status, json.decisions[0]?.action, begun()]).toEqual([202, 'start', ['a']]);
  });

  it.each(['x'.repeat(201), 'two words'])('"%s" is no key', async (key) => {
    expect((await upgrade(order, { 'idempotency-key': key })).status).toBe(422);
  });
});

describe('what is read', () => {
  it('GET /plan decides and changes nothing', async () => {
    const { json } = await get('/plan');
    expect(json).toMatchObject({
      opening: { windows: ['night'] },
      decisions: [{ action: 'start' }, { action: 'start' }],
    });
    expect(world.posts).toEqual([]);
    const later = await get('/plan?now=2026-11-24T12:00:00%2B08:00');
    expect(later.json).toMatchObject({
      now: '2026-11-24T04:00:00Z',
      opening: null,
      decisions: [{ reason: 'outside_window' }, {}],
    });
  });

  it('GET /fleet counts, from what is stored', async () => {
    await world.ticks(1);
    const before = world.reads;
    const { json } = await get('/fleet');
    expect(json).toMatchObject({
      counts: { instances: 2, running: 2 },
      waves: [{ wave: 'dev', members: 2 }, { wave: 'prod' }],
      forecast: {},
    });
    expect(world.reads).toBe(before);
  });

  it('GET /fleet/{instanceId} tells the story of one', async () => {
    await world.ticks(15);
    const { json } = await get('/fleet/id-a');
    expect(json).toMatchObject({ decision: { name: 'a' }, attempts: [{ state: 'succeeded' }], holds: [] });
  });

  it('GET /fleet/{instanceId} shows the holds on that instance, and no other', async () => {
    await world.ticks(1);
    const matches = [
      'all',
      'wave=dev',
      'id=id-a',
      'tag:env=dev',
      'wave=of-old',
      'id=id-b',
      'wave=prod',
      'region=elsewhere',
    ];
    for (const match of matches) await call('POST', '/holds', { key: KEYS.operate, body: { match, reason: match } });
    const { json } = await get('/fleet/id-a');
    const shown = (json.holds as unknown as { reason: string }[]).map(({ reason }) => reason).sort();
    // One on a wave that nobody knows may be meant for any.
    expect(shown).toEqual(['all', 'id=id-a', 'tag:env=dev', 'wave=dev', 'wave=of-old']);
  });

  it('GET /windows lists openings', async () => {
    const { json } = await get('/windows?from=2026-11-23T00:00:00Z&to=2026-11-25T00:00:00Z&window=night');
    expect(json).toMatchObject({
      openings: [
        { opens: '2026-11-23T17:00:00Z', closes: '2026-11-23T21:00:00Z', windows: ['night'] },
        { opens: '2026-11-24T17:00:00Z', closes: '2026-11-24T21:00:00Z', windows: ['night'] },
      ],
      frozen: [],
    });
  });

  it('GET /health says how it is and which version it has, and no more', async () => {
    const { json } = await call('GET', '/health');
    expect(json).toEqual({ status: 'ok', version: VERSION, requestId: expect.any(String) });
  });

  it('GET / is a page without scripts, in which names are only names', async () => {
    await open(new FakeWorld([]));
    world.add(anInstance('x', { name: '<script>alert("x")</script>' }));
    await world.ticks(1);
    const { text, headers } = await call('GET', '/', { key: KEYS.read });
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(text).toContain('&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;');
    expect(text).not.toContain('<script');
  });
});

describe('holds', () => {
  const hold = (body: object) => call('POST', '/holds', { key: KEYS.operate, body: { reason: 'sales', ...body } });

  it.each<[string, unknown, object]>([
    ['as the command line writes it', 'all', { all: true }],
    ['of a tag, in words', 'tag:app=cart,wave=dev', { wave: 'dev', tags: { app: 'cart' } }],
    ['of a region', 'region=cn-north-4', { region: 'cn-north-4' }],
    ['as an object', { instanceId: 'id-a' }, { instanceId: 'id-a' }],
  ])('a match %s', async (_, match, stored) => {
    const { status, json } = await hold({ match });
    expect([status, json.holds]).toMatchObject([201, [{ match: stored, by: 'ops', reason: 'sales', until: null }]]);
  });

  it.each<[string, object]>([
    ['a match of nothing', { match: {} }],
    ['a word that is not known', { match: 'everything' }],
    ['a key that is not known', { match: { app: 'cart' } }],
    ['an end in the past', { match: 'all', until: '2026-01-01T00:00:00Z' }],
    ['an end without an offset', { match: 'all', until: '2026-12-01T00:00:00' }],
  ])('%s is 422, and holds nothing', async (_, body) => {
    expect((await hold(body)).status).toBe(422);
    expect(await world.ledger.holds()).toEqual([]);
  });

  it('stops starts until it is released, and both are written down', async () => {
    const { json } = await hold({ match: 'all' });
    await world.ticks(1);
    expect(world.posts).toEqual([]);
    const id = encodeURIComponent(json.holds[0]!.id);
    const released = await call('DELETE', `/holds/${id}?reason=sale%20is%20over`, { key: KEYS.operate });
    expect([released.status, released.json.holds]).toEqual([200, []]);
    await world.ticks(1);
    expect(begun()).toEqual(['a', 'b']);
    expect(await world.ledger.holds()).toMatchObject([{ releasedBy: 'ops: sale is over' }]);
    expect([logged('hold_set'), logged('hold_released')]).toMatchObject([
      [{ by: 'ops', reason: 'sales' }],
      [{ by: 'ops', reason: 'sale is over' }],
    ]);
    expect((await call('DELETE', `/holds/${id}`, { key: KEYS.operate })).status).toBe(404);
  });
});

describe('POST /approvals', () => {
  const approve = (planHash: unknown) => call('POST', '/approvals', { key: KEYS.operate, body: { planHash } });
  it('approves the plan of that hash, in the name of the key, and no other', async () => {
    world.policy = aPolicy({ rollout: [aWave('dev', { approve: true })] });
    const { planHash } = (await get('/plan')).json as unknown as { planHash: string };
    expect(await approve('0123456789abcdef')).toMatchObject({
      status: 422,
      json: { error: { message: expect.stringMatching(/by now/) } },
    });
    expect(await approve(planHash)).toMatchObject({ status: 201, json: { approval: { hash: planHash, upgrades: 2 } } });
    await world.pass();
    expect(begun()).toEqual(['a', 'b']);
  });

  it('422 for what is no hash, and where no wave asks for one', async () => {
    expect((await approve('latest')).status).toBe(422);
    expect((await approve('0123456789abcdef')).status).toBe(422);
  });
});

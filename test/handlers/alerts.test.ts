import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { alerts } from '../../handlers/alerts.ts';
import type { AlertRule } from '../../lib/core/policy.ts';
import { DAY, HOUR, MINUTE } from '../../lib/core/time.ts';
import type { WebhookSecret } from '../../lib/core/webhook-secret.ts';
import { type LocalApi, serve } from '../../scripts/offline/gateway.ts';
import { anInstance, aPolicy, aRule, aTarget, NIGHT } from '../support/builders.ts';
import { FakeWorld } from '../support/fake-world.ts';
import { aKey, functionOf, type HostOptions, KEYS, call as plainCall, type Request } from '../support/http.ts';
import {
  alertmanagerBody,
  hexHmac,
  pagerDutyBody,
  promAlert,
  standardBody,
  standardHeaders,
} from '../support/inbound.ts';
import { type Description, expectToFit } from '../support/openapi.ts';

const OLD = 'whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3';
const NEW = 'whsec_YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4';
const PD = 'pagerduty-secret-of-32-characters';
const GRAFANA = 'a secret phrase for grafana';
const SECRETS: WebhookSecret[] = [
  { source: 'standard', secret: OLD },
  { source: 'standard', secret: NEW },
  { source: 'pagerduty', secret: 'another-secret-that-is-older' },
  { source: 'pagerduty', secret: PD },
  { source: 'grafana', secret: GRAFANA },
];

/** Each source may hold an instance by its label, and the kind `upgrade` of one moves it. */
const RULES: AlertRule[] = [
  aRule({ match: { severity: ['critical'] }, holds: aTarget({ id: { label: 'instance_id' } }) }),
  aRule({ from: 'grafana', holds: aTarget({ id: { label: 'instance_id' } }) }),
  aRule({ from: 'pagerduty', holds: aTarget({ id: { label: 'incident_key' } }) }),
  aRule({ from: 'standard', match: { kind: ['redis*'] }, holds: aTarget({ id: { label: 'instance_id' } }) }),
  aRule({ from: 'standard', match: { kind: ['upgrade'] }, moves: aTarget({ id: { label: 'instance_id' } }) }),
];

let world: FakeWorld;
let api: LocalApi;
let description: Description;

async function open(options: HostOptions = {}): Promise<void> {
  await api?.close();
  const whole = await serve(functionOf(world));
  description = (await plainCall<Description>(whole, 'GET', '/openapi.json')).json;
  await whole.close();
  api = await serve(functionOf(world, { webhookSecrets: SECRETS, make: alerts, ...options }));
}

beforeEach(async () => {
  world = new FakeWorld(['a', 'b', 'c']);
  world.policy = aPolicy({ alerts: RULES });
  await open();
});
afterEach(() => api.close());

interface Taken {
  requestId: string;
  changed: number;
  alerts: number;
  ignored: string | null;
  error: { code: string; message: string; details: unknown };
}

async function post(source: string, request: Request) {
  const reply = await plainCall<Taken>(api, 'POST', `/alerts/${source}`, request);
  expectToFit(description, 'POST', `/alerts/${source}`, reply);
  return reply;
}

/** By Alertmanager, which shows a key. */
const prometheus = (body: unknown, request: Request = {}) =>
  post('alertmanager', { key: KEYS.alert, body, ...request });

function standard(body: object, { secret = NEW, id = 'msg_1', at = world.now, text = JSON.stringify(body) } = {}) {
  return post('standard', { headers: standardHeaders(secret, id, Math.floor(at / 1_000), text), body: text });
}

function pagerDuty(body: object, signature = (text: string) => `v1=${hexHmac(PD, text)}`) {
  const text = JSON.stringify(body);
  return post('pagerduty', { headers: { 'x-pagerduty-signature': signature(text) }, body: text });
}

const held = async () =>
  (await world.ledger.holds()).filter(({ releasedAt }) => releasedAt === null).map(({ match }) => match.instanceId);
const logged = (code: string) => world.logs.filter((line) => line.code === code);
const REDIS_DOWN = { instance_id: 'id-a', startsAt: '2026-11-23T16:59:00Z' };

describe('who may send', () => {
  it.each<[string, Request, number]>([
    ['nobody', {}, 401],
    ['a key for alerts', { key: KEYS.alert }, 202],
    ['a key for holds', { key: KEYS.operate }, 202],
    ['a key for reading', { key: KEYS.read }, 403],
    ['a key for upgrades', { key: KEYS.upgrade }, 403],
    ['a key that is not known', { key: 'x' }, 401],
    ['a key as a password', { headers: { authorization: `Basic ${Buffer.from(`am:${KEYS.alert}`).toString('base64')}` } }, 202],
    ['a key in its own header', { headers: { 'x-api-key': KEYS.alert } }, 202],
  ])('with %s: %i', async (_, request, status) => {
    const reply = await post('alertmanager', { ...request, body: alertmanagerBody([promAlert('a')]) });
    expect([reply.status, await held()]).toEqual([status, status === 202 ? ['id-a'] : []]);
  }); // biome-ignore format: a table

  it('a key for alerts is good for nothing else', async () => {
    const whole = await serve(functionOf(world, { apiKeys: [aKey('am', KEYS.alert, 'alert')] }));
    const replies = await Promise.all(
      ['/fleet', '/plan', '/'].map((path) => plainCall(whole, 'GET', path, { key: KEYS.alert })),
    );
    expect(replies.map(({ status }) => status)).toEqual([403, 403, 403]);
    await whole.close();
  });

  it.each<[string, string, number]>([
    ['POST', '/alerts/nobody', 404],
    ['POST', '/alerts/constructor', 404],
    ['POST', '/holds', 404],
    ['GET', '/fleet', 404],
    ['GET', '/alerts/standard', 405],
  ])('%s %s: %i', async (method, path, status) => {
    expect((await plainCall(api, method, path, { key: KEYS.operate })).status).toBe(status);
  });

  it('without any secret no signature is good, not even one that is made with none', async () => {
    await open({ webhookSecrets: [] });
    const text = JSON.stringify(pagerDutyBody('P1'));
    const forged = await post('pagerduty', {
      headers: { 'x-pagerduty-signature': `v1=${hexHmac('', text)}` },
      body: text,
    });
    expect([forged.status, await held()]).toEqual([401, []]);
  });
});

describe('requests that do not fit', () => {
  it.each<[string, string, number]>([
    ['truncated', '{"alerts":[', 400],
    ['empty', '', 400],
    ['not JSON', 'alerts=1', 400],
    ['no list of alerts', '{"status":"firing"}', 422],
    ['a list', '[]', 422],
    ['null', 'null', 422],
    ['20,000 arrays in one another', `{"alerts":${'['.repeat(20_000)}${']'.repeat(20_000)}}`, 202],
    ['a byte too many', `{"alerts":"${'x'.repeat(256 * 1024)}"}`, 413],
  ])('%s: %#', async (_, body, status) => {
    const reply = await prometheus(body);
    expect([reply.status, await world.ledger.holds()]).toEqual([status, []]);
  });

  it('says nothing of the body to who has not shown who he is', async () => {
    const reply = await post('standard', { body: '{"broken' });
    expect([reply.status, reply.json.error.details]).toEqual([401, null]);
  });

  it.each<[string, number]>([
    ['application/json; charset=utf-8', 202],
    ['application/vnd.alert+json', 202],
    ['text/plain', 415],
    ['application/x-www-form-urlencoded', 415],
    ['', 415],
  ])('a body of type "%s": %i', async (type, status) => {
    const reply = await prometheus(alertmanagerBody([]), { headers: { 'content-type': type } });
    expect(reply.status).toBe(status);
  });

  it('without any policy the source has to send it again', async () => {
    await open({ state: { policy: null, problem: 'policy.yaml:3:5 unknown key freezs' } });
    expect((await prometheus(alertmanagerBody([promAlert('a')]))).status).toBe(503);
  });

  it('with a policy that is broken, the last good one counts', async () => {
    await open({ state: { policy: world.policy, problem: 'policy.yaml:3:5 unknown key freezs' } });
    expect((await prometheus(alertmanagerBody([promAlert('a')]))).status).toBe(202);
    expect(await held()).toEqual(['id-a']);
  });
});

describe('signatures', () => {
  it.each<[string, string]>([
    ['the older', OLD],
    ['the newer', NEW],
  ])('%s of two secrets is good', async (_, secret) => {
    const { status, json } = await standard(standardBody('redis.down', REDIS_DOWN), { secret });
    expect([status, json.changed, await held()]).toEqual([202, 1, ['id-a']]);
  });

  it('F061 is made over the bytes as they came, whatever form of them would be the same JSON', async () => {
    const odd =
      '{ "type":"redis.down",\n "data":{"instance_id":"id-a","n":1.0,"u":"\\u7ef4"} , "timestamp":"2026-11-23T17:00:30Z"}\n';
    const good = await standard({}, { text: odd });
    const headers = standardHeaders(NEW, 'msg_2', Math.floor(world.now / 1_000), odd);
    const again = await post('standard', { headers, body: JSON.stringify(JSON.parse(odd)) });
    expect([good.status, again.status]).toEqual([202, 401]);
  });

  it.each<[string, number, number]>([
    ['now', 0, 202],
    ['five minutes ago', -5 * MINUTE, 202],
    ['longer ago', -5 * MINUTE - 1_000, 401],
    ['in five minutes', 5 * MINUTE, 202],
    ['later', 5 * MINUTE + 1_000, 401],
  ])('F059 one that was made %s: %i', async (_, offset, status) => {
    const reply = await standard(standardBody('redis.down', REDIS_DOWN), { at: world.now + offset });
    expect(reply.status).toBe(status);
  });

  it('F059 a request that is sent again has no effect', async () => {
    const down = standardBody('redis.down', REDIS_DOWN);
    await standard(down);
    await standard(standardBody('redis.down', { ...REDIS_DOWN, status: 'resolved', endsAt: '2026-11-23T17:00:40Z' }), { id: 'msg_2' });
    const before = await world.ledger.holds();
    world.now += MINUTE;
    const { status, json } = await standard(down, { at: world.now - MINUTE });
    expect([status, json.changed, json.ignored]).toEqual([202, 0, 'it was taken in before']);
    expect(await world.ledger.holds()).toEqual(before);
  }); // biome-ignore format: long lines

  it('F059 an event of PagerDuty that is sent again, however late, sets nothing that is over', async () => {
    const triggered = pagerDutyBody('P1');
    await pagerDuty(triggered);
    expect(await held()).toEqual(['id-a']);
    const over = { id: 'e2', event_type: 'incident.resolved', occurred_at: '2026-11-23T17:00:30Z' };
    await pagerDuty(pagerDutyBody('P1', over, { status: 'resolved' }));
    expect(await held()).toEqual([]);
    world.now += 3 * HOUR;
    expect((await pagerDuty(triggered)).json.changed).toBe(0);
    expect(await held()).toEqual([]);
  });

  it('F059 what is sent again does not pass for a source that is heard', async () => {
    const heardAt = async (source: string) => JSON.parse((await world.ledger.note(`alerts:source:${source}`))!).heardAt;
    const [down, triggered] = [standardBody('redis.down', REDIS_DOWN), pagerDutyBody('P1')];
    await standard(down);
    await pagerDuty(triggered);
    const before = [await heardAt('standard'), await heardAt('pagerduty')];
    world.now += MINUTE;
    await standard(down, { at: world.now - MINUTE });
    // Its signature is good for ever, and its id is forgotten after a while.
    world.now += 3 * HOUR;
    await pagerDuty(triggered);
    expect([await heardAt('standard'), await heardAt('pagerduty')]).toEqual(before);
  });

  it('what failed half-way is not taken for done when it comes again', async () => {
    const replace = world.ledger.replaceHold.bind(world.ledger);
    world.ledger.replaceHold = () => Promise.reject(new Error('the disk is full'));
    expect((await standard(standardBody('redis.down', REDIS_DOWN))).status).toBe(500);
    world.ledger.replaceHold = replace;
    expect((await standard(standardBody('redis.down', REDIS_DOWN))).json.changed).toBe(1);
    expect(await held()).toEqual(['id-a']);
  });

  it('PagerDuty: one of several signatures has to be good', async () => {
    const reply = await pagerDuty(pagerDutyBody('P1'), (text) => `v1=${'0'.repeat(64)},v1=${hexHmac(PD, text)}`);
    const forged = await pagerDuty(pagerDutyBody('P2'), (text) => `v1=${hexHmac('guess', text)}`);
    expect([reply.status, forged.status, await held()]).toEqual([202, 401, ['id-a']]);
  });

  it('F071 a ping of PagerDuty is answered, and changes nothing', async () => {
    const ping = { event: { id: 'p', event_type: 'pagey.ping', resource_type: 'pagey', data: { type: 'ping' } } };
    const { status, json } = await pagerDuty(ping);
    expect([status, json.changed, json.ignored]).toEqual([202, 0, 'an event of the type: pagey.ping']);
  });

  it('Grafana: over the body, or over its time and the body', async () => {
    const text = JSON.stringify(alertmanagerBody([promAlert('a')], { orgId: 1, version: '1' }));
    const sent = (signature: string, at?: number) =>
      post('grafana', {
        headers: {
          'x-grafana-alerting-signature': signature,
          ...(at === undefined ? {} : { 'x-grafana-alerting-timestamp': String(at) }),
        },
        body: text,
      });
    const now = Math.floor(world.now / 1_000);
    const old = now - 301;
    expect((await sent(hexHmac(GRAFANA, text))).status).toBe(202);
    expect((await sent(hexHmac(GRAFANA, `${now}:${text}`), now)).status).toBe(202);
    expect((await sent(hexHmac(GRAFANA, `${old}:${text}`), old)).status).toBe(401);
    expect((await sent(hexHmac(GRAFANA, text), now)).status).toBe(401);
    expect((await sent(hexHmac(GRAFANA, `${now}:${text}`))).status).toBe(401);
  });

  it('Grafana without its time: what is repeated to the letter goes on, and what is over stays over', async () => {
    const send = (change: object) => {
      const text = JSON.stringify(alertmanagerBody([promAlert('a', { startsAt: '2026-11-23T16:50:00Z', ...change })]));
      return post('grafana', { headers: { 'x-grafana-alerting-signature': hexHmac(GRAFANA, text) }, body: text });
    };
    await send({});
    world.now += 50 * MINUTE;
    await send({});
    world.now += 100 * MINUTE;
    expect((await world.pass({ dryRun: true })).decisions.find(({ name }) => name === 'a')!.reason).toBe('held');
    await send({ status: 'resolved', endsAt: '2026-11-23T19:00:00Z' });
    await send({});
    expect(await held()).toEqual([]);
  });

  it('of one source is not good for another', async () => {
    const text = JSON.stringify(alertmanagerBody([promAlert('a')]));
    const headers = { 'x-pagerduty-signature': `v1=${hexHmac(PD, text)}`, 'x-grafana-alerting-signature': hexHmac(PD, text) };
    for (const source of ['alertmanager', 'grafana', 'standard', 'smn'])
      expect((await post(source, { headers, body: text })).status).toBe(401);
  }); // biome-ignore format: long lines
});

describe('what it does', () => {
  it('F070 an instance that is not well is not upgraded until its alert is over', async () => {
    await prometheus(alertmanagerBody([promAlert('a')]));
    await world.ticks(1);
    expect(world.begun.map(({ name }) => name).sort()).toEqual(['b', 'c']);
    // People have it from Alertmanager already.
    expect(world.alerts.filter(({ event }) => event === 'held')).toEqual([]);
    const decision = (await world.pass({ dryRun: true })).decisions.find(({ name }) => name === 'a')!;
    expect([decision.reason, decision.detail]).toEqual([
      'held',
      'held by alert:alertmanager until 2026-11-23T19:01:00Z: RedisDown: a does not answer',
    ]);
    await prometheus(alertmanagerBody([promAlert('a', { status: 'resolved', endsAt: '2026-11-23T17:01:00Z' })]));
    await world.ticks(1);
    expect(world.begun.map(({ name }) => name)).toContain('a');
  });

  it('F070 an alert whose end is never told is over after its time', async () => {
    await prometheus(alertmanagerBody([promAlert('a')]));
    world.now += 2 * HOUR - MINUTE;
    expect((await world.pass({ dryRun: true })).decisions.find(({ name }) => name === 'a')!.reason).toBe('held');
    world.now += MINUTE;
    expect((await world.pass({ dryRun: true })).decisions.find(({ name }) => name === 'a')!.reason).toBe('due');
  });

  it('F065 in a group that fires, what is over is released', async () => {
    await prometheus(alertmanagerBody([promAlert('a'), promAlert('b')]));
    const over = promAlert('a', { status: 'resolved', endsAt: '2026-11-23T17:00:00Z' });
    await prometheus(alertmanagerBody([over, promAlert('b')]));
    expect(await held()).toEqual(['id-b']);
  });

  it('F064 a newer Alertmanager, with fields that are not known, is understood', async () => {
    const body = alertmanagerBody([promAlert('a', { routeLabels: { x: 'y' } })], { version: '5', notification_reason: 'new' });
    expect((await prometheus(body)).status).toBe(202);
    expect(await held()).toEqual(['id-a']);
  }); // biome-ignore format: long lines

  it('a group that was cut holds everything, and the whole one only what it names', async () => {
    await prometheus(alertmanagerBody([promAlert('a')], { truncatedAlerts: 7 }));
    expect((await world.pass({ dryRun: true })).decisions.map(({ reason }) => reason)).toEqual([
      'held',
      'held',
      'held',
    ]);
    await prometheus(alertmanagerBody([promAlert('a')]));
    expect((await world.pass({ dryRun: true })).decisions.map(({ reason }) => reason)).toEqual(['held', 'due', 'due']);
  });

  it('what the policy does not name changes nothing, and stands in the log', async () => {
    const strange = promAlert('a', { labels: { severity: 'info' } });
    const unnamed = promAlert('b', { labels: { instance_id: undefined } });
    expect((await prometheus(alertmanagerBody([strange, unnamed]))).json).toMatchObject({ alerts: 2, changed: 0 });
    expect(await world.ledger.holds()).toEqual([]);
    expect(logged('alert_changes_nothing').map(({ why }) => why)).toEqual([
      'no entry of the policy matches it',
      'it has no label instance_id',
    ]);
  });

  it('an alert of the kind upgrade moves its instance to the front, and starts nothing by itself', async () => {
    world.policy = aPolicy({ alerts: RULES, limits: { ...aPolicy().limits, parallel: 1 } });
    const first = async () => (await world.pass({ dryRun: true })).decisions.find(({ action }) => action === 'start')!;
    const others = new Set(['a', 'b', 'c']);
    others.delete((await first()).name);
    const [last] = [...others].reverse();
    await standard(standardBody('upgrade', { instance_id: `id-${last}`, summary: 'CVE-2026-0001' }));
    expect([world.posts, (await first()).name]).toEqual([[], last]);
    expect((await first()).detail).toMatch(/moved to the front by alert:standard: upgrade: CVE-2026-0001$/);
    world.now -= 5 * HOUR;
    await world.ticks(1);
    expect(world.posts).toEqual([]);
    world.now = NIGHT + 14 * DAY + MINUTE;
    expect((await first()).name).not.toBe(last);
  });

  it('a kind upgrade that is withdrawn is not moved any more', async () => {
    world.policy = aPolicy({ alerts: RULES, limits: { ...aPolicy().limits, parallel: 1 } });
    const order = standardBody('upgrade', { instance_id: 'id-c' });
    await standard(order);
    await standard(standardBody('upgrade', { instance_id: 'id-c', status: 'resolved' }, '2026-11-23T17:00:50Z'), { id: '2' });
    expect((await world.pass({ dryRun: true })).decisions.some(({ detail }) => detail.includes('moved'))).toBe(false);
  }); // biome-ignore format: long lines

  it('two requests at the same time about one instance leave what came later, whichever is written first', async () => {
    const over = promAlert('a', { status: 'resolved', endsAt: '2026-11-23T17:00:00Z' });
    const bodies = [promAlert('a'), over, promAlert('a'), over, promAlert('a')].map((alert) =>
      alertmanagerBody([alert]),
    );
    const replies = await Promise.all(bodies.map((body) => prometheus(body)));
    expect([replies.map(({ status }) => status), await held()]).toEqual([bodies.map(() => 202), []]);
  });

  it('a hundred alerts are a hundred holds, in one request', async () => {
    const many = Array.from({ length: 100 }, (_, index) => promAlert(`n${index}`));
    for (let index = 0; index < 100; index++) world.add(anInstance(`n${index}`));
    expect((await prometheus(alertmanagerBody(many))).json).toMatchObject({ alerts: 100, changed: 100 });
    expect((await prometheus(alertmanagerBody(many))).json).toMatchObject({ alerts: 100, changed: 0 });
  });
});

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { alerts } from '../../handlers/alerts.ts';
import { tick } from '../../handlers/tick.ts';
import { worker } from '../../handlers/worker.ts';
import { readEvent } from '../../lib/http/request.ts';
import { grafanaSigned, pagerDutySigned, standardSigned } from '../../lib/http/webhook-signatures.ts';
import type { Runtime } from '../../lib/io/runtime.ts';
import { aPolicy, aRule, aTarget, NIGHT } from '../support/builders.ts';
import { FakeWorld } from '../support/fake-world.ts';
import { functionOf, KEYS } from '../support/http.ts';
import { alertmanagerBody, hexHmac, promAlert, standardBody, standardHeaders } from '../support/inbound.ts';
import { isPolluted, spoilt } from '../support/spoil.ts';

const CONTEXT = { getRemainingTimeInMillis: () => 280_000 };

/** What is loaded when an event is taken, and how often it was. */
function runtimeOf(world: FakeWorld) {
  let loads = 0;
  const pass = async () => ({ deps: world.deps(), state: { policy: world.policy, problem: null } });
  const runtime = {
    pass,
    invoked: () => undefined,
    measure: () => undefined,
    measureCalls: () => undefined,
    clock: world.clock,
  };
  const load = async () => {
    loads += 1;
    return runtime as unknown as Runtime;
  };
  return { load, loads: () => loads };
}

const SCHEDULED = { source: 'aws.scheduler', 'detail-type': 'Scheduled Event', detail: '{}', time: '2026-11-23T17:01:00Z' }; // biome-ignore format: a row
const TIMER = { version: 'v1.0', trigger_type: 'TIMER', trigger_name: 'tick', time: '2026-11-24T01:01:00+08:00' };

describe('events that were changed at random', () => {
  it('make a pass where they are a schedule, and do nothing at all where they are not', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(spoilt(SCHEDULED), spoilt(TIMER)), async (event) => {
        const world = new FakeWorld(['a']);
        const { load, loads } = runtimeOf(world);
        const given = (event ?? {}) as Record<string, unknown>;
        const isSchedule =
          (['aws.scheduler', 'aws.events'].includes(given.source as string) && given['detail-type'] === 'Scheduled Event') ||
          (given.trigger_type === 'TIMER' && typeof given.trigger_name === 'string'); // biome-ignore format: one thought
        const result = await tick(load)(event, CONTEXT).catch((error: unknown) => error);
        expect(result instanceof Error).toBe(!isSchedule);
        expect([loads(), world.posts.length]).toEqual(isSchedule ? [1, 1] : [0, 0]);
        if (result instanceof Error) expect(result.message).toMatch(/^not a scheduled event: /);
      }),
      { numRuns: 150 },
    );
  });

  it('of a queue begin nothing but what was handed over, once', async () => {
    const good = (id: string) => ({ Records: [{ eventSource: 'aws:sqs', messageId: 'm1', body: JSON.stringify({ kind: 'start', attemptId: id }), attributes: { ApproximateReceiveCount: '1' } }] }); // biome-ignore format: a row
    const ids = fc.constantFrom('id-a', 'id-b', '', 'id-a@', '__proto__');
    const body = fc.oneof(
      ids.chain((id) => spoilt({ kind: 'start', attemptId: id }).map((one) => JSON.stringify(one) ?? '')),
      spoilt({ kind: 'upgrade', instanceId: 'id-a' }).map((one) => JSON.stringify(one) ?? ''),
      spoilt({ kind: 'run', runId: 'r' }).map((one) => JSON.stringify(one) ?? ''),
      fc.string({ unit: 'binary' }),
    );
    await fc.assert(
      fc.asyncProperty(body, spoilt(good('id-a')), async (text, event) => {
        const world = new FakeWorld(['a', 'b']);
        const { load } = runtimeOf(world);
        const record = { ...good('id-a').Records[0]!, body: text };
        await worker(load, async () => undefined)({ Records: [record] }, CONTEXT);
        await worker(load, async () => undefined)(event, CONTEXT).catch((error: Error) => {
          expect(error.message).toMatch(/^not a batch of a queue: /);
        });
        // Nothing was claimed, so nothing may be called.
        expect(world.posts).toEqual([]);
        expect(isPolluted()).toBe(false);
      }),
      { numRuns: 150 },
    );
  });

  const V2 = { version: '2.0', rawPath: '/fleet', rawQueryString: 'a=1', headers: { authorization: `Bearer ${KEYS.read}` }, requestContext: { http: { method: 'GET' }, requestId: 'r-1', stage: '$default' } }; // biome-ignore format: a row
  const V1 = { httpMethod: 'POST', path: '/holds', headers: { Authorization: `Bearer ${KEYS.operate}`, 'Content-Type': 'application/json' }, queryStringParameters: null, requestContext: { requestId: 'r-2' }, body: '{"match":{"all":true},"reason":"a look"}', isBase64Encoded: false }; // biome-ignore format: a row

  it('of HTTP are read as texts by lower-case names, or are none', () => {
    fc.assert(
      fc.property(fc.oneof(spoilt(V2), spoilt(V1)), (event) => {
        const request = readEvent(event);
        if (request === null) return;
        expect(request.method).toBe(request.method.toUpperCase());
        expect(Buffer.isBuffer(request.body)).toBe(true);
        for (const [name, value] of Object.entries(request.headers)) {
          expect(name).toBe(name.toLowerCase());
          expect(typeof value).toBe('string');
        }
        expect(Object.values(request.query).every((value) => typeof value === 'string')).toBe(true);
        expect(isPolluted()).toBe(false);
      }),
      { numRuns: 400 },
    );
  });

  it('of HTTP are answered as the routes are described, never with a fault, and begin nothing', async () => {
    const paths = fc.constantFrom('/fleet', '/plan', '/windows', '/', '/health', '/holds', '/upgrades', '/approvals', '/holds/x', '/upgrades/../fleet', '/%2e%2e/%2e%2e/etc/passwd', '/fleet/%00', '/fleet/__proto__', '//fleet', '/alerts/standard'); // biome-ignore format: a list
    const methods = fc.constantFrom('GET', 'POST', 'DELETE', 'PUT', 'HEAD', 'get', 'TRACE');
    const bodies = fc.oneof(
      spoilt({ match: { tags: { env: 'dev' } }, reason: 'a look', dryRun: true }).map((one) => JSON.stringify(one) ?? ''),
      spoilt({ instanceIds: ['id-a'], reason: 'asked for', dryRun: true, override: { reason: 'x', ticket: 'T' } }).map((one) => JSON.stringify(one) ?? ''),
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.constant('['.repeat(20_000)),
    ); // biome-ignore format: a list
    const key = fc.constantFrom(KEYS.read, KEYS.operate, KEYS.upgrade, KEYS.alert, 'nobody', '');
    await fc.assert(
      fc.asyncProperty(paths, methods, bodies, key, async (rawPath, method, body, shown) => {
        const world = new FakeWorld(['a', 'b']);
        const headers = { authorization: `Bearer ${shown}`, 'content-type': 'application/json' };
        const event = {
          version: '2.0',
          rawPath,
          headers,
          body,
          requestContext: { http: { method }, requestId: 'r-1' },
        };
        const answer = await functionOf(world)(event);
        expect([200, 201, 202, 400, 401, 403, 404, 405, 409, 413, 415, 422, 429]).toContain(answer.statusCode);
        expect(answer.body).not.toMatch(/node_modules|at Object\.|\/lib\/|root:/);
        // All of it is a dry run, or is none.
        expect(isDry(body) ? world.posts : []).toEqual([]);
        expect(isPolluted()).toBe(false);
      }),
      { numRuns: 300 },
    );
  });
});

/** Whether a body does not ask for more than to look. */
function isDry(body: string): boolean {
  return !/"dryRun":false/.test(body);
}

describe('webhooks that were changed at random', () => {
  const secret = 'whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3';
  const seconds = NIGHT / 1_000;

  it('have no good signature: one byte of the body, the id or the time is enough', () => {
    const text = fc.string({ minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(text, fc.nat(), fc.integer({ min: 1, max: 255 }), text, (body, at, by, other) => {
        const bytes = Buffer.from(body);
        const changed = Buffer.from(bytes);
        changed[at % changed.length]! ^= by;
        const headers = standardHeaders(secret, 'msg_1', seconds, body);
        expect(standardSigned(headers, bytes, [secret], NIGHT)).not.toBeNull();
        expect(standardSigned(headers, changed, [secret], NIGHT)).toBeNull();
        expect(standardSigned({ ...headers, 'webhook-id': `${other}!` }, bytes, [secret], NIGHT)).toBeNull();
        expect(standardSigned({ ...headers, 'webhook-timestamp': String(seconds + 1) }, bytes, [secret], NIGHT)).toBeNull(); // biome-ignore format: one thought
        const hex = hexHmac('of the team', body);
        expect(pagerDutySigned({ 'x-pagerduty-signature': `v1=${hex}` }, bytes, ['of the team'])).toBe(true);
        expect(pagerDutySigned({ 'x-pagerduty-signature': `v1=${hex}` }, changed, ['of the team'])).toBe(false);
        expect(grafanaSigned({ 'x-grafana-alerting-signature': hex }, changed, ['of the team'], NIGHT)).toBeNull();
      }),
      { numRuns: 300 },
    );
  });

  it('whatever stands in their headers is no signature, and no fault', () => {
    const header = fc.oneof(fc.string({ unit: 'binary', maxLength: 200 }), fc.constantFrom('v1,', 'v1=', ' '.repeat(3_000), `${'v1,AAAA '.repeat(1_000)}`)); // biome-ignore format: a list
    fc.assert(
      fc.property(header, header, header, (id, time, given) => {
        const body = Buffer.from('{}');
        const headers = { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': given };
        expect(standardSigned(headers, body, [secret], NIGHT)).toBeNull();
        expect(pagerDutySigned({ 'x-pagerduty-signature': given }, body, ['s'])).toBe(false);
        expect(grafanaSigned({ 'x-grafana-alerting-signature': given }, body, ['s'], NIGHT)).toBeNull();
      }),
      { numRuns: 300 },
    );
  });

  it('with a good key hold what they name, and nothing else', async () => {
    const rules = [
      aRule({ match: { severity: ['critical'] }, holds: aTarget({ id: { label: 'instance_id' } }) }),
      aRule({ from: 'standard', match: { kind: ['redis*'] }, holds: aTarget({ id: { label: 'instance_id' } }) }),
    ];
    const prom = spoilt(alertmanagerBody([promAlert('a'), promAlert('b')]));
    const standard = spoilt(standardBody('redis.down', { instance_id: 'id-a' }));
    const asked = fc.oneof(
      prom.map((body) => ({ source: 'alertmanager', body })),
      standard.map((body) => ({ source: 'standard', body })),
    );
    await fc.assert(
      fc.asyncProperty(asked, async ({ source, body }) => {
        const world = new FakeWorld(['a', 'b', 'c']);
        world.policy = aPolicy({ alerts: rules });
        const text = JSON.stringify(body) ?? '';
        const signed = source === 'standard' ? standardHeaders(secret, 'msg_1', Math.floor(world.now / 1_000), text) : { authorization: `Bearer ${KEYS.alert}` }; // biome-ignore format: one thought
        const headers = { 'content-type': 'application/json', ...signed };
        const event = { version: '2.0', rawPath: `/alerts/${source}`, headers, body: text, requestContext: { http: { method: 'POST' }, requestId: 'r' } }; // biome-ignore format: one event
        const answer = await functionOf(world, { make: alerts, webhookSecrets: [{ source: 'standard', secret }] })(event); // biome-ignore format: one call
        expect([202, 400, 401, 422]).toContain(answer.statusCode);
        for (const { match, by } of await world.ledger.holds()) {
          expect(by).toBe(`alert:${source}`);
          // A group that was cut holds all that its entry could reach, which is everything by an id.
          const isCut = source === 'alertmanager' && (body as { truncatedAlerts?: unknown }).truncatedAlerts !== 0;
          expect(match.all === true ? isCut : text.includes(JSON.stringify(match.instanceId).slice(1, -1))).toBe(true);
        }
        expect(isPolluted()).toBe(false);
      }),
      { numRuns: 200 },
    );
  });
});

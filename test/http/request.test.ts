import { describe, expect, it } from '@jest/globals';
import { readEvent } from '../../lib/http/request.ts';
import { FakeWorld } from '../support/fake-world.ts';
import { functionOf, KEYS } from '../support/http.ts';

const BODY = JSON.stringify({ reason: '打补丁', instanceIds: ['id-a'] });
const base64 = (text: string) => Buffer.from(text).toString('base64');
const auth = `Bearer ${KEYS.upgrade}`;

/** The same request as each service hands it over, written after their documentation. */
const FORMS: [string, Record<string, unknown>][] = [
  ['API Gateway HTTP API, payload 2.0', {
    version: '2.0', routeKey: '$default', rawPath: '/upgrades', rawQueryString: '', headers: { 'content-type': 'application/json', authorization: auth },
    requestContext: { apiId: 'x', stage: '$default', requestId: 'r-1', http: { method: 'POST', path: '/upgrades' } }, body: BODY, isBase64Encoded: false,
  }],
  ['the same under a stage', {
    version: '2.0', rawPath: '/dev/upgrades', rawQueryString: '', headers: { 'Content-Type': 'application/json; charset=utf-8', Authorization: auth },
    requestContext: { stage: 'dev', requestId: 'r-1', http: { method: 'POST', path: '/dev/upgrades' } }, body: base64(BODY), isBase64Encoded: true,
  }],
  ['a Lambda function URL', {
    version: '2.0', rawPath: '/upgrades', rawQueryString: '', headers: { 'content-type': 'application/json', authorization: auth },
    requestContext: { domainName: 'x.lambda-url.eu-central-1.on.aws', requestId: 'r-1', http: { method: 'POST' } }, body: base64(BODY), isBase64Encoded: true,
  }],
  ['API Gateway REST, payload 1.0', {
    resource: '/{proxy+}', path: '/upgrades', httpMethod: 'POST', headers: { 'Content-Type': 'application/json', Authorization: auth },
    multiValueHeaders: null, queryStringParameters: null, pathParameters: { proxy: 'upgrades' },
    requestContext: { stage: 'dev', requestId: 'r-1', httpMethod: 'POST' }, body: BODY, isBase64Encoded: false,
  }],
  ['FunctionGraph APIG', {
    path: '/upgrades', httpMethod: 'POST', headers: { 'content-type': 'application/json', authorization: auth }, pathParameters: {},
    queryStringParameters: {}, requestContext: { apiId: 'x', requestId: 'r-1', stage: 'RELEASE' }, body: base64(BODY), isBase64Encoded: true,
  }],
]; // biome-ignore format: an event a line or three

describe('an event', () => {
  it.each(FORMS)('of %s is understood', async (_, event) => {
    const { status, body } = await invoke(event);
    expect(status).toBe(202);
    expect(body).toMatchObject({ decisions: [{ name: 'a', action: 'start' }], requestId: 'r-1' });
  });

  it.each(FORMS)('F049 of %s without headers, or with null in their place: 401', async (_, event) => {
    const { headers: _left, ...without } = event;
    for (const one of [without, { ...event, headers: null }]) expect((await invoke(one)).status).toBe(401);
  });

  it.each(FORMS)('F049 of %s without a body: 400', async (_, event) => {
    const { body: _left, ...without } = event;
    for (const one of [without, { ...event, body: null }]) expect((await invoke(one)).status).toBe(400);
  });

  it('of a FunctionGraph function knows how much time is left there', async () => {
    const world = new FakeWorld(['a']);
    const body = JSON.stringify({ reason: 'x', dryRun: false });
    const event = { ...FORMS[4]![1], body, isBase64Encoded: false };
    await functionOf(world)(event, { getRemainingTimeInMilliSeconds: () => 75_000 });
    expect(world.begun).toHaveLength(1);
  });

  it.each<[string, unknown]>([
    ['null', null],
    ['a text', 'GET /plan'],
    ['an empty object', {}],
    ['a queue’s batch', { Records: [{ body: BODY }] }],
    ['a schedule', { source: 'aws.scheduler', 'detail-type': 'Scheduled Event', detail: '{}' }],
    ['a timer', { trigger_type: 'TIMER', trigger_name: 'tick' }],
    [
      'a load balancer’s',
      { requestContext: { elb: {} }, httpMethod: 'POST', path: '/upgrades', headers: {}, body: BODY },
    ],
    ['a payload 2.0 without a path', { version: '2.0', requestContext: { requestId: 'r', http: { method: 'GET' } } }],
  ])('that is none of HTTP, such as %s, fails the invocation by its shape, and does nothing', async (_, event) => {
    const world = new FakeWorld(['a']);
    await expect(functionOf(world)(event)).rejects.toThrow(/^not an HTTP event: /);
    expect([world.reads, world.posts]).toEqual([0, []]);
  });

  it.each<[string, string, Record<string, string>]>([
    ['of payload 2.0', 'now=2026-11-24T02:00:00%2B08:00&x=1&x=2', { now: '2026-11-24T02:00:00+08:00', x: '2' }],
    ['none', '', {}],
  ])('its query: %s', (_, rawQueryString, query) => {
    expect(readEvent({ ...FORMS[0]![1], rawQueryString })?.query).toEqual(query);
  });

  it('keeps every byte of the body, for signatures', () => {
    const bytes = Buffer.from([0, 255, 128, 10]);
    const event = { ...FORMS[4]![1], body: bytes.toString('base64') };
    expect(readEvent(event)?.body.equals(bytes)).toBe(true);
  });
});

async function invoke(event: unknown): Promise<{ status: number; body: unknown }> {
  const { statusCode, body } = await functionOf(new FakeWorld(['a']))(event);
  return { status: statusCode, body: JSON.parse(body) };
}

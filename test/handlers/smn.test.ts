import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { alerts } from '../../handlers/alerts.ts';
import { DAY, iso, MINUTE } from '../../lib/core/time.ts';
import { type LocalApi, serve } from '../../scripts/offline/gateway.ts';
import { aPolicy, aRule, aTarget, NIGHT } from '../support/builders.ts';
import { FakeWorld } from '../support/fake-world.ts';
import { functionOf, KEYS, call as plainCall } from '../support/http.ts';
import { ceBody, smnBody, TOPIC } from '../support/inbound.ts';
import { CERTIFICATE, Internet, smnSigned, subscription } from '../support/smn.ts';

/** The fixture's certificate is good from the 24th on. */
const WEDNESDAY = NIGHT + 2 * DAY + MINUTE;

let world: FakeWorld;
let internet: Internet;
let api: LocalApi;

beforeEach(async () => {
  world = new FakeWorld(['a', 'b'], WEDNESDAY);
  const holds = aTarget({ id: { label: 'dcs_instance_id' } });
  world.policy = aPolicy({ alerts: [aRule({ from: 'smn', topics: [TOPIC], holds })] });
  internet = new Internet();
  internet.pages.set(smnBody({}).signing_cert_url!, CERTIFICATE);
  api = await serve(functionOf(world, { make: alerts, download: internet.download }));
});
afterEach(() => api.close());

const post = (body: object, type = 'application/json', key?: string) =>
  plainCall<{ changed: number; ignored: string | null }>(api, 'POST', '/alerts/smn', {
    headers: { 'content-type': type },
    body,
    ...(key === undefined ? {} : { key }),
  });

/** An alarm that is published now. */
const alarm = (name: string, change: object = {}, id = `m-${name}`) =>
  smnSigned(smnBody(ceBody(name, { time: world.now, ...change }), { timestamp: iso(world.now), message_id: id }));
const fetched = () => internet.asked.filter((url) => !url.endsWith('.pem'));

describe('POST /alerts/smn', () => {
  it('an alarm of Cloud Eye holds its instance until it is over', async () => {
    expect((await post(alarm('a'))).json).toMatchObject({ changed: 1 });
    expect((await world.pass({ dryRun: true })).decisions.map(({ reason }) => reason)).toEqual(['held', 'due']);
    world.now += MINUTE;
    await post(alarm('a', { alarm_status: 'ok' }, 'm-2'));
    expect((await world.pass({ dryRun: true })).decisions.map(({ reason }) => reason)).toEqual(['due', 'due']);
  });

  it.each(['text/plain; charset=UTF-8', 'application/json;charset=utf-8'])('as %s', async (type) => {
    expect((await post(alarm('a'), type)).status).toBe(202);
  });

  it('F059 a message that is sent again has no effect', async () => {
    const first = alarm('a');
    await post(first);
    world.now += MINUTE;
    await post(alarm('a', { alarm_status: 'ok' }, 'm-2'));
    const before = await world.ledger.holds();
    expect((await post(first)).json).toMatchObject({ changed: 0, ignored: 'it was taken in before' });
    expect(await world.ledger.holds()).toEqual(before);
  });

  it('a key does not stand for Huawei’s signature', async () => {
    expect((await post({ ...alarm('a'), signature: '' }, undefined, KEYS.alert)).status).toBe(401);
    expect(await world.ledger.holds()).toEqual([]);
  });

  it('whose certificate cannot be fetched is not refused: it is taken when it comes again', async () => {
    const first = alarm('a');
    const url = smnBody({}).signing_cert_url!;
    internet.pages.set(url, new Error('no answer within 5000 ms'));
    expect((await post(first)).status).toBe(503);
    expect(await world.ledger.holds()).toEqual([]);
    internet.pages.set(url, CERTIFICATE);
    world.now += 2 * MINUTE;
    expect((await post(first)).json).toMatchObject({ changed: 1 });
  });

  it('what is refused has its reason in the log, and the caller has none', async () => {
    const { status, text } = await post({ ...alarm('a'), message: '{}' });
    expect([status, text.includes('signature is not')]).toEqual([401, false]);
    expect(world.logs.filter(({ code }) => code === 'alert_refused')).toMatchObject([
      { level: 'warn', source: 'smn', why: 'its signature is not good' },
    ]);
  });
});

describe('a subscription', () => {
  const asked = (change: Record<string, string> = {}) => subscription({ timestamp: iso(world.now), ...change });
  const url = subscription().subscribe_url!;

  it('is confirmed, once', async () => {
    internet.pages.set(url, '{}');
    const body = smnSigned(asked());
    expect((await post(body)).json.ignored).toBe('a subscription, which is confirmed now');
    await post(body);
    expect(fetched()).toEqual([url]);
  });

  it('that could not be confirmed is so when it comes again', async () => {
    const body = smnSigned(asked());
    expect((await post(body)).status).toBe(500);
    internet.pages.set(url, '{}');
    expect((await post(body)).status).toBe(202);
    expect(fetched()).toEqual([url, url]);
  });

  it.each<[string, () => object]>([
    ['F067 without a good signature', () => ({ ...smnSigned(asked()), signature: 'eA==' })],
    ['F067 with another URL than was signed', () => ({ ...smnSigned(asked()), subscribe_url: 'https://x.huaweicloud.com/' })],
    ['to a topic that is not in the policy', () => smnSigned(asked({ topic_urn: 'urn:smn:cn-north-4:0:other' }))],
    ['F059 of long ago', () => smnSigned(asked({ timestamp: iso(world.now - DAY) }))],
  ])('%s is not confirmed', async (_, body) => {
    expect([(await post(body())).status, fetched()]).toEqual([401, []]);
  }); // biome-ignore format: a table

  it.each(['https://169.254.169.254/', 'http://console.huaweicloud.com/', 'https://evil.example/huaweicloud.com'])(
    'F067 at %s, though signed, is not confirmed',
    async (elsewhere) => {
      internet.pages.set(elsewhere, '{}');
      expect((await post(smnSigned(asked({ subscribe_url: elsewhere })))).status).toBe(202);
      expect(fetched()).toEqual([]);
      expect(world.logs.map(({ code }) => code)).toContain('subscription_not_confirmed');
    },
  );

  it('that ends is answered, and nothing is fetched', async () => {
    const { status, json } = await post(smnSigned(asked({ type: 'UnsubscribeConfirmation' })));
    expect([status, json.ignored, fetched()]).toEqual([202, 'the end of a subscription', []]);
  });
});

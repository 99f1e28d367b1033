import { beforeEach, describe, expect, it } from '@jest/globals';
import { HOUR, MINUTE, SECOND } from '../../lib/core/time.ts';
import { isHuaweiUrl, UNREACHABLE, verifiedMessage } from '../../lib/http/smn.ts';
import { ceBody, smnBody, TOPIC } from '../support/inbound.ts';
import { CERTIFICATE, EC_CERTIFICATE, Internet, smnSigned, subscription } from '../support/smn.ts';

const NOW = Date.parse('2026-11-25T17:01:00Z');
const AT = '2026-11-25T17:01:00Z';
const URL_OF_CERTIFICATE = smnBody({}).signing_cert_url!;

let internet: Internet;
beforeEach(() => {
  internet = new Internet();
  internet.pages.set(URL_OF_CERTIFICATE, CERTIFICATE);
});

const alarm = (change: Record<string, string> = {}) => smnBody(ceBody('a'), { timestamp: AT, ...change });
const check = (body: unknown, now = NOW, topics = [TOPIC]) => verifiedMessage(body, topics, internet.download, now);

describe('a message of SMN', () => {
  it.each<[string, Record<string, string>]>([
    ['is a notification', {}],
    ['with a subject', { subject: '[CES] redis-memory 告警' }],
    ['with an empty subject, which is not signed', { subject: '' }],
    ['of version V1, as some of its documents write it', { signature_version: 'V1' }],
    ['of Europe', { signing_cert_url: URL_OF_CERTIFICATE.replace('.com/', '.eu/') }],
  ])('%s', async (_, change) => {
    const body = smnSigned(alarm(change));
    internet.pages.set(body.signing_cert_url!, CERTIFICATE);
    expect(await check(body)).toEqual({ id: body.message_id, subscribeUrl: null, isNews: true });
  });

  it('may ask for a subscription, or tell of its end', async () => {
    const given = subscription({ timestamp: AT });
    expect(await check(smnSigned(given))).toEqual({ id: given.message_id, subscribeUrl: given.subscribe_url, isNews: false });
    const end = smnSigned({ ...given, type: 'UnsubscribeConfirmation' });
    expect(await check(end)).toEqual({ id: given.message_id, subscribeUrl: null, isNews: false });
  }); // biome-ignore format: long lines

  it.each<[string, object, string]>([
    ['another message', { message: '{"alarm_status":"ok"}' }, 'its signature is not good'],
    ['another time', { timestamp: '2026-11-25T17:01:01Z' }, 'its signature is not good'],
    ['a subject that was put in', { subject: 'x' }, 'its signature is not good'],
    ['no signature', { signature: '' }, 'its signature is not good'],
    ['a signature that is none', { signature: 'x'.repeat(10_000) }, 'its signature is not good'],
    ['a signature that is no text', { signature: 5 }, 'its signature is not good'],
    ['another way of signing', { signature_version: 'v2' }, 'it is signed in a way that is not known'],
    ['no id', { message_id: '' }, 'it is of a type that is not known'],
    ['another type', { type: 'HttpSubscriptionUserConfirm' }, 'it is of a type that is not known'],
    ['a type that every object has', { type: 'constructor' }, 'it is of a type that is not known'],
    ['another topic', { topic_urn: `${TOPIC}2` }, 'its topic is not in the policy'],
    ['no topic', { topic_urn: undefined }, 'its topic is not in the policy'],
  ])('with %s is not taken', async (_, change, why) => {
    expect(await check({ ...smnSigned(alarm()), ...change })).toBe(why);
  });

  it.each<[string, unknown]>([
    ['null', null],
    ['a list', []],
    ['a text', 'x'],
  ])('%s is none', async (_, body) => {
    expect(await check(body)).toBe('its topic is not in the policy');
  });

  it.each<[string, number, boolean]>([
    ['now', 0, true],
    ['five minutes ago', 5 * MINUTE, true],
    ['longer ago', 5 * MINUTE + SECOND, false],
    ['in five minutes', -5 * MINUTE, true],
    ['later', -5 * MINUTE - SECOND, false],
  ])('F059 sent %s', async (_, age, isTaken) => {
    const found = await check(smnSigned(alarm()), NOW + age);
    expect(typeof found === 'object').toBe(isTaken);
    if (!isTaken) expect([found, internet.asked]).toEqual(['its time is not about now', []]);
  });

  it('whose topic is nobody’s is not looked at: nothing is fetched for it', async () => {
    await check(smnSigned(alarm()), NOW, []);
    expect(internet.asked).toEqual([]);
  });
});

describe('F068 its certificate is Huawei’s, or nothing is asked for', () => {
  it.each([
    'http://smn.cn-north-4.myhuaweicloud.com/smn/SMN_a.pem',
    'https://evil.example/smn/SMN_a.pem',
    'https://smn.cn-north-4.myhuaweicloud.com@evil.example/smn/SMN_a.pem',
    'https://user:pass@smn.cn-north-4.myhuaweicloud.com/smn/SMN_a.pem',
    'https://smn.cn-north-4.myhuaweicloud.com.evil.example/smn/SMN_a.pem',
    'https://smn.cn-north-4.myhuaweicloud.com:8443/smn/SMN_a.pem',
    'https://smn-cn-north-4.myhuaweicloud.com/smn/SMN_a.pem',
    'https://evilmyhuaweicloud.com/smn/SMN_a.pem',
    'https://obs.cn-north-4.myhuaweicloud.com/smn/SMN_a.pem',
    'https://smn.eu-west-101.myhuaweicloud.com/smn/SMN_a.pem',
    'https://smn.cn-north-4.myhuaweicloud.com/bucket/SMN_a.pem',
    'https://smn.cn-north-4.myhuaweicloud.com/smn/../bucket/SMN_a.pem',
    'https://smn.cn-north-4.myhuaweicloud.com/smn/SMN_a.pem?to=evil',
    'https://smn.cn-north-4.myhuaweicloud.com/smn/SMN_a.pem#x',
    'https://smn.cn-north-4.myhuaweicloud.com\\@evil.example/smn/SMN_a.pem.txt',
    'https://169.254.169.254/smn/SMN_a.pem',
    'file:///etc/passwd',
    'x',
    '',
  ])('%s', async (url) => {
    internet.pages.set(url, CERTIFICATE);
    expect(await check(smnSigned(alarm({ signing_cert_url: url })))).toBe('its certificate is not on a host of SMN');
    expect(internet.asked).toEqual([]);
  });
});

describe('a certificate', () => {
  it.each<[string, string | Error, string]>([
    ['is not there', new Error('it answered 404'), UNREACHABLE],
    ['is none', '<html>not found</html>', 'its certificate could not be read'],
    ['has no RSA key', EC_CERTIFICATE, 'its certificate has no RSA key'],
  ])('that %s', async (_, page, why) => {
    internet.pages.set(URL_OF_CERTIFICATE, page);
    expect(await check(smnSigned(alarm()))).toBe(why);
  });

  it.each<[string, string]>([['not yet good', '2020-01-01T00:00:00Z'], ['out of date', '2199-01-01T00:00:00Z']])(
    'that is %s',
    async (_, timestamp) => {
      const found = await check(smnSigned(alarm({ timestamp })), Date.parse(timestamp));
      expect(found).toBe('its certificate is out of date');
    },
  ); // biome-ignore format: a row

  it('is read once in an hour, also when many ask at once', async () => {
    const body = smnSigned(alarm());
    await Promise.all([check(body), check(body), check(body)]);
    expect(internet.asked).toHaveLength(1);
    const later = '2026-11-25T18:02:00Z';
    await check(smnSigned(alarm({ timestamp: later })), NOW + HOUR + MINUTE);
    expect(internet.asked).toHaveLength(2);
  });

  it('that could not be read is asked for again, but not by every message', async () => {
    internet.pages.set(URL_OF_CERTIFICATE, new Error('no answer within 5000 ms'));
    await check(smnSigned(alarm()));
    await check(smnSigned(alarm()));
    expect(internet.asked).toHaveLength(1);
    internet.pages.set(URL_OF_CERTIFICATE, CERTIFICATE);
    expect(await check(smnSigned(alarm()), NOW + 2 * MINUTE)).toMatchObject({ isNews: true });
  });

  it('who makes up URLs has a bounded number of them asked for', async () => {
    for (let index = 0; index < 50; index += 1) {
      const url = URL_OF_CERTIFICATE.replace('.pem', `${index}.pem`);
      await check({ ...alarm(), signing_cert_url: url, signature: 'eA==' });
    }
    expect(internet.asked.length).toBeLessThanOrEqual(20);
  });
});

describe('F067 a subscription is confirmed at Huawei Cloud alone', () => {
  it.each<[string, boolean]>([
    ['https://console.huaweicloud.com/smn/subscription/confirm?token=x', true],
    ['https://smn.cn-north-4.myhuaweicloud.com/smn/subscription/confirm?token=x', true],
    ['https://console.eu.huaweicloud.com/smn/subscription/confirm?token=x', true],
    ['https://smn.eu-west-101.myhuaweicloud.eu/smn/subscription/confirm?token=x', true],
    ['https://169.254.169.254/', false],
    ['https://[fd00::1]/', false],
    ['https://localhost/', false],
    ['http://console.huaweicloud.com/smn', false],
    ['https://huaweicloud.com.evil.example/', false],
    ['https://evilhuaweicloud.com/', false],
    ['https://console.huaweicloud.com@evil.example/', false],
    ['https://console.huaweicloud.com:444/', false],
    ['gopher://console.huaweicloud.com/', false],
    ['', false],
  ])('%s: %s', (url, isGood) => expect(isHuaweiUrl(url)).toBe(isGood));
});

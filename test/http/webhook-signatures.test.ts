import { describe, expect, it } from '@jest/globals';
import { grafanaSigned, pagerDutySigned, standardSigned } from '../../lib/http/webhook-signatures.ts';

/** The example that stands in the documentation of Standard Webhooks' libraries. */
const DOCUMENTED = {
  secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  body: Buffer.from('{"test": 2432232314}'),
  id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
  seconds: '1614265330',
  signature: 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
};
const AT = 1_614_265_330_000;
const GOOD = DOCUMENTED.signature;
const BAD = 'v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc=';

/** Made with `openssl dgst -sha256 -hmac 'a secret of the team' -hex`. */
const HEX = '52ffb4c8f59ae9558b1268185d5b814d32fb5a78ad12a6dbeb5a77d3f89d3f28';
const HEX_WITH_TIME = '235ba15d5f03ec22b8bc9072b2943b34651ecb4d3134b47398dd6fb44aa71f19';
const SECRET = 'a secret of the team';
const BODY = Buffer.from('{"a":"维护窗口"}\n');

describe('Standard Webhooks', () => {
  const check = (change: Record<string, string>, secrets = [DOCUMENTED.secret], now = AT) => {
    const headers = { 'webhook-id': DOCUMENTED.id, 'webhook-timestamp': DOCUMENTED.seconds, 'webhook-signature': GOOD };
    return standardSigned({ ...headers, ...change }, DOCUMENTED.body, secrets, now) !== null;
  };

  it.each<[string, string, boolean]>([
    ['the documented one', GOOD, true],
    ['among others', `${BAD} v2,${GOOD.slice(3)} ${GOOD} ${BAD}`, true],
    ['of another version', `v2,${GOOD.slice(3)}`, false],
    ['of another message', BAD, false],
    ['with a comma between two, as a gateway joins header lines', `v1,AAAA,${GOOD}`, false],
    ['F062 empty', '', false],
    ['F062 empty but for the version', 'v1,', false],
    ['F062 without the version', GOOD.slice(3), false],
    ['F062 short', 'v1,g0hM9', false],
    ['F062 in hex', 'v1,83484cf52b04f8e4cf2531adfed9882ad4b2665137b852442d594d20e2c9d4e1', false],
    ['F062 of 10 kB', `v1,${'A'.repeat(10_000)}`, false],
    ['F062 after a thousand others', `${`${BAD} `.repeat(1_000)}${GOOD}`, false],
    ['F062 after ten others', `${`${BAD} `.repeat(10)}${GOOD}`, false],
    ['F062 of characters that are no ASCII', `v1,${'é'.repeat(44)}`, false],
  ])('a signature %s', (_, signature, isGood) => expect(check({ 'webhook-signature': signature })).toBe(isGood));

  it.each<[string, Record<string, string>, boolean]>([
    ['no id', { 'webhook-id': '' }, false],
    ['another id', { 'webhook-id': 'msg_other' }, false],
    ['another time', { 'webhook-timestamp': '1614265331' }, false],
    ['no time', { 'webhook-timestamp': '' }, false],
    ['no number for a time', { 'webhook-timestamp': 'hello' }, false],
    ['more than a number', { 'webhook-timestamp': '1614265330abc' }, false],
    ['milliseconds', { 'webhook-timestamp': '1614265330000' }, false],
  ])('%s', (_, headers, isGood) => expect(check(headers)).toBe(isGood));

  it.each<[number, boolean]>([[-301, false], [-300, true], [0, true], [300, true], [300.999, true], [301, false]])(
    'F059 %d seconds after it was signed',
    (seconds, isGood) => expect(check({}, undefined, AT + seconds * 1_000)).toBe(isGood),
  ); // biome-ignore format: a row

  it.each<[string, string[], boolean]>([
    ['none', [], false],
    ['another', ['whsec_YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4'], false],
    ['the older of two', [DOCUMENTED.secret, 'whsec_YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4'], true],
    ['the newer of two', ['whsec_YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4', DOCUMENTED.secret], true],
    ['without the prefix', [DOCUMENTED.secret.slice(6)], true],
  ])('secrets: %s', (_, secrets, isGood) => expect(check({}, secrets)).toBe(isGood));
});

describe('PagerDuty', () => {
  it.each<[string, string, boolean]>([
    ['alone', `v1=${HEX}`, true],
    ['among others', `v1=${'0'.repeat(64)}, v1=${HEX}`, true],
    ['of another version', `v2=${HEX}`, false],
    ['F062 empty', '', false],
    ['F062 without the version', HEX, false],
    ['F062 short', `v1=${HEX.slice(0, 20)}`, false],
    ['F062 in upper case', `v1=${HEX.toUpperCase()}`, false],
    ['F062 of 10 kB', `v1=${HEX}${'0'.repeat(10_000)}`, false],
    ['F062 after a thousand others', `${'v1=00,'.repeat(1_000)}v1=${HEX}`, false],
  ])('a signature %s', (_, given, isGood) => {
    expect(pagerDutySigned({ 'x-pagerduty-signature': given }, BODY, ['another', SECRET])).toBe(isGood);
    expect(pagerDutySigned({ 'x-pagerduty-signature': given }, BODY, [])).toBe(false);
  });

  it('no header', () => expect(pagerDutySigned({}, BODY, [SECRET])).toBe(false));
});

describe('Grafana', () => {
  const check = (signature: string, timestamp?: string) => {
    const time = timestamp === undefined ? {} : { 'x-grafana-alerting-timestamp': timestamp };
    return grafanaSigned({ 'x-grafana-alerting-signature': signature, ...time }, BODY, [SECRET], AT) !== null;
  };
  it.each<[string, string, string | undefined, boolean]>([
    ['the body', HEX, undefined, true],
    ['the time and the body', HEX_WITH_TIME, '1614265330', true],
    ['the body, with a time beside it', HEX, '1614265330', false],
    ['the time and the body, without the time', HEX_WITH_TIME, undefined, false],
    ['another time', HEX_WITH_TIME, '1614265331', false],
    ['F062 nothing', '', undefined, false],
    ['F062 the body, in upper case', HEX.toUpperCase(), undefined, false],
  ])('over %s', (_, signature, timestamp, isGood) => expect(check(signature, timestamp)).toBe(isGood));
});

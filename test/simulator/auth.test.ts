import { describe, expect, it } from '@jest/globals';
import { createManualClock } from '../../lib/simulator/clock.ts';
import { createSimulator } from '../../lib/simulator/simulator.ts';
import { type Ask, bench, fleetOf, PROJECT, pathOf, START } from './harness.ts';

const fleet = fleetOf([{ name: 'cart' }]);
const LIST = `/v2/${PROJECT}/instances`;

/** Signs all the same, and takes a name out of what the signature says it covers. */
const unsign = (name: string) => (headers: Record<string, string>) => {
  headers.authorization = headers.authorization!.replace(new RegExp(`${name};|;${name}(?=,)`), '');
};

interface Row {
  why: string;
  ask: Ask;
  status: number;
  code: string | undefined;
  says?: string;
}

const rows: Row[] = [
  { why: 'a good signature', ask: {}, status: 200, code: undefined },
  { why: '15 minutes behind', ask: { clockOff: -900_000 }, status: 200, code: undefined },
  { why: '15 minutes ahead', ask: { clockOff: 900_000 }, status: 200, code: undefined },
  { why: 'more than 15 minutes behind', ask: { clockOff: -901_000 }, status: 401, code: 'APIGW.0301', says: 'expired' },
  { why: 'more than 15 minutes ahead', ask: { clockOff: 901_000 }, status: 401, code: 'APIGW.0301', says: 'expired' },
  {
    why: 'a key that is not known, echoed',
    ask: { ak: 'NOSUCHKEY' },
    status: 401,
    code: 'APIGW.0301',
    says: 'ak:NOSUCHKEY',
  },
  { why: 'a key of the prototype', ask: { ak: 'constructor' }, status: 401, code: 'APIGW.0301', says: 'ak not exist' },
  {
    why: 'another secret, canonical request echoed',
    ask: { sk: 'other' },
    status: 401,
    code: 'APIGW.0301',
    says: 'host;x-project-id;x-sdk-date',
  },
  { why: 'a signed security token', ask: { securityToken: 'token' }, status: 200, code: undefined },
  {
    why: 'a security token that is not signed',
    ask: {
      tamper: (h) => {
        h['x-security-token'] = 'token';
      },
    },
    status: 401,
    code: 'APIGW.0301',
    says: 'x-security-token is not signed',
  },
  {
    why: 'a project that is not signed',
    ask: { tamper: unsign('x-project-id') },
    status: 401,
    code: 'APIGW.0301',
    says: 'x-project-id is not signed',
  },
  {
    why: 'a host that is not signed',
    ask: { tamper: unsign('host') },
    status: 401,
    code: 'APIGW.0301',
    says: 'host is not signed',
  },
  {
    why: 'a date that is not signed',
    ask: { tamper: unsign('x-sdk-date') },
    status: 401,
    code: 'APIGW.0301',
    says: 'x-sdk-date is not signed',
  },
  {
    why: 'a signed header that is not sent',
    ask: {
      tamper: (h) => {
        h.authorization = h.authorization!.replace('x-sdk-date', 'x-sdk-date;x-zone');
      },
    },
    status: 401,
    code: 'APIGW.0301',
    says: 'x-zone not found',
  },
  {
    why: 'a header changed on its way',
    ask: {
      headers: { 'x-trace': 'a' },
      tamper: (h) => {
        h['x-trace'] = 'b';
      },
    },
    status: 401,
    code: 'APIGW.0301',
    says: 'verify aksk signature fail',
  },
  {
    why: 'the header of another project',
    ask: { headers: { 'x-project-id': 'f'.repeat(32) } },
    status: 401,
    code: 'DCS.1004',
  },
  {
    why: 'no authorization',
    ask: {
      tamper: (h) => {
        delete h.authorization;
      },
    },
    status: 401,
    code: 'APIGW.0301',
    says: 'x-auth-token not found',
  },
  {
    why: 'another scheme',
    ask: {
      tamper: (h) => {
        h.authorization = 'Bearer abc';
      },
    },
    status: 401,
    code: 'APIGW.0301',
    says: 'format',
  },
  {
    why: 'a date in another form',
    ask: {
      tamper: (h) => {
        h['x-sdk-date'] = '2026-03-06T14:00:00Z';
      },
    },
    status: 401,
    code: 'APIGW.0301',
    says: 'x-sdk-date',
  },
  {
    why: 'a date that cannot be',
    ask: {
      tamper: (h) => {
        h['x-sdk-date'] = '20261399T990000Z';
      },
    },
    status: 401,
    code: 'APIGW.0301',
    says: 'expired',
  },
];

describe('the signature', () => {
  it.each(rows)('$why: $status $code', async ({ ask: how, status, code, says }) => {
    const { ask } = await bench(fleet);
    const got = await ask(LIST, how);
    expect({ status: got.status, code: got.body.error_code }).toEqual({ status, code });
    expect(got.body.error_msg ?? '').toContain(says ?? '');
  });

  it('covers the exact bytes of the body', async () => {
    const { ask, sim } = await bench(fleet);
    const headers: Record<string, string> = {};
    const target = pathOf('cart', '/minor-version/upgrade');
    await ask(target, {
      method: 'POST',
      body: '{"engine_minor_version":"newest"}',
      tamper: (signed) => Object.assign(headers, signed),
    });
    const response = await fetch(sim.url + target, {
      method: 'POST',
      headers,
      body: '{"engine_minor_version":"latest"}',
    });
    expect(response.status).toBe(401);
    expect(sim.posts.map(({ outcome, code }) => [outcome, code])).toEqual([
      ['refused', 'DCS.4062'],
      ['refused', 'APIGW.0301'],
    ]);
  });

  it('covers the query, whose blanks are %20', async () => {
    const { ask } = await bench(fleet);
    expect((await ask(`${LIST}?name=a%20b&limit=5`)).status).toBe(200);
  });

  it('accepts the keys that the fleet or the caller gives, and then no other', async () => {
    const { ask } = await bench({ ...fleet, keys: { ONE: 'first' } });
    const other = await bench({ ...fleet, keys: { ONE: 'first' } }, { keys: { TWO: 'second' } });
    const one = { ak: 'ONE', sk: 'first' };
    expect((await ask(LIST, one)).status).toBe(200);
    expect((await ask(LIST)).status).toBe(401);
    expect((await other.ask(LIST, one)).status).toBe(401);
    expect((await other.ask(LIST, { ak: 'TWO', sk: 'second' })).status).toBe(200);
  });

  it('is checked without a socket as well, against a signature made elsewhere', () => {
    // Made with another language's HMAC over the request as it stands here.
    const authorization =
      'SDK-HMAC-SHA256 Access=ELSEWHERE, SignedHeaders=host;x-sdk-date, Signature=f346e8753b140a4bf15e7a10f7d6671d74d318b178ea04cfc7140b531fb5b91e';
    const { handle } = createSimulator({
      clock: createManualClock(START),
      fleet,
      keys: { ELSEWHERE: 'made+elsewhere/key' },
    });
    const headers = { host: 'dcs.example.com', 'x-sdk-date': '20260306T140000Z', authorization };
    const request = { method: 'GET', target: `${LIST}?limit=5&offset=0`, headers, body: new Uint8Array() };
    expect(handle(request)).toMatchObject({ status: 200 });
    expect(handle({ ...request, target: `${LIST}?limit=6&offset=0` })).toMatchObject({ status: 401 });
  });
});

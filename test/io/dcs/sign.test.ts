import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { canonicalRequest, percentEncode, sdkDate, sign, signature } from '../../../lib/io/dcs/sign.ts';

/** Computed apart from this program, with another language's HMAC. */
interface Vector {
  name: string;
  method: string;
  url: string;
  headers: Record<string, string>;
  body: string;
  ak: string;
  sk: string;
  securityToken: string | null;
  date: string;
  canonicalRequest: string;
  authorization: string;
}

const vectors: Vector[] = JSON.parse(readFileSync(new URL('fixtures/signing.json', import.meta.url), 'utf8'));
const now = Date.parse('2026-03-06T14:15:00Z');

function signed(vector: Vector): Record<string, string> {
  const { method, headers, body, ak, sk, securityToken } = vector;
  return sign({
    method,
    url: new URL(vector.url),
    headers,
    body,
    ak,
    sk,
    now,
    ...(securityToken ? { securityToken } : {}),
  });
}

describe('sign', () => {
  it.each(vectors)('signs $name', (vector) => {
    expect(signed(vector)).toMatchObject({ authorization: vector.authorization, 'x-sdk-date': vector.date });
  });

  it.each(vectors)('can be checked by whoever receives $name', (vector) => {
    const sent = signed(vector);
    const [, names, given] = /SignedHeaders=([^,]+), Signature=(\w+)$/.exec(sent.authorization!)!;
    const url = new URL(vector.url);
    const canonical = canonicalRequest({
      method: vector.method,
      path: url.pathname,
      query: [...url.searchParams],
      headers: { ...sent, Host: url.host },
      signedHeaders: names!.split(';'),
      body: Buffer.from(vector.body),
    });
    expect(canonical).toBe(vector.canonicalRequest);
    expect(signature(vector.sk, sent['x-sdk-date']!, canonical)).toBe(given);
  });

  it('gives another signature for one byte more of body', () => {
    const [upgrade] = vectors.filter(({ method }) => method === 'POST');
    expect(signed({ ...upgrade!, body: `${upgrade!.body} ` }).authorization).not.toBe(upgrade!.authorization);
  });

  it('never sends the secret key', () => {
    for (const vector of vectors) expect(JSON.stringify(signed(vector))).not.toContain(vector.sk);
  });

  it('leaves the signing of Content-Type, Accept and User-Agent out, and sends them', () => {
    const sent = sign({
      method: 'GET',
      url: new URL('https://dcs.example.com/v2/p/instances'),
      headers: { 'Content-Type': 'application/json', Accept: 'a/b', 'User-Agent': 'x' },
      body: '',
      ak: 'a',
      sk: 's',
      now,
    });
    expect(sent).toMatchObject({ 'content-type': 'application/json', accept: 'a/b', 'user-agent': 'x' });
    expect(sent.authorization).toContain('SignedHeaders=host;x-sdk-date,');
  });
});

it.each`
  now                           | date
  ${'2026-03-06T14:15:00Z'}     | ${'20260306T141500Z'}
  ${'2026-03-06T14:15:00.999Z'} | ${'20260306T141500Z'}
  ${'2026-12-31T23:59:59Z'}     | ${'20261231T235959Z'}
`('the date of $now is $date', ({ now, date }) => {
  expect(sdkDate(Date.parse(now!))).toBe(date);
});

it.each`
  text       | encoded
  ${'a b'}   | ${'a%20b'}
  ${'a+b=c'} | ${'a%2Bb%3Dc'}
  ${"!'()*"} | ${'%21%27%28%29%2A'}
  ${'-._~'}  | ${'-._~'}
  ${'缓存'}  | ${'%E7%BC%93%E5%AD%98'}
`('$text is encoded as $encoded', ({ text, encoded }) => {
  expect(percentEncode(text!)).toBe(encoded);
});

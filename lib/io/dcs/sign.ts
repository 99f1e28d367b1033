import { createHmac, hash } from 'node:crypto';
import { type EpochMs, SECOND } from '../../core/time.ts';

const ALGORITHM = 'SDK-HMAC-SHA256';

/** A request as its signature sees it. */
export interface Signable {
  method: string;
  /** As in the request line: percent-encoded or plain, both give the same. */
  path: string;
  /** Decoded names and values, in any order. */
  query: readonly (readonly [name: string, value: string])[];
  /** Names in any case; those that are not in `signedHeaders` are ignored. */
  headers: Readonly<Record<string, string>>;
  signedHeaders: readonly string[];
  /** The exact bytes that are sent; text counts as UTF-8. */
  body: string | Uint8Array;
}

/** What a signature is made of: method, path, query, headers and the hash of the body (Huawei Cloud, API request signing). */
export function canonicalRequest({ method, path, query, headers, signedHeaders, body }: Signable): string {
  const values = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  const names = signedHeaders.map((name) => name.toLowerCase()).sort();
  const lines = names.map((name) => `${name}:${(values.get(name) ?? '').trim()}\n`);
  return [
    method.toUpperCase(),
    canonicalPath(path),
    canonicalQuery(query),
    lines.join(''),
    names.join(';'),
    sha256(body),
  ].join('\n');
}

/** Lower-case hex. `date` is the value of `X-Sdk-Date`. */
export function signature(sk: string, date: string, canonical: string): string {
  return createHmac('sha256', sk)
    .update([ALGORITHM, date, sha256(canonical)].join('\n'))
    .digest('hex');
}

export interface Credentials {
  ak: string;
  sk: string;
  /** Of temporary credentials. */
  securityToken?: string;
}

export function isSameSet(one: Credentials, other: Credentials): boolean {
  return one.ak === other.ak && one.sk === other.sk && one.securityToken === other.securityToken;
}

export interface SignInput extends Credentials {
  method: string;
  url: URL;
  /** Signed as well, except those of {@link UNSIGNED}. */
  headers: Readonly<Record<string, string>>;
  body: string | Uint8Array;
  now: EpochMs;
}

/** What stands between may rewrite these; the gateway checks only what `SignedHeaders` names. */
const UNSIGNED = new Set(['content-type', 'accept', 'user-agent']);

/** All headers to send, names in lower case, `Authorization` among them. `Host` is signed too, and left to the HTTP client to send. */
export function sign({ method, url, headers, body, ak, sk, securityToken, now }: SignInput): Record<string, string> {
  const date = sdkDate(now);
  const sent: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) sent[name.toLowerCase()] = value;
  sent['x-sdk-date'] = date;
  if (securityToken !== undefined) sent['x-security-token'] = securityToken;
  const signable = { ...sent, host: url.host };
  // The SDKs leave names with an underscore unsigned, because servers may drop such headers.
  const signedHeaders = Object.keys(signable)
    .filter((name) => !UNSIGNED.has(name) && !name.includes('_'))
    .sort();
  const canonical = canonicalRequest({
    method,
    path: url.pathname,
    query: [...url.searchParams],
    headers: signable,
    signedHeaders,
    body,
  });
  const authorization = `${ALGORITHM} Access=${ak}, SignedHeaders=${signedHeaders.join(';')}, Signature=${signature(sk, date, canonical)}`;
  return { ...sent, authorization };
}

/** `20261124T020000Z`. */
export function sdkDate(now: EpochMs): string {
  const [date, time] = new Date(Math.floor(now / SECOND) * SECOND).toISOString().split('T') as [string, string];
  return `${date.replaceAll('-', '')}T${time.slice(0, 8).replaceAll(':', '')}Z`;
}

/** RFC 3986: everything but letters, digits and `-._~` is encoded; a blank is `%20`, never `+`. */
export function percentEncode(text: string): string {
  if (isPlain(text)) return text;
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Most of what is signed needs no encoding, and to see that is quicker than to do it. */
function isPlain(text: string): boolean {
  return /^[\w.~-]*$/.test(text);
}

/** Always ends with a slash, although the path that is requested does not. */
function canonicalPath(path: string): string {
  const encoded = /^[\w.~/-]*$/.test(path) ? path : path.split('/').map((segment) => percentEncode(decoded(segment))).join('/'); // biome-ignore format: one thought
  return encoded.endsWith('/') ? encoded : `${encoded}/`;
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function canonicalQuery(query: Signable['query']): string {
  const pairs = query.map(([name, value]) => [percentEncode(name), percentEncode(value)] as const);
  pairs.sort((a, b) => ordered(a[0], b[0]) || ordered(a[1], b[1]));
  return pairs.map((pair) => pair.join('=')).join('&');
}

function ordered(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function sha256(data: string | Uint8Array): string {
  return data.length === 0 ? SHA256_OF_NOTHING : hash('sha256', data);
}

/** Of every request without a body. */
const SHA256_OF_NOTHING = hash('sha256', '');

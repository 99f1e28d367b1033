import { createHash, timingSafeEqual } from 'node:crypto';
import type { ApiKey } from '../core/api-key.ts';
import type { HttpRequest } from './request.ts';

/**
 * Whom a request comes from, or null. A key is shown as `Authorization: Bearer KEY` or `X-Api-Key: KEY`; for reading
 * also as the password of Basic authentication, so that a browser can show the dashboard. A browser sends that password
 * along with whatever another site makes it ask for, so it is not enough for anything that changes something.
 */
export function callerOf(
  { method, headers }: HttpRequest,
  keys: readonly ApiKey[],
  { basic = method === 'GET' }: { basic?: boolean } = {},
): ApiKey | null {
  const shown = keyIn(headers, basic);
  if (!shown) return null;
  const hash = createHash('sha256').update(shown).digest();
  // Every entry is compared, and each in the same time: how long it takes tells nothing about any key.
  const matching = keys.filter(({ sha256 }) => timingSafeEqual(hash, Buffer.from(sha256, 'hex')));
  return matching[0] ?? null;
}

function keyIn(headers: HttpRequest['headers'], basic: boolean): string | null {
  const { authorization, 'x-api-key': plain } = headers;
  if (authorization === undefined) return plain ?? null;
  const [, scheme = '', value = ''] = /^(\w+) +(\S+) *$/.exec(authorization) ?? [];
  if (scheme.toLowerCase() === 'bearer') return value;
  if (scheme.toLowerCase() !== 'basic' || !basic) return null;
  const pair = Buffer.from(value, 'base64').toString();
  return pair.slice(pair.indexOf(':') + 1);
}

import { describe, expect, it } from '@jest/globals';
import { callerOf } from '../../lib/http/keys.ts';
import type { HttpRequest } from '../../lib/http/request.ts';
import { aKey } from '../support/http.ts';

const keys = [
  aKey('ci', 'old-key', 'read'),
  aKey('ci', 'new-key', 'read', 'upgrade'),
  aKey('ops', 'other-key', 'operate'),
];

function shows(headers: Record<string, string>, method = 'GET'): HttpRequest {
  return { method, path: '/plan', query: {}, headers, body: Buffer.alloc(0), requestId: 'r' };
}

const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });

describe('the caller', () => {
  it.each<[string, Record<string, string>, string, [string, string[]] | null]>([
    ['a key that is being replaced', { authorization: 'Bearer old-key' }, 'GET', ['ci', ['read']]],
    ['its successor, at the same time', { authorization: 'bearer  new-key ' }, 'POST', ['ci', ['read', 'upgrade']]],
    ['its own header', { 'x-api-key': 'other-key' }, 'POST', ['ops', ['operate']]],
    ['a password, for reading', basic('anybody:new-key'), 'GET', ['ci', ['read', 'upgrade']]],
    ['a password, for anything else', basic('anybody:new-key'), 'POST', null],
    ['nothing', {}, 'GET', null],
    ['an empty key', { authorization: 'Bearer ' }, 'GET', null],
    ['an empty header', { 'x-api-key': '' }, 'GET', null],
    ['a wrong key beside a right one', { authorization: 'Bearer no-key', 'x-api-key': 'new-key' }, 'GET', null],
    ['a key and more', { authorization: 'Bearer new-key-' }, 'GET', null],
    ['two keys', { authorization: 'Bearer old-key new-key' }, 'GET', null],
  ])('shown: %s', (_, headers, method, caller) => {
    const found = callerOf(shows(headers, method), keys);
    expect(found && [found.name, found.rights]).toEqual(caller);
  });
});

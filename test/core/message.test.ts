import { describe, expect, it } from '@jest/globals';
import {
  bytes,
  characters,
  lookalike,
  messageOf,
  oneLine,
  plainText,
  shortened,
  unlinked,
} from '../../lib/core/message.ts';
import { anAlert } from '../support/alerts.ts';

describe('a text is cut between two characters as people see them', () => {
  const family = '👨‍👩‍👧';
  it.each<{ text: string; most: number; size: typeof bytes; result: string }>`
    text                    | most  | size          | result
    ${'as it is'}           | ${8}  | ${characters} | ${'as it is'}
    ${'one more'}           | ${7}  | ${characters} | ${'one mo…'}
    ${''}                   | ${0}  | ${characters} | ${''}
    ${'x'}                  | ${0}  | ${characters} | ${''}
    ${'维护窗口'}           | ${12} | ${bytes}      | ${'维护窗口'}
    ${'维护窗口'}           | ${11} | ${bytes}      | ${'维护…'}
    ${'维护窗口'}           | ${2}  | ${bytes}      | ${''}
    ${`${family}${family}`} | ${16} | ${characters} | ${`${family}${family}`}
    ${`${family}${family}`} | ${15} | ${characters} | ${`${family}…`}
    ${`a${family}`}         | ${8}  | ${characters} | ${'a…'}
    ${'e\u0301e\u0301'}     | ${3}  | ${characters} | ${'e\u0301…'}
    ${'🇩🇪🇨🇳'}               | ${7}  | ${characters} | ${'🇩🇪…'}
  `('$text in $most: $result', ({ text, most, size, result }) => {
    expect(shortened(text, { most, size })).toBe(result);
  });

  it('what a character was escaped to is never cut', () => {
    const escaped = (one: string) => (one === '&' ? '&amp;' : one);
    expect(shortened('a&b&c', { most: 9, escaped })).toBe('a&amp;b…');
    expect(shortened('&&&', { most: 14, escaped })).toBe('&amp;&amp;…');
    expect(shortened('&&&', { most: 15, escaped })).toBe('&amp;&amp;&amp;');
  });

  it('a text without end costs no more than its limit', () => {
    expect(shortened('x'.repeat(50_000_000), { most: 10 })).toBe('xxxxxxxxx…');
  });
});

describe('one line', () => {
  it.each([
    ['a\r\nb\tc\u2028d\u0085e', 'a b c d e'],
    ['  a  b  ', 'a b'],
    ['a\u202egpj.exe', 'agpj.exe'],
    ['\u2067a\u2069\u200f\u061c', 'a'],
    ['z\u200be\u2060r\ufeffo', 'zero'],
    ['tag\u{e0041}\u{e007f}', 'tag'],
    ['\u0000\u001b[31mred', '[31mred'],
    ['half \ud83d pair', 'half \ufffd pair'],
    ['👨‍👩‍👧 شکر', '👨‍👩‍👧 شکر'],
  ])('%j: %j', (text, expected) => {
    expect(oneLine(text)).toBe(expected);
  });
});

it.each([
  ['@all <b> [x](y) *z* `q` \\', '＠all ＜b＞ ［x］(y) ＊z＊ ｀q｀ ＼'],
  ['redis-prod_01.a', 'redis-prod_01.a'],
])('look-alikes for %j: %j', (text, expected) => {
  expect(Array.from(text, lookalike).join('')).toBe(expected);
});

it('an address of the web is not clickable', () => {
  expect(unlinked('see https://a.example.com, ftp://b, WWW.c.example.com')).toBe(
    'see https：//a.example.com, ftp：//b, WWW．c.example.com',
  );
});

it('every message says what happened and what to do', () => {
  expect(plainText(messageOf(anAlert())).split('\n')).toEqual([
    '🔴 Upgrade failed',
    '',
    'cache-a was not upgraded: a backup is running (DCS.4096).',
    'What to do: Wait for the backup to end.',
    '',
    'instanceId: id-a',
    'code: DCS.4096',
    'at: 2026-11-23T18:00:00Z',
  ]);
});

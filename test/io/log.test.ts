import { describe, expect, it } from '@jest/globals';
import type { LogLevel } from '../../lib/deps.ts';
import { createLog, maskSecrets } from '../../lib/io/log.ts';

const AT = Date.parse('2026-11-24T18:00:00Z');
const SK = 'yVx0pQ/+secret-of-ours==';

function logging(level: LogLevel = 'debug', secrets: readonly string[] = [SK]) {
  const lines: string[] = [];
  const log = createLog({ level, write: (line) => lines.push(line), now: () => AT, secrets });
  return { log, lines, last: () => JSON.parse(lines.at(-1)!) };
}

describe('a line', () => {
  it('is JSON with time, level and code before the data', () => {
    const { log, lines } = logging();
    log('info', 'attempt_running', { instanceId: 'i-1', parts: ['engine'] });
    expect(lines).toEqual([
      '{"time":"2026-11-24T18:00:00Z","level":"info","code":"attempt_running","instanceId":"i-1","parts":["engine"]}\n',
    ]);
  });

  it.each<{ least: LogLevel; written: string }>`
    least      | written
    ${'debug'} | ${'debug info warn error'}
    ${'info'}  | ${'info warn error'}
    ${'warn'}  | ${'warn error'}
    ${'error'} | ${'error'}
  `('at level $least only $written are written', ({ least, written }) => {
    const { log, lines } = logging(least);
    for (const level of ['debug', 'info', 'warn', 'error'] as const) log(level, 'x');
    expect(lines.map((line) => JSON.parse(line).level).join(' ')).toBe(written);
  });

  it('keeps its head when the data has the same names', () => {
    const { log, last } = logging();
    log('warn', 'call_failed', { code: 'DCS.4096', level: 9, time: 'noon', toString: 'mine' });
    expect(last()).toEqual({
      time: '2026-11-24T18:00:00Z',
      level: 'warn',
      code: 'call_failed',
      'data.code': 'DCS.4096',
      'data.level': 9,
      'data.time': 'noon',
      toString: 'mine',
    });
  });

  it.each<{ text: string; why: string }>`
    text                                    | why
    ${'a\n{"level":"error","code":"fake"}'} | ${'a newline cannot forge a line'}
    ${'a\r\nb'}                             | ${'nor can a carriage return'}
    ${'\u001b[2Ja'}                         | ${'an escape sequence cannot clear a screen'}
    ${'a\u009b31mb\u007f'}                  | ${'nor one of eight bits'}
    ${'a\u2028b\u2029c\u0085d'}             | ${'separators of Unicode are separators to some viewers'}
    ${'a\u202egnp.exe\u2066\u200f\ufeff'}   | ${'nothing is shown backwards'}
  `('holds no control character: $why', ({ text }) => {
    const { log, lines, last } = logging();
    log('info', 'x', { text, [text]: 1 });
    expect(lines[0]).toMatch(/^[\x20-\x7e]+\n$/);
    expect(last()).toMatchObject({ text, [text]: 1 });
  });
});

describe('secrets', () => {
  const shapes: [string, Record<string, unknown>][] = [
    ['in a text', { url: `https://h/?sk=${SK}&x` }],
    ['in a URL, encoded', { url: `https://h/?k=${encodeURIComponent(SK)}` }],
    ['deep in lists and objects', { a: [{ b: [`x${SK}y${SK}`] }] }],
    ['as a key', { [`k-${SK}`]: 1 }],
    ['in an error', { error: new Error(`bad ${SK}`) }],
    ['in the cause of an error', { error: new Error('bad', { cause: new TypeError(SK) }) }],
    ['in a map and a set', { map: new Map([['k', SK]]), set: new Set([SK]) }],
    ['where a long text is cut', { text: 'x'.repeat(3_990) + SK }],
  ];

  it.each(shapes)('F127: a value that is known is masked %s', (_, data) => {
    const { log, lines } = logging();
    log('error', 'x', data);
    expect(lines[0]).not.toContain(SK.slice(0, 8));
    expect(lines[0]).not.toContain(encodeURIComponent(SK));
    expect(lines[0]).toContain('[masked]');
  });

  it.each<{ key: string }>`
    key
    ${'authorization'}
    ${'Authorization'}
    ${'proxy-authorization'}
    ${'x-security-token'}
    ${'securityToken'}
    ${'X-Sdk-Signature'}
    ${'CLOUD_SDK_SK'}
    ${'sk'}
    ${'secretKey'}
    ${'WEBHOOK_SECRETS'}
    ${'password'}
    ${'cookie'}
  `('F127: whatever stands under "$key" is masked', ({ key }) => {
    const { log, last } = logging('debug', []);
    log('info', 'x', { [key]: 'unknown', deep: [{ [key]: { a: 'unknown' } }] });
    expect(last()).toMatchObject({ [key]: '[masked]', deep: [{ [key]: '[masked]' }] });
  });

  it('F127: a whole environment in a crash report shows none of them', () => {
    const env = {
      CLOUD_SDK_AK: 'AKEXAMPLE0001',
      CLOUD_SDK_SK: SK,
      CLOUD_SDK_SECURITY_TOKEN: 'tokentoken',
      OTHER: `x ${SK}`,
      HOME: '/root',
    };
    const { log, lines, last } = logging();
    log('error', 'crash', { env, error: new Error(JSON.stringify(env)) });
    expect(lines[0]).not.toContain(SK);
    expect(last().env).toEqual({
      CLOUD_SDK_AK: '[masked]',
      CLOUD_SDK_SK: '[masked]',
      CLOUD_SDK_SECURITY_TOKEN: '[masked]',
      OTHER: 'x [masked]',
      HOME: '/root',
    });
  });

  it.each<{ key: string }>`
    key           | why
    ${'taskId'}   | ${'a word that only holds such letters'}
    ${'askedBy'}  | ${'a word that only holds such letters'}
    ${'tokenize'} | ${'another word'}
    ${'risk'}     | ${'another word'}
  `('"$key" is not masked: $why', ({ key }) => {
    const { log, last } = logging();
    log('info', 'x', { [key]: 'shown' });
    expect(last()[key]).toBe('shown');
  });

  it('one that is learned later is masked from then on', () => {
    const secrets: string[] = [];
    const { log, last } = logging('info', secrets);
    secrets.push('learned-later');
    log('info', 'x', { text: 'it is learned-later' });
    expect(last().text).toBe('it is [masked]');
  });

  it.each<{ text: string; secrets: string[]; masked: string; why: string }>`
    text                | secrets                    | masked                | why
    ${'a abcdef b'}     | ${['abcdef']}              | ${'a [masked] b'}     | ${'plain'}
    ${'abcdefghi'}      | ${['abcdef', 'abcdefghi']} | ${'[masked]'}         | ${'the longer one first, so that no end of it is left'}
    ${'already_latest'} | ${['', 'test', 'latest']}  | ${'already_[masked]'} | ${'empty and very short ones are none'}
    ${'a%2Fbcdef'}      | ${['a/bcdef']}             | ${'[masked]'}         | ${'as a URL spells it'}
    ${'a$&b abcdef'}    | ${['abcdef']}              | ${'a$&b [masked]'}    | ${'no pattern'}
    ${'x'}              | ${['\ud800abcdef']}        | ${'x'}                | ${'a secret that no URL can spell'}
  `('maskSecrets($text) is $masked: $why', ({ text, secrets, masked }) => {
    expect(maskSecrets(text, secrets)).toBe(masked);
  });
});

describe('whatever it is given', () => {
  const circular: Record<string, unknown> = { name: 'c' };
  circular.self = circular;
  const hostile = Object.defineProperty({}, 'x', {
    enumerable: true,
    get: () => {
      throw new Error('no');
    },
  });
  const shared = { a: 1 };

  it.each<[string, unknown, unknown]>([
    ['a circle', circular, { name: 'c', self: '[circular]' }],
    ['the same object twice is no circle', [shared, shared], [{ a: 1 }, { a: 1 }]],
    ['a bigint', 12n, '12'],
    ['a symbol', Symbol('s'), 'Symbol(s)'],
    ['a function', () => 1, '[function]'],
    ['not a number', Number.NaN, null],
    ['a date', new Date(AT), '2026-11-24T18:00:00.000Z'],
    ['an impossible date', new Date(Number.NaN), null],
    ['bytes', Buffer.from('abc'), '[3 bytes]'],
    ['a getter that throws', hostile, '[unreadable]'],
    [
      'a toJSON that throws',
      {
        toJSON: () => {
          throw new Error('no');
        },
      },
      { toJSON: '[function]' },
    ],
    ['an error', new TypeError('bad'), { name: 'TypeError', message: 'bad' }],
    [
      'an error with a code',
      Object.assign(new Error('bad'), { code: 'ECONNRESET' }),
      { name: 'Error', message: 'bad', code: 'ECONNRESET' },
    ],
    ['a key of the prototype', JSON.parse('{"__proto__":{"a":1}}'), JSON.parse('{"__proto__":{"a":1}}')],
    ['much depth', [[[[[[[[1]]]]]]]], [[[[['[deeper]']]]]]],
    ['a long list', Array.from({ length: 150 }, () => 0), [...Array.from({ length: 100 }, () => 0), '… 50 more']],
    ['a long text', 'x'.repeat(5_000), `${'x'.repeat(4_000)}… 1000 more`],
  ])('%s', (_, value, written) => {
    const { log, last } = logging();
    log('info', 'x', { value });
    expect(last().value).toEqual(written);
  });

  it('what is wide and deep is cut before it costs much', () => {
    const wide = (depth: number): unknown =>
      depth === 0 ? 'leaf' : Array.from({ length: 100 }, () => leaf[depth - 1]);
    const leaf: unknown[] = [];
    for (let depth = 0; depth < 6; depth += 1) leaf.push(wide(depth));
    const { log, lines, last } = logging();
    log('info', 'x', { value: leaf[5] });
    expect(lines[0]!.length).toBeLessThan(65_000);
    expect(last()).toMatchObject({ level: 'info', code: 'x' });
  });

  it('a line that is too long is cut, and still JSON', () => {
    const { log, lines, last } = logging();
    log('info', 'x', { list: Array.from({ length: 90 }, () => 'y'.repeat(3_000)) });
    expect(lines[0]!.length).toBeLessThan(65_000);
    expect(last()).toMatchObject({ time: '2026-11-24T18:00:00Z', level: 'info', code: 'x', cut: expect.any(Number) });
  });

  it('a writer that throws stops nobody', () => {
    const write = () => {
      throw new Error('EPIPE');
    };
    const log = createLog({ level: 'info', write, now: () => AT, secrets: [] });
    expect(() => log('info', 'x')).not.toThrow();
  });
});

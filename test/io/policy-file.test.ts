import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { type PlacedProblem, problemText, readPolicy } from '../../lib/io/policy-file.ts';
import { cpuTime } from '../support/cpu-time.ts';
import { document, ENV } from '../support/reading.ts';

const GOOD = `version: 1
timezone: Asia/Shanghai
windows:
  night: { days: [tue, wed, thu], from: "01:00", to: "05:00" }
rollout:
  - { wave: dev, match: { tags: { env: dev } }, window: night }
`;

async function problems(text: string | Uint8Array): Promise<PlacedProblem[]> {
  const read = await readPolicy(text, ENV);
  return 'problems' in read ? read.problems : [];
}

/** `line:column message (hint)` of each. */
async function told(text: string | Uint8Array): Promise<string[]> {
  const found = await problems(text);
  expect(found.filter(({ message, hint }) => hint.length < 3 || message.length > 320)).toEqual([]);
  return found.map((problem) => problemText('', problem).slice(1));
}

describe('a good file', () => {
  it.each<[string, string | Uint8Array]>([
    ['YAML', GOOD],
    ['bytes', Buffer.from(GOOD)],
    ['F037 with a byte order mark', Buffer.from(`\uFEFF${GOOD}`)],
    ['F037 … as a string', `\uFEFF${GOOD}`],
    ['F037 with CRLF', GOOD.replaceAll('\n', '\r\n')],
    ['with one document mark', `---\n${GOOD}`],
    [
      'with an anchor',
      `${GOOD.replace('dev, match: {', 'dev, match: &dev {')}  - { wave: more, match: *dev, window: night }\n`,
    ],
    ['JSON', JSON.stringify(document())],
    ['JSON over several lines', `\n${JSON.stringify(document(), null, 2)}\n`],
    [
      'JSON with text that looks like keys',
      JSON.stringify(
        document({ freezes: [{ name: 'f', from: '2026-01-01', to: '2026-01-01', reason: '"a": "b", ":' }] }),
      ),
    ],
  ])('%s', async (_, text) => {
    expect(await told(text)).toEqual([]);
  });

  it('F007 words are text, as YAML 1.2 has it: off, no and times of day', async () => {
    const read = await readPolicy(GOOD.replace('env: dev', 'env: off, country: no').replace('"01:00"', '01:00'), ENV);
    expect(read).toMatchObject({ policy: { rollout: [{ match: { tags: { env: ['off'], country: ['no'] } } }] } });
  });

  it('JSON and YAML give the same policy', async () => {
    const [fromYaml, fromJson] = [await readPolicy(GOOD, ENV), await readPolicy(JSON.stringify(document()), ENV)];
    expect(fromYaml).toEqual(fromJson);
  });

  it('the example', async () => {
    const example = readFileSync('policy.example.yaml');
    expect(await told(example)).toEqual([]);
    expect(example.toString()).toMatch(/^# yaml-language-server: \$schema=\.\/policy\.schema\.json\n/);
  });
});

describe('where a problem stands', () => {
  it.each<[string, string, string[]]>([
    ['F029 an unknown key', `${GOOD}freezs: []\n`, ['7:1 unknown key freezs (did you mean freezes?)']],
    [
      'a value inside a window',
      GOOD.replace('"01:00"', '"25:00"'),
      ['4:35 windows.night.from is "25:00": it must be a time of day from "00:00" to "23:59"'],
    ],
    [
      'an item of a list',
      GOOD.replace('tue', 'tux'),
      ['4:19 windows.night.days[0] is "tux": it must be one of mon, tue, wed, thu, fri, sat, sun (did you mean tue?)'],
    ],
    [
      'what is missing: where it should stand',
      GOOD.replace('wave: dev, ', ''),
      ['6:5 rollout[0].wave is missing: it must be a name of letters, digits, `.`, `_` and `-`'],
    ],
    [
      'behind an anchor',
      `${GOOD}limits: &l { paralel: 1 }\nverify: *l\n`,
      ['7:14 unknown key limits.paralel (did you mean parallel?)', '7:14 unknown key verify.paralel'],
    ],
    [
      'in JSON',
      '{\n "version": 1,\n "timezone": "CST"\n}',
      ['3:2 timezone is "CST": it must be an IANA time zone name such as Asia/Shanghai'],
    ],
  ])('%s', async (_, text, expected) => {
    const found = await told(text);
    for (const one of expected) expect(found).toContainEqual(expect.stringContaining(one));
  });

  it('problems come in the order of the file', async () => {
    const text = `freezs: []\n${GOOD.replace('tue', 'tux')}gates: {}\nlimts: {}\n`;
    expect((await problems(text)).map(({ line }) => line)).toEqual([1, 5, 8, 9]);
  });

  it('a problem as a line of a terminal', () => {
    const problem = {
      path: ['freezs'],
      message: 'unknown key freezs',
      hint: 'did you mean freezes?',
      line: 3,
      column: 5,
    };
    expect(problemText('policy.yaml', problem)).toBe('policy.yaml:3:5 unknown key freezs (did you mean freezes?)');
  });
});

describe('a file that is none', () => {
  const bomb = `a0: &a0 [x,x,x,x,x,x,x,x,x]\n${Array.from({ length: 9 }, (_, level) => `a${level + 1}: &a${level + 1} [${Array(9).fill(`*a${level}`).join()}]`).join('\n')}\n`;
  it.each<[string, string | Uint8Array, string]>([
    ['F032 empty', '', 'the policy is empty'],
    ['F032 no bytes', new Uint8Array(), 'the policy is empty'],
    ['F032 only comments', '# nothing\n\n# here\n', 'the policy is empty'],
    ['F032 null', 'null\n', 'the policy is empty'],
    ['F034 an alias bomb', bomb + GOOD, '4:10 with *a2 more than 100 things are repeated (write out what it repeats)'],
    ['F034 an alias to itself', `${GOOD}limits: &l [*l, *l]\n`, '7:13 the alias *l stands inside of what it repeats'],
    ['F034 an alias to nothing', `${GOOD}limits: *l\n`, '7:9 there is no anchor &l above'],
    [
      'a glob that is not in quotes',
      GOOD.replace('tags: { env: dev }', 'name: *-dev'),
      'put it in quotes if it is a text',
    ],
    ['… of one star', GOOD.replace('tags: { env: dev }', 'name: *'), 'put it in quotes if it is a text'],
    ['F034 an alias to a mistyped anchor', `${GOOD}limits: &limit {}\nverify: *limt\n`, 'did you mean limit?'],
    [
      'F035 a tag of a language',
      GOOD.replace('dev, match', '!!js/function "x", match'),
      'tag !!js/function is not allowed',
    ],
    [
      'F035 a tag of another one',
      `${GOOD}limits: !!python/object:os.system {}\n`,
      'tag !!python/object:os.system is not allowed',
    ],
    ['F035 even a harmless one', GOOD.replace('version: 1', 'version: !!int 1'), 'tag !!int is not allowed'],
    ['F035 on a list', GOOD.replace('[tue', '!!set [tue'), 'tag !!set is not allowed'],
    ['F037 a tab', `${GOOD}limits:\n\tparallel: 1\n`, '8:1 Tabs are not allowed as indentation'],
    ['F038 UTF-16, little end first', Buffer.from(`\uFEFF${GOOD}`, 'utf16le'), 'UTF-16 (save it as UTF-8)'],
    ['F038 UTF-16 without a mark', Buffer.from(GOOD, 'utf16le'), 'UTF-16'],
    ['F038 UTF-16, big end first', Buffer.from(`\uFEFF${GOOD}`, 'utf16le').swap16(), 'UTF-16'],
    ['Latin-1', Buffer.from('reason: Ruhe f\xfcr alle', 'latin1'), 'not UTF-8'],
    ['F040 __proto__', `${GOOD}__proto__: { dryRun: false }\n`, '7:1 the key __proto__ is not allowed'],
    [
      'F040 __proto__ in JSON',
      JSON.stringify(document()).replace('{', '{"__proto__": {"x": 1},'),
      'the key __proto__ is not allowed',
    ],
    ['F040 constructor', `${GOOD}limits: { constructor: { prototype: {} } }\n`, 'the key constructor is not allowed'],
    ['a key twice', `${GOOD}timezone: UTC\n`, '7:1 the key timezone stands here twice (leave one of them out)'],
    [
      'a key twice in JSON',
      JSON.stringify(document()).replace('{', '{"timezone": "UTC",'),
      'the key timezone stands here twice',
    ],
    [
      'a key twice in an inner mapping of JSON',
      JSON.stringify(document()).replace('"from":', '"from":"00:00","from":'),
      'the key from stands here twice',
    ],
    ['a key that is a list', `${GOOD}? [a, b]\n: c\n`, 'a key must be a word'],
    ['two documents', `${GOOD}---\n${GOOD}`, '7:1 there is a second document'],
    ['a list', '- version: 1\n', 'must be a mapping'],
    ['too large', `${GOOD}# ${'x'.repeat(256 * 1024)}\n`, 'at most 262144'],
    ...['[', '{a: ', '- ', '? ', '{ ? ['].map((level): [string, string, string] => [
      `60,000 levels of ${level}`,
      `${GOOD}limits:\n  ${level.repeat(60_000)}`.slice(0, 200_000),
      'the policy nests too deeply (a policy needs no more than some ten levels; was a bracket left open?)',
    ]),
    ['deep brackets', '['.repeat(200_000), '1:64 the policy nests too deeply'],
    [
      'closed brackets',
      `${GOOD}limits: ${'['.repeat(20_000)}${']'.repeat(20_000)}`,
      '7:71 the policy nests too deeply',
    ],
    ['deep JSON', `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, '1:68 the policy nests too deeply'],
    ['JSON that is not quite as deep', `{"a":${'['.repeat(3_000)}${']'.repeat(3_000)}}`, 'nests too deeply'],
    ['an empty key', `${GOOD}"": 1\n`, '7:1 unknown key ""'],
    ['a key of nothing', `${GOOD}: 1\n`, '7:1 a key must be a word'],
    ['another version of YAML', `%YAML 1.1\n---\n${GOOD}`, '1:1 the policy is said to be YAML 1.1 (take the line'],
    [
      'a version of YAML that nobody knows',
      `%YAML 9.9\n---\n${GOOD}`,
      '1:7 Unsupported YAML version 9.9 (take the line',
    ],
    ['a directive that nobody knows', `%FOO a\n---\n${GOOD}`, '1:1 Unknown directive %FOO (take the line'],
    ['a bracket left open', GOOD.replace('thu]', 'thu'), 'end with a ] (close the bracket)'],
    ['a sign that nobody sees', GOOD.replace('hai', '\u200bhai'), 'timezone is "Asia/Shang\\u200bhai"'],
    ['… in a key', `${GOOD}"free\u202ezes": 1\n`, 'unknown key free\\u202ezes'],
    ['lines that end in CR alone', GOOD.replaceAll('\n', '\r'), '1:1 its lines end in CR alone (save it with LF'],
    ['an endless tag', `${GOOD}limits: !!${'t'.repeat(200_000)} {}\n`, `the tag !!${'t'.repeat(58)}… is not allowed`],
    [
      'deep mappings',
      Array.from({ length: 300 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n'),
      'nests too deeply',
    ],
    ['a torn one', '{"version": 1, ', '1:'],
  ])('%s', async (_, text, expected) => {
    expect((await told(text)).join('\n')).toContain(expected);
  });

  it.each<[string, string, string[]]>([
    [
      'a key that stands twice',
      `${GOOD.replace('tue', 'tux')}timezone: CST\nfreezs: []\n`,
      [
        '4:19 windows.night.days[0]',
        '7:1 the key timezone stands here twice',
        '7:1 timezone is "CST"',
        '8:1 unknown key',
      ],
    ],
    ['a tag', `${GOOD}limits: !!set {}\nfreezs: []\n`, ['7:15 the tag !!set', '8:1 unknown key freezs']],
    ['a tag of a word', GOOD.replace('version: 1', 'version: !!str 1'), ['1:16 the tag !!str']],
    ['an alias to nothing', `${GOOD}limits: *l\nfreezs: []\n`, ['7:9 there is no anchor &l', '8:1 unknown key freezs']],
    ['… that stands for what is needed', GOOD.replace('Asia/Shanghai', '*zone'), ['2:11 there is no anchor &zone']],
    [
      'a key that is a list',
      `${GOOD}? [a, b]\n: c\nfreezs: []\n`,
      ['7:3 a key must be a word', '9:1 unknown key freezs'],
    ],
    [
      'a second document',
      `freezs: []\n${GOOD}---\n${GOOD}`,
      ['1:1 unknown key freezs', '8:1 there is a second document'],
    ],
    ['a bracket too many', `${GOOD.replace('" }', '" }}')}`, ['4:63 Unexpected flow-map-end token']],
    ['a list of windows', GOOD.replace(/night: .*/, '- night'), ['3:1 windows is a list']],
    ['windows that are not there', GOOD.replace(/windows:\n.*\n/, ''), ['1:1 windows is missing']],
    [
      'an empty name',
      GOOD.replace('night: {', '"": {'),
      ['4:3 "" is no name', '6:49 rollout[0].window: there is no window'],
    ],
    ['a bad escape', `${GOOD}freezs: "\\d"\n`, ['7:1 unknown key freezs', '7:10 Invalid escape sequence']],
  ])('%s hides no other problem, and has no echo', async (_, text, expected) => {
    expect(await told(text)).toEqual(expected.map((one) => expect.stringContaining(one)));
  });

  it.each<[string, string]>([
    ['commas', `${GOOD}limits: [${','.repeat(200_000)}`],
    ['brackets that close nothing', `${GOOD}${']'.repeat(200_000)}`],
    ['anchors', `${GOOD}limits: ${'&a '.repeat(60_000)}`],
    ['documents', `${GOOD}${'---\na\n'.repeat(30_000)}`],
    ['lines that are no keys', `${GOOD}${'x\n'.repeat(100_000)}`],
    ['empty lines', `${'\n'.repeat(250_000)}${GOOD}`],
    ['aliases', `${GOOD}limits: [&a 1,${Array(60_000).fill('*a').join()}]`],
    ['days', GOOD.replace('tue', Array(20_000).fill('tux').join())],
  ])('%s without number are told in less than a second', async (_, text) => {
    await problems(GOOD);
    const reads = async () => expect((await problems(text)).length).toBeLessThanOrEqual(100);
    expect(await cpuTime(reads, 1_000)).toBeLessThan(1_000);
  });

  it('a bomb leaves nothing behind and everything else readable', async () => {
    await problems(bomb);
    expect(await problems(GOOD)).toEqual([]);
  });

  it('a file of nonsense has a bounded number of problems', async () => {
    const text = Array.from({ length: 5_000 }, (_, index) => `k${index}: 1`).join('\n');
    expect((await problems(text)).length).toBeLessThanOrEqual(100);
  });
});

describe('libraries are loaded only for what needs them', () => {
  /** The optional ones that a fresh process loads to read this text. */
  function loaded(text: string): string[] {
    const script = `
      import { registerHooks } from 'node:module';
      const seen = new Set();
      registerHooks({ resolve: (name, context, next) => (seen.add(name), next(name, context)) });
      const { readPolicy } = await import('./lib/io/policy-file.ts');
      const read = await readPolicy(process.argv[1], process.env);
      const optional = ['croner', 'rrule-temporal', 'yaml'].filter((name) => seen.has(name));
      console.log(JSON.stringify('policy' in read ? optional : read));`;
    const env = { ...ENV, NODE_OPTIONS: '' };
    return JSON.parse(execFileSync(process.execPath, ['--input-type=module', '-e', script, text], { env }).toString());
  }

  it.each<[string, string, string[]]>([
    ['JSON with days', JSON.stringify(document()), []],
    ['YAML with days', GOOD, ['yaml']],
    ['cron', JSON.stringify(document({ windows: { night: { cron: '0 1 * * *', duration: '1h' } } })), ['croner']],
    [
      'rrule',
      JSON.stringify(
        document({ windows: { night: { rrule: 'FREQ=DAILY', start: '2026-01-01T01:00', duration: '1h' } } }),
      ),
      ['rrule-temporal'],
    ],
  ])('%s', (_, text, expected) => expect(loaded(text)).toEqual(expected));
});

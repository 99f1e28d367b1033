import { describe, expect, it } from '@jest/globals';
import { globMatches } from '../../lib/core/glob.ts';
import type { Instance } from '../../lib/core/instance.ts';
import { assignWaves, matches } from '../../lib/core/selection.ts';
import { anInstance } from '../support/builders.ts';
import { read } from '../support/reading.ts';

const ROLLOUT = [
  { wave: 'dev', match: { tags: { env: 'dev' } }, window: 'night' },
  { wave: 'prod', match: { tags: { env: 'prod' } }, window: ['night', 'weekend'] },
];
const WINDOWS = {
  night: { days: ['tue'], from: '01:00', to: '05:00' },
  weekend: { days: ['sat'], from: '22:00', duration: '6h' },
  other: { days: ['sun'], from: '22:00', duration: '6h' },
};

async function assigned(instances: Instance[], change: object = {}) {
  const policy = await read({ windows: WINDOWS, rollout: ROLLOUT, ...change });
  return assignWaves(policy, instances);
}

async function one(instance: Partial<Instance>, change: object = {}) {
  return (await assigned([anInstance('a', instance)], change)).get('id-a')!;
}

const fleet = (count: number, tags: Record<string, string> = { env: 'prod' }) =>
  Array.from({ length: count }, (_, index) => anInstance(`i${index}`, { tags }));

describe('who is upgraded', () => {
  it.each<[string, Partial<Instance>, object, object]>([
    [
      'the wave that matches',
      { tags: { env: 'dev' } },
      {},
      { kind: 'wave', wave: { wave: 'dev' }, windows: ['night'] },
    ],
    [
      'the first one that matches',
      { tags: { env: 'dev' } },
      { rollout: [{ wave: 'all', match: {}, window: 'night' }, ...ROLLOUT] },
      { wave: { wave: 'all' } },
    ],
    ['what no wave matches is left alone', { tags: {} }, {}, { kind: 'none', reason: 'not_selected' }],
    ['excluded by name', { name: 'legacy-7' }, { select: { exclude: [{ name: 'legacy-*' }] } }, { reason: 'excluded' }],
    [
      'excluded by tag',
      { tags: { env: 'dev', keep: 'yes' } },
      { select: { exclude: [{ tags: { keep: 'yes' } }] } },
      { reason: 'excluded' },
    ],
    [
      'outside the versions',
      { engineVersion: '4.0' },
      { select: { versions: ['5.0', '6.0'] } },
      { reason: 'not_selected', detail: 'select.versions leaves out 4.0' },
    ],
    [
      'outside the enterprise projects',
      { enterpriseProjectId: 'x' },
      { select: { enterpriseProjects: ['0'] } },
      { reason: 'not_selected' },
    ],
    ['an engine is named in any case', {}, { select: { engine: 'redis' } }, { kind: 'wave' }],
    ['Memcached', { engine: 'Memcached', engineVersion: '1.5' }, {}, { reason: 'unsupported' }],
    ['Redis 3.0', { engineVersion: '3.0' }, {}, { reason: 'unsupported' }],
    [
      'the enterprise edition',
      { details: { cacheMode: 'ha', productType: 'enterprise' } },
      {},
      { reason: 'unsupported' },
    ],
    ['an edition that is not known yet', { details: null }, {}, { kind: 'wave' }],
  ])('%s', async (_, instance, change, expected) => {
    expect(await one(instance, change)).toMatchObject(expected);
  });
});

describe("an instance's tags may only narrow", () => {
  const prod = (tags: Record<string, string>) => one({ tags: { env: 'prod', ...tags } });
  it.each<[string, Record<string, string>, object]>([
    ['off', { 'dcs-upgrade': 'off' }, { kind: 'none', reason: 'opted_out' }],
    ['Off', { 'dcs-upgrade': 'Off' }, { kind: 'none', reason: 'opted_out' }],
    ['on changes nothing', { 'dcs-upgrade': 'on' }, { kind: 'wave', windows: ['night', 'weekend'], detail: null }],
    ['one window of the wave', { 'dcs-upgrade-window': 'weekend' }, { windows: ['weekend'], detail: null }],
    [
      'a window that the wave does not have: never',
      { 'dcs-upgrade-window': 'other' },
      { windows: [], detail: expect.stringContaining('other') },
    ],
    ['a window that nobody has: never', { 'dcs-upgrade-window': 'nigth' }, { windows: [] }],
    [
      'held until a date of the policy’s zone',
      { 'dcs-upgrade-hold-until': '2026-12-01' },
      { holdUntil: Date.parse('2026-12-01T00:00:00+08:00') },
    ],
    [
      'held until a time',
      { 'dcs-upgrade-hold-until': '2026-12-01T10:00' },
      { holdUntil: Date.parse('2026-12-01T10:00:00+08:00') },
    ],
    [
      'held for good when it cannot be read',
      { 'dcs-upgrade-hold-until': 'christmas' },
      { holdUntil: Number.POSITIVE_INFINITY, detail: expect.stringContaining('christmas') },
    ],
    [
      '… and for a day that does not exist',
      { 'dcs-upgrade-hold-until': '2026-02-30' },
      { holdUntil: Number.POSITIVE_INFINITY },
    ],
    ['no tag, no hold', {}, { holdUntil: null }],
  ])('%s', async (_, tags, expected) => {
    expect(await prod(tags)).toMatchObject(expected);
  });

  it('off wins over a wave that names the instance', async () => {
    const rollout = [{ wave: 'me', match: { id: 'id-a' }, window: 'night' }];
    expect(await one({ tags: { 'dcs-upgrade': 'off' } }, { rollout })).toMatchObject({ reason: 'opted_out' });
  });
});

describe('take', () => {
  const waves = (take: unknown) => ({
    rollout: [
      { wave: 'canary', match: {}, take, window: 'night' },
      { wave: 'rest', match: {}, window: 'night' },
    ],
  });
  const canaries = async (instances: Instance[], take: unknown) => {
    const found = await assigned(instances, waves(take));
    return [...found].flatMap(([id, assignment]) =>
      assignment.kind === 'wave' && assignment.wave.wave === 'canary' ? [id] : [],
    );
  };

  it.each<[unknown, number, number]>([
    ['5%', 100, 5],
    ['5%', 10, 1],
    ['7%', 100, 7],
    ['12.5%', 100, 13],
    ['100%', 7, 7],
    [3, 100, 3],
    [3, 2, 2],
  ])('%s of %s is %s; the others go on to the next wave', async (take, count, expected) => {
    expect(await canaries(fleet(count), take)).toHaveLength(expected);
    expect([...(await assigned(fleet(count), waves(take))).values()].every(({ kind }) => kind === 'wave')).toBe(true);
  });

  it('is the same for the same fleet in any order', async () => {
    expect((await canaries(fleet(50).reverse(), '10%')).sort()).toEqual((await canaries(fleet(50), '10%')).sort());
  });

  it('does not count what cannot be upgraded', async () => {
    const old = Array.from({ length: 90 }, (_, index) => anInstance(`old${index}`, { engineVersion: '3.0' }));
    expect(await canaries([...old, ...fleet(10)], '50%')).toHaveLength(5);
  });
});

describe('match', () => {
  it.each<[object, boolean]>([
    [{}, true],
    [{ name: 'cache-*' }, true],
    [{ name: ['x', 'cache-?'] }, true],
    [{ name: 'cache' }, false],
    [{ name: 'Cache-*' }, false],
    [{ id: 'id-cache-1' }, true],
    [{ engine: 'REDIS' }, true],
    [{ versions: ['4.0', '5.0'] }, true],
    [{ versions: '6.*' }, false],
    [{ cacheModes: 'ha' }, true],
    [{ cacheModes: ['proxy', 'cluster'] }, false],
    [{ region: 'cn-north-4', project: 'p1', enterpriseProject: '0' }, true],
    [{ region: 'cn-north-4', project: 'p2' }, false],
    [{ tags: { env: ['prod', 'dev'] } }, true],
    [{ tags: { env: 'dev', team: 'x' } }, false],
    [{ tags: { constructor: '*' } }, false],
  ])('%j: %s', async (match, expected) => {
    const rollout = [
      { wave: 'x', match: JSON.parse(JSON.stringify(match).replace('constructor', 'toString')), window: 'night' },
    ];
    const policy = await read({ windows: WINDOWS, rollout });
    expect(matches(policy.rollout[0]!.match, anInstance('cache-1'))).toBe(expected);
  });
});

describe('globs', () => {
  it.each([
    ['*', '', true],
    ['*', 'anything', true],
    ['a*c', 'abbc', true],
    ['a*c', 'abcd', false],
    ['a?c', 'abc', true],
    ['a?c', 'ac', false],
    ['*-prod-*', 'x-prod-y-prod-z', true],
    ['a.c', 'abc', false],
    ['^(a+)+$', '^(a+)+$', true],
    ['', '', true],
    ['', 'a', false],
  ])('%s on %s: %s', (pattern, text, expected) => {
    expect(globMatches(pattern, text)).toBe(expected);
  });

  it('F043 no pattern takes more than text times pattern steps', () => {
    // A backtracking matcher would need longer than the universe has been there for this one.
    expect(globMatches(`${'*a'.repeat(60)}b`, 'a'.repeat(5_000))).toBe(false);
  });
});

it('a hundred thousand instances get their waves', async () => {
  const instances = fleet(100_000);
  const found = await assigned(instances, {
    rollout: [{ wave: 'c', match: { name: '*1*2*' }, take: '5%', window: 'night' }, ...ROLLOUT],
  });
  expect(found.size).toBe(100_000);
});

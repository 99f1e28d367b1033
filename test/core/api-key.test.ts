import { describe, expect, it } from '@jest/globals';
import { readApiKeys } from '../../lib/core/api-key.ts';

const HASH = 'ab'.repeat(32);

describe('API_KEYS', () => {
  it.each<[string, string, object[]]>([
    ['nothing', '', []],
    ['one key', `ci:read+upgrade:${HASH}`, [{ name: 'ci', rights: ['read', 'upgrade'], sha256: HASH }]],
    ['rights in any order', `ci:upgrade+read:${HASH}`, [{ name: 'ci', rights: ['read', 'upgrade'], sha256: HASH }]],
    ['a hash in capitals', `ci:read:${HASH.toUpperCase()}`, [{ name: 'ci', rights: ['read'], sha256: HASH }]],
    ['an old key beside its successor', `ci:read:${HASH},\n ci:read:${'cd'.repeat(32)}\n`, [
      { name: 'ci', rights: ['read'], sha256: HASH },
      { name: 'ci', rights: ['read'], sha256: 'cd'.repeat(32) },
    ]],
  ])('%s', (_, text, keys) => {
    expect(readApiKeys(text)).toEqual({ keys, problems: [] });
  }); // biome-ignore format: a table

  it.each<[string, string, string]>([
    ['a key in the clear', 'ci:read:hunter2', 'entry 1 does not end in a SHA-256 of 64 hex digits'],
    ['no rights', `ci::${HASH}`, 'entry 1 has rights that are not read, operate, upgrade, alert joined by +'],
    ['a right that is not known', `ci:read+admin:${HASH}`, 'entry 1 has rights that are not read, operate, upgrade, alert joined by +'],
    ['no name', `:read:${HASH}`, 'entry 1 has a name that is not letters, digits and . _ @ -'],
    ['a name of the program’s own', `system:read:${HASH}`, "entry 1 has one of the names system, ledger, schedule, cli, which are this program's own"],
    ['something else in the second place', `ci:read:${HASH} hunter2`, 'entry 2 is not NAME:RIGHT+RIGHT:SHA256'],
  ])('%s is a problem, told without its text', (_, text, problem) => {
    const { problems } = readApiKeys(text);
    expect(problems).toEqual([problem]);
    expect(problems.join()).not.toContain('hunter2');
  }); // biome-ignore format: a table
});

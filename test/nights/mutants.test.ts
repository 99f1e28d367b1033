import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from '@jest/globals';
import { MUTANTS, mutated } from './mutants.ts';

const root = resolve(import.meta.dirname, '../..');

it.each(MUTANTS)('$name: its place is there once in $file', (mutant) => {
  for (const edit of [mutant, ...(mutant.also ?? [])]) {
    const source = readFileSync(join(root, edit.file), 'utf8');
    expect(mutated(source, edit)).not.toBe(source);
  }
});

it('there are enough of them, and each has a name of its own', () => {
  expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length);
  expect(MUTANTS.length).toBeGreaterThanOrEqual(25);
});

it('a replacement that does not apply exactly once is an error', () => {
  const mutant = { name: 'm', file: 'f.ts', find: 'if (a)', replace: 'if (b)' };
  expect(mutated('if (a) go();', mutant)).toBe('if (b) go();');
  expect(() => mutated('go();', mutant)).toThrow('does not have once');
  expect(() => mutated('if (a) if (a) go();', mutant)).toThrow('does not have once');
});

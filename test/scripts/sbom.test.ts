import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from '@jest/globals';
import { type Lock, type Manifest, sbomOf } from '../../scripts/sbom/sbom.ts';

const root = resolve(import.meta.dirname, '../..');
const read = <T>(file: string): T => JSON.parse(readFileSync(join(root, file), 'utf8')) as T;
const manifest = read<Manifest & { dependencies: Record<string, string>; devDependencies: Record<string, string> }>('package.json'); // biome-ignore format: one thought
const lock = read<Lock>('package-lock.json');
const sbom = sbomOf(manifest, lock);
const names = sbom.components.map(({ group, name }) => (group ? `${group}/${name}` : name));

it('has all that production needs, and nothing of what only tests need', () => {
  expect(names).toEqual(expect.arrayContaining(Object.keys(manifest.dependencies)));
  expect(Object.keys(manifest.devDependencies).filter((name) => names.includes(name))).toEqual([]);
  const needed = Object.entries(lock.packages).filter(([place, { dev, devOptional }]) => place && !dev && !devOptional);
  expect(sbom.components.length).toBe(needed.length);
  expect(needed.length).toBeGreaterThan(Object.keys(manifest.dependencies).length);
});

it('names each by its version, licence and hash, and says what needs what', () => {
  expect(sbom.metadata.component).toMatchObject({ name: 'dcs-upgrader', version: manifest.version, purl: `pkg:npm/dcs-upgrader@${manifest.version}` }); // biome-ignore format: a row
  expect(sbom.components.find(({ group, name }) => group === '@middy' && name === 'core')).toMatchObject({ group: '@middy', purl: `pkg:npm/%40middy/core@${manifest.dependencies['@middy/core']}` }); // biome-ignore format: a row
  for (const { licenses, hashes } of sbom.components) {
    expect(licenses[0]!.expression).not.toBe('');
    expect(hashes![0]!.content).toMatch(/^[0-9a-f]{128}$/);
  }
  const refs = new Set([sbom.metadata.component, ...sbom.components].map((one) => one['bom-ref']));
  expect(sbom.dependencies.flatMap(({ dependsOn }) => dependsOn).filter((ref) => !refs.has(ref))).toEqual([]);
  expect(sbom.dependencies[0]!.dependsOn).toHaveLength(Object.keys(manifest.dependencies).length);
  // Whatever is there is there because something needs it.
  const wanted = new Set(sbom.dependencies.flatMap(({ dependsOn }) => dependsOn));
  expect(sbom.components.map((one) => one['bom-ref']).filter((ref) => !wanted.has(ref))).toEqual([]);
});

/**
 * Writes the bill of materials (CycloneDX) of what production needs, from the lock file, to dist/sbom.cdx.json. The same lock
 * gives the same file, so it holds no time and no serial number.
 *
 *   npm run sbom
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Lock, type Manifest, sbomOf } from './sbom/sbom.ts';

const root = resolve(import.meta.dirname, '..');
const read = <T>(file: string): T => JSON.parse(readFileSync(join(root, file), 'utf8')) as T;
const sbom = sbomOf(read<Manifest>('package.json'), read<Lock>('package-lock.json'));
mkdirSync(join(root, 'dist'), { recursive: true });
const file = join('dist', 'sbom.cdx.json');
writeFileSync(join(root, file), `${JSON.stringify(sbom, null, 2)}\n`);
console.log(`${file}: ${sbom.components.length} packages`);

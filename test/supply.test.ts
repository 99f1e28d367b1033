import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { VERSION } from '../lib/io/version.ts';

const root = resolve(import.meta.dirname, '..');
const json = (file: string) => JSON.parse(readFileSync(join(root, file), 'utf8'));

interface Locked {
  resolved?: string;
  integrity?: string;
  hasInstallScript?: boolean;
  license?: string;
  dev?: boolean;
}

const manifest = json('package.json') as Record<'dependencies' | 'devDependencies', Record<string, string>> & {
  version: string;
  allowScripts: Record<string, boolean>;
};
const locked = Object.entries(json('package-lock.json').packages as Record<string, Locked>).filter(
  ([path]) => path !== '',
);
const nameOf = (path: string) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);

/** Licences under which what is shipped may be used in any product. */
const FREE = /^\(?(MIT|Apache-2\.0|BSD-2-Clause|BSD-3-Clause|ISC|0BSD)( (OR|AND) [\w.-]+)*\)?$/;

describe('F131 what is installed is what was looked at', () => {
  it('every version is exact', () => {
    const versions = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies });
    expect(versions.filter(([, version]) => !/^(npm:[\w-]+@)?\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });

  it('the lock file names no place to download from, and has a hash for every package', () => {
    expect(locked.filter(([, { resolved }]) => resolved !== undefined)).toEqual([]);
    expect(locked.filter(([, { integrity }]) => !integrity?.startsWith('sha512-')).map(([path]) => path)).toEqual([]);
  });

  it('every package that runs a script at its installation was decided on', () => {
    const scripted = locked.filter(([, { hasInstallScript }]) => hasInstallScript).map(([path]) => nameOf(path));
    expect(scripted.filter((name) => manifest.allowScripts[name] === undefined)).toEqual([]);
  });

  it('what is shipped has a licence that lets it be', () => {
    expect(
      locked
        .filter(([, { dev, license }]) => !dev && !FREE.test(license ?? ''))
        .map(([path, { license }]) => `${path}: ${license}`),
    ).toEqual([]);
  });
});

it('the version is told in one way', () => {
  expect(VERSION).toBe(manifest.version);
});

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const root = resolve(import.meta.dirname, '..');

/** A room, and what its files may import: rooms by their names, packages by theirs. */
const MAY_IMPORT: Record<string, { rooms: string[]; packages: string[] }> = {
  core: { rooms: ['core'], packages: ['zod/mini', 'temporal-polyfill', 'croner', 'rrule-temporal'] },
  deps: { rooms: ['core'], packages: [] },
  pass: { rooms: ['core', 'deps', 'pass'], packages: [] },
  reconcile: { rooms: ['core', 'deps', 'pass'], packages: [] },
  intake: { rooms: ['core', 'deps'], packages: [] },
  operations: { rooms: ['core', 'deps', 'pass', 'reconcile'], packages: ['node:crypto'] },
  present: { rooms: ['core', 'pass', 'operations'], packages: [] },
  http: {
    rooms: ['core', 'deps', 'reconcile', 'operations', 'present', 'intake', 'http'],
    packages: ['zod/mini', 'node:crypto'],
  },
  io: { rooms: ['core', 'deps', 'io'], packages: ['zod/mini', 'yaml', 'node:*', '@aws-sdk/*'] },
  cli: {
    rooms: ['core', 'deps', 'reconcile', 'operations', 'present', 'io', 'cli', 'simulator'],
    packages: ['node:*', 'zod'],
  },
  simulator: { rooms: ['core', 'deps', 'io', 'simulator'], packages: ['node:*', 'zod', 'yaml'] },
  handlers: {
    rooms: ['core', 'deps', 'reconcile', 'io', 'http', 'handlers'],
    packages: ['@middy/*', 'aws-lambda', 'zod/mini'],
  },
};

/** `import { z }` cannot be split up: all of the library comes along, in fifty languages. */
const WHOLE_ZOD = /^import (?:type )?\{[^}]*\bz\b[^}]*\} from 'zod/m;

/** What no file of the core may contain: it is pure. */
const OUTSIDE_WORLD = /\bDate\.now\(|new Date\(\)|\bprocess\.|Math\.random|Temporal\.Now|setTimeout|\bfetch\(/;

describe('the direction of imports', () => {
  it.each(sources())('%s imports only what its room may', (file) => {
    const room = roomOf(file);
    const rule = MAY_IMPORT[room]!;
    const foreign = importsOf(file).filter((name) => {
      if (!name.startsWith('.')) return !rule.packages.some((allowed) => isAllowed(name, allowed));
      return !rule.rooms.includes(roomOf(relative(root, resolve(root, dirname(file), name))));
    });
    expect(foreign).toEqual([]);
  });

  it('every room of the tree has a rule', () => {
    expect(new Set(sources().map(roomOf))).toEqual(new Set(Object.keys(MAY_IMPORT)));
  });
});

it('the imports of a file are found', () => {
  expect(importsOf('handlers/tick.ts')).toContain('../lib/reconcile.ts');
  expect(importsOf('lib/io/ledger/open.ts')).toContain('./sqlite.ts');
});

it.each(sources())('%s takes of zod only what it uses', (file) => {
  expect(read(file)).not.toMatch(WHOLE_ZOD);
});

describe('the outside world', () => {
  it.each(sources().filter((file) => roomOf(file) === 'core'))('%s does not touch it', (file) => {
    expect(read(file)).not.toMatch(OUTSIDE_WORLD);
  });

  it('the environment is read by name in config.ts alone', () => {
    const readers = sources().filter((file) => /process\.env\b/.test(read(file)));
    expect(readers.filter((file) => !ENVIRONMENT_DOORS.includes(file))).toEqual([]);
  });

  it('the clock is read in clock.ts alone', () => {
    const readers = sources().filter((file) => /\bDate\.now\(|new Date\(\)/.test(read(file)));
    expect(readers.filter((file) => !['lib/io/clock.ts', 'lib/simulator/clock.ts'].includes(file))).toEqual([]);
  });
});

/** Where `process.env` may be handed to config.ts: the two ways into the program. */
const ENVIRONMENT_DOORS = ['lib/io/config.ts', 'lib/cli/main.ts', 'lib/io/runtime.ts'];

function sources(): string[] {
  const files = ['handlers', 'lib'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)),
  );
  return files.filter((file) => file.endsWith('.ts')).sort();
}

function read(file: string): string {
  return readFileSync(join(root, file), 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
}

function roomOf(file: string): string {
  const [top = '', second = ''] = file.split('/');
  return top === 'handlers' ? top : second.replace(/\.ts$/, '');
}

function importsOf(file: string): string[] {
  const text = read(file);
  const standing = [...text.matchAll(/^(?:import|export)\b[^;=]*?\bfrom '([^']+)'/gm)];
  const dynamic = [...text.matchAll(/\bimport\('([^']+)'\)/g)];
  return [...standing, ...dynamic].map((match) => match[1]!);
}

function isAllowed(name: string, allowed: string): boolean {
  return allowed.endsWith('*')
    ? name.startsWith(allowed.slice(0, -1))
    : name === allowed || name.startsWith(`${allowed}/`);
}

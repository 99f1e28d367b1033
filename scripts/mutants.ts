/**
 * Breaks each safety rule on purpose, one at a time and in a copy, and has the nights find it (scripts/simulate.ts).
 *
 *   npm run mutants -- [--seeds 1000] [--only TEXT]
 *
 * Exit 1 when one survives: then the nights prove less than they say.
 */
import { spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Violation } from '../test/nights/call.ts';
import { MUTANTS, type Mutant, mutated } from '../test/nights/mutants.ts';
import { misused, optionsOf, wholeOf } from './arguments.ts';

interface Found {
  seed: number;
  violation: Violation;
}

const USAGE = 'npm run mutants -- [--seeds N] [--only TEXT]';
const values = optionsOf(['seeds', 'only'], [], USAGE);
const seeds = String(wholeOf('seeds', values.seeds, { least: 1, most: 1_000_000, otherwise: 1_000 }, USAGE));
const root = resolve(import.meta.dirname, '..');
/** Longer than a thousand nights take on a slow machine. */
const LONGEST = 10 * 60_000;

const chosen = MUTANTS.filter(({ name }) => name.includes(values.only ?? ''));
if (chosen.length === 0) misused(`no mutant has "${values.only}" in its name`, USAGE);
const results: (Found | null)[] = [];
let next = 0;
let shown = 0;
// Each processor hunts for mutants of its own: most are found within a few nights, so that two would have little to share.
await Promise.all(Array.from({ length: Math.min(availableParallelism(), chosen.length) }, lane));
const survivors = results.filter((found) => found === null).length;
console.log(`${chosen.length - survivors} of ${chosen.length} mutants were found within ${seeds} nights`);
process.exitCode = survivors === 0 ? 0 : 1;

async function lane(): Promise<void> {
  const copy = await copyOf(root);
  try {
    while (next < chosen.length) {
      const index = next++;
      results[index] = await hunt(copy, chosen[index]!);
      show();
    }
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}

/** In the order of the table, as far as they are there. */
function show(): void {
  for (let found = results[shown]; found !== undefined; found = results[++shown]) {
    const [seed, rule] = found ? [`seed ${found.seed}`, found.violation.rule] : ['SURVIVED', ''];
    console.log(`${chosen[shown]!.name.padEnd(60)} ${seed.padEnd(10)} ${rule}`);
  }
}

/** What the simulation needs and no more; packages are shared. */
async function copyOf(from: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mutants-'));
  for (const part of ['lib', 'handlers', 'scripts', 'test/nights', 'test/support', 'package.json'])
    await cp(join(from, part), join(folder, part), { recursive: true });
  await symlink(join(from, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

/** The first seed whose night shows it; null when none does. */
async function hunt(copy: string, mutant: Mutant): Promise<Found | null> {
  const originals = new Map<string, string>();
  for (const edit of [mutant, ...(mutant.also ?? [])]) {
    const file = join(copy, edit.file);
    const source = await readFile(file, 'utf8');
    if (!originals.has(file)) originals.set(file, source);
    await writeFile(file, mutated(source, edit, mutant.name));
  }
  try {
    const output = await simulate(copy);
    return (JSON.parse(output) as { broken: Found | null }).broken;
  } finally {
    for (const [file, source] of originals) await writeFile(file, source);
  }
}

/** @throws when it says nothing: a mutant that cannot be played is a mistake in the table */
function simulate(copy: string): Promise<string> {
  const child = spawn(process.execPath, ['scripts/simulate.ts', '--seeds', seeds, '--workers', '1', '--json'], {
    cwd: copy,
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: LONGEST,
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk;
  });
  return new Promise((done, fail) => {
    child.once('error', fail);
    child.once('close', (code) => (output ? done(output) : fail(new Error(`the simulation ended with ${code}`))));
  });
}

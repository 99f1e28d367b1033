/**
 * Breaks each safety rule on purpose, one at a time and in a copy, and has the nights find it (scripts/simulate.ts).
 *
 *   npm run mutants -- [--seeds 1000] [--only TEXT]
 *
 * Exit 1 when one survives: then the nights prove less than they say.
 */
import { spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Violation } from '../test/nights/call.ts';
import { MUTANTS, type Mutant, mutated } from '../test/nights/mutants.ts';

const { values } = parseArgs({ options: { seeds: { type: 'string' }, only: { type: 'string' } } });
const seeds = String(Number(values.seeds ?? 1_000));
const root = resolve(import.meta.dirname, '..');
/** Longer than a thousand nights take on a slow machine. */
const LONGEST = 10 * 60_000;

const chosen = MUTANTS.filter(({ name }) => name.includes(values.only ?? ''));
const copy = await copyOf(root);
let survivors = 0;
try {
  for (const mutant of chosen) {
    const found = await hunt(mutant);
    if (found === null) survivors += 1;
    const [seed, rule] = found ? [`seed ${found.seed}`, found.violation.rule] : ['SURVIVED', ''];
    console.log(`${mutant.name.padEnd(60)} ${seed.padEnd(10)} ${rule}`);
  }
} finally {
  await rm(copy, { recursive: true, force: true });
}
console.log(`${chosen.length - survivors} of ${chosen.length} mutants were found within ${seeds} nights`);
process.exitCode = survivors === 0 ? 0 : 1;

/** What the simulation needs and no more; packages are shared. */
async function copyOf(from: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mutants-'));
  for (const part of ['lib', 'handlers', 'scripts', 'test/nights', 'test/support', 'package.json'])
    await cp(join(from, part), join(folder, part), { recursive: true });
  await symlink(join(from, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

/** The first seed whose night shows it; null when none does. */
async function hunt(mutant: Mutant): Promise<{ seed: number; violation: Violation } | null> {
  const originals = new Map<string, string>();
  for (const edit of [mutant, ...(mutant.also ?? [])]) {
    const file = join(copy, edit.file);
    const source = await readFile(file, 'utf8');
    if (!originals.has(file)) originals.set(file, source);
    await writeFile(file, mutated(source, edit, mutant.name));
  }
  try {
    const output = await simulate();
    return (JSON.parse(output) as { broken: { seed: number; violation: Violation } | null }).broken;
  } finally {
    for (const [file, source] of originals) await writeFile(file, source);
  }
}

/** @throws when it says nothing: a mutant that cannot be played is a mistake in the table */
function simulate(): Promise<string> {
  const child = spawn(process.execPath, ['scripts/simulate.ts', '--seeds', seeds, '--json'], {
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

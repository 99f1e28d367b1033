/**
 * Bundles each function. Its own code starts from one CommonJS file, because Node starts that faster than ES modules;
 * what is imported with `import()` (YAML, recurrence rules) goes into files beside it that are read when
 * they are needed. The policy goes along as JSON, so that no YAML parser is needed at run time.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { build, type Metafile, transform } from 'esbuild';
import { parse } from 'yaml';
import { afterStart, atFirstCall } from './build/later.ts';
import { zoneTable } from './build/zones.ts';

const FUNCTIONS = ['tick', 'http', 'alerts', 'worker'];

/** Modules that a tick which finds nothing to do has no use for: they are loaded when one of their functions is called. */
const SELDOM = [
  'lib/core/address.ts',
  'lib/core/alert-approval.ts',
  'lib/core/alert-attempt.ts',
  'lib/core/alert-facts.ts',
  'lib/core/approval.ts',
  'lib/core/backup-first.ts',
  'lib/core/deadline.ts',
  'lib/core/decide.ts',
  'lib/core/digest.ts',
  'lib/core/eras.ts',
  'lib/core/errors.ts',
  'lib/core/freeze.ts',
  'lib/core/gates.ts',
  'lib/core/policy-alerts.ts',
  'lib/core/policy-freeze.ts',
  'lib/core/policy-problems.ts',
  'lib/core/recovered.ts',
  'lib/core/slips.ts',
  'lib/core/stock.ts',
  'lib/core/window-cron.ts',
  'lib/core/window-rrule.ts',
  'lib/core/zone-hint.ts',
  'lib/io/dcs/sign.ts',
  'lib/io/ledger/sqlite.ts',
  'lib/io/plain.ts',
  'lib/pass/act.ts',
  'lib/pass/approvals.ts',
  'lib/pass/back-up.ts',
  'lib/pass/fleet.ts',
  'lib/pass/follow.ts',
  'lib/pass/gauge.ts',
  'lib/pass/look.ts',
  'lib/pass/observe.ts',
  'lib/pass/order.ts',
  'lib/pass/recovered.ts',
  'lib/pass/start.ts',
  'lib/pass/survey.ts',
  'lib/pass/work.ts',
];

/**
 * It is asked only for keys from anywhere but the environment, where a function finds its own: a developer's profile, single
 * sign-on, a file with a token. Lambda's own runtime has it.
 */
const NOT_PACKAGED = ['@aws-sdk/client-sqs'];

const SHARED = { platform: 'node', target: 'node24', minify: true, legalComments: 'none' } as const;

const [folder = 'dist'] = process.argv.slice(2);
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
for (const name of FUNCTIONS) await bundle(name);
writeFileSync(`${folder}/zones.json`, JSON.stringify(zoneTable(Date.now())));
if (existsSync('policy.yaml')) {
  writeFileSync(`${folder}/policy.json`, `${JSON.stringify(parse(readFileSync('policy.yaml', 'utf8')), null, 2)}\n`);
  console.log(`${folder}/policy.json  from policy.yaml`);
} else {
  console.log('There is no policy.yaml: a function packaged now starts nothing, and says so.');
}

/** Only ES modules can be split, and only CommonJS starts fast: so they are split first, and turned into the other form file by file. */
async function bundle(name: string): Promise<void> {
  const seldom = atFirstCall(SELDOM, name);
  const { outputFiles, metafile } = await build({
    ...SHARED,
    entryPoints: { [name]: `handlers/${name}.ts`, ...seldom.entryPoints },
    plugins: [seldom.plugin, afterStart(`handlers/${name}.ts`)],
    outdir: folder,
    outExtension: { '.js': '.cjs' },
    chunkNames: `${name}-[name]-[hash]`,
    bundle: true,
    splitting: true,
    format: 'esm',
    external: NOT_PACKAGED,
    define: { 'import.meta.dirname': '__dirname' },
    metafile: true,
    write: false,
  });
  const main = relative('.', join(folder, `${name}.cjs`));
  const used = filesUsed(metafile, main);
  for (const { path, text } of outputFiles) {
    // What is loaded at its first call is bundled for every function, also for those that never call it.
    if (!used.includes(relative('.', path))) continue;
    const { code } = await transform(text, { ...SHARED, format: 'cjs', supported: { 'dynamic-import': false } });
    writeFileSync(path, code);
  }
  const atStart = filesAtStart(metafile, main);
  const later = used.filter((file) => !atStart.includes(file));
  console.log(
    `${folder}/${name}.cjs  ${size(metafile, atStart)} KB at the start, ${size(metafile, later)} KB when needed`,
  );
}

/** The file and all that it may ever load. */
function filesUsed({ outputs }: Metafile, file: string): string[] {
  const found = new Set([file]);
  for (const one of found) {
    for (const { path } of outputs[one]?.imports ?? []) {
      const loaded = relative('.', path.startsWith('./') ? join(folder, path) : path);
      if (outputs[loaded]) found.add(loaded);
    }
  }
  return [...found];
}

/** The file and all that it imports at once. */
function filesAtStart({ outputs }: Metafile, file: string): string[] {
  const found = [file];
  for (const one of found) {
    const imports =
      outputs[one]?.imports.filter(({ kind, external }) => kind === 'import-statement' && !external) ?? [];
    found.push(...imports.map(({ path }) => path).filter((path) => !found.includes(path)));
  }
  return found;
}

function size({ outputs }: Metafile, files: readonly string[]): number {
  return Math.round(files.reduce((sum, file) => sum + (outputs[file]?.bytes ?? 0), 0) / 1024);
}

/**
 * Bundles each function. Its own code starts from one CommonJS file, because Node starts that faster than ES modules;
 * what is imported with `import()` (the AWS SDK, YAML, recurrence rules) goes into files beside it that are read when
 * they are needed. The policy goes along as JSON, so that no YAML parser is needed at run time.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { build, type Metafile, transform } from 'esbuild';
import { parse } from 'yaml';
import { loadAtFirstCall } from './build/first-call.ts';
import { zoneTable } from './build/zones.ts';

const FUNCTIONS = ['tick'];

/** Modules whose functions are called seldom, and then need a library: it is loaded at the first call, not at the start. */
const SELDOM = ['lib/core/eras.ts'];

const SHARED = { platform: 'node', target: 'node24', minify: true, legalComments: 'none' } as const;

rmSync('dist', { recursive: true, force: true });
mkdirSync('dist');
for (const name of FUNCTIONS) await bundle(name);
writeFileSync('dist/zones.json', JSON.stringify(zoneTable(Date.now())));
if (existsSync('policy.yaml')) {
  writeFileSync('dist/policy.json', `${JSON.stringify(parse(readFileSync('policy.yaml', 'utf8')), null, 2)}\n`);
  console.log('dist/policy.json  from policy.yaml');
} else {
  console.log('There is no policy.yaml: a function packaged now starts nothing, and says so.');
}

/** Only ES modules can be split, and only CommonJS starts fast: so they are split first, and turned into the other form file by file. */
async function bundle(name: string): Promise<void> {
  const lazy = loadAtFirstCall(SELDOM, name);
  const { outputFiles, metafile } = await build({
    ...SHARED,
    entryPoints: { [name]: `handlers/${name}.ts`, ...lazy.entryPoints },
    plugins: [lazy.plugin],
    outdir: 'dist',
    outExtension: { '.js': '.cjs' },
    chunkNames: `${name}-[name]-[hash]`,
    bundle: true,
    splitting: true,
    format: 'esm',
    // What of the AWS SDK is not used can be left out of its ES modules only.
    mainFields: ['module', 'main'],
    define: { 'import.meta.dirname': '__dirname' },
    metafile: true,
    write: false,
  });
  for (const { path, text } of outputFiles) {
    const { code } = await transform(text, { ...SHARED, format: 'cjs', supported: { 'dynamic-import': false } });
    writeFileSync(path, code);
  }
  const atStart = filesAtStart(metafile, `dist/${name}.cjs`);
  const later = Object.keys(metafile.outputs).filter((file) => !atStart.includes(file));
  console.log(`dist/${name}.cjs  ${size(metafile, atStart)} KB at the start, ${size(metafile, later)} KB when needed`);
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

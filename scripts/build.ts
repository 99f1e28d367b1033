/**
 * Bundles each function into one CommonJS file of its own: that form starts faster than an ES module, because Node then
 * loads what is required only when it is. The policy goes along as JSON, so that no YAML parser is needed at run time.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';
import { parse } from 'yaml';

const FUNCTIONS = ['tick'];

rmSync('dist', { recursive: true, force: true });
mkdirSync('dist');

const { metafile } = await build({
  entryPoints: FUNCTIONS.map((name) => `handlers/${name}.ts`),
  outdir: 'dist',
  outExtension: { '.js': '.cjs' },
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'cjs',
  minify: true,
  legalComments: 'none',
  metafile: true,
});
for (const [file, { bytes }] of Object.entries(metafile.outputs))
  console.log(`${file}  ${Math.round(bytes / 1024)} KB`);

if (existsSync('policy.yaml')) {
  writeFileSync('dist/policy.json', `${JSON.stringify(parse(readFileSync('policy.yaml', 'utf8')), null, 2)}\n`);
  console.log('dist/policy.json  from policy.yaml');
} else {
  console.log('There is no policy.yaml: a function packaged now starts nothing, and says so.');
}

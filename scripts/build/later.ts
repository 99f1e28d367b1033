import { readFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import type { Plugin } from 'esbuild';

/**
 * Keeps all that is needed at the start in one file. esbuild makes a file for each set of modules that the same later
 * ones have in common, and a start would read a dozen of them; so every later one is made to have the whole start in
 * common. It is loaded by then anyway. `start`: the module that is loaded first.
 */
export function afterStart(start: string): Plugin {
  return {
    name: 'after-start',
    setup({ onResolve, onLoad, resolve: find }) {
      onResolve({ filter: /./ }, async ({ path, kind, importer, resolveDir }) => {
        const isLater = kind === 'dynamic-import' || (kind === 'entry-point' && resolve(path) !== resolve(start));
        if (!isLater || path.startsWith('node:') || importer.includes('node_modules')) return undefined;
        const found = await find(path, { kind: 'import-statement', importer, resolveDir });
        return { path: found.path, namespace: 'after-start' };
      });
      onLoad({ filter: /./, namespace: 'after-start' }, ({ path }) => ({
        contents: `import ${JSON.stringify(resolve(start))}; export * from ${JSON.stringify(path)};`,
        resolveDir: '.',
      }));
    },
  };
}

export interface FirstCall {
  /** The modules as files of their own. */
  entryPoints: Record<string, string>;
  plugin: Plugin;
}

/**
 * Puts modules that export functions alone into files of their own, each of which is loaded when one of its functions is
 * called for the first time. In contrast to `import()` the caller need not be asynchronous, and the sources say nothing
 * of it. `name`: how the files' names begin.
 */
export function atFirstCall(modules: readonly string[], name: string): FirstCall {
  const files = new Map(modules.map((module) => [resolve(module), `${name}-${fileOf(module)}`]));
  const plugin: Plugin = {
    name: 'at-first-call',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^\..*\.ts$/ }, ({ path, resolveDir, namespace }) => {
        const module = resolve(resolveDir, path);
        return namespace === 'file' && files.has(module) ? { path: module, namespace: 'at-first-call' } : undefined;
      });
      onResolve({ filter: /./, namespace: 'at-first-call' }, ({ path }) => ({ path, external: true }));
      onLoad({ filter: /./, namespace: 'at-first-call' }, ({ path }) => {
        const load = `(loaded ??= require('./${files.get(path)}.cjs'))`;
        const functions = functionsOf(path).map((one) => `export const ${one} = (...all) => ${load}.${one}(...all);`);
        return { contents: ['let loaded;', ...functions].join('\n') };
      });
    },
  };
  const entryPoints = Object.fromEntries([...files].map(([module, file]) => [file, module]));
  return { entryPoints, plugin };
}

/** By the whole path: modules of the same name in two folders are two files. */
function fileOf(module: string): string {
  return relative('lib', module).replace(/\.ts$/, '').replaceAll('/', '-');
}

/** @throws when the module exports anything else, which could not wait for a call */
function functionsOf(module: string): string[] {
  const exports = readFileSync(module, 'utf8').match(/^export .*/gm) ?? [];
  return exports
    .filter((line) => !/^export (?:interface|type) /.test(line))
    .map((line) => {
      const name = /^export (?:async )?function (\w+)/.exec(line)?.[1];
      if (name === undefined) throw new Error(`${module} cannot be loaded at the first call: ${line}`);
      return name;
    });
}

import { readFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import type { Plugin } from 'esbuild';

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
export function loadAtFirstCall(modules: readonly string[], name: string): FirstCall {
  const files = new Map(modules.map((module) => [resolve(module), `${name}-${basename(module, '.ts')}`]));
  const plugin: Plugin = {
    name: 'load-at-first-call',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^\..*\.ts$/ }, ({ path, resolveDir }) => {
        const module = resolve(resolveDir, path);
        return files.has(module) ? { path: module, namespace: 'first-call' } : undefined;
      });
      onResolve({ filter: /./, namespace: 'first-call' }, ({ path }) => ({ path, external: true }));
      onLoad({ filter: /./, namespace: 'first-call' }, ({ path }) => {
        const load = `require('./${files.get(path)}.cjs')`;
        const functions = functionsOf(path).map((one) => `export const ${one} = (...all) => ${load}.${one}(...all);`);
        return { contents: functions.join('\n') };
      });
    },
  };
  return { entryPoints: Object.fromEntries([...files].map(([module, file]) => [file, module])), plugin };
}

/** @throws when the module exports anything else, which could not wait for a call */
function functionsOf(module: string): string[] {
  const exports = readFileSync(module, 'utf8').match(/^export .*/gm) ?? [];
  return exports
    .filter((line) => !/^export (?:interface|type) /.test(line))
    .map((line) => {
      const name = /^export function (\w+)/.exec(line)?.[1];
      if (name === undefined) throw new Error(`${module} cannot be loaded at the first call: ${line}`);
      return name;
    });
}

import { cut } from './cut.ts';
import type { Problem } from './policy.ts';

export type Env = Readonly<Record<string, string | undefined>>;
export type Path = Problem['path'];

export interface Prepared {
  /** A copy with `env:NAME` resolved, and without what a problem was found in. */
  value: unknown;
  problems: Problem[];
  /** What `env:NAME` gave → `env:NAME`, so that no message need show the value. */
  resolved: Map<string, string>;
}

/** No policy nests deeper or holds more values; a document that does is an attack on the stack or the heap. */
const DEEPEST = 16;
const MOST_VALUES = 100_000;
const TOO_MUCH = `at most ${DEEPEST} levels and ${MOST_VALUES} values are read; anchors count where they are repeated`;

/** Keys that mean something else to JavaScript than to people. */
const FORBIDDEN = ['__proto__', 'constructor', 'prototype'];

/** What is wrong whatever the grammar says: forbidden keys, depth, and variables that are not set. */
export function prepare(raw: unknown, env: Env): Prepared {
  const problems: Problem[] = [];
  const resolved = new Map<string, string>();
  let left = MOST_VALUES;
  function copy(value: unknown, path: Path): unknown {
    if (left === 0) return undefined;
    left -= 1;
    if (left === 0 || path.length > DEEPEST) {
      left = 0;
      problems.push({ path, message: 'the policy nests too deeply, or holds too much', hint: TOO_MUCH });
      return undefined;
    }
    const problem = problemOf(value, path, env);
    if (problem) {
      problems.push(problem);
      return undefined;
    }
    const variable = variableOf(value);
    if (variable !== null) {
      resolved.set(env[variable]!, `env:${variable}`);
      return env[variable];
    }
    if (Array.isArray(value)) return value.map((item, index) => copy(item, [...path, index]));
    return isMapping(value) ? copyMapping(value, path) : value;
  }
  function copyMapping(value: Record<string, unknown>, path: Path): Record<string, unknown> {
    const pairs = Object.entries(value).map(([key, item]) => [key, copy(item, [...path, key])] as const);
    return Object.fromEntries(pairs.filter(([, item]) => item !== undefined));
  }
  const value = copy(raw, []);
  return { value, problems, resolved };
}

export function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The name in `env:NAME`, or null. */
export function variableOf(value: unknown): string | null {
  return typeof value === 'string' ? (/^env:(.*)$/s.exec(value)?.[1] ?? null) : null;
}

function problemOf(value: unknown, path: Path, env: Env): Problem | null {
  const key = path.at(-1);
  if (typeof key === 'string' && FORBIDDEN.includes(key))
    return { path, message: `the key ${key} is not allowed`, hint: 'choose another name' };
  const variable = variableOf(value);
  if (variable !== null && !env[variable]) {
    return /^\w+$/.test(variable)
      ? {
          path,
          message: `the variable ${cut(variable)} is not set`,
          hint: `set ${cut(variable)} in the environment of the program`,
        }
      : { path, message: 'env: must be followed by the name of a variable', hint: 'like env:HUAWEICLOUD_PROJECT_ID' };
  }
  return null;
}

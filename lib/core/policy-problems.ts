import * as z from 'zod/mini';
import { nearest } from './nearest.ts';
import type { Problem } from './policy.ts';
import { type Path, variableOf } from './policy-prepare.ts';

type Issue = z.core.$ZodIssue;

/** Values under these keys are never repeated. */
const SECRET_KEYS = ['secret', 'routingKey', 'url', 'ics'];

/** What the schema found, as people read it. `raw` is the document as written, so that no resolved value gets into a message. */
export function problemsOf(issues: readonly Issue[], raw: unknown, schema: z.ZodMiniType): Problem[] {
  return issues.flatMap((issue) => {
    const path = issue.path as Path;
    if (issue.code !== 'unrecognized_keys') return [problemAt(path, issue, raw)];
    const known = knownKeys(schema, path);
    return issue.keys.map((key) => {
      const meant = nearest(key, known);
      const hint = meant ? `did you mean ${meant}?` : `known here: ${known.join(', ')}`;
      return { path: [...path, key], message: `unknown key ${pathText([...path, key])}`, hint };
    });
  });
}

/** A problem with the value at `path`; `allowed` completes "it must be …". */
export function badValue(path: Path, raw: unknown, allowed: string, hint: string | null = null): Problem {
  const value = valueAt(raw, path);
  if (value === undefined) return { path, message: `${pathText(path)} is missing: it must be ${allowed}`, hint };
  const secret = SECRET_KEYS.some((key) => path.includes(key)) && variableOf(value) === null;
  return {
    path,
    message: `${pathText(path)} is ${secret ? 'something else' : show(value)}: it must be ${allowed}`,
    hint,
  };
}

/** `windows.night.days[1]`; `the policy` for the whole of it. */
export function pathText(path: Path): string {
  const text = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`)).join('');
  return text.replace(/^\./, '') || 'the policy';
}

/** What completes "it must be …" where the schema does not say it itself. */
export function allowedBy(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === 'invalid_type') return TYPES[issue.expected] ?? issue.expected;
  if (issue.code === 'invalid_value') return `one of ${issue.values.join(', ')}`;
  if (issue.code === 'too_small') return `at least ${issue.minimum}${issue.origin === 'array' ? ' of them' : ''}`;
  return undefined;
}

const TYPES: Partial<Record<string, string>> = {
  object: 'a mapping',
  record: 'a mapping',
  array: 'a list',
  string: 'a text',
  int: 'a whole number',
};

function problemAt(path: Path, issue: Issue, raw: unknown): Problem {
  if (issue.code === 'invalid_key') {
    return { path, message: `${show(path.at(-1))} is no name: it must be ${issue.issues[0]?.message}`, hint: null };
  }
  return badValue(path, raw, issue.message, hintFor(issue, valueAt(raw, path)));
}

function hintFor(issue: Issue, found: unknown): string | null {
  if (issue.code === 'invalid_value' && typeof found === 'string') {
    const meant = nearest(found, issue.values.map(String));
    return meant && `did you mean ${meant}?`;
  }
  const wantsText = issue.code === 'invalid_union' || (issue.code === 'invalid_type' && issue.expected === 'string');
  return wantsText && [found].flat().some(isBare) ? 'put it in quotes' : null;
}

/** What YAML takes for something else than text, as it stands there without quotes. */
function isBare(value: unknown): boolean {
  return typeof value === 'number' || typeof value === 'boolean';
}

function show(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return 'a mapping';
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

export function valueAt(raw: unknown, path: Path): unknown {
  let value = raw;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string | number, unknown>)[part];
  }
  return value;
}

/** The keys that the schema has at `path`, through lists, named entries and whatever is wrapped around them. */
function knownKeys(schema: z.ZodMiniType, path: Path): string[] {
  let here = unwrapped(schema);
  for (const part of path) here = unwrapped(childOf(here, part));
  return here instanceof z.ZodMiniObject ? Object.keys(here.shape) : [];
}

function childOf(schema: z.core.$ZodType, part: string | number): z.core.$ZodType {
  if (schema instanceof z.ZodMiniObject) return schema.shape[part]!;
  if (schema instanceof z.ZodMiniArray) return schema.def.element;
  return schema instanceof z.ZodMiniRecord ? schema.def.valueType : z.unknown();
}

function unwrapped(schema: z.core.$ZodType): z.core.$ZodType {
  if (
    schema instanceof z.ZodMiniOptional ||
    schema instanceof z.ZodMiniDefault ||
    schema instanceof z.ZodMiniPrefault
  ) {
    return unwrapped(schema.def.innerType);
  }
  if (schema instanceof z.ZodMiniLazy) return unwrapped(schema.def.getter());
  return schema instanceof z.ZodMiniPipe ? unwrapped(schema.def.in) : schema;
}

/** The shape's own problems, without those that are only the echo of one that is known already. */
export function withoutEchoes(known: readonly Problem[], more: readonly Problem[]): Problem[] {
  return more.filter(({ path }) => !known.some((one) => isPrefix(one.path, path) || isPrefix(path, one.path)));
}

function isPrefix(short: Path, long: Path): boolean {
  return short.length > 0 && short.length <= long.length && short.every((part, index) => part === long[index]);
}

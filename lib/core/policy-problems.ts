import * as z from 'zod/mini';
import { cut } from './cut.ts';
import { MOST_PROBLEMS, type Problem } from './policy.ts';
import { hintForMissing, hintOf, suggestion, textHint } from './policy-hints.ts';
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
    return issue.keys.slice(0, MOST_PROBLEMS).map((key) => {
      const message = `unknown key ${pathText([...path, key])}`;
      return { path: [...path, key], message, hint: key === '<<' ? MERGE : suggestion(key, known) };
    });
  });
}

const MERGE = 'YAML 1.2 has no merge keys: repeat what is to be merged';

/** A problem with the value at `path`; `allowed` completes "it must be …". */
export function badValue(path: Path, raw: unknown, allowed: string, hint: string): Problem {
  const value = valueAt(raw, path);
  if (value === undefined)
    return { path, message: `${pathText(path)} is missing: it must be ${allowed}`, hint: hintForMissing(path.at(-1)) };
  const secret = SECRET_KEYS.some((key) => path.includes(key)) && variableOf(value) === null;
  return {
    path,
    message: `${pathText(path)} is ${secret ? 'something else' : show(value)}: it must be ${allowed}`,
    hint,
  };
}

/** `windows.night.days[1]`; `the policy` for the whole of it. */
export function pathText(path: Path): string {
  const text = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${cut(part) || '""'}`)).join('');
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
    const allowed = issue.issues[0]?.message ?? 'a name';
    return {
      path,
      message: `${show(path.at(-1))} is no name: it must be ${allowed}`,
      hint: hintOf(allowed, path.at(-1)) ?? OTHERWISE,
    };
  }
  return badValue(path, raw, issue.message, hintFor(issue, valueAt(raw, path)));
}

function hintFor(issue: Issue, found: unknown): string {
  const variable = variableOf(found);
  if (variable !== null) return `mend the value of ${cut(variable)}, or write the value itself here`;
  const hint = hintOf(issue.message, found);
  if (hint !== undefined) return hint;
  if (issue.code !== 'invalid_value') return typeof found === 'string' ? OTHERWISE : textHint(found);
  return typeof found === 'string'
    ? suggestion(found, issue.values.map(String))
    : `write one of the words, such as ${String(issue.values[0])}`;
}

const OTHERWISE = 'docs/policy.md says what each key takes';

function show(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return 'a mapping';
  return typeof value === 'string' ? JSON.stringify(cut(value)) : String(value);
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
export function withoutEchoes(known: readonly Pick<Problem, 'path'>[], more: readonly Problem[]): Problem[] {
  return more.filter(({ path }) => !known.some((one) => isPrefix(one.path, path) || isPrefix(path, one.path)));
}

function isPrefix(short: Path, long: Path): boolean {
  return short.length > 0 && short.length <= long.length && short.every((part, index) => part === long[index]);
}

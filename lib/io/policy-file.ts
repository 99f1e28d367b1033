import { MOST_PROBLEMS, type Policy, type Problem } from '../core/policy.ts';
import { parsePolicy } from '../core/policy-parse.ts';
import type { Env } from '../core/policy-prepare.ts';
import { withoutEchoes } from '../core/policy-problems.ts';

/** A problem and where it stands; both count from 1. */
export interface PlacedProblem extends Problem {
  line: number;
  column: number;
}

type ReadPolicy = { policy: Policy } | { problems: PlacedProblem[] };

/** Bytes, not characters. */
const LARGEST = 256 * 1024;

/**
 * Reads a policy file: YAML 1.2 (one document, core schema) or JSON. Never throws for what the text holds.
 * A JSON text without problems is read without loading the YAML library.
 */
export async function readPolicy(text: string | Uint8Array, env: Env): Promise<ReadPolicy> {
  const decoded = decode(text);
  if (typeof decoded !== 'string') return { problems: [decoded] };
  if (/\r(?!\n)/.test(decoded) && !decoded.includes('\n'))
    return { problems: [atStart('its lines end in CR alone', CR)] };
  const json = /^\s*\{/.test(decoded) ? parseJson(decoded) : null;
  if (json) {
    const read = await parsePolicy(json.value, env);
    return 'policy' in read ? read : { problems: await placeProblems(decoded, read.problems) };
  }
  return readYaml(decoded, env);
}

/** Says where problems that were found in the policy of this text stand in it. */
export async function placeProblems(text: string | Uint8Array, problems: readonly Problem[]): Promise<PlacedProblem[]> {
  const decoded = decode(text);
  if (problems.length === 0 || typeof decoded !== 'string') return [];
  const { loadYaml } = await import('./policy-yaml.ts');
  return placed(problems, loadYaml(decoded).positionOf);
}

function placed(
  problems: readonly Problem[],
  positionOf: (path: Problem['path']) => { line: number; column: number },
): PlacedProblem[] {
  return inOrder(problems.map((problem) => ({ ...problem, ...positionOf(problem.path) })));
}

function inOrder(problems: readonly PlacedProblem[]): PlacedProblem[] {
  return problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
}

/** `policy.yaml:3:5 unknown key freezs (did you mean freezes?)` */
export function problemText(file: string, { line, column, message, hint }: PlacedProblem): string {
  return `${file}:${line}:${column} ${message} (${hint})`;
}

function atStart(message: string, hint: string): PlacedProblem {
  return { path: [], message, hint, line: 1, column: 1 };
}

const CR = 'save it with LF, or CR and LF, at the ends of lines';

function decode(text: string | Uint8Array): string | PlacedProblem {
  const size = typeof text === 'string' ? Buffer.byteLength(text) : text.length;
  if (size > LARGEST)
    return atStart(`the policy has ${size} bytes; at most ${LARGEST} are read`, 'split what is not policy off');
  if (typeof text === 'string') return text.replace(/^\uFEFF/, '');
  const [first, second] = text;
  // The byte order marks of UTF-16, or every other byte of its first characters empty.
  const isUtf16 =
    (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff) || first === 0 || second === 0;
  const hint = 'save it as UTF-8';
  if (isUtf16) return atStart('the policy is UTF-16', hint);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(text);
  } catch {
    return atStart('the policy is not UTF-8', hint);
  }
}

/** Null when it is no JSON, or says one key twice, which JSON.parse would not tell. */
function parseJson(text: string): { value: unknown } | null {
  try {
    let keys = 0;
    const value: unknown = JSON.parse(text, (_, item: unknown) => {
      if (typeof item === 'object' && item !== null && !Array.isArray(item)) keys += Object.keys(item).length;
      return item;
    });
    const strings = text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?/g);
    const written = [...strings].filter(([, colon]) => colon !== undefined).length;
    return written === keys ? { value } : null;
  } catch {
    return null;
  }
}

/** The YAML library is loaded here, so that a deployed function, which gets its policy as JSON, starts without it. */
async function readYaml(text: string, env: Env): Promise<ReadPolicy> {
  const { loadYaml } = await import('./policy-yaml.ts');
  const { value, problems, unread, positionOf } = loadYaml(text);
  const read = value === undefined ? { problems: [] } : await parsePolicy(value, env);
  if ('policy' in read) return problems.length === 0 ? read : { problems };
  const more = placed(withoutEchoes(unread, read.problems), positionOf);
  return { problems: inOrder([...problems, ...more]).slice(0, MOST_PROBLEMS) };
}

import { type Document, isCollection, isMap, isScalar, isSeq, LineCounter } from 'yaml';
import { cut, visible } from '../core/cut.ts';
import type { Path } from '../core/policy-prepare.ts';
import type { PlacedProblem } from './policy-file.ts';
import { readDocuments, TooMuch } from './policy-yaml-documents.ts';
import { type Found, offsetOfNode, QUOTE_STAR, readNodes } from './policy-yaml-nodes.ts';

export interface Loaded {
  /** Undefined where the text cannot be read. */
  value: unknown;
  problems: PlacedProblem[];
  /** What of the value is missing, or is not what it was meant to be: a problem was found there. */
  unread: { path: Path }[];
  /** Where the key or the list item stands that the path leads to, or the nearest thing above it that exists. */
  positionOf(path: Path): Position;
}

interface Position {
  line: number;
  column: number;
}

/** One broken bracket may be found broken a thousand times. */
const MOST_PROBLEMS = 50;

const LONGEST_MESSAGE = 200;

/** One YAML 1.2 document without tags, as far as it can be read, and what is wrong with it. */
export function loadYaml(text: string): Loaded {
  const lines = new LineCounter();
  const positionAt = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  const placed = (found: readonly Found[]): PlacedProblem[] =>
    found.slice(0, MOST_PROBLEMS).map(({ offset, path, message, hint }) => {
      return {
        path,
        message: visible(cut(message, LONGEST_MESSAGE)),
        hint: visible(cut(hint, LONGEST_MESSAGE)),
        ...positionAt(offset),
      };
    });
  const nothing = { value: undefined, unread: [], positionOf: () => ({ line: 1, column: 1 }) };
  try {
    const documents = readDocuments(text, lines);
    const [document] = documents;
    const whole = [...documents.flatMap(syntaxErrors), ...wrongNumber(documents), ...otherVersion(document)];
    if (!document || isEmpty(document)) return { ...nothing, problems: placed(whole) };
    const nodes = readNodes(document);
    return {
      value: document.errors.every(({ code }) => LEAVES_READABLE.includes(code)) ? nodes.value : undefined,
      problems: placed([...whole, ...nodes.found]),
      unread: nodes.unread,
      positionOf: (path) => positionAt(offsetOf(document, nodes.meant, path)),
    };
  } catch (error) {
    if (error instanceof TooMuch)
      return {
        ...nothing,
        problems: placed([{ path: [], offset: error.offset, message: error.message, hint: error.hint }]),
      };
    const message = `the policy cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    return { ...nothing, problems: placed([{ path: [], offset: 0, message, hint: SYNTAX }]) };
  }
}

const SYNTAX = 'look at the quotes, brackets and indentation here and in the line above';

/** What to do about some kinds of errors. */
const HINTS: Partial<Record<string, string>> = {
  TAB_AS_INDENT: 'indent with spaces',
  BAD_DQ_ESCAPE: 'write \\\\ for one backslash, or use single quotes',
  BAD_INDENT: 'what belongs together begins in the same column',
  BAD_SCALAR_START: 'put it in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'put a text with ": " in it in quotes; what belongs to a key stands below it, indented',
  MULTILINE_IMPLICIT_KEY: 'is a colon missing, or a quote left open?',
  KEY_OVER_1024_CHARS: 'is a colon missing, or a quote left open?',
  BAD_ALIAS: QUOTE_STAR,
  ALIAS_PROPS: 'an alias has no anchor and no tag of its own',
  BAD_DIRECTIVE: 'take the line with % out',
};

/** After these the rest of the text still means what it says. */
const LEAVES_READABLE = ['BAD_ALIAS', 'BAD_DQ_ESCAPE', 'BAD_DIRECTIVE', 'TAG_RESOLVE_FAILED', 'MULTIPLE_TAGS'];

function syntaxErrors({ errors: certain, warnings }: Document.Parsed): Found[] {
  const errors = [...warnings.filter(({ code }) => code === 'BAD_DIRECTIVE'), ...certain];
  // Behind a bracket too many, every word is one too many.
  const first = errors.findIndex(({ message }) => OUTSIDE.test(message));
  const told = errors.filter(({ message }, index) => index <= first || !OUTSIDE.test(message));
  return told.slice(0, MOST_PROBLEMS).map(({ code, message, pos }) => {
    const hint = MESSAGE_HINTS.find(([form]) => form.test(message))?.[1] ?? HINTS[code] ?? SYNTAX;
    return { path: [], offset: pos[0], message: message.split('\n')[0]!, hint };
  });
}

const OUTSIDE = /^Unexpected \S+ token in YAML stream/;

const MESSAGE_HINTS: readonly [RegExp, string][] = [
  [OUTSIDE, 'a bracket is closed here or above that was not opened'],
  [/^Flow \w+ in block collection must/, 'close the bracket'],
];

/** The rules of another version would be followed in part only. */
function otherVersion(document: Document.Parsed | undefined): Found[] {
  const { explicit = false, version = '1.2' } = document?.directives?.yaml ?? {};
  if (!explicit || version === '1.2') return [];
  return [
    {
      path: [],
      offset: 0,
      message: `the policy is said to be YAML ${version}`,
      hint: 'take the line with %YAML out: it is YAML 1.2',
    },
  ];
}

function isEmpty({ contents }: Document.Parsed): boolean {
  return contents === null || (isScalar(contents) && contents.value === null);
}

function wrongNumber(documents: readonly Document.Parsed[]): Found[] {
  const [first, second] = documents;
  const path: Path = [];
  if ((!first || isEmpty(first)) && !second)
    return [{ path, offset: 0, message: 'the policy is empty', hint: 'see policy.example.yaml' }];
  if (!second) return [];
  const hint = 'a policy is one document: remove the ---';
  return [{ path, offset: second.range[0], message: 'there is a second document', hint }];
}

function offsetOf(document: Document.Parsed, meant: ReadonlyMap<unknown, unknown>, path: Path): number {
  let node: unknown = document.contents;
  let offset = offsetOfNode(node);
  for (const part of path) {
    const next = childOf(meant.get(node) ?? node, part);
    if (next === null) break;
    offset = offsetOfNode(next.key);
    node = next.value;
  }
  return offset;
}

/** What to point at, and where the way goes on. Of a key that stands twice the last one counts. */
function childOf(node: unknown, part: string | number): { key: unknown; value: unknown } | null {
  if (isSeq(node)) {
    const item = node.items[Number(part)];
    return item === undefined ? null : { key: item, value: item };
  }
  if (!isMap(node) || !isCollection(node)) return null;
  return node.items.findLast(({ key }) => isScalar(key) && String(key.value) === String(part)) ?? null;
}

import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
  visit,
  type YAMLMap,
} from 'yaml';
import type { Path } from '../core/policy-prepare.ts';
import type { PlacedProblem } from './policy-file.ts';

export interface Loaded {
  value: unknown;
  /** Where the key or the list item stands that the path leads to, or the nearest thing above it that exists. */
  positionOf(path: Path): Position;
}

interface Position {
  line: number;
  column: number;
}

/** A problem with its offset in the text. */
interface Found {
  offset: number;
  message: string;
  hint: string | null;
}

/** More uses of anchors than this are an attack, not a convenience. */
const MOST_ALIASES = 20;

/** One broken bracket may be found broken a thousand times. */
const MOST_PROBLEMS = 50;

/** One YAML 1.2 document without tags, or what is wrong with it. */
export function loadYaml(text: string): Loaded | { problems: PlacedProblem[] } {
  const lines = new LineCounter();
  const positionAt = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  const refuse = (found: Found[]) => ({
    problems: found
      .slice(0, MOST_PROBLEMS)
      .map(({ offset, message, hint }) => ({ path: [], message, hint, ...positionAt(offset) })),
  });
  try {
    const parsed = parseAllDocuments(text, {
      lineCounter: lines,
      version: '1.2',
      schema: 'core',
      merge: false,
      prettyErrors: false,
      // The library compares every key with every other one; strangeParts looks for doubles in linear time.
      uniqueKeys: false,
    });
    const documents: readonly Document.Parsed[] = 'empty' in parsed ? [] : parsed;
    const found = [...documents.flatMap(syntaxErrors), ...wrongNumber(documents), ...documents.flatMap(strangeParts)];
    if (found.length > 0) return refuse(found);
    const document = documents[0]!;
    return {
      value: document.toJS({ maxAliasCount: MOST_ALIASES }),
      positionOf: (path) => positionAt(offsetOf(document, path)),
    };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return refuse([{ offset: 0, message: `the policy cannot be read: ${why}`, hint: null }]);
  }
}

function syntaxErrors(document: Document.Parsed): Found[] {
  return document.errors.map(({ code, message, pos }) => {
    const hint = code === 'TAB_AS_INDENT' ? 'indent with spaces' : null;
    return { offset: pos[0], message: message.split('\n')[0]!, hint };
  });
}

function wrongNumber(documents: readonly Document.Parsed[]): Found[] {
  const [first, second] = documents;
  const isEmpty = !first || (isScalar(first.contents) && first.contents.value === null) || first.contents === null;
  if (isEmpty && !second) return [{ offset: 0, message: 'the policy is empty', hint: 'see policy.example.yaml' }];
  if (!second) return [];
  return [
    {
      offset: second.range[0],
      message: 'there is a second document',
      hint: 'a policy is one document: remove the ---',
    },
  ];
}

/** Tags, keys that are no plain words, and keys that stand twice. */
function strangeParts(document: Document.Parsed): Found[] {
  const found: Found[] = [];
  visit(document, {
    Node(_, node) {
      if (node.tag !== undefined) {
        const tag = node.tag.replace('tag:yaml.org,2002:', '!!');
        found.push({ offset: offsetOfNode(node), message: `the tag ${tag} is not allowed`, hint: 'leave it out' });
      }
      if (isMap<Node>(node)) found.push(...strangeKeys(node));
    },
  });
  return found;
}

function strangeKeys(map: YAMLMap<Node>): Found[] {
  const seen = new Set<string>();
  return map.items.flatMap(({ key }) => {
    const name = isScalar(key) ? String(key.value) : null;
    const isDouble = name !== null && seen.has(name);
    seen.add(name ?? '');
    if (name !== null && !isDouble) return [];
    const message = isDouble ? `the key ${name} stands here twice` : 'a key must be a word';
    return [{ offset: offsetOfNode(key), message, hint: null }];
  });
}

function offsetOf(document: Document.Parsed, path: Path): number {
  let node: unknown = document.contents;
  let offset = offsetOfNode(node);
  for (const part of path) {
    const next = childOf(isAlias(node) ? node.resolve(document) : node, part);
    if (next === null) break;
    offset = offsetOfNode(next.key);
    node = next.value;
  }
  return offset;
}

/** What to point at, and where the way goes on. */
function childOf(node: unknown, part: string | number): { key: unknown; value: unknown } | null {
  if (isSeq(node)) {
    const item = node.items[Number(part)];
    return item === undefined ? null : { key: item, value: item };
  }
  if (!isMap(node)) return null;
  return node.items.find(({ key }) => isScalar(key) && String(key.value) === String(part)) ?? null;
}

function offsetOfNode(node: unknown): number {
  return (isScalar(node) || isCollection(node) || isAlias(node)) && node.range ? node.range[0] : 0;
}

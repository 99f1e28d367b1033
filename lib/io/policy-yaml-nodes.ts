import { type Document, isAlias, isCollection, isMap, isScalar, isSeq, type Node, type YAMLMap } from 'yaml';
import { cut } from '../core/cut.ts';
import { suggestion } from '../core/policy-hints.ts';
import type { Path } from '../core/policy-prepare.ts';

/** A problem with its offset in the text. */
export interface Found {
  path: Path;
  offset: number;
  message: string;
  hint: string;
}

export interface Nodes {
  /** As `toJS()` would give it, without what could not be read. */
  value: unknown;
  found: Found[];
  unread: { path: Path }[];
  /** What each alias stands for. */
  meant: Map<unknown, unknown>;
}

/** More repetitions than this, each of those inside others counted, are an attack, not a convenience. */
const MOST_ALIASES = 100;

/** What an anchor stands at. */
interface Anchored {
  node: Node;
  /** Undefined as long as it is being read. */
  done?: { value: unknown; aliases: number };
}

/** What a document says, and what is strange in it: tags, keys that are no plain words or stand twice, and wrong aliases. */
export function readNodes({ contents }: Document.Parsed): Nodes {
  const found: Found[] = [];
  const unread: { path: Path }[] = [];
  const meant = new Map<unknown, unknown>();
  const anchors = new Map<string, Anchored>();
  let aliases = 0;
  function tell(node: unknown, path: Path, message: string, hint: string): undefined {
    found.push({ path, offset: offsetOfNode(node), message, hint });
  }
  function valueAt(node: unknown, path: Path): unknown {
    if (isAlias(node)) return valueOfAlias(node, node.source, path);
    const { tag, anchor } = node as Node & { tag?: string; anchor?: string };
    if (tag !== undefined) {
      const short = tag.replace('tag:yaml.org,2002:', '!!');
      tell(node, path, `the tag ${cut(short)} is not allowed`, 'leave it out');
      if (isScalar(node)) unread.push({ path });
    }
    if (anchor === undefined) return plainValue(node, path);
    const [entry, before]: [Anchored, number] = [{ node: node as Node }, aliases];
    anchors.set(anchor, entry);
    const value = plainValue(node, path);
    entry.done = { value, aliases: aliases - before };
    return value;
  }
  function valueOfAlias(node: unknown, name: string, path: Path): unknown {
    const entry = anchors.get(name);
    unread.push({ path });
    // The parser has told of it.
    if (name === '') return undefined;
    if (!entry)
      return tell(
        node,
        path,
        `there is no anchor &${cut(name)} above`,
        anchors.size === 0 ? QUOTE_STAR : suggestion(name, [...anchors.keys()]),
      );
    if (!entry.done) return tell(node, path, `the alias *${cut(name)} stands inside of what it repeats`, WRITE_OUT);
    if (aliases > MOST_ALIASES) return undefined;
    aliases += 1 + entry.done.aliases;
    if (aliases > MOST_ALIASES)
      return tell(node, path, `with *${cut(name)} more than ${MOST_ALIASES} things are repeated`, WRITE_OUT);
    unread.pop();
    meant.set(node, entry.node);
    return entry.done.value;
  }
  function plainValue(node: unknown, path: Path): unknown {
    if (isSeq(node)) return node.items.map((item, index) => valueAt(item, [...path, index]));
    return isMap(node) ? mappingOf(node, path) : isScalar(node) ? node.value : null;
  }
  function mappingOf(map: YAMLMap, path: Path): object {
    const seen = new Set<string>();
    const entries = map.items.flatMap(({ key, value }): [string, unknown][] => {
      const name = isScalar(key) && key.value !== null ? String(key.value) : null;
      if (name === null) {
        tell(key ?? map, path, 'a key must be a word', KEY);
        return [];
      }
      const here = [...path, name];
      if (seen.has(name)) tell(key, here, `the key ${cut(name)} stands here twice`, 'leave one of them out');
      seen.add(name);
      return [[name, value === null ? null : valueAt(value, here)]];
    });
    return Object.fromEntries(entries);
  }
  return { value: contents === null ? null : valueAt(contents, []), found, unread, meant };
}

/** Most often it is a glob. */
export const QUOTE_STAR =
  'put it in quotes if it is a text that begins with *; what an alias stands for must be above it';
const WRITE_OUT = 'write out what it repeats';
const KEY = 'write a word before the colon, in quotes if it begins with *, &, [, {, ? or !';

export function offsetOfNode(node: unknown): number {
  return (isScalar(node) || isCollection(node) || isAlias(node)) && node.range ? node.range[0] : 0;
}

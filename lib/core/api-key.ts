/** What a key may be good for. Each right is given by name: `upgrade` alone does not read. */
export const RIGHTS = ['read', 'operate', 'upgrade', 'alert'] as const;
export type Right = (typeof RIGHTS)[number];

/** One key that callers over HTTP may show. The key itself is stored nowhere. */
export interface ApiKey {
  /** Who it belongs to; stands in logs, holds and attempts. Several keys may have one name, so that one can replace the other. */
  name: string;
  rights: Right[];
  /** SHA-256 of the key, 64 hex digits in lower case. */
  sha256: string;
}

/** These names are this program's own. */
const RESERVED = ['system', 'ledger', 'schedule', 'cli'];

/**
 * Reads `API_KEYS`: entries `NAME:RIGHT+RIGHT:SHA256`, separated by commas or white space, e.g.
 * `ci:read+upgrade:9f86d0…,ops:read+operate+upgrade:60303a…`. `problems` name entries by their place, never by their text.
 */
export function readApiKeys(text: string): { keys: ApiKey[]; problems: string[] } {
  const problems: string[] = [];
  const keys = text
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .flatMap((entry, index) => {
      const read = readEntry(entry);
      if (typeof read !== 'string') return [read];
      problems.push(`entry ${index + 1} ${read}`);
      return [];
    });
  return { keys, problems };
}

function readEntry(entry: string): ApiKey | string {
  const [, name, given, hash] = /^([^:]*):([^:]*):([^:]*)$/.exec(entry) ?? [];
  if (name === undefined || given === undefined || hash === undefined) return 'is not NAME:RIGHT+RIGHT:SHA256';
  if (!/^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/.test(name)) return 'has a name that is not letters, digits and . _ @ -';
  if (RESERVED.includes(name)) return `has one of the names ${RESERVED.join(', ')}, which are this program's own`;
  const words = given.split('+');
  const rights = RIGHTS.filter((right) => words.includes(right));
  if (new Set(words).size !== rights.length) return `has rights that are not ${RIGHTS.join(', ')} joined by +`;
  if (!/^[0-9a-f]{64}$/i.test(hash)) return 'does not end in a SHA-256 of 64 hex digits';
  return { name, rights, sha256: hash.toLowerCase() };
}

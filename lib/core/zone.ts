import { isTabled } from './zone-table.ts';

/**
 * Whether it is an IANA time zone name in its own spelling. Abbreviations (`CST` is four zones) and offsets are not,
 * though runtimes accept some of them; `UTC` is the only name without a slash.
 */
export function isZone(name: string): boolean {
  if (name === 'UTC' || isTabled(name)) return true;
  if (!SHAPE.test(name)) return false;
  try {
    const known = new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone;
    // Another name means that it is a link to that zone, such as Asia/Kolkata; only its case may not differ.
    return known === name || known.toLowerCase() !== name.toLowerCase();
  } catch {
    return false;
  }
}

/** Names of two or three parts, each with a capital first: the runtime's own check ignores case. */
const SHAPE = /^[A-Z][A-Za-z0-9_+-]*(?:\/[A-Z][A-Za-z0-9_+-]*){1,2}$/;

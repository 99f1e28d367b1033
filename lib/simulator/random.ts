import { hash } from 'node:crypto';

/** 32 hex digits that depend on the text alone. */
export function hexId(text: string): string {
  return hash('sha256', text).slice(0, 32);
}

const known = new Map<string, string>();

/** The same for what is asked for again and again: the few things that all instances have in common. */
export function commonId(text: string): string {
  const before = known.get(text);
  if (before !== undefined) return before;
  const id = hexId(text);
  if (known.size < 1_000) known.set(text, id);
  return id;
}

/** A UUID in form (version 4, variant 1) that depends on the text alone. */
export function uuidOf(text: string): string {
  const hex = hexId(text);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}

/** A row of numbers in [0, 1) that depends on the seed alone (the mulberry32 generator). */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One of the list; the list must not be empty. */
export function pick<T>(random: () => number, list: readonly T[]): T {
  return list[Math.floor(random() * list.length)]!;
}

import * as z from 'zod/mini';

// The API's own examples break its declared types: numbers as text, booleans as text, objects where text was promised.
// So every field is read leniently, an unusable one counts as absent, and only what nothing can be done without is required.

/** `read` gives `undefined` for a value that is unusable; that counts as absent. */
function lenient<T>(read: (value: unknown) => T | undefined): z.ZodMiniType<T | null | undefined> {
  return z.transform((value) => (value === null ? null : read(value)));
}

export const text = lenient((value) =>
  typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value) ? String(value).trim() : undefined,
);

const Word = z.stringbool();

export const flag = lenient((value) => {
  if (typeof value === 'boolean') return value;
  return Number.isFinite(value) ? value !== 0 : Word.safeParse(value).data;
});

export const number = lenient((value) => {
  const found = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof found === 'number' && Number.isFinite(found) ? found : undefined;
});

export const list = lenient((value) => (Array.isArray(value) ? (value as unknown[]) : undefined));

/** A list of which the unusable items are left out and counted: one of them must not hide the others. */
export interface Sifted<T> {
  items: T[];
  skipped: number;
}

export function sift<T>(item: z.ZodMiniType<T>, raw: readonly unknown[]): Sifted<T> {
  const parsed = raw.map((one) => item.safeParse(one));
  const items = parsed.flatMap((one) => (one.success ? [one.data] : []));
  return { items, skipped: raw.length - items.length };
}

/** One page of a list: its rows as they came, and the number that stands beside them. */
export interface Page {
  rows: unknown[];
  count: number | null;
}

/** An absent list is an empty one only where its count says so; an answer without either is none. */
export function listOf(list: string, count: string): z.ZodMiniType<Page> {
  return z.pipe(
    z
      .object({ [list]: z.nullish(z.array(z.unknown())), [count]: number })
      .check(z.refine((body) => Array.isArray(body[list]) || body[count] === 0)),
    z.transform((body) => ({
      rows: (body[list] ?? []) as unknown[],
      count: (body[count] ?? null) as number | null,
    })),
  );
}

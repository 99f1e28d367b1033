import * as z from 'zod/mini';

// The API's own examples break its declared types: numbers as text, booleans as text, objects where text was promised.
// So every field is read leniently, an unusable one counts as absent, and only what nothing can be done without is required.

/** An unusable value counts as absent. */
function lenient<T>(schema: z.ZodMiniType<T>): z.ZodMiniType<T | null | undefined> {
  return z.catch(z.nullish(schema), undefined);
}

export const text = lenient(
  z.pipe(
    z.union([z.string(), z.number(), z.boolean()]),
    z.transform((value) => String(value).trim()),
  ),
);

export const flag = lenient(
  z.union([
    z.boolean(),
    z.stringbool(),
    z.pipe(
      z.number(),
      z.transform((value: number) => value !== 0),
    ),
  ]),
);

export const number = lenient(
  z.pipe(z.union([z.number(), z.pipe(z.string().check(z.trim(), z.minLength(1)), z.transform(Number))]), z.number()),
);

export const list = lenient(z.array(z.unknown()));

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

import * as z from 'zod';

// The API's own examples break its declared types: numbers as text, booleans as text, objects where text was promised.
// So every field is read leniently, an unusable one counts as absent, and only what nothing can be done without is required.

export const text = z
  .union([z.string(), z.number(), z.boolean()])
  .transform((value) => String(value).trim())
  .nullish()
  .catch(undefined);

export const flag = z
  .union([z.boolean(), z.stringbool(), z.number().transform(Boolean)])
  .nullish()
  .catch(undefined);

export const number = z
  .union([z.number(), z.string().trim().min(1).transform(Number)])
  .pipe(z.number())
  .nullish()
  .catch(undefined);

/** A list of which the unusable items are left out and counted: one of them must not hide the others. */
export interface Sifted<T> {
  items: T[];
  skipped: number;
}

export function sift<T>(item: z.ZodType<T>, raw: readonly unknown[]): Sifted<T> {
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
export function listOf(list: string, count: string): z.ZodType<Page> {
  return z
    .object({ [list]: z.array(z.unknown()).nullish(), [count]: number })
    .refine((body) => Array.isArray(body[list]) || body[count] === 0)
    .transform((body) => ({ rows: (body[list] ?? []) as unknown[], count: (body[count] ?? null) as number | null }));
}

import type { EpochMs } from '../../core/time.ts';
import type { Log } from '../../deps.ts';
import type { Page, Sifted } from './lenient.ts';

/** A list that is read page by page. */
export interface Listing<T> {
  /** For the log: `instances`, `tasks`. */
  what: string;
  scope: string;
  /** Rows asked for at a time. */
  limit: number;
  mostPages: number;
  read(offset: number): Promise<Page>;
  itemsOf(page: Page): Sifted<T>;
  idOf(item: T): string;
}

interface Sweep {
  pages: number;
  /** Rows of which nothing could be made. */
  skipped: number;
  /** The number that the last page gave. */
  count: number;
  /** Whether the list was read to its end; else pages repeated themselves or were too many. */
  isWhole: boolean;
  /** The total was the same on every page, as far as pages told one. */
  isSteady: boolean;
}

/**
 * Every item once, by its id. Rows move while pages are read: what is inserted shows up twice, what is deleted lets the
 * next page begin too late. So a list of several pages whose total changes, or that comes out shorter, is read once more.
 */
export async function readAll<T>(listing: Listing<T>, log: Log): Promise<T[]> {
  const found = new Map<string, T>();
  const { what, scope } = listing;
  let last = await sweep(listing, found);
  const isShort = () => found.size + last.skipped < last.count;
  if (last.isWhole && last.pages > 1 && (isShort() || !last.isSteady)) last = await sweep(listing, found);
  if (last.skipped > 0) log('warn', 'dcs_rows_unusable', { scope, what, skipped: last.skipped });
  if (!last.isWhole || isShort()) {
    log('warn', 'dcs_list_incomplete', { scope, what, found: found.size, count: last.count });
  }
  return [...found.values()];
}

async function sweep<T>(listing: Listing<T>, found: Map<string, T>): Promise<Sweep> {
  const seen = new Set<string>();
  const totals = new Set<number>();
  let offset = 0;
  let skipped = 0;
  for (let pages = 1; ; pages++) {
    const page = await listing.read(offset);
    const sifted = listing.itemsOf(page);
    const before = seen.size;
    for (const item of sifted.items) {
      seen.add(listing.idOf(item));
      found.set(listing.idOf(item), item);
    }
    offset += page.rows.length;
    skipped += sifted.skipped;
    const count = page.count ?? 0;
    if (count !== page.rows.length) totals.add(count);
    // The count may be that of this page alone, so a full page never ends the list; and the server may allow fewer rows
    // than were asked for, so a short one does only where the count does not promise more.
    const isLast = page.rows.length === 0 || (page.rows.length < listing.limit && offset >= count);
    const isRepeated = seen.size === before && sifted.skipped === 0;
    if (isLast || isRepeated || pages >= listing.mostPages) {
      return { pages, skipped, count, isWhole: isLast, isSteady: totals.size < 2 };
    }
  }
}

/** `yyyyMMddHHmmss`, as lists are asked for from a time on (DCS API, ListBackgroundTask, ListBackupRecords). */
export function compactUtc(at: EpochMs): string {
  return new Date(at).toISOString().replace(/\D/g, '').slice(0, 14);
}

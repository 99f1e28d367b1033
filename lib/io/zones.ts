import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { useZoneTable, type ZoneTable } from '../core/zone-table.ts';
import type { Log } from '../deps.ts';
import { VERSION } from './version.ts';

/** Where the build puts it: beside the bundle. There is none beside the sources. */
const FILE = join(import.meta.dirname, 'zones.json');

/** The table of zones that the build made; null where there is none, or this runtime has other time zone data than the build had. */
export function readZoneTable(file = FILE, version = process.versions.tz): ZoneTable | null {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  const table: ZoneTable = JSON.parse(text);
  return table.version === version ? table : null;
}

/**
 * Uses the build's table, where it fits, and writes down what windows are worked out with: two programs that disagree
 * about an opening most likely have other time zone data. @throws Error where there is none
 */
export function useZones(log: Log, { node, tz }: { node: string; tz?: string } = process.versions): void {
  if (!tz)
    throw new Error('this Node has no time zone data (it was built without ICU), so no window can be worked out');
  const table = readZoneTable(FILE, tz);
  useZoneTable(table);
  log('info', 'started', { version: VERSION, node, timeZoneData: tz, tabled: table !== null });
}

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ZoneTable } from '../core/zone-table.ts';

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

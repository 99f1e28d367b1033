import * as z from 'zod/mini';
import { type Backup, backupState } from '../../core/backup.ts';
import type { Node } from '../../core/load.ts';
import { flag, list, listOf, type Page, type Sifted, sift, text } from './lenient.ts';
import { instant } from './wire.ts';

/** Kinds of nodes that have metrics of their own, by the dimension that Cloud Eye has them under. */
const NODE_DIMENSIONS = ['dcs_cluster_redis_node', 'dcs_cluster_proxy2_node', 'dcs_cluster_proxy_node'] as const;

/** DCS API, ListMonitoredObjectsOfInstance: a list for each dimension, and in its rows the id under the same name. */
export const MonitoredObjects: z.ZodMiniType<Node[]> = z.pipe(
  z.object(Object.fromEntries(NODE_DIMENSIONS.map((name) => [name, list]))),
  z.transform((lists, { issues }) => {
    const nodes = NODE_DIMENSIONS.flatMap((dimension) =>
      (lists[dimension] ?? []).map((row) => ({ dimension, id: idIn(row, dimension) })),
    );
    // A node that cannot be asked for must not be left out as if it were not there.
    if (nodes.some(({ id }) => id === ''))
      issues.push({ code: 'custom', message: 'a node without an id', input: lists });
    return nodes;
  }),
);

const NodeRow = z.object(Object.fromEntries(NODE_DIMENSIONS.map((name) => [name, text])));

function idIn(row: unknown, dimension: string): string {
  const parsed = NodeRow.safeParse(row);
  return (parsed.success && parsed.data[dimension]) || '';
}

/** DCS API, ListBackupRecords. */
export const BackupPage = listOf('backup_record_response', 'total_num');

const WireBackup = z.pipe(
  z
    .object({
      backup_id: text,
      status: text,
      created_at: text,
      execution_at: text,
      is_support_restore: flag,
      error_code: text,
    })
    .check(z.refine((wire) => Boolean(wire.backup_id))),
  z.transform(
    (wire): Backup => ({
      id: wire.backup_id ?? '',
      at: instant(wire.execution_at) ?? instant(wire.created_at),
      state: backupState(wire.status ?? '', wire.is_support_restore !== false),
      errorCode: wire.error_code || null,
    }),
  ),
);

/** The items of a {@link BackupPage}. One without an id is skipped. */
export function backupsOf(page: Page): Sifted<Backup> {
  return sift(WireBackup, page.rows);
}

/** DCS API, CopyInstance. Without an id nothing is certain, whatever the status says. */
export const BackupAccepted = z.object({
  backup_id: z.pipe(
    z.union([z.string(), z.number()]),
    z.pipe(
      z.transform((id: string | number) => String(id).trim()),
      z.string().check(z.minLength(1)),
    ),
  ),
});

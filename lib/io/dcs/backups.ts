import type { Backup } from '../../core/backup.ts';
import type { Scope } from '../../core/instance.ts';
import type { EpochMs } from '../../core/time.ts';
import type { BackupOutcome, Log } from '../../deps.ts';
import type { Caller } from './caller.ts';
import { askOnce } from './once.ts';
import { compactUtc, readAll } from './pages.ts';
import { BackupAccepted, BackupPage, backupsOf } from './surroundings.ts';

const BACKUPS_A_PAGE = 100;

/** DCS API, ListBackupRecords. */
export function listBackups(
  caller: Caller,
  log: Log,
  scope: Scope,
  id: string,
  since: EpochMs,
  signal?: AbortSignal,
): Promise<Backup[]> {
  const query = (offset: number) =>
    [
      ['begin_time', compactUtc(since)],
      ['offset', offset],
      ['limit', BACKUPS_A_PAGE],
    ] as const;
  const listing = {
    what: `backups of ${id}`,
    scope: scope.id,
    limit: BACKUPS_A_PAGE,
    mostPages: 10,
    read: (offset: number) =>
      caller.get({ scope, segments: ['instances', id, 'backups'], query: query(offset), signal }, BackupPage),
    itemsOf: backupsOf,
    idOf: (backup: Backup) => backup.id,
  };
  return readAll(listing, log);
}

/** What people find beside the backup in the console; at most 128 characters. */
const REMARK = 'before an upgrade by dcs-upgrader';

/** DCS API, CopyInstance. It has no client token: like the upgrade, it is sent once. */
export async function backUp(caller: Caller, scope: Scope, id: string): Promise<BackupOutcome> {
  const call = { scope, segments: ['instances', id, 'backups'] };
  const told = await askOnce(caller, call, JSON.stringify({ remark: REMARK }), BackupAccepted);
  if (told.kind !== 'accepted') return told;
  return { kind: 'accepted', backupId: told.data.backup_id, requestId: told.requestId };
}

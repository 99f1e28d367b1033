import type { EpochMs } from './time.ts';

/** A backup of an instance, as its record tells. */
export interface Backup {
  id: string;
  /** When it was begun: what came after that is not in it. Null: not told. */
  at: EpochMs | null;
  /** `good`: it ended well and can be restored. `running` until its word says that it is over. `bad`: of no use. */
  state: 'running' | 'good' | 'bad';
  /** Why it failed, in the words of its record. */
  errorCode: string | null;
}

/** Words of the record: of one that is over, and of one that is no longer there. All others mean "not over". */
const OVER: readonly string[] = ['succeed', 'failed', 'expired', 'deleted'];

/** DCS API, ListBackupRecords. A word that is not known is no success, and no end either. */
export function backupState(word: string, canBeRestored: boolean): Backup['state'] {
  const known = word.toLowerCase();
  if (!OVER.includes(known)) return 'running';
  return known === 'succeed' && canBeRestored ? 'good' : 'bad';
}

/** When the newest good one was begun; null: there is none. */
export function lastGood(backups: readonly Backup[]): EpochMs | null {
  const times = backups.flatMap(({ at, state }) => (state === 'good' && at !== null ? [at] : []));
  return times.length === 0 ? null : Math.max(...times);
}

/** A backup that was asked for before an upgrade, kept in the attempt. */
export interface BackupAsk {
  /**
   * `asked`: written before the call, its outcome not known. `running`: DCS accepted it, or it was found. `made`: it is
   * there. `failed`: refused, or come to nothing; no other is asked for in this opening. `free`: none has begun.
   */
  state: 'asked' | 'running' | 'made' | 'failed' | 'free';
  id: string | null;
  /** When the latest request was about to leave, by the clock of the machine `askedOn`. */
  askedAt: EpochMs;
  askedOn: string;
  /** Until then the list of backups may not show yet what was asked for. */
  lookUntil: EpochMs;
  /** It is not asked for again before this instant; null: nothing stands against it. */
  retryAt: EpochMs | null;
  /** How many requests left in this opening. */
  calls: number;
  /** Why the latest request came to nothing, or its outcome is not known. */
  error: { code: string; message: string } | null;
  /** It was refused for a reason that goes for the whole scope, and that a person has to mend. */
  stopsScope?: true;
}

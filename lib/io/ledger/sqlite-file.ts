import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { LedgerError } from './documents.ts';

/** How long one process waits for another's write, in milliseconds. A write takes a few. */
const BUSY_TIMEOUT = 5_000;

/** Turning on the write-ahead log needs the file for itself and does not wait: processes that begin at once try again. */
const WAL_TRIES = 50;
const WAL_PAUSE = 20;

/** Each step leads from one version of the schema (`user_version`) to the next. Steps are only ever added. */
export const STEPS: readonly string[] = [
  `CREATE TABLE lease (id INTEGER PRIMARY KEY CHECK (id = 1), holder TEXT NOT NULL, fence INTEGER NOT NULL, until INTEGER NOT NULL) STRICT;
   CREATE TABLE attempts (
     id TEXT PRIMARY KEY, instance_id TEXT NOT NULL, claimed_at INTEGER NOT NULL,
     settled INTEGER NOT NULL, rev INTEGER NOT NULL, doc TEXT NOT NULL
   ) STRICT;
   CREATE INDEX attempts_by_claim ON attempts (claimed_at DESC, id);
   CREATE INDEX attempts_by_instance ON attempts (instance_id, claimed_at DESC, id);
   CREATE INDEX attempts_active ON attempts (settled) WHERE settled = 0;
   CREATE TABLE documents (kind TEXT NOT NULL, key TEXT NOT NULL, doc TEXT NOT NULL, PRIMARY KEY (kind, key)) STRICT;`,
];

/** What to do, by SQLite's primary result code. */
const ADVICE: Record<number, string> = {
  5: 'another process has been writing to it for too long; see which one hangs, then run again',
  6: 'another process has been writing to it for too long; see which one hangs, then run again',
  8: 'make sure that this user may write to the file and to its folder',
  10: 'see whether the disk is well and can lock files (a network share often cannot)',
  11: 'restore it from a backup, or move it away to begin with an empty one; past attempts and holds are then forgotten',
  13: 'the disk is full: make room, then run again',
  14: 'make sure that this user may write to the file and to its folder',
  26: 'restore it from a backup, or move it away to begin with an empty one; past attempts and holds are then forgotten',
};

/** Opens the file, creating it (and its folder) for this user alone, and brings its schema up to date. @throws LedgerError */
export async function openDatabase(path: string, steps: readonly string[] = STEPS): Promise<DatabaseSync> {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    closeSync(openSync(path, 'a', 0o600));
    // Loaded here and not above, so that who uses another ledger does not pay for it.
    const { DatabaseSync } = await import('node:sqlite');
    const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT });
    try {
      await turnOnWal(database);
      // A claim must outlive a power cut; in this mode each commit is on the disk before it returns.
      database.exec('PRAGMA synchronous = FULL');
      bringUpToDate(database, path, steps);
    } catch (error) {
      database.close();
      throw error;
    }
    return database;
  } catch (error) {
    throw ledgerError(path, error);
  }
}

/** The error as a person needs it; one that is already told well, and one that is not the store's, stays as it is. */
export function ledgerError(path: string, error: unknown): unknown {
  const { code, errcode, message } = error as { code?: string; errcode?: number; message?: string };
  const spec = `sqlite:${path}`;
  if (code === 'ERR_INVALID_STATE') return new LedgerError(spec, 'it was closed before', error);
  if (code === 'ERR_SQLITE_ERROR') {
    const advice = ADVICE[(errcode ?? 0) & 0xff];
    return new LedgerError(spec, advice ? `${message}; ${advice}` : `${message}`, error);
  }
  if (isSystemError(error))
    return new LedgerError(spec, `${message}; set LEDGER to a file that this user may write`, error);
  return error;
}

function isSystemError(error: unknown): boolean {
  const { syscall, code } = error as NodeJS.ErrnoException;
  return typeof syscall === 'string' && typeof code === 'string';
}

async function turnOnWal(database: DatabaseSync): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      return database.exec('PRAGMA journal_mode = WAL');
    } catch (error) {
      if ((error as { errcode?: number }).errcode !== 5 || tries === WAL_TRIES) throw error;
      await sleep(WAL_PAUSE);
    }
  }
}

function bringUpToDate(database: DatabaseSync, path: string, steps: readonly string[]): void {
  if (versionOf(database) === steps.length) return;
  database.exec('BEGIN IMMEDIATE');
  try {
    const version = versionOf(database);
    if (version > steps.length) {
      const problem = `its schema has version ${version} and this program knows ${steps.length}; run the newer program`;
      throw new LedgerError(`sqlite:${path}`, problem);
    }
    for (const step of steps.slice(version)) database.exec(step);
    database.exec(`PRAGMA user_version = ${steps.length}`);
    database.exec('COMMIT');
  } catch (error) {
    database.exec('ROLLBACK');
    throw error;
  }
}

function versionOf(database: DatabaseSync): number {
  return Number(database.prepare('PRAGMA user_version').get()?.user_version);
}

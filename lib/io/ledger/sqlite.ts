import { hostname } from 'node:os';
import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite';
import type { Attempt } from '../../core/attempt.ts';
import type { Hold } from '../../core/hold.ts';
import {
  type Condition,
  type Finding,
  type FleetEntry,
  type Lease,
  type Ledger,
  type Log,
  StaleLeaseError,
} from '../../deps.ts';
import {
  type AttemptRow,
  type Documents,
  decode,
  decodeAll,
  decodeAttempts,
  encode,
  findingKey,
  holdsInOrder,
  type Kind,
  type OnDamage,
  onceEach,
} from './documents.ts';
import { isGone, processExists } from './holder.ts';
import { giveBack, grant } from './lease.ts';
import { ledgerError, openDatabase } from './sqlite-file.ts';

export interface SqliteOptions {
  /** Told of rows that cannot be read. */
  log?: Log;
  /** This machine, as holders name it. */
  host?: string;
  /** Whether a process of this machine exists. */
  isAlive?: (pid: number) => boolean;
}

/** A ledger in one file, for one machine; several processes may use it at once. @throws LedgerError */
export async function openSqliteLedger(path: string, options: SqliteOptions = {}): Promise<Ledger> {
  return new SqliteLedger(await openDatabase(path), path, options);
}

class SqliteLedger implements Ledger {
  readonly #database: DatabaseSync;
  readonly #path: string;
  readonly #isGone: (holder: string) => boolean;
  readonly #onDamage: OnDamage;
  readonly #statements = new Map<string, StatementSync>();

  constructor(
    database: DatabaseSync,
    path: string,
    { log, host = hostname(), isAlive = processExists }: SqliteOptions,
  ) {
    this.#database = database;
    this.#path = path;
    this.#isGone = (holder) => isGone(holder, host, isAlive);
    this.#onDamage = onceEach((damage) => log?.('error', 'ledger_row_unreadable', { ...damage, path }));
  }

  async acquireLease(holder: string, ttlMs: number, now: number): Promise<Lease | null> {
    return this.#transaction(() => {
      const lease = grant(this.#lease(), holder, ttlMs, now, this.#isGone);
      if (lease) this.#putLease(lease);
      return lease;
    });
  }

  async releaseLease(lease: Lease): Promise<void> {
    this.#transaction(() => {
      const left = giveBack(this.#lease(), lease);
      if (left) this.#putLease(left);
    });
  }

  async claim(attempt: Attempt, lease: Lease): Promise<boolean> {
    const { id, instanceId, claimedAt, settled, rev } = attempt;
    return this.#transaction(() => {
      if (this.#lease()?.fence !== lease.fence) throw new StaleLeaseError();
      const sql = 'INSERT INTO attempts VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING';
      return this.#run(sql, id, instanceId, claimedAt, Number(settled), rev, encode(attempt)) === 1;
    });
  }

  async save(attempt: Attempt): Promise<Attempt | null> {
    const { id, rev, settled } = attempt;
    const doc = encode({ ...attempt, rev: rev + 1 });
    const sql = 'UPDATE attempts SET settled = ?, rev = ?, doc = ? WHERE id = ? AND rev = ?';
    return this.#run(sql, Number(settled), rev + 1, doc, id, rev) === 1 ? JSON.parse(doc) : null;
  }

  async attempt(id: string): Promise<Attempt | null> {
    return this.#attempts('WHERE id = ?', id)[0] ?? null;
  }

  async activeAttempts(): Promise<Attempt[]> {
    return this.#attempts('WHERE settled = 0 ORDER BY claimed_at, id');
  }

  async attempts(filter: { since?: number; instanceId?: string; limit?: number }): Promise<Attempt[]> {
    const { since = Number.MIN_SAFE_INTEGER, instanceId, limit = -1 } = filter;
    const [where, values] = instanceId === undefined ? ['', []] : ['instance_id = ? AND', [instanceId]];
    return this.#attempts(
      `WHERE ${where} claimed_at >= ? ORDER BY claimed_at DESC, id LIMIT ?`,
      ...values,
      since,
      limit,
    );
  }

  async holds(): Promise<Hold[]> {
    return holdsInOrder(this.#all('hold'));
  }

  async putHold(hold: Hold): Promise<void> {
    this.#put('hold', hold.id, encode(hold));
  }

  async replaceHold(hold: Hold, seen: Hold | null): Promise<boolean> {
    if (!seen) return this.#run("INSERT OR IGNORE INTO documents VALUES ('hold', ?, ?)", hold.id, encode(hold)) === 1;
    const sql = "UPDATE documents SET doc = ? WHERE kind = 'hold' AND key = ? AND doc = ?";
    return this.#run(sql, encode(hold), hold.id, encode(seen)) === 1;
  }

  async dropHold(id: string): Promise<void> {
    this.#drop('hold', id);
  }

  async fleet(): Promise<FleetEntry[]> {
    return this.#all('fleet');
  }

  async putFleet(entries: FleetEntry[]): Promise<void> {
    if (entries.length === 0) return;
    this.#transaction(() => {
      for (const entry of entries) this.#put('fleet', entry.instance.instanceId, encode(entry));
    });
  }

  async dropFleet(instanceIds: string[]): Promise<void> {
    if (instanceIds.length === 0) return;
    this.#transaction(() => {
      for (const id of instanceIds) this.#drop('fleet', id);
    });
  }

  async findings(scope: string): Promise<Finding[]> {
    const prefix = findingKey({ scope, instanceId: '' });
    const sql = "SELECT key, doc FROM documents WHERE kind = 'finding' AND substr(key, 1, length(?)) = ? ORDER BY key";
    return decodeAll('finding', this.#rows(sql, prefix, prefix), this.#onDamage);
  }

  async putFinding(finding: Finding): Promise<void> {
    const key = findingKey(finding);
    this.#transaction(() => {
      const [row] = this.#rows("SELECT key, doc FROM documents WHERE kind = 'finding' AND key = ?", key);
      const stored = row && decode('finding', key, row[1], this.#onDamage);
      if (!stored || stored.versions.readAt <= finding.versions.readAt) this.#put('finding', key, encode(finding));
    });
  }

  async conditions(): Promise<Condition[]> {
    return this.#all('condition');
  }

  async putCondition(condition: Condition): Promise<void> {
    this.#put('condition', condition.key, encode(condition));
  }

  async dropCondition(key: string): Promise<void> {
    this.#drop('condition', key);
  }

  async note(name: string): Promise<string | null> {
    const [row] = this.#rows("SELECT key, doc FROM documents WHERE kind = 'note' AND key = ?", name);
    return row?.[1] ?? null;
  }

  async putNote(name: string, text: string): Promise<void> {
    this.#put('note', name, text);
  }

  async putNoteIfAbsent(name: string, text: string): Promise<boolean> {
    return this.#run("INSERT OR IGNORE INTO documents VALUES ('note', ?, ?)", name, text) === 1;
  }

  async hasNote(name: string, text: string): Promise<boolean> {
    return (await this.note(name)) === text;
  }

  async close(): Promise<void> {
    if (this.#database.isOpen) this.#guard(() => this.#database.close());
  }

  #lease(): Lease | null {
    const row = this.#guard(() => this.#sql('SELECT holder, fence, until FROM lease').get());
    return row ? { holder: String(row.holder), fence: Number(row.fence), until: Number(row.until) } : null;
  }

  #putLease({ holder, fence, until }: Lease): void {
    this.#run('INSERT OR REPLACE INTO lease VALUES (1, ?, ?, ?)', holder, fence, until);
  }

  #attempts(which: string, ...values: SQLInputValue[]): Attempt[] {
    const sql = `SELECT id, doc, claimed_at, settled, rev FROM attempts ${which}`;
    const rows = this.#guard(() => this.#sql(sql).all(...values));
    return decodeAttempts(rows.map(attemptRow), this.#onDamage);
  }

  #all<K extends Kind>(kind: K): Documents[K][] {
    const rows = this.#rows('SELECT key, doc FROM documents WHERE kind = ? ORDER BY key', kind);
    return decodeAll(kind, rows, this.#onDamage);
  }

  #put(kind: Kind | 'note', key: string, text: string): void {
    this.#run('INSERT OR REPLACE INTO documents VALUES (?, ?, ?)', kind, key, text);
  }

  #drop(kind: Kind, key: string): void {
    this.#run('DELETE FROM documents WHERE kind = ? AND key = ?', kind, key);
  }

  /** How many rows it changed. */
  #run(sql: string, ...values: SQLInputValue[]): number {
    return this.#guard(() => Number(this.#sql(sql).run(...values).changes));
  }

  #rows(sql: string, ...values: SQLInputValue[]): [string, string][] {
    const rows = this.#guard(() => this.#sql(sql).all(...values));
    return rows.map((row) => Object.values<SQLOutputValue>(row).map(String) as [string, string]);
  }

  #sql(text: string): StatementSync {
    const statement = this.#statements.get(text) ?? this.#database.prepare(text);
    this.#statements.set(text, statement);
    return statement;
  }

  #transaction<T>(work: () => T): T {
    return this.#guard(() => {
      this.#database.exec('BEGIN IMMEDIATE');
      try {
        const result = work();
        this.#database.exec('COMMIT');
        return result;
      } catch (error) {
        // After some failures, such as a full disk, SQLite has rolled back already.
        if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
        throw error;
      }
    });
  }

  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw ledgerError(this.#path, error);
    }
  }
}

function attemptRow({ id, doc, claimed_at, settled, rev }: Record<string, SQLOutputValue>): AttemptRow {
  const [claimedAt, isSettled] = [Number(claimed_at), Number(settled) === 1];
  return { id: String(id), text: String(doc), claimedAt, settled: isSettled, rev: Number(rev) };
}

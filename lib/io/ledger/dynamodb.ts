import type { Attempt } from '../../core/attempt.ts';
import { stableHash } from '../../core/hash.ts';
import type { Hold } from '../../core/hold.ts';
import { DAY, SECOND } from '../../core/time.ts';
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
  decodeAll,
  decodeAttempts,
  encode,
  holdsInOrder,
  type Kind,
  LedgerError,
  newestFirst,
  type OnDamage,
  oldestFirst,
  onceEach,
} from './documents.ts';
import { EXPIRES } from './dynamodb-schema.ts';
import { type Find, type Key, type Row, Table, type TableOptions } from './dynamodb-table.ts';
import { giveBack, grant } from './lease.ts';

export interface DynamoOptions extends TableOptions {
  /** Told of items that cannot be read. */
  log?: Log;
}

/** The lease is read and written again this often when others write in between; then somebody else is busy with it. */
const LEASE_TRIES = 4;

/** A partition takes about a thousand writes a second; a fleet is spread over this many. Never change it: items would be looked for elsewhere. */
const FLEET_SHARDS = 8;

/** Settled attempts are kept this long, for the history; the table deletes them some days later. */
const KEPT = 400 * DAY;

/** What workers have read is of use until the next tick, and versions are read anew after a day in any case. */
const FINDINGS_KEPT = 2 * DAY;

const LEASE: Key = { pk: 'lease', sk: 'lease' };

/** A ledger in one DynamoDB table, for as many processes as there are (see dynamodb-schema.ts). Nothing is asked before the first use. */
export function openDynamoLedger(table: string, options: DynamoOptions = {}): Ledger {
  return new DynamoLedger(new Table(table, options), options.log);
}

class DynamoLedger implements Ledger {
  readonly #table: Table;
  readonly #onDamage: OnDamage;

  constructor(table: Table, log?: Log) {
    this.#table = table;
    this.#onDamage = onceEach((damage) => log?.('error', 'ledger_row_unreadable', { ...damage, table: table.name }));
  }

  async acquireLease(holder: string, ttlMs: number, now: number): Promise<Lease | null> {
    for (let tries = 1; tries <= LEASE_TRIES; tries += 1) {
      const current = await this.#lease();
      const lease = grant(current, holder, ttlMs, now);
      if (!lease || (await this.#putLease(lease, current))) return lease;
    }
    return null;
  }

  async releaseLease(lease: Lease): Promise<void> {
    for (let tries = 1; tries <= LEASE_TRIES; tries += 1) {
      const current = await this.#lease();
      const left = giveBack(current, lease);
      // One that could not be given back runs out by itself.
      if (!left || (await this.#putLease(left, current))) return;
    }
  }

  /**
   * Puts the claim, and then looks whether the lease is still this one; if not, the claim is taken back. In this order no
   * transaction is needed: whoever gets the next lease after the look reads attempts that hold this claim, and whoever
   * got it before is seen by the look. A crash in between leaves a claim without a call, which the next pass looks after.
   */
  async claim(attempt: Attempt, lease: Lease): Promise<boolean> {
    const row = rowOf(attempt);
    if (!(await this.#table.put(row, 'absent'))) return false;
    if ((await this.#lease())?.fence === lease.fence) return true;
    await this.#table.drop(row, { rev: attempt.rev });
    throw new StaleLeaseError();
  }

  async save(attempt: Attempt): Promise<Attempt | null> {
    const row = rowOf({ ...attempt, rev: attempt.rev + 1 });
    return (await this.#table.put(row, { rev: attempt.rev })) ? JSON.parse(row.doc) : null;
  }

  async attempt(id: string): Promise<Attempt | null> {
    const row = await this.#table.get({ pk: 'attempt', sk: id });
    return row && (decodeAttempts([attemptRow(row)], this.#onDamage)[0] ?? null);
  }

  async activeAttempts(): Promise<Attempt[]> {
    return (await this.#attempts({ pk: 'attempt', by: { index: 'open', attribute: 'openSince' } })).sort(oldestFirst);
  }

  async attempts(filter: { since?: number; instanceId?: string; limit?: number }): Promise<Attempt[]> {
    const { since, instanceId, limit } = filter;
    if (instanceId !== undefined) return this.#attemptsOf(instanceId, since, limit);
    const by = { index: 'byClaim', attribute: 'claimedAt', ...(since === undefined ? {} : { from: since }) };
    return (await this.#attempts({ pk: 'attempt', by, limit })).sort(newestFirst);
  }

  async holds(): Promise<Hold[]> {
    return holdsInOrder(await this.#read('hold', { pk: 'hold' }));
  }

  async putHold(hold: Hold): Promise<void> {
    await this.#table.put({ pk: 'hold', sk: hold.id, doc: encode(hold) });
  }

  /** Documents are compared as they are written: one that was read and not changed gives the same text again. */
  async replaceHold(hold: Hold, seen: Hold | null): Promise<boolean> {
    return this.#table.put({ pk: 'hold', sk: hold.id, doc: encode(hold) }, seen ? { doc: encode(seen) } : 'absent');
  }

  async dropHold(id: string): Promise<void> {
    await this.#table.drop({ pk: 'hold', sk: id });
  }

  async fleet(): Promise<FleetEntry[]> {
    const shards = Array.from({ length: FLEET_SHARDS }, (_, shard) => this.#read('fleet', { pk: `fleet#${shard}` }));
    return (await Promise.all(shards)).flat().sort(byInstance);
  }

  async putFleet(entries: FleetEntry[]): Promise<void> {
    // A batch with the same key twice is refused; the later entry is the one that counts.
    const byId = new Map(entries.map((entry) => [entry.instance.instanceId, entry]));
    await this.#table.writeAll([...byId].map(([id, entry]) => ({ ...fleetKey(id), doc: encode(entry) })));
  }

  async dropFleet(instanceIds: string[]): Promise<void> {
    await this.#table.writeAll([], [...new Set(instanceIds)].map(fleetKey));
  }

  async findings(scope: string): Promise<Finding[]> {
    return this.#read('finding', { pk: findingsOf(scope) });
  }

  async putFinding(finding: Finding): Promise<void> {
    const { scope, instanceId: sk, versions } = finding;
    const row = { pk: findingsOf(scope), sk, readAt: versions.readAt, doc: encode(finding) };
    await this.#table.put(
      { ...row, ...expiry(versions.readAt + FINDINGS_KEPT) },
      { atMost: { readAt: versions.readAt } },
    );
  }

  async conditions(): Promise<Condition[]> {
    return this.#read('condition', { pk: 'condition' });
  }

  async putCondition(condition: Condition): Promise<void> {
    await this.#table.put({ pk: 'condition', sk: condition.key, doc: encode(condition) });
  }

  async dropCondition(key: string): Promise<void> {
    await this.#table.drop({ pk: 'condition', sk: key });
  }

  async note(name: string): Promise<string | null> {
    const row = await this.#table.get({ pk: 'note', sk: name });
    return row && textOf(row);
  }

  async putNote(name: string, text: string, until?: number): Promise<void> {
    await this.#table.put({ pk: 'note', sk: name, doc: text, ...expiry(until) });
  }

  async putNoteIfAbsent(name: string, text: string, until?: number): Promise<boolean> {
    return this.#table.put({ pk: 'note', sk: name, doc: text, ...expiry(until) }, 'absent');
  }

  /** The same is written again on the condition that it is there: no text comes back, and no read is used for it. */
  async hasNote(name: string, text: string): Promise<boolean> {
    return this.#table.put({ pk: 'note', sk: name, doc: text }, { doc: text });
  }

  async close(): Promise<void> {
    this.#table.close();
  }

  async #lease(): Promise<Lease | null> {
    const row = await this.#table.get(LEASE);
    if (!row) return null;
    const { holder, fence, leasedTo } = row;
    if (typeof holder === 'string' && typeof fence === 'number' && typeof leasedTo === 'number')
      return { holder, fence, until: leasedTo };
    // A fence that starts anew would let claims pass that were decided long ago.
    const problem = 'its lease cannot be read; see which program wrote the item, and delete it when nothing runs';
    throw new LedgerError(`dynamodb:${this.#table.name}`, problem);
  }

  /** A holder that renews may do so several times at once; anybody else must have seen the very last state of it. */
  #putLease({ holder, fence, until }: Lease, seen: Lease | null): Promise<boolean> {
    const isRenewal = seen?.holder === holder && seen.fence === fence;
    const when = seen && { holder: seen.holder, fence: seen.fence, ...(isRenewal ? {} : { leasedTo: seen.until }) };
    return this.#table.put({ ...LEASE, holder, fence, leasedTo: until }, when ?? 'absent');
  }

  /** The id of an attempt begins with its instance; what one instance has is little. */
  async #attemptsOf(instanceId: string, since = Number.NEGATIVE_INFINITY, limit?: number): Promise<Attempt[]> {
    const found = await this.#attempts({ pk: 'attempt', prefix: `${instanceId}@` });
    const wanted = found.filter((attempt) => attempt.instanceId === instanceId && attempt.claimedAt >= since);
    return wanted.sort(newestFirst).slice(0, limit);
  }

  async #attempts(find: Find): Promise<Attempt[]> {
    return decodeAttempts((await this.#table.find(find)).map(attemptRow), this.#onDamage);
  }

  async #read<K extends Kind>(kind: K, find: Find): Promise<Documents[K][]> {
    const rows = await this.#table.find(find);
    return decodeAll(kind, rows.map((row) => [String(row.sk), textOf(row)] as const), this.#onDamage); // biome-ignore format: one call
  }
}

function rowOf(attempt: Attempt): Row & Key & { doc: string } {
  const { id, rev, claimedAt, finishedAt, settled } = attempt;
  const row = { pk: 'attempt', sk: id, rev, claimedAt, doc: encode(attempt) };
  return settled ? { ...row, ...expiry((finishedAt ?? claimedAt) + KEPT) } : { ...row, openSince: claimedAt };
}

function attemptRow(row: Row): AttemptRow {
  const [claimedAt, rev] = [Number(row.claimedAt ?? 0), typeof row.rev === 'number' ? row.rev : -1];
  return { id: String(row.sk), text: textOf(row), claimedAt, settled: row.openSince === undefined, rev };
}

function expiry(until: number | undefined): Row {
  return until === undefined ? {} : { [EXPIRES]: Math.ceil(until / SECOND) };
}

function fleetKey(instanceId: string): Key {
  return { pk: `fleet#${stableHash(instanceId) % FLEET_SHARDS}`, sk: instanceId };
}

function findingsOf(scope: string): string {
  return `finding#${scope}`;
}

/** An item without a document is a damaged one. */
function textOf({ doc }: Row): string {
  return typeof doc === 'string' ? doc : '';
}

function byInstance({ instance: a }: FleetEntry, { instance: b }: FleetEntry): number {
  return a.instanceId < b.instanceId ? -1 : 1;
}

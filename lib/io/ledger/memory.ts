import type { Attempt } from '../../core/attempt.ts';
import { type Condition, type Finding, type FleetEntry, type Lease, type Ledger, StaleLeaseError } from '../../deps.ts';
import {
  type Documents,
  decode,
  encode,
  findingKey,
  holdsInOrder,
  type Kind,
  newestFirst,
  oldestFirst,
} from './documents.ts';
import { giveBack, grant } from './lease.ts';

/** As it was written; and as it is read where all share it. */
interface Kept<K extends Kind> {
  text: string;
  document: Documents[K] | null;
}

/**
 * A ledger for tests, the demo and dry runs: gone with the process. Documents are kept as text, so that nobody shares an
 * object with it. With `shares` readers get the same object, which nobody can change: quicker for whoever reads far more
 * often than he writes.
 */
export function createMemoryLedger({ shares = false }: { shares?: boolean } = {}): Ledger {
  return new MemoryLedger(shares);
}

class MemoryLedger implements Ledger {
  #lease: Lease | null = null;
  readonly #documents: { [K in Kind]: Map<string, Kept<K>> } = {
    attempt: new Map(),
    hold: new Map(),
    fleet: new Map(),
    finding: new Map(),
    condition: new Map(),
  };
  readonly #notes = new Map<string, string>();
  readonly #shares: boolean;

  constructor(shares: boolean) {
    this.#shares = shares;
  }

  async acquireLease(holder: string, ttlMs: number, now: number): Promise<Lease | null> {
    const lease = grant(this.#lease, holder, ttlMs, now);
    this.#lease = lease ?? this.#lease;
    return lease && { ...lease };
  }

  async releaseLease(lease: Lease): Promise<void> {
    this.#lease = giveBack(this.#lease, lease) ?? this.#lease;
  }

  async claim(attempt: Attempt, lease: Lease): Promise<boolean> {
    if (this.#lease?.fence !== lease.fence) throw new StaleLeaseError();
    if (this.#documents.attempt.has(attempt.id)) return false;
    this.#put('attempt', attempt.id, attempt);
    return true;
  }

  async save(attempt: Attempt): Promise<Attempt | null> {
    const stored = this.#find(attempt.id);
    if (stored?.rev !== attempt.rev) return null;
    this.#put('attempt', attempt.id, { ...attempt, rev: attempt.rev + 1 });
    return this.#find(attempt.id);
  }

  async attempt(id: string): Promise<Attempt | null> {
    return this.#find(id);
  }

  async activeAttempts(): Promise<Attempt[]> {
    return this.#all('attempt')
      .filter((attempt) => !attempt.settled)
      .sort(oldestFirst);
  }

  async attempts(filter: { since?: number; instanceId?: string; limit?: number }): Promise<Attempt[]> {
    const { since = Number.NEGATIVE_INFINITY, instanceId, limit } = filter;
    return this.#all('attempt')
      .filter((attempt) => attempt.claimedAt >= since)
      .filter((attempt) => instanceId === undefined || attempt.instanceId === instanceId)
      .sort(newestFirst)
      .slice(0, limit);
  }

  async holds(): Promise<Documents['hold'][]> {
    return holdsInOrder(this.#all('hold'));
  }

  async putHold(hold: Documents['hold']): Promise<void> {
    this.#put('hold', hold.id, hold);
  }

  async replaceHold(hold: Documents['hold'], seen: Documents['hold'] | null): Promise<boolean> {
    if ((this.#documents.hold.get(hold.id)?.text ?? null) !== (seen && encode(seen))) return false;
    this.#put('hold', hold.id, hold);
    return true;
  }

  async dropHold(id: string): Promise<void> {
    this.#documents.hold.delete(id);
  }

  async fleet(): Promise<FleetEntry[]> {
    return this.#all('fleet');
  }

  async putFleet(entries: FleetEntry[]): Promise<void> {
    for (const entry of entries) this.#put('fleet', entry.instance.instanceId, entry);
  }

  async dropFleet(instanceIds: string[]): Promise<void> {
    for (const id of instanceIds) this.#documents.fleet.delete(id);
  }

  async findings(scope: string): Promise<Finding[]> {
    return this.#all('finding').filter((finding) => finding.scope === scope);
  }

  async putFinding(finding: Finding): Promise<void> {
    const key = findingKey(finding);
    const kept = this.#documents.finding.get(key);
    const stored = kept ? this.#read('finding', key, kept) : null;
    if (stored && stored.versions.readAt > finding.versions.readAt) return;
    this.#put('finding', key, finding);
  }

  async conditions(): Promise<Condition[]> {
    return this.#all('condition');
  }

  async putCondition(condition: Condition): Promise<void> {
    this.#put('condition', condition.key, condition);
  }

  async dropCondition(key: string): Promise<void> {
    this.#documents.condition.delete(key);
  }

  async note(name: string): Promise<string | null> {
    return this.#notes.get(name) ?? null;
  }

  async putNote(name: string, text: string): Promise<void> {
    this.#notes.set(name, text);
  }

  async putNoteIfAbsent(name: string, text: string): Promise<boolean> {
    if (this.#notes.has(name)) return false;
    this.#notes.set(name, text);
    return true;
  }

  async hasNote(name: string, text: string): Promise<boolean> {
    return this.#notes.get(name) === text;
  }

  async close(): Promise<void> {}

  #find(id: string): Attempt | null {
    const kept = this.#documents.attempt.get(id);
    return kept ? this.#read('attempt', id, kept) : null;
  }

  #all<K extends Kind>(kind: K): Documents[K][] {
    const kept: Map<string, Kept<K>> = this.#documents[kind];
    return [...kept].sort(byKey).map(([key, one]) => this.#read(kind, key, one));
  }

  #read<K extends Kind>(kind: K, key: string, kept: Kept<K>): Documents[K] {
    if (kept.document) return kept.document;
    const document = decode(kind, key, kept.text, impossible)!;
    if (this.#shares) kept.document = frozen(document);
    return document;
  }

  #put<K extends Kind>(kind: K, key: string, document: Documents[K]): void {
    const kept: Map<string, Kept<K>> = this.#documents[kind];
    kept.set(key, { text: encode(document), document: null });
  }
}

function byKey([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : 1;
}

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) for (const one of Object.values(Object.freeze(value))) frozen(one);
  return value;
}

/** What this process wrote a moment ago is readable, or there is a defect that no run should outlive. */
function impossible({ kind, key, problem }: { kind: Kind; key: string; problem: string }): never {
  throw new TypeError(`${kind} "${key}" was stored, but ${problem}`);
}

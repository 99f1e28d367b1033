import { ATTEMPT_STATES, type Attempt } from '../../core/attempt.ts';
import type { Hold, HoldMatch } from '../../core/hold.ts';
import type { EpochMs } from '../../core/time.ts';
import type { Condition, Finding, FleetEntry } from '../../deps.ts';

/** What a ledger keeps as JSON documents, by kind. */
export interface Documents {
  attempt: Attempt;
  hold: Hold;
  fleet: FleetEntry;
  finding: Finding;
  condition: Condition;
}

export type Kind = keyof Documents;

/** Told of a stored document that cannot be used. It never holds the document itself. */
export type OnDamage = (damage: { kind: Kind; key: string; problem: string }) => void;

/** The store failed. The message says which one, what happened, and what to do. */
export class LedgerError extends Error {
  constructor(spec: string, problem: string, cause?: unknown) {
    super(`ledger ${spec}: ${problem}`, { cause });
    this.name = 'LedgerError';
  }
}

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === 'string';
const isNumber: Check = (value) => typeof value === 'number';
const isBoolean: Check = (value) => typeof value === 'boolean';
const isList: Check = (value) => Array.isArray(value);
const isObject: Check = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const isMoment: Check = (value) => value === null || typeof value === 'number';
/** As strict as it can be: a hold that is not understood has to stop everything, not nothing. */
const isHoldMatch: Check = (value) => {
  if (!isObject(value)) return false;
  const entries = Object.entries(value as object);
  const isTags: Check = (tags) => isObject(tags) && Object.values(tags as object).every(isText);
  const checks: Record<keyof HoldMatch, Check> = {
    all: (all) => all === true,
    scope: isText,
    region: isText,
    wave: isText,
    instanceId: isText,
    tags: isTags,
  };
  return entries.length > 0 && entries.every(([key, one]) => checks[key as keyof HoldMatch]?.(one) === true);
};
const isAlert: Check = (value) => {
  const { key, event, at, labels, summary, action } = isObject(value) ? (value as Record<string, unknown>) : {};
  return [key, event, summary, action].every(isText) && isNumber(at) && isObject(labels);
};
const isOpening: Check = (value) => {
  const { id, opens, closes } = isObject(value) ? (value as Record<string, unknown>) : {};
  return isText(id) && isNumber(opens) && isNumber(closes);
};
const isReading: Check = (value) => isObject(value) && isNumber((value as Record<string, unknown>).readAt);
const isState: Check = (value) => ATTEMPT_STATES.some((state) => state === value);

/** What must be there for the program to work on a document without harm: a net under damage, not a second set of types. */
const NEEDS: Record<Kind, Record<string, Check>> = {
  attempt: {
    id: isText,
    instanceId: isText,
    scope: isText,
    wave: isText,
    opening: isOpening,
    state: isState,
    sizeClass: isText,
    claimedAt: isNumber,
    parts: isList,
    engine: isObject,
    proxy: isObject,
    updates: isList,
    calls: isNumber,
    told: isList,
    settled: isBoolean,
    rev: isNumber,
  },
  hold: {
    id: isText,
    match: isHoldMatch,
    by: isText,
    reason: isText,
    createdAt: isNumber,
    until: isMoment,
    releasedAt: isMoment,
  },
  fleet: { instance: isObject, seenAt: isNumber },
  finding: { instanceId: isText, scope: isText, versions: isReading },
  condition: { key: isText, alert: isAlert },
};

export function encode(document: Documents[Kind]): string {
  return JSON.stringify(document);
}

/**
 * Reads a stored document. One that is damaged is told of and left out, so that it hides nothing else. A hold is never
 * left out: what cannot be read may have been meant for anything, so it stops everything until it is released.
 */
export function decode<K extends Kind>(kind: K, key: string, text: string, onDamage: OnDamage): Documents[K] | null {
  const found = parsed(text);
  const missing = Object.entries(NEEDS[kind]).find(([name, check]) => !check(found?.[name]));
  if (found && !missing) return found as unknown as Documents[K];
  onDamage({ kind, key, problem: found ? `"${missing?.[0]}" is not as it should be` : 'it is not a JSON object' });
  return kind === 'hold' ? (unreadableHold(key) as Documents[K]) : null;
}

/** Reads many, without those that are damaged. */
export function decodeAll<K extends Kind>(
  kind: K,
  rows: Iterable<readonly [string, string]>,
  onDamage: OnDamage,
): Documents[K][] {
  return [...rows].flatMap(([key, text]) => decode(kind, key, text, onDamage) ?? []);
}

/** Under which a finding is kept: an id has no line break in it. */
export function findingKey({ scope, instanceId }: Pick<Finding, 'scope' | 'instanceId'>): string {
  return `${scope}\n${instanceId}`;
}

/** As the port gives attempts: those of one instant by their ids. */
export function newestFirst(a: Attempt, b: Attempt): number {
  return b.claimedAt - a.claimedAt || (a.id < b.id ? -1 : 1);
}

export function oldestFirst(a: Attempt, b: Attempt): number {
  return a.claimedAt - b.claimedAt || (a.id < b.id ? -1 : 1);
}

/** Of several holds on one instance people are told of the first, and an id says nothing to them. */
export function holdsInOrder(holds: readonly Hold[]): Hold[] {
  return holds.toSorted((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1));
}

/** What a store knows of an attempt beside its document. */
export interface AttemptRow {
  id: string;
  text: string;
  claimedAt: EpochMs;
  settled: boolean;
  rev: number;
}

/** Reads attempts. One that is damaged is left out only when it was over: else DCS may be at work on it. */
export function decodeAttempts(rows: Iterable<AttemptRow>, onDamage: OnDamage): Attempt[] {
  return [...rows].flatMap((row) => {
    const found = decode('attempt', row.id, row.text, onDamage);
    return found ?? (row.settled ? [] : unreadableAttempt(row));
  });
}

function unreadableAttempt({ id, claimedAt, rev }: AttemptRow): Attempt {
  const [instanceId = id, opening = ''] = id.split(/@(.*)/s);
  const unknown = { from: null, to: null };
  return {
    id, instanceId, name: instanceId, scope: '', wave: '', opening: { id: opening, opens: claimedAt, closes: claimedAt },
    state: 'running', taskId: null, sizeClass: 'unknown/0', requestedBy: '', reason: '', claimedAt, calledAt: null,
    finishedAt: null, parts: [], engine: unknown, proxy: unknown, error: null, updates: [], lookUntil: null, retryAt: null,
    calls: 1, taskEndedAt: null, timedOutAt: null, progress: null, told: [], settled: false, unreadable: true, rev,
  }; // biome-ignore format: nothing is known of it
}

function parsed(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function unreadableHold(id: string): Hold {
  const reason = `the stored hold "${id}" cannot be read, so it counts for everything`;
  return {
    id,
    match: { all: true },
    by: 'ledger',
    reason,
    createdAt: 0,
    until: null,
    releasedAt: null,
    releasedBy: null,
  };
}

/** A damaged document is met on every read and told of once. */
export function onceEach(tell: OnDamage): OnDamage {
  const told = new Set<string>();
  return (damage) => {
    const name = `${damage.kind}/${damage.key}`;
    if (!told.has(name)) tell(damage);
    told.add(name);
  };
}

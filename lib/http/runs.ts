import { createHash, randomUUID } from 'node:crypto';
import type { Attempt } from '../core/attempt.ts';
import type { Decision } from '../core/decision.ts';
import { overrideId } from '../core/override.ts';
import { DAY, type EpochMs } from '../core/time.ts';
import type { Ledger } from '../deps.ts';
import type { PassError } from '../reconcile.ts';
import type { UpgradesBody } from './bodies.ts';

/** One request for upgrades, stored before anything is done for it, and again when its pass is over. */
export interface Run {
  id: string;
  order: UpgradesBody;
  requestedBy: string;
  createdAt: EpochMs;
  /** Null: its pass is not over, or never came to its end. */
  doneAt: EpochMs | null;
  /** Attempts that are claimed later than this belong to somebody else's request. */
  until: EpochMs;
  decisions: Decision[];
  /** Ids that were asked for and that no scope has. */
  unknown: string[];
  errors: PassError[];
  /** What was answered when it was accepted, where workers carry it out. */
  answer?: Pick<Run, 'decisions' | 'unknown'>;
  /** The workers could not be told of it, and who asked for it was: they must not carry it out. */
  withdrawn?: boolean;
}

/** A run can be asked for as long as its attempts are kept, and a key stands for it at least this long. */
const RUN_KEPT = 400 * DAY;
const KEY_KEPT = 30 * DAY;

/** Characters; fits into every store's items with its quotes escaped (DynamoDB, 400 KB). */
const PIECE = 150_000;

/** Written in pieces, the first of them last: a run that is found is whole. */
export async function saveRun(ledger: Ledger, run: Run): Promise<void> {
  // ASCII alone, so that a character has one byte and no piece ends within one.
  const text = JSON.stringify(run).replace(/[\u0080-\uffff]/g, escaped);
  const pieces = Math.max(1, Math.ceil(text.length / PIECE));
  for (let index = pieces - 1; index >= 0; index--) {
    const piece = text.slice(index * PIECE, (index + 1) * PIECE);
    const doc = index === 0 ? JSON.stringify({ pieces, piece }) : piece;
    const name = index === 0 ? `run:${run.id}` : `run:${run.id}:${pieces}:${index}`;
    await ledger.putNote(name, doc, run.createdAt + RUN_KEPT);
  }
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

export async function findRun(ledger: Ledger, id: string): Promise<Run | null> {
  const head = await ledger.note(`run:${id}`);
  if (head === null) return null;
  const { pieces, piece } = JSON.parse(head) as { pieces: number; piece: string };
  const rest = Array.from({ length: pieces - 1 }, (_, index) => ledger.note(`run:${id}:${pieces}:${index + 1}`));
  return JSON.parse([piece, ...(await Promise.all(rest))].join('')) as Run;
}

export function newRun(order: UpgradesBody, requestedBy: string, now: EpochMs, id: string = randomUUID()): Run {
  return { id, order, requestedBy, createdAt: now, doneAt: null, until: now, decisions: [], unknown: [], errors: [] };
}

/** What an `Idempotency-Key` stands for. */
interface Promised {
  runId: string;
  order: string;
  /** From then on it stands for nothing any more, whether or not its store has deleted it. */
  until: EpochMs;
}

/**
 * The run that this caller's key stands for: the given one when the key is new. Null when the key stands for another
 * request. Of requests that come at the same time one is first, whichever process takes them.
 */
export async function claimKey(ledger: Ledger, key: string, run: Run): Promise<string | null> {
  const name = `idempotency:${sha256(JSON.stringify([run.requestedBy, key]))}`;
  const until = run.createdAt + KEY_KEPT;
  const mine: Promised = { runId: run.id, order: sha256(JSON.stringify(run.order)), until };
  const text = JSON.stringify(mine);
  if (await ledger.putNoteIfAbsent(name, text, until)) return run.id;
  const stored = JSON.parse((await ledger.note(name)) ?? '{}') as Partial<Promised>;
  if (stored.until !== undefined && run.createdAt >= stored.until)
    return takeOver(ledger, name, text, run, stored.until);
  return stored.order === mine.order && stored.runId !== undefined ? stored.runId : null;
}

/** Of those that find the same old key at the same time, one is first as well: it is the one that notes which it was. */
async function takeOver(ledger: Ledger, name: string, text: string, run: Run, old: EpochMs): Promise<string | null> {
  const until = run.createdAt + KEY_KEPT;
  if (await ledger.putNoteIfAbsent(`${name}:${old}`, text, until)) await ledger.putNote(name, text, until);
  const first = JSON.parse((await ledger.note(`${name}:${old}`)) ?? '{}') as Partial<Promised>;
  return first.order === sha256(JSON.stringify(run.order)) ? (first.runId ?? null) : null;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** An upgrade that was already under way when it was asked for may have begun this much earlier. */
const BEGUN_BEFORE = 2 * DAY;

/** What was begun for it, by its own pass or by later ticks of the same opening, and what was under way already. */
export async function attemptsOf(ledger: Ledger, run: Run): Promise<Attempt[]> {
  if (run.order.dryRun) return [];
  const ids = new Set(run.decisions.filter(({ action }) => action !== 'none').map(({ instanceId }) => instanceId));
  const attempts = await ledger.attempts({ since: run.createdAt - BEGUN_BEFORE });
  return attempts.filter(
    ({ instanceId, opening, claimedAt, finishedAt }) =>
      opening.id === overrideId(run.id) ||
      (ids.has(instanceId) && claimedAt <= run.until && (finishedAt === null || finishedAt >= run.createdAt)),
  );
}

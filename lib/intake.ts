import { holdsToForget, holdsToWrite } from './core/alert-hold.ts';
import type { AlertSource, Delivery } from './core/alert-in.ts';
import { type Claim, type Claims, claimsOf } from './core/alert-rules.ts';
import { type Heard, MOVES_NOTE, readHeard, readMoves, sourceNote } from './core/alert-silence.ts';
import type { Policy } from './core/policy.ts';
import { type EpochMs, HOUR } from './core/time.ts';
import type { Deps, Ledger } from './deps.ts';

/** What alerts from outside do to the ledger. */

/** Ids are remembered for longer than a signature is good, and no more than so many of them. */
const SEEN_FOR = HOUR;
const MOST_SEEN = 500;
const MOST_MOVES = 500;

/** Others write the same hold at the same time seldom, and never for long. */
const ROUNDS = 10;

/** What is logged of one request at most. */
const MOST_LOGGED = 20;

/** Whether this was taken in before. */
export async function isKnown(ledger: Ledger, source: AlertSource, id: string | null, now: EpochMs): Promise<boolean> {
  if (id === null) return false;
  const { seen } = readHeard(await ledger.note(sourceNote(source)));
  return seen.some(([known, until]) => known === id && now < until);
}

/**
 * Remembers that the source was heard; after what it sent has been taken in, so that what failed half-way can come again.
 * `saidAt`: when it said so, as far as that is known.
 */
export async function noteHeard(
  ledger: Ledger,
  source: AlertSource,
  id: string | null,
  now: EpochMs,
  saidAt = now,
): Promise<void> {
  const { heardAt, seen } = readHeard(await ledger.note(sourceNote(source)));
  const kept = seen.filter(([known, until]) => now < until && known !== id);
  const mine: Heard['seen'] = id === null ? [] : [[id, now + SEEN_FOR]];
  const note: Heard = { heardAt: Math.max(heardAt ?? saidAt, saidAt), seen: [...kept, ...mine].slice(-MOST_SEEN) };
  await ledger.putNote(sourceNote(source), JSON.stringify(note));
}

/** Holds, releases and moves what the policy says. Repeating it changes nothing. Returns how many holds and moves it changed. */
export async function takeIn(
  { ledger, log }: Pick<Deps, 'ledger' | 'log'>,
  policy: Policy,
  source: AlertSource,
  delivery: Delivery,
  now: EpochMs,
): Promise<number> {
  const claims = claimsOf(policy.alerts, source, delivery, now);
  logUnmapped(log, source, claims);
  const held = await writeHolds(ledger, claims.holds, now);
  const moves = policy.alerts.some((rule) => rule.from === source && rule.moves !== null);
  return held + (moves ? await writeMoves(ledger, claims.moves, now) : 0);
}

function logUnmapped(log: Deps['log'], source: AlertSource, { unmapped }: Claims): void {
  for (const { fingerprint, why } of unmapped.slice(0, MOST_LOGGED))
    log('warn', 'alert_changes_nothing', { source, fingerprint, why });
  if (unmapped.length > MOST_LOGGED)
    log('warn', 'alert_changes_nothing', { source, more: unmapped.length - MOST_LOGGED });
}

/**
 * Looks at what is stored, writes what is to be otherwise, and looks again when somebody else wrote meanwhile.
 * @throws when that goes on; then the source sends it again
 */
async function writeHolds(ledger: Ledger, claims: readonly Claim[], now: EpochMs): Promise<number> {
  let changed = 0;
  for (let round = 1; round <= ROUNDS; round += 1) {
    const stored = await ledger.holds();
    if (round === 1) for (const id of holdsToForget(stored, now)) await ledger.dropHold(id);
    const seen = new Map(stored.map((hold) => [hold.id, hold]));
    const wanted = holdsToWrite(claims, stored, now);
    const written = await Promise.all(wanted.map((hold) => ledger.replaceHold(hold, seen.get(hold.id) ?? null)));
    changed += written.filter(Boolean).length;
    if (written.every(Boolean)) return changed;
  }
  throw new Error('the holds of these alerts are written by somebody else again and again');
}

/** The order that two of them give at the same time may be one of the two: it says who goes first, and nothing else. */
async function writeMoves(ledger: Ledger, claims: readonly Claim[], now: EpochMs): Promise<number> {
  const stored = readMoves(await ledger.note(MOVES_NOTE));
  const wanted = holdsToWrite(claims, stored, now);
  if (wanted.length === 0) return 0;
  const ids = new Set([...wanted.map(({ id }) => id), ...holdsToForget(stored, now)]);
  const moves = [...stored.filter(({ id }) => !ids.has(id)), ...wanted].slice(-MOST_MOVES);
  await ledger.putNote(MOVES_NOTE, JSON.stringify(moves));
  return wanted.length;
}

import type { AlertSource } from '../core/alert-in.ts';
import { MOVES_NOTE, readHeard, readMoves, silenceHold, sourceNote, watchedSources } from '../core/alert-silence.ts';
import type { Hold } from '../core/hold.ts';
import type { Policy } from '../core/policy.ts';
import type { EpochMs } from '../core/time.ts';
import type { Ledger } from '../deps.ts';

/** All holds that count now: those that are stored, and those that are the silence of a source of alerts. */
export async function holdsNow(ledger: Ledger, policy: Policy, now: EpochMs): Promise<Hold[]> {
  const [stored, silent] = await Promise.all([ledger.holds(), silences(ledger, policy, now)]);
  return [...silent, ...stored];
}

/**
 * When a source is known to have been heard. Until its silence could count it need not be asked for again, so an idle tick
 * does not: what has come since only puts that off.
 */
const lastHeard = new WeakMap<Ledger, Map<AlertSource, EpochMs>>();

export async function silences(ledger: Ledger, { alerts }: Policy, now: EpochMs): Promise<Hold[]> {
  const known = lastHeard.get(ledger) ?? new Map<AlertSource, EpochMs>();
  lastHeard.set(ledger, known);
  const holds = [...watchedSources(alerts)].map(async ([source, after]) => {
    const before = known.get(source);
    if (before !== undefined && now >= before && now < before + after) return null;
    const { heardAt } = readHeard(await ledger.note(sourceNote(source)));
    if (heardAt !== null) known.set(source, heardAt);
    return silenceHold(source, after, heardAt, now);
  });
  return (await Promise.all(holds)).filter((hold) => hold !== null);
}

/** Which instances alerts have moved to the front. */
export async function movesNow(ledger: Ledger, { alerts }: Policy): Promise<Hold[]> {
  return alerts.some(({ moves }) => moves !== null) ? readMoves(await ledger.note(MOVES_NOTE)) : [];
}

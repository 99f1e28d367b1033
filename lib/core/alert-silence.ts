import type { Alert } from './alert.ts';
import type { AlertSource } from './alert-in.ts';
import type { Hold } from './hold.ts';
import type { AlertRule } from './policy.ts';
import { type EpochMs, iso, MINUTE } from './time.ts';

/** What is remembered of a source, in a note of this name. */
export function sourceNote(source: AlertSource): string {
  return `alerts:source:${source}`;
}

/** The note that holds the places at the front of a window, a list of {@link Hold}s that hold nothing. */
export const MOVES_NOTE = 'alerts:moves';

export interface Heard {
  /** When it last sent anything that was verified. */
  heardAt: EpochMs | null;
  /** Ids of what it sent of late, and until when they are remembered. */
  seen: [string, EpochMs][];
}

/** Reads such a note; one that is damaged is one of a source that was never heard. */
export function readHeard(text: string | null): Heard {
  const { heardAt, seen } = parsed(text) as Partial<Heard>;
  return { heardAt: typeof heardAt === 'number' ? heardAt : null, seen: Array.isArray(seen) ? seen : [] };
}

export function readMoves(text: string | null): Hold[] {
  const moves = parsed(text);
  return Array.isArray(moves) ? (moves as Hold[]) : [];
}

function parsed(text: string | null): object {
  try {
    return JSON.parse(text ?? '{}') ?? {};
  } catch {
    return {};
  }
}

/** The sources whose silence stops everything, and after how long; the shortest time counts. */
export function watchedSources(rules: readonly AlertRule[]): Map<AlertSource, number> {
  const watched = new Map<AlertSource, number>();
  for (const { from, silence } of rules) {
    if (silence?.then === 'closed') watched.set(from, Math.min(silence.after, watched.get(from) ?? silence.after));
  }
  return watched;
}

/** The hold of everything that the silence of a source is, or null while it has been heard. */
export function silenceHold(source: AlertSource, after: number, heardAt: EpochMs | null, now: EpochMs): Hold | null {
  if (heardAt !== null && now < heardAt + after) return null;
  const since = heardAt === null ? 'never been heard' : `not been heard since ${iso(heardAt)}`;
  const reason = `${source} has ${since} (silence.after is ${Math.round(after / MINUTE)} minutes), which counts as firing for everything`;
  const createdAt = heardAt === null ? now : heardAt + after;
  const id = `silence:${source}`;
  return { id, match: { all: true }, by: 'system', reason, createdAt, until: null, releasedAt: null, releasedBy: null };
}

export function silenceAlert({ id, reason, createdAt }: Hold): Alert {
  const source = id.slice('silence:'.length);
  return {
    key: id,
    event: 'held',
    severity: 'critical',
    summary: `Nothing new is started: ${reason}.`,
    action: `See whether ${source} runs and reaches POST /alerts/${source}; this is over with the next thing that it sends.`,
    at: createdAt,
    labels: { source },
  };
}

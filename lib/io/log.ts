import { type EpochMs, iso } from '../core/time.ts';
import type { Log, LogLevel } from '../deps.ts';
import { plain, withEscapes } from './plain.ts';

export { maskSecrets } from './mask.ts';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const satisfies readonly LogLevel[];

export interface LogOptions {
  /** The lowest level that is written. */
  level: LogLevel;
  /** Takes one line with its newline. */
  write: (line: string) => void;
  now: () => EpochMs;
  /** Values that no line may hold. Read anew for each line, so that a secret that is learned later may be added. */
  secrets: readonly string[];
}

/** Longer lines are cut, because log services refuse or split them, and nobody reads them. */
const LONGEST_LINE = 64_000;

/**
 * A log of one JSON line an event: `time`, `level`, `code`, then the data. Data under one of these three names is kept
 * as `data.time`, `data.level` or `data.code`. Never throws: a log that fails must not stop an upgrade being recorded.
 */
export function createLog({ level: lowest, write, now, secrets }: LogOptions): Log {
  const least = LOG_LEVELS.indexOf(lowest);
  return (level, code, data = {}) => {
    if (LOG_LEVELS.indexOf(level) < least) return;
    try {
      write(`${lineOf({ time: iso(now()), level, code }, plain(data, secrets))}\n`);
    } catch {
      // There is nowhere left to tell it.
    }
  };
}

function lineOf(head: Record<'time' | 'level' | 'code', string>, data: unknown): string {
  const entries = Object.entries(data as object).map(([key, value]) => [
    Object.hasOwn(head, key) ? `data.${key}` : key,
    value,
  ]);
  const line = JSON.stringify({ ...head, ...Object.fromEntries(entries) });
  if (line.length <= LONGEST_LINE) return withEscapes(line);
  const start = line.slice(0, LONGEST_LINE / 4);
  return withEscapes(JSON.stringify({ ...head, cut: line.length, start }));
}

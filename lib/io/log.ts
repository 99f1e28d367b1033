import { type EpochMs, iso } from '../core/time.ts';
import type { Log, LogLevel } from '../deps.ts';
import { plain } from './plain.ts';

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

/** What a terminal or a log viewer would act on, and JSON leaves as it is: delete, C1, line separators, directions of writing. */
const UNESCAPED = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

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
  if (line.length <= LONGEST_LINE) return line.replace(UNESCAPED, escaped);
  const start = line.slice(0, LONGEST_LINE / 4);
  return JSON.stringify({ ...head, cut: line.length, start }).replace(UNESCAPED, escaped);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

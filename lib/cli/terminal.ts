import { stripVTControlCharacters, styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

/** Where a verb writes: answers to `out`, progress and logs to `err`. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** Whether stdout is a terminal that can be redrawn and coloured. */
  isLive: boolean;
  columns: number;
}

export function paint(terminal: Pick<Terminal, 'isLive'>, style: Style, text: string): string {
  return terminal.isLive ? styleText(style, text, { validateStream: false }) : text;
}

/** Columns wide enough for their longest cell, two spaces apart. Names from outside cannot move the cursor. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], columns = 160): string {
  const cells = [head, ...rows].map((row) => row.map((cell) => oneLine(cell)));
  const widths = head.map((_, index) => Math.max(...cells.map((row) => width(row[index] ?? ''))));
  return cells
    .map((row) =>
      cut(
        row
          .map((cell, index) => (index === row.length - 1 ? cell : cell + ' '.repeat(widths[index]! - width(cell))))
          .join('  '),
        columns,
      ),
    )
    .join('\n');
}

/** `█████░░░░░  52 %`; `share` from 0 to 1. */
export function bar(share: number, size: number): string {
  const known = Math.min(1, Math.max(0, share));
  const full = Math.round(known * size);
  return `${'█'.repeat(full)}${'░'.repeat(size - full)} ${String(Math.floor(known * 100)).padStart(3)} %`;
}

/** `1 h 20 min`, `7 min`, `40 s`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Text from outside on one line, without escape sequences or control characters. */
export function oneLine(text: string): string {
  return stripVTControlCharacters(text).replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, ' ');
}

function width(text: string): number {
  return [...text].reduce(
    (sum, char) =>
      sum +
      (/[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/.test(char)
        ? 2
        : 1),
    0,
  );
}

/** At most so many columns; what is left out shows as `…`. */
export function cut(text: string, columns: number): string {
  return width(stripVTControlCharacters(text)) <= columns ? text : `${[...text].slice(0, columns - 1).join('')}…`;
}

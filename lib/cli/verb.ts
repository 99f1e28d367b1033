import { userInfo } from 'node:os';
import type { ParseArgsOptionsConfig } from 'node:util';
import { isByPerson } from '../core/hold.ts';
import type { Terminal } from './terminal.ts';

/** One word of the command line. A new verb is one file in verbs/ and one line in verbs/index.ts. */
export interface Verb {
  /** What it does, in the list of verbs. */
  summary: string;
  /** After `dcs-upgrader VERB`, e.g. `INSTANCE` or `[--since T]`. */
  usage: string;
  options: ParseArgsOptionsConfig;
  /** Lines of help, one for each option. */
  help: string[];
  /** How many positional arguments it takes. */
  takes: number;
  run(call: Call): Promise<ExitCode>;
}

export interface Call {
  values: Record<string, string | boolean | undefined>;
  positionals: string[];
  json: boolean;
  policyFile: string | undefined;
  env: Record<string, string | undefined>;
  terminal: Terminal;
  /** Aborted by the first Ctrl-C: nothing new is begun, what was begun is recorded. */
  signal: AbortSignal;
}

/** 0 all is well; 1 an upgrade failed or is unverified; 2 wrong usage or an invalid policy; 3 nothing could be done. */
export type ExitCode = 0 | 1 | 2 | 3;

export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}

export function text(call: Call, name: string): string | undefined {
  const value = call.values[name];
  return typeof value === 'string' ? value : undefined;
}

/** An option that has to be there. @throws UsageError */
export function needed(call: Call, name: string): string {
  const value = text(call, name)?.trim();
  if (!value) throw new UsageError(`--${name} is required; see --help`);
  return value;
}

/** Who gives an order: `--by`, or the account that runs this. @throws UsageError */
export function author(call: Call): string {
  const name = text(call, 'by') ?? userInfo().username;
  if (!isByPerson({ by: name })) throw new UsageError(`--by: "${name}" is the name of this program itself`);
  return name;
}

/** ISO 8601 with an offset or `Z`. @throws UsageError */
export function instant(call: Call, name: string): number | undefined {
  const value = text(call, name);
  if (value === undefined) return undefined;
  const isExact = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})$/.test(value);
  const at = isExact ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(at))
    throw new UsageError(
      `--${name}: "${value}" is not an ISO 8601 time with an offset, such as 2026-11-24T02:00:00+08:00`,
    );
  return at;
}

/** `45s`, `2m`, `1h`, in milliseconds. @throws UsageError */
export function span(call: Call, name: string): number | undefined {
  const value = text(call, name);
  if (value === undefined) return undefined;
  const match = /^(\d+)(s|m|h)$/.exec(value);
  if (!match || Number(match[1]) === 0)
    throw new UsageError(`--${name}: "${value}" is not a duration such as 30s, 5m or 1h`);
  return Number(match[1]) * { s: 1_000, m: 60_000, h: 3_600_000 }[match[2] as 's' | 'm' | 'h'];
}

export function printJson(call: Call, document: unknown): void {
  call.terminal.out(`${JSON.stringify(document, null, 2)}\n`);
}

import type { Ledger } from '../../deps.ts';
import { systemEnv } from '../config.ts';
import { LedgerError } from './documents.ts';
import { createMemoryLedger } from './memory.ts';
import { openSqliteLedger, type SqliteOptions } from './sqlite.ts';

export const DEFAULT_LEDGER = 'sqlite:.dcs-upgrader/ledger.db';

/** DynamoDB API, naming rules. */
const TABLE = /^dynamodb:[\w.-]{3,255}$/;

/** What is wrong with a value of `LEDGER`, or null. */
export function ledgerProblem(spec: string): string | null {
  if (spec === 'memory' || /^sqlite:./.test(spec) || TABLE.test(spec)) return null;
  return 'must be "sqlite:PATH", "dynamodb:TABLE" or "memory"';
}

export interface LedgerOptions extends SqliteOptions {
  /** Where the region and the keys of a table stand; the process's own when it is left out. */
  env?: Readonly<Record<string, string | undefined>>;
}

/** Opens the store that `spec` names: `sqlite:PATH`, `dynamodb:TABLE` or `memory`. @throws LedgerError */
export async function openLedger(spec: string = DEFAULT_LEDGER, options: LedgerOptions = {}): Promise<Ledger> {
  const problem = ledgerProblem(spec);
  if (problem) throw new LedgerError(spec, problem);
  if (spec === 'memory') return createMemoryLedger();
  const [kind = '', name = ''] = /^(\w+):(.*)$/s.exec(spec)?.slice(1) ?? [];
  if (kind === 'sqlite') return openSqliteLedger(name, options);
  return onDemand(async () => (await import('./dynamodb.ts')).openDynamoLedger(name, { env: systemEnv(), ...options }));
}

/** The ledger is loaded at its first use: the client takes time to load, and what a function is asked may not need it. */
function onDemand(load: () => Promise<Ledger>): Ledger {
  let loading: Promise<Ledger> | null = null;
  const method = (name: keyof Ledger) => {
    return async (...all: never[]): Promise<unknown> => {
      if (name === 'close' && loading === null) return undefined;
      loading ??= load();
      const call = (await loading)[name] as (...all: never[]) => Promise<unknown>;
      return call.apply(await loading, all);
    };
  };
  // Whoever awaits it must not take it for a promise.
  return new Proxy({} as Ledger, { get: (_, name) => (name === 'then' ? undefined : method(name as keyof Ledger)) });
}

import type { Ledger } from '../../deps.ts';
import { LedgerError } from './documents.ts';
import { createMemoryLedger } from './memory.ts';
import { openSqliteLedger, type SqliteOptions } from './sqlite.ts';

export const DEFAULT_LEDGER = 'sqlite:.dcs-upgrader/ledger.db';

/** What is wrong with a value of `LEDGER`, or null. */
export function ledgerProblem(spec: string): string | null {
  if (spec === 'memory' || /^sqlite:./.test(spec)) return null;
  if (spec.startsWith('dynamodb:')) return '"dynamodb:TABLE" is not supported yet; use "sqlite:PATH" or "memory"';
  return 'must be "sqlite:PATH" or "memory"';
}

/** Opens the store that `spec` names: `sqlite:PATH` or `memory`. @throws LedgerError */
export async function openLedger(spec: string = DEFAULT_LEDGER, options: SqliteOptions = {}): Promise<Ledger> {
  const problem = ledgerProblem(spec);
  if (problem) throw new LedgerError(spec, problem);
  return spec === 'memory' ? createMemoryLedger() : openSqliteLedger(spec.slice('sqlite:'.length), options);
}

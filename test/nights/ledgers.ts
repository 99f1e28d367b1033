import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Ledger } from '../../lib/deps.ts';
import { openDynamoLedger } from '../../lib/io/ledger/dynamodb.ts';
import { createMemoryLedger } from '../../lib/io/ledger/memory.ts';
import { openSqliteLedger } from '../../lib/io/ledger/sqlite.ts';
import { createTableBy } from '../../scripts/offline/table.ts';
import { standingStill } from './store.ts';
import type { Timeline } from './timeline.ts';

/** Those that users run on, and the one that is quickest. */
export const LEDGERS = ['memory', 'sqlite', 'dynamodb'] as const;
export type LedgerKind = (typeof LEDGERS)[number];

/** An empty ledger for one night, which sees nothing of another's. Closing it leaves nothing behind. */
export async function openLedger(kind: LedgerKind, timeline: Timeline): Promise<Ledger> {
  if (kind === 'memory') return createMemoryLedger({ shares: true });
  return kind === 'sqlite' ? openFile() : standingStill(await openTable(), timeline);
}

/** In memory where the system has such a folder: each commit waits for the disk, and no night cuts its power. */
const FOLDER = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

async function openFile(): Promise<Ledger> {
  const folder = mkdtempSync(join(FOLDER, 'night-'));
  const ledger = await openSqliteLedger(join(folder, 'ledger.db'));
  const close = ledger.close.bind(ledger);
  ledger.close = async () => {
    await close();
    rmSync(folder, { recursive: true });
  };
  return ledger;
}

async function openTable(): Promise<Ledger> {
  // It takes as long to load as some nights take, so it is loaded for those over it alone.
  const { dynaliteService } = await import('./dynalite.ts');
  const client = dynaliteService();
  return openDynamoLedger(await createTableBy(client), { client });
}

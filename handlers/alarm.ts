import type { MiddlewareObj } from '@middy/core';

/** Tells people when the ledger fails, before the invocation fails because of it. */
export function ledgerAlarm(): MiddlewareObj {
  return { onError: ({ error }) => soundAlarm(error) };
}

/** Loaded when needed and not before: what tells people costs a start more than most runs, which have nothing to tell, do. */
export async function soundAlarm(error: unknown): Promise<void> {
  const { soundLedgerAlarm } = await import('../lib/io/ledger-alarm.ts');
  await soundLedgerAlarm(error);
}

import { describe, expect, it } from '@jest/globals';
import type { SourceAlert } from '../lib/core/alert-in.ts';
import { MINUTE } from '../lib/core/time.ts';
import type { Ledger } from '../lib/deps.ts';
import { takeIn } from '../lib/intake.ts';
import { createMemoryLedger } from '../lib/io/ledger/memory.ts';
import { aPolicy, aRule, aTarget, NIGHT } from './support/builders.ts';

const POLICY = aPolicy({ alerts: [aRule({ holds: aTarget({ id: { label: 'id' } }) })] });

function said(status: SourceAlert['status'], minute: number): SourceAlert {
  const at = NIGHT + minute * MINUTE;
  return { fingerprint: 'f', status, labels: { id: 'id-a' }, startsAt: at, at, saidAt: at, summary: 'RedisDown' };
}

const take = (ledger: Ledger, alert: SourceAlert) =>
  takeIn(
    { ledger, log: () => undefined },
    POLICY,
    'alertmanager',
    { alerts: [alert], group: null, ignored: null },
    NIGHT + 30 * MINUTE,
  );
const released = async (ledger: Ledger) => (await ledger.holds()).map(({ releasedAt }) => releasedAt !== null);

/** Somebody else takes in an alert between this one's look and its write. */
function withRival(rivals: SourceAlert[]): Ledger {
  const ledger = createMemoryLedger();
  const replace = ledger.replaceHold.bind(ledger);
  ledger.replaceHold = async (hold, seen) => {
    const rival = rivals.shift();
    if (rival) await take(ledger, rival);
    return replace(hold, seen);
  };
  return ledger;
}

describe('two that write the same hold at the same time', () => {
  it.each<[string, SourceAlert, SourceAlert, boolean]>([
    ['the later end is written first', said('firing', 0), said('resolved', 10), true],
    ['the later end is written last', said('resolved', 10), said('firing', 0), true],
    ['what fires anew is written first', said('resolved', 10), said('firing', 20), false],
    ['what fires anew is written last', said('firing', 20), said('resolved', 10), false],
  ])('%s, and what came later counts', async (_, mine, rival, isReleased) => {
    const ledger = withRival([rival]);
    await take(ledger, mine);
    expect(await released(ledger)).toEqual([isReleased]);
  });

  it('without end: the request fails, so that the source sends it again', async () => {
    const ledger = createMemoryLedger();
    ledger.replaceHold = async () => false;
    await expect(take(ledger, said('firing', 0))).rejects.toThrow('by somebody else again and again');
  });
});

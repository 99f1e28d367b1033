import { describe, expect, it } from '@jest/globals';
import { decide } from '../../lib/core/decide.ts';
import { DAY } from '../../lib/core/time.ts';
import { attemptsOf, claimKey, findRun, newRun, type Run, saveRun } from '../../lib/http/runs.ts';
import { createMemoryLedger } from '../../lib/io/ledger/memory.ts';
import { anAttempt, anInstance, aScene, NIGHT } from '../support/builders.ts';

const order = { dryRun: false, reason: 'CVE' };

function aRun(change: Partial<Run> = {}): Run {
  const { decisions } = decide(aScene([anInstance('a'), anInstance('b')]));
  return { ...newRun(order, 'ci', NIGHT, 'run-1'), decisions, ...change };
}

describe('a stored run', () => {
  it('is found as it was', async () => {
    const ledger = createMemoryLedger();
    await saveRun(ledger, aRun());
    expect(await findRun(ledger, 'run-1')).toEqual(aRun());
    expect(await findRun(ledger, 'run-2')).toBe(null);
  });

  it('of a large fleet is kept in pieces that any store takes, also with names of any script', async () => {
    const ledger = createMemoryLedger();
    const sizes: number[] = [];
    const { putNote } = ledger;
    ledger.putNote = (name, text) => {
      sizes.push(Buffer.byteLength(text));
      return putNote.call(ledger, name, text);
    };
    const fleet = Array.from({ length: 3_000 }, (_, index) => anInstance(`缓存🚀${index}`));
    const run = aRun({ decisions: decide(aScene(fleet)).decisions });
    await saveRun(ledger, run);
    expect(await findRun(ledger, 'run-1')).toEqual(run);
    expect(Math.max(...sizes)).toBeLessThan(400 * 1024);
    expect(sizes.length).toBeGreaterThan(3);
  });
});

describe('a key', () => {
  it('stands for the first request that came with it', async () => {
    const ledger = createMemoryLedger();
    const claim = (id: string, by = 'ci', reason = 'CVE') =>
      claimKey(ledger, 'k', newRun({ ...order, reason }, by, NIGHT, id));
    expect(await Promise.all([claim('one'), claim('two'), claim('three', 'ops')])).toEqual(['one', 'one', 'three']);
    expect(await claim('four', 'ci', 'another reason')).toBe(null);
  });

  it('stands for nothing after thirty days, whether or not the store has deleted it, and then for one request again', async () => {
    const ledger = createMemoryLedger();
    const claim = (id: string, at: number, reason = 'CVE') =>
      claimKey(ledger, 'k', newRun({ ...order, reason }, 'ci', at, id));
    const later = NIGHT + 30 * DAY;
    expect(await claim('one', NIGHT)).toBe('one');
    expect(await claim('two', later - 1)).toBe('one');
    expect(await Promise.all([claim('three', later), claim('four', later)])).toEqual(['three', 'three']);
    expect(await claim('five', later + 1)).toBe('three');
    expect(await claim('six', later + 1, 'another reason')).toBe(null);
    expect(await claim('seven', later + 30 * DAY, 'another reason')).toBe('seven');
  });
});

describe('the attempts of a run', () => {
  const MINUTE = 60_000;
  it.each<[string, Parameters<typeof anAttempt>, boolean]>([
    ['one that its pass began', ['a', { claimedAt: NIGHT + 1 }], true],
    ['one that a later tick of the same opening began', ['a', { claimedAt: NIGHT + 9 * MINUTE }], true],
    ['one that was under way', ['a', { claimedAt: NIGHT - MINUTE, state: 'running' }], true],
    [
      'one that an override ordered, whenever it began',
      ['c', { claimedAt: NIGHT + 20 * MINUTE, opening: { id: 'override:run-1', opens: NIGHT, closes: NIGHT + 1 } }],
      true,
    ],
    ['none that was over', ['a', { claimedAt: NIGHT - MINUTE, state: 'succeeded', finishedAt: NIGHT - 1 }], false],
    ['none of another opening', ['a', { claimedAt: NIGHT + 11 * MINUTE }], false],
    ['none of another instance', ['c', { claimedAt: NIGHT + 1 }], false],
  ])('%s', async (_, attempt, isIn) => {
    const ledger = createMemoryLedger();
    await ledger.claim(anAttempt(...attempt), (await ledger.acquireLease('x', MINUTE, NIGHT))!);
    const run = aRun({ until: NIGHT + 10 * MINUTE });
    expect(await attemptsOf(ledger, run)).toHaveLength(isIn ? 1 : 0);
    expect(await attemptsOf(ledger, { ...run, order: { ...order, dryRun: true } })).toEqual([]);
  });
});

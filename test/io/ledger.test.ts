import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { createMemoryLedger } from '../../lib/io/ledger/memory.ts';
import { ledgerProblem, openLedger } from '../../lib/io/ledger/open.ts';
import { openSqliteLedger } from '../../lib/io/ledger/sqlite.ts';
import { ledgerContract } from '../contract/ledger.contract.ts';
import { aHold } from '../support/builders.ts';

const folder = mkdtempSync(join(tmpdir(), 'ledger-'));
afterAll(() => rmSync(folder, { recursive: true }));

ledgerContract('memory', async () => createMemoryLedger());

let path = '';
let files = 0;
ledgerContract(
  'sqlite',
  async () => {
    files += 1;
    path = join(folder, `${files}.db`);
    return openSqliteLedger(path);
  },
  async (ledger) => {
    await ledger.close();
    return openSqliteLedger(path);
  },
);

describe('LEDGER', () => {
  it.each<{ spec: string; problem: string | null }>`
    spec                    | problem
    ${'memory'}             | ${null}
    ${'sqlite:a/b.db'}      | ${null}
    ${'sqlite:/a b/c:d.db'} | ${null}
    ${'sqlite:'}            | ${'must be "sqlite:PATH", "dynamodb:TABLE" or "memory"'}
    ${''}                   | ${'must be "sqlite:PATH", "dynamodb:TABLE" or "memory"'}
    ${'Memory'}             | ${'must be "sqlite:PATH", "dynamodb:TABLE" or "memory"'}
    ${'redis:cache'}        | ${'must be "sqlite:PATH", "dynamodb:TABLE" or "memory"'}
    ${'dynamodb:upgrades'}  | ${null}
    ${'dynamodb:a/b'}       | ${'must be "sqlite:PATH", "dynamodb:TABLE" or "memory"'}
    ${'dynamodb:x'}         | ${'must be "sqlite:PATH", "dynamodb:TABLE" or "memory"'}
  `('$spec: $problem', ({ spec, problem }) => {
    expect(ledgerProblem(spec)).toBe(problem);
  });

  it('opens what it names', async () => {
    const stored = await openLedger(`sqlite:${join(folder, 'deep', 'down', 'ledger.db')}`);
    await stored.putNote('a', 'b');
    await stored.close();
    const again = await openLedger(`sqlite:${join(folder, 'deep', 'down', 'ledger.db')}`);
    expect(await again.note('a')).toBe('b');
    await again.close();
    const memory = await openLedger('memory');
    expect(await memory.note('a')).toBeNull();
  });

  it('says what is wrong with anything else', async () => {
    await expect(openLedger('redis:cache')).rejects.toThrow(
      'ledger redis:cache: must be "sqlite:PATH", "dynamodb:TABLE" or "memory"',
    );
  });
});

it('a ledger that shares what it gives lets nobody change it', async () => {
  const ledger = createMemoryLedger({ shares: true });
  await ledger.putHold(aHold({ match: { tags: { app: 'cart' } } }));
  const [first, second] = [await ledger.holds(), await ledger.holds()];
  expect(first[0]).toBe(second[0]);
  expect(() => Object.assign(first[0]!.match.tags!, { app: 'search' })).toThrow('read only');
  await ledger.putHold(aHold({ match: { all: true } }));
  expect([first[0]!.match, (await ledger.holds())[0]!.match]).toEqual([{ tags: { app: 'cart' } }, { all: true }]);
});

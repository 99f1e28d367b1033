import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ATTEMPT_STATES, type Attempt, noted } from '../../lib/core/attempt.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../lib/core/time.ts';
import { type Ledger, type Log, StaleLeaseError } from '../../lib/deps.ts';
import { claimKey, newRun, saveRun } from '../../lib/http/runs.ts';
import { openDynamoLedger } from '../../lib/io/ledger/dynamodb.ts';
import { TABLE_SCHEMA } from '../../lib/io/ledger/dynamodb-schema.ts';
import { Table } from '../../lib/io/ledger/dynamodb-table.ts';
import { openLedger } from '../../lib/io/ledger/open.ts';
import { LOCAL_AWS } from '../../scripts/offline/aws.ts';
import { clientOf, createTable, type LocalDynamo, startDynalite } from '../../scripts/offline/table.ts';
import { anAttempt, anInstance, NIGHT } from '../support/builders.ts';
import { deleteItem, putItem, watchedClient } from '../support/dynamodb.ts';
import { startUnkindServer, type UnkindServer } from '../support/unkind-server.ts';

let dynamo: LocalDynamo;
beforeAll(async () => {
  dynamo = await startDynalite();
});
afterAll(() => dynamo.stop());

let table = '';
beforeEach(async () => {
  table = await createTable(dynamo.endpoint);
});

const servers: UnkindServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});
async function startServer(answer: UnkindServer['answer']): Promise<UnkindServer> {
  const server = await startUnkindServer(answer);
  servers.push(server);
  return server;
}

const open = (log?: Log) => openDynamoLedger(table, { client: clientOf(dynamo.endpoint), ...(log ? { log } : {}) });
const items = () => new Table(table, { client: clientOf(dynamo.endpoint) });

async function claimed(ledger: Ledger, ...attempts: Attempt[]): Promise<void> {
  const lease = await ledger.acquireLease('one', MINUTE, NIGHT);
  for (const attempt of attempts) await ledger.claim(attempt, lease!);
  await ledger.releaseLease(lease!);
}

/** A ledger, and every request that it sends, by the name of its operation; `after` is waited for when one was answered. */
function watched(after: (operation: string) => Promise<void> = async () => {}): { ledger: Ledger; sent: string[] } {
  const sent: string[] = [];
  const client = watchedClient(dynamo.endpoint, async (operation) => {
    sent.push(operation);
    await after(operation);
  });
  return { ledger: openDynamoLedger(table, { client }), sent };
}

describe('a claim and the lease', () => {
  it.each<{ when: string; stored: boolean; taken: 'PutItem' | 'GetItem' }>`
    when                                            | taken        | stored
    ${'while the claim is written'}                 | ${'PutItem'} | ${false}
    ${'after the claim looked whether it is stale'} | ${'GetItem'} | ${true}
  `('the next holder comes $when: the claim is there for it to see, or was taken back', async ({ taken, stored }) => {
    const other = open();
    const seen: Attempt[][] = [];
    let isArmed = false;
    const { ledger } = watched(async (operation) => {
      if (!isArmed || operation !== taken) return;
      isArmed = false;
      await other.acquireLease('two', MINUTE, NIGHT + MINUTE);
      seen.push(await other.activeAttempts());
    });
    const lease = await ledger.acquireLease('one', MINUTE, NIGHT);
    isArmed = true;
    const claim = ledger.claim(anAttempt('a'), lease!);
    if (stored) expect(await claim).toBe(true);
    else await expect(claim).rejects.toThrow(StaleLeaseError);
    expect(seen).toEqual([[anAttempt('a')]]);
    expect(await other.activeAttempts()).toEqual(stored ? [anAttempt('a')] : []);
  });

  it('a claim that somebody has worked on since is not taken back', async () => {
    const other = open();
    const { ledger, sent } = watched(async (operation) => {
      if (operation !== 'PutItem' || sent.length < 3) return;
      await other.acquireLease('two', MINUTE, NIGHT + MINUTE);
      await other.save(anAttempt('a', { state: 'running' }));
    });
    const lease = await ledger.acquireLease('one', MINUTE, NIGHT);
    await expect(ledger.claim(anAttempt('a'), lease!)).rejects.toThrow(StaleLeaseError);
    expect(await other.activeAttempts()).toMatchObject([{ state: 'running', rev: 1 }]);
  });

  it('twenty renewals of one holder at once are all given', async () => {
    const ledger = open();
    const first = await ledger.acquireLease('one', MINUTE, NIGHT);
    const renewed = await Promise.all(
      Array.from({ length: 20 }, (_, index) => ledger.acquireLease('one', MINUTE, NIGHT + index)),
    );
    expect(renewed.map((lease) => lease?.fence)).toEqual(Array(20).fill(first!.fence));
  });

  it('a lease that cannot be read is an error, and never one that starts anew', async () => {
    await putItem(dynamo.endpoint, table, { pk: 'lease', sk: 'lease', owner: 'somebody' });
    await expect(open().acquireLease('one', MINUTE, NIGHT)).rejects.toThrow(
      `ledger dynamodb:${table}: its lease cannot be read`,
    );
  });
});

describe('what an item holds', () => {
  const story = ATTEMPT_STATES.flatMap((state) => Array.from({ length: 200 }, () => state));
  const long = story.reduce(
    (attempt, state, at) => noted(attempt, NIGHT + at, 'x'.repeat(600), { state }),
    anAttempt('a'),
  );

  it('F121: an attempt with an endless story stays far below 400 KB, its copies in both indexes included', async () => {
    const ledger = open();
    await claimed(ledger, long);
    const [row] = await items().find({ pk: 'attempt' });
    expect(JSON.stringify(row).length * 3).toBeLessThan(400_000 / 4);
    expect(await ledger.activeAttempts()).toEqual([long]);
  });

  it('F121: what is too large all the same is an error that says so, and nothing is lost', async () => {
    const ledger = open();
    await ledger.putNote('policy', 'before');
    await expect(ledger.putNote('policy', 'x'.repeat(500_000))).rejects.toThrow(
      /Item size has exceeded.*an item is too large for it/,
    );
    expect(await ledger.note('policy')).toBe('before');
  });

  it('F122: a settled attempt may be deleted 400 days after its end; one that is not settled never', async () => {
    const ledger = open();
    await claimed(ledger, anAttempt('a'), anAttempt('b'));
    await ledger.save(anAttempt('a', { state: 'succeeded', finishedAt: NIGHT + HOUR + 1, settled: true }));
    const rows = await items().find({ pk: 'attempt' });
    expect(rows.map(({ sk, expires }) => [sk, expires])).toEqual([
      [anAttempt('a').id, (NIGHT + HOUR + 400 * DAY) / SECOND + 1],
      [anAttempt('b').id, undefined],
    ]);
  });

  it('F122: one that should have been deleted long ago still keeps its opening', async () => {
    const ledger = open();
    await claimed(ledger, anAttempt('a'));
    await ledger.save(anAttempt('a', { state: 'failed', settled: true }));
    const lease = await ledger.acquireLease('two', MINUTE, NIGHT + 402 * DAY);
    expect(await ledger.claim(anAttempt('a'), lease!)).toBe(false);
    expect(await ledger.attempts({ since: NIGHT + DAY })).toEqual([]);
  });
});

describe('an item that cannot be read', () => {
  const logged: unknown[][] = [];
  const log: Log = (...line) => logged.push(line);
  const key = anAttempt('b').id;
  beforeEach(async () => {
    logged.length = 0;
    await claimed(open(), anAttempt('a'), anAttempt('b'), anAttempt('c'));
  });

  it.each<{ what: string; item: Record<string, string | number>; problem: string }>`
    what                          | item                                                                  | problem
    ${'is cut off'}               | ${{ doc: '{"id":"id-b", "ta' }}                                       | ${'it is not a JSON object'}
    ${'has no document'}          | ${{ state: 'UPGRADING' }}                                             | ${'it is not a JSON object'}
    ${'is of another program'}    | ${{ doc: 7 }}                                                         | ${'it is not a JSON object'}
    ${'is of an older schema'}    | ${{ doc: '{"instance":"id-b","phase":"old"}' }}                       | ${'"id" is not as it should be'}
    ${'has a state nobody knows'} | ${{ doc: JSON.stringify({ ...anAttempt('b'), state: 'upgrading' }) }} | ${'"state" is not as it should be'}
  `(
    'F124: an attempt that $what counts as under way, and is told of once; the rest is there',
    async ({ item, problem }) => {
      const keys = { pk: 'attempt', sk: key, claimedAt: NIGHT, openSince: NIGHT, rev: 0 };
      await putItem(dynamo.endpoint, table, { ...keys, ...item });
      const ledger = open(log);
      const names = (attempts: Attempt[]) =>
        attempts.map(({ name, unreadable }) => `${name} ${unreadable ?? false}`).sort();
      const all = ['a false', 'c false', 'id-b true'];
      expect(names(await ledger.activeAttempts())).toEqual(all);
      expect(names(await ledger.attempts({}))).toEqual(all);
      expect(names(await ledger.attempts({ instanceId: 'id-b' }))).toEqual(['id-b true']);
      expect(await ledger.attempt(key)).toMatchObject({ unreadable: true, rev: 0, claimedAt: NIGHT });
      expect(logged).toEqual([['error', 'ledger_row_unreadable', { kind: 'attempt', key, problem, table }]]);
      const lease = await ledger.acquireLease('two', MINUTE, NIGHT);
      expect(await ledger.claim(anAttempt('b'), lease!)).toBe(false);
    },
  );

  it('F124: a hold stops everything until it is released under its id', async () => {
    await putItem(dynamo.endpoint, table, { pk: 'hold', sk: 'sale', doc: '{]' });
    const ledger = open(log);
    const [hold] = await ledger.holds();
    expect(hold).toMatchObject({ id: 'sale', match: { all: true }, until: null, releasedAt: null });
    await ledger.putHold({ ...hold!, releasedAt: NIGHT, releasedBy: 'ann' });
    expect(await ledger.holds()).toMatchObject([{ id: 'sale', releasedBy: 'ann' }]);
  });
});

describe('how much is asked of the table', () => {
  it('an idle run costs two reads: what is active, and what was told', async () => {
    await claimed(open(), ...Array.from({ length: 30 }, (_, index) => anAttempt(`n${index}`)));
    const { ledger, sent } = watched();
    await ledger.activeAttempts();
    await ledger.conditions();
    expect(sent).toEqual(['Query', 'Query']);
  });

  it('more than one page is read to its end', async () => {
    const ledger = open();
    const big = (index: number) => anAttempt(`n${index}`, { claimedAt: NIGHT + index, reason: 'x'.repeat(60_000) });
    await claimed(ledger, ...Array.from({ length: 40 }, (_, index) => big(index)));
    expect(await ledger.activeAttempts()).toHaveLength(40);
    const newest = await ledger.attempts({ since: NIGHT + 5 });
    expect(newest.map(({ claimedAt }) => claimedAt - NIGHT)).toEqual(
      Array.from({ length: 35 }, (_, index) => 39 - index),
    );
    expect(await ledger.attempts({ limit: 30 })).toEqual(newest.slice(0, 30));
  });

  it('one instance that is listed twice is written once, as it was seen last', async () => {
    const { ledger, sent } = watched();
    const entry = (name: string) => ({
      instance: anInstance('a', { name }),
      behindSince: null,
      decision: null,
      seenAt: NIGHT,
    });
    await ledger.putFleet([entry('old'), entry('new')]);
    expect(sent).toEqual(['BatchWriteItem']);
    expect(await ledger.fleet()).toEqual([entry('new')]);
  });
});

describe('a table that takes less than it is given', () => {
  const rows = Array.from({ length: 60 }, (_, index) => ({ pk: 'fleet#0', sk: `${index}`, doc: '{}' }));

  /** Takes the first `most` items of each batch. */
  async function stingy(most: number) {
    const server = await startServer(({ body }) => {
      const { RequestItems } = JSON.parse(body) as { RequestItems: Record<string, unknown[]> };
      const left = RequestItems.t!.slice(most);
      return { body: { UnprocessedItems: left.length > 0 ? { t: left } : {} } };
    });
    const waits: number[] = [];
    const sleep = async (ms: number) => void waits.push(ms);
    return { server, waits, table: new Table('t', { client: clientOf(server.url), sleep, random: () => 1 }) };
  }

  it('is given the rest again after a wait that grows', async () => {
    const { server, waits, table: small } = await stingy(10);
    await small.writeAll(rows);
    const sizes = server.received.map(({ body }) => JSON.parse(body).RequestItems.t.length as number);
    expect(sizes.sort((a, b) => b - a)).toEqual([25, 25, 15, 15, 10, 5, 5]);
    expect(waits.sort((a, b) => a - b)).toEqual([100, 100, 200, 200]);
  });

  it('is given up on in the end, with the number of what is missing', async () => {
    const { server, table: small } = await stingy(0);
    await expect(small.writeAll(rows.slice(0, 25))).rejects.toThrow(/dynamodb:t: 25 items were not taken in 8 tries/);
    expect(server.received).toHaveLength(8);
  });
});

describe('a store that fails says what to do', () => {
  it('there is no such table', async () => {
    const ledger = openDynamoLedger('elsewhere', { client: clientOf(dynamo.endpoint) });
    await expect(ledger.activeAttempts()).rejects.toThrow(
      /^ledger dynamodb:elsewhere: .*ResourceNotFoundException.*see whether the stack is deployed in this region/,
    );
  });

  it('nobody listens there', async () => {
    const ledger = openDynamoLedger('t', { client: clientOf('http://127.0.0.1:1') });
    await expect(ledger.activeAttempts()).rejects.toThrow(/ECONNREFUSED.*AWS_ENDPOINT_URL_DYNAMODB/);
  });

  it.each<{ status: number; type: string; advice: RegExp; tries: number }>`
    status | type                             | tries | advice
    ${400} | ${'AccessDeniedException'}       | ${1}  | ${/give the role .* the actions/}
    ${400} | ${'UnrecognizedClientException'} | ${1}  | ${/see which AWS credentials/}
    ${400} | ${'ThrottlingException'}         | ${2}  | ${/the next run tries again/}
    ${500} | ${'InternalServerError'}         | ${2}  | ${/the next run tries again/}
    ${400} | ${'ValidationException'}         | ${1}  | ${/not the one that serverless.yml makes/}
    ${400} | ${'SomethingNewException'}       | ${1}  | ${/SomethingNewException/}
  `('$status $type', async ({ status, type, advice, tries }) => {
    const server = await startServer(() => ({
      status,
      body: { __type: `com.amazonaws.dynamodb.v20120810#${type}`, message: 'no' },
    }));
    const ledger = openDynamoLedger('t', { client: clientOf(server.url) });
    const failure = ledger.save(anAttempt('a'));
    await expect(failure).rejects.toThrow(advice);
    await expect(failure).rejects.toMatchObject({
      name: 'LedgerError',
      message: expect.stringContaining('dynamodb:t'),
    });
    expect(server.received).toHaveLength(tries);
  });
});

it('a stored order and its key are deleted some time by the table, and the policy is not', async () => {
  const ledger = open();
  const run = newRun({ dryRun: true, reason: 'CVE' }, 'ci', NIGHT, 'run-1');
  await claimKey(ledger, 'key', run);
  await saveRun(ledger, run);
  await ledger.putNote('policy:good', 'version: 1');
  const rows = await items().find({ pk: 'note' });
  expect(rows.map(({ sk, expires }) => [String(sk).split(':')[0], expires])).toEqual([
    ['idempotency', (NIGHT + 30 * DAY) / SECOND],
    ['policy', undefined],
    ['run', (NIGHT + 400 * DAY) / SECOND],
  ]);
});

describe('LEDGER=dynamodb:TABLE', () => {
  const before = { ...process.env };
  afterAll(() => {
    process.env = before;
  });

  it('is found where AWS_ENDPOINT_URL_DYNAMODB says', async () => {
    Object.assign(process.env, {
      AWS_ENDPOINT_URL_DYNAMODB: dynamo.endpoint,
      ...LOCAL_AWS,
    });
    const ledger = await openLedger(`dynamodb:${table}`);
    await ledger.putNote('a', 'b');
    expect(await open().note('a')).toBe('b');
    await deleteItem(dynamo.endpoint, table, 'note', 'a');
    expect(await ledger.note('a')).toBeNull();
    await ledger.close();
  });
});

it('the indexes are local ones, because only those can be read consistently', () => {
  expect(Object.keys(TABLE_SCHEMA)).toEqual([
    'AttributeDefinitions',
    'KeySchema',
    'LocalSecondaryIndexes',
    'BillingMode',
  ]);
});

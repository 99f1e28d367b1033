import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { HOUR, MINUTE } from '../../lib/core/time.ts';
import type { Ledger } from '../../lib/deps.ts';
import { openDynamoLedger } from '../../lib/io/ledger/dynamodb.ts';
import { createTable, type LocalDynamo, startDynalite } from '../../scripts/offline/table.ts';
import { aPolicy, LIMITS, NIGHT } from '../support/builders.ts';
import { watchedClient } from '../support/dynamodb.ts';
import { FakeWorld } from '../support/fake-world.ts';

let dynamo: LocalDynamo;
let table = '';
const ledgers: Ledger[] = [];
beforeAll(async () => {
  dynamo = await startDynalite();
});
beforeEach(async () => {
  table = await createTable(dynamo.endpoint);
});
afterAll(async () => {
  await Promise.all(ledgers.map((ledger) => ledger.close()));
  await dynamo.stop();
});

/** One connection of its own, and the requests that it sends. */
function connection(): { ledger: Ledger; sent: string[] } {
  const sent: string[] = [];
  const client = watchedClient(dynamo.endpoint, (operation) => sent.push(operation));
  const ledger = openDynamoLedger(table, { client });
  ledgers.push(ledger);
  return { ledger, sent };
}

const four = ['a', 'b', 'c', 'd'];

describe('a night with its ledger in DynamoDB', () => {
  it('three runs at once on one table upgrade each instance once, and never more than two at a time', async () => {
    const world = new FakeWorld(four);
    world.policy = aPolicy({ limits: { ...LIMITS, parallel: 2 } });
    const connections = [connection(), connection(), connection()];
    for (let minute = 0; minute < 40; minute += 1) {
      const passes = connections.map(({ ledger }) => {
        world.ledger = ledger;
        return world.pass();
      });
      await Promise.all(passes);
      world.now += MINUTE;
    }
    expect(world.posts.map(({ name }) => name).toSorted()).toEqual(four);
    expect(world.mostInFlight).toBe(2);
    const attempts = await connections[0]!.ledger.attempts({});
    expect(attempts.map(({ name, state, settled }) => [name, state, settled]).toSorted()).toEqual(
      four.map((name) => [name, 'succeeded', true]),
    );
    expect(await connections[1]!.ledger.activeAttempts()).toEqual([]);
  }, 60_000);

  it('a run with no window open and nothing to follow reads the table twice and asks nothing of the API', async () => {
    const world = new FakeWorld(four, NIGHT - HOUR);
    const { ledger, sent } = connection();
    world.ledger = ledger;
    await world.pass();
    expect(sent).toEqual(['Query', 'Query']);
    expect(world.reads).toBe(0);
  });
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../lib/io/clock.ts';
import { openDynamoLedger } from '../../lib/io/ledger/dynamodb.ts';
import {
  clientOf,
  createTable,
  hasJava,
  type LocalDynamo,
  startDynalite,
  startDynamoDbLocal,
} from '../../scripts/offline/table.ts';
import { ledgerContract } from '../contract/ledger.contract.ts';

function contractOn(name: string, start: () => Promise<LocalDynamo>): void {
  let dynamo: LocalDynamo;
  let table = '';
  beforeAll(async () => {
    dynamo = await start();
  }, 90_000);
  afterAll(() => dynamo.stop());
  const open = () => openDynamoLedger(table, { client: clientOf(dynamo.endpoint) });
  ledgerContract(
    name,
    async () => {
      table = await createTable(dynamo.endpoint);
      return open();
    },
    async (ledger) => {
      await ledger.close();
      return open();
    },
  );
}

describe('on dynalite', () => contractOn('dynamodb', startDynalite));

/** Skipped visibly where there is no Java: its name says why. */
const isThere = hasJava();
const real = isThere ? describe : describe.skip;
real(`on the real DynamoDB Local${isThere ? '' : ' (there is no "java" here)'}`, () => {
  contractOn('dynamodb', () => startDynamoDbLocal());

  it('one that does not come up in time is an error, and is not left running', async () => {
    const children = () => process.getActiveResourcesInfo().filter((name) => name === 'ProcessWrap').length;
    const before = children();
    await expect(startDynamoDbLocal(1)).rejects.toThrow('did not come up within 1 ms');
    // Its handle is closed a moment after its end.
    await systemClock.sleep(20);
    expect(children()).toBe(before);
  });
});

import { afterAll, beforeAll, describe } from '@jest/globals';
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
  }, 30_000);
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
real(`on the real DynamoDB Local${isThere ? '' : ' (there is no "java" here)'}`, () =>
  contractOn('dynamodb', startDynamoDbLocal),
);

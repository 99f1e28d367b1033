import { setTimeout as realSleep } from 'node:timers/promises';
import {
  type AttributeValue,
  BatchWriteItemCommand,
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  paginateQuery,
  type QueryCommandInput,
  type WriteRequest,
} from '@aws-sdk/client-dynamodb';
import { LedgerError } from './documents.ts';
import { dynamoError, isConflict } from './dynamodb-errors.ts';

/** An item with its keys `pk` and `sk`. Documents are kept as JSON text, so texts and numbers are all there is. */
export type Row = Readonly<Record<string, string | number>>;

export interface Key {
  pk: string;
  sk: string;
}

/**
 * What must be true of the stored item for a write to happen: that there is none; what stands in it; or that there is none
 * or no more in it than this.
 */
export type When = 'absent' | Row | { atMost: Row };

export interface Find {
  pk: string;
  /** What `sk` begins with. */
  prefix?: string;
  /** A local index and its sort key: newest first, at or after `from`. */
  by?: { index: string; attribute: string; from?: number };
  limit?: number | undefined;
}

export interface TableOptions {
  client?: DynamoDBClient;
  /** Waits between two tries of a batch, in milliseconds. */
  sleep?: (ms: number) => Promise<unknown>;
  /** From 0 to 1; for jitter only. */
  random?: () => number;
}

/** The most that BatchWriteItem takes (DynamoDB API, BatchWriteItem). */
const BATCH = 25;
const BATCHES_AT_ONCE = 4;
const BATCH_TRIES = 8;
const FIRST_WAIT = 50;
const LONGEST_WAIT = 2_000;

/** A try is one small item or a page of 1 MB: longer than this it is lost, and the SDK tries again with jitter. */
const TIMES = { connectionTimeout: 2_000, requestTimeout: 5_000, throwOnRequestTimeout: true };
const MOST_TRIES = 4;

/** One DynamoDB table: consistent reads, all pages of them, and writes under a condition. @throws LedgerError, every method */
export class Table {
  readonly name: string;
  readonly #client: DynamoDBClient;
  readonly #sleep: (ms: number) => Promise<unknown>;
  readonly #random: () => number;

  constructor(name: string, { client, sleep = realSleep, random = Math.random }: TableOptions = {}) {
    this.name = name;
    this.#client = client ?? new DynamoDBClient({ maxAttempts: MOST_TRIES, requestHandler: TIMES });
    this.#sleep = sleep;
    this.#random = random;
  }

  async get({ pk, sk }: Key): Promise<Row | null> {
    const Key = toItem({ pk, sk });
    const command = new GetItemCommand({ TableName: this.name, Key, ConsistentRead: true });
    const { Item } = await this.#guard(() => this.#client.send(command));
    return Item ? toRow(Item) : null;
  }

  async find(find: Find): Promise<Row[]> {
    const { limit = Number.POSITIVE_INFINITY } = find;
    const rows: Row[] = [];
    const input = queryOf(this.name, find);
    await this.#guard(async () => {
      for await (const { Items = [] } of paginateQuery({ client: this.#client }, input)) {
        rows.push(...Items.map(toRow));
        if (rows.length >= limit) break;
      }
    });
    return rows.slice(0, limit);
  }

  /** Writes the whole item; false when `when` does not hold of the stored one. */
  async put(row: Row & Key, when?: When): Promise<boolean> {
    const input = { TableName: this.name, Item: toItem(row), ...conditionOf(when) };
    return this.#unlessConflict(() => this.#client.send(new PutItemCommand(input)));
  }

  /** False when `when` does not hold of the stored item. */
  async drop({ pk, sk }: Key, when?: When): Promise<boolean> {
    const input = { TableName: this.name, Key: toItem({ pk, sk }), ...conditionOf(when) };
    return this.#unlessConflict(() => this.#client.send(new DeleteItemCommand(input)));
  }

  /** Puts and drops many, each on its own: when it fails half-way, some are done and some are not. */
  async writeAll(puts: readonly (Row & Key)[], drops: readonly Key[] = []): Promise<void> {
    const requests: WriteRequest[] = [
      ...puts.map((row) => ({ PutRequest: { Item: toItem(row) } })),
      ...drops.map(({ pk, sk }) => ({ DeleteRequest: { Key: toItem({ pk, sk }) } })),
    ];
    const batches: WriteRequest[][] = [];
    for (let at = 0; at < requests.length; at += BATCH) batches.push(requests.slice(at, at + BATCH));
    const lanes = Array.from({ length: BATCHES_AT_ONCE }, async () => {
      for (let batch = batches.pop(); batch; batch = batches.pop()) await this.#writeBatch(batch);
    });
    await Promise.all(lanes);
  }

  close(): void {
    this.#client.destroy();
  }

  /** What the table does not take at once comes back as unprocessed, and is asked for again after a while, with full jitter. */
  async #writeBatch(batch: WriteRequest[]): Promise<void> {
    let left = batch;
    for (let tries = 1; ; tries += 1) {
      const command = new BatchWriteItemCommand({ RequestItems: { [this.name]: left } });
      const { UnprocessedItems } = await this.#guard(() => this.#client.send(command));
      left = UnprocessedItems?.[this.name] ?? [];
      if (left.length === 0) return;
      if (tries === BATCH_TRIES) {
        const problem = `${left.length} items were not taken in ${tries} tries; the next run writes them again`;
        throw new LedgerError(`dynamodb:${this.name}`, problem);
      }
      await this.#sleep(Math.round(this.#random() * Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** tries)));
    }
  }

  async #unlessConflict(write: () => Promise<unknown>): Promise<boolean> {
    try {
      await write();
      return true;
    } catch (error) {
      if (isConflict(error)) return false;
      throw dynamoError(this.name, error);
    }
  }

  async #guard<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw dynamoError(this.name, error);
    }
  }
}

function queryOf(table: string, { pk, prefix, by, limit }: Find): QueryCommandInput {
  const conditions = ['pk = :pk'];
  const values: Record<string, string | number> = { ':pk': pk };
  if (prefix !== undefined) {
    conditions.push('begins_with(sk, :prefix)');
    values[':prefix'] = prefix;
  }
  if (by?.from !== undefined) {
    conditions.push(`${by.attribute} >= :from`);
    values[':from'] = by.from;
  }
  return {
    TableName: table,
    ConsistentRead: true,
    KeyConditionExpression: conditions.join(' AND '),
    ExpressionAttributeValues: toItem(values),
    ...(by ? { IndexName: by.index, ScanIndexForward: false } : {}),
    ...(limit === undefined ? {} : { Limit: limit }),
  };
}

function conditionOf(when?: When) {
  if (when === undefined) return {};
  if (when === 'absent') return { ConditionExpression: 'attribute_not_exists(pk)' };
  if (isAtMost(when)) {
    const { ConditionExpression, ExpressionAttributeValues } = comparing(when.atMost, '<=');
    return { ConditionExpression: `attribute_not_exists(pk) OR (${ConditionExpression})`, ExpressionAttributeValues };
  }
  return comparing(when, '=');
}

function isAtMost(when: Row | { atMost: Row }): when is { atMost: Row } {
  return typeof when.atMost === 'object';
}

function comparing(when: Row, operator: '=' | '<=') {
  const names = Object.keys(when);
  return {
    ConditionExpression: names.map((name) => `${name} ${operator} :${name}`).join(' AND '),
    ExpressionAttributeValues: toItem(Object.fromEntries(names.map((name) => [`:${name}`, when[name]!]))),
  };
}

function toItem(row: Row): Record<string, AttributeValue> {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, typeof value === 'number' ? { N: String(value) } : { S: value }]),
  );
}

/** Other types are not ours: they are left out, and what needs them finds the item damaged. */
function toRow(item: Record<string, AttributeValue>): Row {
  return Object.fromEntries(
    Object.entries(item).flatMap(([name, { N, S }]): [string, string | number][] =>
      N === undefined ? (S === undefined ? [] : [[name, S]]) : [[name, Number(N)]],
    ),
  );
}

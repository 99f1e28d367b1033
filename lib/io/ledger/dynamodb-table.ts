import { randomUUID } from 'node:crypto';
import { setTimeout as realSleep } from 'node:timers/promises';
import { type JsonService, jsonService } from '../aws/json.ts';
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
  /** Where region, keys and endpoint stand. */
  env?: Readonly<Record<string, string | undefined>>;
  /** In place of the one that `env` leads to. */
  client?: JsonService;
  /** Waits between two tries of a batch, in milliseconds. */
  sleep?: (ms: number) => Promise<unknown>;
  /** From 0 to 1; for jitter only. */
  random?: () => number;
}

/** Which write under a condition an item comes from. */
const MARK = 'mark';

/** The most that BatchWriteItem takes (DynamoDB API, BatchWriteItem). */
const BATCH = 25;
const BATCHES_AT_ONCE = 4;
const BATCH_TRIES = 8;
const FIRST_WAIT = 50;
const LONGEST_WAIT = 2_000;

/** A value as DynamoDB has it: of the types that are not ours, nothing is read. */
type Value = { S?: string; N?: string };
type Item = Record<string, Value>;
type Write = { PutRequest: { Item: Item } } | { DeleteRequest: { Key: Item } };
type Page = { Items?: Item[]; LastEvaluatedKey?: Item };

/** One DynamoDB table: consistent reads, all pages of them, and writes under a condition. @throws LedgerError, every method */
export class Table {
  readonly name: string;
  readonly #client: JsonService;
  readonly #sleep: (ms: number) => Promise<unknown>;
  readonly #random: () => number;

  constructor(name: string, { client, env = {}, sleep = realSleep, random = Math.random }: TableOptions = {}) {
    this.name = name;
    this.#client = client ?? jsonService('dynamodb', { env });
    this.#sleep = sleep;
    this.#random = random;
  }

  async get({ pk, sk }: Key): Promise<Row | null> {
    const Key = toItem({ pk, sk });
    const { Item } = await this.#call('GetItem', { TableName: this.name, Key, ConsistentRead: true });
    return Item ? toRow(Item as Item) : null;
  }

  async find(find: Find): Promise<Row[]> {
    const { limit = Number.POSITIVE_INFINITY } = find;
    const rows: Row[] = [];
    const input = queryOf(this.name, find);
    let next: object | null = input;
    while (next && rows.length < limit) {
      const { Items = [], LastEvaluatedKey } = (await this.#call('Query', next)) as Page;
      rows.push(...Items.map(toRow));
      next = LastEvaluatedKey ? { ...input, ExclusiveStartKey: LastEvaluatedKey } : null;
    }
    return rows.slice(0, limit);
  }

  /**
   * Writes the whole item; false when `when` does not hold of the stored one. After a lost answer it is sent again, and may
   * find itself: each write under a condition has a mark of its own, by which it is known.
   */
  async put(row: Row & Key, when?: When): Promise<boolean> {
    if (when === undefined) return this.#unlessConflict('PutItem', { TableName: this.name, Item: toItem(row) });
    const mark = randomUUID();
    const input = { TableName: this.name, Item: toItem({ ...row, [MARK]: mark }), ...conditionOf(when) };
    return this.#unlessConflict('PutItem', input, async () => (await this.get(row))?.[MARK] === mark);
  }

  /** False when `when` does not hold of the stored item. */
  async drop({ pk, sk }: Key, when?: When): Promise<boolean> {
    const input = { TableName: this.name, Key: toItem({ pk, sk }), ...conditionOf(when) };
    return this.#unlessConflict('DeleteItem', input);
  }

  /** Puts and drops many, each on its own: when it fails half-way, some are done and some are not. */
  async writeAll(puts: readonly (Row & Key)[], drops: readonly Key[] = []): Promise<void> {
    const requests: Write[] = [
      ...puts.map((row) => ({ PutRequest: { Item: toItem(row) } })),
      ...drops.map(({ pk, sk }) => ({ DeleteRequest: { Key: toItem({ pk, sk }) } })),
    ];
    const batches: Write[][] = [];
    for (let at = 0; at < requests.length; at += BATCH) batches.push(requests.slice(at, at + BATCH));
    const lanes = Array.from({ length: BATCHES_AT_ONCE }, async () => {
      for (let batch = batches.pop(); batch; batch = batches.pop()) await this.#writeBatch(batch);
    });
    await Promise.all(lanes);
  }

  close(): void {
    this.#client.close();
  }

  /** What the table does not take at once comes back as unprocessed, and is asked for again after a while, with full jitter. */
  async #writeBatch(batch: Write[]): Promise<void> {
    let left = batch;
    for (let tries = 1; ; tries += 1) {
      const { UnprocessedItems } = await this.#call('BatchWriteItem', { RequestItems: { [this.name]: left } });
      left = (UnprocessedItems as Record<string, Write[]> | undefined)?.[this.name] ?? [];
      if (left.length === 0) return;
      if (tries === BATCH_TRIES) {
        const problem = `${left.length} items were not taken in ${tries} tries; the next run writes them again`;
        throw new LedgerError(`dynamodb:${this.name}`, problem);
      }
      await this.#sleep(Math.round(this.#random() * Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** tries)));
    }
  }

  /** `isThere`: whether an earlier try of the same has done it. */
  async #unlessConflict(operation: string, input: object, isThere = async () => false): Promise<boolean> {
    try {
      await this.#client.call(operation, input);
      return true;
    } catch (error) {
      if (isConflict(error)) return error.tries > 1 && isThere();
      throw dynamoError(this.name, error);
    }
  }

  async #call(operation: string, input: object): Promise<Record<string, unknown>> {
    try {
      return await this.#client.call(operation, input);
    } catch (error) {
      throw dynamoError(this.name, error);
    }
  }
}

function queryOf(table: string, { pk, prefix, by, limit }: Find): object {
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

function toItem(row: Row): Item {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, typeof value === 'number' ? { N: String(value) } : { S: value }]),
  );
}

/** Other types are not ours: they are left out, and what needs them finds the item damaged. */
function toRow(item: Item): Row {
  return Object.fromEntries(
    Object.entries(item).flatMap(([name, { N, S }]): [string, string | number][] =>
      N === undefined ? (S === undefined ? [] : [[name, S]]) : [[name, Number(N)]],
    ),
  );
}

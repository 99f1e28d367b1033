import { DeleteItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { clientOf } from '../../scripts/offline/table.ts';

/** Puts an item as some other program, or an older version of this one, might. */
export async function putItem(endpoint: string, table: string, item: Record<string, string | number>): Promise<void> {
  const client = clientOf(endpoint);
  const Item = Object.fromEntries(
    Object.entries(item).map(([name, value]) => [name, typeof value === 'number' ? { N: `${value}` } : { S: value }]),
  );
  await client.send(new PutItemCommand({ TableName: table, Item }));
  client.destroy();
}

export async function deleteItem(endpoint: string, table: string, pk: string, sk: string): Promise<void> {
  const client = clientOf(endpoint);
  await client.send(new DeleteItemCommand({ TableName: table, Key: { pk: { S: pk }, sk: { S: sk } } }));
  client.destroy();
}

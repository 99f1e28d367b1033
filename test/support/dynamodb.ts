import type { JsonService } from '../../lib/io/aws/json.ts';
import { clientOf } from '../../scripts/offline/table.ts';

/** Puts an item as some other program, or an older version of this one, might. */
export async function putItem(endpoint: string, table: string, item: Record<string, string | number>): Promise<void> {
  const client = clientOf(endpoint);
  const Item = Object.fromEntries(
    Object.entries(item).map(([name, value]) => [name, typeof value === 'number' ? { N: `${value}` } : { S: value }]),
  );
  await client.call('PutItem', { TableName: table, Item });
  client.close();
}

export async function deleteItem(endpoint: string, table: string, pk: string, sk: string): Promise<void> {
  const client = clientOf(endpoint);
  await client.call('DeleteItem', { TableName: table, Key: { pk: { S: pk }, sk: { S: sk } } });
  client.close();
}

/** The same client, which tells of each call once it was answered and then waits. */
export function watchedClient(endpoint: string, after: (operation: string) => unknown): JsonService {
  const client = clientOf(endpoint);
  return {
    ...client,
    async call(operation, input) {
      const answer = await client.call(operation, input);
      await after(operation);
      return answer;
    },
  };
}

import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Alert } from '../../lib/core/alert.ts';

export function anAlert(change: Partial<Alert> = {}): Alert {
  return {
    key: 'id-a@2026-11-23T17:00:00Z:failed',
    event: 'failed',
    severity: 'error',
    summary: 'cache-a was not upgraded: a backup is running (DCS.4096).',
    action: 'Wait for the backup to end.',
    at: Date.parse('2026-11-23T18:00:00Z'),
    labels: { instanceId: 'id-a', code: 'DCS.4096' },
    ...change,
  };
}

export interface Receiver {
  url: string;
  requests: { path: string; headers: IncomingHttpHeaders; body: string }[];
  close(): Promise<void>;
}

/** Answers one request; `count` is how many came before it. */
export type Answer = (response: ServerResponse, count: number) => void;

/** A receiver of webhooks on this machine. */
export async function aReceiver(answer: Answer): Promise<Receiver> {
  const requests: Receiver['requests'] = [];
  const server = createServer(async (request, response) => {
    requests.push({ path: request.url!, headers: request.headers, body: await text(request) });
    answer(response, requests.length - 1);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hook?token=in-the-query`,
    requests,
    async close() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

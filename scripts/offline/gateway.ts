import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { HttpAnswer } from '../../lib/http/answer.ts';

/** The function behind the gateway, as its host calls it. */
export type Invoke = (event: unknown, context?: object) => Promise<HttpAnswer>;

export interface LocalApi {
  url: string;
  close(): Promise<void>;
}

/**
 * An API Gateway on this machine: real HTTP requests reach the function as events of payload 2.0. One that throws is
 * answered as API Gateway does. `port`: 0 takes a free one. @throws when the port is taken
 */
export async function serve(invoke: Invoke, port = 0): Promise<LocalApi> {
  const server = createServer(async (request, response) => {
    const answer = await eventOf(request).then(invoke).catch(failed);
    response.writeHead(answer.statusCode, answer.headers).end(answer.body);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The form is that of API Gateway HTTP APIs, Lambda integration, payload format version 2.0. */
async function eventOf(request: IncomingMessage): Promise<unknown> {
  const [rawPath = '/', rawQueryString = ''] = (request.url ?? '/').split('?');
  return {
    version: '2.0',
    rawPath,
    rawQueryString,
    headers: request.headers,
    requestContext: { http: { method: request.method }, requestId: randomUUID(), stage: '$default' },
    body: (await buffer(request)).toString('base64'),
    isBase64Encoded: true,
  };
}

function failed(error: unknown): HttpAnswer {
  console.error(error);
  const headers = { 'content-type': 'application/json' };
  return {
    statusCode: 500,
    headers,
    body: JSON.stringify({ message: 'Internal Server Error' }),
    isBase64Encoded: false,
  };
}

import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as it arrived. */
export interface Received {
  method: string;
  path: string;
  query: Record<string, string>;
  headers: Record<string, string>;
  body: string;
}

export interface Reply {
  status?: number;
  headers?: Record<string, string>;
  /** An object is sent as JSON, text as it is. */
  body?: unknown;
  /** Milliseconds until it is sent. */
  after?: number;
}

/** What a server does that does not answer: breaks the connection, says nothing, promises more than it sends, or never ends. */
export type Unkindness = 'reset' | 'silent' | 'truncated' | 'endless';

export interface UnkindServer {
  url: string;
  received: Received[];
  /** Decides the answer; may be replaced at any time. `nth` counts from 1. */
  answer: (request: Received, nth: number) => Reply | Unkindness;
  close(): Promise<void>;
}

/** A real HTTP server on this machine that answers, or fails to, as a test says. */
export async function startUnkindServer(answer: UnkindServer['answer'] = () => ({ body: {} })): Promise<UnkindServer> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const url = new URL(request.url ?? '', 'http://localhost');
    const received: Received = {
      method: request.method ?? '',
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      headers: request.headers as Record<string, string>,
      body: Buffer.concat(chunks).toString(),
    };
    unkind.received.push(received);
    act(response, unkind.answer(received, unkind.received.length));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const unkind: UnkindServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received: [],
    answer,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return unkind;
}

function act(response: ServerResponse, answer: Reply | Unkindness): void {
  if (typeof answer === 'string') {
    UNKINDNESSES[answer](response);
    return;
  }
  const { status = 200, headers = {}, body = '', after = 0 } = answer;
  const send = () => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
  if (after === 0) send();
  else setTimeout(send, after).unref();
}

const UNKINDNESSES: Record<Unkindness, (response: ServerResponse) => void> = {
  reset: (response) => response.socket?.resetAndDestroy(),
  silent: () => undefined,
  truncated: (response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
    response.write('{"task_id":"abc","instances":[', () => response.socket?.destroy());
  },
  endless: flood,
};

function flood(response: ServerResponse): void {
  const block = ' '.repeat(1024 * 1024);
  const more = (): void => {
    if (response.writableEnded || response.destroyed) return;
    if (response.write(block)) setImmediate(more);
    else response.once('drain', more);
  };
  more();
}

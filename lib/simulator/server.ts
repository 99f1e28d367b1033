import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BODY_LIMIT } from './gateway.ts';
import { createSimulator, type Simulator, type SimulatorOptions } from './simulator.ts';
import type { Reaction, SimulatedRequest } from './wire.ts';

export interface RunningSimulator extends Simulator {
  /** Base URL without a slash at its end, e.g. `http://127.0.0.1:40123`. */
  readonly url: string;
  /** Requests that wait for their answer. */
  readonly inFlight: number;
  /** The most that ever did at once. */
  readonly inFlightMax: number;
  /** Ends every connection, those that hang too. */
  close(): Promise<void>;
}

export interface ServerOptions extends SimulatorOptions {
  /** 0, the default, takes a free one. */
  port?: number;
  /** How long each answer is on its way, ms of the simulator's clock. */
  latency?: number;
}

/** The simulator behind HTTP on the loopback interface. @throws Error for a bad fleet or a port that is taken */
export async function startSimulator(options: ServerOptions): Promise<RunningSimulator> {
  const { clock, port = 0, latency = 0 } = options;
  const simulator = createSimulator(options);
  const closing = new AbortController();
  const load = { now: 0, most: 0 };

  async function serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    load.now += 1;
    load.most = Math.max(load.most, load.now);
    outgoing.once('close', () => {
      load.now -= 1;
    });
    const reaction = simulator.handle(await received(incoming));
    if (latency > 0) await clock.sleep(latency, closing.signal);
    send(reaction, incoming, outgoing);
  }

  const server = createServer((incoming, outgoing) => {
    // A client that goes away, or a simulator that closes, ends a request early; the socket is all there is to clean up.
    serve(incoming, outgoing).catch((error: unknown) => {
      incoming.destroy();
      if (!closing.signal.aborted && !incoming.readableAborted) throw error;
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });

  async function close(): Promise<void> {
    closing.abort();
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }

  return {
    ...simulator,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get inFlight() {
      return load.now;
    },
    get inFlightMax() {
      return load.most;
    },
    close,
  };
}

/** The whole request; of a body that is too long just as much as shows that it is. */
async function received(incoming: IncomingMessage): Promise<SimulatedRequest> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming) {
    size += chunk.length;
    if (size - chunk.length <= BODY_LIMIT) chunks.push(chunk);
  }
  const headers = Object.entries(incoming.headers).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.join() : (value ?? ''),
  ]);
  return {
    method: incoming.method ?? '',
    target: incoming.url ?? '',
    headers: Object.fromEntries(headers),
    body: Buffer.concat(chunks),
  };
}

function send(reaction: Reaction, incoming: IncomingMessage, outgoing: ServerResponse): void {
  if (reaction === 'hang') return;
  if (reaction === 'reset') {
    incoming.socket.resetAndDestroy();
    return;
  }
  outgoing.writeHead(reaction.status, { ...reaction.headers, 'content-length': Buffer.byteLength(reaction.body) });
  outgoing.end(reaction.body);
}

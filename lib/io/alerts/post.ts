import type { LookupAddress } from 'node:dns';
import { lookup } from 'node:dns';
import { type IncomingMessage, type RequestOptions, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { LookupFunction } from 'node:net';
import { isPublicAddress, isThisMachine } from '../../core/address.ts';
import { VERSION } from '../version.ts';

export interface Outgoing {
  url: string;
  headers?: Record<string, string>;
  body: string;
}

export interface Answer {
  status: number;
  /** As it was sent. */
  retryAfter: string | null;
  /** Of the body, what fits into {@link MOST_BYTES}; empty when it was not asked for. */
  text: string;
}

/** All addresses of a name, as `dns.lookup` gives them. */
export type Resolve = (name: string) => Promise<LookupAddress[]>;

export interface PostOptions {
  /** From the look-up of the name to the last byte read, in milliseconds. */
  timeout: number;
  /** Whether the answer's body is of use. If not, its end is not waited for. */
  reads: boolean;
  resolve?: Resolve | undefined;
}

/** Makes one POST, once. @throws UnsentError */
export type Post = (outgoing: Outgoing, options: PostOptions) => Promise<Answer>;

/** Receivers answer with a line or two. */
const MOST_BYTES = 16 * 1024;

/** The request could not be made, or was not answered. The message holds no URL: that may hold a token. */
export class UnsentError extends Error {
  /** The same request may well succeed in a moment. */
  readonly again: boolean;
  constructor(message: string, again: boolean) {
    super(message);
    this.name = 'UnsentError';
    this.again = again;
  }
}

/**
 * One POST, once. The addresses of the name are looked at first, and the connection is made to one of those, so that a name
 * cannot lead to another place meanwhile. Redirects come back as answers. @throws UnsentError
 */
export async function post({ url, headers, body }: Outgoing, options: PostOptions): Promise<Answer> {
  const { timeout, reads, resolve = resolveName } = options;
  const signal = AbortSignal.timeout(timeout);
  const target = new URL(url);
  const isLocal = isThisMachine(url);
  if (!isLocal && isAddress(target.hostname) && !isPublicAddress(target.hostname))
    throw new UnsentError(NOT_PUBLIC, false);
  const init: RequestOptions = {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'user-agent': `dcs-upgrader/${VERSION}`,
      ...headers,
      'content-length': Buffer.byteLength(body),
    },
    agent: false,
    signal,
    ...(isLocal ? {} : { lookup: onlyPublic(resolve) }),
  };
  try {
    const answer = await send(target, init, body);
    const text = reads ? await textOf(answer, signal) : '';
    answer.destroy();
    return { status: answer.statusCode ?? 0, retryAfter: answer.headers['retry-after'] ?? null, text };
  } catch (error) {
    if (error instanceof UnsentError) throw error;
    if (signal.aborted) throw new UnsentError(`no answer within ${timeout} ms`, false);
    const { code } = error as NodeJS.ErrnoException;
    throw new UnsentError(`could not be reached${code ? ` (${code})` : ''}`, true);
  }
}

const NOT_PUBLIC = 'its name leads to an address that is private, link-local or otherwise special; nothing was sent';

function send(url: URL, init: RequestOptions, body: string): Promise<IncomingMessage> {
  const request = url.protocol === 'http:' ? requestHttp : requestHttps;
  return new Promise((resolve, reject) => {
    request(url, init, resolve).on('error', reject).end(body);
  });
}

function isAddress(hostname: string): boolean {
  return hostname.startsWith('[') || /^[\d.]+$/.test(hostname);
}

function resolveName(name: string): Promise<LookupAddress[]> {
  return new Promise((resolve, reject) => {
    lookup(name, { all: true }, (error, addresses) => (error ? reject(error) : resolve(addresses)));
  });
}

/** One address that is not public is enough to refuse the name: its owner has no good reason for it. */
function onlyPublic(resolve: Resolve): LookupFunction {
  return (name, { all }, callback) => {
    void resolve(name).then(
      (addresses) => {
        const [first] = addresses;
        if (!first) return callback(Object.assign(new Error(), { code: 'ENOTFOUND' }), '', 0);
        if (!addresses.every(({ address }) => isPublicAddress(address)))
          return callback(new UnsentError(NOT_PUBLIC, false), '', 0);
        return all ? callback(null, addresses) : callback(null, first.address, first.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, '', 0),
    );
  };
}

async function textOf(answer: IncomingMessage, signal: AbortSignal): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer) {
    chunks.push(chunk as Buffer);
    size += (chunk as Buffer).length;
    if (size >= MOST_BYTES) break;
  }
  signal.throwIfAborted();
  return Buffer.concat(chunks).subarray(0, MOST_BYTES).toString('utf8');
}

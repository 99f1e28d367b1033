import type { Agent, IncomingMessage, RequestOptions } from 'node:http';
import type { AwsRequest } from './sign.ts';

export interface AwsAnswer {
  status: number;
  body: Buffer;
}

/** A service said no, or nothing. `name` is its own word, such as `AccessDeniedException`, or else what happened. */
export class AwsError extends Error {
  /** 0: there was no whole answer. */
  readonly status: number;
  /** How often it was asked. After more than once an earlier try may have been carried out, and its answer lost. */
  tries = 1;
  constructor(name: string, message: string, status: number) {
    super(message || name);
    this.name = name;
    this.status = status;
  }
}

/** For one try, in milliseconds: until it is connected, and until all of the answer is there. */
const CONNECTS = 2_000;
const LASTS = 5_000;

/** A page of DynamoDB has 1 MB, the largest there is. */
const MOST_BYTES = 16 * 1024 * 1024;

/** As the AWS SDKs have them (Smithy, retry behaviour). */
const THROTTLED = new Set([
  'BandwidthLimitExceeded', 'LimitExceededException', 'PriorRequestNotComplete', 'ProvisionedThroughputExceededException',
  'RequestLimitExceeded', 'RequestThrottled', 'RequestThrottledException', 'SlowDown', 'ThrottledException', 'Throttling',
  'ThrottlingException', 'TooManyRequestsException', 'TransactionInProgressException',
]); // biome-ignore format: a list
const PASSING_STATUS = new Set([0, 429, 500, 502, 503, 504]);

export function isThrottling({ name, status }: AwsError): boolean {
  return status === 429 || THROTTLED.has(name);
}

/** Whether the same request may fare better a moment later. */
export function isPassing(error: AwsError): boolean {
  return PASSING_STATUS.has(error.status) || isThrottling(error) || error.name === 'RequestTimeout';
}

/** What one exchange may take: bytes of the answer, and milliseconds. */
interface Limits {
  mostBytes: number;
  lasts: number;
}

/** Connections that are kept for the next request. node:http and not fetch, which takes twice as long to load as it takes Node to start. */
export class Connections {
  #agent: Agent | null = null;
  readonly #limits: Limits;

  constructor({ mostBytes = MOST_BYTES, lasts = LASTS }: Partial<Limits> = {}) {
    this.#limits = { mostBytes, lasts };
  }

  /** One request, once. @throws AwsError */
  async exchange(request: AwsRequest): Promise<AwsAnswer> {
    const { Agent, request: open } = await (request.url.protocol === 'http:'
      ? import('node:http')
      : import('node:https'));
    this.#agent ??= new Agent({ keepAlive: true, maxSockets: 50 });
    const { method, headers, url } = request;
    const options = {
      method,
      headers: { ...headers, 'content-length': Buffer.byteLength(request.body) },
      agent: this.#agent,
    };
    const answer = await answered((take) => open(url, options as RequestOptions, take), request.body, this.#limits);
    if (answer.status >= 300) throw refused(answer);
    return answer;
  }

  close(): void {
    this.#agent?.destroy();
  }
}

type Open = (take: (answer: IncomingMessage) => void) => ReturnType<typeof import('node:http').request>;

/** @throws AwsError when there is no whole answer in time */
function answered(
  open: Open,
  body: string,
  { mostBytes, lasts }: Limits,
): Promise<AwsAnswer & { headers: IncomingMessage['headers'] }> {
  return new Promise((resolve, reject) => {
    const sent = open((answer) => {
      const chunks: Buffer[] = [];
      let size = 0;
      answer.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        size += chunk.length;
        if (size > mostBytes)
          sent.destroy(new AwsError('TooLarge', `the answer has more than ${mostBytes} bytes`, 400));
      });
      answer.on('error', fail);
      answer.on('end', () => {
        clearTimeout(whole);
        resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks), headers: answer.headers });
      });
    });
    const late = (what: string) => () => void sent.destroy(new AwsError('TimeoutError', what, 0));
    const whole = setTimeout(late(`there was no answer within ${lasts} ms`), lasts);
    const connecting = setTimeout(late(`there was no connection within ${CONNECTS} ms`), CONNECTS);
    sent.on('socket', (socket) => {
      const isUp = () => clearTimeout(connecting);
      if (socket.connecting) socket.once('connect', isUp);
      else isUp();
    });
    function fail(error: Error & { code?: string }): void {
      clearTimeout(whole);
      clearTimeout(connecting);
      // Of several addresses that were tried, each has an error of its own, and there is no message.
      const code = error.code ?? 'NetworkError';
      reject(error instanceof AwsError ? error : new AwsError(code, error.message, 0));
    }
    sent.on('error', fail);
    sent.end(body);
  });
}

/** JSON services name the error in a header or in `__type`, with a namespace before it or a link behind; S3 does so in XML. */
function refused({ status, body, headers }: AwsAnswer & { headers: IncomingMessage['headers'] }): AwsError {
  const text = body.toString();
  const { __type, code, message, Message } = parsed(text) as Record<string, unknown>;
  const named = headers['x-amzn-errortype'] ?? __type ?? code ?? /<Code>([^<]*)<\/Code>/.exec(text)?.[1];
  const name = String(named ?? `HTTP ${status}`).replace(/^.*#|:.*$/g, '');
  return new AwsError(name, String(message ?? Message ?? /<Message>([^<]*)<\/Message>/.exec(text)?.[1] ?? ''), status);
}

function parsed(text: string): object {
  try {
    return (JSON.parse(text) as object | null) ?? {};
  } catch {
    return {};
  }
}

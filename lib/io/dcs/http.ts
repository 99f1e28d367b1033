import { SECOND } from '../../core/time.ts';

/** For one try, from the first byte sent to the last one read. */
export const TRY_LASTS = 10 * SECOND;

/** The largest answer is a page of 1,000 instances, about 2 MiB. */
const MOST_BYTES = 8 * 1024 * 1024;

export interface HttpRequest {
  method: 'GET' | 'POST';
  url: URL;
  headers: Readonly<Record<string, string>>;
  /** Empty for none. */
  body: string;
}

/** An answer with a status. `problem`: the body could not be read whole, and why; `text` is then empty. */
export interface Reply {
  status: number;
  text: string;
  problem: TransportCode | null;
  headers: { get(name: string): string | null };
}

/** No answer at all. `sent` is false only where it is certain that no byte of the request left. */
export interface NoReply {
  code: TransportCode;
  sent: boolean;
}

export type TransportCode =
  | 'TRANSPORT.TIMEOUT'
  | 'TRANSPORT.RESET'
  | 'TRANSPORT.DNS'
  | 'TRANSPORT.REFUSED'
  | 'TRANSPORT.TLS'
  | 'TRANSPORT.ENDPOINT'
  | 'TRANSPORT.TOO_LARGE'
  | 'TRANSPORT.GARBLED';

/**
 * One request, once: never repeated, never redirected. What the wire does comes back as data. Nothing of the thrown
 * error is kept, because it may hold the headers and with them the signature.
 */
export async function exchange(request: HttpRequest, tryLasts: number, signal?: AbortSignal): Promise<Reply | NoReply> {
  const { method, url, headers } = request;
  const deadline = AbortSignal.timeout(tryLasts);
  const init = {
    method,
    headers,
    redirect: 'manual' as const,
    signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
  };
  let response: Response;
  try {
    response = await fetch(url, request.body === '' ? init : withBody(init, request.body));
  } catch (error) {
    return whatHappened(error);
  }
  const { status } = response;
  try {
    return { status, text: await textOf(response), problem: null, headers: response.headers };
  } catch (error) {
    const problem = error instanceof TooLargeError ? 'TRANSPORT.TOO_LARGE' : whatHappened(error).code;
    return { status, text: '', problem, headers: response.headers };
  }
}

/** fetch answers a 421 by sending the request again, unless its body is a stream: an upgrade must never be sent twice. */
function withBody(init: RequestInit & { headers: Readonly<Record<string, string>> }, body: string): RequestInit {
  const bytes = new TextEncoder().encode(body);
  const headers = { ...init.headers, 'content-length': String(bytes.byteLength) };
  return { ...init, headers, body: new Blob([bytes]).stream(), duplex: 'half' };
}

class TooLargeError extends Error {}

async function textOf(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let size = 0;
  let text = '';
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    // Leaving the loop cancels the stream and closes the connection.
    if (size > MOST_BYTES) throw new TooLargeError();
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** Error codes of Node and of its HTTP client (where there is none: names and messages), the first that fits. `sent: false` stands only for steps before the request. */
const HAPPENINGS: readonly [codes: RegExp, happened: NoReply][] = [
  [/^bad port$/, { code: 'TRANSPORT.ENDPOINT', sent: false }],
  [/^(ENOTFOUND|EAI_\w+)$/, { code: 'TRANSPORT.DNS', sent: false }],
  [/^ECONNREFUSED$|^E(HOST|NET)\w+ connect$/, { code: 'TRANSPORT.REFUSED', sent: false }],
  [/^E(HOST|NET)(UNREACH|DOWN)$/, { code: 'TRANSPORT.REFUSED', sent: true }],
  [/^UND_ERR_CONNECT_TIMEOUT$/, { code: 'TRANSPORT.TIMEOUT', sent: false }],
  [/^(ERR_TLS_)?CERT_|^DEPTH_ZERO_|^SELF_SIGNED_|^UNABLE_TO_|^HOSTNAME_/, { code: 'TRANSPORT.TLS', sent: false }],
  [/^ERR_SSL_.*(VERSION|PROTOCOL|HANDSHAKE)/, { code: 'TRANSPORT.TLS', sent: false }],
  [/^ERR_(SSL|TLS)_|^EPROTO$/, { code: 'TRANSPORT.TLS', sent: true }],
  [/TIMEOUT|ETIMEDOUT|^(AbortError|TimeoutError)$/, { code: 'TRANSPORT.TIMEOUT', sent: true }],
  [/^HPE_|^Z_|CONTENT_LENGTH/, { code: 'TRANSPORT.GARBLED', sent: true }],
];

function whatHappened(error: unknown): NoReply {
  const words = wordsOf(error);
  const known = HAPPENINGS.find(([codes]) => words.some((word) => codes.test(word)));
  return known?.[1] ?? { code: 'TRANSPORT.RESET', sent: true };
}

/** The code stands on the cause; where several addresses were tried, on each of its errors. */
function wordsOf(error: unknown): string[] {
  if (typeof error !== 'object' || error === null) return [];
  const { code, syscall, cause, name, message, errors = [] } = error as NodeJS.ErrnoException & { errors?: unknown[] };
  const own = typeof code === 'string' ? [code, `${code} ${syscall}`] : [name, message];
  return [...own, ...wordsOf(cause), ...wordsOf(errors[0])];
}

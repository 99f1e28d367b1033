import * as z from 'zod/mini';
import { canonicalCode, ruleFor } from '../../core/errors.ts';
import type { DcsFailure } from '../../deps.ts';
import { maskSecrets } from '../mask.ts';
import type { Reply, TransportCode } from './http.ts';
import type { Credentials } from './sign.ts';

/** Messages go into alerts. */
const LONGEST_MESSAGE = 500;

/** A code with its rule, in the one form that everything above the wire reads. */
export function failure(code: string, message: string, status = 0, requestId: string | null = null): DcsFailure {
  const canonical = canonicalCode(code);
  return { code: canonical, status, message, requestId, rule: ruleFor(canonical, status) };
}

const NO_ANSWER: Readonly<Record<TransportCode, string>> = {
  'TRANSPORT.TIMEOUT': 'no answer in time',
  'TRANSPORT.RESET': 'the connection broke before the answer was complete',
  'TRANSPORT.DNS': 'the name of the endpoint cannot be resolved',
  'TRANSPORT.REFUSED': 'the endpoint cannot be reached',
  'TRANSPORT.TLS': 'no secure connection to the endpoint',
  'TRANSPORT.ENDPOINT': 'fetch refuses the port of the endpoint',
  'TRANSPORT.TOO_LARGE': 'the answer is too large',
  'TRANSPORT.GARBLED': 'the answer is not the JSON that was promised',
};

/** For a request that got no answer, or one whose body broke off. */
export function noAnswer(code: TransportCode, status = 0, requestId: string | null = null): DcsFailure {
  return failure(code, NO_ANSWER[code], status, requestId);
}

const word = z.catch(z.optional(z.pipe(z.union([z.string(), z.number()]), z.transform(String))), undefined);

/** Cloud Eye puts code and text one level down, under `message` or under `details`. */
const inner = z.catch(z.optional(z.object({ code: word, details: word })), undefined);

/** Every shape in which DCS (v2, v1), Cloud Eye, the API gateway and IAM write an error. */
const ErrorBody = z.object({
  error_code: word,
  error_msg: word,
  errorCode: word,
  errorMsg: word,
  code: word,
  message: word,
  request_id: word,
  error: z.catch(z.optional(z.object({ code: word, message: word })), undefined),
});

/** What a reply other than 2xx says. Secrets that it echoes are masked; HTML is not passed on. */
export function failureFrom(reply: Reply, secrets: Credentials): DcsFailure {
  const { status } = reply;
  if (status >= 300 && status < 400) {
    return failure(
      'TRANSPORT.REDIRECT',
      `HTTP ${status} to ${originOf(reply.headers.get('location'))}`,
      status,
      requestIdOf(reply, secrets),
    );
  }
  const json = jsonOf(reply.text);
  const body = ErrorBody.safeParse(json).data;
  const below = z.object({ message: inner, details: inner }).safeParse(json).data;
  const nested = below?.message ?? below?.details;
  const code = body?.error_code ?? body?.errorCode ?? body?.error?.code ?? nested?.code ?? body?.code ?? '';
  const message = body?.error_msg ?? body?.errorMsg ?? body?.error?.message ?? nested?.details ?? body?.message ?? '';
  const text =
    message === '' || looksLikeHtml(message) ? `HTTP ${status} with ${nameOf(reply.text)}` : masked(message, secrets);
  // IAM's older form repeats the HTTP status as a code.
  const isCode = code.trim() !== '' && !/^\d{3}$/.test(code.trim());
  return failure(isCode ? masked(code, secrets) : `HTTP.${status}`, text, status, requestIdOf(reply, secrets));
}

/** `X-Request-Id`, or what the gateway writes into its error bodies; masked as a message is, as it is shown beside it. */
export function requestIdOf(reply: Reply, secrets: Credentials): string | null {
  const found = reply.headers.get('x-request-id') ?? ErrorBody.safeParse(jsonOf(reply.text)).data?.request_id;
  return found ? masked(found, secrets).slice(0, 128) : null;
}

/** Undefined for anything that is not JSON. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What a signed request holds, by the names under which the gateway's 401 repeats it. */
const ECHOES =
  /\b(Signature|Access|ak|sk|x-security-token|x-auth-token|authorization)(["']?\s*[:=]\s*["']?)[^\s,;"']+/gi;

/** One line without anything of the request's signature, not endless. */
export function masked(text: string, { ak, sk, securityToken = '' }: Credentials): string {
  const known = maskSecrets(text, [ak, sk, securityToken]).replace(ECHOES, '$1$2[masked]');
  const withoutHashes = known.replace(/\b[0-9a-f]{64}\b/gi, '[masked]');
  return withoutHashes.replace(/\s+/g, ' ').trim().slice(0, LONGEST_MESSAGE);
}

function nameOf(text: string): string {
  if (text.trim() === '') return 'an empty body';
  if (looksLikeHtml(text)) return 'an HTML body';
  return jsonOf(text) === undefined ? 'a body that is not JSON' : 'no message';
}

function looksLikeHtml(text: string): boolean {
  return /<(!doctype|html|head|body|center|h1|p|title)\b/i.test(text);
}

/** Paths and queries of a redirect may hold tokens. */
function originOf(location: string | null): string {
  return location !== null && URL.canParse(location) ? new URL(location).origin : 'another address';
}

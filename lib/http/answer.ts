/** What every HTTP service in front of the function takes as its answer. */
export interface HttpAnswer {
  statusCode: number;
  headers: Record<string, string>;
  body: string;
  isBase64Encoded: false;
}

/** What a caller is told when a request is not carried out. Codes are static words; programs may rely on them. */
export const ERROR_CODES = {
  400: 'malformed',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not_found',
  405: 'method_not_allowed',
  409: 'idempotency_conflict',
  413: 'too_large',
  415: 'unsupported_media_type',
  422: 'invalid',
  429: 'too_many_requests',
  500: 'internal',
  503: 'no_policy',
} as const;
export type ErrorStatus = keyof typeof ERROR_CODES;

/** Ends a request with an error answer. Its message and details are shown to the caller: no secret may be in them. */
export class HttpError extends Error {
  readonly status: ErrorStatus;
  readonly details: unknown;
  readonly headers: Record<string, string>;
  readonly code: string;
  /** `code`: where the status alone does not say what it is. */
  constructor(
    status: ErrorStatus,
    message: string,
    details: unknown = null,
    headers: Record<string, string> = {},
    code: string = ERROR_CODES[status],
  ) {
    super(message);
    this.code = code;
    this.name = 'HttpError';
    this.status = status;
    this.details = details;
    this.headers = headers;
  }
}

/** Answers depend on who asks and change by the minute; nothing on the way may keep or reinterpret them. */
const ALWAYS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

export function jsonAnswer(
  statusCode: number,
  document: object,
  requestId: string,
  headers: Record<string, string> = {},
): HttpAnswer {
  return {
    statusCode,
    headers: { ...ALWAYS, 'content-type': 'application/json; charset=utf-8', ...headers },
    body: JSON.stringify({ ...document, requestId }),
    isBase64Encoded: false,
  };
}

export function errorAnswer({ status, code, message, details, headers }: HttpError, requestId: string): HttpAnswer {
  return jsonAnswer(status, { error: { code, message, details } }, requestId, headers);
}

/** A page without scripts, forms, frames or anything from elsewhere; its own style alone. */
export function htmlAnswer(html: string): HttpAnswer {
  return {
    statusCode: 200,
    headers: {
      ...ALWAYS,
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy':
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
      'referrer-policy': 'no-referrer',
    },
    body: html,
    isBase64Encoded: false,
  };
}

/** A request as it came in. */
export interface SimulatedRequest {
  method: string;
  /** Path and query as they stand in the request line, still percent-encoded. */
  target: string;
  /** Names in lower case. */
  headers: Readonly<Record<string, string>>;
  /** The bytes of the body as received; empty when there is none. */
  body: Uint8Array;
}

/** What goes back over the wire. */
export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** An answer, a connection that is reset, or silence for ever. */
export type Reaction = Answer | 'reset' | 'hang';

export function json(status: number, body: unknown): Answer {
  return { status, headers: { 'content-type': 'application/json;charset=UTF-8' }, body: JSON.stringify(body) };
}

/**
 * What the API and the gateway before it say when they refuse: HTTP status and message by code, `{0}` to be filled in.
 * (DCS API, error codes; API Gateway, error codes; Cloud Eye API, error codes.)
 */
const REFUSALS = {
  'APIGW.0101': [404, 'The API does not exist or has not been published in the environment'],
  'APIGW.0201': [413, 'Request entity too large'],
  'APIGW.0301': [401, 'Incorrect IAM authentication information: {0}'],
  'APIGW.0308': [429, 'The throttling threshold has been reached: {0}'],
  'APIGW.0310': [403, 'The project is unavailable'],
  'DCS.1004': [401, 'Project ID does not match the token.'],
  'DCS.3022': [404, 'This DCS instance does not exist.'],
  'DCS.4001': [404, 'The requested URL does not exist.'],
  'DCS.4004': [400, 'Empty request body.'],
  'DCS.4005': [400, 'The message body contains invalid characters or is not in JSON format.'],
  'DCS.4006': [400, 'The selected cache engine type is not supported.'],
  'DCS.4007': [400, 'Instance type is not supported.'],
  'DCS.4008': [400, 'The selected cache engine version is not supported.'],
  'DCS.4017': [400, 'This DCS instance job task is still running.'],
  'DCS.4026': [400, 'This operation is not allowed when the DCS instance is in the current state.'],
  'DCS.4049': [400, 'The instance status is not running.'],
  'DCS.4053': [400, 'the upgrade instance version equals to current version.'],
  'DCS.4061': [400, 'Invalid instance ID format.'],
  'DCS.4062': [400, 'Invalid {0} parameter in the request.'],
  'DCS.4070': [400, 'Invalid task ID format.'],
  'DCS.4095': [400, 'Single-node instances do not support this operation.'],
  'DCS.4096': [400, 'the instance is backuping.'],
  'DCS.4097': [400, 'the instance is restoring.'],
  'DCS.4104': [
    400,
    'The DCS instance is recovering from an internal fault. Please try again later or contact customer service.',
  ],
  'DCS.4111': [400, 'the instance is restarting.'],
  'DCS.4113': [400, 'the instance is extending.'],
  'DCS.4114': [400, 'the instance is configuring.'],
  'DCS.4115': [400, 'the instance is changing the password.'],
  'DCS.4116': [400, 'the instance is upgrading.'],
  'DCS.4117': [400, 'the instance is rollbacking the version.'],
  'DCS.4118': [400, 'the instance is creating.'],
  'DCS.4120': [400, 'the instance is Freezing.'],
  'DCS.4800': [400, 'Invalid {0} in the request.'],
  'DCS.5000': [500, 'Internal service error.'],
  'DCS.5006': [500, 'Submit job failed.'],
  'DCS.5077': [500, 'Query instance failed.'],
  'ces.0007': [500, 'Internal service error.'],
  'ces.0014': [400, 'Some content in message body is not correct, error message: {0}'],
  'ces.0017': [
    403,
    'The authentication information is incorrect or the service invoker does not have sufficient rights.',
  ],
} as const satisfies Record<string, readonly [status: number, message: string]>;
export type RefusalCode = keyof typeof REFUSALS;

/** Thrown where a request is refused; {@link answerOf} makes the answer of it. */
export class Refused extends Error {
  readonly code: string;
  readonly status: number;
  readonly headers: Record<string, string>;
  constructor(code: string, status: number, message: string, headers: Record<string, string> = {}) {
    super(message);
    this.name = 'Refused';
    this.code = code;
    this.status = status;
    this.headers = headers;
  }
}

/** The refusal with the text that belongs to the code; `detail` fills its gap. */
export function refusal(code: RefusalCode, detail = '', headers?: Record<string, string>): Refused {
  const [status, message] = REFUSALS[code];
  return new Refused(
    code,
    status,
    message.replace('{0}', () => detail),
    headers,
  );
}

/** A code from a fleet file; what the file does not say about it is as it is known here. */
export function refusalOf(code: string, status?: number, message?: string): Refused {
  if (!(code in REFUSALS)) return new Refused(code, status ?? 400, message ?? 'The request was refused.');
  const own = refusal(code as RefusalCode);
  return new Refused(code, status ?? own.status, message ?? own.message);
}

/** The body as its author writes it: the gateway adds its request id, DCS does not, Cloud Eye has a form of its own. */
export function answerOf({ code, status, message, headers }: Refused, requestId: string): Answer {
  if (code.startsWith('ces.'))
    return json(status, {
      http_code: status,
      message: { details: message, code },
      encoded_authorization_message: null,
    });
  const body = { error_msg: message, error_code: code };
  const answer = json(status, code.startsWith('APIGW.') ? { ...body, request_id: requestId } : body);
  return { ...answer, headers: { ...answer.headers, ...headers } };
}

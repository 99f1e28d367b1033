import * as z from 'zod/mini';

/** An HTTP request, whichever service it came through. */
export interface HttpRequest {
  /** Upper case. */
  method: string;
  /** Begins with a slash; percent-encoded as it was sent; without the stage's name. */
  path: string;
  /** Of a name that was given twice the last value counts. */
  query: Record<string, string>;
  /** By name in lower case. */
  headers: Record<string, string>;
  body: Buffer;
  /** The id that the gateway gave it. */
  requestId: string;
}

const TextMap = z.nullish(z.record(z.string(), z.unknown()));
const COMMON = { headers: TextMap, body: z.nullish(z.string()), isBase64Encoded: z.nullish(z.boolean()) };

/** API Gateway HTTP API with payload 2.0, and Lambda function URLs. */
const Payload2 = z.object({
  ...COMMON,
  version: z.literal('2.0'),
  rawPath: z.string(),
  rawQueryString: z.nullish(z.string()),
  requestContext: z.object({
    http: z.object({ method: z.string() }),
    requestId: z.string(),
    stage: z.nullish(z.string()),
  }),
});

/**
 * API Gateway REST (payload 1.0), whose headers may be null, and FunctionGraph APIG, whose body is base64. A load
 * balancer's event looks alike but has no request id; it encodes its queries in another way, so it is not taken for one.
 */
const Payload1 = z.object({
  ...COMMON,
  httpMethod: z.string(),
  path: z.string(),
  queryStringParameters: TextMap,
  requestContext: z.object({ requestId: z.string() }),
});

/** The request in an invocation's event, or null when it is not an HTTP event of a known form. */
export function readEvent(event: unknown): HttpRequest | null {
  const second = Payload2.safeParse(event);
  if (second.success) {
    const { rawPath, rawQueryString, requestContext } = second.data;
    return {
      ...shared(second.data),
      method: requestContext.http.method.toUpperCase(),
      path: withoutStage(rawPath, requestContext.stage),
      query: Object.fromEntries(new URLSearchParams(rawQueryString ?? '')),
      requestId: requestContext.requestId,
    };
  }
  const first = Payload1.safeParse(event);
  if (!first.success) return null;
  const { httpMethod, path, queryStringParameters, requestContext } = first.data;
  return {
    ...shared(first.data),
    method: httpMethod.toUpperCase(),
    path,
    query: texts(queryStringParameters),
    requestId: requestContext.requestId,
  };
}

interface Shared {
  headers?: Record<string, unknown> | null | undefined;
  body?: string | null | undefined;
  isBase64Encoded?: boolean | null | undefined;
}

function shared({ headers, body, isBase64Encoded }: Shared): Pick<HttpRequest, 'headers' | 'body'> {
  const pairs = Object.entries(texts(headers)).map(([name, value]) => [name.toLowerCase(), value]);
  return { headers: Object.fromEntries(pairs), body: Buffer.from(body ?? '', isBase64Encoded ? 'base64' : 'utf8') };
}

function texts(map: Record<string, unknown> | null | undefined): Record<string, string> {
  return Object.fromEntries(
    Object.entries(map ?? {}).filter((pair): pair is [string, string] => typeof pair[1] === 'string'),
  );
}

/** Payload 2.0 puts the stage's name before the path, except for the stage `$default`. */
function withoutStage(path: string, stage: string | null | undefined): string {
  if (!stage || stage === '$default') return path;
  if (path === `/${stage}`) return '/';
  return path.startsWith(`/${stage}/`) ? path.slice(stage.length + 1) : path;
}

import * as z from 'zod/mini';
import { ERROR_CODES, type ErrorStatus } from './answer.ts';
import type { Route } from './route.ts';
import { components, ErrorAnswer } from './schemas.ts';

/** What any route may end with. */
const ALWAYS: ErrorStatus[] = [405, 500];
/** What any route that needs a key may end with beside. */
const WITH_KEY: ErrorStatus[] = [401, 403, 429];
const WITH_BODY: ErrorStatus[] = [400, 413, 415, 422];

type Json = Record<string, unknown>;

/** The OpenAPI 3.1 description of the routes, made from the schemas that they check with. */
export function openApi(routes: readonly Route[], version: string): Json {
  const { schemas } = z.toJSONSchema(components, { uri: refTo });
  const paths: Record<string, Json> = {};
  for (const route of routes)
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operation(route) };
  return {
    openapi: '3.1.0',
    info: {
      title: 'dcs-upgrader',
      version,
      description: 'Keeps DCS instances on the latest version, inside maintenance windows.',
    },
    paths,
    components: {
      schemas: Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, bare(schema)])),
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        apiKey: { type: 'apiKey', in: 'header', name: 'X-Api-Key' },
        basic: { type: 'http', scheme: 'basic', description: 'The key as the password; for reading only.' },
      },
    },
  };
}

function operation({ method, path, right, summary, query, body, headers, answer, errors }: Route): Json {
  const statuses = new Set([...(right ? WITH_KEY : []), ...(body ? WITH_BODY : []), ...(query ? [422 as const] : []), ...(errors ?? []), ...ALWAYS]); // biome-ignore format: one list
  const failures = [...statuses].sort().map((status) => [status, told(ERROR_CODES[status], ErrorAnswer)]);
  return {
    operationId: `${method.toLowerCase()}${path.replace(/\W+(\w)?/g, (_, letter: string = '') => letter.toUpperCase())}`,
    summary,
    parameters: [...pathParameters(path), ...queryParameters(query), ...headerParameters(headers)],
    ...(body
      ? { requestBody: { required: true, content: jsonContent(bare(z.toJSONSchema(body, { io: 'input' }))) } }
      : {}),
    responses: { [answer.status]: told(summary, answer.schema), ...Object.fromEntries(failures) },
    security: securityOf(method, right),
    ...(right ? { 'x-right': right } : {}),
  };
}

function told(description: string, schema: z.ZodMiniType | null): Json {
  if (schema === null) return { description, content: { 'text/html': { schema: { type: 'string' } } } };
  const id = components.get(schema)?.id;
  return { description, content: jsonContent(id ? { $ref: refTo(id) } : bare(z.toJSONSchema(schema))) };
}

function jsonContent(schema: Json): Json {
  return { 'application/json': { schema } };
}

function refTo(id: string): string {
  return `#/components/schemas/${id}`;
}

/** Without what says where a schema stands: inside this document that is known. */
function bare({ $schema: _, $id: __, ...schema }: Json): Json {
  return schema;
}

function pathParameters(path: string): Json[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => parameter('path', name!, { type: 'string' }, true));
}

function queryParameters(query: z.ZodMiniType | undefined): Json[] {
  if (!query) return [];
  const { properties = {} } = z.toJSONSchema(query, { io: 'input' });
  return Object.entries(properties).map(([name, schema]) => parameter('query', name, schema, false));
}

function headerParameters(headers: Record<string, string> = {}): Json[] {
  return Object.entries(headers).map(([name, description]) => ({
    ...parameter('header', name, { type: 'string' }, false),
    description,
  }));
}

function parameter(where: string, name: string, schema: unknown, required: boolean): Json {
  return { name, in: where, required, schema };
}

function securityOf(method: string, right: Route['right']): Json[] {
  if (!right) return [];
  return [{ bearer: [] }, { apiKey: [] }, ...(method === 'GET' ? [{ basic: [] }] : [])];
}

import { expect } from '@jest/globals';
import * as z from 'zod';

type Json = Record<string, unknown>;

/** The parts of an OpenAPI description that answers are held against. */
export interface Description {
  paths: Record<string, Record<string, { responses: Record<string, { content: Record<string, { schema: Json }> }> }>>;
  components: { schemas: Record<string, Json> };
}

/** What is wrong with an answer by the description; empty when nothing is. */
export function misfits(
  description: Description,
  method: string,
  path: string,
  answer: { status: number; type: string; json: unknown },
): string[] {
  const pattern = Object.keys(description.paths).find((one) => isLike(one, path));
  const operation = pattern === undefined ? undefined : description.paths[pattern]![method.toLowerCase()];
  // Where nothing is, and where the method is wrong, the description has nothing to say but how errors look.
  const response = operation?.responses[String(answer.status)];
  if (operation && !response) return [`${method} ${pattern} may not answer ${answer.status}`];
  const content = response?.content ?? { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } };
  const found = content[answer.type];
  if (!found) return [`${method} ${path} may not answer with ${answer.type}`];
  if (answer.type !== 'application/json') return [];
  const parsed = schemaOf(description, found.schema).safeParse(answer.json);
  return parsed.success ? [] : [z.prettifyError(parsed.error)];
}

export function expectToFit(
  description: Description,
  method: string,
  path: string,
  reply: { status: number; headers: Headers; json: unknown },
): void {
  const type = (reply.headers.get('content-type') ?? '').split(';')[0]!;
  expect(misfits(description, method, path.split('?')[0]!, { status: reply.status, type, json: reply.json })).toEqual(
    [],
  );
}

/** Every schema of the description can be read, so that none is passed by. */
export function schemaOf(description: Description, schema: Json): z.ZodType {
  return z.fromJSONSchema(inlined(description, schema) as Parameters<typeof z.fromJSONSchema>[0]);
}

function inlined(description: Description, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => inlined(description, item));
  if (typeof value !== 'object' || value === null) return value;
  const { $ref } = value as { $ref?: string };
  if ($ref !== undefined) return inlined(description, description.components.schemas[$ref.split('/').at(-1)!]);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, inlined(description, item)]));
}

function isLike(pattern: string, path: string): boolean {
  const [wanted, given] = [pattern.split('/'), path.split('/')];
  return wanted.length === given.length && wanted.every((part, index) => part.startsWith('{') || part === given[index]);
}

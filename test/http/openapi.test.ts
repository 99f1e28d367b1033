import { describe, expect, it } from '@jest/globals';
import { openApi } from '../../lib/http/openapi.ts';
import { ROUTES } from '../../lib/http/routes.ts';
import { type Description, misfits, schemaOf } from '../support/openapi.ts';

const description = openApi(ROUTES, '1.2.3') as unknown as Description & Record<string, unknown>;

describe('the description of the API', () => {
  it('is OpenAPI 3.1 of this version, and survives being JSON', () => {
    expect(description).toMatchObject({ openapi: '3.1.0', info: { version: '1.2.3' } });
    expect(JSON.parse(JSON.stringify(description))).toEqual(description);
  });

  it('has every route', () => {
    const described = Object.entries(description.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(described.sort()).toEqual([
      'DELETE /holds/{id}', 'GET /', 'GET /fleet', 'GET /fleet/{instanceId}', 'GET /health', 'GET /openapi.json', 'GET /plan',
      'GET /upgrades/{runId}', 'GET /windows', 'POST /alerts/{source}', 'POST /approvals', 'POST /holds', 'POST /upgrades',
    ]); // biome-ignore format: a list
  });

  it('gives every operation another id, and every path parameter its place', () => {
    const operations = Object.entries(description.paths).flatMap(([path, methods]) =>
      Object.values(methods).map((operation) => ({ path, ...(operation as unknown as Operation) })),
    );
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
    for (const { path, parameters } of operations) {
      const named = parameters.filter((one) => one.in === 'path' && one.required).map(({ name }) => `{${name}}`);
      expect(path.match(/\{\w+\}/g) ?? []).toEqual(named);
    }
  });

  it('refers to nothing that it does not have', () => {
    const names = [...JSON.stringify(description).matchAll(/"\$ref":"([^"]*)"/g)].map(([, ref]) => ref!);
    expect(names.length).toBeGreaterThan(20);
    for (const ref of new Set(names))
      expect(ref.replace(/^#\/components\/schemas\//, '') in description.components.schemas).toBe(true);
  });

  it('says what a body may be', () => {
    const { requestBody } = description.paths['/upgrades']!.post as unknown as {
      requestBody: { content: Record<string, { schema: Record<string, unknown> }> };
    };
    const schema = schemaOf(description, requestBody.content['application/json']!.schema);
    const isGood = (body: unknown) => schema.safeParse(body).success;
    expect(isGood({ reason: 'x', match: { tags: { env: ['dev'] }, name: 'a*' } })).toBe(true);
    expect([isGood({}), isGood({ reason: 'x', dryrun: false }), isGood({ reason: 'x', instanceIds: [] })]).toEqual([
      false,
      false,
      false,
    ]);
  });
});

describe('an answer is held against it', () => {
  const checked = (json: unknown, status = 200, type = 'application/json') =>
    misfits(description, 'GET', '/health', { status, type, json });
  it.each<[string, string[], boolean]>([
    ['as it is described', checked({ status: 'ok', version: '1', requestId: 'r' }), true],
    ['with something missing', checked({ status: 'ok', version: '1' }), false],
    ['with something more', checked({ status: 'ok', version: '1', requestId: 'r', host: 'h' }), false],
    ['of another status', checked({}, 418), false],
    ['of another type', checked('ok', 200, 'text/plain'), false],
    ['an error without its id', checked({ error: { code: 'internal', message: 'm', details: null } }, 500), false],
  ])('%s', (_, found, isGood) => {
    expect(found.length === 0).toBe(isGood);
  });
});

interface Operation {
  operationId: string;
  parameters: { name: string; in: string; required: boolean }[];
}

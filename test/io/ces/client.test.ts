import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { lastGood } from '../../../lib/core/backup.ts';
import type { Scope } from '../../../lib/core/instance.ts';
import type { Gauge } from '../../../lib/core/load.ts';
import { MINUTE } from '../../../lib/core/time.ts';
import { type Clock, DcsError, type Metrics } from '../../../lib/deps.ts';
import { createMetrics } from '../../../lib/io/ces/client.ts';
import { createDcs } from '../../../lib/io/dcs/client.ts';
import { CES, DCS, endpointOf } from '../../../lib/io/dcs/service.ts';
import { canonicalRequest, signature } from '../../../lib/io/dcs/sign.ts';
import { startUnkindServer, type UnkindServer } from '../../support/unkind-server.ts';

const NOW = Date.parse('2026-03-06T14:00:00Z');
const SINCE = NOW - 15 * MINUTE;
const keys = { ak: 'AKMADEUP0001', sk: 'made-up/secret+key' };
const scope: Scope = { id: 'cn-north-4/p1', project: 'p1', region: 'cn-north-4' };
const gauge = (metric: string, id = 'i-1'): Gauge => ({ metric, dimensions: [['dcs_instance_id', id]] });
const row = ({ metric, dimensions }: Gauge, datapoints: unknown) => ({
  unit: '%',
  namespace: 'SYS.DCS',
  metric_name: metric,
  dimensions: dimensions.map(([name, value]) => ({ name, value })),
  datapoints,
});

let server: UnkindServer;
let slept: number[];
beforeEach(async () => {
  server = await startUnkindServer();
  slept = [];
});
afterEach(() => server.close());

function options() {
  const clock: Clock = {
    now: () => NOW + slept.reduce((a, b) => a + b, 0),
    sleep: async (ms) => void slept.push(ms),
  };
  return { clock, credentials: async () => keys, endpointOverride: server.url, log: () => {}, random: () => 0 };
}
const metrics = (): Metrics => createMetrics(options());

describe('a question to Cloud Eye', () => {
  it('is one POST, signed, in the API’s own words', async () => {
    server.answer = () => ({ body: { metrics: [] } });
    await metrics().highest(scope, [gauge('cpu_usage')], SINCE);
    const [request] = server.received;
    expect([request!.method, request!.path]).toEqual(['POST', '/V1.0/p1/batch-query-metric-data']);
    expect(JSON.parse(request!.body)).toEqual({
      metrics: [
        {
          namespace: 'SYS.DCS',
          metric_name: 'cpu_usage',
          dimensions: [{ name: 'dcs_instance_id', value: 'i-1' }],
        },
      ],
      from: SINCE,
      to: NOW,
      period: '1',
      filter: 'max',
    });
    const { method, path, headers, body } = request!;
    const [, names, given] = /SignedHeaders=([^,]+), Signature=(\w+)$/.exec(headers.authorization!)!;
    const canonical = canonicalRequest({ method, path, query: [], headers, signedHeaders: names!.split(';'), body });
    expect(signature(keys.sk, headers['x-sdk-date']!, canonical)).toBe(given);
  });

  it('is about ten metrics at most, and nothing is asked about none', async () => {
    server.answer = ({ body }) => {
      const { metrics } = JSON.parse(body) as { metrics: { dimensions: { value: string }[] }[] };
      const rows = metrics.map(({ dimensions }) =>
        row(gauge('cpu_usage', dimensions[0]!.value), [{ max: Number(dimensions[0]!.value), timestamp: NOW }]),
      );
      return { body: { metrics: rows } };
    };
    const many = Array.from({ length: 23 }, (_, index) => gauge('cpu_usage', String(index)));
    const readings = await metrics().highest(scope, many, SINCE);
    expect(readings.map((reading) => reading?.highest)).toEqual(many.map((_, index) => index));
    expect(server.received.map(({ body }) => JSON.parse(body).metrics.length)).toEqual([10, 10, 3]);
    expect(await metrics().highest(scope, [], SINCE)).toEqual([]);
    expect(server.received).toHaveLength(3);
  });
});

describe('its answer', () => {
  const point = (max: unknown, minutes: number) => ({ max, timestamp: NOW - minutes * MINUTE });
  it.each<[string, unknown[], { highest: number; at: number } | null]>([
    ['the highest value, and the time of the newest', [point(20, 3), point(81.5, 2), point(30, 1)], { highest: 81.5, at: NOW - MINUTE }],
    ['in any order', [point(30, 1), point(81.5, 2)], { highest: 81.5, at: NOW - MINUTE }],
    ['numbers as text', [{ max: '12.5', timestamp: String(NOW) }], { highest: 12.5, at: NOW }],
    ['nothing', [], null],
    ['points of before the question', [point(20, 16)], null],
    ['a point at its first instant', [point(20, 15)], { highest: 20, at: SINCE }],
    ['no value', [{ timestamp: NOW }], null],
    ['the value of another filter', [{ average: 20, timestamp: NOW }], null],
    ['no time', [{ max: 20 }], null],
    ['values that cannot be', [point(-1, 1), point(null, 1), point('NaN', 1)], null],
    ['one that can be read, and one that cannot', [point('?', 1), point(7, 2)], { highest: 7, at: NOW - 2 * MINUTE }],
  ])('%s', async (_, points, expected) => {
    server.answer = () => ({ body: { metrics: [row(gauge('cpu_usage'), points)] } });
    expect(await metrics().highest(scope, [gauge('cpu_usage')], SINCE)).toEqual([expected]);
  }); // biome-ignore format: a table

  it('is told by its names: other metrics, other instances and another order mean nothing', async () => {
    const at = [{ max: 5, timestamp: NOW }];
    const high = [{ max: 99, timestamp: NOW }];
    const rows = [row(gauge('memory_usage'), high), row(gauge('cpu_usage', 'i-2'), high), null, row(gauge('cpu_usage'), at)];
    server.answer = () => ({ body: { metrics: rows } });
    const wanted = [gauge('cpu_usage'), gauge('memory_usage'), gauge('bandwidth_usage')];
    expect((await metrics().highest(scope, wanted, SINCE)).map((reading) => reading?.highest ?? null)).toEqual([5, 99, null]);
  }); // biome-ignore format: rows

  it('a node’s dimensions may come in any order', async () => {
    const node: Gauge = { metric: 'cpu_usage', dimensions: [['dcs_instance_id', 'i'], ['dcs_cluster_redis_node', 'n']] }; // biome-ignore format: one
    const turned = { ...node, dimensions: node.dimensions.toReversed() };
    server.answer = () => ({ body: { metrics: [row(turned, [{ max: 5, timestamp: NOW }])] } });
    expect(await metrics().highest(scope, [node], SINCE)).toEqual([{ highest: 5, at: NOW }]);
  });

  it.each<[string, object | string, string]>([
    ['nothing', '', 'TRANSPORT.EMPTY'],
    ['HTML', '<html>login</html>', 'TRANSPORT.GARBLED'],
    ['no list', {}, 'TRANSPORT.GARBLED'],
  ])('%s is no answer', async (_, body, code) => {
    server.answer = () => ({ body });
    const error = await metrics()
      .highest(scope, [gauge('cpu_usage')], SINCE)
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DcsError);
    expect((error as DcsError).code).toBe(code);
  });

  it.each([
    [429, 2],
    [503, 2],
    [403, 1],
  ])('a %i is asked %i times', async (status, asked) => {
    server.answer = (_, nth) => (nth === 1 ? { status, body: {} } : { body: { metrics: [] } });
    await metrics()
      .highest(scope, [gauge('cpu_usage')], SINCE)
      .catch(() => undefined);
    expect(server.received).toHaveLength(asked);
  });

  it('its throttling does not slow the calls to DCS', async () => {
    server.answer = ({ path }) => (path.startsWith('/V1.0') ? { status: 429, headers: { 'retry-after': '600' }, body: {} } : { body: { tasks: [] } });
    await metrics().highest(scope, [gauge('cpu_usage')], SINCE).catch(() => undefined);
    slept = [];
    await createDcs(options()).listTasks(scope, 'i-1', SINCE);
    expect(slept).toEqual([]);
  }); // biome-ignore format: one line
});

describe('the nodes of an instance', () => {
  it('are those of each dimension', async () => {
    server.answer = () => ({
      body: {
        router: ['dcs_instance_id'],
        children: [{ dim_name: 'dcs_cluster_redis_node', dim_route: 'dcs_instance_id,dcs_cluster_redis_node' }],
        dcs_cluster_redis_node: [{ dcs_instance_id: 'i', name: '10.0.0.1', dcs_cluster_redis_node: 'n1', status: 'NORMAL' }],
        dcs_cluster_proxy_node: null,
        dcs_cluster_proxy2_node: [{ dcs_cluster_proxy2_node: 'n2' }],
        total: 1,
      },
    }); // biome-ignore format: an answer
    expect(await createDcs(options()).listNodes(scope, 'i')).toEqual([
      { dimension: 'dcs_cluster_redis_node', id: 'n1' },
      { dimension: 'dcs_cluster_proxy2_node', id: 'n2' },
    ]);
    const { path, query } = server.received[0]!;
    expect([path, query]).toEqual(['/v2/p1/dims/monitored-objects/i', { dim_name: 'dcs_instance_id' }]);
  });

  it('may be none; but one without an id is no answer', async () => {
    server.answer = () => ({ body: { total: 1 } });
    expect(await createDcs(options()).listNodes(scope, 'i')).toEqual([]);
    server.answer = () => ({ body: { dcs_cluster_redis_node: [{ name: '10.0.0.1' }] } });
    await expect(createDcs(options()).listNodes(scope, 'i')).rejects.toMatchObject({ code: 'TRANSPORT.GARBLED' });
  });
});

describe('the last backup', () => {
  const backup = (id: string, change: object = {}) => ({ backup_id: id, status: 'succeed', created_at: '2026-03-05T10:00:00.000Z', is_support_restore: 'TRUE', ...change }); // biome-ignore format: one line
  it.each<[string, object[], string | null]>([
    ['none', [], null],
    ['the newest of several', [backup('a'), backup('b', { created_at: '2026-03-06T10:00:00Z' }), backup('c')], '2026-03-06T10:00:00Z'],
    ['as old as its beginning', [backup('a', { execution_at: '2026-03-05T09:00:00Z', updated_at: '2026-03-06T10:00:00Z' })], '2026-03-05T09:00:00Z'],
    ['one that is not over', [backup('a', { status: 'backuping' }), backup('b', { status: 'waiting' })], null],
    ['one that failed, expired or was deleted', ['failed', 'expired', 'deleted'].map((status) => backup(status, { status })), null],
    ['one that cannot be restored', [backup('a', { is_support_restore: 'FALSE' })], null],
    ['one of a time that cannot be read', [backup('a', { created_at: 'yesterday' })], null],
    ['one of a status in other words', [backup('a', { status: 'SUCCEED' })], '2026-03-05T10:00:00Z'],
  ])('%s', async (_, rows, expected) => {
    server.answer = () => ({ body: { total_num: rows.length, backup_record_response: rows } });
    const at = lastGood(await createDcs(options()).listBackups(scope, 'i-1', NOW - 31 * 24 * 60 * MINUTE));
    expect(at).toBe(expected && Date.parse(expected));
    const { path, query } = server.received[0]!;
    expect([path, query]).toEqual(['/v2/p1/instances/i-1/backups', { begin_time: '20260203140000', offset: '0', limit: '100' }]);
  }); // biome-ignore format: a table
});

it.each([
  [{}, 'https://dcs.cn-north-4.myhuaweicloud.com', 'https://ces.cn-north-4.myhuaweicloud.com'],
  [{ endpoint: 'https://dcs.eu-west-101.myhuaweicloud.eu' }, 'https://dcs.eu-west-101.myhuaweicloud.eu', 'https://ces.eu-west-101.myhuaweicloud.eu'],
  [{ endpoint: 'https://10.0.0.8' }, 'https://10.0.0.8', 'https://ces.cn-north-4.myhuaweicloud.com'],
])('a scope with %j: %s and %s', (change, dcs, ces) => {
  expect([endpointOf({ ...scope, ...change }, DCS), endpointOf({ ...scope, ...change }, CES)]).toEqual([dcs, ces]);
}); // biome-ignore format: a table

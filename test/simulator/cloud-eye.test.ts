import { describe, expect, it } from '@jest/globals';
import { MINUTE } from '../../lib/core/time.ts';
import type { FileInstance } from '../../lib/simulator/fleet.ts';
import { type Ask, bench, fleetOf, idOf, PROJECT, pathOf, START } from './harness.ts';

const PATH = `/V1.0/${PROJECT}/batch-query-metric-data`;
const metric = (name: string, node?: [string, string], id = idOf('cart')) => ({
  namespace: 'SYS.DCS',
  metric_name: name,
  dimensions: [{ name: 'dcs_instance_id', value: id }, ...(node ? [{ name: node[0], value: node[1] }] : [])],
});
const question = (change: object = {}) => ({
  metrics: [metric('cpu_usage')],
  from: START - 15 * MINUTE,
  to: START,
  period: '1',
  filter: 'max',
  ...change,
});

interface Row {
  metric_name: string;
  datapoints: { max?: number; timestamp: number }[];
}

async function eyeOn(instance: Omit<FileInstance, 'name'> = {}) {
  const { ask, sim, clock } = await bench(fleetOf([{ name: 'cart', ...instance }]));
  const post = (body: unknown, more: Ask = {}) => ask(PATH, { method: 'POST', body, ...more });
  const points = async (change: object = {}) => {
    const { body } = await post(question(change));
    return (body.metrics as Row[]).map(({ datapoints }) => datapoints);
  };
  return { ask, post, points, sim, clock };
}

describe('metrics', () => {
  it('are a point a minute, a little late, for each that was asked for', async () => {
    const { points } = await eyeOn({ load: { cpu: 40, memory: 50, bandwidth: 60 } });
    const found = await points({ metrics: ['cpu_usage', 'memory_usage', 'bandwidth_usage'].map((name) => metric(name)) });
    expect(found.map((one) => one.length)).toEqual([14, 14, 14]);
    expect(found.map((one) => one[0]!.max)).toEqual([40, 50, 60]);
    expect(found[0]![0]!.timestamp).toBe(START - 15 * MINUTE);
    expect(found[0]!.at(-1)!.timestamp).toBe(START - 2 * MINUTE);
  }); // biome-ignore format: one line

  it.each<[string, object, number]>([
    ['of another instance', { metrics: [metric('cpu_usage', undefined, idOf('other'))] }, 0],
    ['of a name that there is not', { metrics: [metric('cpu_use')] }, 0],
    ['of a node that there is not', { metrics: [metric('cpu_usage', ['dcs_cluster_redis_node', 'n'])] }, 0],
    ['of less than a period', { from: START - MINUTE + 1 }, 0],
    ['of the last five minutes', { from: START - 5 * MINUTE }, 4],
    ['of a day: its beginning is cut off', { from: START - 60 * 60 * MINUTE }, 2_999],
    ['of a day, two at once: more of it', { from: START - 60 * 60 * MINUTE, metrics: [metric('cpu_usage'), metric('memory_usage')] }, 1_499],
    ['in periods of five minutes', { period: '300' }, 3],
  ])('%s', async (_, change, count) => {
    const { points } = await eyeOn();
    expect((await points(change))[0]).toHaveLength(count);
  }); // biome-ignore format: a table

  it.each<[string, unknown]>([
    ['nothing', ''],
    ['no JSON', '{'],
    ['a period as a number', question({ period: 1 })],
    ['a period that there is not', question({ period: '60' })],
    ['a filter that there is not', question({ filter: 'last' })],
    ['seconds', question({ from: START / 1000 - 900, to: START / 1000 })],
    ['a span that ends before it begins', question({ from: START + 1 })],
    ['another namespace', question({ metrics: [{ ...metric('cpu_usage'), namespace: 'SYS.ECS' }] })],
    ['no metric', question({ metrics: [] })],
    ['eleven metrics', question({ metrics: Array(11).fill(metric('cpu_usage')) })],
    ['a field that there is not', question({ filters: 'max' })],
    ['an empty id', question({ metrics: [metric('cpu_usage', undefined, '')] })],
  ])('%s: ces.0014, in the form of Cloud Eye', async (_, body) => {
    const { post } = await eyeOn();
    const got = await post(body);
    expect(got.status).toBe(400);
    expect(got.body).toMatchObject({ http_code: 400, message: { code: 'ces.0014', details: expect.any(String) } });
  });

  it('are for callers who sign, of the project', async () => {
    const { post, ask } = await eyeOn();
    expect((await post(question(), { sk: 'wrong' })).status).toBe(401);
    expect((await ask(`/V1.0/another/batch-query-metric-data`, { method: 'POST', body: question() })).status).toBe(401);
    expect((await ask(`/v2/${PROJECT}/batch-query-metric-data`, { method: 'POST', body: question() })).status).toBe(
      404,
    );
  });

  it('have a request limit of their own', async () => {
    const fleet = fleetOf([{ name: 'cart' }], { gateway: { rateLimit: { limit: 2, seconds: 60 } } });
    const { ask, read } = await bench(fleet);
    const statuses = [];
    for (let count = 0; count < 3; count++) {
      statuses.push((await ask(PATH, { method: 'POST', body: question() })).status, (await read('cart')).status);
    }
    expect(statuses).toEqual([200, 200, 200, 200, 429, 429]);
  });
});

describe('nodes', () => {
  const nodesOf = async (cacheMode: NonNullable<FileInstance['cacheMode']>) => {
    const { ask, points } = await eyeOn({ cacheMode, shards: 2, load: { cpu: 80 } });
    const got = await ask(`/v2/${PROJECT}/dims/monitored-objects/${idOf('cart')}?dim_name=dcs_instance_id`);
    const rows = (name: string) => ((got.body[name] ?? []) as Record<string, string>[]).map((row) => row[name]!);
    return { points, data: rows('dcs_cluster_redis_node'), proxies: rows('dcs_cluster_proxy2_node') };
  };

  it.each<[NonNullable<FileInstance['cacheMode']>, number, number, number]>([
    ['single', 0, 0, 14],
    ['ha', 0, 0, 14],
    ['ha_rw_split', 0, 0, 14],
    ['proxy', 4, 2, 0],
    ['cluster', 4, 0, 0],
  ])('%s: %i for data, %i proxies; %i points of a CPU of its own', async (cacheMode, data, proxies, own) => {
    const found = await nodesOf(cacheMode);
    expect([found.data.length, found.proxies.length]).toEqual([data, proxies]);
    const [cpu, memory] = await found.points({ metrics: [metric('cpu_usage'), metric('memory_usage')] });
    expect([cpu!.length, memory!.length]).toEqual([own, 14]);
  });

  it('each has its CPU; one is as loaded as the fleet says', async () => {
    const { data, proxies, points } = await nodesOf('proxy');
    const metrics = [
      ...data.map((id) => metric('cpu_usage', ['dcs_cluster_redis_node', id])),
      ...proxies.map((id) => metric('cpu_usage', ['dcs_cluster_proxy2_node', id])),
    ];
    expect((await points({ metrics })).map((one) => one[0]!.max)).toEqual([1, 1, 1, 80, 1, 1]);
  });

  it('are asked for by the name of their dimension', async () => {
    const { ask } = await eyeOn();
    expect((await ask(`/v2/${PROJECT}/dims/monitored-objects/${idOf('cart')}`)).body.error_code).toBe('DCS.4800');
  });
});

describe('backups', () => {
  const statuses = (body: Record<string, unknown>) =>
    (body.backup_record_response as { status: string }[]).map(({ status }) => status);

  it('one that failed, and the good one before it', async () => {
    const { ask } = await eyeOn({ backupHours: 30 });
    const { body } = await ask(pathOf('cart', '/backups'));
    expect([body.total_num, statuses(body)]).toEqual([2, ['failed', 'succeed']]);
    expect(body.backup_record_response).toMatchObject([{}, { created_at: '2026-03-05T08:00:00.000Z' }]);
  });

  it('of a span, page by page', async () => {
    const { ask } = await eyeOn({ backupHours: 30 });
    const of = async (query: string) => statuses((await ask(pathOf('cart', `/backups?${query}`))).body);
    expect(await of('begin_time=20260305081500')).toEqual(['failed']);
    expect(await of('end_time=20260305081500')).toEqual(['succeed']);
    expect(await of('offset=1&limit=1')).toEqual(['succeed']);
    expect((await ask(pathOf('cart', '/backups?since=1'))).body.error_code).toBe('DCS.4800');
  });

  it.each<[string, Omit<FileInstance, 'name'>]>([
    ['where the fleet says so', { backupHours: null }],
    ['of a single-node instance', { cacheMode: 'single', backupHours: 1 }],
  ])('none %s', async (_, instance) => {
    const { ask } = await eyeOn(instance);
    expect((await ask(pathOf('cart', '/backups'))).body).toMatchObject({ total_num: 0, backup_record_response: [] });
  });
});

describe('faults', () => {
  it('no_metrics: none, for as long as it says', async () => {
    const { points, clock } = await eyeOn({ faults: [{ fault: 'no_metrics', seconds: 60 }] });
    expect(await points()).toEqual([[]]);
    await clock.advance(MINUTE);
    expect((await points())[0]!.length).toBeGreaterThan(0);
    expect(await (await eyeOn({ faults: ['no_metrics'] })).points()).toEqual([[]]);
  });

  it('stale_metrics: the newest is so old', async () => {
    const { points } = await eyeOn({ faults: [{ fault: 'stale_metrics', seconds: 600 }] });
    expect((await points())[0]!.at(-1)!.timestamp).toBe(START - 10 * MINUTE);
  });

  it('high_load: of one metric, for as long as it says', async () => {
    const { points, clock } = await eyeOn({ faults: [{ fault: 'high_load', load: 'memory', percent: 91, seconds: 60 }] });
    const both = { metrics: [metric('cpu_usage'), metric('memory_usage')] };
    expect((await points(both)).map((one) => one[0]!.max)).toEqual([12, 91]);
    await clock.advance(5 * MINUTE);
    const later = await points({ ...both, to: START + 5 * MINUTE });
    expect(later.map((one) => one.at(-1)!.max)).toEqual([12, 35]);
    expect((await (await eyeOn({ faults: ['high_load'] })).points())[0]![0]!.max).toBe(95);
  }); // biome-ignore format: one line

  it.each<[NonNullable<FileInstance['faults']>[number], number, object]>([
    ['refuse_metrics', 500, { message: { code: 'ces.0007' } }],
    [{ fault: 'refuse_metrics', code: 'ces.0017' }, 403, { message: { code: 'ces.0017' } }],
    [{ fault: 'refuse_metrics', code: 'APIGW.0308', status: 429 }, 429, { error_code: 'APIGW.0308' }],
  ])('%j: %i, as often as it says', async (fault, status, body) => {
    const given = typeof fault === 'string' ? { fault } : fault;
    const { post } = await eyeOn({ faults: [{ ...given, times: 1 } as typeof fault] });
    expect(await post(question())).toMatchObject({ status, body });
    expect((await post(question())).status).toBe(200);
  });
});

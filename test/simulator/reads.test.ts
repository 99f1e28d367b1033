import { describe, expect, it } from '@jest/globals';
import { bench, fleetOf, idOf, PROJECT, pathOf, START } from './harness.ts';

const LIST = `/v2/${PROJECT}/instances`;
const OTHER = '2f0e2d3c4b5a69788796a5b4c3d2e1f0';

const fleet = fleetOf([
  { name: 'cart-01', tags: { env: 'dev', app: 'cart' } },
  { name: 'cart-02', cacheMode: 'ha_rw_split', capacity: 8, tags: { env: 'prod', app: 'cart' } },
  { name: 'cart', cacheMode: 'single', capacity: 0.125, tags: { env: 'prod' } },
  { name: 'feed', cacheMode: 'proxy', shards: 3, capacity: 12, status: 'EXTENDING', statusSeconds: 60 },
  { name: 'pages', engine: 'Memcached', engineVersion: '1.4' },
  { name: 'never-made', status: 'CREATEFAILED' },
]);

describe('GET /v2/{project}/instances', () => {
  it.each<{ query: string; names: string[] }>`
    query                              | names                                                            | why
    ${''}                              | ${['cart-01', 'cart-02', 'cart', 'feed', 'pages']}               | ${'what failed to be created is left out'}
    ${'?include_failure=true'}         | ${['cart-01', 'cart-02', 'cart', 'feed', 'pages', 'never-made']} | ${'unless it is asked for'}
    ${'?offset=3&limit=1'}             | ${['feed']}                                                      | ${'the offset counts rows'}
    ${'?offset=5'}                     | ${[]}                                                            | ${'behind the end'}
    ${'?limit=1000'}                   | ${['cart-01', 'cart-02', 'cart', 'feed', 'pages']}               | ${'the largest page'}
    ${'?status=EXTENDING'}             | ${['feed']}                                                      | ${'one status'}
    ${'?name=cart'}                    | ${['cart-01', 'cart-02', 'cart']}                                | ${'names are fuzzy'}
    ${'?name=cart&name_equal=true'}    | ${['cart']}                                                      | ${'unless they are to be equal'}
    ${`?instance_id=${idOf('feed')}`}  | ${['feed']}                                                      | ${'one instance'}
    ${'?tags=env%3Dprod'}              | ${['cart-02', 'cart']}                                           | ${'one tag'}
    ${'?tags=env%3Dprod%2Capp%3Dcart'} | ${['cart-02']}                                                   | ${'several tags mean all of them'}
    ${'?capacity=0.125'}               | ${['cart']}                                                      | ${'a capacity'}
  `('$query gives $names ($why)', async ({ query, names }) => {
    const { ask } = await bench(fleet);
    const { status, body } = await ask(LIST + query);
    expect({ status, names: body.instances?.map(({ name }) => name) }).toEqual({ status: 200, names });
  });

  it('tells the number of all that match, ten of them when nothing else is asked', async () => {
    const { ask } = await bench(
      fleetOf([], { projects: [{ project: PROJECT, region: 'cn-north-4', generate: { count: 23 } }] }),
    );
    const pages = await Promise.all([0, 10, 20].map((offset) => ask(`${LIST}?offset=${offset}`)));
    expect(pages.map(({ body }) => [body.instance_num, body.instances?.length])).toEqual([
      [23, 10],
      [23, 10],
      [23, 3],
    ]);
    expect(new Set(pages.flatMap(({ body }) => body.instances!.map((item) => item.instance_id))).size).toBe(23);
  });

  it.each([
    'limit=0',
    'limit=1001',
    'limit=ten',
    'offset=-1',
    'offset=',
    'name_equal=yes',
    'include_delete=1',
    'tags=env',
    'start=1',
    'limit=1&limit=2',
  ])('refuses ?%s with DCS.4800', async (query) => {
    const { ask } = await bench(fleet);
    const { status, body } = await ask(`${LIST}?${query}`);
    expect([status, body.error_code]).toEqual([400, 'DCS.4800']);
    expect(body.error_msg).toContain(query.split('=')[0]);
  });

  it('says nothing of cache mode, edition and minor versions', async () => {
    const { ask } = await bench(fleet);
    const { body } = await ask(`${LIST}?name=cart-02`);
    const item = body.instances![0]!;
    expect(item).toMatchObject({
      instance_id: idOf('cart-02'),
      spec_code: 'redis.ha.xu1.large.p2.8',
      engine: 'Redis',
      engine_version: '5.0',
      status: 'RUNNING',
      service_upgrade: false,
      service_task_id: '',
      maintain_begin: '18:00:00',
      maintain_end: '19:00:00',
      tags: [
        { key: 'env', value: 'prod' },
        { key: 'app', value: 'cart' },
      ],
      updated_at: '2026-03-06T14:00:00.000Z',
    });
    for (const field of ['cache_mode', 'product_type', 'update_at', 'engine_minor_version'])
      expect(item).not.toHaveProperty(field);
  });

  it('shows an instance that is gone only to those who ask for deleted ones', async () => {
    const { ask, upgrade } = await bench(fleetOf([{ name: 'cart', faults: ['vanish'] }]));
    await upgrade('cart');
    expect((await ask(LIST)).body.instances).toEqual([]);
    expect((await ask(`${LIST}?include_delete=true`)).body.instances).toMatchObject([
      { name: 'cart', status: 'DELETED' },
    ]);
  });

  it('becomes RUNNING when the time of another status is over', async () => {
    const { read, clock } = await bench(fleet);
    expect((await read('feed')).body.status).toBe('EXTENDING');
    await clock.advance(60_000);
    expect((await read('feed')).body.status).toBe('RUNNING');
  });
});

describe('GET /v2/{project}/instances/{id}', () => {
  it.each<{ name: string; mode: string; spec: string; capacity: number; minor: string | null }>`
    name         | mode             | spec                             | capacity | minor
    ${'cart-01'} | ${'ha'}          | ${'redis.ha.xu1.large.r2.4'}     | ${4}     | ${null}
    ${'cart-02'} | ${'ha_rw_split'} | ${'redis.ha.xu1.large.p2.8'}     | ${8}     | ${null}
    ${'cart'}    | ${'single'}      | ${'redis.single.xu1.tiny.128'}   | ${0}     | ${'.125'}
    ${'feed'}    | ${'proxy'}       | ${'redis.proxy.xu1.large.12'}    | ${12}    | ${null}
    ${'pages'}   | ${'ha'}          | ${'memcached.ha.xu1.large.r2.4'} | ${4}     | ${null}
  `('$name is $mode, $spec', async ({ name, mode, spec, capacity, minor }) => {
    const { read } = await bench(fleet);
    const { body } = await read(name);
    expect(body).toMatchObject({
      name,
      cache_mode: mode,
      product_type: 'generic',
      spec_code: spec,
      capacity,
      capacity_minor: minor,
    });
    expect(body).toMatchObject({ update_at: '2026-03-06T14:00:00.000Z' });
    expect(body).not.toHaveProperty('updated_at');
  });
});

describe('paths', () => {
  const unknownId = '00000000-0000-4000-8000-000000000000';
  it.each<{ method: string; path: string; status: number; code: string }>`
    method    | path                                                   | status | code            | why
    ${'GET'}  | ${`${LIST}/${unknownId}`}                              | ${404} | ${'DCS.3022'}   | ${'no such instance'}
    ${'GET'}  | ${`${LIST}/${unknownId}/version`}                      | ${404} | ${'DCS.3022'}   | ${'no such instance'}
    ${'GET'}  | ${`${LIST}/${unknownId}/tasks`}                        | ${404} | ${'DCS.3022'}   | ${'no such instance'}
    ${'POST'} | ${`${LIST}/${unknownId}/minor-version/upgrade`}        | ${404} | ${'DCS.3022'}   | ${'no such instance'}
    ${'GET'}  | ${`${LIST}/not-a-uuid`}                                | ${400} | ${'DCS.4061'}   | ${'a malformed id'}
    ${'POST'} | ${`${LIST}/not-a-uuid/minor-version/upgrade`}          | ${400} | ${'DCS.4061'}   | ${'a malformed id'}
    ${'GET'}  | ${pathOf('cart', '/tasks/nope/progress')}              | ${400} | ${'DCS.4070'}   | ${'a malformed task id'}
    ${'GET'}  | ${pathOf('cart', `/tasks/${'0'.repeat(32)}/progress`)} | ${404} | ${'DCS.4001'}   | ${'no such task'}
    ${'GET'}  | ${`${LIST}/`}                                          | ${404} | ${'APIGW.0101'} | ${'a path that nobody serves'}
    ${'GET'}  | ${pathOf('cart', '/minor-version/upgrade')}            | ${404} | ${'APIGW.0101'} | ${'a method that nobody serves'}
    ${'GET'}  | ${`/v1.0/${PROJECT}/instances`}                        | ${404} | ${'APIGW.0101'} | ${'another version of the API'}
    ${'GET'}  | ${pathOf('cart', '/version?offset=0')}                 | ${400} | ${'DCS.4800'}   | ${'a query where there is none'}
  `('$method $path: $status $code ($why)', async ({ method, path, status, code }) => {
    const { ask } = await bench(fleet);
    const got = await ask(path, { method, ...(method === 'POST' ? { body: { engine_minor_version: 'latest' } } : {}) });
    expect([got.status, got.body.error_code]).toEqual([status, code]);
    expect(got.headers.get('x-request-id')).toMatch(/^[0-9a-f]{32}$/);
    // The gateway names the request in its body, DCS does not.
    expect('request_id' in got.body).toBe(code.startsWith('APIGW.'));
  });

  it('keeps projects apart', async () => {
    const two = fleetOf([], {
      projects: [
        { project: PROJECT, region: 'cn-north-4', instances: [{ name: 'mine' }] },
        { project: OTHER, region: 'ap-southeast-3', instances: [{ name: 'theirs' }] },
      ],
    });
    const { ask } = await bench(two);
    const headers = { 'x-project-id': OTHER };
    expect((await ask(`/v2/${OTHER}/instances`, { headers })).body.instances).toMatchObject([{ name: 'theirs' }]);
    const foreign = await ask(`/v2/${OTHER}/instances/${idOf('mine')}`, { headers });
    expect([foreign.status, foreign.body.error_code]).toEqual([404, 'DCS.3022']);
    const nobody = await ask(`/v2/${'3'.repeat(32)}/instances`, { headers: { 'x-project-id': '3'.repeat(32) } });
    expect([nobody.status, nobody.body.error_code]).toEqual([403, 'APIGW.0310']);
  });
});

describe('tasks', () => {
  const quick = fleetOf([
    { name: 'cart', upgradeSeconds: 60 },
    { name: 'feed', upgradeSeconds: 60 },
  ]);

  /** One upgrade at 14:00:00.500 and one at 14:10:00, for which a new version came out. */
  async function withTwoTasks() {
    const opened = await bench(quick);
    await opened.clock.advance(500);
    const first = (await opened.upgrade('cart')).body.task_id;
    await opened.clock.advance(599_500);
    opened.sim.world.moveLatest('5.0', 'engine', '5.0.15.1');
    const second = (await opened.upgrade('cart')).body.task_id;
    return { ...opened, first, second };
  }

  it.each<{ query: string; tasks: string[] }>`
    query                                                   | tasks                  | why
    ${''}                                                   | ${['second', 'first']} | ${'newest first'}
    ${'?start_time=20260306140000'}                         | ${['second', 'first']} | ${'a second begins before its fractions'}
    ${'?start_time=20260306140001'}                         | ${['second']}          | ${'and the next one after them'}
    ${'?start_time=20260306141000'}                         | ${['second']}          | ${'created at that very time'}
    ${'?start_time=20260306141001'}                         | ${[]}                  | ${'created before'}
    ${'?end_time=20260306140959'}                           | ${['first']}           | ${'created up to then'}
    ${'?end_time=20260306141000'}                           | ${['second', 'first']} | ${'or at that very time'}
    ${'?start_time=20260306140001&end_time=20260306140959'} | ${[]}                  | ${'between'}
    ${'?offset=1&limit=1'}                                  | ${['first']}           | ${'paged by rows'}
  `('of an instance, $query: $tasks ($why)', async ({ query, tasks }) => {
    const { read, ...ids } = await withTwoTasks();
    const { body } = await read('cart', `/tasks${query}`);
    const names = body.tasks?.map(({ id }) => (id === ids.first ? 'first' : id === ids.second ? 'second' : id));
    expect(names).toEqual(tasks);
    expect(typeof body.task_count).toBe('string');
  });

  it.each(['start_time=2026-03-06', 'start_time=20261306000000', 'end_time=0', 'begin_time=20260306140000', 'limit=0'])(
    'refuses ?%s with DCS.4800',
    async (query) => {
      const { read } = await bench(quick);
      const { status, body } = await read('cart', `/tasks?${query}`);
      expect([status, body.error_code]).toEqual([400, 'DCS.4800']);
    },
  );

  it('of the project: all instances, none of them named, counted by a number', async () => {
    const { ask, upgrade, clock } = await bench(quick);
    await upgrade('cart');
    await clock.advance(1000);
    await upgrade('feed');
    const { body } = await ask(`/v2/${PROJECT}/tasks`);
    expect(body.task_count).toBe(2);
    expect(body.tasks).toMatchObject([
      { created_at: '2026-03-06T14:00:01.000Z' },
      { created_at: '2026-03-06T14:00:00.000Z' },
    ]);
    expect(body.tasks![0]).toMatchObject({ job_id: expect.any(String), error_code: null });
    expect(body.tasks![0]).not.toHaveProperty('instance_id');
  });

  it('has ids that tell upgrades apart, and begins where the world does', async () => {
    const { first, second, sim } = await withTwoTasks();
    expect(first).toMatch(/^[0-9a-f]{32}$/);
    expect(second).not.toBe(first);
    expect(sim.world.since).toBe(START);
  });
});

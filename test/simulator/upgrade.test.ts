import { describe, expect, it } from '@jest/globals';
import type { FileInstance } from '../../lib/simulator/fleet.ts';
import { type Bench, bench, fleetOf, idOf, PROJECT, START } from './harness.ts';

const BOTH = { engine_minor_version: 'latest', proxy_minor_version: 'latest' };
const ENGINE = { engine_minor_version: 'latest' };
const PROXY = { proxy_minor_version: 'latest' };

describe('a request that is refused', () => {
  it.each<{ instance: Partial<FileInstance>; code: string }>`
    instance                                            | code          | why
    ${{ status: 'RESTARTING' }}                         | ${'DCS.4111'} | ${'restarting'}
    ${{ status: 'EXTENDING' }}                          | ${'DCS.4113'} | ${'being resized'}
    ${{ status: 'RESTORING' }}                          | ${'DCS.4097'} | ${'being restored'}
    ${{ status: 'FROZEN' }}                             | ${'DCS.4120'} | ${'frozen'}
    ${{ status: 'FREEZING' }}                           | ${'DCS.4120'} | ${'being frozen'}
    ${{ status: 'UPGRADING' }}                          | ${'DCS.4116'} | ${'upgrading'}
    ${{ status: 'ROLLBACKING' }}                        | ${'DCS.4117'} | ${'being rolled back'}
    ${{ status: 'CREATING' }}                           | ${'DCS.4118'} | ${'being created'}
    ${{ status: 'CLOSED' }}                             | ${'DCS.4049'} | ${'not running'}
    ${{ status: 'ERROR' }}                              | ${'DCS.4049'} | ${'not running'}
    ${{ status: 'SOMETHING_NEW' }}                      | ${'DCS.4049'} | ${'a state that nobody knows is not running'}
    ${{ engine: 'Memcached', engineVersion: '1.4' }}    | ${'DCS.4006'} | ${'another engine'}
    ${{ engineVersion: '3.0' }}                         | ${'DCS.4008'} | ${'too old'}
    ${{ productType: 'enterprise' }}                    | ${'DCS.4007'} | ${'the enterprise edition'}
    ${{ engineMinor: 'latest' }}                        | ${'DCS.4053'} | ${'at the latest'}
    ${{ offered: false }}                               | ${'DCS.4026'} | ${'old, but no upgrade is offered'}
    ${{ faults: [{ fault: 'busy_for', seconds: 60 }] }} | ${'DCS.4096'} | ${'a backup runs, which the status does not tell'}
  `('$instance: $code ($why)', async ({ instance, code }) => {
    const { upgrade, sim } = await bench(fleetOf([{ name: 'cart', ...instance }]));
    const { status, body } = await upgrade('cart', ENGINE);
    expect([status, body.error_code]).toEqual([400, code]);
    expect(body.error_msg).toMatch(/\S/);
    expect(sim.posts).toEqual([
      {
        at: START,
        project: PROJECT,
        instanceId: idOf('cart'),
        body: JSON.stringify(ENGINE),
        outcome: 'refused',
        code,
        taskId: null,
      },
    ]);
    expect(sim.world.upgrades).toEqual([]);
  });

  it.each<{ body: unknown; code: string; says: string }>`
    body                                         | code          | says                      | why
    ${''}                                        | ${'DCS.4004'} | ${'Empty'}                | ${'nothing sent'}
    ${'{"engine_minor_version":"latest"'}        | ${'DCS.4005'} | ${'JSON'}                 | ${'not JSON'}
    ${'"latest"'}                                | ${'DCS.4005'} | ${'JSON'}                 | ${'not an object'}
    ${'[]'}                                      | ${'DCS.4005'} | ${'JSON'}                 | ${'not an object'}
    ${{}}                                        | ${'DCS.4062'} | ${'engine_minor_version'} | ${'nothing asked for'}
    ${{ ...ENGINE, force: true }}                | ${'DCS.4062'} | ${'force'}                | ${'an unknown field'}
    ${{ engine_minor_version: '5.0.14.250117' }} | ${'DCS.4062'} | ${'engine_minor_version'} | ${'a version that is not the latest'}
    ${{ engine_minor_version: 'LATEST' }}        | ${'DCS.4062'} | ${'engine_minor_version'} | ${'another spelling'}
    ${{ engine_minor_version: null }}            | ${'DCS.4062'} | ${'engine_minor_version'} | ${'no text'}
    ${{ engine_minor_version: '' }}              | ${'DCS.4062'} | ${'engine_minor_version'} | ${'empty text'}
    ${PROXY}                                     | ${'DCS.4062'} | ${'proxy_minor_version'}  | ${'an instance without proxies'}
    ${BOTH}                                      | ${'DCS.4062'} | ${'proxy_minor_version'}  | ${'not even beside the engine'}
  `('$body: $code ($why)', async ({ body, code, says }) => {
    const { ask, sim } = await bench(fleetOf([{ name: 'cart' }]));
    const got = await ask(`/v2/${PROJECT}/instances/${idOf('cart')}/minor-version/upgrade`, { method: 'POST', body });
    expect([got.status, got.body.error_code]).toEqual([400, code]);
    expect(got.body.error_msg).toContain(says);
    expect(sim.world.upgrades).toEqual([]);
  });

  it('is not JSON when it does not say so', async () => {
    const { ask } = await bench(fleetOf([{ name: 'cart' }]));
    const headers = { 'content-type': 'text/plain' };
    const got = await ask(`/v2/${PROJECT}/instances/${idOf('cart')}/minor-version/upgrade`, {
      method: 'POST',
      body: ENGINE,
      headers,
    });
    expect([got.status, got.body.error_code]).toEqual([400, 'DCS.4005']);
  });

  it('may be made again when the reason is over', async () => {
    const { upgrade, clock } = await bench(fleetOf([{ name: 'cart', faults: [{ fault: 'busy_for', seconds: 60 }] }]));
    expect((await upgrade('cart')).body.error_code).toBe('DCS.4096');
    await clock.advance(60_000);
    expect((await upgrade('cart')).status).toBe(200);
  });
});

/** The state that all reads together show. */
async function seen({ read }: Bench, name: string) {
  const [instance, version, tasks] = await Promise.all([read(name), read(name, '/version'), read(name, '/tasks')]);
  const { status, service_upgrade, service_task_id } = instance.body;
  const { engine_minor_version: engine, engine_minor_version_upgradable: upgradable } = version.body;
  return { status, service_upgrade, service_task_id, engine, upgradable, task: tasks.body.tasks?.[0]?.status ?? null };
}

const OLD = '5.0.14.250117';
const NEW = '5.0.14.260901';

describe('an upgrade', () => {
  it('goes from CREATED over EXECUTING to SUCCESS, and only then are the versions new', async () => {
    const opened = await bench(fleetOf([{ name: 'cart', upgradeSeconds: 300 }]));
    const { clock, upgrade, sim } = opened;
    const before = {
      status: 'RUNNING',
      service_upgrade: false,
      service_task_id: '',
      engine: OLD,
      upgradable: true,
      task: null,
    };
    expect(await seen(opened, 'cart')).toEqual(before);

    const { status, body } = await upgrade('cart');
    expect([status, Object.keys(body)]).toEqual([200, ['task_id']]);
    const running = { ...before, status: 'UPGRADING', service_upgrade: true, service_task_id: body.task_id };
    expect(await seen(opened, 'cart')).toEqual({ ...running, task: 'CREATED' });
    await clock.advance(5_000);
    expect(await seen(opened, 'cart')).toEqual({ ...running, task: 'EXECUTING' });
    await clock.advance(294_999);
    expect(await seen(opened, 'cart')).toEqual({ ...running, task: 'EXECUTING' });
    await clock.advance(1);
    expect(await seen(opened, 'cart')).toEqual({ ...before, engine: NEW, upgradable: false, task: 'SUCCESS' });
    expect(sim.posts).toMatchObject([{ outcome: 'accepted', code: null, taskId: body.task_id }]);
  });

  it('refuses a second one with DCS.4116 while it runs, and with DCS.4053 when it is done', async () => {
    const { upgrade, clock, sim } = await bench(fleetOf([{ name: 'cart', upgradeSeconds: 300 }]));
    await upgrade('cart');
    expect((await upgrade('cart')).body.error_code).toBe('DCS.4116');
    await clock.advance(300_000);
    expect((await upgrade('cart')).body.error_code).toBe('DCS.4053');
    expect(sim.posts.map(({ outcome }) => outcome)).toEqual(['accepted', 'refused', 'refused']);
    expect(sim.world.upgrades).toHaveLength(1);
  });

  it.each<{ asked: object; engine: string; proxy: string }>`
    asked                            | engine | proxy             | why
    ${ENGINE}                        | ${NEW} | ${'5.0.9.250117'} | ${'the engine alone'}
    ${PROXY}                         | ${OLD} | ${'5.0.9.260808'} | ${'the proxies alone'}
    ${BOTH}                          | ${NEW} | ${'5.0.9.260808'} | ${'both in one task'}
    ${{ engine_minor_version: NEW }} | ${NEW} | ${'5.0.9.250117'} | ${'the latest by its name'}
  `('of $asked brings engine $engine, proxy $proxy ($why)', async ({ asked, engine, proxy }) => {
    const { upgrade, clock, read } = await bench(fleetOf([{ name: 'feed', cacheMode: 'proxy', upgradeSeconds: 60 }]));
    expect((await upgrade('feed', asked)).status).toBe(200);
    await clock.advance(60_000);
    expect((await read('feed', '/version')).body).toEqual({
      engine_minor_version: engine,
      latest_engine_minor_version: NEW,
      engine_minor_version_upgradable: engine !== NEW,
      proxy_minor_version: proxy,
      latest_proxy_minor_version: '5.0.9.260808',
      proxy_minor_version_upgradable: proxy !== '5.0.9.260808',
    });
  });

  it('leaves a part alone that is at its latest already', async () => {
    const { upgrade, clock, read } = await bench(
      fleetOf([{ name: 'feed', cacheMode: 'proxy', proxyMinor: 'latest', upgradeSeconds: 60 }]),
    );
    expect((await upgrade('feed', BOTH)).status).toBe(200);
    await clock.advance(60_000);
    expect((await read('feed', '/version')).body).toMatchObject({
      engine_minor_version: NEW,
      proxy_minor_version: '5.0.9.260808',
    });
    expect((await upgrade('feed', BOTH)).body.error_code).toBe('DCS.4053');
  });

  it('brings what was the latest when it began, though a newer one came out', async () => {
    const { upgrade, clock, read, sim } = await bench(fleetOf([{ name: 'cart', upgradeSeconds: 60 }]));
    await upgrade('cart');
    sim.world.moveLatest('5.0', 'engine', '5.0.15.1');
    await clock.advance(60_000);
    expect((await read('cart', '/version')).body).toMatchObject({
      engine_minor_version: NEW,
      latest_engine_minor_version: '5.0.15.1',
      engine_minor_version_upgradable: true,
    });
    expect(() => sim.world.moveLatest('9.0', 'engine', '9.0.1')).toThrow(RangeError);
  });

  it.each<{ instance: Partial<FileInstance>; seconds: number }>`
    instance                                  | seconds | why
    ${{ cacheMode: 'single' }}                | ${180}  | ${'one node'}
    ${{ cacheMode: 'ha' }}                    | ${240}  | ${'two'}
    ${{ cacheMode: 'cluster', shards: 12 }}   | ${900}  | ${'a minute for each shard'}
    ${{ cacheMode: 'ha', upgradeSeconds: 7 }} | ${7}    | ${'as the fleet file says'}
  `('of $instance takes $seconds s ($why)', async ({ instance, seconds }) => {
    const { upgrade, clock, read } = await bench(fleetOf([{ name: 'cart', ...instance }]));
    await upgrade('cart');
    await clock.advance(seconds * 1000 - 1);
    expect((await read('cart')).body.status).toBe('UPGRADING');
    await clock.advance(1);
    expect((await read('cart')).body.status).toBe('RUNNING');
  });

  it('tells its progress', async () => {
    const { upgrade, clock, read } = await bench(fleetOf([{ name: 'cart', upgradeSeconds: 300 }]));
    const { task_id } = (await upgrade('cart')).body;
    const told = async () => {
      const { progress, remain_time, step_details } = (await read('cart', `/tasks/${task_id}/progress`)).body;
      return [
        progress,
        remain_time,
        (step_details as { step_status: string }[]).map((step) => step.step_status).join(),
      ];
    };
    expect(await told()).toEqual([0, 300, 'EXECUTING,WAITING,WAITING']);
    await clock.advance(150_000);
    expect(await told()).toEqual([50, 150, 'FINISH,EXECUTING,WAITING']);
    await clock.advance(149_999);
    expect(await told()).toEqual([99, 1, 'FINISH,FINISH,EXECUTING']);
    await clock.advance(1);
    expect(await told()).toEqual([100, 0, 'FINISH,FINISH,FINISH']);
  });

  it('counts how many ran at once', async () => {
    const names = ['a', 'b', 'c'];
    const instances = names.map(
      (name): FileInstance => ({ name, upgradeSeconds: 60, ...(name === 'c' ? { faults: ['never_ends'] } : {}) }),
    );
    const { upgrade, clock, sim } = await bench(fleetOf(instances));
    const { world } = sim;
    expect(world.mostAtOnce(clock.now())).toBe(0);
    await upgrade('a');
    await clock.advance(60_000);
    await upgrade('c');
    expect(world.mostAtOnce(clock.now())).toBe(1);
    await clock.advance(60_000);
    await upgrade('b');
    expect(world.mostAtOnce(clock.now())).toBe(2);
    expect(world.mostAtOnce(clock.now(), ({ name }) => name !== 'c')).toBe(1);
  });
});

describe('the version query', () => {
  it.each<{ instance: Partial<FileInstance>; engine: string; latest: string; upgradable: boolean }>`
    instance                                         | engine             | latest             | upgradable | why
    ${{}}                                            | ${OLD}             | ${NEW}             | ${true}    | ${'behind'}
    ${{ engineMinor: 'latest' }}                     | ${NEW}             | ${NEW}             | ${false}   | ${'up to date'}
    ${{ engineMinor: '5.0.9' }}                      | ${'5.0.9'}         | ${NEW}             | ${true}    | ${'a version by name'}
    ${{ engineVersion: '6.0' }}                      | ${'6.2.14.250117'} | ${'6.2.14.260915'} | ${true}    | ${'each engine version has its own latest'}
    ${{ offered: false }}                            | ${OLD}             | ${NEW}             | ${false}   | ${'behind, and not offered'}
    ${{ productType: 'enterprise' }}                 | ${OLD}             | ${NEW}             | ${false}   | ${'the enterprise edition: not offered'}
    ${{ engineVersion: '3.0' }}                      | ${'3.0.0'}         | ${'3.0.0'}         | ${false}   | ${'too old for it'}
    ${{ engine: 'Memcached', engineVersion: '1.4' }} | ${'1.4.0'}         | ${'1.4.0'}         | ${false}   | ${'another engine'}
  `(
    '$instance: $engine of $latest, upgradable $upgradable ($why)',
    async ({ instance, engine, latest, upgradable }) => {
      const { read } = await bench(fleetOf([{ name: 'cart', ...instance }]));
      expect((await read('cart', '/version')).body).toEqual({
        engine_minor_version: engine,
        latest_engine_minor_version: latest,
        engine_minor_version_upgradable: upgradable,
        proxy_minor_version: null,
        latest_proxy_minor_version: null,
        proxy_minor_version_upgradable: false,
      });
    },
  );
});

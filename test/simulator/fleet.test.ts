import { describe, expect, it } from '@jest/globals';
import { buildFleet, type FleetInstance } from '../../lib/simulator/build.ts';
import { demoFleet } from '../../lib/simulator/demo-fleet.ts';
import { parseFleet } from '../../lib/simulator/fleet.ts';

const FILE = `
defaults: { cacheMode: proxy, tags: { env: dev } }
latest: { "5.0": { engine: 5.0.20.1, proxy: 5.0.10.1 } }
projects:
  - project: one
    region: cn-north-4
    instances:
      - { name: cart }
      - { name: feed, cacheMode: ha, tags: { env: prod }, faults: [fail_task, { fault: lag, seconds: 5 }] }
`;

describe('a fleet file', () => {
  it('gives its defaults, and the built-in ones, to what does not say otherwise', () => {
    const { instances, latest } = buildFleet(parseFleet(FILE, 'fleet.yaml'), 1);
    expect(instances).toMatchObject([
      {
        name: 'cart',
        cacheMode: 'proxy',
        shards: 3,
        tags: { env: 'dev' },
        engineMinor: '5.0.20.250117',
        proxyMinor: '5.0.10.250117',
      },
      { name: 'feed', cacheMode: 'ha', shards: 1, tags: { env: 'prod' }, proxyMinor: null },
    ]);
    expect(instances[1]!.faults).toEqual([
      { fault: 'fail_task', code: 'DCS.5006' },
      { fault: 'lag', seconds: 5 },
    ]);
    expect(latest).toMatchObject({
      '5.0': { engine: '5.0.20.1', proxy: '5.0.10.1' },
      '6.0': { engine: expect.any(String) },
    });
  });

  it('may be JSON', () => {
    const text = JSON.stringify({
      projects: [{ project: 'one', region: 'cn-north-4', instances: [{ name: 'cart' }] }],
    });
    expect(buildFleet(parseFleet(text, 'fleet.json'), 1).instances).toMatchObject([
      { name: 'cart', region: 'cn-north-4' },
    ]);
  });

  it.each<{ text: string; says: string }>`
    text                                                                                                       | says
    ${'projects: []'}                                                                                          | ${'projects'}
    ${'projects: [{ project: one }]'}                                                                          | ${'projects[0].region'}
    ${'projects: [{ project: one, region: r, instances: [{ nam: a }] }]'}                                      | ${'projects[0].instances[0].name'}
    ${'projects: [{ project: one, region: r, instances: [{ name: a, cacheMode: big }] }]'}                     | ${'projects[0].instances[0].cacheMode'}
    ${'projects: [{ project: one, region: r, instances: [{ name: a, faults: [oops] }] }]'}                     | ${'projects[0].instances[0].faults[0]'}
    ${'projects: [{ project: one, region: r, instances: [{ name: a, faults: [{ fault: lag, times: 1 }] }] }]'} | ${'projects[0].instances[0].faults[0]'}
    ${'projects: [{ project: one, region: r, instances: [{ name: a, engineVersion: 5.0 }] }]'}                 | ${'projects[0].instances[0].engineVersion'}
    ${'{ project: [unclosed'}                                                                                  | ${'neither YAML nor JSON'}
  `('$text is refused: $says', ({ text, says }) => {
    expect(() => parseFleet(text, 'night.yaml')).toThrow(says);
    expect(() => parseFleet(text, 'night.yaml')).toThrow('night.yaml');
  });

  it('does not have an instance twice', () => {
    const projects = [{ project: 'one', region: 'cn-north-4', instances: [{ name: 'cart' }, { name: 'cart' }] }];
    expect(() => buildFleet({ projects }, 1, 'night.yaml')).toThrow('night.yaml: instance cart');
  });
});

describe('ids', () => {
  const idsOf = (names: string[], project = 'one') =>
    buildFleet(
      { projects: [{ project, region: 'cn-north-4', instances: names.map((name) => ({ name })) }] },
      1,
    ).instances.map(({ id }) => id);

  it('depend on project and name alone, and look like UUIDs', () => {
    const [cart] = idsOf(['cart']);
    expect(cart).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(idsOf(['feed', 'cart'])[1]).toBe(cart);
    expect(idsOf(['cart'], 'two')[0]).not.toBe(cart);
  });

  it('are those of the file where it gives them', () => {
    const id = '0b8f7f5e-52f5-4a49-9c1a-8f0f3c1d2e3f';
    const { instances } = buildFleet(
      { projects: [{ project: 'one', region: 'r', instances: [{ id, name: 'cart' }] }] },
      1,
    );
    expect(instances[0]!.id).toBe(id);
  });
});

describe('generated instances', () => {
  const generate = {
    count: 200,
    name: 'load',
    cacheModes: ['ha', 'cluster'] as ('ha' | 'cluster')[],
    tags: { env: ['dev', 'prod'] },
    latestShare: 0.25,
  };
  const build = (seed: number) => buildFleet({ projects: [{ project: 'one', region: 'r', generate }] }, seed).instances;

  it('are the same for the same seed', () => {
    expect(build(1)).toEqual(build(1));
    expect(build(1)).not.toEqual(build(2));
  });

  it('are as many as asked for, each with a choice of each list', () => {
    const instances = build(1);
    expect(instances).toHaveLength(200);
    expect([instances[0]!.name, instances.at(-1)!.name]).toEqual(['load-001', 'load-200']);
    expect(new Set(instances.map(({ cacheMode }) => cacheMode))).toEqual(new Set(['ha', 'cluster']));
    expect(new Set(instances.map(({ tags }) => tags.env))).toEqual(new Set(['dev', 'prod']));
    const latest = instances.filter(({ engineMinor }) => !engineMinor.endsWith('250117')).length;
    expect(latest).toBeGreaterThan(25);
    expect(latest).toBeLessThan(75);
  });
});

describe('the demo fleet', () => {
  const { instances, projects } = buildFleet(demoFleet(), 1);
  const names = (which: (instance: (typeof instances)[number]) => boolean) =>
    instances.filter(which).map(({ name }) => name);

  it('has forty instances in two regions', () => {
    expect(instances).toHaveLength(40);
    expect(projects.map(({ region }) => region)).toEqual(['cn-north-4', 'ap-southeast-3']);
  });

  it('has every cache mode, and dev and prod in both regions', () => {
    expect(new Set(instances.map(({ cacheMode }) => cacheMode)).size).toBe(5);
    expect(new Set(instances.map(({ region, tags }) => `${region} ${tags.env}`)).size).toBe(4);
    expect(names(({ tags }) => !tags.app)).toEqual([]);
  });

  it.each<{ what: string; which: (instance: FleetInstance) => boolean }>`
    what                        | which
    ${'Memcached'}              | ${({ engine }: FleetInstance) => engine === 'Memcached'}
    ${'Redis 3.0'}              | ${({ engineVersion }: FleetInstance) => engineVersion === '3.0'}
    ${'a frozen one'}           | ${({ status }: FleetInstance) => status === 'FROZEN'}
    ${'one being resized'}      | ${({ status }: FleetInstance) => status === 'EXTENDING'}
    ${'the enterprise edition'} | ${({ productType }: FleetInstance) => productType === 'enterprise'}
    ${'one with its tag off'}   | ${({ tags }: FleetInstance) => tags['dcs-upgrade'] === 'off'}
    ${'a task that fails'}      | ${({ faults }: FleetInstance) => faults[0]?.fault === 'fail_task'}
    ${'an answer that is lost'} | ${({ faults }: FleetInstance) => faults[0]?.fault === 'reset_after_accept'}
    ${'a backup that runs'}     | ${({ faults }: FleetInstance) => faults[0]?.fault === 'busy_for'}
  `('has $what once', ({ which }) => {
    expect(names(which)).toHaveLength(1);
  });

  it('has upgrades of 3 to 15 minutes', () => {
    const seconds = instances.map(({ upgradeSeconds }) => upgradeSeconds);
    expect([Math.min(...seconds), Math.max(...seconds)]).toEqual([180, 900]);
  });
});

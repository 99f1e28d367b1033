import { describe, expect, it } from '@jest/globals';
import type { Scope } from '../../../lib/core/instance.ts';
import {
  Accepted,
  InstancePage,
  instancesOf,
  shownIn,
  TaskPage,
  TaskProgress,
  tasksOf,
  versionsIn,
  WireInstance,
  WireVersions,
} from '../../../lib/io/dcs/wire.ts';

const scope: Scope = { id: 'cn-north-4/p1', project: 'p1', region: 'cn-north-4' };

const plain = {
  instance_id: 'i-1',
  name: 'cache-1',
  status: 'RUNNING',
  engine: 'Redis',
  engine_version: '6.0',
  spec_code: 'redis.ha.xu1.large.r2.8',
  capacity: 8,
  enterprise_project_id: 'ep-1',
  tags: [{ key: 'env', value: 'test' }],
  maintain_begin: '18:00:00',
  maintain_end: '22:00:00',
  service_upgrade: false,
  service_task_id: '',
};

function read(change: Record<string, unknown>) {
  return instancesOf({ rows: [{ ...plain, ...change }], count: 1 }, scope).items[0];
}

describe('an instance', () => {
  it('is read from a list item that keeps to its types', () => {
    expect(read({})).toEqual({
      instanceId: 'i-1',
      name: 'cache-1',
      scope: 'cn-north-4/p1',
      region: 'cn-north-4',
      project: 'p1',
      status: 'RUNNING',
      engine: 'Redis',
      engineVersion: '6.0',
      specCode: 'redis.ha.xu1.large.r2.8',
      capacityGb: 8,
      enterpriseProjectId: 'ep-1',
      tags: { env: 'test' },
      maintain: { begin: '18:00:00', end: '22:00:00' },
      upgrading: false,
      taskId: null,
      versions: null,
      details: null,
    });
  });

  it.each`
    field                      | value                                         | gives                                                   | why
    ${'status'}                | ${'Upgrading'}                                | ${{ status: 'UPGRADING' }}                              | ${'F094 one case'}
    ${'status'}                | ${'IPEXCHANGING2'}                            | ${{ status: 'IPEXCHANGING2' }}                          | ${'F094 an unknown word is kept'}
    ${'status'}                | ${undefined}                                  | ${{ status: 'UNKNOWN' }}                                | ${'F094 no word is not RUNNING'}
    ${'status'}                | ${{}}                                         | ${{ status: 'UNKNOWN' }}                                | ${'neither is an object'}
    ${'engine'}                | ${'Serverless'}                               | ${{ engine: 'Serverless' }}                             | ${'F094 unknown engine, kept'}
    ${'engine_version'}        | ${5}                                          | ${{ engineVersion: '5' }}                               | ${'a number for text'}
    ${'name'}                  | ${null}                                       | ${{ name: 'i-1' }}                                      | ${'nameless: its id'}
    ${'capacity'}              | ${'16'}                                       | ${{ capacityGb: 16 }}                                   | ${'text for a number'}
    ${'enterprise_project_id'} | ${0}                                          | ${{ enterpriseProjectId: '0' }}                         | ${'a number for text'}
    ${'enterprise_project_id'} | ${null}                                       | ${{ enterpriseProjectId: '0' }}                         | ${'the default project'}
    ${'tags'}                  | ${undefined}                                  | ${{ tags: {} }}                                         | ${'absent'}
    ${'tags'}                  | ${null}                                       | ${{ tags: {} }}                                         | ${'null'}
    ${'tags'}                  | ${'env=test'}                                 | ${{ tags: {} }}                                         | ${'no list'}
    ${'tags'}                  | ${[{ key: 1, value: 2 }, { key: 'a' }]}       | ${{ tags: { 1: '2', a: '' } }}                          | ${'numbers, and a key alone'}
    ${'tags'}                  | ${[{ value: 'x' }, { key: 'a', value: 'b' }]} | ${{ tags: { a: 'b' } }}                                 | ${'one broken tag hides no other'}
    ${'service_upgrade'}       | ${'true'}                                     | ${{ upgrading: true }}                                  | ${'text for a boolean'}
    ${'service_upgrade'}       | ${'false'}                                    | ${{ upgrading: false }}                                 | ${'text that is truthy'}
    ${'service_upgrade'}       | ${1}                                          | ${{ upgrading: true }}                                  | ${'a number for a boolean'}
    ${'service_task_id'}       | ${'t-1'}                                      | ${{ taskId: 't-1' }}                                    | ${'a task'}
    ${'maintain_begin'}        | ${'18'}                                       | ${{ maintain: { begin: '18:00:00', end: '22:00:00' } }} | ${'the bare hour'}
    ${'maintain_begin'}        | ${'2:30'}                                     | ${{ maintain: { begin: '02:30:00', end: '22:00:00' } }} | ${'without seconds'}
    ${'maintain_end'}          | ${undefined}                                  | ${{ maintain: null }}                                   | ${'half a window is none'}
    ${'publicip_id'}           | ${{}}                                         | ${{ instanceId: 'i-1' }}                                | ${'a field that is not read'}
  `('with $field = $value gives $gives ($why)', ({ field, value, gives }) => {
    expect(read({ [field as string]: value })).toMatchObject(gives as object);
  });

  it.each`
    capacity     | capacityMinor | maxMemory    | capacityGb
    ${0}         | ${'.125'}     | ${128}       | ${0.125}
    ${'0'}       | ${0.25}       | ${undefined} | ${0.25}
    ${4}         | ${''}         | ${4096}      | ${4}
    ${undefined} | ${null}       | ${2048}      | ${2}
    ${null}      | ${'x'}        | ${undefined} | ${0}
  `('of capacity $capacity, $capacityMinor and $maxMemory MB has $capacityGb GB', (row) => {
    const wire = { capacity: row.capacity, capacity_minor: row.capacityMinor, max_memory: row.maxMemory };
    expect(read(wire)?.capacityGb).toBe(row.capacityGb);
  });

  it('without an id is left out and counted; the others stay', () => {
    const rows = [plain, { ...plain, instance_id: undefined }, null, 'text', { ...plain, instance_id: 'i-2' }];
    const { items, skipped } = instancesOf({ rows, count: 5 }, scope);
    expect(items.map(({ instanceId }) => instanceId)).toEqual(['i-1', 'i-2']);
    expect(skipped).toBe(3);
  });

  it.each`
    cacheMode     | productType     | details
    ${'proxy'}    | ${'generic'}    | ${{ cacheMode: 'proxy', productType: 'generic' }}
    ${'galactic'} | ${'enterprise'} | ${{ cacheMode: 'galactic', productType: 'enterprise' }}
    ${''}         | ${null}         | ${{ cacheMode: null, productType: null }}
    ${undefined}  | ${{}}           | ${{ cacheMode: null, productType: null }}
  `('F094 shown alone, with cache_mode $cacheMode and product_type $productType, has $details', (row) => {
    const wire = { ...plain, cache_mode: row.cacheMode, product_type: row.productType, update_at: 'x' };
    expect(shownIn(WireInstance.parse(wire), scope)).toMatchObject({ instanceId: 'i-1', details: row.details });
  });
});

describe('versions', () => {
  const wire = {
    engine_minor_version: '6.2.7.1',
    latest_engine_minor_version: '6.2.7.2',
    engine_minor_version_upgradable: true,
    proxy_minor_version: null,
    latest_proxy_minor_version: null,
    proxy_minor_version_upgradable: false,
  };

  it.each`
    change                                          | engine                                                          | why
    ${{}}                                           | ${{ current: '6.2.7.1', latest: '6.2.7.2', upgradable: true }}  | ${'as documented'}
    ${{ engine_minor_version: '6.2.7.2' }}          | ${{ current: '6.2.7.2', latest: '6.2.7.2', upgradable: true }}  | ${'F097 equal versions, flag true: the flag wins'}
    ${{ engine_minor_version_upgradable: false }}   | ${{ current: '6.2.7.1', latest: '6.2.7.2', upgradable: false }} | ${'F097 other versions, flag false: the flag wins'}
    ${{ engine_minor_version_upgradable: 'true' }}  | ${{ current: '6.2.7.1', latest: '6.2.7.2', upgradable: true }}  | ${'text for a boolean'}
    ${{ engine_minor_version_upgradable: 'maybe' }} | ${{ current: '6.2.7.1', latest: '6.2.7.2', upgradable: false }} | ${'no yes is a no'}
    ${{ engine_minor_version: 7 }}                  | ${{ current: '7', latest: '6.2.7.2', upgradable: true }}        | ${'a number for text'}
    ${{ engine_minor_version: '' }}                 | ${{ current: null, latest: '6.2.7.2', upgradable: true }}       | ${'empty is unknown'}
  `('with $change: engine $engine ($why)', ({ change, engine }) => {
    const read = versionsIn(WireVersions.parse({ ...wire, ...(change as object) }), 5);
    expect(read).toEqual({ engine, proxy: { current: null, latest: null, upgradable: false }, readAt: 5 });
  });

  it.each([{}, null, [], { engine_minor_version: '6' }, { engine_minor_version_upgradable: null }])(
    '%j is no answer',
    (body) => {
      expect(WireVersions.safeParse(body).success).toBe(false);
    },
  );
});

describe('tasks', () => {
  it.each`
    wire                                                                    | task                                                                      | why
    ${{ id: 't', status: 'success', created_at: '2026-03-06T14:00:00.5Z' }} | ${{ status: 'SUCCESS', createdAt: Date.parse('2026-03-06T14:00:00.5Z') }} | ${'one case'}
    ${{ id: 7, status: 'FAIL', error_code: '111400116' }}                   | ${{ id: '7', status: 'FAIL', errorCode: 'DCS.4116' }}                     | ${'one spelling'}
    ${{ id: 't' }}                                                          | ${{ status: 'UNKNOWN', createdAt: null, errorCode: null }}                | ${'no word is no success'}
    ${{ id: 't', created_at: '2026-03-06 14:00:00' }}                       | ${{ createdAt: Date.parse('2026-03-06T14:00:00Z') }}                      | ${'without a zone it is UTC'}
    ${{ id: 't', created_at: '2026-03-06T22:00:00+08:00' }}                 | ${{ createdAt: Date.parse('2026-03-06T14:00:00Z') }}                      | ${'another zone'}
    ${{ id: 't', created_at: 1772805600000 }}                               | ${{ createdAt: 1772805600000 }}                                           | ${'milliseconds'}
    ${{ id: 't', created_at: 'yesterday' }}                                 | ${{ createdAt: null }}                                                    | ${'rubbish'}
  `('$wire gives $task ($why)', ({ wire, task }) => {
    expect(tasksOf({ rows: [wire], count: 1 }).items[0]).toMatchObject(task as object);
  });

  it('without an id are left out and counted', () => {
    expect(tasksOf({ rows: [{ status: 'SUCCESS' }, { id: '' }, 3], count: 3 })).toEqual({ items: [], skipped: 3 });
  });
});

describe('a page', () => {
  it.each`
    body                                  | page                          | why
    ${{ task_count: '2', tasks: [1, 2] }} | ${{ rows: [1, 2], count: 2 }} | ${'the count as text'}
    ${{ task_count: 2, tasks: [1, 2] }}   | ${{ rows: [1, 2], count: 2 }} | ${'the count as a number'}
    ${{ tasks: [] }}                      | ${{ rows: [], count: null }}  | ${'no count'}
    ${{ task_count: 0, tasks: null }}     | ${{ rows: [], count: 0 }}     | ${'none, and it says so'}
    ${{ task_count: '0' }}                | ${{ rows: [], count: 0 }}     | ${'likewise'}
  `('$body is $page ($why)', ({ body, page }) => {
    expect(TaskPage.parse(body)).toEqual(page);
  });

  it.each([{}, { instance_num: 5 }, { instances: null }, { instances: {}, instance_num: 1 }, null, 'x'])(
    'a fleet does not vanish because of %j',
    (body) => {
      expect(InstancePage.safeParse(body).success).toBe(false);
    },
  );
});

it.each`
  wire                                                                                                                                        | progress
  ${{ progress: 42, remain_time: 310 }}                                                                                                       | ${{ percent: 42, remainSeconds: 310, failedCode: null }}
  ${{ progress: '42', remain_time: null, step_details: null }}                                                                                | ${{ percent: 42, remainSeconds: null, failedCode: null }}
  ${{ progress: 120, remain_time: -1 }}                                                                                                       | ${{ percent: 100, remainSeconds: null, failedCode: null }}
  ${{ progress: 5, step_details: [{ step_status: 'FAILED', error_code: '111500000' }] }}                                                      | ${{ percent: 5, remainSeconds: null, failedCode: 'DCS.5000' }}
  ${{ progress: 5, step_details: [{ step_status: 'FAILED' }] }}                                                                               | ${{ percent: 5, remainSeconds: null, failedCode: 'TASK.FAILED' }}
  ${{ progress: 5, step_details: [{ step_status: 'FINISH', error_code: '' }] }}                                                               | ${{ percent: 5, remainSeconds: null, failedCode: null }}
  ${{ progress: 5, step_details: [7, { step_status: 'FAILED', sub_step_details: [{ sub_step_status: 'FAILED', error_code: 'DCS.5006' }] }] }} | ${{ percent: 5, remainSeconds: null, failedCode: 'DCS.5006' }}
`('$wire is $progress', ({ wire, progress }) => {
  expect(TaskProgress.parse(wire)).toEqual(progress);
});

it.each([{}, { progress: 'soon' }, null])('%j is no progress', (body) => {
  expect(TaskProgress.safeParse(body).success).toBe(false);
});

it.each([{ task_id: 'ff80' }, { task_id: 12345 }])('%j is an acceptance', (body) => {
  expect(Accepted.parse(body).task_id).toBe(String(body.task_id));
});

it.each([{}, null, [], { task_id: null }, { task_id: '' }, { task_id: '  ' }, { task_id: {} }, { job_id: 'x' }])(
  'F088 %j is no acceptance',
  (body) => {
    expect(Accepted.safeParse(body).success).toBe(false);
  },
);

import { describe, expect, it } from '@jest/globals';
import { FAULT_NAMES } from '../../lib/simulator/faults.ts';
import type { FileInstance } from '../../lib/simulator/fleet.ts';
import { bench, fleetOf, PROJECT } from './harness.ts';

type Faults = NonNullable<FileInstance['faults']>;

const cart = (faults: Faults) => fleetOf([{ name: 'cart', upgradeSeconds: 300, faults }]);
const OLD = '5.0.14.250117';
const NEW = '5.0.14.260901';

describe('what is answered to the POST', () => {
  it.each<{ fault: Faults[number]; status: number | 'reset'; text: RegExp; outcome: string; code: string | null }>`
    fault                                                                          | status     | text                                | outcome       | code
    ${'reset_before_accept'}                                                       | ${'reset'} | ${/^$/}                             | ${'lost'}     | ${null}
    ${'error_500_before_accept'}                                                   | ${500}     | ${/"DCS.5006"/}                     | ${'refused'}  | ${'DCS.5006'}
    ${{ fault: 'error_500_before_accept', code: 'DCS.5000' }}                      | ${500}     | ${/"DCS.5000"/}                     | ${'refused'}  | ${'DCS.5000'}
    ${{ fault: 'refuse', code: 'DCS.9999', status: 403, message: 'Not enabled.' }} | ${403}     | ${/"Not enabled\.".*"DCS.9999"/}    | ${'refused'}  | ${'DCS.9999'}
    ${{ fault: 'refuse', code: 'DCS.4104' }}                                       | ${400}     | ${/internal fault/}                 | ${'refused'}  | ${'DCS.4104'}
    ${'vanish_before'}                                                             | ${404}     | ${/"DCS.3022"/}                     | ${'refused'}  | ${'DCS.3022'}
    ${{ fault: 'busy_for', seconds: 60, code: 'DCS.4114' }}                        | ${400}     | ${/"DCS.4114"/}                     | ${'refused'}  | ${'DCS.4114'}
    ${'reset_after_accept'}                                                        | ${'reset'} | ${/^$/}                             | ${'accepted'} | ${null}
    ${'error_500_after_accept'}                                                    | ${500}     | ${/"DCS.5000"/}                     | ${'accepted'} | ${'DCS.5000'}
    ${'empty_200'}                                                                 | ${200}     | ${/^$/}                             | ${'accepted'} | ${null}
    ${'garbled_200'}                                                               | ${200}     | ${/^\{"task_id":"[0-9a-f]{22}$/}    | ${'accepted'} | ${null}
    ${'no_task_id'}                                                                | ${200}     | ${/^\{\}$/}                         | ${'accepted'} | ${null}
    ${'vanish'}                                                                    | ${200}     | ${/^\{"task_id":"[0-9a-f]{32}"\}$/} | ${'accepted'} | ${null}
    ${'fail_task'}                                                                 | ${200}     | ${/^\{"task_id":"[0-9a-f]{32}"\}$/} | ${'accepted'} | ${null}
  `('$fault: $status $text, $outcome', async ({ fault, status, text, outcome, code }) => {
    const { upgrade, sim } = await bench(cart([fault]));
    const got = await upgrade('cart');
    expect(got.status).toBe(status);
    expect(got.text).toMatch(text);
    const begun = sim.world.upgrades[0]?.taskId ?? null;
    expect(sim.posts).toMatchObject([{ outcome, code, taskId: begun }]);
    expect(begun !== null).toBe(outcome === 'accepted');
  });

  it('hang_after_accept: accepted, and never answered', async () => {
    const { ask, sim, read } = await bench(cart(['hang_after_accept']));
    const leaving = new AbortController();
    const path = `/v2/${PROJECT}/instances/${[...sim.world.instances.keys()][0]}/minor-version/upgrade`;
    const asked = ask(path, { method: 'POST', body: { engine_minor_version: 'latest' }, signal: leaving.signal });
    const ended = asked.then(
      () => 'answered',
      () => 'left',
    );
    while (sim.posts.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect((await read('cart')).body.status).toBe('UPGRADING');
    expect(sim.inFlight).toBe(1);
    leaving.abort();
    expect(await ended).toBe('left');
    expect(sim.posts).toMatchObject([{ outcome: 'accepted' }]);
    expect(sim.answers).toMatchObject({ hang: 1 });
  });

  it('strikes as often as it says, and then no more', async () => {
    const { upgrade } = await bench(cart([{ fault: 'error_500_before_accept', times: 2 }]));
    const statuses = [await upgrade('cart'), await upgrade('cart'), await upgrade('cart')].map(({ status }) => status);
    expect(statuses).toEqual([500, 500, 200]);
  });

  it('of two faults, the one that refuses comes before the one that loses the answer', async () => {
    const { upgrade, sim } = await bench(cart(['reset_after_accept', { fault: 'refuse', code: 'DCS.4096', times: 1 }]));
    expect((await upgrade('cart')).body.error_code).toBe('DCS.4096');
    expect((await upgrade('cart')).status).toBe('reset');
    expect(sim.posts.map(({ outcome }) => outcome)).toEqual(['refused', 'accepted']);
  });
});

interface Moment {
  /** Seconds after the POST. */
  after: number;
  status: string | undefined;
  task: string | null;
  engine: unknown;
}

/** What is seen at each of those moments: the instance's status, its newest task's, its version. */
async function story(faults: Faults, moments: number[]): Promise<Moment[]> {
  const { upgrade, read, clock } = await bench(cart(faults));
  await upgrade('cart');
  const told: Moment[] = [];
  let at = 0;
  for (const after of moments) {
    await clock.advance((after - at) * 1000);
    at = after;
    const [instance, version, tasks] = await Promise.all([
      read('cart'),
      read('cart', '/version'),
      read('cart', '/tasks'),
    ]);
    const status = instance.body.status ?? instance.body.error_code;
    told.push({
      after,
      status,
      task: tasks.body.tasks?.[0]?.status ?? null,
      engine: version.body.engine_minor_version ?? null,
    });
  }
  return told;
}

describe('what becomes of the upgrade', () => {
  it('fail_task: the task fails, the version stays, the instance runs', async () => {
    expect(await story(['fail_task'], [299, 300])).toEqual([
      { after: 299, status: 'UPGRADING', task: 'EXECUTING', engine: OLD },
      { after: 300, status: 'RUNNING', task: 'FAILED', engine: OLD },
    ]);
  });

  it('fail_task: list and progress name the error code', async () => {
    const { upgrade, read, clock } = await bench(cart([{ fault: 'fail_task', code: 'DCS.5091' }]));
    const { task_id } = (await upgrade('cart')).body;
    await clock.advance(300_000);
    expect((await read('cart', '/tasks')).body.tasks).toMatchObject([{ id: task_id, error_code: 'DCS.5091' }]);
    expect((await read('cart', `/tasks/${task_id}/progress`)).body).toMatchObject({
      progress: 60,
      step_details: [
        { step_status: 'FINISH' },
        { step_status: 'FAILED', error_code: 'DCS.5091' },
        { step_status: 'WAITING' },
      ],
    });
  });

  it('fail_task once: the next one succeeds', async () => {
    const { upgrade, read, clock } = await bench(cart([{ fault: 'fail_task', times: 1 }]));
    await upgrade('cart');
    await clock.advance(300_000);
    await upgrade('cart');
    await clock.advance(300_000);
    expect((await read('cart', '/tasks')).body.tasks?.map(({ status }) => status)).toEqual(['SUCCESS', 'FAILED']);
    expect((await read('cart', '/version')).body.engine_minor_version).toBe(NEW);
  });

  it('success_without_change: a SUCCESS that brought nothing', async () => {
    expect(await story(['success_without_change'], [300])).toEqual([
      { after: 300, status: 'RUNNING', task: 'SUCCESS', engine: OLD },
    ]);
  });

  it('never_ends: still EXECUTING after a day', async () => {
    expect(await story(['never_ends'], [86_400])).toEqual([
      { after: 86_400, status: 'UPGRADING', task: 'EXECUTING', engine: OLD },
    ]);
  });

  it('task_vanishes: the lists forget the task, the upgrade goes on', async () => {
    expect(await story([{ fault: 'task_vanishes', seconds: 60 }], [59, 60, 300])).toEqual([
      { after: 59, status: 'UPGRADING', task: 'EXECUTING', engine: OLD },
      { after: 60, status: 'UPGRADING', task: null, engine: OLD },
      { after: 300, status: 'RUNNING', task: null, engine: NEW },
    ]);
  });

  it('unknown_task_word: another word for a while', async () => {
    expect(await story([{ fault: 'unknown_task_word', word: 'PAUSED', seconds: 400 }], [0, 300, 400])).toEqual([
      { after: 0, status: 'UPGRADING', task: 'PAUSED', engine: OLD },
      { after: 300, status: 'RUNNING', task: 'PAUSED', engine: NEW },
      { after: 400, status: 'RUNNING', task: 'SUCCESS', engine: NEW },
    ]);
  });

  it('vanish: the instance is gone after a while', async () => {
    expect(await story([{ fault: 'vanish', seconds: 30 }], [29, 30])).toEqual([
      { after: 29, status: 'UPGRADING', task: 'EXECUTING', engine: OLD },
      { after: 30, status: 'DCS.3022', task: null, engine: null },
    ]);
  });

  it('lag: reads are late, and SUCCESS is seen before the version is', async () => {
    expect(await story([{ fault: 'lag', seconds: 60 }], [0, 59, 60, 299, 300, 359, 360])).toEqual([
      { after: 0, status: 'RUNNING', task: null, engine: OLD },
      { after: 59, status: 'RUNNING', task: null, engine: OLD },
      { after: 60, status: 'UPGRADING', task: 'EXECUTING', engine: OLD },
      { after: 299, status: 'UPGRADING', task: 'EXECUTING', engine: OLD },
      { after: 300, status: 'UPGRADING', task: 'SUCCESS', engine: OLD },
      { after: 359, status: 'UPGRADING', task: 'SUCCESS', engine: OLD },
      { after: 360, status: 'RUNNING', task: 'SUCCESS', engine: NEW },
    ]);
  });

  it('lag: writes are not late, a second POST meets the upgrade that cannot be seen yet', async () => {
    const { upgrade, ask } = await bench(cart([{ fault: 'lag', seconds: 60 }]));
    await upgrade('cart');
    expect((await ask(`/v2/${PROJECT}/instances`)).body.instances).toMatchObject([
      { status: 'RUNNING', service_upgrade: false },
    ]);
    expect((await upgrade('cart')).body.error_code).toBe('DCS.4116');
  });
});

it('knows twenty-seven faults; each has a row above, in cloud-eye.test.ts or in io/dcs/backups.test.ts', () => {
  expect(FAULT_NAMES).toHaveLength(27);
});

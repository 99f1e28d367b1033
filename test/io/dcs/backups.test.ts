import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Scope } from '../../../lib/core/instance.ts';
import { HOUR } from '../../../lib/core/time.ts';
import type { Dcs } from '../../../lib/deps.ts';
import { createDcs } from '../../../lib/io/dcs/client.ts';
import { DEMO_KEY } from '../../../lib/simulator/build.ts';
import type { FileInstance } from '../../../lib/simulator/fleet.ts';
import { type RunningSimulator, startSimulator } from '../../../lib/simulator/server.ts';
import { fleetOf, idOf, PROJECT, START } from '../../simulator/harness.ts';
import { type Reply, startUnkindServer, type UnkindServer } from '../../support/unkind-server.ts';

const scope: Scope = { id: `cn-north-4/${PROJECT}`, project: PROJECT, region: 'cn-north-4' };
const sleepless = { now: () => START, sleep: async () => undefined };

describe('a request for a backup', () => {
  let server: UnkindServer;
  beforeEach(async () => {
    server = await startUnkindServer();
  });
  afterEach(() => server.close());

  function client(change: object = {}): Dcs {
    const options = { clock: sleepless, credentials: async () => DEMO_KEY, endpointOverride: server.url, log: () => undefined };
    return createDcs({ ...options, ...change });
  } // biome-ignore format: one line

  const busy = { error_code: 'DCS.4017', error_msg: 'This DCS instance job task is still running.' };
  it.each<[string, Reply | 'reset' | 'silent' | 'truncated', string, string | undefined]>([
    ['accepted', { body: { backup_id: 'b-1' } }, 'accepted', undefined],
    ['an empty 200', { body: '' }, 'unknown', 'TRANSPORT.EMPTY'],
    ['no id', { body: {} }, 'unknown', 'TRANSPORT.GARBLED'],
    ['an empty id', { body: { backup_id: ' ' } }, 'unknown', 'TRANSPORT.GARBLED'],
    ['half an answer', 'truncated', 'unknown', 'TRANSPORT.RESET'],
    ['a broken connection', 'reset', 'unknown', 'TRANSPORT.RESET'],
    ['silence', 'silent', 'unknown', 'TRANSPORT.TIMEOUT'],
    ['a gateway that failed', { status: 502, body: '<html>' }, 'unknown', 'HTTP.502'],
    ['a fault of DCS', { status: 500, body: { error_code: 'DCS.5000' } }, 'unknown', 'DCS.5000'],
    ['busy', { status: 400, body: busy }, 'refused', 'DCS.4017'],
    ['a single-node instance', { status: 400, body: { error_code: '111400095' } }, 'refused', 'DCS.4095'],
    ['no permission', { status: 403, body: { error_code: 'DCS.2003' } }, 'refused', 'DCS.2003'],
    ['throttled', { status: 429, body: '' }, 'refused', 'HTTP.429'],
  ])('that gets %s is sent once, and is %s %s', async (_, answer, kind, code) => {
    server.answer = () => answer;
    const timeouts = { tryLasts: code === 'TRANSPORT.TIMEOUT' ? 300 : 20_000 };
    const outcome = await client({ timeouts }).backUp(scope, 'i-1');
    expect(outcome).toMatchObject(code === undefined ? { kind, backupId: 'b-1' } : { kind, code });
    expect(server.received).toHaveLength(1);
    const [{ method, path, body }] = server.received as [UnkindServer['received'][number]];
    expect([method, path]).toEqual(['POST', `/v2/${PROJECT}/instances/i-1/backups`]);
    expect(JSON.parse(body)).toEqual({ remark: expect.stringMatching(/^.{1,128}$/) });
  });

  it('is known not to be sent where nobody listens', async () => {
    const outcome = await client({ endpointOverride: 'https://127.0.0.1:2' }).backUp(scope, 'i-1');
    expect(outcome).toMatchObject({ kind: 'not_sent', code: 'TRANSPORT.REFUSED' });
  });
});

describe('against the simulator', () => {
  let simulator: RunningSimulator;
  let now: number;
  let dcs: Dcs;
  afterEach(() => simulator.close());

  async function cart(instance: Omit<FileInstance, 'name'> = {}): Promise<void> {
    now = START;
    const clock = {
      now: () => now,
      sleep: async (ms: number) => {
        now += ms;
      },
    };
    const fleet = fleetOf([{ name: 'cart', backupHours: null, backupSeconds: 300, ...instance }]);
    simulator = await startSimulator({ clock, fleet });
    const options = { credentials: async () => DEMO_KEY, endpointOverride: simulator.url, log: () => undefined };
    dcs = createDcs({ clock, ...options });
  }
  const ask = () => dcs.backUp(scope, idOf('cart'));
  const states = async () =>
    (await dcs.listBackups(scope, idOf('cart'), START - HOUR)).map(({ state, errorCode }) => errorCode ?? state);
  const upgrade = () => dcs.upgrade(scope, idOf('cart'), { engine: 'latest' });

  it('it runs, is listed under its id, and is good when it has ended', async () => {
    await cart();
    const asked = await ask();
    const id = asked.kind === 'accepted' ? asked.backupId : null;
    expect(await dcs.listBackups(scope, idOf('cart'), START - HOUR)).toEqual([{ id, at: expect.any(Number), state: 'running', errorCode: null }]);
    now += 295_000;
    expect(await states()).toEqual(['running']);
    now += 10_000;
    expect(await states()).toEqual(['good']);
  }); // biome-ignore format: a line

  it('while it runs an upgrade is refused, and another backup as well', async () => {
    await cart();
    await ask();
    expect(await upgrade()).toMatchObject({ kind: 'refused', code: 'DCS.4096' });
    expect(await ask()).toMatchObject({ kind: 'refused', code: 'DCS.4096' });
    now += 300_000;
    expect(await upgrade()).toMatchObject({ kind: 'accepted' });
    expect(await ask()).toMatchObject({ kind: 'refused', code: 'DCS.4116' });
  });

  it.each<[string, Omit<FileInstance, 'name'>, object, string[]]>([
    ['a single-node instance', { cacheMode: 'single' }, { kind: 'refused', code: 'DCS.4095' }, []],
    ['one that fails', { faults: ['fail_backup'] }, { kind: 'accepted' }, ['dcs.08.0001']],
    ['one that never ends', { faults: ['backup_never_ends'] }, { kind: 'accepted' }, ['running']],
    ['refused', { faults: [{ fault: 'refuse_backup', code: 'DCS.2003', status: 403 }] }, { kind: 'refused', code: 'DCS.2003' }, []],
    ['lost on its way', { faults: ['lose_backup'] }, { kind: 'unknown' }, []],
    ['the answer is lost', { faults: ['lose_backup_answer'] }, { kind: 'unknown' }, ['good']],
    ['it shows a minute late', { faults: ['lag'] }, { kind: 'accepted' }, ['good']],
  ])('%s', async (_, instance, expected, after) => {
    await cart(instance);
    expect(await ask()).toMatchObject(expected);
    now += 360_000;
    expect(await states()).toEqual(after);
  }); // biome-ignore format: a table
});

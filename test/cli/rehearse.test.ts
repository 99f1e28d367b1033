import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../lib/io/clock.ts';
import { openLedger } from '../../lib/io/ledger/open.ts';
import { DEMO_KEY } from '../../lib/simulator/build.ts';
import type { FleetFile } from '../../lib/simulator/fleet.ts';
import { startSimulator } from '../../lib/simulator/server.ts';
import { cli } from '../support/cli.ts';

const POLICY = `version: 1
timezone: Europe/Berlin
scopes: [{ project: p1, region: here-1 }]
windows: { night: { days: [tue, wed, thu], from: "01:00", to: "05:00" } }
freezes:
  - { name: sale, from: 2026-11-24, to: 2026-11-24, reason: the sale }
rollout:
  - { wave: dev, match: { tags: { env: dev } }, window: night }
  - { wave: prod, match: { tags: { env: prod } }, window: night, soak: 1d }
`;
const FLEET: FleetFile = {
  projects: [
    {
      project: 'p1',
      region: 'here-1',
      instances: [
        { id: '00000000-0000-4000-8000-00000000000a', name: 'a', tags: { env: 'dev' } },
        { id: '00000000-0000-4000-8000-00000000000b', name: 'b', tags: { env: 'prod' } },
        { name: 'c', tags: { env: 'prod' }, engineMinor: 'latest' },
      ],
    },
  ],
};
const WEEK = ['--from', '2026-11-23T00:00:00+01:00', '--to', '2026-11-30T00:00:00+01:00'];

const ANSWER = {
  starts: [
    { at: '2026-11-25T00:00:00Z', instanceId: '00000000-0000-4000-8000-00000000000a', name: 'a', wave: 'dev' },
    { at: '2026-11-26T00:30:00Z', instanceId: '00000000-0000-4000-8000-00000000000b', name: 'b', wave: 'prod' },
  ],
  waves: [
    { wave: 'dev', ends: '2026-11-25T00:30:00Z' },
    { wave: 'prod', ends: '2026-11-26T01:00:00Z' },
  ],
  current: '2026-11-26T01:00:00Z',
  frozen: [
    {
      from: '2026-11-23T23:00:00Z',
      to: '2026-11-24T23:00:00Z',
      name: 'sale',
      reason: 'the sale',
      instanceIds: ['00000000-0000-4000-8000-00000000000a'],
    },
  ],
  left: [],
  late: [],
};

let folder: string;
let policy: string;
let fleet: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rehearse-'));
  [policy, fleet] = [join(folder, 'policy.yaml'), join(folder, 'fleet.json')];
  await writeFile(policy, POLICY);
  await writeFile(fleet, JSON.stringify(FLEET));
});
afterAll(() => rm(folder, { recursive: true }));

describe('rehearse', () => {
  it('plays a week with a fleet from a file, without keys and without a ledger', async () => {
    const ran = await cli(['rehearse', '--policy', policy, '--fleet', fleet, '--json', ...WEEK]);
    expect([ran.code, ran.err]).toEqual([0, '']);
    expect(ran.json()).toEqual(ANSWER);
  });

  it('plays the same with the fleet that DCS shows, and calls for nothing', async () => {
    const simulator = await startSimulator({ clock: systemClock, fleet: FLEET });
    const keys = { CLOUD_SDK_AK: DEMO_KEY.ak, CLOUD_SDK_SK: DEMO_KEY.sk, DCS_ENDPOINT: simulator.url };
    const env = { ...keys, LEDGER: `sqlite:${join(folder, 'ledger.db')}` };
    const ran = await cli(['rehearse', '--policy', policy, '--json', ...WEEK], env);
    await simulator.close();
    expect([ran.code, ran.err, simulator.world.upgrades]).toEqual([0, '', []]);
    expect(ran.json()).toEqual(ANSWER);
    const ledger = await openLedger(env.LEDGER);
    expect([await ledger.attempts({}), await ledger.holds()]).toEqual([[], []]);
    await ledger.close();
  });

  it('to people: tables', async () => {
    const { out } = await cli(['rehearse', '--policy', policy, '--fleet', fleet, ...WEEK]);
    expect(out).toContain('2026-11-25T01:00:00+01:00  a         dev');
    expect(out).toContain('sale    1      the sale');
    expect(out).toContain(
      '2 starts for 3 instances; all are current at 2026-11-26T02:00:00+01:00. Nothing was started.',
    );
  });

  it('tells what is left at the end', async () => {
    const span = ['--from', '2026-11-23T00:00:00+01:00', '--to', '2026-11-26T00:00:00+01:00'];
    const { out } = await cli(['rehearse', '--policy', policy, '--fleet', fleet, ...span]);
    expect(out).toContain('prod  later');
    expect(out).toContain('wave_soaking');
    expect(out).toContain('1 are not at the latest version at the end');
  });

  it.each<[string, string[], string]>([
    ['a fleet that is not there', ['--fleet', 'none.yaml'], 'none.yaml'],
    [
      'a span of more than ten years',
      ['--fleet', 'none.yaml', '--from', '2026-01-01T00:00:00Z', '--to', '2037-01-01T00:00:00Z'],
      'ten years',
    ],
    [
      'an end before the beginning',
      ['--from', '2026-01-02T00:00:00Z', '--to', '2026-01-01T00:00:00Z'],
      'must be after',
    ],
  ])('refuses %s', async (_, args, message) => {
    const { code, out, err } = await cli(['rehearse', '--policy', policy, ...args]);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(message);
  });

  it('refuses a fleet of which nothing is in the scopes of the policy', async () => {
    const other = join(folder, 'other.json');
    await writeFile(other, JSON.stringify({ projects: [{ ...FLEET.projects[0], project: 'p9' }] }));
    const { code, err } = await cli(['rehearse', '--policy', policy, '--fleet', other]);
    expect([code, err]).toEqual([2, expect.stringContaining('3 of 3 instances of')]);
  });

  it('leaves out what is in no scope of the policy, and says so', async () => {
    const both = join(folder, 'both.json');
    await writeFile(
      both,
      JSON.stringify({
        projects: [
          ...FLEET.projects,
          { project: 'p9', region: 'here-1', instances: [{ name: 'z', tags: { env: 'dev' } }] },
        ],
      }),
    );
    const { err, ...ran } = await cli(['rehearse', '--policy', policy, '--fleet', both, '--json', ...WEEK]);
    expect(err).toContain('1 of 4 instances');
    expect(ran.json()).toEqual(ANSWER);
  });

  it('can do nothing where DCS does not answer and nothing was seen before', async () => {
    const env = { CLOUD_SDK_AK: 'a', CLOUD_SDK_SK: 'b', DCS_ENDPOINT: 'http://127.0.0.1:1', LEDGER: 'memory' };
    const { code, out, err } = await cli(['rehearse', '--policy', policy, ...WEEK], env);
    expect([code, out]).toEqual([3, '']);
    expect(err).toContain('here-1/p1');
  });
});

import { describe, expect, it } from '@jest/globals';
import { DAY, HOUR, iso, MINUTE } from '../../lib/core/time.ts';
import { fleetStatus, outlookOf, placeHold, releaseHold } from '../../lib/operations.ts';
import { reportJson, statusJson, waveText } from '../../lib/present.ts';
import { aFreeze, aHold, anInstance, aPolicy, aRule, aWave, LIMITS, NIGHT } from '../support/builders.ts';
import { FakeWorld } from '../support/fake-world.ts';
import { NOON, playWeek } from '../support/week.ts';

const SOAK = 20 * HOUR;

/** Two of dev and three of prod; nights from Tuesday to Thursday. */
function aWorld(): FakeWorld {
  const world = new FakeWorld(['d1', 'd2'], NOON);
  for (const name of ['p1', 'p2', 'p3']) world.add(anInstance(name, { tags: { env: 'prod', tier: name } }));
  world.policy = aPolicy({
    rollout: [aWave('dev'), aWave('prod', { after: 'dev', soak: SOAK })],
    limits: { ...LIMITS, parallel: 2 },
  });
  return world;
}

const statusOf = (world: FakeWorld) => fleetStatus(world.deps(), world.policy, 'ann');
const textsOf = async (world: FakeWorld) =>
  (await statusOf(world)).report.waves.map((wave) => `${wave.wave} ${wave.done} of ${wave.members}: ${waveText(wave)}`);

describe('status, and the report of a run', () => {
  it('say for each wave how much is done, until when it soaks, and by whom and why it is held, all week long', async () => {
    const world = aWorld();
    const said: Record<string, string[]> = {};
    const say = (when: string) => async () => {
      said[when] = await textsOf(world);
    };
    const hold = (match: object, until: number | null = null) => () =>
      placeHold(world.ledger, { match, by: 'ann', reason: 'sales', until }, world.now);
    const release = async () => {
      for (const one of await world.ledger.holds()) await releaseHold(world.deps(), one, 'ann', 'over', world.now);
    };
    await playWeek(world, [
      [0.1, say('begun')],
      [1, say('dev is done')],
      [5, hold({ tags: { tier: 'p1' } }, NIGHT + 60 * HOUR)],
      [5.1, say('one is held')],
      [6, hold({ wave: 'prod' })],
      [6.1, say('all are held')],
      [7, release],
      [26, say('prod is done')],
    ]);
    const soaks = `wave dev is soaking until ${iso(NIGHT + SOAK + 10 * MINUTE)}`;
    expect(said).toEqual({
      begun: ['dev 0 of 2: open', 'prod 0 of 3: wave dev has 2 of 2 instances left to do'],
      'dev is done': ['dev 2 of 2: open', `prod 0 of 3: ${soaks}`],
      'one is held': ['dev 2 of 2: open', `prod 1 of 3: ${soaks}; 1 held by ann until ${iso(NIGHT + 60 * HOUR)}: sales`],
      'all are held': ['dev 2 of 2: open', `prod 1 of 3: ${soaks}; held by ann: sales; 1 held by ann until ${iso(NIGHT + 60 * HOUR)}: sales`],
      'prod is done': ['dev 2 of 2: open', 'prod 3 of 3: open'],
    });
  }); // biome-ignore format: a diary

  it('say that a source which is silent holds every wave', async () => {
    const world = aWorld();
    world.policy = { ...world.policy, alerts: [aRule({ silence: { after: HOUR, then: 'closed' } })] };
    world.now = NIGHT;
    await world.ticks(2);
    expect(await textsOf(world)).toEqual([
      expect.stringMatching(/^dev 0 of 2: held by system: alertmanager has never been heard/),
      expect.stringMatching(/^prod 0 of 3: .*; held by system: alertmanager has never been heard/),
    ]);
  });

  it('say the same, wave by wave, and when the fleet will be current', async () => {
    const world = aWorld();
    await world.ledger.putHold(aHold({ match: { wave: 'prod' } }));
    world.now = NIGHT;
    const report = await world.pass();
    const { waves, forecast } = reportJson(report, outlookOf(report, { policy: world.policy, problem: null }));
    expect(waves).toEqual([
      { wave: 'dev', members: 2, done: 0, reason: null, detail: null, opensAt: null, holds: [], current: iso(NIGHT + 30 * MINUTE) },
      { wave: 'prod', members: 3, done: 0, reason: 'wave_waiting', detail: 'wave dev has 2 of 2 instances left to do', opensAt: null, holds: [{ id: 'h', by: 'ops', reason: 'sales', until: null, instances: 3 }], current: null },
    ]);
    expect(forecast).toEqual({ left: 5, current: iso(NIGHT + 30 * MINUTE), detail: expect.stringMatching(/^2 to be upgraded, current by .*; 3 more wait for a person$/) });
    expect(Object.keys(statusJson(await statusOf(world)).waves[0]!)).toEqual(Object.keys(waves[0]!));
    const broken = await world.pass({}, world.deps(), { policy: null, problem: 'it is broken' });
    expect(reportJson(broken, outlookOf(broken, { policy: null, problem: 'it is broken' }))).toMatchObject({ waves: [], forecast: null });
  }); // biome-ignore format: a table

  it('foretell nothing where a scope cannot be read', async () => {
    const world = aWorld();
    world.now = NIGHT;
    world.broken.set('cn-north-4/p1', { code: 'APIGW.0301', status: 401 });
    const report = await world.pass();
    const { current, detail, waves } = outlookOf(report, { policy: world.policy, problem: null })!;
    expect([current, detail]).toEqual([null, 'nobody can tell: scope cn-north-4/p1 cannot be read']);
    expect(waves.map((wave) => wave.current)).toEqual([null, null]);
  });

  it.each<[string, Parameters<typeof aPolicy>[0]]>([
    ['as it is', {}],
    ['one in each opening', { limits: { ...LIMITS, parallel: 1, perWindow: 2 } }],
    ['with a freeze in between', { freezes: [aFreeze({ span: { kind: 'dates', from: NIGHT + DAY, to: NIGHT + 2 * DAY } })] }],
  ])('foretell the day on which the fleet is current: %s', async (_, change) => {
    const world = aWorld();
    world.policy = { ...world.policy, ...change };
    world.now = NIGHT;
    await world.pass();
    const { current } = (await statusOf(world)).outlook;
    await world.ticks(8 * 24 * 6, 10 * MINUTE);
    const last = Math.max(...(await world.ledger.attempts({})).map(({ finishedAt }) => finishedAt!));
    expect(world.begun).toHaveLength(5);
    expect(iso(current!).slice(0, 10)).toBe(iso(last).slice(0, 10));
  }); // biome-ignore format: a table
});

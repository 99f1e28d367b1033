import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Instance } from '../../lib/core/instance.ts';
import type { Freeze, Wave } from '../../lib/core/policy.ts';
import { type Rehearsal, rehearse } from '../../lib/core/rehearse.ts';
import type { Scene } from '../../lib/core/stock.ts';
import { DAY, HOUR, iso, MINUTE } from '../../lib/core/time.ts';
import {
  aFreeze,
  aHold,
  anAttempt,
  anInstance,
  aPart,
  aPolicy,
  aScene,
  aWave,
  LATEST,
  LIMITS,
  NIGHT,
  OLD,
  upToDate,
  versions,
} from '../support/builders.ts';
import { playTicks } from '../support/play.ts';

const dev = (name: string, change: Partial<Instance> = {}) => anInstance(name, change);
const prod = (name: string, change: Partial<Instance> = {}) => anInstance(name, { tags: { env: 'prod' }, ...change });

/** From the first instant of the first night; by default until two nights are over. */
function play(instances: Instance[], change: Partial<Scene> = {}, to = NIGHT + 2 * DAY): Rehearsal {
  return rehearse(aScene(instances, { now: NIGHT, ...change }), to);
}

/** `+1h30` after {@link NIGHT}: name. */
const startsOf = ({ starts }: Rehearsal) => starts.map(({ at, name }) => `${after(at)} ${name}`);
const after = (at: number) =>
  `+${Math.floor((at - NIGHT) / HOUR)}h${String(((at - NIGHT) % HOUR) / MINUTE).padStart(2, '0')}`;
const limits = (change: object) => ({ policy: aPolicy({ limits: { ...LIMITS, ...change } }) });

describe('a rehearsal', () => {
  it('starts what a tick would start, as soon as it would', () => {
    const played = play(
      ['a', 'b', 'c'].map((name) => dev(name)),
      limits({ parallel: 2 }),
    );
    expect(startsOf(played).map((line) => line.slice(0, -2))).toEqual(['+0h00', '+0h00', '+0h30']);
    expect(played.starts[0]).toEqual({
      at: NIGHT,
      instanceId: `id-${played.starts[0]!.name}`,
      name: expect.any(String),
      wave: 'dev',
    });
    expect(played.waves).toEqual([
      { wave: 'dev', ends: NIGHT + HOUR },
      { wave: 'prod', ends: NIGHT },
    ]);
    expect([played.current, played.left]).toEqual([NIGHT + HOUR, []]);
  });

  it('waits for openings, and starts nothing that does not fit', () => {
    const policy = aPolicy({ limits: { ...LIMITS, parallel: 1, minDuration: 90 * MINUTE } });
    const played = play(
      ['a', 'b', 'c'].map((name) => dev(name)),
      { policy, now: NIGHT - HOUR },
    );
    expect(startsOf(played).map((line) => line.slice(0, -2))).toEqual(['+0h00', '+1h30', '+24h00']);
  });

  it('waits for the wave before, and its soak', () => {
    const rollout = [aWave('dev'), aWave('prod', { after: 'dev', soak: 25 * HOUR })];
    const played = play([dev('a'), prod('b')], { policy: aPolicy({ rollout }) }, NIGHT + 3 * DAY);
    expect(startsOf(played)).toEqual(['+0h00 a', '+25h30 b']);
    expect(played.waves.map(({ ends }) => after(ends!))).toEqual(['+0h30', '+26h00']);
  });

  it.each<[string, Partial<Freeze>, string[], string[][]]>([
    [
      'a freeze',
      { span: { kind: 'dates', from: NIGHT - DAY, to: NIGHT + 25 * HOUR } },
      ['+25h00 a', '+25h00 b'],
      [['id-a', 'id-b']],
    ],
    [
      'a freeze of some',
      { match: { name: ['a'] }, span: { kind: 'dates', from: NIGHT - DAY, to: NIGHT + DAY } },
      ['+0h00 b', '+24h00 a'],
      [['id-a']],
    ],
    ['a freeze of the other part', { block: ['proxy'] }, ['+0h00 a', '+0h00 b'], [[]]],
    [
      'a freeze between openings',
      { span: { kind: 'dates', from: NIGHT + 4 * HOUR, to: NIGHT + 23 * HOUR } },
      ['+0h00 a', '+0h00 b'],
      [[]],
    ],
    [
      'a freeze after both were started',
      { span: { kind: 'dates', from: NIGHT + HOUR, to: NIGHT + DAY } },
      ['+0h00 a', '+0h00 b'],
      [[]],
    ],
  ])('tells what %s stops', (_, freeze, starts, stopped) => {
    const played = play([dev('a'), dev('b')], { policy: aPolicy({ freezes: [aFreeze(freeze)] }) });
    expect(startsOf(played).sort()).toEqual(starts.toSorted());
    expect(played.frozen.map(({ instanceIds }) => instanceIds)).toEqual(stopped);
  });

  it('a freeze on a wave that is not open stops nobody of it', () => {
    const span = { kind: 'dates' as const, from: NIGHT, to: NIGHT + DAY };
    const policy = aPolicy({
      freezes: [aFreeze({ span, match: { tags: { env: ['prod'] } } })],
      rollout: [aWave('dev'), aWave('prod', { after: 'dev', soak: DAY })],
    });
    expect(play([dev('a'), prod('b')], { policy }).frozen).toMatchObject([
      { from: NIGHT, to: NIGHT + DAY, name: 'sale', instanceIds: [] },
    ]);
  });

  it('goes on in the next opening when no more may be started in this one', () => {
    const played = play(
      ['a', 'b', 'c'].map((name) => dev(name)),
      limits({ perWindow: 2 }),
    );
    expect(startsOf(played).map((line) => line.slice(0, -2))).toEqual(['+0h00', '+0h00', '+24h00']);
  });

  it('plays what runs already to its end', () => {
    const running = anAttempt('a', {
      state: 'running',
      lookUntil: null,
      calledAt: NIGHT - 10 * MINUTE,
      claimedAt: NIGHT - 10 * MINUTE,
    });
    const played = play([dev('a', { status: 'UPGRADING', upgrading: true }), prod('b')], { attempts: [running] });
    expect(startsOf(played)).toEqual(['+0h20 b']);
  });

  it('remembers a soak while other things end', () => {
    const running = (name: string, wave: string, calledAt: number) =>
      anAttempt(name, { state: 'running', lookUntil: null, calledAt, claimedAt: calledAt, wave });
    const attempts = [running('c', 'prod', NIGHT), running('a', 'dev', NIGHT - 20 * MINUTE)];
    const rollout = [aWave('dev'), aWave('prod', { after: 'dev', soak: 25 * HOUR })];
    const played = play([dev('a'), prod('b'), prod('c')], { attempts, policy: aPolicy({ rollout }) });
    expect(startsOf(played)).toEqual(['+25h10 b']);
  });

  it('takes a call whose outcome is not known for one that was accepted', () => {
    const played = play([dev('a'), prod('b')], { attempts: [anAttempt('a')] });
    expect(startsOf(played)).toEqual(['+0h30 b']);
  });

  it('plays on what was begun before the end of the span, and starts nothing after it', () => {
    const played = play([dev('a'), dev('b')], limits({ parallel: 1 }), NIGHT + 10 * MINUTE);
    expect(played.starts).toHaveLength(1);
    expect(played.left.map(({ reason }) => reason)).toEqual(['due']);
    expect([played.current, played.waves[0]!.ends]).toEqual([null, null]);
  });

  it.each<[string, Instance, Partial<Scene>, string]>([
    ['held', dev('a'), { holds: [aHold()] }, 'held'],
    ['a person has to look at', dev('a', { status: 'ERROR' }), {}, 'instance_not_running'],
    ['of unknown version', dev('a', { versions: null }), {}, 'version_unknown'],
  ])('tells of what is %s', (_, instance, change, reason) => {
    const played = play([instance], change);
    expect([played.starts, played.current, played.left.map((one) => one.reason)]).toEqual([[], null, [reason]]);
  });

  it('what is busy now is taken to be at rest', () => {
    expect(startsOf(play([dev('a', { status: 'RESTARTING' })]))).toEqual(['+0h00 a']);
  });

  it('a fleet with nothing to do is current from the beginning', () => {
    const played = play([dev('a', { versions: upToDate() }), prod('b', { tags: { 'dcs-upgrade': 'off' } })]);
    expect([played.starts, played.current, played.left]).toEqual([[], NIGHT, []]);
  });

  it('asks for both parts at once, and for a version that the policy names', () => {
    const policy = aPolicy({ upgrade: { engine: '5.0.14.260101', proxy: 'latest' } });
    const both = versions({ proxy: aPart({ current: OLD, latest: LATEST }) });
    const played = play([dev('a', { versions: both })], { policy });
    expect([startsOf(played), played.left]).toEqual([['+0h00 a'], []]);
  });

  it('touches nothing of what it was given', () => {
    const scene = aScene([dev('a'), prod('b')], { now: NIGHT, attempts: [anAttempt('a')] });
    const before = structuredClone(scene);
    rehearse(scene, NIGHT + 9 * DAY);
    expect(scene).toEqual(before);
  });
});

/** Fleets and policies in which everything lies on ticks, so that both ways of playing can agree to the second. */
function scenes(): fc.Arbitrary<Scene> {
  const wave = (name: string, after: string | null): fc.Arbitrary<Wave> =>
    fc
      .record({
        soak: fc.constantFrom(0, 15 * MINUTE, HOUR, 30 * HOUR),
        parallel: fc.constantFrom(null, 1, 2),
        take: fc.constantFrom(null, { count: 2 }, { share: 0.5 }),
        windows: fc.constantFrom<string[]>(['night'], ['day'], ['night', 'day'], ['own'], ['own', 'day']),
      })
      .map((change) => aWave(name, { after, match: name === 'prod' ? {} : { tags: { env: [name] } }, ...change }));
  const limit = fc.record({
    parallel: fc.integer({ min: 1, max: 4 }),
    perScope: fc.constantFrom(null, 1, 2),
    perWindow: fc.constantFrom(null, 2, 3),
    oneAtATimeBy: fc.constantFrom<string[]>([], ['tag:app']),
    minDuration: fc.constantFrom(20 * MINUTE, HOUR, 100 * MINUTE),
  });
  const instance = fc.record({
    env: fc.constantFrom('dev', 'canary', 'prod'),
    app: fc.constantFrom('x', 'y'),
    project: fc.constantFrom('p1', 'p2'),
    window: fc.constantFrom(undefined, undefined, undefined, 'day'),
    isLatest: fc.constantFrom(false, false, false, true),
    behind: fc.option(fc.integer({ min: 1, max: 5 })),
    status: fc.constantFrom('RUNNING', 'RUNNING', 'RUNNING', 'RUNNING', 'ERROR'),
    begin: fc.constantFrom('18:00:00', '22:00:00'),
  });
  const freeze = fc
    .record({ from: fc.integer({ min: -24, max: 48 }), hours: fc.integer({ min: 1, max: 30 }), gold: fc.boolean() })
    .map(({ from, hours, gold }) =>
      aFreeze({
        match: gold ? { tags: { app: ['x'] } } : null,
        span: { kind: 'dates', from: NIGHT + from * HOUR, to: NIGHT + (from + hours) * HOUR },
      }),
    );
  return fc
    .record({
      waves: fc.tuple(wave('dev', null), wave('canary', 'dev'), wave('prod', 'canary')),
      limit,
      fleet: fc.array(instance, { minLength: 1, maxLength: 9 }),
      freezes: fc.array(freeze, { maxLength: 2 }),
      offset: fc.integer({ min: -12, max: 12 }),
    })
    .map(({ waves, limit, fleet, freezes, offset }) => {
      const base = aPolicy();
      const policy = aPolicy({
        rollout: waves,
        limits: { ...LIMITS, ...limit },
        freezes,
        scopes: [...base.scopes, { id: 'cn-north-4/p2', region: 'cn-north-4', project: 'p2' }],
        windows: {
          ...base.windows,
          day: {
            kind: 'days',
            name: 'day',
            timezone: 'UTC',
            weekdays: [1, 2, 3, 4, 5],
            start: 20 * HOUR,
            end: { duration: 3 * HOUR },
          },
          own: { kind: 'instance', name: 'own', timezone: 'UTC' },
        },
      });
      const behindSince = new Map<string, number>();
      const instances = fleet.map(({ env, app, project, window, isLatest, behind, status, begin }, index) => {
        if (behind !== null) behindSince.set(`id-i${index}`, behind);
        const tags = { env, app, ...(window && { 'dcs-upgrade-window': window }) };
        const maintain = {
          begin,
          end: begin.replace(/^(\d\d)/, (hours) => `${(Number(hours) + 3) % 24}`.padStart(2, '0')),
        };
        return anInstance(`i${index}`, {
          tags,
          project,
          scope: `cn-north-4/${project}`,
          status,
          maintain,
          versions: isLatest ? upToDate() : versions(),
        });
      });
      return aScene(instances, { policy, behindSince, now: NIGHT + offset * HOUR });
    });
}

describe('a rehearsal and production', () => {
  it('play the same: every start, and the end of every wave', () => {
    fc.assert(
      fc.property(scenes(), (scene) => {
        const to = scene.now + 3 * DAY;
        const [played, ticked] = [rehearse(scene, to), playTicks(scene, to)];
        expect(played.starts.map(({ at, instanceId, wave }) => `${at} ${instanceId} ${wave}`).sort()).toEqual(
          ticked.starts.sort(),
        );
        const ends = Object.fromEntries(played.waves.map(({ wave, ends }) => [wave, ends && iso(ends)]));
        expect(ends).toEqual(
          Object.fromEntries(Object.entries(ticked.waves).map(([wave, end]) => [wave, end && iso(end)])),
        );
      }),
      { numRuns: 60 },
    );
  });
});

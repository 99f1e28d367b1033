import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { alerts } from '../../handlers/alerts.ts';
import { DAY, HOUR, iso, MINUTE } from '../../lib/core/time.ts';
import { type LocalApi, serve } from '../../scripts/offline/gateway.ts';
import { anInstance, aPolicy, aRule, aTarget, aWave, LIMITS, NIGHT } from '../support/builders.ts';
import { FakeWorld } from '../support/fake-world.ts';
import { functionOf, KEYS, call as plainCall } from '../support/http.ts';
import { alertmanagerBody, promAlert } from '../support/inbound.ts';
import { NOON, nightOf, playWeek } from '../support/week.ts';

const startsOf = (world: FakeWorld) => world.begun.map(({ name, at }) => [name, nightOf(at)] as const);

const ttl = { holds: 12 * HOUR, moves: 8 * DAY };

describe('a week of alerts from outside', () => {
  let world: FakeWorld;
  let api: LocalApi;
  beforeEach(async () => {
    world = new FakeWorld(['a', 'b', 'c', 'd', 'e']);
    api = await serve(functionOf(world, { make: alerts }));
  });
  afterEach(() => api.close());

  /** Alertmanager says something: of these, whether they fire, as of now. */
  const say = async (names: readonly string[], status: 'firing' | 'resolved', change: object = {}, alert: object = {}) => {
    const times = { startsAt: iso(NOON), endsAt: status === 'resolved' ? iso(world.now) : '0001-01-01T00:00:00Z' };
    const body = alertmanagerBody(names.map((name) => promAlert(name, { status, ...times, ...alert })), { status, ...change });
    const { status: answer } = await plainCall(api, 'POST', '/alerts/alertmanager', { key: KEYS.alert, body });
    expect(answer).toBe(202);
  }; // biome-ignore format: rows

  it('what fires is held, and what it names alone, until it is over or nobody repeats it', async () => {
    const holds = aTarget({ id: { label: 'instance_id' } });
    world.policy = aPolicy({ alerts: [aRule({ holds, ttl })], limits: { ...LIMITS, parallel: 1 } });
    await playWeek(world, [
      // a: over by the second night. b: its end is never told, and its time is over by the second night.
      [-2, () => say(['a', 'b'], 'firing')],
      [1, () => say(['a', 'b'], 'firing')],
      [5, () => say(['a'], 'resolved')],
      // c: fires and is over in one group with what goes on, before its window. d: repeated for two days.
      [-1, () => say(['c', 'd'], 'firing')],
      [-0.5, () => say(['c'], 'resolved')],
      ...[10, 20, 30, 40].map((hour) => [hour, () => say(['d'], 'firing')] as const),
      [47, () => say(['d'], 'resolved')],
      // Late news of something that is over changes nothing.
      [47.5, () => say(['d'], 'firing', {}, { startsAt: iso(NOON - DAY), endsAt: iso(NOON) })],
    ]);
    expect(startsOf(world).toSorted()).toEqual([['a', 1], ['b', 1], ['c', 0], ['d', 2], ['e', 0]]);
    expect(world.posts).toHaveLength(5);
  }); // biome-ignore format: a diary

  it('a group that was cut holds all that it could name; another source’s silence holds everything', async () => {
    const holds = aTarget({ id: { label: 'instance_id' } });
    world.policy = aPolicy({ alerts: [aRule({ holds, ttl, silence: { after: 6 * HOUR, then: 'closed' } })] });
    const hours = (from: number, to: number) => Array.from({ length: (to - from) / 2 }, (_, index) => from + 2 * index);
    await playWeek(world, [
      ...hours(-13, 0).map((hour) => [hour, () => say([], 'resolved')] as const),
      // The first night: one is named, and how many others are not, nobody can say.
      [-0.5, () => say(['a'], 'firing', { truncatedAlerts: 7 })],
      [4.5, () => say(['a'], 'resolved')],
      // It is not heard of in the second night, and comes back in the third.
      [46, () => say([], 'resolved')],
      [48.2, () => say([], 'resolved')],
    ]);
    expect(new Set(startsOf(world).map(([, night]) => night))).toEqual(new Set([2]));
    expect(new Set(world.begun.map(({ name }) => name)).size).toBe(5);
    expect(world.taken.filter(({ key }) => key.startsWith('silence:')).map(({ event }) => event)).toContain('held!');
  });

  it('an alert of the kind upgrade moves its instance to the front of its own next window, and starts nothing', async () => {
    world.policy = aPolicy({
      alerts: [aRule({ match: { kind: ['upgrade'] }, moves: aTarget({ id: { label: 'instance_id' } }) })],
      limits: { ...LIMITS, parallel: 1, perWindow: 2 },
    });
    const upgrade = { labels: { kind: 'upgrade', instance_id: 'id-e' } };
    await playWeek(world, [[-6, () => say(['e'], 'firing', {}, upgrade)]]);
    expect(startsOf(world)[0]).toEqual(['e', 0]);
    expect([0, 1, 2].map((night) => startsOf(world).filter(([, one]) => one === night).length)).toEqual([2, 2, 1]);
  });
});

describe('a week of alerts to people', () => {
  it('each receiver hears each fact once, whatever becomes of the others, and one digest for each window', async () => {
    const world = new FakeWorld(['a', 'b', 'bad']);
    for (let index = 0; index < 3; index++) world.add(anInstance(`late-${index}`, { tags: { env: 'prod' } }));
    world.policy = aPolicy({
      rollout: [aWave('dev'), aWave('prod', { after: 'dev' })],
      limits: { ...LIMITS, parallel: 2, maxErrors: 1 },
      deadline: { warn: 2 * DAY, page: 4 * DAY },
    });
    world.receivers = ['ops', 'chat'];
    world.digested = ['ops', 'chat'];
    world.moods.set('bad', ['fail_task']);
    await playWeek(world, [
      [-1, () => world.deaf.add('chat')],
      [30, () => world.deaf.delete('chat')],
    ]);
    const by = (receiver: string) => world.taken.filter((one) => one.receiver === receiver);
    for (const receiver of world.receivers) {
      const facts = by(receiver).map(({ event, key, at }) =>
        event === 'digest' ? `${key}` : `${event} ${key} ${Math.floor((at - NIGHT) / DAY)}`,
      );
      expect(new Set(facts).size).toBe(facts.length);
      expect(by(receiver).filter(({ event }) => event === 'digest')).toHaveLength(3);
      for (const event of ['failed', 'held', 'deadline']) expect(by(receiver).map((one) => one.event)).toContain(event);
    }
    // Whoever was deaf has it all in the end, and what was told of it meanwhile is over.
    const facts = (receiver: string, event: string) =>
      by(receiver)
        .filter((one) => one.event === event)
        .map(({ key }) => key)
        .toSorted();
    for (const event of ['failed', 'held', 'deadline']) expect(facts('chat', event)).toEqual(facts('ops', event));
    expect(by('ops').map(({ event }) => event)).toEqual(expect.arrayContaining(['receiver', 'receiver!']));
    expect(world.posts.filter(({ name }) => name.startsWith('late-'))).toEqual([]);
    // A receiver that is down is not asked at every tick.
    const tries = world.tries.filter(({ receiver, at }) => receiver === 'chat' && at < NIGHT + 30 * HOUR);
    expect(tries.length).toBeLessThan((31 * HOUR) / (20 * MINUTE));
  });
});

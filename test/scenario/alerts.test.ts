import { describe, expect, it } from '@jest/globals';
import { scopeAlert } from '../../lib/core/alert-facts.ts';
import { ruleFor } from '../../lib/core/errors.ts';
import { HOUR, MINUTE } from '../../lib/core/time.ts';
import { spentScopes } from '../../lib/pass/tell.ts';
import { aHold, anInstance, aPolicy, aWave, LIMITS, NIGHT, upToDate } from '../support/builders.ts';
import { FakeWorld } from '../support/fake-world.ts';

const many = Array.from({ length: 200 }, (_, index) => `cache-${String(index).padStart(3, '0')}`);

/** What a scope answers whose keys are not good. */
const refused = { code: 'APIGW.0301', status: 401 };

/** A night in which every upgrade is refused for the same reason. */
function aBadNight(names: readonly string[] = many): FakeWorld {
  const world = new FakeWorld(names);
  world.policy = aPolicy({ limits: { ...LIMITS, parallel: 500, maxErrors: 1_000 } });
  for (const name of names) world.moods.set(name, ['fail_task']);
  return world;
}

const failures = (world: FakeWorld) => world.alerts.filter(({ event }) => event === 'failed');

describe('F077 an alert storm', () => {
  it('200 instances that fail with the same code are one alert, which names some and counts the rest', async () => {
    const world = aBadNight();
    await world.ticks(30);
    expect(world.begun).toHaveLength(200);
    const [alert, ...others] = failures(world);
    expect(others).toEqual([]);
    expect(alert!.labels).toMatchObject({
      count: '200',
      wave: 'dev',
      instances: expect.stringMatching(/ and 180 more$/),
    });
    expect(alert!.summary).toMatch(
      /^cache-000 was not upgraded: .* The same goes for 199 more: cache-001, .* and 179 more\.$/,
    );
    expect(alert!.action).not.toBe('');
    expect((await world.ledger.attempts({})).every(({ settled }) => settled)).toBe(true);
  });

  it('its key is the same each time, also for a receiver that has it later', async () => {
    const world = aBadNight(many.slice(0, 5));
    world.receivers = ['chat', 'ops'];
    world.deaf.add('chat');
    await world.ticks(15);
    world.deaf.clear();
    await world.ticks(60);
    const taken = world.taken.filter(({ event }) => event === 'failed');
    expect(taken.map(({ receiver }) => receiver).toSorted()).toEqual(['chat', 'ops']);
    expect(new Set(taken.map(({ key }) => key)).size).toBe(1);
  });

  it('its key is the same for those of which it could not be written down that they were told', async () => {
    const names = many.slice(0, 5);
    const world = aBadNight(names);
    const { save } = world.ledger;
    let marks = 0;
    world.ledger.save = async (attempt) => {
      const isMark = attempt.told.includes('failed');
      if (isMark) marks += 1;
      if (isMark && (marks === 3 || marks === 4)) throw new Error('the ledger gave no answer');
      return save.call(world.ledger, attempt);
    };
    for (let tick = 0; tick < 30; tick++) await world.ticks(1).catch(() => undefined);
    expect(marks).toBeGreaterThan(5);
    expect(failures(world).length).toBeGreaterThan(1);
    expect(new Set(failures(world).map(({ key, at }) => `${key} ${at}`)).size).toBe(1);
  });

  it('one that was told of alone keeps its key where that could not be written down, whoever else fails meanwhile', async () => {
    const world = aBadNight(['a', 'b']);
    world.policy = aPolicy({ limits: { ...LIMITS, parallel: 1, maxErrors: 9 } });
    const { save } = world.ledger;
    // Until the other one has failed too.
    world.ledger.save = async (attempt) => {
      const others = await world.ledger.attempts({});
      const isLost = attempt.told.includes('failed') && others.filter(({ state }) => state === 'failed').length < 2;
      if (isLost) throw new Error('the ledger gave no answer');
      return save.call(world.ledger, attempt);
    };
    for (let tick = 0; tick < 40; tick++) {
      await world.pass().catch(() => undefined);
      world.now += MINUTE;
    }
    const keys = failures(world).map(({ key }) => key.replace(/@.*:/, ' '));
    expect([new Set(keys), keys.length > 2]).toEqual([new Set(['id-a failed', 'id-b failed']), true]);
  });

  it('is told by one of two passes that end it at once, under one key', async () => {
    const world = aBadNight(['a', 'b']);
    await world.ticks(1);
    world.now += 20 * MINUTE;
    const { save } = world.ledger;
    let hasCome = false;
    world.ledger.save = async (attempt) => {
      // The other pass comes while the first is about to write down what it will tell.
      if (attempt.toldAs && !hasCome) {
        hasCome = true;
        await world.pass();
      }
      return save.call(world.ledger, attempt);
    };
    await world.ticks(5);
    const told = failures(world).map(({ labels: { name, instances } }) => name ?? instances);
    expect([hasCome, told]).toEqual([true, ['a, b']]);
    expect((await world.ledger.attempts({})).every(({ settled }) => settled)).toBe(true);
  });

  it('one that fails alone is told of as itself', async () => {
    const world = aBadNight(['a']);
    await world.ticks(15);
    expect(failures(world).map(({ labels, summary }) => [labels.count, summary.includes('The same goes')])).toEqual([
      [undefined, false],
    ]);
  });

  it('two causes are two alerts', async () => {
    const world = aBadNight(many.slice(0, 6));
    for (const name of many.slice(0, 3)) world.moods.set(name, [{ refuse: 'DCS.4062', status: 400 }]);
    await world.ticks(30);
    expect(failures(world).map(({ labels }) => labels.count)).toEqual(['3', '3']);
  });
});

it('two teams, each with its receiver: one cause is one alert for each, of its own instances alone', async () => {
  const names = many.slice(0, 5);
  const world = aBadNight(names);
  for (const [index, name] of names.entries())
    world.add(anInstance(name, { tags: { env: 'dev', team: index < 3 ? 'cart' : 'pay' } }));
  world.receivers = ['cart', 'pay'];
  for (const team of world.receivers) world.picks.set(team, ({ instance }) => !instance || instance.tags.team === team);
  await world.ticks(60);
  const told = world.taken.filter(({ event }) => event === 'failed');
  expect(told.map(({ receiver, summary }) => [receiver, [...new Set(summary.match(/cache-\d+/g))]]).toSorted()).toEqual(
    [
      ['cart', ['cache-000', 'cache-001', 'cache-002']],
      ['pay', ['cache-003', 'cache-004']],
    ],
  );
  expect((await world.ledger.attempts({})).every(({ settled }) => settled)).toBe(true);
});

describe('holds of many instances for one reason', () => {
  /** As the program sets them for instances that did not come to it in three openings. */
  const holdOn = (name: string, reason = 'three openings without success') =>
    aHold({ id: `system:${name}`, by: 'system', match: { instanceId: `id-${name}` }, reason });

  it('are one alert, and over with the last of them', async () => {
    const names = many.slice(0, 30);
    const world = new FakeWorld(names);
    for (const name of names) await world.ledger.putHold(holdOn(name));
    await world.ticks(3);
    expect(world.alerts.map(({ event, labels }) => [event, labels.count])).toEqual([['held', '30']]);
    for (const name of names.slice(1)) await world.ledger.putHold({ ...holdOn(name), releasedAt: world.now });
    await world.ticks(2);
    expect(world.ended).toEqual([]);
    await world.ledger.putHold({ ...holdOn(names[0]!), releasedAt: world.now });
    await world.ticks(2);
    expect(world.ended.map(({ key }) => key)).toEqual([world.alerts.find(({ event }) => event === 'held')!.key]);
  });

  it('one that comes later is told of, and another reason is another alert', async () => {
    const world = new FakeWorld(many.slice(0, 4));
    await world.ledger.putHold(holdOn(many[0]!));
    await world.ticks(1);
    await world.ledger.putHold(holdOn(many[1]!));
    await world.ledger.putHold(holdOn(many[2]!, 'something else'));
    await world.ticks(1);
    expect(world.alerts.map(({ labels }) => labels.instanceId)).toEqual(many.slice(0, 3).map((name) => `id-${name}`));
  });
});

describe('a digest of the window', () => {
  const five = many.slice(0, 5);
  const digests = (world: FakeWorld) => world.alerts.filter(({ event }) => event === 'digest');

  /** From the first minute of the window until an hour after its close. */
  async function aNight(world: FakeWorld, ticks = 62): Promise<FakeWorld> {
    world.digested = ['ops'];
    await world.ticks(ticks, 5 * MINUTE);
    return world;
  }

  it('is told once, after the close, with what came of it', async () => {
    const world = new FakeWorld(five);
    world.policy = aPolicy({ limits: { ...LIMITS, parallel: 2, maxErrors: 2 } });
    world.moods.set(five[4]!, ['fail_task']);
    await aNight(world, 40);
    expect(digests(world)).toEqual([]);
    await world.ticks(80, 5 * MINUTE);
    const [digest, ...others] = digests(world);
    expect(others).toEqual([]);
    expect(digest).toMatchObject({
      severity: 'warning',
      summary:
        'The window night was open from 2026-11-23T17:00:00Z to 2026-11-23T21:00:00Z: 4 upgraded, 1 failed. Left: 1 failed this opening.',
      action: 'See dcs-upgrader history --since 2026-11-23T17:00:00Z',
      labels: { succeeded: '4', failed: '1' },
    });
    expect(await world.ledger.conditions()).toEqual([]);
  });

  it('a heartbeat: the window opened and nothing ran, and why', async () => {
    const world = new FakeWorld(five);
    await world.ledger.putHold(aHold());
    await aNight(world);
    expect(world.begun).toEqual([]);
    expect(digests(world).map(({ severity, summary, action }) => [severity, summary, action])).toEqual([
      [
        'warning',
        'The window night was open from 2026-11-23T17:00:00Z to 2026-11-23T21:00:00Z, and nothing ran. Left: 5 held.',
        'If more was to be done, ask for the reason: dcs-upgrader why id-cache-000',
      ],
    ]);
  });

  it('a heartbeat: nothing ran, because all are up to date', async () => {
    const world = new FakeWorld();
    for (const name of five) world.add(anInstance(name, { versions: upToDate() }));
    await aNight(world);
    expect(digests(world).map(({ severity, summary, action }) => [severity, summary, action])).toEqual([
      [
        'info',
        expect.stringMatching(/, and nothing ran\. Of 5 instances none is left to be upgraded\.$/),
        'Nothing is to be done.',
      ],
    ]);
  });

  it('waits for what runs past the close', async () => {
    const world = new FakeWorld(['a'], NIGHT + 3 * HOUR);
    world.upgradeTakes = 2 * HOUR;
    await aNight(world, 14);
    expect(digests(world)).toEqual([]);
    await world.ticks(20, 5 * MINUTE);
    expect(digests(world).map(({ summary }) => summary)).toEqual([expect.stringContaining(': 1 upgraded.')]);
  });

  it('but not for ever', async () => {
    const world = new FakeWorld(['a'], NIGHT + 3 * HOUR);
    world.upgradeTakes = 100 * HOUR;
    await aNight(world, 60);
    expect(digests(world).map(({ summary }) => summary)).toEqual([expect.stringContaining(': 1 still running.')]);
  });

  it('is told however late, by whichever process comes next, and to a receiver that was down', async () => {
    const world = new FakeWorld(five);
    world.receivers = ['ops', 'chat'];
    world.digested = ['ops', 'chat'];
    await world.ticks(40, 5 * MINUTE);
    world.deaf.add('chat');
    world.now += 8 * HOUR;
    await world.ticks(2, 5 * MINUTE);
    world.deaf.clear();
    await world.ticks(12, 5 * MINUTE);
    const taken = world.taken.filter(({ event, receiver }) => event === 'digest' && receiver !== 'log');
    expect(taken.map(({ receiver }) => receiver)).toEqual(['ops', 'chat']);
    expect(new Set(taken.map(({ key }) => key)).size).toBe(1);
  });

  it('of windows that are the instances’ own: one for each in which something began', async () => {
    const world = new FakeWorld(['a', 'b'], NIGHT);
    world.add(anInstance('late', { maintain: { begin: '22:00:00', end: '23:00:00' } }));
    const own = { kind: 'instance' as const, name: 'own', timezone: 'UTC' };
    world.policy = aPolicy({ windows: { own }, rollout: [aWave('dev', { windows: ['own'] })] });
    await aNight(world, 10 * 12);
    expect(digests(world).map(({ summary }) => summary.replace(/ upgraded.*/, ' upgraded'))).toEqual([
      "The window the instances' own was open from 2026-11-23T18:00:00Z to 2026-11-23T19:00:00Z: 2 upgraded",
      "The window the instances' own was open from 2026-11-23T22:00:00Z to 2026-11-23T23:00:00Z: 1 upgraded",
    ]);
  });

  it('where nobody wants it there is none, and nothing is stored for it', async () => {
    const world = new FakeWorld(five);
    await world.ticks(62, 5 * MINUTE);
    expect([digests(world), await world.ledger.conditions()]).toEqual([[], []]);
  });
});

describe('what is over is told to those who were told of it, under the same key', () => {
  const told = (world: FakeWorld) => [...world.alerts, ...world.ended].map(({ key, event }) => [event, key]);

  it('an upgrade that ran past its window', async () => {
    const world = new FakeWorld(['a'], NIGHT + 3 * HOUR);
    world.upgradeTakes = 2 * HOUR;
    await world.ticks(20, 5 * MINUTE);
    expect([world.alerts.map(({ event }) => event), world.ended]).toEqual([['overrun'], []]);
    await world.ticks(20, 5 * MINUTE);
    expect(told(world).filter(([event]) => event === 'overrun')).toEqual(
      Array(2).fill(['overrun', world.alerts[0]!.key]),
    );
    expect(world.ended).toMatchObject([{ severity: 'info', resolved: true, action: 'Nothing is to be done.' }]);
    expect((await world.ledger.attempts({})).map(({ settled }) => settled)).toEqual([true]);
  });

  it('a hold of the error budget, once a person releases it', async () => {
    const world = aBadNight(['a', 'b']);
    world.policy = aPolicy({ limits: { ...LIMITS, maxErrors: 1 } });
    await world.ticks(30);
    const held = world.alerts.filter(({ event }) => event === 'held');
    expect([held.length, world.ended.length]).toEqual([1, 0]);
    const [hold] = await world.ledger.holds();
    await world.ledger.putHold({ ...hold!, releasedAt: world.now });
    await world.ticks(3);
    expect(world.ended.map(({ key, event }) => [event, key])).toEqual([['held', held[0]!.key]]);
  });

  it('a failure whose instance has the version at last, by a later night or by somebody’s hand', async () => {
    const world = new FakeWorld(['a', 'b', 'c'], NIGHT + MINUTE);
    world.policy = aPolicy({ limits: { ...LIMITS, parallel: 5, maxErrors: 9 } });
    world.moods.set('a', ['fail_task', 'accept']);
    world.moods.set('b', [{ refuse: 'DCS.4062', status: 400 }]);
    await world.ticks(52, 30 * MINUTE);
    const failed = world.alerts.filter(({ event }) => event === 'failed').map(({ key }) => key);
    const overs = () => world.ended.filter(({ event }) => event === 'failed');
    expect(failed.map((key) => key.slice(0, 4))).toEqual(['id-b', 'id-a', 'id-b']);
    // In the first minutes of the next night it was called again, and has the version.
    expect(overs().map(({ key, labels }) => [key, labels.name])).toEqual([[expect.stringContaining('id-a@'), 'a']]);
    expect(overs()[0]!.summary).toMatch(/^It is over: a was not upgraded: .* It has the latest version now\.$/);
    world.renew(anInstance('b', { versions: upToDate() }));
    await world.ticks(2 * 24, 30 * MINUTE);
    expect(overs().map(({ labels }) => labels.name)).toEqual(['a', 'b', 'b']);
    expect(overs().every(({ key }) => failed.includes(key))).toBe(true);
    expect((await world.ledger.attempts({})).every(({ settled }) => settled)).toBe(true);
  });

  it('failures that were told as one end with the last of them, under that key', async () => {
    const world = aBadNight(['a', 'b', 'c']);
    await world.ticks(30);
    const [alert, ...others] = failures(world);
    expect([others.length, alert!.labels.count]).toEqual([0, '3']);
    for (const name of ['a', 'b']) world.renew(anInstance(name, { versions: upToDate() }));
    // Versions are read again in the next night.
    await world.ticks(48, 30 * MINUTE);
    expect(world.ended.filter(({ event }) => event === 'failed')).toEqual([]);
    world.renew(anInstance('c', { versions: upToDate() }));
    await world.ticks(48, 30 * MINUTE);
    expect(world.ended.filter(({ event }) => event === 'failed').map(({ key }) => key)).toEqual([alert!.key]);
  });

  it('a failure: a receiver that was down then hears of the same end, at the same instant', async () => {
    const world = aBadNight(['a']);
    world.receivers = ['ops', 'chat'];
    await world.ticks(30);
    world.deaf.add('chat');
    world.renew(anInstance('a', { versions: upToDate() }));
    await world.ticks(48, 30 * MINUTE);
    world.deaf.clear();
    await world.ticks(48, 30 * MINUTE);
    const ends = world.taken.filter(({ event, receiver }) => event === 'failed!' && receiver !== 'log');
    expect(ends.map(({ receiver }) => receiver)).toEqual(['ops', 'chat']);
    expect(new Set(ends.map(({ of }) => of)).size).toBe(1);
  });

  it('a scope that can be read again: once, and the next time is told anew', async () => {
    const world = new FakeWorld(['a']);
    const [scope] = world.policy.scopes;
    world.broken.set(scope!.id, refused);
    await world.ticks(2);
    world.broken.clear();
    await world.ticks(2);
    expect([world.alerts.length, world.ended.length]).toEqual([1, 1]);
    world.broken.set(scope!.id, refused);
    await world.ticks(2);
    expect([world.alerts.filter(({ event }) => event === 'scope').length, world.ended.length]).toEqual([2, 1]);
  });

  it('what heals before anybody was told of it is not told of at all', async () => {
    const world = new FakeWorld(['a']);
    const [scope] = world.policy.scopes;
    world.broken.set(scope!.id, { code: 'TRANSPORT.TIMEOUT', status: 0 });
    await world.ticks(2);
    world.broken.clear();
    await world.ticks(2);
    expect([world.alerts.filter(({ event }) => event === 'scope'), world.ended]).toEqual([[], []]);
  });

  it('a receiver that was down hears it later, and nobody twice', async () => {
    const world = aBadNight(['a', 'b']);
    world.policy = aPolicy({ limits: { ...LIMITS, maxErrors: 1 } });
    world.receivers = ['ops', 'chat'];
    await world.ticks(30);
    const [hold] = await world.ledger.holds();
    await world.ledger.putHold({ ...hold!, releasedAt: world.now });
    world.deaf.add('chat');
    await world.ticks(3);
    world.deaf.clear();
    await world.ticks(10);
    const key = world.ended.find(({ event }) => event === 'held')!.key;
    const taken = world.taken.filter((one) => one.key === key).map(({ receiver }) => receiver);
    expect(taken.toSorted()).toEqual(['chat', 'chat', 'ops', 'ops']);
    expect(await world.ledger.conditions()).toEqual([]);
  });
});

describe('an alert that a receiver refuses as it is', () => {
  /** Two failures of two causes; chat refuses the first, for as long as `picky` says. */
  async function twoFailures(): Promise<FakeWorld> {
    const world = aBadNight(['a', 'b']);
    world.moods.set('b', [{ refuse: 'DCS.4062', status: 400 }]);
    world.receivers = ['ops', 'chat'];
    world.picky.set('chat', 'id-a@');
    await world.ticks(20);
    return world;
  }
  const takenBy = (world: FakeWorld, receiver: string) =>
    world.taken.filter((one) => one.receiver === receiver && one.event === 'failed').map(({ key }) => key.slice(0, 4));

  it('keeps it from no other, and nobody is told twice', async () => {
    const world = await twoFailures();
    expect(takenBy(world, 'chat')).toEqual(['id-b']);
    expect(takenBy(world, 'ops').toSorted()).toEqual(['id-a', 'id-b']);
    expect(world.alerts.map(({ event }) => event)).not.toContain('receiver');
  });

  it('is tried again after growing pauses, and taken once it can be', async () => {
    const world = await twoFailures();
    world.picky.clear();
    await world.ticks(70);
    expect(takenBy(world, 'chat')).toEqual(['id-b', 'id-a']);
    expect((await world.ledger.conditions()).filter(({ key }) => key.startsWith('letter:'))).toEqual([]);
  });

  it('is a dead letter in the end: kept in the ledger for thirty days, and not tried any more', async () => {
    const world = await twoFailures();
    await world.ticks(200);
    const letters = async () => (await world.ledger.conditions()).filter(({ key }) => key.startsWith('letter:'));
    expect(await letters()).toMatchObject([{ tries: 5, alert: { event: 'failed', labels: { name: 'a' } } }]);
    expect(world.logs.filter(({ code }) => code === 'alert_given_up')).toHaveLength(1);
    expect((await world.ledger.attempts({})).map(({ settled }) => settled)).toEqual([true, true]);
    world.now += 29 * 24 * HOUR;
    await world.ticks(2);
    expect(await letters()).toHaveLength(1);
    world.now += 2 * 24 * HOUR;
    await world.ticks(2);
    expect(await letters()).toEqual([]);
    expect(takenBy(world, 'chat')).toEqual(['id-b']);
  });

  it('a digest: it is told once to the others, and given up like any other', async () => {
    const world = new FakeWorld(['a']);
    world.receivers = ['ops', 'chat'];
    world.digested = ['ops', 'chat'];
    world.picky.set('chat', 'digest:');
    await world.ticks(1);
    world.now = Date.parse('2026-11-23T21:05:00Z');
    await world.ticks(60);
    const taken = world.taken.filter(({ event, receiver }) => event === 'digest' && receiver !== 'log');
    expect(taken.map(({ receiver }) => receiver)).toEqual(['ops']);
    expect(world.logs.filter(({ code }) => code === 'alert_given_up')).toHaveLength(1);
    expect((await world.ledger.conditions()).map(({ key }) => key.slice(0, 7))).toEqual(['letter:']);
  });

  it('stops no later one: what was over and comes back is told, also under the key of a dead letter', async () => {
    const world = new FakeWorld(['a']);
    const [scope] = world.policy.scopes;
    world.receivers = ['ops', 'chat'];
    world.picky.set('chat', 'scope:');
    world.broken.set(scope!.id, refused);
    await world.ticks(100);
    expect(world.logs.filter(({ code }) => code === 'alert_given_up')).toHaveLength(1);
    world.broken.clear();
    world.picky.clear();
    await world.ticks(2);
    world.broken.set(scope!.id, refused);
    await world.ticks(2);
    expect(world.taken.filter(({ event, receiver }) => event === 'scope' && receiver === 'chat')).toHaveLength(1);
  });

  it('does not keep its scope spent once that is over', () => {
    const failure = { ...refused, message: 'no', requestId: null, rule: ruleFor(refused.code, refused.status) };
    const alert = scopeAlert('s/p', 'call', failure, 1);
    expect(spentScopes([{ key: alert.key, alert, toldAt: null }], 0).size).toBe(1);
    expect(spentScopes([{ key: `letter:chat:${alert.key}`, alert, toldAt: 1 }], 0).size).toBe(0);
  });
});

it('F074 a receiver that asks to be left alone is, for as long as it asked', async () => {
  const world = aBadNight(['a']);
  world.receivers = ['ops', 'chat'];
  world.deaf.add('chat');
  world.asks.set('chat', 20 * MINUTE);
  await world.ticks(40);
  const tries = world.tries.filter(({ receiver }) => receiver === 'chat').map(({ at }) => at);
  expect(tries.length).toBeGreaterThan(1);
  const pauses = tries.slice(1).map((at, index) => at - tries[index]!);
  expect(Math.min(...pauses)).toBeGreaterThanOrEqual(20 * MINUTE);
});

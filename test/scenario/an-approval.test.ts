import { describe, expect, it } from '@jest/globals';
import { DAY, HOUR, MINUTE } from '../../lib/core/time.ts';
import { approve, planHash } from '../../lib/operations.ts';
import { anInstance, aPart, aPolicy, aWave, LIMITS, NIGHT, versions } from '../support/builders.ts';
import { FakeWorld } from '../support/fake-world.ts';

const AFTERNOON = NIGHT - 9 * HOUR;

/** Five of a wave that starts only what a person approved. */
function aWorld(at: number): FakeWorld {
  const world = new FakeWorld(['a', 'b', 'c', 'd', 'e'], at);
  world.policy = aPolicy({ rollout: [aWave('dev', { approve: true })], limits: { ...LIMITS, parallel: 2 } });
  return world;
}

const planned = async (world: FakeWorld) => planHash((await world.pass({ dryRun: true, observeAlways: true })).plan);
const approvedBy = (world: FakeWorld, hash: string) =>
  approve(world.deps(), world.policy, { hash, by: 'ann', signal: new AbortController().signal });
const begun = (world: FakeWorld) => world.begun.map(({ name }) => name).toSorted();

describe('a wave that asks for approval', () => {
  it('starts nothing without it, and says how to give it', async () => {
    const world = aWorld(NIGHT);
    const [report] = await world.ticks(30);
    expect(world.posts).toEqual([]);
    expect(new Set(report!.decisions.map(({ reason }) => reason))).toEqual(new Set(['not_approved']));
    expect(report!.decisions[0]!.detail).toMatch(/dcs-upgrader approve HASH/);
  });

  it('people are told once for each opening, by day where the fleet is known, and that it is over when they approve', async () => {
    const world = aWorld(AFTERNOON);
    const told = () =>
      world.taken
        .filter(({ event }) => event.startsWith('approval'))
        .map(({ at, event }) => [(at - NIGHT) / HOUR, event]);
    await world.ticks(9 + 4, HOUR);
    expect(told()).toEqual([[0, 'approval']]);
    expect(world.alerts[0]!.summary).toMatch(
      /^5 upgrades of wave dev will not start without approval; .* from 2026-11-23T17:00:00Z/,
    );
    expect(world.alerts[0]!.action).toMatch(/dcs-upgrader approve HASH/);
    // It has closed: that it was not given is over, and the next one is a matter of the day.
    await world.ticks(2, HOUR);
    expect(told().slice(1)).toEqual([
      [4, 'approval'],
      [4, 'approval!'],
    ]);
    await approvedBy(world, await planned(world));
    await world.ticks(2, HOUR);
    expect(told().slice(3)).toEqual([[6, 'approval!']]);
    await world.ticks(24 * 5, HOUR);
    expect([begun(world), told().length]).toEqual([['a', 'b', 'c', 'd', 'e'], 4]);
  });

  it('who is not asked yet, because the wave before is not done, is told of when that is', async () => {
    const world = new FakeWorld(['first'], NIGHT);
    world.add(anInstance('second', { tags: { env: 'prod' } }));
    const prod = aWave('prod', { match: { tags: { env: ['prod'] } }, after: 'dev', soak: 20 * HOUR, approve: true });
    world.policy = aPolicy({ rollout: [aWave('dev'), prod] });
    await world.ticks(23, HOUR);
    // Foreseen once the soak will be over when the window opens.
    const told = world.taken.filter(({ event }) => event === 'approval');
    expect(told.map(({ at, summary }) => [(at - NIGHT) / HOUR, summary.slice(0, 24)])).toEqual([
      [4, '1 upgrade of wave prod w'],
    ]);
  });

  it('starts what was approved in the afternoon, all of it, however few may run at once', async () => {
    const world = aWorld(AFTERNOON);
    const hash = await planned(world);
    expect(await approvedBy(world, hash)).toMatchObject({ hash, by: 'ann', opening: { opens: NIGHT } });
    await world.ticks(13 * 12, 5 * MINUTE);
    expect(begun(world)).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(world.begun.every(({ at }) => at >= NIGHT && at < NIGHT + 4 * HOUR)).toBe(true);
  });

  it('the hash names the same plan all day long, and another one as soon as the plan changes', async () => {
    const world = aWorld(AFTERNOON);
    const hashes = [await planned(world)];
    world.now += 3 * HOUR;
    hashes.push(await planned(world));
    world.add(anInstance('f'));
    hashes.push(await planned(world));
    expect([hashes[0] === hashes[1], hashes[1] === hashes[2]]).toEqual([true, false]);
    expect(await approvedBy(world, hashes[0]!)).toMatch(new RegExp(`^the plan is ${hashes[2]} by now`));
    await world.ticks(13 * 12, 5 * MINUTE);
    expect(world.posts).toEqual([]);
  });

  it('drops what came after the approval, and what goes to another version since, and shows both', async () => {
    const world = aWorld(AFTERNOON);
    await approvedBy(world, await planned(world));
    world.add(anInstance('new'));
    world.add(anInstance('a', { versions: versions({ engine: aPart({ latest: '5.0.14.261001' }) }) }));
    // What is known of versions is a day old at the most; now they are read anew.
    await world.ledger.dropFleet(['id-a']);
    world.now = NIGHT;
    const reports = await world.ticks(60);
    expect(begun(world)).toEqual(['b', 'c', 'd', 'e']);
    const left = reports.at(-1)!.decisions.filter(({ reason }) => reason === 'not_approved');
    expect(left.map(({ name }) => name).toSorted()).toEqual(['a', 'new']);
    expect(left[0]!.detail).toMatch(/that ann approved at/);
  });

  it('latest moves between the decision and the call: what was approved is not what would be made, so nothing is', async () => {
    const world = aWorld(AFTERNOON);
    await approvedBy(world, await planned(world));
    const moved = versions({ engine: aPart({ latest: '5.0.14.261001' }) });
    for (const name of ['a', 'b', 'c', 'd', 'e']) world.add(anInstance(name, { versions: moved }));
    world.now = NIGHT;
    await world.ticks(60);
    expect(world.posts).toEqual([]);
  });

  it('is good for one opening', async () => {
    const world = aWorld(AFTERNOON);
    world.policy = { ...world.policy, limits: { ...LIMITS, parallel: 1, perWindow: 1 } };
    await approvedBy(world, await planned(world));
    await world.ticks(2 * 24 * 12, 5 * MINUTE);
    expect(world.begun).toHaveLength(1);
    await approvedBy(world, await planned(world));
    await world.ticks(24 * 12, 5 * MINUTE);
    expect(world.begun).toHaveLength(2);
    expect(world.begun[1]!.at - world.begun[0]!.at).toBeGreaterThanOrEqual(DAY);
  });

  it('an approval that cannot be read is none', async () => {
    const world = aWorld(NIGHT);
    await approvedBy(world, await planned(world));
    await world.ledger.putNote('approval', '{"items": [');
    await world.ticks(3);
    expect(world.posts).toEqual([]);
  });
});

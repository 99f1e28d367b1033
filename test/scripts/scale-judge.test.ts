import { describe, expect, it } from '@jest/globals';
import type { Attempt } from '../../lib/core/attempt.ts';
import { type EpochMs, SECOND } from '../../lib/core/time.ts';
import { createManualClock } from '../../lib/simulator/clock.ts';
import { createRandom } from '../../lib/simulator/random.ts';
import { createSimulator, type Post } from '../../lib/simulator/simulator.ts';
import { judge } from '../../scripts/scale/judge.ts';
import { BEGINS, fleetOf, LIMITS, OPENINGS } from '../../scripts/scale/night.ts';
import { anAttempt } from '../support/builders.ts';

const OPEN = OPENINGS[0]!.opens;
const END = OPENINGS[1]!.closes;

/** A night in which the first `count` of the fleet are upgraded at these instants, and the ledger says so. */
function aNight(count: number, when: (index: number) => EpochMs, fleet = count) {
  const simulator = createSimulator({ clock: createManualClock(BEGINS), fleet: fleetOf(fleet, createRandom(1)) });
  const { world } = simulator;
  const posts: Post[] = [];
  const attempts: Attempt[] = [];
  const call = (name: string, at: EpochMs) => {
    const instance = [...world.instances.values()].find(({ spec }) => spec.name === name)!;
    const { id: instanceId, project } = instance.spec;
    const { taskId } = world.begin(instance, ['engine'], at);
    posts.push({ at, instanceId, project, body: '', outcome: 'accepted', code: null, taskId });
    attempts.push(anAttempt(name, { name, state: 'succeeded', taskId, settled: true }));
  };
  for (let index = 0; index < count; index++) call(`cache-${index}`, when(index));
  const verdict = () => judge({ ...simulator, posts }, attempts, END).violations;
  return { attempts, call, verdict };
}

/** One after the other. */
const inTurn = (index: number) => OPENINGS[1]!.opens + index * 20 * SECOND;

describe('the judge of the scale test', () => {
  it('finds nothing wrong with a night in which all went well', () => {
    expect(aNight(40, inTurn).verdict()).toEqual([]);
  });

  it('finds an instance that was upgraded twice, and one that never was', () => {
    const { call, verdict } = aNight(40, inTurn);
    call('cache-7', inTurn(50));
    expect(verdict()).toEqual(['cache-7: upgraded 2 times']);
    expect(aNight(40, inTurn, 41).verdict()).toEqual(['cache-40: upgraded 0 times']);
  });

  it.each([
    ['before the first opening', OPEN - 1],
    ['between the openings', OPENINGS[0]!.closes],
    ['after the last', END],
  ])('finds a call %s', (_, at) => {
    expect(aNight(3, () => at).verdict()).toContainEqual(expect.stringContaining('outside every opening'));
  });

  it('finds one too many at the same instant, in all, in a scope, and of an app', () => {
    const all = aNight(LIMITS.parallel + 1, () => OPEN).verdict();
    expect(all).toEqual([`${LIMITS.parallel + 1} at once all, and ${LIMITS.parallel} may be`]);
    const scope = aNight(20 * LIMITS.perScope + 1, () => OPEN).verdict();
    expect(scope).toContainEqual(`${LIMITS.perScope + 1} at once in scope p0, and ${LIMITS.perScope} may be`);
    const app = aNight(2_001, (index) => (index % 2_000 === 0 ? OPEN : inTurn(index % 800))).verdict();
    expect(app).toContainEqual('2 at once of app-0, and 1 may be');
  });

  it.each<[string, Partial<Attempt>]>([
    ['was never followed', { state: 'running', settled: false }],
    ['is said to have failed', { state: 'failed' }],
    ['is another task’s', { taskId: 'another' }],
  ])('finds an upgrade that %s', (_, change) => {
    const { attempts, verdict } = aNight(3, inTurn);
    Object.assign(attempts[1]!, change);
    expect(verdict()).toContainEqual(expect.stringContaining('cache-1: accepted as'));
  });
});

import { describe, expect, it } from '@jest/globals';
import { untold } from '../../lib/core/alert-attempt.ts';
import type { Attempt } from '../../lib/core/attempt.ts';
import { decide } from '../../lib/core/decide.ts';
import type { Reason } from '../../lib/core/decision.ts';
import { ruleFor } from '../../lib/core/errors.ts';
import type { Instance } from '../../lib/core/instance.ts';
import { isOverride, overrideOpening, waitingOverrides } from '../../lib/core/override.ts';
import type { Scene } from '../../lib/core/stock.ts';
import { DAY, HOUR, MINUTE } from '../../lib/core/time.ts';
import { aFreeze, aHold, anAttempt, anInstance, aPolicy, aScene, NIGHT, upToDate } from '../support/builders.ts';

/** Eight in the evening: no window is open. */
const EVENING = NIGHT - 5 * HOUR;
const ordered = overrideOpening('run-1', EVENING, 30 * MINUTE);

const waiting = (change: Partial<Attempt> = {}) =>
  anAttempt('a', { id: `id-a@${ordered.id}`, opening: ordered, calledAt: null, lookUntil: null, calls: 0, ...change });

function evening(fleet: Instance[], change: Partial<Scene> = {}): Scene {
  return aScene(fleet, { now: EVENING + MINUTE, overrides: new Map([['id-a', ordered]]), ...change });
}

const ROWS: { why: string; fleet?: Instance[]; scene?: Partial<Scene>; says: Reason }[] = [
  { why: 'no window is open, which is not asked', says: 'due' },
  { why: 'a freeze is not asked', scene: { policy: aPolicy({ freezes: [aFreeze()] }) }, says: 'due' },
  { why: 'the wave before it is not asked', fleet: [anInstance('a', { tags: { env: 'prod' } }), anInstance('b')], says: 'due' },
  { why: 'a hold is', scene: { holds: [aHold({ createdAt: EVENING })] }, says: 'held' },
  { why: 'whether a wave owns it is', fleet: [anInstance('a', { tags: {} })], says: 'not_selected' },
  { why: 'whether its owner opted out is', fleet: [anInstance('a', { tags: { env: 'dev', 'dcs-upgrade': 'off' } })], says: 'opted_out' },
  { why: 'whether it can be upgraded at all is', fleet: [anInstance('a', { engineVersion: '3.0' })], says: 'unsupported' },
  { why: 'whether anything is due is', fleet: [anInstance('a', { versions: upToDate() })], says: 'already_latest' },
  { why: 'whether it is RUNNING is', fleet: [anInstance('a', { status: 'BACKING_UP' })], says: 'instance_busy' },
  { why: 'whether an upgrade of it runs is', scene: { attempts: [anAttempt('a', { calledAt: EVENING, lookUntil: EVENING + HOUR })] }, says: 'outcome_unknown' },
  { why: 'what somebody else began is', fleet: [anInstance('a', { upgrading: true })], says: 'instance_busy' },
  { why: 'whether its scope can be read is', scene: { stoppedScopes: new Map([['cn-north-4/p1', 'bad signature']]) }, says: 'scope_stopped' },
  { why: 'the limits are', scene: { policy: aPolicy({ limits: { ...aPolicy().limits, parallel: 1 } }), attempts: [anAttempt('b', { calledAt: EVENING, lookUntil: EVENING + HOUR })] }, says: 'limit_parallel' },
  { why: 'after an hour it is begun no more', scene: { now: EVENING + HOUR + 1 }, says: 'does_not_fit' },
  { why: 'a failure in the same order is', scene: { attempts: [waiting({ state: 'failed', finishedAt: EVENING })] }, says: 'failed_this_opening' },
  { why: 'what was not ordered keeps to its window', scene: { overrides: new Map() }, says: 'outside_window' },
]; // biome-ignore format: a table

describe('what an override skips, and what it never does', () => {
  it.each(ROWS)('$says: $why', ({ fleet = [anInstance('a')], scene = {}, says }) => {
    expect(decide(evening(fleet, scene)).decisions[0]).toMatchObject({ name: 'a', reason: says });
  });

  it('asks for a part that a freeze blocks', () => {
    const policy = aPolicy({ freezes: [aFreeze({ block: ['engine'] })] });
    expect(decide(evening([anInstance('a')], { policy })).decisions[0]).toMatchObject({ parts: ['engine'] });
  });

  it('takes its place in its own opening', () => {
    expect(decide(evening([anInstance('a')])).slots.get('id-a')).toEqual({ opening: ordered, need: 30 * MINUTE });
  });
});

describe('what was ordered and waits', () => {
  it.each<[string, Attempt, number, boolean]>([
    ['a claim that nothing was called for', waiting(), EVENING, true],
    ['one that was refused and may be called again', waiting({ calls: 1, retryAt: EVENING + MINUTE }), EVENING, true],
    ['not one that is under way', waiting({ lookUntil: EVENING + HOUR, calls: 1 }), EVENING, false],
    ['not one that has ended', waiting({ state: 'succeeded', finishedAt: EVENING }), EVENING, false],
    ['not one whose time is over', waiting(), ordered.closes, false],
    ['not the claim of a window', anAttempt('a', { lookUntil: null }), NIGHT, false],
  ])('is %s', (_, attempt, now, waits) => {
    expect(waitingOverrides([attempt], now).has('id-a')).toBe(waits);
  });

  it('leaves its window to it when it came to nothing with tries left', () => {
    const late = overrideOpening('run-1', NIGHT - HOUR, 30 * MINUTE);
    const came = (change: Partial<Attempt>) =>
      decide(aScene([anInstance('a')], { now: late.closes + MINUTE, attempts: [waiting({ opening: late, state: 'expired', finishedAt: late.closes, ...change })] })).decisions[0]!.reason; // biome-ignore format: one thought
    expect([came({}), came({ calls: 1 }), came({ calls: 3 })]).toEqual(['due', 'due', 'tries_spent']);
    // What was accepted, and then could not be found, is no try that came to nothing: it may be at work, and may be there again.
    const accepted = { at: NIGHT - HOUR, state: 'running', note: 'accepted, task t' } as const;
    expect(came({ calls: 1, updates: [accepted] })).toBe('tries_spent');
    // Nor is it so where the order took the claim of that very window: an instance has one in it.
    expect(came({ id: 'id-a@2026-11-23T17:00:00Z' })).toBe('tries_spent');
  });

  it('is told when it was never begun; what a window left undone is not', () => {
    const end: Partial<Attempt> = { state: 'expired', finishedAt: EVENING + 2 * HOUR };
    const told = (attempt: Attempt) =>
      untold(attempt, EVENING + DAY, (code) => ruleFor(code, 0)).map(({ event }) => event);
    expect(told(waiting(end))).toEqual(['expired']);
    expect(told(anAttempt('a', { ...end, lookUntil: null }))).toEqual([]);
  });

  it('is told from a window by its id', () => {
    expect([isOverride(ordered), isOverride({ id: '2026-11-23T17:00:00Z' })]).toEqual([true, false]);
  });
});

describe('what a person asked for', () => {
  it('goes before what is behind for longer, within the same limits', () => {
    const behindSince = new Map([['id-a', NIGHT - DAY], ['id-b', NIGHT - 9 * DAY]]); // biome-ignore format: pairs
    const policy = aPolicy({ limits: { ...aPolicy().limits, parallel: 1 } });
    const started = (change: Partial<Scene>) =>
      decide(aScene([anInstance('a'), anInstance('b')], { policy, behindSince, ...change }))
        .decisions.filter(({ action }) => action === 'start')
        .map(({ name }) => name);
    expect(started({})).toEqual(['b']);
    expect(started({ asked: ({ name }) => name === 'a' })).toEqual(['a']);
  });
});

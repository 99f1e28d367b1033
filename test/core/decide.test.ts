import { describe, expect, it } from '@jest/globals';
import type { Attempt } from '../../lib/core/attempt.ts';
import { decide } from '../../lib/core/decide.ts';
import { type Decision, REASONS, type Reason } from '../../lib/core/decision.ts';
import type { Instance } from '../../lib/core/instance.ts';
import type { Policy } from '../../lib/core/policy.ts';
import type { Scene } from '../../lib/core/stock.ts';
import { DAY, HOUR, iso, MINUTE } from '../../lib/core/time.ts';
import {
  aBackupAsk,
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
  upToDate,
  versions,
} from '../support/builders.ts';

const LACKING = { reason: 'backing_up', detail: 'one is asked for first', backup: 'lacking' } as const;
const NEXT_NIGHT = NIGHT + DAY;
const prod = (name: string, change: Partial<Instance> = {}) => anInstance(name, { tags: { env: 'prod' }, ...change });
const limits = (change: Partial<Policy['limits']>) => ({ policy: aPolicy({ limits: { ...LIMITS, ...change } }) });
const failed = (name: string, change: Partial<Attempt> = {}) =>
  anAttempt(name, {
    state: 'failed',
    lookUntil: null,
    finishedAt: NIGHT + 30 * MINUTE,
    error: { code: 'DCS.5000', message: 'it broke', requestId: null },
    ...change,
  });
const before = { id: 'earlier', opens: NIGHT - 7 * DAY, closes: NIGHT - 7 * DAY + 4 * HOUR };

function decisionOn(name: string, scene: Scene): Decision {
  return decide(scene).decisions.find((decision) => decision.name === name)!;
}

interface Row {
  why: string;
  fleet?: Instance[];
  scene?: Partial<Scene>;
  /** Of the instance named `a`. */
  says: Reason;
  action: Decision['action'];
  possibleAt?: number | null;
}

const ROWS: Row[] = [
  { why: 'a part is upgradable, its window is open, nothing stands against it', says: 'due', action: 'start', possibleAt: NIGHT + MINUTE },
  { why: 'its upgrade runs', scene: { attempts: [anAttempt('a', { state: 'running', lookUntil: null, taskId: 't' })] }, says: 'in_progress', action: 'follow' },
  { why: 'its call has an unknown outcome', scene: { attempts: [anAttempt('a')] }, says: 'outcome_unknown', action: 'follow' },
  { why: 'its versions are the latest', fleet: [anInstance('a', { versions: upToDate() })], says: 'already_latest', action: 'none' },
  { why: 'older than the latest, but not offered', fleet: [anInstance('a', { versions: versions({ engine: aPart({ upgradable: false }) }) })], says: 'not_offered', action: 'none' },
  { why: 'F097 equal versions, but the flag says upgradable', fleet: [anInstance('a', { versions: versions({ engine: aPart({ current: LATEST }) }) })], says: 'due', action: 'start' },
  { why: 'no wave matches it', fleet: [anInstance('a', { tags: {} })], says: 'not_selected', action: 'none' },
  { why: 'select.exclude names it', scene: { policy: aPolicy({ select: { engine: null, versions: null, enterpriseProjects: null, exclude: [{ name: ['a'] }] } }) }, says: 'excluded', action: 'none' },
  { why: 'its owner opted out by tag', fleet: [anInstance('a', { tags: { env: 'dev', 'dcs-upgrade': 'off' } })], says: 'opted_out', action: 'none' },
  { why: 'F095 Memcached', fleet: [anInstance('a', { engine: 'Memcached' })], says: 'unsupported', action: 'none' },
  { why: 'F095 Redis 3.0', fleet: [anInstance('a', { engineVersion: '3.0' })], says: 'unsupported', action: 'none' },
  { why: 'F095 the enterprise edition', fleet: [anInstance('a', { details: { cacheMode: 'ha', productType: 'enterprise' } })], says: 'unsupported', action: 'none' },
  { why: 'F094 a cache mode that is not known', fleet: [anInstance('a', { details: { cacheMode: 'serverless', productType: 'generic' } })], says: 'unsupported', action: 'none' },
  { why: 'F094 a status that is not known', fleet: [anInstance('a', { status: 'HIBERNATING' })], says: 'instance_busy', action: 'wait', possibleAt: NIGHT + MINUTE },
  { why: 'its scope cannot be read', scene: { stoppedScopes: new Map([['cn-north-4/p1', 'bad signature']]) }, says: 'scope_stopped', action: 'wait', possibleAt: null },
  { why: 'its versions were never read', fleet: [anInstance('a', { versions: null })], says: 'version_unknown', action: 'wait', possibleAt: null },
  { why: 'held without an end', scene: { holds: [aHold()] }, says: 'held', action: 'wait', possibleAt: null },
  { why: 'held for an hour', scene: { holds: [aHold({ until: NIGHT + HOUR })] }, says: 'held', action: 'wait', possibleAt: NIGHT + HOUR },
  { why: 'a hold that was released holds nothing', scene: { holds: [aHold({ releasedAt: NIGHT })] }, says: 'due', action: 'start' },
  { why: 'a hold on another wave holds nothing', scene: { holds: [aHold({ match: { wave: 'prod' } })] }, says: 'due', action: 'start' },
  { why: 'a hold that matches nothing in particular holds nothing', scene: { holds: [aHold({ match: {} })] }, says: 'due', action: 'start' },
  { why: 'held by its tag', fleet: [anInstance('a', { tags: { env: 'dev', 'dcs-upgrade-hold-until': '2026-12-01' } })], says: 'held', action: 'wait', possibleAt: Date.parse('2026-11-30T17:00:00Z') },
  { why: 'held by a tag that cannot be read', fleet: [anInstance('a', { tags: { env: 'dev', 'dcs-upgrade-hold-until': 'soon' } })], says: 'held', action: 'wait', possibleAt: null },
  { why: 'the wave before has one left to do', fleet: [prod('a'), anInstance('b')], says: 'wave_waiting', action: 'wait', possibleAt: null },
  { why: 'the wave before soaks', fleet: [prod('a'), anInstance('b', { versions: upToDate() })], scene: { policy: aPolicy({ rollout: [aWave('dev'), aWave('prod', { after: 'dev', soak: DAY })] }), attempts: [anAttempt('b', { state: 'succeeded', lookUntil: null, finishedAt: NIGHT })] }, says: 'wave_soaking', action: 'wait', possibleAt: NEXT_NIGHT },
  { why: 'the wave before has soaked', fleet: [prod('a'), anInstance('b', { versions: upToDate() })], scene: { policy: aPolicy({ rollout: [aWave('dev'), aWave('prod', { after: 'dev', soak: DAY })] }), attempts: [anAttempt('b', { state: 'succeeded', lookUntil: null, finishedAt: NIGHT - 2 * DAY, opening: before })] }, says: 'due', action: 'start' },
  { why: 'the wave before has a failed member', fleet: [prod('a'), anInstance('b')], scene: { attempts: [failed('b')] }, says: 'wave_failed', action: 'wait', possibleAt: null },
  { why: 'the wave before has a member that could not be verified, and that is at the latest version all the same', fleet: [prod('a'), anInstance('b', { versions: upToDate() })], scene: { attempts: [failed('b', { state: 'unverified' })] }, says: 'wave_failed', action: 'wait', possibleAt: null },
  { why: 'the failed member expired in the opening after that', fleet: [prod('a'), anInstance('b')], scene: { attempts: [anAttempt('b', { state: 'expired', lookUntil: null, finishedAt: NIGHT }), failed('b', { opening: before, finishedAt: NIGHT - 6 * DAY })] }, says: 'wave_failed', action: 'wait' },
  { why: 'the failed member was acknowledged by holding it', fleet: [prod('a'), anInstance('b')], scene: { attempts: [failed('b')], holds: [aHold({ match: { instanceId: 'id-b' } })] }, says: 'due', action: 'start' },
  { why: 'the wave before is held as a whole by a person', fleet: [prod('a'), anInstance('b')], scene: { holds: [aHold({ match: { wave: 'dev' } })] }, says: 'wave_waiting', action: 'wait' },
  { why: 'a member of the wave before is held by an alert', fleet: [prod('a'), anInstance('b')], scene: { holds: [aHold({ by: 'alert:grafana', match: { instanceId: 'id-b' } })] }, says: 'wave_waiting', action: 'wait' },
  { why: 'a member of the wave before is held, but its upgrade still runs', fleet: [prod('a'), anInstance('b')], scene: { attempts: [anAttempt('b', { state: 'running', lookUntil: null })], holds: [aHold({ match: { instanceId: 'id-b' } })] }, says: 'wave_waiting', action: 'wait' },
  { why: 'the upgrade of a member of the wave before does not end', fleet: [prod('a'), anInstance('b')], scene: { attempts: [anAttempt('b', { state: 'running', lookUntil: null, timedOutAt: NIGHT })] }, says: 'wave_stuck', action: 'wait', possibleAt: null },
  { why: 'the upgrade of a member of the wave before does not end, and a person holds that by a tag', fleet: [prod('a'), anInstance('b')], scene: { attempts: [anAttempt('b', { state: 'running', lookUntil: null, timedOutAt: NIGHT })], holds: [aHold({ match: { tags: { env: 'dev' } } })] }, says: 'wave_stuck', action: 'wait' },
  { why: 'the upgrade of a member of the wave before does not end, which was acknowledged by holding it', fleet: [prod('a'), anInstance('b')], scene: { attempts: [anAttempt('b', { state: 'running', lookUntil: null, timedOutAt: NIGHT })], holds: [aHold({ match: { instanceId: 'id-b' } })] }, says: 'due', action: 'start' },
  { why: 'the failed member is held by its tag, and nobody has named it', fleet: [prod('a'), anInstance('b')], scene: { attempts: [failed('b')], holds: [aHold({ match: { tags: { env: 'dev' } } })] }, says: 'wave_failed', action: 'wait' },
  { why: 'a member of the wave before is held by its tag by a person', fleet: [prod('a'), anInstance('b')], scene: { holds: [aHold({ match: { tags: { env: 'dev' } } })] }, says: 'due', action: 'start' },
  { why: 'an empty wave between passes on the wait of the one before it', fleet: [prod('a'), anInstance('b')], scene: { policy: aPolicy({ rollout: [aWave('dev'), aWave('canary', { after: 'dev' }), aWave('prod', { after: 'canary' })] }) }, says: 'wave_waiting', action: 'wait' },
  { why: 'nobody approved it', scene: { policy: aPolicy({ rollout: [aWave('dev', { approve: true })] }) }, says: 'not_approved', action: 'wait', possibleAt: null },
  { why: 'another plan was approved', scene: { policy: aPolicy({ rollout: [aWave('dev', { approve: true })] }), approval: { hash: 'h', by: 'ann', at: NIGHT, opening: { opens: NIGHT, closes: NIGHT + HOUR }, items: [] } }, says: 'not_approved', action: 'wait', possibleAt: null },
  { why: 'no window is open', scene: { now: NIGHT - 1 }, says: 'outside_window', action: 'wait', possibleAt: NIGHT },
  { why: 'the last instant of the window is not in it', scene: { now: NIGHT + 4 * HOUR }, says: 'outside_window', action: 'wait', possibleAt: NEXT_NIGHT },
  { why: 'its tag names a window that its wave does not have', fleet: [anInstance('a', { tags: { env: 'dev', 'dcs-upgrade-window': 'weekend' } })], says: 'outside_window', action: 'wait', possibleAt: null },
  { why: 'frozen, and the next opening after it', scene: { policy: aPolicy({ freezes: [aFreeze()] }) }, says: 'frozen', action: 'wait', possibleAt: NIGHT + 7 * DAY },
  { why: 'a freeze of the proxy alone leaves the engine', scene: { policy: aPolicy({ freezes: [aFreeze({ block: ['proxy'] })] }) }, says: 'due', action: 'start' },
  { why: 'it failed in this opening', scene: { attempts: [failed('a')] }, says: 'failed_this_opening', action: 'wait', possibleAt: NEXT_NIGHT },
  { why: 'it failed in an earlier opening', scene: { attempts: [failed('a', { opening: before, finishedAt: NIGHT - 6 * DAY })] }, says: 'due', action: 'start' },
  { why: 'it failed under another id of an opening that overlaps this one', scene: { attempts: [failed('a', { opening: { id: 'x', opens: NIGHT - HOUR, closes: NIGHT + HOUR } })] }, says: 'failed_this_opening', action: 'wait' },
  { why: 'upgraded in this opening, and latest has moved since', scene: { attempts: [anAttempt('a', { state: 'succeeded', lookUntil: null, finishedAt: NIGHT })] }, says: 'done_this_opening', action: 'wait', possibleAt: NEXT_NIGHT },
  { why: 'refused three times', scene: { attempts: [anAttempt('a', { lookUntil: null, calls: 3 })] }, says: 'tries_spent', action: 'wait', possibleAt: NEXT_NIGHT },
  { why: 'refused a minute ago', scene: { attempts: [anAttempt('a', { lookUntil: null, retryAt: NIGHT + 2 * MINUTE })] }, says: 'retry_later', action: 'wait', possibleAt: NIGHT + 2 * MINUTE },
  { why: 'refused two minutes ago', scene: { now: NIGHT + 2 * MINUTE, attempts: [anAttempt('a', { lookUntil: null, retryAt: NIGHT + 2 * MINUTE })] }, says: 'due', action: 'start' },
  { why: 'it is busy', fleet: [anInstance('a', { status: 'EXTENDING' })], says: 'instance_busy', action: 'wait', possibleAt: NIGHT + MINUTE },
  { why: 'somebody else upgrades it', fleet: [anInstance('a', { upgrading: true })], says: 'instance_busy', action: 'wait' },
  { why: 'it is frozen for arrears', fleet: [anInstance('a', { status: 'FROZEN' })], says: 'instance_not_running', action: 'wait', possibleAt: null },
  { why: 'half an hour is expected, and a minute less is left', scene: { now: NIGHT + 4 * HOUR - 29 * MINUTE }, says: 'does_not_fit', action: 'wait', possibleAt: NEXT_NIGHT },
  { why: 'half an hour is expected and left', scene: { now: NIGHT + 4 * HOUR - 30 * MINUTE }, says: 'due', action: 'start' },
  { why: 'a gate of the policy does not let it pass', scene: { gates: new Map([['id-a', { reason: 'gate_failed', detail: 'CPU was at 90 %' }]]) }, says: 'gate_failed', action: 'wait', possibleAt: NIGHT + MINUTE },
  { why: 'a gate of the policy cannot be read', scene: { gates: new Map([['id-a', { reason: 'gate_unknown', detail: 'CPU is not known' }]]) }, says: 'gate_unknown', action: 'wait', possibleAt: NIGHT + MINUTE },
  { why: 'its backup is on its way', scene: { attempts: [anAttempt('a', { calls: 0, lookUntil: null, backup: aBackupAsk({ state: 'running' }) })] }, says: 'backing_up', action: 'wait', possibleAt: NIGHT + MINUTE },
  { why: 'whether its backup is on its way is not known', scene: { attempts: [anAttempt('a', { calls: 0, lookUntil: null, backup: aBackupAsk() })] }, says: 'backing_up', action: 'wait', possibleAt: NIGHT + MINUTE },
  { why: 'its backup is there', scene: { attempts: [anAttempt('a', { calls: 0, lookUntil: null, backup: aBackupAsk({ state: 'made' }) })] }, says: 'due', action: 'start' },
  { why: 'a backup is to be made first', scene: { gates: new Map([['id-a', LACKING]]) }, says: 'backing_up', action: 'wait', possibleAt: NIGHT + MINUTE },
  { why: 'a backup is to be made first, and the limits leave no room', fleet: [anInstance('a'), anInstance('b')], scene: { ...limits({ parallel: 1 }), attempts: [anAttempt('b')], gates: new Map([['id-a', LACKING]]) }, says: 'limit_parallel', action: 'wait' },
  { why: 'the backup of another takes the only place', fleet: [anInstance('a'), anInstance('b')], scene: { ...limits({ parallel: 1 }), attempts: [anAttempt('b', { calls: 0, lookUntil: null, backup: aBackupAsk() })] }, says: 'limit_parallel', action: 'wait' },
  { why: 'an override skips no gate', scene: { gates: new Map([['id-a', { reason: 'gate_failed', detail: 'CPU was at 90 %' }]]), overrides: new Map([['id-a', { id: 'override:1', opens: NIGHT, closes: NIGHT + HOUR, windows: ['override'] }]]) }, says: 'gate_failed', action: 'wait', possibleAt: NIGHT + MINUTE },
  { why: 'its gates let it pass', scene: { gates: new Map([['id-a', null]]) }, says: 'due', action: 'start' },
  { why: 'limits.parallel is reached, by one that is listed no more', scene: { ...limits({ parallel: 1 }), attempts: [anAttempt('gone')] }, says: 'limit_parallel', action: 'wait', possibleAt: NIGHT + MINUTE },
  { why: 'its wave, which had another name at the claim, has its number under way', fleet: [anInstance('a'), anInstance('b')], scene: { policy: aPolicy({ rollout: [aWave('first', { match: { tags: { env: ['dev'] } }, parallel: 1 })] }), attempts: [anAttempt('b')] }, says: 'limit_wave', action: 'wait' },
  { why: 'what is stored of one of its wave cannot be read', fleet: [anInstance('a'), anInstance('b')], scene: { policy: aPolicy({ rollout: [aWave('dev', { parallel: 1 })] }), attempts: [anAttempt('b', { state: 'running', unreadable: true, wave: '', scope: '' })] }, says: 'limit_wave', action: 'wait' },
  { why: 'what is stored of one of its scope cannot be read', fleet: [anInstance('a'), anInstance('b')], scene: { ...limits({ perScope: 1 }), attempts: [anAttempt('b', { state: 'running', unreadable: true, wave: '', scope: '' })] }, says: 'limit_scope', action: 'wait' },
  { why: 'one of its app is under way that is listed no more', scene: { ...limits({ oneAtATimeBy: ['tag:env'] }), attempts: [anAttempt('gone', { tags: { env: 'dev' } })] }, says: 'one_at_a_time', action: 'wait' },
  { why: 'a person holds a wave that the policy does not have: it may be this one under an older name', scene: { holds: [aHold({ match: { wave: 'older' } })] }, says: 'held', action: 'wait' },
  { why: 'its wave has its number under way', fleet: [anInstance('a'), anInstance('b')], scene: { policy: aPolicy({ rollout: [aWave('dev', { parallel: 1 })] }), attempts: [anAttempt('b')] }, says: 'limit_wave', action: 'wait' },
  { why: 'its scope has its number under way', fleet: [anInstance('a'), anInstance('b')], scene: { ...limits({ perScope: 1 }), attempts: [anAttempt('b')] }, says: 'limit_scope', action: 'wait' },
  { why: 'the opening has had its number of starts', fleet: [anInstance('a'), anInstance('b', { versions: upToDate() })], scene: { ...limits({ perWindow: 1 }), attempts: [anAttempt('b', { state: 'succeeded', lookUntil: null, finishedAt: NIGHT })] }, says: 'limit_window', action: 'wait' },
  { why: 'another instance of its app is under way', fleet: [anInstance('a', { tags: { env: 'dev', app: 'cart' } }), anInstance('b', { tags: { env: 'dev', app: 'cart' } })], scene: { ...limits({ oneAtATimeBy: ['tag:app'] }), attempts: [anAttempt('b')] }, says: 'one_at_a_time', action: 'wait' },
]; // biome-ignore format: a table

describe('the decision on an instance', () => {
  it.each(ROWS)('$says: $why', ({ fleet = [anInstance('a')], scene = {}, says, action, possibleAt }) => {
    const decision = decisionOn('a', aScene(fleet, scene));
    expect([decision.reason, decision.action]).toEqual([says, action]);
    expect(decision.detail).toMatch(/\S/);
    if (possibleAt !== undefined)
      expect(decision.possibleAt && iso(decision.possibleAt)).toBe(possibleAt && iso(possibleAt));
  });

  it('has a row for every reason that the decision itself can give', () => {
    const given = new Set(ROWS.map(({ says }) => says));
    const byTheRunAlone = ['another_run', 'not_startable', 'no_time_left'];
    expect(REASONS.filter((reason) => !given.has(reason))).toEqual(byTheRunAlone);
  });
});

describe('what is asked for', () => {
  const proxy = { versions: versions({ proxy: aPart() }) };
  it('is every part that is upgradable, in one call', () => {
    expect(decisionOn('a', aScene([anInstance('a', proxy)])).parts).toEqual(['engine', 'proxy']);
  });
  it('is never a part whose flag is not set', () => {
    expect(decisionOn('a', aScene([anInstance('a')])).parts).toEqual(['engine']);
  });
  it('is never a part that the policy does not name', () => {
    expect(
      decisionOn('a', aScene([anInstance('a', proxy)], { policy: aPolicy({ upgrade: { proxy: 'latest' } }) })).parts,
    ).toEqual(['proxy']);
  });
  it('is not a part that a freeze blocks', () => {
    const policy = aPolicy({ freezes: [aFreeze({ block: ['engine'] })] });
    expect(decisionOn('a', aScene([anInstance('a', proxy)], { policy })).parts).toEqual(['proxy']);
  });
});

describe('the order of starts', () => {
  const one = limits({ parallel: 1 });
  it('has the longest behind first', () => {
    const behindSince = new Map([['id-a', NIGHT - DAY], ['id-b', NIGHT - 9 * DAY]]); // biome-ignore format: pairs
    const fleet = [anInstance('a'), anInstance('b')];
    expect(decisionOn('b', aScene(fleet, { ...one, behindSince })).action).toBe('start');
  });
  it('has those that their gates have lately kept back after the others, and before those that failed', () => {
    const behindSince = new Map([['id-a', NIGHT - DAY], ['id-b', NIGHT - 9 * DAY], ['id-c', NIGHT - 30 * DAY]]); // biome-ignore format: pairs
    const fleet = [anInstance('a'), anInstance('b'), anInstance('c')];
    const attempts = [failed('c', { opening: before, finishedAt: NIGHT - 6 * DAY })];
    const first = (gated: [string, number][], change: Partial<Scene> = {}) =>
      decide(aScene(fleet, { ...one, behindSince, attempts, gated: new Map(gated), ...change })).decisions.find(
        ({ action }) => action === 'start',
      )?.name;
    expect([
      first([]),
      first([['id-b', 1]]),
      first([
        ['id-a', 2],
        ['id-b', 1],
      ]),
      first([
        ['id-a', 1],
        ['id-b', 2],
      ]),
    ]).toEqual(['b', 'a', 'b', 'a']);
  });
  it('has those that failed before last, however long behind', () => {
    const behindSince = new Map([['id-a', NIGHT - DAY], ['id-b', NIGHT - 9 * DAY]]); // biome-ignore format: pairs
    const attempts = [failed('b', { opening: before, finishedAt: NIGHT - 6 * DAY })];
    expect(decisionOn('a', aScene([anInstance('a'), anInstance('b')], { ...one, behindSince, attempts })).action).toBe(
      'start',
    );
  });
  it('does not depend on the order in which instances are listed', () => {
    const fleet = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => anInstance(name));
    const started = (list: Instance[]) =>
      decide(aScene(list, one))
        .decisions.filter(({ action }) => action === 'start')
        .map(({ name }) => name);
    expect(started(fleet.toReversed())).toEqual(started(fleet));
    expect(started(fleet)).toHaveLength(1);
  });
  it('F104 never goes over limits.parallel, whatever is due', () => {
    const fleet = Array.from({ length: 40 }, (_, index) => anInstance(`i${index}`));
    const { decisions } = decide(
      aScene(fleet, {
        ...limits({ parallel: 5 }),
        attempts: [anAttempt('i3'), anAttempt('i4', { state: 'running', lookUntil: null })],
      }),
    );
    expect(decisions.filter(({ action }) => action === 'start')).toHaveLength(3);
  });
  it('F104 never takes two of one app at once', () => {
    const fleet = Array.from({ length: 6 }, (_, index) =>
      anInstance(`i${index}`, { tags: { env: 'dev', app: index % 2 ? 'cart' : 'session' } }),
    );
    const { decisions } = decide(aScene(fleet, limits({ oneAtATimeBy: ['tag:app'] })));
    const started = decisions
      .filter(({ action }) => action === 'start')
      .map(({ instanceId }) => fleet.find((one) => one.instanceId === instanceId)!.tags.app);
    expect(started.toSorted()).toEqual(['cart', 'session']);
  });
});

describe('the error budget', () => {
  const strict = limits({ maxErrors: 1 });
  const fleet = [anInstance('a'), anInstance('b')];
  it('holds the wave, and its own decisions obey that at once', () => {
    const { newHolds, decisions } = decide(aScene(fleet, { ...strict, attempts: [failed('b')] }));
    expect(newHolds).toMatchObject([{ id: 'errors:dev', match: { wave: 'dev' }, by: 'system', until: null }]);
    expect(decisions.map(({ action }) => action)).toEqual(['wait', 'wait']);
  });
  it('that is spent does not open the next wave: only a person can say that nothing is waited for', () => {
    const prod = anInstance('p', { tags: { env: 'prod' } });
    const scene = aScene([...fleet, prod], { ...strict, attempts: [failed('b')] });
    expect(decisionOn('p', scene)).toMatchObject({ action: 'wait', reason: 'wave_failed' });
    const hold = aHold({ id: 'errors:dev', match: { wave: 'dev' }, by: 'system' });
    expect(decisionOn('p', { ...scene, holds: [hold] })).toMatchObject({ action: 'wait', reason: 'wave_failed' });
    const ofAll = aHold({ id: 'of all', match: { tags: { env: 'dev' } } });
    expect(decisionOn('p', { ...scene, holds: [hold, ofAll] })).toMatchObject({ reason: 'wave_failed' });
    const named = aHold({ id: 'named', match: { instanceId: 'id-b' } });
    expect(decisionOn('p', { ...scene, holds: [hold, ofAll, named] }).action).toBe('start');
  });
  it('counts what cannot be verified', () => {
    expect(
      decide(aScene(fleet, { ...strict, attempts: [failed('b', { state: 'unverified' })] })).newHolds,
    ).toHaveLength(1);
  });
  it('does not count an instance that is gone, or an attempt that was never begun', () => {
    expect(decide(aScene(fleet, { ...strict, attempts: [failed('b', { state: 'expired' })] })).newHolds).toEqual([]);
  });
  it('is spent no more once a person has released the hold', () => {
    const holds = [aHold({ id: 'errors:dev', match: { wave: 'dev' }, by: 'system', releasedAt: NIGHT + HOUR })];
    const scene = aScene(fleet, { ...strict, now: NIGHT + HOUR + MINUTE, attempts: [failed('b')], holds });
    expect(decide(scene).newHolds).toEqual([]);
    expect(decisionOn('a', scene).action).toBe('start');
  });
  it('goes with the instances: a wave that gets another name stays held', () => {
    const policy = { ...strict.policy, rollout: [aWave('first', { match: { tags: { env: ['dev'] } } })] };
    const { newHolds, decisions } = decide(aScene(fleet, { policy, attempts: [failed('b')] }));
    expect(newHolds).toMatchObject([{ id: 'errors:first', match: { wave: 'first' } }]);
    expect(decisions.map(({ action }) => action)).toEqual(['wait', 'wait']);
  });
  it('three openings in a row without success hold the instance', () => {
    const attempts = [1, 2, 3].map((week) =>
      failed('a', {
        id: `a${week}`,
        state: 'expired',
        finishedAt: NIGHT - week * 7 * DAY,
        opening: { id: `o${week}`, opens: NIGHT - week * 7 * DAY, closes: NIGHT - week * 7 * DAY + HOUR },
      }),
    );
    expect(decide(aScene(fleet, { attempts })).newHolds).toMatchObject([
      { id: 'attempts:id-a', match: { instanceId: 'id-a' } },
    ]);
    expect(decide(aScene(fleet, { attempts: attempts.slice(1) })).newHolds).toEqual([]);
  });
});

describe('the time that an upgrade is expected to take', () => {
  const samples = (count: number, minutes: number) =>
    Array.from({ length: count }, (_, index) =>
      anAttempt(`s${index}`, {
        state: 'succeeded',
        lookUntil: null,
        opening: before,
        calledAt: before.opens,
        finishedAt: before.opens + minutes * MINUTE,
      }),
    );
  it.each([
    ['thirty minutes until ten samples exist', samples(9, 50), 31, 'due'],
    ['the 95th percentile of ten', samples(10, 50), 31, 'does_not_fit'],
    ['at least limits.minDuration', samples(10, 5), 19, 'does_not_fit'],
    ['less than half an hour where that was seen', samples(10, 5), 21, 'due'],
    [
      'its time to settle left out',
      samples(10, 50).map((attempt) => ({ ...attempt, taskEndedAt: before.opens + 20 * MINUTE })),
      21,
      'due',
    ],
    [
      'of the same size class alone',
      samples(10, 50).map((attempt) => ({ ...attempt, sizeClass: 'cluster/64' })),
      31,
      'due',
    ],
  ])('%s', (_, attempts, minutesLeft, reason) => {
    expect(
      decisionOn('a', aScene([anInstance('a')], { attempts, now: NIGHT + 4 * HOUR - minutesLeft * MINUTE })).reason,
    ).toBe(reason);
  });
});

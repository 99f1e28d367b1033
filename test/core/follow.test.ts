import { describe, expect, it } from '@jest/globals';
import type { Attempt } from '../../lib/core/attempt.ts';
import type { ErrorClass, ErrorRule } from '../../lib/core/errors.ts';
import { type Answer, advance, answered, type Sighting } from '../../lib/core/follow.ts';
import { HOUR, MINUTE, SECOND } from '../../lib/core/time.ts';
import { anAttempt, aPart, aSighting, aTask, LATEST, NIGHT, OLD, upToDate, versions } from '../support/builders.ts';

const LIMITS = { settle: 10 * MINUTE, timeout: 3 * HOUR, sightLag: 2 * MINUTE, gated: false };
const running = (change: Partial<Attempt> = {}) =>
  anAttempt('a', { state: 'running', taskId: 'task-1', lookUntil: null, ...change });
const step = (attempt: Attempt, seen: Partial<Sighting>) => advance(attempt, aSighting(seen), LIMITS);

describe('an attempt whose call has an unknown outcome', () => {
  const attempt = anAttempt('a');
  const later = NIGHT + 3 * MINUTE;
  it.each<[string, Partial<Sighting>, Partial<Attempt>, string?]>([
    ['nothing to be seen yet: looked at again', {}, { state: 'claimed', lookUntil: attempt.lookUntil }],
    [
      'service_upgrade is set: adopted with its task',
      { upgrading: true, serviceTaskId: 'task-9' },
      { state: 'running', taskId: 'task-9' },
    ],
    ['status UPGRADING without a task id: adopted', { status: 'UPGRADING' }, { state: 'running', taskId: null }],
    [
      'a new task is listed: it may be ours, so nothing is called, but how it ends says nothing',
      { tasks: [aTask({ id: 'task-7', status: 'FAILED' })] },
      { state: 'running', taskId: null },
    ],
    [
      'a new task of an unknown name: adopted',
      { tasks: [aTask({ name: 'whatever' })] },
      { state: 'running', taskId: null },
    ],
    ['a new task for other work: not ours', { tasks: [aTask({ name: 'AddWhitelist' })] }, { state: 'claimed' }],
    [
      'a task that its clock dates 20 s before the call: clocks differ, adopted',
      { tasks: [aTask({ createdAt: NIGHT - 20 * SECOND })] },
      { state: 'running', taskId: null },
    ],
    ['a task from before the call: not ours', { tasks: [aTask({ createdAt: NIGHT - HOUR })] }, { state: 'claimed' }],
    [
      'the new version is there already: verified next',
      { versions: upToDate() },
      { state: 'running', taskEndedAt: NIGHT + MINUTE },
    ],
    [
      'looked long enough, everything read, nothing seen: free to be called again',
      { at: later },
      { state: 'claimed', lookUntil: null },
    ],
    [
      'looked long enough by the clock of another machine: it may be ahead, so not yet',
      { at: later },
      { lookUntil: attempt.lookUntil },
      'another',
    ],
    ['looked long enough even if that clock is ahead', { at: later + 5 * MINUTE }, { lookUntil: null }, 'another'],
    [
      'looked long enough, but its tasks could not be read: looked at on',
      { at: later, tasks: null },
      { lookUntil: attempt.lookUntil },
    ],
    ['nothing seen, and the window is over: expired', { at: NIGHT + 4 * HOUR }, { state: 'expired' }],
    ['the instance is gone: one answer may be wrong', { gone: true }, { state: 'claimed', goneAt: NIGHT + MINUTE }],
  ])('%s', (_, seen, expected, ...[host]) => {
    const found = advance(attempt, aSighting(seen), host === undefined ? LIMITS : { ...LIMITS, host });
    expect(found).toMatchObject(expected);
  });

  it('equal versions at the call are no proof that it began', () => {
    const same = anAttempt('a', { engine: { from: LATEST, to: LATEST } });
    expect(step(same, { versions: upToDate() }).state).toBe('claimed');
  });
});

describe('an attempt that DCS accepted', () => {
  const endedAt = NIGHT + 20 * MINUTE;
  it.each<[string, Attempt, Partial<Sighting>, Partial<Attempt>]>([
    ['the task executes', running(), { status: 'UPGRADING', upgrading: true, tasks: [aTask()], versions: null }, { state: 'running', taskEndedAt: null }],
    ['F100 an unknown task word is not an end', running(), { tasks: [aTask({ status: 'SUSPENDED' })] }, { state: 'running', taskEndedAt: null }],
    ['F100 FAILED is failed', running(), { tasks: [aTask({ status: 'FAILED', errorCode: 'DCS.5000' })] }, { state: 'failed', error: expect.objectContaining({ code: 'DCS.5000' }) as never }],
    ['F100 FAIL is failed', running(), { tasks: [aTask({ status: 'FAIL' })] }, { state: 'failed' }],
    ['F100 CANCELLED is failed', running(), { tasks: [aTask({ status: 'CANCELLED' })] }, { state: 'failed' }],
    ['SUCCESS, the version and RUNNING: verified', running(), { tasks: [aTask({ status: 'SUCCESS' })], versions: upToDate() }, { state: 'succeeded' }],
    ['F101 SUCCESS without the version: looked at on', running(), { tasks: [aTask({ status: 'SUCCESS' })] }, { state: 'running', taskEndedAt: NIGHT + MINUTE }],
    ['F101 … and unverified in the end', running({ taskEndedAt: endedAt }), { at: endedAt + 12 * MINUTE, tasks: [aTask({ status: 'SUCCESS' })] }, { state: 'unverified' }],
    ['SUCCESS and the version, but RESTARTING: looked at on', running(), { tasks: [aTask({ status: 'SUCCESS' })], versions: upToDate(), status: 'RESTARTING' }, { state: 'running' }],
    ['SUCCESS and the version, but an unknown status: never success', running({ taskEndedAt: endedAt }), { at: endedAt + 12 * MINUTE, tasks: [aTask({ status: 'SUCCESS' })], versions: upToDate(), status: 'SERVERLESS' }, { state: 'unverified' }],
    ['SUCCESS was seen, then EXECUTING: a late read, running after all', running({ taskEndedAt: endedAt }), { at: endedAt + 20 * MINUTE, tasks: [aTask()], versions: upToDate() }, { state: 'running', taskEndedAt: null }],
    ['F098 the task is not listed, at rest: not success, its version decides', running(), { at: NIGHT + 5 * MINUTE }, { state: 'running', taskEndedAt: NIGHT + 5 * MINUTE }],
    ['F098 the task is not listed a minute after the call: reads may lag, no judgement yet', running(), { versions: upToDate() }, { state: 'running', taskEndedAt: null }],
    ['F098 the task is not listed, still UPGRADING: followed', running(), { at: NIGHT + HOUR, status: 'UPGRADING', upgrading: true }, { state: 'running', taskEndedAt: null }],
    ['F098 the tasks could not be read: no judgement', running(), { at: NIGHT + HOUR, tasks: null }, { state: 'running', taskEndedAt: null }],
    ['adopted without an id, and the id shows up', running({ taskId: null }), { upgrading: true, serviceTaskId: 'task-3', status: 'UPGRADING' }, { taskId: 'task-3' }],
    ['F083 the instance is gone: looked at again', running(), { gone: true }, { state: 'running', goneAt: NIGHT + MINUTE }],
    ['F083 the instance is still gone as long after as reads may lag', running({ goneAt: NIGHT }), { gone: true, at: NIGHT + 2 * MINUTE }, { state: 'expired' }],
    ['F083 by the clock of another machine that is no time', running({ goneAt: NIGHT, goneOn: 'another' }), { gone: true, at: NIGHT + 6 * MINUTE }, { state: 'running', goneAt: NIGHT }],
    ['F083 the instance is still gone after that and as long as clocks may differ', running({ goneAt: NIGHT, goneOn: 'another' }), { gone: true, at: NIGHT + 7 * MINUTE }, { state: 'expired', error: expect.objectContaining({ code: 'DCS.3022' }) as never }],
    ['F083 the instance is back', running({ goneAt: NIGHT }), { status: 'UPGRADING', upgrading: true, tasks: [aTask()] }, { state: 'running', goneAt: null }],
    ['it does not end: told by timedOutAt, followed on', running(), { at: NIGHT + 3 * HOUR, status: 'UPGRADING', upgrading: true, tasks: [aTask()] }, { state: 'running', timedOutAt: NIGHT + 3 * HOUR }],
    ['latest moved meanwhile, the older latest arrived', running(), { tasks: [aTask({ status: 'SUCCESS' })], versions: versions({ engine: aPart({ current: LATEST, latest: 'newer' }) }) }, { state: 'succeeded' }],
    ['latest moved meanwhile, the newer one arrived', running(), { tasks: [aTask({ status: 'SUCCESS' })], versions: versions({ engine: aPart({ current: 'newer', latest: 'newer', upgradable: false }) }) }, { state: 'succeeded' }],
    ['F097 equal versions and the flag still set: not verified', running({ engine: { from: LATEST, to: LATEST } }), { tasks: [aTask({ status: 'SUCCESS' })], versions: versions({ engine: aPart({ current: LATEST }) }) }, { state: 'running' }],
  ])('%s', (_, attempt, seen, expected) => {
    expect(step(attempt, seen)).toMatchObject(expected);
  }); // biome-ignore format: a table

  it('asks every part that was asked for', () => {
    const both = running({ parts: ['engine', 'proxy'], proxy: { from: OLD, to: LATEST } });
    const tasks = [aTask({ status: 'SUCCESS' })];
    expect(step(both, { tasks, versions: upToDate({ proxy: aPart() }) }).state).toBe('running');
    expect(
      step(both, { tasks, versions: upToDate({ proxy: aPart({ current: LATEST, upgradable: false }) }) }).state,
    ).toBe('succeeded');
  });

  it('an adopted upgrade without a task ends when its version is there and it is at rest', () => {
    const first = step(running({ taskId: null }), { at: NIGHT + 30 * MINUTE, versions: upToDate() });
    expect(first.state).toBe('running');
    expect(step(first, { at: NIGHT + 35 * MINUTE, versions: upToDate() }).state).toBe('succeeded');
  });

  it.each<[string, Partial<Sighting>, Attempt['state'], number | null]>([
    [
      'frozen by somebody: nothing is at work on it, so it is verified, and is not',
      { status: 'FROZEN' },
      'unverified',
      null,
    ],
    ['at something that passes: waited for', { status: 'RESTARTING' }, 'running', null],
    ['in a state that nobody knows: waited for', { status: 'HIBERNATING' }, 'running', null],
  ])('an adopted upgrade without a task, %s', (_, seen, state) => {
    const first = step(running({ taskId: null }), { at: NIGHT + 30 * MINUTE, versions: upToDate(), ...seen });
    expect(step(first, { at: NIGHT + 60 * MINUTE, versions: upToDate(), ...seen }).state).toBe(state);
  });

  it('gives back the same object when nothing has changed, so that nothing is written', () => {
    const attempt = running();
    expect(step(attempt, { status: 'UPGRADING', upgrading: true, tasks: [aTask()] })).toBe(attempt);
  });
});

describe('an upgrade that is over, under a policy with gates', () => {
  const endedAt = NIGHT + 20 * MINUTE;
  const settled = endedAt + 10 * MINUTE;
  const ended = running({ taskEndedAt: endedAt });
  const up = { tasks: [aTask({ status: 'SUCCESS' })], versions: upToDate() };
  const high = { reason: 'gate_failed', detail: 'CPU was at 95 %' } as const;
  it.each<[string, Partial<Sighting>, Attempt['state'], RegExp | null]>([
    ['not settled yet: its gates are not asked, it is looked at on', { at: settled - 1, ...up }, 'running', null],
    ['settled, and they let it pass: verified', { at: settled, ...up, gates: null }, 'succeeded', null],
    ['settled, and one fails: it may calm down', { at: settled, ...up, gates: high }, 'running', null],
    ['one fails just as long as it may', { at: settled + 15 * MINUTE - 1, ...up, gates: high }, 'running', null],
    ['one fails for longer: unverified', { at: settled + 15 * MINUTE, ...up, gates: high }, 'unverified', /CPU was at 95 %/],
    ['they could not be asked for so long: unverified', { at: settled + 15 * MINUTE, ...up }, 'unverified', /could not be read/],
    ['they pass, but the version is not there: unverified, and no later', { at: settled + 2 * MINUTE, ...up, versions: versions(), gates: null }, 'unverified', /is RUNNING and engine is/],
  ])('%s', (_, seen, state, why) => {
    const next = advance(ended, aSighting(seen), { ...LIMITS, gated: true });
    expect(next.state).toBe(state);
    if (why) expect(next.error?.message).toMatch(why);
  }); // biome-ignore format: a table
});

describe('the answer to the call', () => {
  const rule = (cls: ErrorClass, change: Partial<ErrorRule> = {}): ErrorRule => ({
    class: cls,
    stops: 'instance',
    retry: 'tick',
    severity: 'warning',
    hint: 'wait',
    ...change,
  });
  const no = (kind: 'refused' | 'unknown' | 'not_sent', errorRule: ErrorRule): Answer => ({
    kind,
    rule: errorRule,
    code: 'X',
    message: 'x',
    requestId: null,
  });
  it.each<[string, Answer, Partial<Attempt>]>([
    ['accepted', { kind: 'accepted', taskId: 't' }, { state: 'running', taskId: 't', lookUntil: null }],
    ['unknown: still looked at', no('unknown', rule('transport')), { state: 'claimed', lookUntil: NIGHT + 3 * MINUTE }],
    ['busy: free for a later tick', no('refused', rule('busy')), { state: 'claimed', lookUntil: null }],
    [
      'refused for this opening: not again before it is over',
      no('refused', rule('busy', { retry: 'opening' })),
      { state: 'claimed', lookUntil: null, retryAt: NIGHT + 4 * HOUR, calls: 1 },
    ],
    ['already upgrading: adopted', no('refused', rule('adopt')), { state: 'running', taskId: null }],
    [
      'already at that version: verified',
      no('refused', rule('done')),
      { state: 'running', taskEndedAt: NIGHT + SECOND },
    ],
    ['not supported: failed', no('refused', rule('unsupported', { retry: 'never' })), { state: 'failed' }],
    [
      'credentials: not this instance’s failure',
      no('refused', rule('auth', { retry: 'never', stops: 'scope' })),
      { state: 'claimed', lookUntil: null },
    ],
    ['F083 gone: nothing left to follow', no('refused', rule('gone', { retry: 'never' })), { state: 'expired' }],
    [
      'never left: free for a later tick, and no call',
      no('not_sent', rule('transport', { retry: 'never' })),
      { state: 'claimed', lookUntil: null, calls: 0, retryAt: NIGHT + SECOND + 2 * MINUTE },
    ],
  ])('%s', (_, answer, expected) => {
    expect(answered(anAttempt('a'), answer, NIGHT + SECOND)).toMatchObject(expected);
  });
});

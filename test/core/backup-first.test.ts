import { describe, expect, it } from '@jest/globals';
import type { Attempt } from '../../lib/core/attempt.ts';
import { isInFlight } from '../../lib/core/attempt.ts';
import type { Backup, BackupAsk } from '../../lib/core/backup.ts';
import {
  asking,
  type BackupAnswer,
  backupAnswered,
  firstBackup,
  followBackup,
  notAsked,
} from '../../lib/core/backup-first.ts';
import { ruleFor } from '../../lib/core/errors.ts';
import type { Instance } from '../../lib/core/instance.ts';
import type { GateNo } from '../../lib/core/load.ts';
import { HOUR, MINUTE } from '../../lib/core/time.ts';
import { aBackupAsk, anAttempt, anInstance, NIGHT } from '../support/builders.ts'; // biome-ignore format: one line each

const UNTIL = NIGHT + 3 * MINUTE;

/** Claimed, with a backup asked for at NIGHT and looked for until three minutes later. */
function attemptWith(change: Partial<BackupAsk> = {}, more: Partial<Attempt> = {}): Attempt {
  return anAttempt('a', { calls: 0, calledAt: null, lookUntil: null, backup: aBackupAsk(change), ...more });
}

const error = { code: 'DCS.4017', message: 'a job runs', requestId: null };

describe('whether a backup is asked for', () => {
  const lacking: GateNo = { reason: 'gate_failed', detail: 'the last good backup is 30 h old', backup: 'lacking' };
  const other: GateNo = { reason: 'gate_failed', detail: 'CPU was at 90 %' };
  it.each<[string, GateNo | null, Partial<Instance>, Attempt[], string | null, boolean]>([
    ['nothing keeps it back', null, {}, [], null, false],
    ['something else does', other, {}, [], 'gate_failed: CPU was at 90 %', false],
    ['its backup alone does', lacking, {}, [], 'backing_up: the last good backup is 30 h old; one is asked for first', true],
    ['one is being made', { ...lacking, backup: 'running' }, {}, [], 'backing_up: the last good backup is 30 h old; one is being made', false],
    ['it can have none', lacking, { details: { cacheMode: 'single', productType: 'generic' } }, [], 'gate_failed: the last good backup is 30 h old; a single-node instance can have none, so none is asked for', false],
    ['its spec says that it can have none', lacking, { details: null, specCode: 'redis.single.xu1.large.1' }, [], 'gate_failed: the last good backup is 30 h old; a single-node instance can have none, so none is asked for', false],
    ['it came to nothing in this opening', lacking, {}, [attemptWith({ state: 'failed', error })], 'gate_failed: the last good backup is 30 h old; none is asked for again in this opening: a job runs (DCS.4017)', false],
    ['it came to nothing in an opening that is over', lacking, {}, [attemptWith({ state: 'failed', error }, { state: 'expired', finishedAt: NIGHT })], 'backing_up: the last good backup is 30 h old; one is asked for first', true],
    ['one was made, and is too old by now', lacking, {}, [attemptWith({ state: 'made' })], 'gate_failed: the last good backup is 30 h old; one was made in this opening, asked for at 2026-11-23T17:00:00Z; no other is asked for', false],
    ['none was begun, a moment ago', lacking, {}, [attemptWith({ state: 'free', retryAt: NIGHT + 2 * MINUTE, error })], 'backing_up: the last good backup is 30 h old; one is asked for again from 2026-11-23T17:02:00Z: a job runs (DCS.4017)', false],
    ['none was begun, some time ago', lacking, {}, [attemptWith({ state: 'free', retryAt: NIGHT + MINUTE, error })], 'backing_up: the last good backup is 30 h old; one is asked for first', true],
    ['the scope refuses them', lacking, { instanceId: 'id-b' }, [attemptWith({ state: 'failed', stopsScope: true, error })], 'gate_failed: the last good backup is 30 h old; none is asked for in cn-north-4/p1 in this opening: a job runs (DCS.4017)', false],
    ['that of another instance came to nothing', lacking, { instanceId: 'id-b' }, [attemptWith({ state: 'failed', error })], 'backing_up: the last good backup is 30 h old; one is asked for first', true],
    ['another scope refuses them', lacking, { instanceId: 'id-b', scope: 'eu/p2' }, [attemptWith({ state: 'failed', stopsScope: true, error })], 'backing_up: the last good backup is 30 h old; one is asked for first', true],
  ])('%s', (_, no, instance, attempts, says, asks) => {
    const found = firstBackup(no, anInstance('a', instance), attempts, NIGHT + MINUTE);
    expect(found && `${found.reason}: ${found.detail}`).toBe(says);
    expect(found?.backup === 'lacking').toBe(asks);
  }); // biome-ignore format: a table
});

describe('what an attempt remembers of it', () => {
  it('before the call: that its outcome is not known, and until when to look', () => {
    const attempt = asking(attemptWith({ state: 'free', retryAt: NIGHT, calls: 1 }), NIGHT + HOUR, NIGHT + HOUR + 1, 'host');
    const asked = { state: 'asked', id: null, askedAt: NIGHT + HOUR, askedOn: 'host', lookUntil: NIGHT + HOUR + 1, retryAt: null, calls: 2, error: null };
    expect([attempt.backup, isInFlight(attempt)]).toEqual([asked, true]);
  }); // biome-ignore format: one line each

  it('a call that did not leave is none', () => {
    const attempt = notAsked(attemptWith(), NIGHT, 'the window has closed');
    expect([attempt.backup!.state, attempt.backup!.calls, isInFlight(attempt)]).toEqual(['free', 0, false]);
  });

  const no = (kind: 'refused' | 'unknown' | 'not_sent', code: string, status = 400): BackupAnswer => ({ kind, code, message: 'no', requestId: 'r', rule: ruleFor(code, status) }); // biome-ignore format: one line
  it.each<[string, BackupAnswer, object, boolean]>([
    ['accepted', { kind: 'accepted', backupId: 'b' }, { state: 'running', id: 'b', calls: 1 }, true],
    ['an outcome that is not known', no('unknown', 'TRANSPORT.RESET', 0), { state: 'asked', id: null, calls: 1 }, true],
    ['not sent', no('not_sent', 'TRANSPORT.DNS', 0), { state: 'free', calls: 0, retryAt: NIGHT + 2 * MINUTE }, false],
    ['throttled', no('refused', 'APIGW.0308', 429), { state: 'free', calls: 1, retryAt: NIGHT + 2 * MINUTE }, false],
    ['busy', no('refused', 'DCS.4017'), { state: 'failed', calls: 1 }, false],
    ['a single-node instance', no('refused', 'DCS.4095'), { state: 'failed' }, false],
    ['no permission for this one', no('refused', 'DCS.2003', 403), { state: 'failed' }, false],
    ['no permission at all', no('refused', 'APIGW.0302', 403), { state: 'failed', stopsScope: true }, false],
    ['a code that nobody knows', no('refused', 'DCS.9999'), { state: 'failed' }, false],
  ])('after %s', (_, answer, expected, holdsItsPlace) => {
    const attempt = backupAnswered(attemptWith(), answer, NIGHT);
    expect(attempt.backup).toMatchObject(expected);
    expect(attempt.backup!.stopsScope).toBe((expected as BackupAsk).stopsScope);
    expect([attempt.state, attempt.calls, isInFlight(attempt)]).toEqual(['claimed', 0, holdsItsPlace]);
    const code = answer.kind === 'accepted' ? null : answer.code;
    expect([attempt.error?.code ?? null, attempt.backup!.error?.code ?? null]).toEqual([code, code]);
  });

  it('throttled for the third time is throttled for good', () => {
    expect(backupAnswered(attemptWith({ calls: 3 }), no('refused', 'APIGW.0308', 429), NIGHT).backup!.state).toBe(
      'failed',
    );
  });
});

describe('what becomes of it, by the list of backups', () => {
  const record = (id: string, state: Backup['state'], at: number | null = NIGHT): Backup => ({ id, at, state, errorCode: state === 'bad' ? 'dcs.08.0001' : null }); // biome-ignore format: one line
  const known = { state: 'running', id: 'b' } as const;
  it.each<[string, Partial<BackupAsk>, Backup[], number, string, string | null]>([
    ['accepted, not listed yet', known, [], UNTIL - 1, 'running', null],
    ['accepted, and running', known, [record('b', 'running')], UNTIL, 'running', null],
    ['accepted, and there', known, [record('b', 'good')], UNTIL, 'made', null],
    ['accepted, and failed', known, [record('b', 'bad')], UNTIL, 'failed', 'backup b failed: dcs.08.0001'],
    ['accepted, and gone', known, [record('c', 'good')], UNTIL, 'failed', 'backup b is not listed any more'],
    ['not known, nothing is listed yet', {}, [], UNTIL - 1, 'asked', null],
    ['not known, and nothing for long enough', {}, [], UNTIL, 'free', null],
    ['not known, and nothing for the third time', { calls: 3 }, [], UNTIL, 'failed', 'none was begun after 3 calls'],
    ['not known, and one runs, whosever it is', {}, [record('c', 'running', NIGHT - HOUR), record('d', 'bad')], NIGHT + 1, 'running', null],
    ['not known, and one is there', {}, [record('c', 'good')], NIGHT + 1, 'made', null],
    ['not known, one of a clock that is behind', {}, [record('c', 'good', NIGHT - 15 * MINUTE)], NIGHT + 1, 'made', null],
    ['not known, and one has failed since', {}, [record('c', 'bad'), record('d', 'good', NIGHT - HOUR)], NIGHT + 1, 'failed', 'backup c failed: dcs.08.0001'],
    ['not known, and all listed are old', {}, [record('c', 'good', NIGHT - HOUR)], UNTIL, 'free', null],
    ['not known, and the one listed has no time', {}, [record('c', 'good', null)], UNTIL, 'made', null],
  ])('%s', (_, ask, backups, at, state, message) => {
    const before = attemptWith(ask);
    const after = followBackup(before, backups, at, '');
    expect([after.state, after.backup!.state, after.error?.message ?? null]).toEqual(['claimed', state, message]);
    expect(after === before).toBe(state === before.backup!.state);
  }); // biome-ignore format: a table

  it.each([
    ['an hour', HOUR, 'BACKUP.FAILED'],
    ['less than an hour', HOUR - 1, undefined],
  ])('one that has run for %s when its window closes: %s', (_, ran, code) => {
    const before = attemptWith({ ...known, askedAt: NIGHT + 4 * HOUR - ran });
    const after = followBackup(before, [record('b', 'running')], NIGHT + 4 * HOUR, '');
    expect([after.state, after.error?.code]).toEqual(['expired', code]);
  });

  it('judged by another machine’s clock, the look is longer', () => {
    expect(followBackup(attemptWith(), [], UNTIL + 4 * MINUTE, 'other').backup!.state).toBe('asked');
    expect(followBackup(attemptWith(), [], UNTIL + 5 * MINUTE, 'other').backup!.state).toBe('free');
  });

  const closes = NIGHT + 4 * HOUR;
  it.each<[string, Partial<BackupAsk>, Backup[], number, Attempt['state']]>([
    ['it runs on', known, [record('b', 'running')], closes, 'expired'],
    ['it is there', known, [record('b', 'good')], closes, 'expired'],
    ['it may not be listed yet', { lookUntil: closes + MINUTE }, [], closes, 'claimed'],
    ['it was looked for long enough', { lookUntil: closes + MINUTE }, [], closes + MINUTE, 'expired'],
    ['there is time left', known, [record('b', 'running')], closes - 1, 'claimed'],
  ])('when its window closes and %s: %#', (_, ask, backups, at, state) => {
    expect(followBackup(attemptWith(ask), backups, at, '').state).toBe(state);
  });
});

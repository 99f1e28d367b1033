import { describe, expect, it } from '@jest/globals';
import type { AlertEvent } from '../../lib/core/alert.ts';
import { isSettledAttempt, untold } from '../../lib/core/alert-attempt.ts';
import { holdAlert } from '../../lib/core/alert-facts.ts';
import type { Attempt } from '../../lib/core/attempt.ts';
import { ruleFor } from '../../lib/core/errors.ts';
import { HOUR } from '../../lib/core/time.ts';
import { aHold, anAttempt, NIGHT } from '../support/builders.ts';

const ruleOf = (code: string) => ruleFor(code, 0);
const over = NIGHT + 4 * HOUR;
const attempt = (change: Partial<Attempt>) => anAttempt('cart', { lookUntil: null, ...change });
const error = (code: string) => ({ code, message: 'it went wrong', requestId: 'r-1' });

describe('what is told of an attempt', () => {
  it.each<[string, Attempt, number, AlertEvent[]]>([
    ['its outcome is not known yet', anAttempt('cart'), NIGHT, []],
    ['it runs', attempt({ state: 'running' }), NIGHT, []],
    ['it runs on after the window', attempt({ state: 'running' }), over, ['overrun']],
    ['its task ended before the window did, it settles', attempt({ state: 'running', taskEndedAt: over - 1 }), over, []],
    ['its task ended after the window', attempt({ state: 'running', taskEndedAt: over }), over, ['overrun']],
    ['it does not end', attempt({ state: 'running', timedOutAt: NIGHT }), NIGHT, ['stuck']],
    ['it succeeded', attempt({ state: 'succeeded', finishedAt: NIGHT }), NIGHT, ['succeeded']],
    ['it failed', attempt({ state: 'failed', finishedAt: NIGHT, error: error('DCS.5000') }), NIGHT, ['failed']],
    ['it is unverified', attempt({ state: 'unverified', finishedAt: NIGHT }), NIGHT, ['unverified']],
    ['it was refused until the window closed', attempt({ state: 'expired', finishedAt: over, error: error('DCS.4096') }), over, ['expired']],
    ['it was never called', attempt({ state: 'expired', finishedAt: over }), over, []],
    ['F083 its instance is gone', attempt({ state: 'expired', finishedAt: NIGHT, error: error('DCS.3022') }), NIGHT, []],
    ['it failed and that was told', attempt({ state: 'failed', finishedAt: NIGHT, told: ['failed'] }), NIGHT, []],
  ])('%s', (_, one, now, events) => {
    const alerts = untold(one, now, ruleOf);
    expect(alerts.map(({ event }) => event)).toEqual(events);
    expect(isSettledAttempt(one, now, ruleOf)).toBe(one.finishedAt !== null && events.length === 0);
    for (const { summary, action, key } of alerts) expect([summary, action, key]).toEqual([expect.stringContaining('cart'), expect.stringMatching(/\w+\.$/), `${one.id}:${events[0]}`]);
  }); // biome-ignore format: a table

  it('the same fact is the same alert, whenever it is told', () => {
    const failed = attempt({ state: 'failed', finishedAt: NIGHT, error: error('DCS.5000') });
    expect(untold(failed, NIGHT, ruleOf)).toEqual(untold(failed, over, ruleOf));
    const late = attempt({ state: 'running' });
    expect(untold(late, over, ruleOf)).toEqual(untold(late, over + HOUR, ruleOf));
  });

  it('says what was accepted, by whom, and where to look', () => {
    const [alert] = untold(
      attempt({ state: 'failed', finishedAt: NIGHT, taskId: 'task-1', error: error('DCS.5000') }),
      NIGHT,
      ruleOf,
    );
    expect(alert).toMatchObject({
      action: expect.stringContaining('task-1'),
      labels: { code: 'DCS.5000', requestId: 'r-1', instanceId: 'id-cart', taskId: 'task-1' },
    });
  });
});

describe('what is told of a hold', () => {
  it.each([
    ['the error budget of a wave', aHold({ by: 'system', match: { wave: 'dev' } }), 'release --match wave=dev'],
    [
      'an instance that three openings could not upgrade',
      aHold({ by: 'system', match: { instanceId: 'i' } }),
      'release --match id=i',
    ],
    ['one that the store could not read', aHold({ by: 'ledger' }), 'release --match all'],
  ])('%s: how to release it', (_, hold, action) => {
    expect(holdAlert(hold, NIGHT)).toMatchObject({ event: 'held', action: expect.stringContaining(action) });
  });

  it('nothing of one that a person set, or that is over', () => {
    expect([holdAlert(aHold(), NIGHT), holdAlert(aHold({ by: 'system', releasedAt: NIGHT }), NIGHT)]).toEqual([
      null,
      null,
    ]);
  });
});

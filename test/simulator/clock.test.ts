import { describe, expect, it } from '@jest/globals';
import { createFastClock, createManualClock } from '../../lib/simulator/clock.ts';

const START = Date.parse('2026-03-06T14:00:00Z');

describe('the manual clock', () => {
  it('wakes sleepers as time passes, each at its own time and in order', async () => {
    const clock = createManualClock(START);
    const woken: string[] = [];
    const sleeper = async (name: string, ...naps: number[]) => {
      for (const nap of naps) {
        await clock.sleep(nap);
        woken.push(`${name}@${clock.now() - START}`);
      }
    };
    const done = Promise.all([sleeper('a', 30, 30), sleeper('b', 20), sleeper('c', 45, 100)]);
    await clock.advance(60);
    expect(woken).toEqual(['b@20', 'a@30', 'c@45', 'a@60']);
    expect({ now: clock.now() - START, sleepers: clock.sleepers() }).toEqual({ now: 60, sleepers: 1 });
    await clock.advance(85);
    await done;
    expect(woken.at(-1)).toBe('c@145');
  });

  it('rejects a sleeper with the reason of its signal, and forgets it', async () => {
    const clock = createManualClock(START);
    const leaving = new AbortController();
    const sleep = clock.sleep(1000, leaving.signal);
    leaving.abort(new Error('leave'));
    await expect(sleep).rejects.toThrow('leave');
    await expect(clock.sleep(1, leaving.signal)).rejects.toThrow('leave');
    expect(clock.sleepers()).toBe(0);
  });
});

describe('the fast clock', () => {
  it('has slept the whole of its time when it wakes', async () => {
    const clock = createFastClock({ start: START, speed: 100_000 });
    const before = clock.now();
    expect(before).toBeGreaterThanOrEqual(START);
    await clock.sleep(600_000);
    expect(clock.now() - before).toBeGreaterThanOrEqual(600_000);
  });

  it('rejects with the reason of the signal', async () => {
    const clock = createFastClock({ start: START, speed: 1 });
    const leaving = new AbortController();
    const sleep = clock.sleep(3_600_000, leaving.signal);
    leaving.abort(new Error('leave'));
    await expect(sleep).rejects.toThrow('leave');
    await expect(clock.sleep(1, leaving.signal)).rejects.toThrow('leave');
  });

  it('refuses to stand still', () => {
    expect(() => createFastClock({ start: START, speed: 0 })).toThrow('speed must be above 0');
  });
});

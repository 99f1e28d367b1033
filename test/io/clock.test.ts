import { describe, expect, it } from '@jest/globals';
import { systemClock } from '../../lib/io/clock.ts';

describe('the system clock sleeps', () => {
  it('and wakes', async () => {
    const aborting = new AbortController();
    await systemClock.sleep(1, aborting.signal);
    aborting.abort(new Error('too late to matter'));
  });

  it.each([60_000, 2 ** 40])('until it is aborted, and rejects with the reason (%i ms)', async (ms) => {
    const aborting = new AbortController();
    const sleeping = systemClock.sleep(ms, aborting.signal);
    const first = await Promise.race([sleeping, new Promise((done) => setTimeout(done, 20, 'still asleep'))]);
    aborting.abort(new Error('stop'));
    await expect(sleeping).rejects.toThrow('stop');
    expect(first).toBe('still asleep');
  });

  it('not at all when it was aborted before', async () => {
    await expect(systemClock.sleep(60_000, AbortSignal.abort(new Error('stop')))).rejects.toThrow('stop');
  });
});

import { describe, expect, it } from '@jest/globals';
import { SECOND } from '../../lib/core/time.ts';
import { Throttle } from '../../lib/http/throttle.ts';

describe('the throttle', () => {
  it('lets sixty through at once, then two a second', () => {
    const throttle = new Throttle();
    const at = (now: number, count: number) => Array.from({ length: count }, () => throttle.ask('ci', now));
    expect(at(0, 61).filter((wait) => wait === null)).toHaveLength(60);
    expect(at(SECOND, 3)).toEqual([null, null, 1]);
    expect(at(60 * SECOND, 60).every((wait) => wait === null)).toBe(true);
  });

  it('counts each caller for himself', () => {
    const throttle = new Throttle();
    for (let count = 0; count < 60; count++) throttle.ask('ci', 0);
    expect([throttle.ask('ci', 0), throttle.ask('ops', 0)]).toEqual([1, null]);
  });

  it('a clock that is set back turns nobody away', () => {
    const throttle = new Throttle();
    expect(throttle.ask('ci', 240 * SECOND)).toBe(null);
    expect(Array.from({ length: 61 }, () => throttle.ask('ci', 0)).filter((wait) => wait === null)).toHaveLength(60);
  });

  it('a request that was turned away costs nothing', () => {
    const throttle = new Throttle();
    for (let count = 0; count < 500; count++) throttle.ask('ci', 0);
    expect(throttle.ask('ci', SECOND)).toBe(null);
  });
});

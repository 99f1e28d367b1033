import { describe, expect, it } from '@jest/globals';
import { type Answered, type Asked, nextAsking } from '../../lib/core/asking.ts';
import { HOUR, MINUTE } from '../../lib/core/time.ts';

const NOW = Date.parse('2026-11-24T01:00:00Z');
const asked = (ago: number, left = 500, vain = 0): Asked => ({ at: NOW - ago, left, vain });
const answered = (ago: number, read: number): Answered => ({ at: NOW - ago, read });

describe('a pass that finds 500 versions of a scope wanting', () => {
  it.each<{ when: string; before: Asked | null; answer?: Answered; does: string; vain: number }>([
    { when: 'nobody was asked so far', before: null, does: 'ask', vain: 0 },
    { when: 'a worker was asked a moment ago', before: asked(1), does: 'wait', vain: 0 },
    { when: 'it was asked four minutes ago and has read some', before: asked(4 * MINUTE, 900), does: 'ask', vain: 0 },
    { when: 'it was asked four minutes ago and has read nothing', before: asked(4 * MINUTE), does: 'ask', vain: 1 },
    { when: 'more is wanting than then', before: asked(4 * MINUTE, 400), does: 'ask', vain: 1 },
    { when: 'two have read nothing', before: asked(4 * MINUTE, 500, 1), does: 'read_here', vain: 2 },
    { when: 'the second one has read some', before: asked(4 * MINUTE, 501, 1), does: 'ask', vain: 0 },
    { when: 'the pass before had to read itself', before: asked(1, 900, 2), does: 'read_here', vain: 2 },
    { when: 'that was in another opening', before: asked(HOUR, 500, 2), does: 'ask', vain: 0 },
    { when: 'it has read all that was wanting then', before: asked(2), answer: answered(1, 500), does: 'ask', vain: 0 },
    { when: 'it could read nothing', before: asked(2), answer: answered(1, 0), does: 'ask', vain: 1 },
    {
      when: 'the second one could not either',
      before: asked(2, 500, 1),
      answer: answered(1, 0),
      does: 'read_here',
      vain: 2,
    },
    {
      when: 'another one answered before it was asked',
      before: asked(1),
      answer: answered(2, 500),
      does: 'wait',
      vain: 0,
    },
    { when: 'a clock that went wrong asked', before: asked(-MINUTE), does: 'ask', vain: 0 },
  ])('$when: $does', ({ before, answer = null, does, vain }) => {
    expect(nextAsking(before, answer, 500, NOW)).toMatchObject({ kind: does, asked: { vain } });
  });
});

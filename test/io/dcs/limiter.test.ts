import { describe, expect, it } from '@jest/globals';
import { MINUTE, SECOND } from '../../../lib/core/time.ts';
import { Limiter, NoTurnError } from '../../../lib/io/dcs/limiter.ts';
import { requestLimit, retryAfterMs } from '../../../lib/io/dcs/pace.ts';
import { createManualClock, type ManualClock } from '../../../lib/simulator/clock.ts';

const START = Date.parse('2026-03-06T14:00:00Z');
const MESSAGE = 'policy user over ratelimit,limit:50,time:1 second';

interface Server {
  /** Whether a request of this instant is let through. */
  allows(at: number): boolean;
  retryAfter?: string;
  message: string;
}

/** Fifty in any second. */
function sliding(count: number): (at: number) => boolean {
  let passed: number[] = [];
  return (at) => {
    passed = passed.filter((before) => before > at - SECOND);
    if (passed.length >= count) return false;
    passed.push(at);
    return true;
  };
}

/** Fifty from one full second to the next. */
function fixed(count: number): (at: number) => boolean {
  const passed = new Map<number, number>();
  return (at) => {
    const second = Math.floor(at / SECOND);
    const before = passed.get(second) ?? 0;
    if (before < count) passed.set(second, before + 1);
    return before < count;
  };
}

/** `total` requests by 16 callers, each answered after 20 ms. Returns how long it took, and how many were refused. */
async function run(server: Server, total: number): Promise<{ took: number; refused: number; sent: number[] }> {
  const clock = createManualClock(START + 317);
  const limiter = new Limiter(clock);
  const sent: number[] = [];
  let left = total;
  let refused = 0;
  let endedAt = 0;
  async function caller(): Promise<void> {
    while (left > 0) {
      left -= 1;
      for (let isDone = false; !isDone; ) {
        const turn = await limiter.turn({ until: Number.POSITIVE_INFINITY });
        sent.push(clock.now());
        isDone = server.allows(clock.now());
        await clock.sleep(20);
        turn.end();
        if (isDone) limiter.passed();
        else limiter.throttled(turn, server.retryAfter ?? null, server.message);
        refused += Number(!isDone);
      }
      endedAt = clock.now();
    }
  }
  const all = Promise.all(Array.from({ length: 16 }, caller));
  while (endedAt === 0 || clock.sleepers() > 0) await clock.advance(SECOND);
  await all;
  return { took: endedAt - START - 317, refused, sent };
}

describe('through a server that allows 50 requests a second', () => {
  const atLeast = (600 / 50) * SECOND;

  it.each`
    window       | allows         | message      | most    | refusals | why
    ${'sliding'} | ${sliding(50)} | ${MESSAGE}   | ${1.05} | ${5}     | ${'the limit is learned from the first 429'}
    ${'fixed'}   | ${fixed(50)}   | ${MESSAGE}   | ${1.05} | ${5}     | ${'likewise'}
    ${'sliding'} | ${sliding(50)} | ${'go away'} | ${1.6}  | ${15}    | ${'without a word it is searched for'}
    ${'fixed'}   | ${fixed(50)}   | ${'go away'} | ${1.6}  | ${15}    | ${'likewise'}
  `(
    '600 requests take at most $most times the least time: $window window, "$message" ($why)',
    async ({ allows, message, most, refusals }) => {
      const { took, refused } = await run({ allows, message } as Server, 600);
      expect(took).toBeLessThanOrEqual((most as number) * atLeast);
      expect(refused).toBeGreaterThan(0);
      expect(refused).toBeLessThanOrEqual(refusals as number);
    },
  );

  it('once the limit is known, no second sees more than 50, and no two requests leave together', async () => {
    const { sent } = await run({ allows: sliding(50), message: MESSAGE }, 400);
    const later = sent.filter((at) => at > sent[0]! + 2 * SECOND);
    const inASecond = later.map((at) => later.filter((other) => other >= at && other < at + SECOND).length);
    expect(Math.max(...inASecond)).toBeLessThanOrEqual(50);
    expect(Math.min(...later.slice(1).map((at, index) => at - later[index]!))).toBeGreaterThanOrEqual(10);
  });
});

/** Turns that are asked for now, with the instant at which each came, or what came instead. */
function ask(
  limiter: Limiter,
  clock: ManualClock,
  count: number,
  until = Number.POSITIVE_INFINITY,
): (number | string)[] {
  const seen: (number | string)[] = [];
  for (let nth = 0; nth < count; nth++) {
    limiter.turn({ until }).then(
      (turn) => {
        seen.push(clock.now() - START);
        turn.end();
      },
      (error: Error) => seen.push(error.name),
    );
  }
  return seen;
}

async function throttledOnce(
  retryAfter: string | null,
  message = '',
): Promise<{ clock: ManualClock; limiter: Limiter }> {
  const clock = createManualClock(START);
  const limiter = new Limiter(clock);
  const turn = await limiter.turn({ until: START });
  limiter.throttled(turn, retryAfter, message);
  turn.end();
  return { clock, limiter };
}

describe('F085 a 429', () => {
  it.each`
    retryAfter                         | pause          | why
    ${'17'}                            | ${17 * SECOND} | ${'seconds'}
    ${'Fri, 06 Mar 2026 14:00:42 GMT'} | ${42 * SECOND} | ${'a date'}
    ${'86400'}                         | ${5 * MINUTE}  | ${'no longer than is useful'}
    ${'soon'}                          | ${1 * SECOND}  | ${'rubbish counts as nothing'}
    ${null}                            | ${1 * SECOND}  | ${'nothing'}
  `('with Retry-After $retryAfter makes everybody wait $pause ms ($why)', async ({ retryAfter, pause }) => {
    const { clock, limiter } = await throttledOnce(retryAfter as string | null);
    const seen = ask(limiter, clock, 3);
    await clock.advance((pause as number) - 1);
    expect(seen).toEqual([]);
    await clock.advance(SECOND);
    expect(seen).toHaveLength(3);
    expect(seen[0]).toBe(pause);
  });

  it('makes those wait that were waiting already', async () => {
    const clock = createManualClock(START);
    const limiter = new Limiter(clock);
    const first = await limiter.turn({ until: START });
    const seen = ask(limiter, clock, 2);
    limiter.throttled(first, '30', '');
    await clock.advance(29 * SECOND);
    expect(seen).toEqual([]);
  });

  it('of the same burst counts once: ten of them do not slow ten times', async () => {
    const clock = createManualClock(START);
    const limiter = new Limiter(clock);
    const turns = [];
    for (let nth = 0; nth < 10; nth++) {
      const turn = limiter.turn({ until: START + SECOND });
      await clock.advance(10);
      turns.push(await turn);
    }
    for (const turn of turns) limiter.throttled(turn, null, '');
    const seen = ask(limiter, clock, 1);
    await clock.advance(SECOND);
    expect(seen).toEqual([SECOND + 100]);
  });

  it('after a 429 waits twice as long', async () => {
    const { clock, limiter } = await throttledOnce(null);
    await clock.advance(SECOND);
    const again = await limiter.turn({ until: clock.now() });
    limiter.throttled(again, null, '');
    const seen = ask(limiter, clock, 1);
    await clock.advance(5 * SECOND);
    expect(seen).toEqual([3 * SECOND]);
  });

  it('refuses at once whoever has not so much time', async () => {
    const { clock, limiter } = await throttledOnce('60');
    await expect(limiter.turn({ until: START + 59 * SECOND })).rejects.toThrow(NoTurnError);
    const seen = ask(limiter, clock, 1, START + 60 * SECOND);
    await clock.advance(60 * SECOND);
    expect(seen).toEqual([60 * SECOND]);
  });

  it('that allows 10 a minute lets one through each 6.1 seconds, and refuses whoever would be too late', async () => {
    const { clock, limiter } = await throttledOnce('0', 'policy user over ratelimit,limit:10,time:1 minute');
    const seen = ask(limiter, clock, 4, START + 15 * SECOND);
    await clock.advance(20 * SECOND);
    expect(seen[0]).toBe('NoTurnError');
    const [first, second, third] = seen.slice(1).map(Number);
    expect([second! - first!, third! - second!].map((gap) => Math.round(gap / 100))).toEqual([61, 61]);
  });
});

describe('a turn', () => {
  it('is one of at most 32 at a time', async () => {
    const clock = createManualClock(START);
    const limiter = new Limiter(clock);
    const turns: { end(): void }[] = [];
    for (let nth = 0; nth < 40; nth++) void limiter.turn({ until: START + MINUTE }).then((turn) => turns.push(turn));
    await clock.advance(10 * SECOND);
    expect(turns).toHaveLength(32);
    turns[0]!.end();
    turns[0]!.end();
    await clock.advance(SECOND);
    expect(turns).toHaveLength(33);
  });

  it('is given up when its signal is aborted, and nothing sleeps on', async () => {
    const { clock, limiter } = await throttledOnce('60');
    const controller = new AbortController();
    const turn = limiter.turn({ until: START + 5 * MINUTE, signal: controller.signal });
    await clock.advance(1);
    expect(clock.sleepers()).toBe(1);
    controller.abort(new Error('no time left'));
    await expect(turn).rejects.toThrow('no time left');
    expect(clock.sleepers()).toBe(0);
    const seen = ask(limiter, clock, 1);
    await clock.advance(60 * SECOND);
    expect(seen).toEqual([60 * SECOND]);
  });

  it('goes before the others for whoever asks to be first', async () => {
    const { clock, limiter } = await throttledOnce('1');
    const order: string[] = [];
    for (const name of ['a', 'b', 'first']) {
      const options = { until: START + MINUTE, first: name === 'first' };
      void limiter.turn(options).then((turn) => [order.push(name), turn.end()]);
    }
    await clock.advance(2 * SECOND);
    expect(order).toEqual(['first', 'a', 'b']);
  });
});

it.each`
  message                                                          | limit                                  | why
  ${MESSAGE}                                                       | ${{ count: 50, windowMs: SECOND }}     | ${'the gateway'}
  ${'x: policy ip over ratelimit,limit:200,time:1 minute'}         | ${{ count: 200, windowMs: MINUTE }}    | ${'minutes'}
  ${'limit:10, time:2 minutes'}                                    | ${{ count: 10, windowMs: 2 * MINUTE }} | ${'a blank, several'}
  ${'The threshold is reached. Threshold: 5 times per 60 seconds'} | ${{ count: 5, windowMs: MINUTE }}      | ${'IAM'}
  ${'limit:0,time:1 second'}                                       | ${null}                                | ${'nothing allowed is nothing learned'}
  ${'limit:many'}                                                  | ${null}                                | ${'rubbish'}
`('"$message" says $limit ($why)', ({ message, limit }) => {
  expect(requestLimit(message as string)).toEqual(limit);
});

it.each`
  value                              | ms             | why
  ${'3'}                             | ${3 * SECOND}  | ${'seconds'}
  ${' 3 '}                           | ${3 * SECOND}  | ${'blanks'}
  ${'0'}                             | ${0}           | ${'at once'}
  ${'Fri, 06 Mar 2026 14:00:10 GMT'} | ${10 * SECOND} | ${'a date'}
  ${'Fri, 06 Mar 2026 13:00:00 GMT'} | ${0}           | ${'a date that is past'}
  ${'Fri, 99 Mar 2026 13:00:00 GMT'} | ${null}        | ${'no date'}
  ${'-5'}                            | ${null}        | ${'negative'}
  ${'1.5e3'}                         | ${null}        | ${'no whole number'}
  ${'2026-03-06'}                    | ${null}        | ${'another kind of date'}
  ${''}                              | ${null}        | ${'empty'}
  ${null}                            | ${null}        | ${'absent'}
`('Retry-After "$value" is $ms ms ($why)', ({ value, ms }) => {
  expect(retryAfterMs(value as string | null, START)).toBe(ms);
});

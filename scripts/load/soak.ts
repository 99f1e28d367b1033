import { tick } from '../../handlers/tick.ts';
import { MINUTE } from '../../lib/core/time.ts';
import type { Clock } from '../../lib/deps.ts';
import type { FileInstance } from '../../lib/simulator/fleet.ts';
import { startSimulator } from '../../lib/simulator/server.ts';
import { type Held, held } from './held.ts';
import { type Place, runtimeOf } from './place.ts';

/** A day's ticks, of which a sixth are in its window. */
const DAY_OF_TICKS = 288;
/** Half past midnight. */
const BEGIN = Date.parse('2026-03-02T00:30:00Z');
/** Of the invocation, in milliseconds: five seconds before it begins nothing more. Longer ones would leave their timers behind in here. */
const LEFT = 50_000;

const EVENT = { source: 'aws.scheduler', 'detail-type': 'Scheduled Event' };

export interface Soaked {
  started: number;
  requests: number;
  half: Held;
  end: Held;
}

/**
 * That many ticks, five minutes apart by the clock, one after the other in this process: the handler, a ledger in a file,
 * and a control plane that is asked over sockets. Each day a new version comes out, and the night is busy with it.
 */
export async function soak(count: number, { env }: Place): Promise<Soaked> {
  const clock = movingClock(BEGIN);
  const simulator = await startSimulator({ clock, fleet: fleetOf(12) });
  const runtime = await runtimeOf({ ...env, DCS_ENDPOINT: simulator.url, CES_ENDPOINT: simulator.url }, clock);
  const invoke = tick(async () => runtime);
  let started = 0;
  const run = async (from: number, to: number): Promise<Held> => {
    for (let index = from; index < to; index++) {
      if (index % DAY_OF_TICKS === 0) simulator.world.moveLatest('6.0', 'engine', `6.2.${index}.260101`);
      clock.moveTo(BEGIN + index * 5 * MINUTE);
      started += (await invoke(EVENT, { getRemainingTimeInMillis: () => LEFT })).started;
    }
    return held();
  };
  try {
    const half = await run(0, count / 2);
    const end = await run(count / 2, count);
    const requests = Object.values(simulator.requests).reduce((sum, one) => sum + one, 0);
    return { started, requests, half, end };
  } finally {
    await runtime.close();
    await simulator.close();
  }
}

/** A clock that nobody waits for: whoever sleeps on it moves it. */
function movingClock(start: number): Clock & { moveTo(at: number): void } {
  let at = start;
  return {
    now: () => at,
    sleep: async (ms) => {
      at += ms;
    },
    moveTo: (next) => {
      at = Math.max(at, next);
    },
  };
}

/** Some of them as unkind as a night has them. */
function fleetOf(count: number) {
  const faults: FileInstance['faults'][] = [['reset_after_accept'], ['empty_200'], [{ fault: 'lag', seconds: 40 }]];
  const instances = Array.from({ length: count }, (_, index): FileInstance => ({
    name: `cache-${index}`,
    engineVersion: '6.0',
    cacheMode: 'ha',
    upgradeSeconds: 300,
    faults: faults[index] ?? [],
    tags: { env: index % 2 === 0 ? 'dev' : 'prod' },
  })); // biome-ignore format: a record
  return { projects: [{ project: 'p1', region: 'cn-north-4', instances }] };
}

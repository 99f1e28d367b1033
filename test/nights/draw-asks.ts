import { MINUTE, SECOND } from '../../lib/core/time.ts';
import type { Fault as DcsFault } from '../../lib/simulator/faults.ts';
import type { Dice } from './chance.ts';
import { CALENDAR_TROUBLE, type CalendarEvent, type Fault, type PlannedInstance, type Rules } from './plan.ts';

/** What a part of the program that most nights do without does in one night. */
interface Extra {
  faults: Fault[];
  events?: CalendarEvent[];
}

export interface Surroundings {
  dice: Dice;
  fleet: readonly PlannedInstance[];
  /** The extra may change them. */
  rules: Rules;
  calmAt: number;
  hasQueue: boolean;
  /** An instant before the calm. */
  at(): number;
  name(): string;
}

/** How often each part is played, and what it does then. */
const EXTRAS: readonly [chance: number, (around: Surroundings) => Extra][] = [
  [0.08, drawGates],
  [0.1, drawApprovals],
  [0.08, drawCalendar],
  [0.12, drawOrders],
  [0.05, drawQueueJumpers],
  [0.1, drawAlerts],
  [0.08, drawVisitors],
];

export function drawExtras(around: Surroundings): Required<Extra> {
  const extras = EXTRAS.filter(([chance]) => around.dice.is(chance)).map(([, draw]) => draw(around));
  return { faults: extras.flatMap(({ faults }) => faults), events: extras.flatMap(({ events = [] }) => events) };
}

function times<T>(count: number, make: () => T): T[] {
  return Array.from({ length: count }, make);
}

function drawGates({ dice, rules, fleet, name }: Surroundings): Extra {
  rules.gates = { cpu: 70 };
  const { from, to } = rules.windows[0]!;
  const seconds = (least: number, most: number) => dice.whole(least, most) * (MINUTE / SECOND);
  const draw = (): DcsFault =>
    dice.pick<() => DcsFault>([
      () => ({ fault: 'high_load', load: 'cpu', percent: dice.pick([70, 95]), after: Math.max(0, from / SECOND + seconds(-10, 30)), seconds: seconds(5, 60) }),
      () => ({ fault: 'high_load', load: 'cpu', percent: 88, after: 0 }),
      () => ({ fault: 'no_metrics', seconds: to / SECOND - seconds(0, 30) }),
      () => ({ fault: 'stale_metrics', seconds: dice.pick([480, 700, 1_200]) }),
      () => ({ fault: 'refuse_metrics', code: 'ces.0007', status: 500, ...(dice.is(0.5) ? { times: 4 } : {}) }),
    ])(); // biome-ignore format: a list
  return { faults: times(dice.whole(1, fleet.length), () => ({ kind: 'dcs', instance: name(), fault: draw() })) };
}

function drawApprovals({ dice, rules, at, calmAt }: Surroundings): Extra {
  const wanting = dice.pick(rules.waves);
  for (const wave of rules.waves) wave.approve = wave === wanting || dice.is(0.3);
  const after = () => dice.pick([2 * SECOND, 10 * SECOND, 4 * MINUTE, 12 * MINUTE, 25 * MINUTE]);
  const early = (): Fault => ({ kind: 'approval', at: dice.is(0.5) ? rules.windows[0]!.from - 5 * MINUTE : at(), after: after(), hash: dice.is(0.85) ? 'seen' : 'other' }); // biome-ignore format: one thought
  const late = (): Fault => ({ kind: 'approval', at: calmAt + dice.whole(1, 5) * MINUTE, after: 10 * SECOND, hash: 'seen' }); // biome-ignore format: one thought
  const drift = (): Fault =>
    dice.is(0.5)
      ? { kind: 'latest_moves', at: at() }
      : { kind: 'created', at: at(), instance: { name: `late-${dice.whole(1, 99)}`, env: wanting.wave, app: 'cart', region: 'r1', kind: 'ha', takes: 5 * MINUTE, odd: null } }; // biome-ignore format: one thought
  return { faults: [...times(dice.whole(1, 3), early), ...times(dice.whole(0, 2), drift), ...(dice.is(0.7) ? [late()] : [])] }; // biome-ignore format: a list
}

function drawCalendar({ dice, rules, at, calmAt }: Surroundings): Extra {
  rules.calendar = dice.is(0.75) ? 'closed' : 'open';
  const events = times(dice.whole(0, 2), () => {
    const from = at();
    return { from, to: from + dice.whole(10, 70) * MINUTE, since: dice.is(0.6) ? 0 : Math.max(0, from - dice.whole(0, 20) * MINUTE) }; // biome-ignore format: one thought
  });
  const faults = times(dice.whole(0, 2), (): Fault => {
    const begins = dice.is(0.5) ? 0 : at();
    const lasts = Math.min(dice.whole(5, 60) * MINUTE, Math.max(MINUTE, calmAt - begins - 15 * MINUTE));
    return {
      kind: 'calendar',
      trouble: dice.pick(CALENDAR_TROUBLE),
      at: begins,
      lasts,
      chance: dice.pick([0.5, 1, 1]),
    };
  });
  return { faults, events };
}

function drawOrders({ dice, at, name, rules }: Surroundings): Extra {
  const early = rules.windows[0]!;
  const when = () =>
    dice.is(0.5) ? at() : dice.is(0.5) ? dice.whole(0, early.from) : early.to + dice.whole(0, 10) * MINUTE;
  const order = (): Fault => ({ kind: 'order', at: when(), instance: name(), override: dice.is(0.75), twice: dice.pick([null, null, 'at_once', 'later', 'other_body']) }); // biome-ignore format: one thought
  const orders = times(dice.whole(1, 3), order);
  // What runs, is at something else, or is held is not to be ordered.
  const clashes = orders.flatMap((fault): Fault[] => {
    if (fault.kind !== 'order' || dice.is(0.5)) return [];
    const { instance, at: begins } = fault;
    const hold = (lasts: number): Fault => ({ kind: 'hold', at: begins - 2 * MINUTE, match: { instanceId: instance }, releasedAt: begins + lasts * MINUTE }); // biome-ignore format: one thought
    const freeze = (to: number): Fault => ({ kind: 'rules', at: Math.max(0, begins - 5 * MINUTE), change: { freezes: [{ from: early.from - 10 * MINUTE, to, env: null }] } }); // biome-ignore format: one thought
    return dice.pick<() => Fault[]>([
      () => [{ kind: 'busy', at: begins - 4 * MINUTE, instance, status: dice.pick(['BACKUPING', 'RESTARTING']), lasts: 20 * MINUTE }],
      () => [{ kind: 'foreign_upgrade', at: begins - dice.whole(0, 3) * MINUTE, instance }],
      () => [hold(30)],
      () => [freeze(early.to)],
      // Its hour is over before anything lets it go.
      () => [hold(dice.whole(66, 80)), freeze(begins + 110 * MINUTE)],
      // No worker ever hears of it.
      () => [{ kind: 'queue', trouble: 'lost', at: begins, lasts: 3 * MINUTE, chance: 1 }],
      // It is refused whenever it is asked for.
      () => [{ kind: 'dcs', instance, fault: { fault: 'refuse', code: 'DCS.4099' } }],
      // It fails, and somebody orders it anew.
      () => [{ kind: 'dcs', instance, fault: { fault: 'fail_task', code: 'DCS.5006' } }, { ...fault, at: begins + dice.whole(20, 40) * MINUTE, twice: null }],
    ])(); // biome-ignore format: a list
  });
  return { faults: [...orders, ...clashes] };
}

/** What was handed over waits for its worker; meanwhile somebody asks for another, which would go before it. */
function drawQueueJumpers({ dice, rules, fleet, hasQueue }: Surroundings): Extra {
  if (!hasQueue) return { faults: [] };
  const { from, to } = rules.windows[0]!;
  rules.parallel = 1;
  const late: Fault = { kind: 'queue', trouble: 'late', at: from, lasts: to - from, chance: 1 };
  const orders = fleet.map(({ name }): Fault => ({ kind: 'order', at: from + dice.whole(1, 15) * MINUTE, instance: name, override: false, twice: null })); // biome-ignore format: one thought
  return { faults: [late, ...orders] };
}

function drawAlerts({ dice, at, name, rules }: Surroundings): Extra {
  rules.alerts = true;
  const alert = (): Fault => {
    const begins = at();
    const endsAt = dice.is(0.75) ? begins + dice.whole(2, 40) * MINUTE : null;
    const beside = dice.is(0.4) ? begins + dice.whole(2, 40) * MINUTE : null;
    return { kind: 'alert', at: begins, instance: name(), endsAt, beside, again: dice.is(0.3) };
  };
  return { faults: times(dice.whole(1, 3), alert) };
}

const PATHS = ['/fleet', '/plan', '/windows', '/', '/health', '/fleet/{id}', '/upgrades/run-1'];

/** People who look, hold and release over HTTP, and some who may not. */
function drawVisitors({ dice, at, name, rules }: Surroundings): Extra {
  const look = (): Fault => ({ kind: 'look', at: at(), path: dice.pick(PATHS) });
  const intruder = (): Fault => ({ kind: 'intruder', at: at(), key: dice.pick(['none', 'unknown', 'reader', 'reader']), does: dice.pick(['hold', 'order', 'approve']) }); // biome-ignore format: one thought
  const hold = (): Fault => {
    const begins = at();
    const match = dice.pick([{ all: true as const }, { wave: dice.pick(rules.waves).wave }, { instanceId: name() }]);
    return { kind: 'hold', at: begins, match, releasedAt: dice.is(0.7) ? begins + dice.whole(3, 40) * MINUTE : null, over: 'http' }; // biome-ignore format: one thought
  };
  return { faults: [...times(dice.whole(0, 3), look), ...times(dice.whole(0, 2), intruder), ...times(dice.whole(0, 2), hold)] }; // biome-ignore format: a list
}

import { DAY, MINUTE } from '../../lib/core/time.ts';
import type { Fault as DcsFault } from '../../lib/simulator/faults.ts';
import { Dice } from './chance.ts';
import { drawExtras } from './draw-asks.ts';
import { drawClocks, drawMore, withNearClocks } from './draw-more.ts';
import { drawQueue } from './draw-queue.ts';
import { drawFickle, drawReceivers } from './draw-receivers.ts';
import {
  CALL_TROUBLE,
  type CalendarEvent,
  type Fault,
  NO_WAVE,
  type Plan,
  type PlannedInstance,
  QUEUE_TROUBLE,
  READ_TROUBLE,
  RECEIVER_TROUBLE,
  type Rules,
  STORE_TROUBLE,
} from './plan.ts';

const EPOCH = Date.parse('2026-03-02T00:00:00Z');

/** The night of a seed. */
export function drawPlan(seed: number): Plan {
  const dice = new Dice(seed);
  const rules = { ...drawRules(dice), fickle: drawFickle(seed) };
  const fleet = drawFleet(dice, rules);
  const hasQueue = dice.is(0.35);
  rules.regions = fleet.some(({ region }) => region === 'r2') ? ['r1', 'r2'] : ['r1'];
  const calmAt = rules.windows[1]!.from + 20 * MINUTE;
  const { faults, events } = drawFaults(dice, fleet, rules, calmAt, hasQueue);
  const more = drawMore({ seed, rules, fleet, hasQueue });
  const work = hasQueue ? drawQueue({ seed, rules, fleet }) : [];
  return {
    seed,
    start: EPOCH + dice.whole(0, 300) * DAY,
    every: dice.pick([5, 7, 8, 10, 12]) * MINUTE,
    hasQueue,
    fleet,
    rules,
    faults: withNearClocks([...faults, ...drawClocks(seed), ...more, ...work, ...drawReceivers({ seed, calmAt })]),
    events,
    calmAt,
    until: rules.windows[1]!.to + 30 * MINUTE,
  };
}

/** Two openings, so that what the first leaves undone has another one, without faults at its end. */
function drawRules(dice: Dice): Omit<Rules, 'fickle'> {
  const first = 10 * MINUTE;
  const second = first + dice.whole(70, 85) * MINUTE;
  const soaks = [0, 0, 10 * MINUTE, 25 * MINUTE];
  const parallels = [null, null, 1, 2];
  const waves = [{ wave: 'dev', after: null, soak: 0, parallel: dice.pick(parallels), approve: false, take: null }];
  const prod = {
    wave: 'prod',
    after: 'dev',
    soak: dice.pick(soaks),
    parallel: dice.pick(parallels),
    approve: false,
    take: null,
  };
  const gold = { wave: 'gold', after: 'prod', soak: dice.pick(soaks), parallel: null, approve: false, take: null };
  return {
    regions: ['r1'],
    windows: [
      { from: first, to: first + dice.whole(42, 62) * MINUTE },
      { from: second, to: second + dice.whole(180, 240) * MINUTE },
    ],
    freezes: [],
    gates: null,
    backupWithin: null,
    calendar: null,
    alerts: false,
    parallel: dice.pick([1, 1, 2, 2, 3, 4]),
    perScope: dice.pick([null, null, null, 1, 2]),
    perWindow: dice.pick([null, null, null, null, 2, 4]),
    byApp: dice.is(0.3),
    maxErrors: dice.pick([1, 2, 2, 2, 3, 99]),
    minDuration: dice.pick([30, 30, 40]) * MINUTE,
    settle: dice.pick([3, 10]) * MINUTE,
    timeout: dice.pick([40, 60]) * MINUTE,
    waves: [...waves, ...(dice.is(0.75) ? [prod, ...(dice.is(0.3) ? [gold] : [])] : [])],
  };
}

const ODD = ['memcached', 'enterprise', 'opted_out', 'latest', 'not_offered'] as const;

function drawFleet(dice: Dice, { waves }: Rules): PlannedInstance[] {
  const count = dice.pick([2, 3, 3, 3, 4, 4, 5, 7]);
  const regions = dice.pick([['r1'], ['r1'], ['r1', 'r1', 'r2']] as const);
  return Array.from({ length: count }, (_, index) => drawInstance(dice, `cache-${index + 1}`, waves, regions));
}

function drawInstance(
  dice: Dice,
  name: string,
  waves: Rules['waves'],
  regions: readonly PlannedInstance['region'][] = ['r1'],
): PlannedInstance {
  return {
    name,
    env: dice.is(0.05) ? 'other' : dice.pick(waves).wave,
    app: dice.pick(['cart', 'search']),
    region: dice.pick(regions),
    kind: dice.pick(['ha', 'ha', 'proxy', 'cluster']),
    takes: dice.is(0.06) ? dice.whole(45, 70) * MINUTE : dice.whole(3, 16) * MINUTE,
    odd: dice.is(0.1) ? dice.pick(ODD) : null,
  };
}

type Draw = (context: Context) => Fault;
interface Context {
  dice: Dice;
  fleet: readonly PlannedInstance[];
  rules: Rules;
  /** An instant before the calm. */
  at(): number;
  name(): string;
  weather(most: number): { at: number; lasts: number; chance: number };
}

/** What a seed draws its faults from; the number is how often it comes up beside the others. */
const DRAWS: readonly [weight: number, Draw][] = [
  [9, ({ dice, weather }) => ({ kind: 'reads', trouble: dice.pick(READ_TROUBLE), ...weather(20) })],
  [12, ({ dice, weather }) => ({ kind: 'calls', trouble: dice.pick(CALL_TROUBLE), ...weather(90) })],
  [5, ({ dice, weather }) => ({ kind: 'store', trouble: dice.pick(STORE_TROUBLE), ...weather(20) })],
  [3, ({ dice, weather }) => ({ kind: 'receiver', trouble: dice.pick(RECEIVER_TROUBLE), ...weather(60) })],
  [5, ({ dice, weather }) => ({ kind: 'queue', trouble: dice.pick(QUEUE_TROUBLE), ...weather(90) })],
  [5, ({ weather }) => ({ kind: 'kills', ...weather(30), chance: 0.03 })],
  [5, ({ dice }) => ({ kind: 'killed_at_call', call: dice.whole(1, 6), after: dice.is(0.6) })],
  [9, ({ dice }) => ({ kind: 'tick', tick: dice.whole(0, 60), trouble: dice.pick(['missing', 'doubled', 'doubled', 'late', 'slow']) })],
  [6, ({ dice }) => ({ kind: 'skew', machine: dice.whole(0, 2), by: dice.pick([-4, -2, -1, 1, 2, 4]) * MINUTE })],
  [12, ({ dice, name }) => ({ kind: 'dcs', instance: name(), fault: dice.pick(DCS_FAULTS) })],
  [4, drawHold],
  [4, ({ dice, at, rules }) => ({ kind: 'rules', at: at(), change: drawChange(dice, rules) })],
  [2, ({ at, dice }) => ({ kind: 'broken_policy', at: at(), lasts: dice.whole(5, 40) * MINUTE })],
  [4, ({ dice, at, name }) => ({ kind: 'busy', at: at(), instance: name(), status: dice.pick(['BACKUPING', 'RESTARTING', 'ERROR', 'SOMETHING_NEW', 'FROZEN']), lasts: dice.is(0.9) ? dice.whole(1, 30) * MINUTE : null })],
  [2, ({ at, name }) => ({ kind: 'deleted', at: at(), instance: name() })],
  [2, ({ dice, at, rules }) => ({ kind: 'created', at: at(), instance: drawInstance(dice, `new-${dice.whole(1, 999)}`, rules.waves) })],
  [2, ({ dice, at, name }) => ({ kind: 'resized', at: at(), instance: name(), lasts: dice.whole(3, 20) * MINUTE, capacity: dice.pick([8, 16]) })],
  [4, ({ at, name }) => ({ kind: 'foreign_upgrade', at: at(), instance: name() })],
  [2, ({ at }) => ({ kind: 'latest_moves', at: at() })],
]; // biome-ignore format: a table

const SUM = DRAWS.reduce((sum, [weight]) => sum + weight, 0);

/** Most strike once, so that the second opening may end well. */
const DCS_FAULTS: readonly DcsFault[] = [
  { fault: 'fail_task', code: 'DCS.5006', times: 1 },
  { fault: 'fail_task', code: 'DCS.5006', times: 1 },
  { fault: 'fail_task', code: 'DCS.9999' },
  { fault: 'success_without_change', times: 1 },
  { fault: 'success_without_change' },
  { fault: 'never_ends', times: 1 },
  { fault: 'task_vanishes', seconds: 60, times: 1 },
  { fault: 'unknown_task_word', word: 'SUSPENDED', seconds: 1500, times: 1 },
  { fault: 'unknown_task_word', word: 'DONE', seconds: 900 },
  { fault: 'vanish', seconds: 30 },
  { fault: 'vanish_before' },
  { fault: 'refuse', code: 'DCS.4096', times: 2 },
  { fault: 'refuse', code: 'DCS.4099' },
  { fault: 'refuse', code: 'DCS.2003', status: 403 },
  { fault: 'refuse', code: 'DCS.4008', times: 1 },
  { fault: 'refuse', code: 'DCS.7777', times: 1 },
  { fault: 'refuse', code: 'APIGW.0305', status: 403, times: 1 },
  { fault: 'lag', seconds: 20 },
  { fault: 'lag', seconds: 60 },
  { fault: 'lag', seconds: 90 },
  { fault: 'lag', seconds: 90 },
];

function drawFaults(
  dice: Dice,
  fleet: readonly PlannedInstance[],
  rules: Rules,
  calmAt: number,
  hasQueue: boolean,
): { faults: Fault[]; events: CalendarEvent[] } {
  const [early, late] = [rules.windows[0]!, rules.windows[1]!];
  // Most that goes wrong does so while something may start.
  const at = () =>
    dice.is(0.75) ? dice.whole(early.from - 5 * MINUTE, early.to) : dice.whole(early.to, late.from + 10 * MINUTE);
  const weather = (most: number) => {
    const begins = at();
    const lasts = Math.min(dice.whole(1, most) * MINUTE, Math.max(MINUTE, calmAt - begins - 5 * MINUTE));
    return { at: begins, lasts, chance: dice.pick([0.1, 0.3, 0.6, 1]) };
  };
  const context: Context = { dice, fleet, rules, at, weather, name: () => dice.pick(fleet).name };
  const count = dice.pick([1, 4, 6, 8, 10, 12, 16, 20]);
  const faults = [...Array.from({ length: count }, () => drawFault(context)), ...drawStory(context, hasQueue)];
  // Of dice of their own: what they draw changes nothing in the rest of the night.
  const extras = drawExtras({ ...context, dice: dice.another(), calmAt, hasQueue });
  return { faults: [...faults, ...extras.faults], events: extras.events };
}

/** One after the other fails, in passes of their own, so that only what is counted over all of them spends the budget. */
function drawFailures({ fleet, rules }: Context): Fault[] {
  rules.maxErrors = 2;
  rules.parallel = 1;
  for (const instance of fleet) Object.assign(instance, { env: 'dev', odd: null, takes: Math.min(instance.takes, 6 * MINUTE) }); // biome-ignore format: one thought
  return fleet.map(({ name }) => ({ kind: 'dcs', instance: name, fault: { fault: 'fail_task', code: 'DCS.5006', times: 1 } })); // biome-ignore format: one thought
}

/** Faults that are of little use alone, so that chance would seldom bring them together. */
function drawStory(context: Context, hasQueue: boolean): Fault[] {
  const { dice, fleet, rules } = context;
  const { from, to } = rules.windows[0]!;
  const open = { at: from, lasts: to - from };
  const doubled = () => ({ kind: 'tick' as const, tick: dice.whole(1, 10), trouble: 'doubled' as const });
  // Answers are lost while reads show the past, and somebody looks at once.
  if (dice.is(0.2)) {
    const lags = fleet.map(({ name }): Fault => ({ kind: 'dcs', instance: name, fault: { fault: 'lag', seconds: dice.pick([60, 90]) } })); // biome-ignore format: one thought
    return [...lags, { kind: 'calls', trouble: dice.pick(['lost_after', 'silent_after', 'no_task']), ...open, chance: 0.7 }, doubled(), doubled(), doubled()]; // biome-ignore format: a list
  }
  // What was handed over waits for its worker, while others decide and people change their minds.
  if (!hasQueue || dice.is(0.4)) return dice.is(0.2) ? drawFailures(context) : [];
  const late: Fault = { kind: 'queue', trouble: 'late', ...open, chance: 0.9 };
  return [late, { ...drawHold(context), at: dice.whole(from, to) } as Fault, doubled(), doubled(), doubled()];
}

function drawFault(context: Context): Fault {
  let left = context.dice.whole(1, SUM);
  for (const [weight, draw] of DRAWS) {
    left -= weight;
    if (left <= 0) return draw(context);
  }
  throw new RangeError('weights do not add up');
}

function drawHold({ dice, at, name, rules }: Context): Fault {
  const begins = at();
  const match = dice.pick([{ all: true as const }, { wave: dice.pick(rules.waves).wave }, { instanceId: name() }, { tags: { app: 'cart' } }, { scope: 'r1/p1' }, { region: 'r1' }, { wave: NO_WAVE }]); // biome-ignore format: a list
  const releasedAt = dice.is(0.7) ? begins + dice.whole(3, 60) * MINUTE : null;
  return { kind: 'hold', at: begins, match, releasedAt, ...(releasedAt !== null && dice.is(0.4) ? { expires: true } : {}) }; // biome-ignore format: one thought
}

function drawChange(dice: Dice, rules: Rules): Partial<Rules> {
  const [early, late] = [rules.windows[0]!, rules.windows[1]!];
  const from = dice.whole(early.from, early.to);
  const shorter = { from: early.from, to: Math.max(early.from + 31 * MINUTE, early.to - dice.whole(5, 40) * MINUTE) };
  return dice.pick<Partial<Rules>>([
    { freezes: [{ from, to: from + dice.whole(5, 90) * MINUTE, env: dice.is(0.5) ? null : dice.pick(rules.waves).wave }] },
    { windows: [shorter, late] },
    { parallel: 1, perScope: 1 },
    { parallel: 3 },
    { perWindow: 2 },
  ]); // biome-ignore format: a list
}

import { MINUTE, SECOND } from '../../lib/core/time.ts';
import { Dice } from './chance.ts';
import type { Fault, Plan, PlannedInstance, Rules } from './plan.ts';

/** What few nights with a queue have, of dice of their own. The rules and the fleet may change. */
export function drawQueue({ seed, rules, fleet }: Pick<Plan, 'seed' | 'rules' | 'fleet'>): Fault[] {
  const dice = new Dice(seed + 0.75);
  const faults: Fault[] = [];
  if (dice.is(0.1)) faults.push(...drawStrays(dice, rules));
  if (dice.is(0.1)) faults.push(...drawStalls(dice, rules));
  if (dice.is(0.04)) faults.push(...drawRush(dice, rules, fleet));
  if (dice.is(0.015) && rules.gates === null && rules.backupWithin === null)
    faults.push(...drawMany(dice, rules, fleet));
  return faults;
}

const STRAYS = ['{"kind": "sta', '{"kind":"upgrade","instanceId":"a"}', '[]', '{"kind":"start"}', '{"kind":"run","runId":""}']; // biome-ignore format: a list

function drawStrays(dice: Dice, { windows }: Rules): Fault[] {
  const { from, to } = windows[0]!;
  return Array.from({ length: dice.whole(1, 3) }, () => ({ kind: 'stray', at: dice.whole(from - 5 * MINUTE, to), body: dice.pick(STRAYS) })); // biome-ignore format: one thought
}

/** No worker can be begun for a while; then all that waited comes at once. */
function drawStalls(dice: Dice, { windows }: Rules): Fault[] {
  const { from, to } = windows[0]!;
  return Array.from({ length: dice.whole(1, 3) }, () => stall(dice.whole(from, to), dice.whole(20, 300) * SECOND));
}

function stall(at: number, lasts: number): Fault {
  return { kind: 'queue', trouble: 'stalled', at, lasts, chance: 1 };
}

/** Before a window opens people order one after the other, and the workers get all of it in one batch. */
function drawRush(dice: Dice, rules: Rules, fleet: readonly PlannedInstance[]): Fault[] {
  rules.parallel = 1;
  const at = rules.windows[0]!.from - dice.whole(4, 7) * MINUTE;
  const orders = fleet.map(({ name }): Fault => ({ kind: 'order', at: at + dice.whole(0, 60) * SECOND, instance: name, override: true, twice: null })); // biome-ignore format: one thought
  return [stall(at, 2 * MINUTE), ...orders];
}

/** More than a pass reads by itself: workers read what is to be known of it. */
function drawMany(dice: Dice, rules: Rules, fleet: PlannedInstance[]): Fault[] {
  Object.assign(rules, { parallel: 20, perScope: null, perWindow: null, byApp: false });
  const count = dice.whole(52, 60);
  const [first] = rules.waves;
  while (fleet.length < count)
    fleet.push({
      name: `many-${fleet.length}`,
      env: first!.wave,
      app: dice.pick(['cart', 'search']),
      region: 'r1',
      kind: dice.pick(['ha', 'proxy']),
      takes: 3 * MINUTE,
      odd: null,
    });
  first!.parallel = null;
  const { from } = rules.windows[0]!;
  const troubles = ['lost', 'late', 'not_taken', 'answer_lost', 'doubled'] as const;
  return dice.is(0.6) ? [{ kind: 'queue', trouble: dice.pick(troubles), at: from, lasts: dice.whole(5, 20) * MINUTE, chance: dice.pick([0.5, 1]) }] : []; // biome-ignore format: one thought
}

import { DAY, MINUTE, SECOND } from '../../lib/core/time.ts';
import type { Fault as DcsFault } from '../../lib/simulator/faults.ts';
import { Dice } from './chance.ts';
import type { Fault, Plan, PlannedInstance, Rules } from './plan.ts';

/** What few nights have, from dice of their own: what they draw changes nothing in the rest of the night. The rules and the fleet may change. */
export function drawMore({
  seed,
  rules,
  fleet,
  hasQueue,
}: Pick<Plan, 'seed' | 'rules' | 'fleet' | 'hasQueue'>): Fault[] {
  const dice = new Dice(seed + 0.25);
  const faults = dice.is(0.1) ? drawBackups(dice, rules, fleet) : [];
  if (dice.is(0.06)) rules.waves.at(-1)!.take = dice.whole(1, 2);
  if (dice.is(0.15)) faults.push(...drawWrongAnswers(dice, rules));
  if (hasQueue && dice.is(0.15)) faults.push(...drawNews(dice, rules));
  if (hasQueue && dice.is(0.35)) faults.push({ kind: 'news_on_the_way', wave: dice.pick(rules.waves).wave, what: dice.pick(['version', 'policy', 'hold']) }); // biome-ignore format: one thought
  if (dice.is(0.05)) faults.push(...drawOtherClocks(dice, rules, fleet));
  if (dice.is(0.08)) dice.pick(fleet).heldUntil = rules.windows[0]!.from + dice.whole(-5, 130) * MINUTE;
  if (fleet.some(({ region }) => region === 'r2') && dice.is(0.25)) faults.push(...drawForgotten(dice, rules));
  if (dice.is(0.15)) faults.push(drawStall(dice, rules));
  return faults;
}

/** The policy forgets a scope while upgrades run there, and knows it again some time later. */
function drawForgotten(dice: Dice, { windows }: Rules): Fault[] {
  const at = windows[0]!.from + dice.whole(3, 40) * MINUTE;
  const change = (regions: Rules['regions']) => ({ regions });
  return [{ kind: 'rules', at, change: change(['r1']) }, { kind: 'rules', at: at + dice.whole(12, 30) * MINUTE, change: change(['r1', 'r2']) }]; // biome-ignore format: a list
}

/** For so long that nothing may be begun any more when it is over, or for so long that just that is not yet so. */
function drawStall(dice: Dice, { windows }: Rules): Fault {
  const { from, to } = windows[0]!;
  const lasts = dice.pick([20 * SECOND, 30 * SECOND, 35 * SECOND, 4 * MINUTE, 15 * MINUTE]);
  return { kind: 'stalls', at: from, lasts: to - from, chance: dice.pick([0.02, 0.05]), for: lasts };
}

/** What was handed over waits for its worker, and meanwhile a version comes out that no wave has had. */
function drawNews(dice: Dice, { windows }: Rules): Fault[] {
  const { from, to } = windows[0]!;
  const news = (): Fault => ({ kind: 'latest_moves', at: from + dice.whole(5, 50) * MINUTE });
  return [{ kind: 'queue', trouble: 'late', at: from, lasts: to - from, chance: 0.9 }, news(), news()];
}

const BACKUP_FAULTS: readonly DcsFault[] = [
  { fault: 'fail_backup', code: 'dcs.08.0001', times: 1 },
  { fault: 'backup_never_ends', times: 1 },
  { fault: 'refuse_backup', code: 'DCS.4017', times: 1 },
  { fault: 'lose_backup', times: 1 },
  { fault: 'lose_backup', times: 2 },
  { fault: 'lose_backup_answer', times: 1 },
  { fault: 'lose_backup_answer', times: 1 },
  { fault: 'lose_backup_answer', times: 1 },
];

/** Most have no young backup; answers about it are lost while the list shows the past, and somebody looks at once. */
function drawBackups(dice: Dice, rules: Rules, fleet: readonly PlannedInstance[]): Fault[] {
  rules.backupWithin = dice.pick([90 * MINUTE, DAY]);
  for (const one of fleet)
    Object.assign(one, { backup: { hours: dice.pick([null, null, 1, 30]), seconds: dice.whole(60, 720) } });
  const faults = fleet.flatMap(({ name }): Fault[] => {
    const own = dice.is(0.6) ? [dice.pick(BACKUP_FAULTS)] : [];
    const isLost = own.some(({ fault }) => fault === 'lose_backup_answer');
    const lag: DcsFault[] = isLost || dice.is(0.4) ? [{ fault: 'lag', seconds: dice.pick([60, 90]) }] : [];
    return [...own, ...lag].map((fault) => ({ kind: 'dcs', instance: name, fault }));
  });
  const doubled = (): Fault => ({ kind: 'tick', tick: dice.whole(1, 12), trouble: 'doubled' });
  const early = [1, 2, 3].map((tick): Fault => ({ kind: 'tick', tick, trouble: 'doubled' }));
  return [...faults, ...early, doubled()];
}

/**
 * A program dies once its call has left, and reads show the past; soon after another begins whose clock is ahead, and for
 * which all has been waited for long enough.
 */
function drawOtherClocks(dice: Dice, { windows }: Rules, fleet: readonly PlannedInstance[]): Fault[] {
  const { from, to } = windows[0]!;
  const ticks = Array.from({ length: 12 }, (_, tick) => tick).filter(() => dice.is(0.8));
  return [
    { kind: 'skew', machine: 1, by: 4 * MINUTE },
    { kind: 'skew', machine: 2, by: 4 * MINUTE },
    { kind: 'calls', trouble: 'silent_after', at: from, lasts: to - from, chance: 0.8 },
    ...fleet.map(({ name }): Fault => ({ kind: 'dcs', instance: name, fault: { fault: 'lag', seconds: 90 } })),
    ...ticks.map((tick): Fault => ({ kind: 'tick', tick, trouble: 'doubled' })),
    ...[1, 2].map((call): Fault => ({ kind: 'killed_at_call', call, after: true })),
  ];
}

/** That what exists does not exist, for less time than anybody may believe it. */
function drawWrongAnswers(dice: Dice, { windows }: Rules): Fault[] {
  const { from, to } = windows[0]!;
  return [{ kind: 'reads', trouble: 'not_found', at: dice.whole(from, to), lasts: dice.whole(40, 110) * SECOND, chance: dice.pick([0.5, 1]) }]; // biome-ignore format: one thought
}

/**
 * In few nights, and of dice of their own: a second machine whose clock is ahead takes the lease from one that is at work,
 * as by its clock it has run out, so that two decide at once and nothing but conditional writes is left.
 */
export function drawClocks(seed: number): Fault[] {
  const dice = new Dice(seed + 0.5);
  if (!dice.is(0.04)) return [];
  const ticks = new Set(Array.from({ length: 8 }, () => dice.whole(1, 10)));
  return [{ kind: 'skew', machine: 1, by: 4 * MINUTE }, ...[...ticks].map((tick): Fault => ({ kind: 'tick', tick, trouble: 'doubled' }))]; // biome-ignore format: a list
}

/** All that are wrong are wrong to one side: those of two machines are then less far apart than the program allows for (follow.ts). */
export function withNearClocks(faults: readonly Fault[]): Fault[] {
  const first = faults.find(({ kind }) => kind === 'skew');
  const side = first?.kind === 'skew' ? Math.sign(first.by) : 1;
  return faults.map((fault) => (fault.kind === 'skew' ? { ...fault, by: side * Math.abs(fault.by) } : fault));
}

import * as z from 'zod';
import { type EpochMs, SECOND } from '../core/time.ts';
import { json, type Reaction, type Refused, refusalOf } from './wire.ts';
import type { SimulatedBackup, SimulatedInstance, Upgrade } from './world.ts';

const seconds = (byDefault: number) => z.number().nonnegative().default(byDefault);
const code = (byDefault: string) => z.string().min(1).default(byDefault);
/** How often the fault strikes; always when absent. */
const times = { times: z.int().min(1).exactOptional() };

/** All faults that an instance of a fleet file may have, with their parameters. */
export const Fault = z.discriminatedUnion('fault', [
  z.strictObject({ fault: z.literal('fail_task'), code: code('DCS.5006'), ...times }),
  z.strictObject({ fault: z.literal('success_without_change'), ...times }),
  z.strictObject({ fault: z.literal('never_ends'), ...times }),
  z.strictObject({ fault: z.literal('task_vanishes'), seconds: seconds(60), ...times }),
  z.strictObject({
    fault: z.literal('unknown_task_word'),
    word: z.string().default('SUSPENDED'),
    seconds: seconds(120),
    ...times,
  }),
  z.strictObject({ fault: z.literal('vanish'), seconds: seconds(0) }),
  z.strictObject({ fault: z.literal('vanish_before') }),
  z.strictObject({ fault: z.literal('reset_before_accept'), ...times }),
  z.strictObject({ fault: z.literal('error_500_before_accept'), code: code('DCS.5006'), ...times }),
  z.strictObject({
    fault: z.literal('refuse'),
    code: z.string().min(1),
    status: z.int().min(400).max(599).exactOptional(),
    message: z.string().exactOptional(),
    ...times,
  }),
  z.strictObject({ fault: z.literal('busy_for'), seconds: seconds(600), code: code('DCS.4096') }),
  z.strictObject({ fault: z.literal('reset_after_accept'), ...times }),
  z.strictObject({ fault: z.literal('hang_after_accept'), ...times }),
  z.strictObject({ fault: z.literal('empty_200'), ...times }),
  z.strictObject({ fault: z.literal('garbled_200'), ...times }),
  z.strictObject({ fault: z.literal('no_task_id'), ...times }),
  z.strictObject({ fault: z.literal('error_500_after_accept'), code: code('DCS.5000'), ...times }),
  z.strictObject({ fault: z.literal('no_metrics'), seconds: z.number().nonnegative().exactOptional() }),
  z.strictObject({ fault: z.literal('stale_metrics'), seconds: seconds(1_200) }),
  z.strictObject({
    fault: z.literal('high_load'),
    load: z.enum(['cpu', 'memory', 'bandwidth']).default('cpu'),
    percent: z.number().min(0).max(200).default(95),
    /** Since the start; and then for how long. */
    after: seconds(0),
    seconds: z.number().nonnegative().exactOptional(),
  }),
  z.strictObject({
    fault: z.literal('refuse_metrics'),
    code: code('ces.0007'),
    status: z.int().min(400).max(599).exactOptional(),
    message: z.string().exactOptional(),
    ...times,
  }),
  z.strictObject({ fault: z.literal('fail_backup'), code: code('dcs.08.0001'), ...times }),
  z.strictObject({ fault: z.literal('backup_never_ends'), ...times }),
  z.strictObject({
    fault: z.literal('refuse_backup'),
    code: code('DCS.4017'),
    status: z.int().min(400).max(599).exactOptional(),
    message: z.string().exactOptional(),
    ...times,
  }),
  z.strictObject({ fault: z.literal('lose_backup'), ...times }),
  z.strictObject({ fault: z.literal('lose_backup_answer'), ...times }),
  z.strictObject({ fault: z.literal('lag'), seconds: seconds(60) }),
]);
export type Fault = z.output<typeof Fault>;
export type FaultName = Fault['fault'];

export const FAULT_NAMES = Fault.options.map((option) => option.shape.fault.value) as [FaultName, ...FaultName[]];

/** What a fault does to an upgrade request; each does one of these things. */
interface Behaviour<F> {
  /** Answers in place of DCS, which then does nothing; null lets the request pass. */
  before?(instance: SimulatedInstance, fault: F, now: EpochMs): Reaction | Refused | null;
  /** Changes the upgrade that was just accepted. */
  plan?(upgrade: Upgrade, fault: F, instance: SimulatedInstance): void;
  /** Replaces the answer to a request that was accepted. */
  after?(upgrade: Upgrade, fault: F): Reaction | Refused;
  /** Answers a request for a backup in place of DCS, which does not see it or has begun one. */
  backup?: { when: 'before' | 'after'; answer(fault: F): Reaction | Refused };
  /** Changes the backup that was just begun. */
  planBackup?(backup: SimulatedBackup, fault: F): void;
  /** Answers a question about metrics of the instance in place of Cloud Eye. */
  metrics?(fault: F): Refused;
}

const accepted = (upgrade: Upgrade) => json(200, { task_id: upgrade.taskId });

const BEHAVIOURS: { [Name in FaultName]: Behaviour<Extract<Fault, { fault: Name }>> } = {
  fail_task: {
    plan: (upgrade, fault) => Object.assign(upgrade, { end: 'failed', errorCode: fault.code }),
  },
  success_without_change: {
    plan: (upgrade) => Object.assign(upgrade, { engine: null, proxy: null }),
  },
  never_ends: {
    plan: (upgrade) => Object.assign(upgrade, { endsAt: null }),
  },
  task_vanishes: {
    plan: (upgrade, fault) => Object.assign(upgrade, { hiddenFrom: upgrade.acceptedAt + fault.seconds * SECOND }),
  },
  unknown_task_word: {
    plan: (upgrade, { word, seconds }) =>
      Object.assign(upgrade, { odd: { word, until: upgrade.acceptedAt + seconds * SECOND } }),
  },
  vanish: {
    plan: (upgrade, fault, instance) =>
      Object.assign(instance, { goneAt: upgrade.acceptedAt + fault.seconds * SECOND }),
  },
  vanish_before: {
    before: (instance, _, now) => {
      instance.goneAt = now;
      return null;
    },
  },
  reset_before_accept: { before: () => 'reset' },
  error_500_before_accept: { before: (_, fault) => refusalOf(fault.code, 500) },
  refuse: { before: (_, { code, status, message }) => refusalOf(code, status, message) },
  busy_for: {
    before: (instance, fault, now) => (now < instance.since + fault.seconds * SECOND ? refusalOf(fault.code) : null),
  },
  reset_after_accept: { after: () => 'reset' },
  hang_after_accept: { after: () => 'hang' },
  empty_200: { after: () => ({ status: 200, headers: {}, body: '' }) },
  garbled_200: {
    after: (upgrade) => {
      const whole = accepted(upgrade);
      return { ...whole, body: whole.body.slice(0, -12) };
    },
  },
  no_task_id: { after: () => json(200, {}) },
  error_500_after_accept: { after: (_, fault) => refusalOf(fault.code, 500) },
  no_metrics: {},
  stale_metrics: {},
  high_load: {},
  refuse_metrics: { metrics: ({ code, status, message }) => refusalOf(code, status, message) },
  fail_backup: { planBackup: (backup, fault) => Object.assign(backup, { code: fault.code }) },
  backup_never_ends: { planBackup: (backup) => Object.assign(backup, { endsAt: null }) },
  refuse_backup: {
    backup: { when: 'before', answer: ({ code, status, message }) => refusalOf(code, status, message) },
  },
  lose_backup: { backup: { when: 'before', answer: () => 'reset' } },
  lose_backup_answer: { backup: { when: 'after', answer: () => 'reset' } },
  lag: {},
};

/** What meets an upgrade request before DCS sees it; null when nothing does. */
export function strikeBefore(instance: SimulatedInstance, now: EpochMs): Reaction | Refused | null {
  for (const { fault, behaviour, spend } of armed(instance)) {
    const reaction = behaviour.before?.(instance, fault, now) ?? null;
    if (reaction === null) continue;
    spend();
    return reaction;
  }
  return null;
}

/** Lets the faults change what becomes of an accepted upgrade. */
export function strikePlan(instance: SimulatedInstance, upgrade: Upgrade): void {
  for (const { fault, behaviour, spend } of armed(instance)) {
    if (!behaviour.plan) continue;
    behaviour.plan(upgrade, fault, instance);
    spend();
  }
}

/** The answer to an accepted upgrade request: the task id, or what the first fault makes of it. */
export function strikeAfter(instance: SimulatedInstance, upgrade: Upgrade): Reaction | Refused {
  for (const { fault, behaviour, spend } of armed(instance)) {
    if (!behaviour.after) continue;
    spend();
    return behaviour.after(upgrade, fault);
  }
  return accepted(upgrade);
}

/** What a request for a backup gets for an answer, before DCS sees it or after it began one; null: what DCS says. */
export function strikeBackup(instance: SimulatedInstance, when: 'before' | 'after'): Reaction | Refused | null {
  for (const { fault, behaviour, spend } of armed(instance)) {
    if (behaviour.backup?.when !== when) continue;
    spend();
    return behaviour.backup.answer(fault);
  }
  return null;
}

/** Lets the faults change what becomes of a backup. */
export function planBackup(instance: SimulatedInstance, backup: SimulatedBackup): void {
  for (const { fault, behaviour, spend } of armed(instance)) {
    if (!behaviour.planBackup) continue;
    behaviour.planBackup(backup, fault);
    spend();
  }
}

/** By how many milliseconds the reads of this instance are behind. */
export function lagOf({ spec }: SimulatedInstance): number {
  const lags = spec.faults.map((fault) => (fault.fault === 'lag' ? fault.seconds * SECOND : 0));
  return Math.max(0, ...lags);
}

/** What meets a question about metrics of this instance; null when nothing does. */
export function strikeMetrics(instance: SimulatedInstance): Refused | null {
  for (const { fault, behaviour, spend } of armed(instance)) {
    if (!behaviour.metrics) continue;
    spend();
    return behaviour.metrics(fault);
  }
  return null;
}

/** The faults that are not used up, in the order of the fleet file. */
function armed(instance: SimulatedInstance) {
  const live = instance.spec.faults.map((fault, index) => ({
    fault,
    // Each entry of the table takes its own kind of fault; that the two belong together is lost in the look-up.
    behaviour: BEHAVIOURS[fault.fault] as Behaviour<Fault>,
    left: ('times' in fault ? (fault.times ?? Infinity) : Infinity) - (instance.strikes[index] ?? 0),
    spend: () => {
      instance.strikes[index] = (instance.strikes[index] ?? 0) + 1;
    },
  }));
  return live.filter(({ left }) => left > 0);
}

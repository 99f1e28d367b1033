import { type EpochMs, iso, MINUTE } from '../../lib/core/time.ts';
import { isForGood } from './call.ts';
import { namesIn, type Taken } from './heard.ts';
import { hasSucceededAfter } from './invariants.ts';
import type { Judge } from './judge.ts';
import type { Life } from './machine.ts';

/** Beside the end of each upgrade, what people have to be told of. Each says what nobody heard of, or null. */
const MUST_BE_TOLD: Record<string, (judge: Judge) => string | null> = {
  'that the policy is broken, and that it is mended': ofPolicy,
  'that the error budget is spent': ofBudget,
  'what came of an opening': ofOpening,
  'a code that nobody knows': ofCode,
  'that a failure is over': ofRecovery,
};

/** Nobody is silent about what others have to know: asked in the morning. */
export function judgeSilence(judge: Judge): void {
  for (const [what, silent] of Object.entries(MUST_BE_TOLD)) {
    const detail = silent(judge);
    if (detail !== null) judge.fail('nobody is silent', `${what}: ${detail}`);
  }
}

function ofPolicy({ passes, heard }: Judge): string | null {
  const last = passes.findLastIndex(({ hasPolicy }) => !hasPolicy);
  if (last < 0) return null;
  const told = heard.steady.filter(({ event }) => event === 'policy');
  if (told.every(({ resolved }) => resolved)) return `${passes[last]!.name} found it broken`;
  const after = passes.slice(last + 1).filter(({ begunAt }) => begunAt > passes[last]!.endedAt);
  return after.length < 2 || told.some(({ resolved }) => resolved) ? null : `${after[0]!.name} found it mended`;
}

/** Passes that came to their end, began in the last window by any clock, and after that. */
function lateOnes({ passes, night }: Judge, since: EpochMs): Judge['passes'] {
  const { from, to } = night.rules.windows.at(-1)!;
  const slack = night.judge.skews() + MINUTE;
  const [first, last] = [night.plan.start + from + slack, night.plan.start + to - slack];
  return passes.filter(({ hasPolicy, begunAt }) => hasPolicy && begunAt > Math.max(first, since + slack) && begunAt < last); // biome-ignore format: one thought
}

function ofBudget(judge: Judge): string | null {
  const { night, failureKnownAt, heard } = judge;
  for (const { wave } of night.rules.waves) {
    const own = judge.begun().filter(({ instance }) => instance.spec.tags.env === wave);
    const failed = own.filter(({ upgrade, instance, at }) => failureKnownAt.has(upgrade.taskId) && !hasSucceededAfter(judge, instance, at)); // biome-ignore format: one thought
    const names = new Set(failed.map(({ instance }) => instance.spec.name));
    const since = Math.max(...failed.map(({ upgrade }) => failureKnownAt.get(upgrade.taskId)!));
    if (names.size < night.rules.maxErrors || lateOnes(judge, since).length === 0) continue;
    if (!heard.steady.some(({ event, labels }) => event === 'held' && labels.wave === wave))
      return `${[...names].join()} of wave ${wave} failed`;
  }
  return null;
}

/** It is told when all that began in the opening has ended; an order may wait for an hour and more. */
function ofOpening(judge: Judge): string | null {
  const { passes, night, heard, records } = judge;
  const { from, to } = night.plan.rules.windows[0]!;
  const slack = judge.skews() + MINUTE;
  const [opens, closes] = [night.plan.start + from, night.plan.start + to];
  const saw = passes.find(({ hasPolicy, begunAt }) => hasPolicy && begunAt > opens + slack && begunAt < opens + 30 * MINUTE - slack); // biome-ignore format: one thought
  const isOver = judge.begun().every(({ upgrade }) => (upgrade.endsAt ?? Infinity) < closes);
  const patience = (records.orders.length > 0 ? 150 : 60) * MINUTE;
  const late = passes.filter(({ begunAt }) => begunAt > closes + patience);
  const isTold = heard.steady.some(({ event, labels }) => event === 'digest' && labels.opening === iso(opens));
  return saw && isOver && late.length > 1 && !isTold ? `${saw.name} saw the opening of ${iso(opens)}` : null;
}

function ofCode({ calls, heard }: Judge): string | null {
  const unknown = calls.find((call) => call.post.code === 'DCS.7777' && call.isKnown && !isForGood(call));
  const isTold = heard.steady.some(({ event, labels }) => event === 'unknown_code' && labels.code === 'DCS.7777');
  return unknown && !isTold ? `${unknown.life.name} was answered with it` : null;
}

function ofRecovery(judge: Judge): string | null {
  const { steady } = judge.heard;
  const isOfOne = (alert: Taken) => alert.event === 'failed' && namesIn(alert).length === 1;
  for (const failed of steady.filter((alert) => isOfOne(alert) && !alert.resolved)) {
    const [name] = namesIn(failed);
    const good = steady.find((one) => one.event === 'succeeded' && one.at > failed.at && namesIn(one).includes(name!));
    const isTold = steady.some((one) => isOfOne(one) && one.resolved && namesIn(one)[0] === name);
    if (good && !isTold && lateOnes(judge, good.at).length > 1) return `${name} failed and succeeded later`;
  }
  return null;
}

/** A pass that came to its end. */
export interface Ended extends Pick<Life, 'name' | 'begunAt' | 'hasPolicy'> {
  endedAt: EpochMs;
}

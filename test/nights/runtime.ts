import type { PolicyState } from '../../lib/deps.ts';
import type { Runtime } from '../../lib/io/runtime.ts';
import type { PassReport } from '../../lib/reconcile.ts';
import type { Life } from './machine.ts';
import { LASTS, type Night } from './night.ts';
import type { Stage } from './play.ts';

/** The program, put together for one invocation of a function: on its machine, which a warm function keeps. */
export function runtimeOf(night: Night, stage: Stage, life: Life): Runtime {
  const deps = stage.deps(life);
  const { clock, ledger, log } = deps;
  let passes = 0;
  let known: Promise<PolicyState> | null = null;
  const read = async () => {
    stage.obeysNow(life);
    return stage.stateFor(life);
  };
  const pass = async () => {
    passes += 1;
    if (life.kind === 'pass') {
      night.counts.passes += 1;
      night.judge.beginsPass(life);
    }
    // The messages of a batch are begun together, and a policy that was read is good for half a minute (stored-policy.ts).
    known = life.kind === 'work' && known ? known : read();
    return { deps: { ...deps, holder: `${deps.holder}:${passes}` }, state: await known };
  };
  const measure = (report: PassReport) => stage.reported(life, report);
  return { config: { apiKeys: [], webhookSecrets: [] }, clock, ledger, log, pass, measure, measureCalls: () => {}, invoked: () => {}, download: () => Promise.reject(new Error('nothing is there')), close: async () => {} } as unknown as Runtime; // biome-ignore format: one thought
}

/** What is left of an invocation, as AWS Lambda says it. */
export function contextOf({ timeline }: Night, { begunAt }: Life) {
  return { getRemainingTimeInMillis: () => begunAt + LASTS.most - timeline.now };
}

/** What makes a scheduled function run, and its context: from EventBridge Scheduler, or from a timer of FunctionGraph, which has other names. */
export function scheduled(night: Night, life: Life): [event: unknown, context: object] {
  const time = new Date(night.timeline.now).toISOString();
  const { getRemainingTimeInMillis: getRemainingTimeInMilliSeconds } = contextOf(night, life);
  return night.draw(`form/${life.name}`) < 0.5
    ? [{ version: '0', id: life.name, source: 'aws.scheduler', 'detail-type': 'Scheduled Event', time, resources: [], detail: '{}' }, contextOf(night, life)]
    : [{ version: 'v1.0', time, trigger_type: 'TIMER', trigger_name: 'tick', user_event: '' }, { getRemainingTimeInMilliSeconds }]; // biome-ignore format: a table
}

import { withLedgerAlarm } from '../io/ledger-alarm.ts';
import { createRuntime, type Runtime, type RuntimeOptions } from '../io/runtime.ts';
import type { PolicyState } from '../reconcile.ts';
import type { Call } from './verb.ts';

export class PolicyError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'PolicyError';
  }
}

/** As {@link withRuntime}, for verbs that do what the scheduled function does: people are told when the ledger fails. */
export function withAlarmedRuntime<T>(call: Call, work: (runtime: Runtime) => Promise<T>): Promise<T> {
  return withLedgerAlarm(() => withRuntime(call, work), optionsFor(call));
}

/** The program's parts for one verb, closed afterwards whatever happens. */
export async function withRuntime<T>(
  call: Call,
  work: (runtime: Runtime) => Promise<T>,
  options: Partial<RuntimeOptions> = {},
): Promise<T> {
  const runtime = await createRuntime({ ...optionsFor(call), ...options });
  try {
    return await work(runtime);
  } finally {
    await runtime.close();
  }
}

function optionsFor({ policyFile, env, terminal }: Call): Partial<RuntimeOptions> {
  const policy = policyFile === undefined ? {} : { POLICY: `file:${policyFile}` };
  // A person at a terminal reads answers, not a log: unless asked for, only what went wrong is logged.
  return { env: { LOG_LEVEL: 'error', ...env, ...policy }, writeLog: (line) => terminal.err(line) };
}

/** For verbs that cannot say anything without a policy. @throws PolicyError */
export function needPolicy(state: PolicyState): asserts state is Extract<PolicyState, { problem: null }> {
  if (state.problem !== null) throw new PolicyError(state.problem);
}

import { createRuntime, type Runtime, type RuntimeOptions } from '../io/runtime.ts';
import type { PolicyState } from '../reconcile.ts';
import type { Call } from './verb.ts';

export class PolicyError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'PolicyError';
  }
}

/** The program's parts for one verb, closed afterwards whatever happens. */
export async function withRuntime<T>(
  call: Call,
  work: (runtime: Runtime) => Promise<T>,
  options: Partial<RuntimeOptions> = {},
): Promise<T> {
  const policy = call.policyFile === undefined ? {} : { POLICY: `file:${call.policyFile}` };
  // A person at a terminal reads answers, not a log: unless asked for, only what went wrong is logged.
  const env = { LOG_LEVEL: 'error', ...call.env, ...policy };
  const runtime = await createRuntime({ env, writeLog: (line) => call.terminal.err(line), ...options });
  try {
    return await work(runtime);
  } finally {
    await runtime.close();
  }
}

/** For verbs that cannot say anything without a policy. @throws PolicyError */
export function needPolicy(state: PolicyState): asserts state is Extract<PolicyState, { problem: null }> {
  if (state.problem !== null) throw new PolicyError(state.problem);
}

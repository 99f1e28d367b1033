import { readFile } from 'node:fs/promises';
import type { Policy } from '../core/policy.ts';
import { problemText, readPolicy } from '../io/policy-file.ts';
import { PolicyError } from './open.ts';
import type { Call } from './verb.ts';

/** The policy file of a verb that needs nothing else: as `--policy` says, else as `POLICY` does. */
export function policyFileOf({ policyFile, env }: Call): string {
  return policyFile ?? (env.POLICY?.replace(/^file:/, '') || 'policy.yaml');
}

/** @throws PolicyError when there is no such file */
export async function policyText(call: Call): Promise<Uint8Array> {
  const file = policyFileOf(call);
  try {
    return await readFile(file);
  } catch (error) {
    throw new PolicyError(`${file} cannot be read: ${(error as Error).message}`);
  }
}

/** @throws PolicyError with every problem of it, a line each */
export async function loadPolicy(call: Call): Promise<Policy> {
  const read = await readPolicy(await policyText(call), call.env);
  if ('policy' in read) return read.policy;
  const file = policyFileOf(call);
  throw new PolicyError(
    `the policy is not valid:\n${read.problems.map((problem) => problemText(file, problem)).join('\n')}`,
  );
}

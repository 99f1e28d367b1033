import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Instance } from '../core/instance.ts';
import type { Policy } from '../core/policy.ts';
import { systemClock } from '../io/clock.ts';
import { withFeeds } from '../io/feeds.ts';
import { DEFAULT_LEDGER, openLedger } from '../io/ledger/open.ts';
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

/** With what its calendars say. @throws PolicyError with every problem of it, a line each */
export async function loadPolicy(call: Call): Promise<Policy> {
  const read = await readPolicy(await policyText(call), call.env);
  const file = policyFileOf(call);
  if ('policy' in read) return withFeeds(read.policy, systemClock.now(), file);
  throw new PolicyError(
    `the policy is not valid:\n${read.problems.map((problem) => problemText(file, problem)).join('\n')}`,
  );
}

/** The fleet as the ledger last saw it; null where there is no ledger yet, or it cannot be read, which is told. */
export async function storedFleet({ env, terminal }: Call): Promise<Instance[] | null> {
  const spec = env.LEDGER || DEFAULT_LEDGER;
  // Opening it would make one.
  const file = /^sqlite:(.*)$/s.exec(spec)?.[1];
  if (file !== undefined && !existsSync(file)) return null;
  try {
    const ledger = await openLedger(spec, { env });
    try {
      return (await ledger.fleet()).map(({ instance }) => instance);
    } finally {
      await ledger.close();
    }
  } catch (error) {
    terminal.err(`The fleet that was seen last cannot be read: ${(error as Error).message}\n`);
    return null;
  }
}

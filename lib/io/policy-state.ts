import { readFileSync } from 'node:fs';
import { newLedgerAlert } from '../core/alert-facts.ts';
import type { Policy } from '../core/policy.ts';
import type { EpochMs } from '../core/time.ts';
import type { Ledger, PolicyState } from '../deps.ts';
import type { Config } from './config.ts';
import { problemText, readPolicy } from './policy-file.ts';
import { storedPolicy } from './stored-policy.ts';

const GOOD_POLICY = 'policy:good';

/**
 * The policy as it stands in its file now. When that is not valid, the last good one (kept in the ledger as it was written,
 * secrets not resolved) tells where to follow what runs, and whom to tell. @throws LedgerError
 */
export async function policyState(config: Config, ledger: Ledger, now: EpochMs): Promise<PolicyState> {
  const current = await readPolicyFile(config, now);
  if (current.problem === null) {
    if (current.text !== lastGood.get(ledger)) await remember(ledger, current.text, config, now);
    return current.state;
  }
  const good = await ledger.note(GOOD_POLICY);
  const before = good === null ? null : await readPolicy(good, config.env);
  const policy: Policy | null = before && 'policy' in before ? before.policy : null;
  return { policy, problem: current.problem };
}

/** Mostly a process finds the policy as the one before has left it, and then its first tick reads no more than the others. */
async function remember(ledger: Ledger, text: string, config: Config, now: EpochMs): Promise<void> {
  if (!(await ledger.hasNote(GOOD_POLICY, text))) {
    if ((await ledger.note(GOOD_POLICY)) === null) await noteNewLedger(ledger, config.ledger, now);
    await ledger.putNote(GOOD_POLICY, text);
  }
  lastGood.set(ledger, text);
}

/**
 * A ledger that has never seen a policy is a new one; the next pass that tells anything tells that too. One in memory is new
 * in every process: whoever chose it knows that.
 */
async function noteNewLedger(ledger: Ledger, spec: string, now: EpochMs): Promise<void> {
  if (spec === 'memory') return;
  const alert = newLedgerAlert(spec, now);
  await ledger.putCondition({ key: alert.key, alert, toldAt: null });
}

/** What the ledger is known to hold as the last good policy, so that an idle tick does not ask for it again. */
const lastGood = new WeakMap<Ledger, string>();

export type PolicyFile = { text: string; problem: null; state: PolicyState } | { problem: string };

/** The policy from its file or its store. Every problem of it in one text, a line each: `policy.yaml:3:5 …`. */
export async function readPolicyFile(
  { policyFile: file, policyPlace, env }: Config,
  now: EpochMs,
): Promise<PolicyFile> {
  let bytes: Uint8Array | string;
  try {
    bytes = policyPlace ? await storedPolicy(policyPlace, now) : readFileSync(file);
  } catch (error) {
    if (policyPlace) return { problem: (error as Error).message };
    const why = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : (error as Error).message;
    return { problem: `${file}: ${why}; copy policy.example.yaml, or name another with POLICY or --policy` };
  }
  const read = await readPolicy(bytes, env);
  if ('policy' in read)
    return {
      text: typeof bytes === 'string' ? bytes : new TextDecoder().decode(bytes),
      problem: null,
      state: { policy: read.policy, problem: null },
    };
  return { problem: read.problems.map((problem) => problemText(file, problem)).join('\n') };
}

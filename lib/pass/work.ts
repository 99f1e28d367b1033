import { type Attempt, isHanded } from '../core/attempt.ts';
import type { Deps, PolicyState } from '../deps.ts';
import { take } from './act.ts';
import { approvalFor } from './approval.ts';
import { takenBack } from './hand.ts';
import type { StartOrder } from './preflight.ts';
import { start } from './start.ts';
import { gatheredNothing } from './tally.ts';
import { spentScopes, tell } from './tell.ts';

/** What became of one message. `nothing`: it came late, or twice, or what it names is not there. */
export type WorkDone = { kind: 'called'; attempt: Attempt } | { kind: 'not_called' | 'nothing'; why: string };

/**
 * Makes the call for an attempt that a pass has claimed and handed over. Whatever may have changed since is asked again:
 * the policy, windows, freezes, holds, the instance itself. What may not start any more is given back, for the next pass
 * to decide on. @throws when the ledger cannot be read or written: then the message may come again
 */
export async function carryOut(
  deps: Deps,
  state: PolicyState,
  attemptId: string,
  signal?: AbortSignal,
): Promise<WorkDone> {
  const attempt = await deps.ledger.attempt(attemptId);
  if (!attempt) return { kind: 'nothing', why: 'there is no such attempt' };
  if (!isHanded(attempt)) return { kind: 'nothing', why: `the attempt is ${attempt.state}, and waits for no worker` };
  // The next pass takes it back; until then it is nobody's.
  if (deps.clock.now() >= attempt.handed.until) return { kind: 'nothing', why: 'the message came too late' };
  const scope = state.policy?.scopes.find(({ id }) => id === attempt.scope);
  if (state.problem !== null) return giveBack(deps, attempt, 'there is no valid policy');
  if (!scope) return giveBack(deps, attempt, 'the policy does not name its scope any more');
  const { policy } = state;
  const stoppedScopes = spentScopes(await deps.ledger.conditions(), attempt.opening.opens);
  const decision = { ...attempt, wave: attempt.wave || null };
  const order: StartOrder = {
    policy,
    scope,
    decision,
    slot: { opening: { ...attempt.opening, windows: [] }, need: attempt.handed.need },
    earlier: attempt,
    requestedBy: attempt.requestedBy,
    reason: attempt.reason,
    ...(attempt.tags ? { tags: attempt.tags } : {}),
    stoppedScopes,
    approval: await approvalFor(deps.ledger, policy),
  };
  const result = await start(deps, () => null, order, signal);
  const gathered = gatheredNothing();
  await take(deps, policy, decision, result, gathered);
  await tell(deps, [], null, gathered);
  if (result.kind === 'called') return { kind: 'called', attempt: result.attempt };
  return giveBack(deps, attempt, result.why);
}

async function giveBack(deps: Deps, attempt: Attempt, why: string): Promise<WorkDone> {
  const { id, instanceId, name } = attempt;
  // When somebody else wrote first, it is theirs to say what becomes of it.
  const saved = await deps.ledger.save(takenBack(attempt, deps.clock.now(), why));
  deps.log('info', saved ? 'start_given_back' : 'start_taken_by_another', { attempt: id, instanceId, name, why });
  return { kind: 'not_called', why };
}

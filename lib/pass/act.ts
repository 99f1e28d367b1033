import { type Attempt, isFailure, isInFlight } from '../core/attempt.ts';
import type { Verdict } from '../core/decide.ts';
import type { Decision, Reason } from '../core/decision.ts';
import { underOrder } from '../core/override.ts';
import type { Policy } from '../core/policy.ts';
import { systemHolds } from '../core/rollout.ts';
import { memoryOf, type Scene } from '../core/stock.ts';
import type { DcsFailure, Deps, Lease } from '../deps.ts';
import { LEASE_LASTS } from './claim.ts';
import { scopeOf } from './follow.ts';
import { handOver, sendStarts } from './hand.ts';
import { pool } from './pool.ts';
import { type Started, start } from './start.ts';
import type { Gathered, PassOptions, Tally } from './tally.ts';

/** Starts made side by side are few: the policy's limits are reached soon, and the API is asked gently. */
const STARTS_AT_ONCE = 8;

type Outcome = Attempt | { reason: Reason; detail: string };

/** Makes the starts that were decided, in order, under the lease. A scope that fails as a whole gets no further call. */
export async function act(
  deps: Deps,
  policy: Policy,
  verdict: Verdict & Pick<Scene, 'instances' | 'approval'>,
  first: Lease | null,
  options: PassOptions,
  tally: Tally,
): Promise<void> {
  const starts = verdict.decisions.filter(({ action }) => action === 'start');
  if (starts.length === 0) return;
  const claimed = (await deps.ledger.activeAttempts()).filter(
    (attempt) => attempt.state === 'claimed' && !isInFlight(attempt),
  );
  const earlier = new Map(claimed.map((attempt) => [attempt.instanceId, attempt]));
  const instances = new Map(verdict.instances.map((instance) => [instance.instanceId, instance]));
  const stopped = new Map<string, string>();
  const outcomes = new Map<string, Outcome>();
  let lease = first;
  const actOn = async (decision: Decision): Promise<Outcome> => {
    const why = stopped.get(decision.scope);
    if (why) return { reason: 'scope_stopped', detail: why };
    const renewed = lease && (await deps.ledger.acquireLease(deps.holder, LEASE_LASTS, deps.clock.now()));
    // A new fence means that it was another's meanwhile: what was decided before that is no longer to be acted on.
    lease = renewed?.fence === first?.fence ? renewed : null;
    if (!lease) return { reason: 'another_run', detail: 'another run is deciding; this one only follows' };
    const slot = verdict.slots.get(decision.instanceId)!;
    const mine = earlier.get(decision.instanceId);
    const { requestedBy, reason, signal } = options;
    const order = {
      policy,
      scope: scopeOf(policy, decision.scope),
      decision,
      slot,
      earlier: mine ? underOrder(mine, slot.opening, options, deps.clock.now()) : null,
      tags: instances.get(decision.instanceId)!.tags,
      stoppedScopes: stopped,
      approval: verdict.approval ?? null,
      requestedBy,
      reason,
    };
    if (deps.dispatcher) {
      const handed = await handOver(deps, lease, order, instances.get(decision.instanceId)!);
      return handed ?? { reason: 'another_run', detail: 'another run was faster' };
    }
    const result = await start(deps, () => lease, order, signal);
    if (result.kind === 'not_called' && result.read) tally.reread.push(result.read);
    const failure = await take(deps, policy, decision, result, tally);
    if (failure?.rule.stops === 'scope') stopped.set(decision.scope, `${failure.message} (${failure.code})`);
    return result.kind === 'called' ? result.attempt : { reason: result.reason ?? 'not_startable', detail: result.why };
  };
  await pool(
    starts,
    STARTS_AT_ONCE,
    async (decision) => outcomes.set(decision.instanceId, await actOn(decision)),
    options.signal,
  );
  const { report } = tally;
  report.started = [...outcomes.values()].filter((outcome) => 'id' in outcome);
  await sendStarts(deps, report.started, tally);
  report.decisions = verdict.decisions.map((decision) => afterwards(decision, outcomes.get(decision.instanceId)));
}

/** Notes for the pass what came of a start: what has to be told of it, and what it means for the starts still to come. */
export async function take(
  deps: Deps,
  policy: Policy,
  { scope, instanceId }: Pick<Decision, 'scope' | 'instanceId'>,
  result: Started,
  tally: Gathered,
): Promise<DcsFailure | null> {
  const failure = failureIn(result);
  const during = result.kind === 'called' ? 'call' : result.reason === 'gate_unknown' ? 'gates' : 'read';
  if (failure) tally.failures.push({ during, scope, instanceId, failure });
  else if (result.kind === 'called') tally.accepted.push(scope);
  if (result.kind === 'called' && isFailure(result.attempt)) await holdWhatIsSpent(deps, policy);
  return failure;
}

/** A failure in the middle of a pass counts for the starts that are still to come: each of them reads the holds afresh. */
async function holdWhatIsSpent(deps: Deps, policy: Policy): Promise<void> {
  const now = deps.clock.now();
  const [attempts, holds] = await Promise.all([
    deps.ledger.attempts({ since: now - memoryOf(policy) }),
    deps.ledger.holds(),
  ]);
  for (const hold of systemHolds({ now, policy, attempts, holds })) await deps.ledger.putHold(hold);
}

function failureIn(result: Started): DcsFailure | null {
  if (result.kind === 'not_called') return result.failure;
  return result.outcome.kind === 'accepted' ? null : result.outcome;
}

/** A start that was decided and then not made says so; one that was made stays what it was. */
function afterwards(decision: Decision, outcome: Outcome | undefined): Decision {
  if (decision.action !== 'start' || (outcome && 'id' in outcome)) return decision;
  return {
    ...decision,
    action: 'wait',
    parts: [],
    ...(outcome ?? { reason: 'no_time_left', detail: 'the run had no time left for it' }),
  };
}

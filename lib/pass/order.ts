import { type Attempt, isInFlight, isOpen } from '../core/attempt.ts';
import type { Decision, Reason } from '../core/decision.ts';
import { overrideOpening, underOrder, waitingOverrides } from '../core/override.ts';
import { expectedDurations } from '../core/rollout.ts';
import { dueParts, type Scene, sizeClassOf, targetOf } from '../core/stock.ts';
import { iso } from '../core/time.ts';
import type { Opening } from '../core/window.ts';
import { type Deps, type Lease, StaleLeaseError } from '../deps.ts';
import { newAttempt } from './claim.ts';
import type { PassOptions } from './tally.ts';

/** The openings in which instances are ordered: those that wait from before, and those that this pass is asked to order. */
function overridesOf(scene: Scene, { override, only }: PassOptions): Map<string, Opening> {
  const { now, policy, attempts, instances } = scene;
  const openings = waitingOverrides(attempts, now);
  if (!override || !only) return openings;
  const expected = expectedDurations(policy, attempts);
  for (const instance of instances.filter(only)) {
    if (openings.has(instance.instanceId)) continue;
    openings.set(instance.instanceId, overrideOpening(override.runId, now, expected(sizeClassOf(instance))));
  }
  return openings;
}

/** The scene with its orders, and with the claims that they take over. Nothing is written. */
export function withOrders(scene: Scene, options: PassOptions): Scene {
  const overrides = overridesOf(scene, options);
  const attempts = scene.attempts.map((attempt) => {
    const ordered = overrides.get(attempt.instanceId);
    return ordered ? underOrder(attempt, ordered, options, scene.now) : attempt;
  });
  return { ...scene, overrides, attempts };
}

/** What passes by itself, or when another upgrade ends: an order waits for that. */
const WAITS_ITS_TURN: readonly Reason[] = [
  'limit_parallel', 'limit_wave', 'limit_scope', 'limit_window', 'one_at_a_time', 'instance_busy',
  'gate_failed', 'gate_unknown', 'backing_up',
]; // biome-ignore format: a list to be read

/**
 * Claims what was ordered and has to wait, so that a later pass starts it. Without the lease nothing can be claimed: then
 * the decision says so, and whoever ordered it has to ask again.
 */
export async function claimOrders(
  deps: Deps,
  scene: Scene,
  decisions: readonly Decision[],
  lease: Lease | null,
  options: PassOptions,
): Promise<Decision[]> {
  const claimed = new Map(scene.attempts.filter(isOpen).map((attempt) => [attempt.instanceId, attempt]));
  const result: Decision[] = [];
  for (const decision of decisions) {
    const before = claimed.get(decision.instanceId);
    const waits = WAITS_ITS_TURN.includes(decision.reason) && !(before && isInFlight(before));
    const isKept = waits && lease !== null && (await keep(deps, scene, decision, before, lease, options));
    if (!waits) result.push(decision);
    else if (isKept) result.push({ ...decision, detail: `${decision.detail}; ${keptUntil(scene, decision)}` });
    else result.push({ ...decision, reason: 'another_run', detail: NOT_KEPT });
  }
  return result;
}

const NOT_KEPT = 'another run is deciding, so the order could not be kept; ask again';

function keptUntil({ overrides }: Scene, { instanceId }: Decision): string {
  return `the order is kept until ${iso(overrides!.get(instanceId)!.closes)}`;
}

/** In the claim that the instance has already, as that is the order's now, or in one of its own. */
async function keep(
  deps: Deps,
  scene: Scene,
  decision: Decision,
  before: Attempt | undefined,
  lease: Lease,
  { requestedBy, reason }: PassOptions,
): Promise<boolean> {
  if (before) return (await deps.ledger.save(before)) !== null;
  const { policy, now } = scene;
  const instance = scene.instances.find(({ instanceId }) => instanceId === decision.instanceId)!;
  const slot = { opening: scene.overrides!.get(decision.instanceId)!, need: 0 };
  const versions = { engine: targetOf(policy, instance, 'engine'), proxy: targetOf(policy, instance, 'proxy') };
  const order = { policy, decision, slot, requestedBy, reason };
  try {
    // False: the same run has ordered it before, which is just as well.
    await deps.ledger.claim(newAttempt(order, instance, dueParts(policy, instance), versions, now), lease);
    return true;
  } catch (error) {
    if (error instanceof StaleLeaseError) return false;
    throw error;
  }
}

import type { Instance } from '../core/instance.ts';
import type { Policy } from '../core/policy.ts';
import { memoryOf } from '../core/stock.ts';
import { calendar } from '../core/window.ts';
import type { Deps, PolicyState } from '../deps.ts';
import { failureOf, type RequestFailure } from './failure.ts';
import { oldBefore } from './observe.ts';
import { readEach, wantingOf, withFinding, withoutOld } from './reading.ts';
import { gatheredNothing } from './tally.ts';
import { tell } from './tell.ts';

/** What became of a message that asks to read a scope. `left`: what was wanting and is still to be read. */
export type Observed = { kind: 'observed'; read: number; left: number } | { kind: 'nothing'; why: string };

/**
 * Reads what is missing or old of a scope's versions, for the passes to find; each is stored as soon as it is read, so a
 * worker that is killed loses little. It decides and starts nothing, and writes nothing that a pass writes: it may come
 * twice, late, and while a pass runs. What it has no time for, the next pass asks for again. @throws when the ledger fails
 */
export async function observeScope(
  deps: Deps,
  state: PolicyState,
  scopeId: string,
  signal?: AbortSignal,
): Promise<Observed> {
  if (state.problem !== null) return { kind: 'nothing', why: 'there is no valid policy' };
  const { policy } = state;
  if (!policy.scopes.some(({ id }) => id === scopeId))
    return { kind: 'nothing', why: 'the policy does not name the scope any more' };
  const failures: RequestFailure[] = [];
  let read = 0;
  const wanting = await wantingIn(deps, policy, scopeId, failures, signal);
  await readEach(deps, policy, wanting, failures, signal, async ({ instanceId, scope, versions, details }) => {
    if (!versions) return;
    await deps.ledger.putFinding({ instanceId, scope, versions, details });
    read += 1;
  });
  // That there was no time left is nobody's fault.
  const real = failures.filter(({ failure }) => !signal?.aborted || failure.code !== 'TRANSPORT.TIMEOUT');
  const isListed = !signal?.aborted && failures.every(({ instanceId }) => instanceId !== null);
  const gathered = { ...gatheredNothing(), failures: real, listed: isListed ? [scopeId] : [] };
  await tell(deps, [], null, gathered);
  return { kind: 'observed', read, left: wanting.length - read };
}

/** What a pass would want to be read now, of this scope alone; nothing when the scope cannot be listed. */
async function wantingIn(
  deps: Deps,
  policy: Policy,
  scopeId: string,
  failures: RequestFailure[],
  signal?: AbortSignal,
): Promise<Instance[]> {
  const { ledger, clock } = deps;
  const names = [...new Set(policy.rollout.flatMap((wave) => wave.windows))];
  const [fleet, findings, attempts] = await Promise.all([
    ledger.fleet(),
    ledger.findings(scopeId),
    ledger.attempts({ since: clock.now() - memoryOf(policy) }),
  ]);
  const isOldBefore = oldBefore(attempts, calendar(policy, names, null).at(clock.now())?.opens ?? null);
  const known = new Map(fleet.map(({ instance }) => [instance.instanceId, instance]));
  const found = new Map(findings.map((finding) => [finding.instanceId, finding]));
  try {
    const listed = await deps.dcs.listInstances(policy.scopes.find(({ id }) => id === scopeId)!, signal);
    const own = listed.map((instance) => {
      const { versions = null, details = null } = known.get(instance.instanceId) ?? {};
      const asKnown = withoutOld({ ...instance, versions, details }, isOldBefore);
      return withFinding(asKnown, found.get(instance.instanceId), isOldBefore);
    });
    // Which wave owns what depends on the whole fleet.
    const others = [...known.values()].filter(({ scope }) => scope !== scopeId);
    return wantingOf(policy, [...own, ...others], clock.now()).filter(({ scope }) => scope === scopeId);
  } catch (error) {
    failures.push({ during: 'read', scope: scopeId, instanceId: null, failure: failureOf(error) });
    return [];
  }
}

import type { Instance, Scope } from '../core/instance.ts';
import type { Policy } from '../core/policy.ts';
import { memoryOf } from '../core/stock.ts';
import { calendar } from '../core/window.ts';
import type { Deps, Finding, PolicyState } from '../deps.ts';
import { noteAnswer } from './ask.ts';
import { failureOf, type RequestFailure } from './failure.ts';
import { oldBefore } from './observe.ts';
import { pool } from './pool.ts';
import { type OldBefore, readEach, wantingOf, withFinding, withoutOld } from './reading.ts';
import { gatheredNothing } from './tally.ts';
import { tell } from './tell.ts';

/** What became of a message that asks to read a scope. `left`: what was wanting and is still to be read. */
export type Observed = { kind: 'observed'; read: number; left: number } | { kind: 'nothing'; why: string };

/** Each has requests to the cloud and to the table under way; more would wait for each other's connections. */
const SCOPES_AT_ONCE = 2;

/** So many are read before they are stored, while the next ones are read: a worker that is killed loses no more than twice that. */
const STORED_TOGETHER = 64;
const WRITES_AT_ONCE = 4;

/**
 * Reads what is missing or old of the versions of scopes, for the passes to find. It decides and starts nothing, and writes
 * nothing that a pass writes: it may be asked for twice, late, and while a pass runs. What it has no time for, the next pass
 * asks for again. @throws when the ledger cannot be read or written: then it may be asked for again
 */
export async function observeScopes(
  deps: Deps,
  state: PolicyState,
  scopeIds: readonly string[],
  signal?: AbortSignal,
): Promise<Map<string, Observed>> {
  const nothing = (why: string) => new Map(scopeIds.map((id): [string, Observed] => [id, { kind: 'nothing', why }]));
  if (state.problem !== null) return nothing('there is no valid policy');
  const { policy } = state;
  const scopes = policy.scopes.filter(({ id }) => scopeIds.includes(id));
  const results = nothing('the policy does not name the scope any more');
  if (scopes.length === 0) return results;
  for (const { id } of scopes) results.set(id, { kind: 'nothing', why: 'there was no time left for it' });
  const past = await pastOf(deps, policy);
  const gathered = gatheredNothing();
  await pool(scopes, SCOPES_AT_ONCE, async (scope) => {
    const { failures, isWhole, ...result } = await survey(deps, policy, scope, past, signal);
    results.set(scope.id, { kind: 'observed', ...result });
    gathered.failures.push(...failures);
    if (isWhole) gathered.listed.push(scope.id);
  }, signal); // biome-ignore format: one call
  await tell(deps, [], null, gathered);
  return results;
}

/** What the passes know. */
interface Past {
  known: ReadonlyMap<string, Instance>;
  before: OldBefore;
}

async function pastOf({ ledger, clock }: Deps, policy: Policy): Promise<Past> {
  const now = clock.now();
  const [fleet, attempts] = await Promise.all([ledger.fleet(), ledger.attempts({ since: now - memoryOf(policy) })]);
  const names = [...new Set(policy.rollout.flatMap((wave) => wave.windows))];
  return {
    known: new Map(fleet.map(({ instance }) => [instance.instanceId, instance])),
    before: oldBefore(attempts, calendar(policy, names, null).at(now)?.opens ?? null),
  };
}

interface Surveyed {
  read: number;
  left: number;
  failures: RequestFailure[];
  /** Nothing kept it from looking at all of the scope. */
  isWhole: boolean;
}

async function survey(deps: Deps, policy: Policy, scope: Scope, past: Past, signal?: AbortSignal): Promise<Surveyed> {
  const failures: RequestFailure[] = [];
  const at = deps.clock.now();
  const wanting = await wantingIn(deps, policy, scope, past, signal).catch((error: unknown) => {
    failures.push({ during: 'read', scope: scope.id, instanceId: null, failure: failureOf(error) });
    return [];
  });
  let read = 0;
  let storing: Promise<unknown> = Promise.resolve();
  const isStopped = () => signal?.aborted || failures.some(({ failure }) => failure.rule.stops === 'scope');
  for (let from = 0; from < wanting.length && !isStopped(); from += STORED_TOGETHER) {
    const asked = wanting.slice(from, from + STORED_TOGETHER);
    const found = (await readEach(deps, policy, asked, failures, signal)).filter((one) => !asked.includes(one));
    await storing;
    storing = pool(found.flatMap(findingOf), WRITES_AT_ONCE, (finding) => deps.ledger.putFinding(finding));
    // It is awaited later; until then its failure is nobody's surprise.
    storing.catch(() => undefined);
    read += found.length;
  }
  await storing;
  // Of a message that comes twice the second one finds nothing to do, and has nothing to say.
  if (wanting.length > 0) await noteAnswer(deps, scope.id, { at, read });
  // That there was no time left is nobody's fault.
  const real = failures.filter(({ failure }) => !signal?.aborted || failure.code !== 'TRANSPORT.TIMEOUT');
  const isWhole = !signal?.aborted && failures.every(({ instanceId }) => instanceId !== null);
  return { read, left: wanting.length - read, failures: real, isWhole };
}

/** What a pass would want to be read of the scope now. @throws DcsError */
async function wantingIn(
  { ledger, dcs, clock }: Deps,
  policy: Policy,
  scope: Scope,
  { known, before }: Past,
  signal?: AbortSignal,
): Promise<Instance[]> {
  const findings = new Map((await ledger.findings(scope.id)).map((finding) => [finding.instanceId, finding]));
  const own = (await dcs.listInstances(scope, signal)).map((instance) => {
    const { versions = null, details = null } = known.get(instance.instanceId) ?? {};
    const asKnown = withoutOld({ ...instance, versions, details }, before);
    return withFinding(asKnown, findings.get(instance.instanceId), before);
  });
  // Which wave owns what depends on the whole fleet.
  const others = [...known.values()].filter((instance) => instance.scope !== scope.id);
  return wantingOf(policy, [...own, ...others], clock.now()).filter((instance) => instance.scope === scope.id);
}

function findingOf({ instanceId, scope, versions, details }: Instance): Finding[] {
  return versions ? [{ instanceId, scope, versions, details }] : [];
}

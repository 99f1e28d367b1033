import { gatesAlert } from '../core/alert-facts.ts';
import { firstBackup } from '../core/backup-first.ts';
import { decide, type Verdict } from '../core/decide.ts';
import type { Instance, Scope } from '../core/instance.ts';
import {
  BACKUPS_LOOK_BACK,
  GATES_LOOK_BACK,
  type GateNo,
  gatesNo,
  gaugesOf,
  needsNodes,
  together,
} from '../core/load.ts';
import type { Gates } from '../core/policy.ts';
import type { Scene } from '../core/stock.ts';
import { type EpochMs, HOUR } from '../core/time.ts';
import type { DcsFailure, Deps, FleetEntry } from '../deps.ts';
import { failureOf } from './failure.ts';
import { pool } from './pool.ts';
import type { Gathered } from './tally.ts';
import { GRACE } from './tell.ts';

/** What the gates of one instance came to. */
export interface Gated {
  /** Null: all of them let it pass. */
  no: GateNo | null;
  /** Why they could not be read. */
  failure: DcsFailure | null;
}

/** Reads what the gates ask for, from `since` on, and judges it. What cannot be read does not pass. */
export async function askGates(
  { dcs, metrics, clock }: Deps,
  gates: Gates,
  scope: Scope,
  instance: Instance,
  signal?: AbortSignal,
  since: EpochMs = clock.now() - GATES_LOOK_BACK,
): Promise<Gated> {
  const id = instance.instanceId;
  try {
    const nodes = needsNodes(gates, instance) ? await dcs.listNodes(scope, id, signal) : [];
    const wanted = gaugesOf(gates, instance, nodes);
    const readings = await metrics.highest(scope, wanted.flatMap(([, gauges]) => gauges), since, signal); // biome-ignore format: one call
    const loads = Object.fromEntries(
      wanted.map(([load, gauges]) => [load, together(readings.splice(0, gauges.length))]),
    );
    const backups =
      gates.backup === undefined ? null : await dcs.listBackups(scope, id, clock.now() - BACKUPS_LOOK_BACK, signal);
    return { no: gatesNo(gates, { loads, ...(backups && { backups }) }, clock.now()), failure: null };
  } catch (error) {
    const failure = failureOf(error);
    const detail = `its gates cannot be read: ${failure.message} (${failure.code})`;
    return { no: { reason: 'gate_unknown', detail }, failure };
  }
}

/** Instances whose gates keep them back leave their place to others; so many times a pass. What is left waits for the next. */
const MOST_ROUNDS = 8;

const READS_AT_ONCE = 8;

/**
 * Decides, reads the gates of those that would start, and decides again: whom they keep back takes nobody's place. Of the
 * fleet no others are asked for. Just before a call they are read once more (start.ts).
 */
export async function decideGated(
  deps: Deps,
  given: Scene,
  gathered: Gathered,
  signal?: AbortSignal,
): Promise<Verdict> {
  const { policy, instances } = given;
  const { gates } = policy;
  if (!gates) return decide(given);
  const scopes = new Map(policy.scopes.map((scope) => [scope.id, scope]));
  const byId = new Map(instances.map((instance) => [instance.instanceId, instance]));
  const found = new Map<string, GateNo | null>();
  /** Scopes in which no gate can be read. */
  const blind = new Map<string, GateNo>();
  for (let round = 1; ; round++) {
    const verdict = decide({ ...given, gates: found });
    const wanted = verdict.decisions.filter(({ action, instanceId }) => action === 'start' && !found.has(instanceId));
    if (wanted.length === 0 || round > MOST_ROUNDS || signal?.aborted) return verdict;
    await pool(wanted, READS_AT_ONCE, async ({ instanceId, scope }) => {
      const instance = byId.get(instanceId)!;
      const known = blind.get(scope);
      const gated = known ? { no: known, failure: null } : await askGates(deps, gates, scopes.get(scope)!, instance, signal);
      found.set(instanceId, firstBackup(gated.no, instance, given.attempts, given.now));
      if (known || signal?.aborted) return;
      if (gated.no && gated.failure?.rule.stops === 'scope') blind.set(scope, gated.no);
      note(gathered, instance, gated, deps.clock.now());
    }, signal); // biome-ignore format: one call
    // Nobody of these is tried in vain, in the place of one of another scope.
    for (const { instanceId, scope } of instances) {
      const no = blind.get(scope);
      if (no && !found.has(instanceId)) found.set(instanceId, no);
    }
  }
}

/** What cannot be known is told when it lasts; what fails is nobody's fault, and stands in the decision. */
function note(gathered: Gathered, { scope, instanceId, name }: Instance, { no, failure }: Gated, now: EpochMs): void {
  if (failure) gathered.failures.push({ during: 'gates', scope, instanceId, failure });
  else gathered.gauged.push(scope);
  if (!failure && no?.reason === 'gate_unknown')
    gathered.raised.push({ alert: gatesAlert(scope, name, no.detail, now), grace: GRACE });
}

/** Those that their gates have kept back lately, and when. After a while it is their turn again. */
export function gatedLately(stored: ReadonlyMap<string, FleetEntry>, now: EpochMs): ReadonlyMap<string, EpochMs> {
  return new Map(
    [...stored].flatMap(([id, { gatedAt = 0 }]): [string, EpochMs][] => (now - gatedAt < HOUR ? [[id, gatedAt]] : [])),
  );
}

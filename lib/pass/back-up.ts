import { type Attempt, isInFlight } from '../core/attempt.ts';
import { asking, backupAnswered, notAsked } from '../core/backup-first.ts';
import type { Slot, Verdict } from '../core/decide.ts';
import type { Decision } from '../core/decision.ts';
import { underOrder } from '../core/override.ts';
import type { Policy } from '../core/policy.ts';
import { type Scene, targetOf } from '../core/stock.ts';
import { type BackupOutcome, type Deps, hostOf, type Lease, StaleLeaseError } from '../deps.ts';
import { CALL_LASTS, CALL_WITHIN, LEASE_LASTS, newAttempt } from './claim.ts';
import { scopeOf } from './follow.ts';
import { pool } from './pool.ts';
import { preflight, type StartOrder, whyTooLate } from './preflight.ts';
import { saveOnTop } from './save.ts';
import { isStillHeld } from './start.ts';
import type { PassOptions } from './tally.ts';

const ASKED_AT_ONCE = 4;

type Said = Pick<Decision, 'reason' | 'detail'>;

/** What all requests of one pass share. */
interface Round {
  deps: Deps;
  policy: Policy;
  scene: Pick<Scene, 'instances' | 'approval'>;
  first: Lease | null;
  options: PassOptions;
  /** By scope, why nothing more is asked for there. */
  stopped: Map<string, string>;
  /** Claims that wait, by instance id. */
  earlier: ReadonlyMap<string, Attempt>;
}

/**
 * Asks for the backups that were decided on, under the lease; the passes make these calls themselves, also where workers
 * begin upgrades. The decisions say what came of it.
 */
export async function backUpFirst(
  deps: Deps,
  policy: Policy,
  { backups, ...scene }: Pick<Verdict, 'backups'> & Pick<Scene, 'instances' | 'approval'>,
  decisions: readonly Decision[],
  first: Lease | null,
  options: PassOptions,
): Promise<Decision[]> {
  const wanted = decisions.filter(({ instanceId, reason }) => reason === 'backing_up' && backups.has(instanceId));
  if (wanted.length === 0) return [...decisions];
  const waiting = (await deps.ledger.activeAttempts()).filter((one) => one.state === 'claimed' && !isInFlight(one));
  const earlier = new Map(waiting.map((attempt) => [attempt.instanceId, attempt]));
  const round: Round = { deps, policy, scene, first, options, stopped: new Map(), earlier };
  const said = new Map<string, Said>();
  await pool(
    wanted,
    ASKED_AT_ONCE,
    async (decision) => said.set(decision.instanceId, await askFor(round, decision, backups.get(decision.instanceId)!)),
    options.signal,
  );
  return decisions.map((decision) => ({ ...decision, ...said.get(decision.instanceId) }));
}

async function askFor(round: Round, decision: Decision, slot: Slot): Promise<Said> {
  const { deps, policy, scene, first, options, stopped, earlier } = round;
  const { scope, instanceId, name } = decision;
  const why = stopped.get(scope);
  if (why) return { reason: 'backing_up', detail: `${decision.detail}; not yet: ${why}` };
  const lease = first && (await deps.ledger.acquireLease(deps.holder, LEASE_LASTS, deps.clock.now()));
  if (!lease || lease.fence !== first?.fence)
    return { reason: 'another_run', detail: 'another run is deciding; this one only follows' };
  const mine = earlier.get(instanceId);
  const order: StartOrder = {
    policy,
    scope: scopeOf(policy, scope),
    decision,
    slot,
    earlier: mine ? underOrder(mine, slot.opening, options, deps.clock.now()) : null,
    tags: scene.instances.find((one) => one.instanceId === instanceId)!.tags,
    stoppedScopes: stopped,
    approval: scene.approval ?? null,
    requestedBy: options.requestedBy,
    reason: options.reason,
  };
  const announced = await announce(deps, lease, order, options.signal);
  if ('detail' in announced) return announced;
  deps.log('info', 'backup_call', { instanceId, name, attempt: announced.id });
  const outcome = await deps.dcs.backUp(order.scope, instanceId);
  logOutcome(deps, announced, outcome);
  if (outcome.kind !== 'accepted' && outcome.rule.stops === 'scope')
    stopped.set(scope, `${outcome.message} (${outcome.code})`);
  const saved = await saveOnTop(
    deps,
    announced,
    (base) => backupAnswered(base, outcome, deps.clock.now()),
    ({ backup }) => backup?.state === 'asked' && backup.askedAt === announced.backup!.askedAt,
  );
  const isSpent = saved.backup?.state === 'failed';
  return { reason: isSpent ? 'gate_failed' : 'backing_up', detail: `${decision.detail}; ${lastNote(saved)}` };
}

/** Reads everything afresh that forbids it, and writes what is about to happen: without that no request leaves. */
async function announce(
  deps: Deps,
  lease: Lease,
  order: StartOrder,
  signal: AbortSignal | undefined,
): Promise<Attempt | Said> {
  const { policy } = order;
  const checked = await preflight(deps, order, signal, 'backup');
  if ('why' in checked) return { reason: checked.reason ?? 'not_startable', detail: checked.why };
  const { instance, parts, slot } = checked;
  const now = deps.clock.now();
  const lookUntil = now + CALL_WITHIN + CALL_LASTS + policy.limits.sightLag;
  const versions = { engine: targetOf(policy, instance, 'engine'), proxy: targetOf(policy, instance, 'proxy') };
  const claim = order.earlier ?? newAttempt({ ...order, slot }, instance, parts, versions, now);
  const attempt = asking(claim, now, lookUntil, hostOf(deps.holder));
  const written = order.earlier ? await deps.ledger.save(attempt) : await claimed(deps, attempt, lease);
  if (!written) return { reason: 'another_run', detail: 'another run was faster' };
  const isOurs = !order.earlier || (await isStillHeld(deps, lease));
  const late = isOurs ? whyTooLate(now, slot.opening, deps.clock.now(), signal) : 'another run decides';
  if (!late) return written;
  await deps.ledger.save(notAsked(written, deps.clock.now(), late));
  return { reason: isOurs ? 'not_startable' : 'another_run', detail: late };
}

async function claimed({ ledger }: Deps, attempt: Attempt, lease: Lease): Promise<Attempt | null> {
  try {
    return (await ledger.claim(attempt, lease)) ? attempt : null;
  } catch (error) {
    if (error instanceof StaleLeaseError) return null;
    throw error;
  }
}

function lastNote({ updates }: Attempt): string {
  return updates.at(-1)?.note ?? '';
}

function logOutcome({ log }: Deps, { id, instanceId, name }: Attempt, outcome: BackupOutcome): void {
  const about = { instanceId, name, attempt: id, requestId: outcome.requestId };
  if (outcome.kind === 'accepted') {
    log('info', 'backup_accepted', { ...about, backupId: outcome.backupId });
    return;
  }
  const { kind, code, status, message, rule } = outcome;
  const level = rule.severity === 'info' ? 'info' : rule.severity === 'warning' ? 'warn' : 'error';
  log(level, `backup_${kind}`, { ...about, error: code, status, message, class: rule.class, hint: rule.hint });
}

import type { Instance } from '../core/instance.ts';
import { matches } from '../core/selection.ts';
import { iso, SECOND } from '../core/time.ts';
import { attemptJson, decisionJson } from '../present.ts';
import { type PassOptions, type PassReport, reconcile } from '../reconcile.ts';
import { type HttpAnswer, HttpError, jsonAnswer } from './answer.ts';
import type { UpgradesBody } from './bodies.ts';
import { type Ask, signalFor, withPolicy } from './route.ts';
import { attemptsOf, claimKey, findRun, newRun, type Run, saveRun } from './runs.ts';

/** What is left of the invocation's time when nothing is begun any more, in milliseconds: a start has to be recorded, an answer only to be sent. */
const RESERVE = { start: 45_000, look: 3_000 };

/** Another pass holds the lease for some seconds; a person's request waits for it rather than be turned away. */
const LEASE_TRIES = 4;
const LEASE_WAIT = 2 * SECOND;

/** How long the same request waits for the answer of the first one, in steps. */
const ANSWER_TRIES = 44;
const ANSWER_WAIT = SECOND / 2;

/** `POST /upgrades`: the request is stored, one pass is made for it, and its decisions are the answer. */
export async function requestUpgrades(ask: Ask<unknown, UpgradesBody>): Promise<HttpAnswer> {
  const { backend, caller, request } = ask;
  const order = checked(ask.body);
  const key = keyOf(ask);
  // Before anything is stored: without a policy nothing could be done for it.
  await withPolicy(backend);
  const run = newRun(order, caller, backend.clock.now());
  const id = key === null ? run.id : await claimKey(backend.ledger, key, run);
  if (id === null) throw new HttpError(409, 'this Idempotency-Key was used for another request');
  const earlier = id === run.id ? null : await waitFor(ask, id);
  return answerOf(earlier ?? (await carryOut(ask, { ...run, id })), request.requestId);
}

/** `GET /upgrades/{runId}` */
export async function showRun({ backend, params, request }: Ask): Promise<HttpAnswer> {
  const run = await findRun(backend.ledger, params.runId!);
  if (!run) throw new HttpError(404, 'there is no such run', [params.runId]);
  const { dryRun, reason, override = null } = run.order;
  const attempts = await attemptsOf(backend.ledger, run);
  return jsonAnswer(
    200,
    {
      ...resultOf(run),
      state: run.doneAt === null ? 'accepted' : 'done',
      dryRun,
      requestedBy: run.requestedBy,
      reason,
      override,
      createdAt: iso(run.createdAt),
      attempts: attempts.map(attemptJson),
    },
    request.requestId,
  );
}

/** @throws HttpError 422 for what the schema cannot say */
function checked(body: UpgradesBody): UpgradesBody {
  const problem = (path: string, message: string) => new HttpError(422, 'the body does not fit', [{ path, message }]);
  const { instanceIds, match, all, override } = body;
  const named = [instanceIds, match, all].filter((one) => one !== undefined);
  if (named.length > 1) throw problem('', 'only one of instanceIds, match and all may be given');
  if (match && Object.keys(match).length === 0) throw problem('match', 'it names nothing; for the whole fleet say all');
  if (override && named.length === 0) throw problem('override', 'say what it is for: instanceIds, match or all');
  return instanceIds ? { ...body, instanceIds: [...new Set(instanceIds)] } : body;
}

/** @throws HttpError 422 */
function keyOf({ request }: Ask): string | null {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return null;
  if (/^[\x21-\x7e]{1,200}$/.test(key)) return key;
  const message = 'it must be 1 to 200 visible ASCII characters';
  throw new HttpError(422, 'a header does not fit', [{ path: 'Idempotency-Key', message }]);
}

/**
 * The run of an earlier request with the same key once it is done. Null when it does not come to its end: then its
 * process was most likely killed, and the caller carries it out again. Claims keep anything from being begun twice.
 */
async function waitFor({ backend: { ledger, clock } }: Ask, id: string): Promise<Run | null> {
  for (let tries = 1; tries <= ANSWER_TRIES; tries++) {
    const run = await findRun(ledger, id);
    if (run && run.doneAt !== null) return run;
    await clock.sleep(ANSWER_WAIT);
  }
  return null;
}

async function carryOut(ask: Ask, run: Run): Promise<Run> {
  const { ledger, log, clock } = ask.backend;
  const { order, requestedBy } = run;
  await saveRun(ledger, run);
  log('info', 'upgrades_requested', { run: run.id, by: requestedBy, ...order });
  const report = await makePass(ask, run);
  const known = new Set(report.decisions.map(({ instanceId }) => instanceId));
  const done: Run = {
    ...run,
    doneAt: clock.now(),
    until: Math.max(run.until, report.opening?.closes ?? 0),
    decisions: report.decisions,
    unknown: (order.instanceIds ?? []).filter((id) => !known.has(id)),
    errors: report.errors,
  };
  await saveRun(ledger, done);
  return done;
}

/** The pass that a tick would make, for what was asked alone. */
async function makePass(ask: Ask, { id, order, requestedBy }: Run): Promise<PassReport> {
  const { deps, policy } = await withPolicy(ask.backend);
  const signal = signalFor(ask, order.dryRun ? RESERVE.look : RESERVE.start);
  const options: PassOptions = {
    dryRun: order.dryRun,
    observeAlways: true,
    only: pickerOf(order),
    ...(order.override ? { override: { runId: id } } : {}),
    requestedBy,
    reason: reasonOf(order),
    signal,
  };
  for (let tries = 1; ; tries++) {
    const report = await reconcile(deps, { policy, problem: null }, options);
    const isBlocked = report.decisions.some(({ reason }) => reason === 'another_run');
    if (!isBlocked || tries === LEASE_TRIES || signal.aborted) return report;
    await deps.clock.sleep(LEASE_WAIT);
  }
}

function pickerOf({ instanceIds, match }: UpgradesBody): (instance: Instance) => boolean {
  if (match) return (instance) => matches(match, instance);
  if (!instanceIds) return () => true;
  const ids = new Set(instanceIds);
  return ({ instanceId }) => ids.has(instanceId);
}

/** Stands on every attempt that comes of it. */
function reasonOf({ reason, override }: UpgradesBody): string {
  return override ? `${reason} (override ${override.ticket}: ${override.reason})` : reason;
}

/** @throws HttpError 404 when nothing that was asked for exists */
function answerOf(run: Run, requestId: string): HttpAnswer {
  // Where a scope could not be read, nobody knows whether it is there.
  const isUnknown = run.unknown.length > 0 && run.decisions.length === 0 && run.errors.length === 0;
  if (isUnknown) throw new HttpError(404, 'no scope has an instance with this id', run.unknown);
  return jsonAnswer(202, resultOf(run), requestId);
}

function resultOf({ id, decisions, unknown, errors }: Run) {
  return { runId: id, decisions: decisions.map(decisionJson), unknown, errors };
}

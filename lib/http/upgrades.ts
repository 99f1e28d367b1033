import { iso, SECOND } from '../core/time.ts';
import type { Deps } from '../deps.ts';
import { attemptJson, decisionJson } from '../present.ts';
import { type HttpAnswer, HttpError, jsonAnswer } from './answer.ts';
import type { UpgradesBody } from './bodies.ts';
import { asItStands, finished, foreseen, passFor, unknownIn } from './orders.ts';
import { type Ask, signalFor, withPolicy } from './route.ts';
import { attemptsOf, claimKey, findRun, newRun, type Run, saveRun } from './runs.ts';

/** What is left of the invocation's time when nothing is begun any more, in milliseconds: a start has to be recorded, an answer only to be sent. */
const RESERVE = { start: 45_000, look: 3_000 };

/**
 * Of an order that is carried out before it is answered: how long the fleet is looked at, and upgrades are begun. What is
 * left of the 30 seconds that a gateway waits is for the answers to what was begun.
 */
const WITHIN = { look: 10 * SECOND, start: 18 * SECOND };

/** How long the same request waits for the answer of the first one, in steps, and for a trace that there was a first one. */
const ANSWER_TRIES = 44;
const TRACE_TRIES = 6;
const ANSWER_WAIT = SECOND / 2;

/** Longer than a function lives: a run that is not done by then has lost its process. */
const LOST_AFTER = 90 * SECOND;

type Order = Ask<unknown, UpgradesBody>;
type Ready = Awaited<ReturnType<typeof withPolicy>>;

/**
 * `POST /upgrades`: the request is stored and one pass is made for it. Where there are workers they make it, and the answer
 * says at once what is to be expected from the fleet as last seen; else, and for a dry run, the pass's decisions are the answer.
 */
export async function requestUpgrades(ask: Order): Promise<HttpAnswer> {
  const { backend, caller, request } = ask;
  const order = checked(ask.body);
  const key = keyOf(ask);
  // Before anything is stored: without a policy nothing could be done for it.
  const ready = await withPolicy(backend);
  const run = newRun(order, caller, backend.clock.now(), backend.newId?.());
  const id = key === null ? run.id : await claimKey(backend.ledger, key, run);
  if (id === null) throw new HttpError(409, 'this Idempotency-Key was used for another request');
  const isForWorkers = ready.deps.dispatcher !== undefined && !order.dryRun;
  const earlier = id === run.id ? null : await waitFor(ask, id, isForWorkers);
  if (isForWorkers) return jsonAnswer(202, resultOf(await accepted(ready, earlier, { ...run, id })), request.requestId);
  return answerOf(earlier ?? (await carryOut(ask, ready, { ...run, id })), request.requestId);
}

/** `GET /upgrades/{runId}` */
export async function showRun({ backend, params, request }: Ask): Promise<HttpAnswer> {
  const found = await findRun(backend.ledger, params.runId!);
  const run = found && asItStands(found, backend.clock.now());
  if (!run || run.withdrawn) throw new HttpError(404, 'there is no such run', [params.runId]);
  const { dryRun, reason, override = null } = run.order;
  const attempts = await attemptsOf(backend.ledger, run);
  return jsonAnswer(
    200,
    {
      ...resultOf({ ...run, answer: undefined }),
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
 * The run of an earlier request with the same key, once it has an answer. Null when it has come to nothing: its process was
 * killed, or its workers could not be told; then the caller carries it out. Claims keep anything from being begun twice.
 * @throws HttpError 503 when it takes longer than a caller waits
 */
async function waitFor({ backend: { ledger, clock } }: Order, id: string, isForWorkers: boolean): Promise<Run | null> {
  for (let tries = 1; tries <= ANSWER_TRIES; tries++) {
    const run = await findRun(ledger, id);
    if (run?.withdrawn) return null;
    if (run && (run.doneAt !== null || isForWorkers)) return run;
    if (run ? clock.now() - run.createdAt >= LOST_AFTER : tries > TRACE_TRIES) return null;
    await clock.sleep(ANSWER_WAIT);
  }
  const details = ['ask again with the same Idempotency-Key'];
  throw new HttpError(
    503,
    'the same request is still being carried out',
    details,
    { 'retry-after': '5' },
    'in_progress',
  );
}

/** The run that workers carry out: stored, and told to them. @throws HttpError 503 when they could not be told */
async function accepted({ deps, policy }: Ready, earlier: Run | null, fresh: Run): Promise<Run> {
  const { ledger, log } = deps;
  // Told again, in case that nobody has heard of it; it makes one run.
  if (earlier?.doneAt === null) await tellWorkers(deps, earlier, 'its order is stored, and stays so');
  if (earlier) return earlier;
  const report = await foreseen(deps, policy, fresh);
  const answer = { decisions: report.decisions, unknown: unknownIn(fresh, report) };
  const run = { ...fresh, ...answer, answer };
  await saveRun(ledger, run);
  await tellWorkers(deps, run, 'nothing was begun').catch(async (error: unknown) => {
    // The message may have been taken all the same: whoever asks again finds what came of it.
    const stored = await findRun(ledger, run.id);
    if (stored?.doneAt === null) await saveRun(ledger, { ...stored, withdrawn: true });
    throw error;
  });
  log('info', 'upgrades_requested', { run: run.id, by: run.requestedBy, ...run.order });
  return run;
}

/** @throws HttpError 503 */
async function tellWorkers({ dispatcher, log }: Deps, { id }: Run, sofar: string): Promise<void> {
  try {
    await dispatcher!.send([{ kind: 'run', runId: id }]);
  } catch (error) {
    log('error', 'run_not_sent', { run: id, error });
    const details = [`${sofar}; ask again, with the same Idempotency-Key if you sent one`, QUEUE_HINT];
    throw new HttpError(503, 'the workers cannot be told', details, { 'retry-after': '30' }, 'queue_unavailable');
  }
}

const QUEUE_HINT = 'if that lasts, see whether the queue of QUEUE is there and may be used';

async function carryOut(ask: Order, { deps, policy }: Ready, run: Run): Promise<Run> {
  const { ledger, log, clock } = ask.backend;
  await saveRun(ledger, run);
  log('info', 'upgrades_requested', { run: run.id, by: run.requestedBy, ...run.order });
  const signals = run.order.dryRun
    ? { signal: signalFor(ask, RESERVE.look) }
    : { signal: signalFor(ask, RESERVE.start, WITHIN.start), lookSignal: signalFor(ask, RESERVE.start, WITHIN.look) };
  const report = await passFor(deps, policy, run, signals);
  const done = { ...finished(run, report), doneAt: clock.now() };
  await saveRun(ledger, done);
  return done;
}

/** @throws HttpError 404 when nothing that was asked for exists */
function answerOf(run: Run, requestId: string): HttpAnswer {
  // Where a scope could not be read, nobody knows whether it is there.
  const isUnknown = run.unknown.length > 0 && run.decisions.length === 0 && run.errors.length === 0;
  if (isUnknown) throw new HttpError(404, 'no scope has an instance with this id', run.unknown);
  return jsonAnswer(202, resultOf(run), requestId);
}

function resultOf({ id, answer, errors, ...run }: Omit<Run, 'answer'> & { answer?: Run['answer'] | undefined }) {
  const { decisions, unknown } = answer ?? run;
  return { runId: id, decisions: decisions.map(decisionJson), unknown, errors: answer ? [] : errors };
}

import { MOST_OPENINGS, preview, TooManyOpenings } from '../core/preview.ts';
import { DAY } from '../core/time.ts';
import { explain, fleetStatus } from '../operations.ts';
import { decisionJson, explanationJson, planJson, previewJson, statusJson } from '../present.ts';
import { reconcile } from '../reconcile.ts';
import { type HttpAnswer, HttpError, htmlAnswer, jsonAnswer } from './answer.ts';
import { dashboardHtml } from './dashboard.ts';
import { type Ask, signalFor, withPolicy } from './route.ts';

/** Time to write the answer, in milliseconds. */
const RESERVE = 3_000;

/** `GET /plan` */
export async function plan(ask: Ask<{ now?: string | undefined }>): Promise<HttpAnswer> {
  const { backend, query, caller, request } = ask;
  const { deps, policy } = await withPolicy(backend);
  const report = await reconcile(
    deps,
    { policy, problem: null },
    {
      ...(query.now === undefined ? {} : { at: Date.parse(query.now) }),
      dryRun: true,
      observeAlways: true,
      requestedBy: caller,
      reason: 'plan',
      signal: signalFor(ask, RESERVE),
    },
  );
  return jsonAnswer(200, planJson(report), request.requestId);
}

/** `GET /fleet` */
export async function fleet({ backend, caller, request }: Ask): Promise<HttpAnswer> {
  const { deps, policy } = await withPolicy(backend);
  const status = await fleetStatus(deps, policy, caller);
  const decisions = status.report.decisions.map(decisionJson);
  return jsonAnswer(200, { ...statusJson(status), decisions }, request.requestId);
}

/** `GET /fleet/{instanceId}` */
export async function instance({ backend, params, request }: Ask): Promise<HttpAnswer> {
  const { ledger } = backend;
  const entry = (await ledger.fleet()).find((one) => one.instance.instanceId === params.instanceId);
  if (!entry) throw new HttpError(404, 'no instance with this id has been seen so far', [params.instanceId]);
  const { deps, state } = await backend.pass();
  const { decision, attempts, holds } = await explain(deps, state, entry);
  return jsonAnswer(200, explanationJson(decision, attempts, holds), request.requestId);
}

interface WindowsQuery {
  from?: string | undefined;
  to?: string | undefined;
  window?: string | undefined;
}

const DEFAULT_SPAN = 30 * DAY;
const LONGEST_SPAN = 10 * 366 * DAY;

/** `GET /windows` */
export async function windows({ backend, query, request }: Ask<WindowsQuery>): Promise<HttpAnswer> {
  const { policy } = await withPolicy(backend);
  const from = query.from === undefined ? backend.clock.now() : Date.parse(query.from);
  const to = query.to === undefined ? from + DEFAULT_SPAN : Date.parse(query.to);
  const misfit = (path: string, message: string) => new HttpError(422, 'the query does not fit', [{ path, message }]);
  if (to <= from || to - from > LONGEST_SPAN) throw misfit('to', 'it must be after from, by at most ten years');
  const names = Object.keys(policy.windows);
  if (query.window !== undefined && !names.includes(query.window))
    throw misfit('window', `it must be one of ${names.join(', ')}`);
  try {
    const found = preview(policy, query.window === undefined ? names : [query.window], from, to, MOST_OPENINGS);
    return jsonAnswer(200, previewJson(found), request.requestId);
  } catch (error) {
    throw error instanceof TooManyOpenings ? misfit('to', `there are ${error.message}`) : error;
  }
}

/** `GET /` */
export async function dashboard({ backend, caller }: Ask): Promise<HttpAnswer> {
  const { deps, policy } = await withPolicy(backend);
  const { ledger } = deps;
  const status = await fleetStatus(deps, policy, caller);
  return htmlAnswer(dashboardHtml(status, await ledger.attempts({ limit: 50 })));
}

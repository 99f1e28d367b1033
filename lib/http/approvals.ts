import { approve } from '../operations.ts';
import { approvalJson } from '../present.ts';
import { type HttpAnswer, HttpError, jsonAnswer } from './answer.ts';
import type { ApprovalBody } from './bodies.ts';
import { type Ask, signalFor, withPolicy } from './route.ts';

/** Time to write the answer, in milliseconds. */
const RESERVE = 3_000;

/** `POST /approvals`: the plan is made anew, and approved if it still has that hash. @throws HttpError 422 when it has not */
export async function approvePlan(ask: Ask<unknown, ApprovalBody>): Promise<HttpAnswer> {
  const { deps, policy } = await withPolicy(ask.backend);
  const order = { hash: ask.body.planHash, by: ask.caller, signal: signalFor(ask, RESERVE) };
  const result = await approve(deps, policy, order);
  if (typeof result === 'string') throw new HttpError(422, result, [{ path: 'planHash', message: result }]);
  return jsonAnswer(201, { approval: approvalJson(result) }, ask.request.requestId);
}

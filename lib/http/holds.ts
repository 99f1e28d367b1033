import type * as z from 'zod/mini';
import type { HoldMatch } from '../core/hold.ts';
import { holdsInForce, placeHold, readHoldMatch, releaseHold } from '../operations.ts';
import { holdJson } from '../present.ts';
import { type HttpAnswer, HttpError, jsonAnswer } from './answer.ts';
import type { HoldBody } from './bodies.ts';
import type { Ask } from './route.ts';

/** `POST /holds`: a hold of the same match is replaced. */
export async function setHold(ask: Ask<unknown, z.infer<typeof HoldBody>>): Promise<HttpAnswer> {
  const { body, caller, backend } = ask;
  const { ledger, clock, log } = backend;
  const match = typeof body.match === 'string' ? readHoldMatch(body.match) : (body.match as HoldMatch);
  if (typeof match === 'string') throw misfit('match', match);
  if (Object.keys(match).length === 0) throw misfit('match', 'it names nothing; to hold everything say all');
  const until = body.until === undefined ? null : Date.parse(body.until);
  if (until !== null && until <= clock.now()) throw misfit('until', 'it is in the past');
  await placeHold(ledger, { match, by: caller, reason: body.reason, until }, clock.now());
  log('info', 'hold_set', { by: caller, reason: body.reason, match, until: body.until ?? null });
  return show(ask, 201);
}

/** `DELETE /holds/{id}` */
export async function endHold(ask: Ask<{ reason?: string | undefined }>): Promise<HttpAnswer> {
  const { caller, query, params, backend } = ask;
  const now = backend.clock.now();
  const hold = (await holdsInForce(backend.ledger, now)).find(({ id }) => id === params.id);
  if (!hold) throw new HttpError(404, 'no hold in force has this id', [params.id]);
  await releaseHold(backend, hold, caller, query.reason ?? 'released over HTTP', now);
  return show(ask, 200);
}

async function show({ request, backend }: Ask, status: number): Promise<HttpAnswer> {
  const holds = await holdsInForce(backend.ledger, backend.clock.now());
  return jsonAnswer(status, { holds: holds.map(holdJson) }, request.requestId);
}

function misfit(path: string, message: string): HttpError {
  return new HttpError(422, 'the body does not fit', [{ path, message }]);
}

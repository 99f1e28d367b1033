import type * as z from 'zod/mini';
import type { DcsFailure } from '../../deps.ts';
import { requestIdOf } from './answer.ts';
import { type Call, type Caller, parsed } from './caller.ts';

/** What came of a POST that is sent once: see {@link UpgradeOutcome}. */
export type Told<T> =
  | { kind: 'accepted'; data: T; requestId: string | null }
  | ({ kind: 'refused' | 'unknown' | 'not_sent' } & DcsFailure);

/** Asks for what cannot be asked for twice. Never throws for what the wire does. */
export async function askOnce<T>(
  caller: Caller,
  call: Omit<Call, 'signal'>,
  body: string,
  schema: z.ZodMiniType<T>,
): Promise<Told<T>> {
  const tried = await caller.postOnce(call, body);
  if ('failure' in tried) return { kind: tried.sent ? 'unknown' : 'not_sent', ...tried.failure };
  const found = parsed(tried.reply, tried.credentials, schema);
  if ('data' in found)
    return { kind: 'accepted', data: found.data, requestId: requestIdOf(tried.reply, tried.credentials) };
  return { kind: isRefusal(tried.reply.status, found.failure.rule.class) ? 'refused' : 'unknown', ...found.failure };
}

/** Only an answer that says no is a no: what failed on the way, or behind the gateway, may have begun. */
function isRefusal(status: number, kind: string): boolean {
  return status >= 300 && status < 500 && status !== 408 && kind !== 'server' && kind !== 'transport';
}

import type { Deps, Message, PolicyState } from '../../lib/deps.ts';
import { carryOutRun, type RunDone } from '../../lib/http/orders.ts';
import { carryOut, type Observed, observeScopes, type WorkDone } from '../../lib/reconcile.ts';

/** What a worker does with a message, whatever its kind. */
export async function takeUp(
  deps: Deps,
  state: PolicyState,
  message: Message,
  signal: AbortSignal = new AbortController().signal,
): Promise<WorkDone | Observed | RunDone> {
  if (message.kind === 'observe')
    return (await observeScopes(deps, state, [message.scope], signal)).get(message.scope)!;
  if (message.kind === 'run') return carryOutRun(deps, state, message.runId, signal);
  return carryOut(deps, state, message.attemptId, signal);
}

/** The id of what a message is about. */
export function subjectOf(message: Message): string {
  if (message.kind === 'observe') return message.scope;
  return message.kind === 'run' ? message.runId : message.attemptId;
}

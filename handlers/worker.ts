import middy from '@middy/core';
import type { Context, SQSBatchResponse } from 'aws-lambda';
import * as z from 'zod/mini';
import type { Log, Message } from '../lib/deps.ts';
import { carryOutRun } from '../lib/http/orders.ts';
import { type Runtime, runtime } from '../lib/io/runtime.ts';
import { carryOut, observeScopes } from '../lib/reconcile.ts';
import { ledgerAlarm, soundAlarm } from './alarm.ts';
import { describe } from './event.ts';

/** What SQS sends, as far as it is looked at. */
const Batch = z.object({
  Records: z.array(
    z.object({
      eventSource: z.literal('aws:sqs'),
      messageId: z.string(),
      body: z.string(),
      attributes: z.object({ ApproximateReceiveCount: z.string() }),
    }),
  ),
});
type SqsRecord = z.infer<typeof Batch>['Records'][number];

const id = z.string().check(z.minLength(1));
const Work = z.union([
  z.object({ kind: z.literal('start'), attemptId: id }),
  z.object({ kind: z.literal('observe'), scope: id }),
  z.object({ kind: z.literal('run'), runId: id }),
]);

/**
 * What is left of the invocation's time when nothing is begun any more, in milliseconds: enough to end and record a start,
 * or to give up a read and tell of it.
 */
const RESERVE = { start: 45_000, run: 45_000, observe: 15_000 };

/** Does what messages ask for: the calls that a pass has claimed, reads of scopes, the pass of an order. What failed, and what nobody can read, is reported message by message. */
export const worker =
  (load: () => Promise<Runtime>, alarm = soundAlarm) =>
  async (event: unknown, context: Pick<Context, 'getRemainingTimeInMillis'>): Promise<SQSBatchResponse> => {
    const batch = Batch.safeParse(event);
    if (!batch.success) throw new TypeError(`not a batch of a queue: ${describe(event)}`);
    const { pass, measureCalls } = await load();
    const ready = await pass();
    const { log } = ready.deps;
    const messages = batch.data.Records.map((record) => readMessage(record, log));
    const scopes = messages.flatMap((message) => (message?.kind === 'observe' ? [message.scope] : []));
    let observing: ReturnType<typeof observeScopes> | undefined;
    const done = async (message: Message): Promise<boolean> => {
      const left = context.getRemainingTimeInMillis() - RESERVE[message.kind];
      // The next tick asks again for what was not observed; everything else comes again.
      if (left <= 0) return message.kind === 'observe';
      const signal = AbortSignal.timeout(left);
      try {
        // Together: they have much to read in common.
        if (message.kind === 'observe') observing ??= observeScopes(ready.deps, ready.state, scopes, signal);
        // An order decides under a lease of its own: two that shared a holder would both take it for theirs.
        const own = message.kind === 'run' ? await pass() : ready;
        const { isOver, ...about } = await work(own, message, signal, observing);
        log('info', 'work', { ...message, ...about });
        return isOver;
      } catch (error) {
        log('error', 'work_failed', { ...message, error });
        await alarm(error);
        return false;
      }
    };
    const isDone = await Promise.all(messages.map((message) => message !== null && done(message)));
    measureCalls();
    const failed = batch.data.Records.filter((_, index) => !isDone[index]);
    return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
  };

/** Does what a message asks for. `isOver`: it need not come again. `observing`: all scopes that are asked for. */
async function work(
  { deps, state }: Awaited<ReturnType<Runtime['pass']>>,
  message: Message,
  signal: AbortSignal,
  observing?: ReturnType<typeof observeScopes>,
) {
  if (message.kind === 'observe') {
    const { kind: result, ...about } = (await observing!).get(message.scope)!;
    return { isOver: true, result, ...about };
  }
  if (message.kind === 'run') {
    const { kind: result, ...about } = await carryOutRun(deps, state, message.runId, signal);
    return { isOver: result !== 'again', result, ...about };
  }
  const result = await carryOut(deps, state, message.attemptId, signal);
  const about = 'why' in result ? { why: result.why } : { state: result.attempt.state };
  return { isOver: true, result: result.kind, ...about };
}

/** A message that means nothing comes again until the queue puts it aside; the log is told once. */
function readMessage({ body, messageId, attributes }: SqsRecord, log: Log): Message | null {
  const message = Work.safeParse(parsed(body));
  if (message.success) return message.data;
  if (attributes.ApproximateReceiveCount === '1') log('error', 'message_unknown', { messageId });
  return null;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export const handler = middy(worker(runtime)).use(ledgerAlarm());

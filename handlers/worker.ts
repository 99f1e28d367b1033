import middy from '@middy/core';
import type { Context, SQSBatchResponse } from 'aws-lambda';
import * as z from 'zod/mini';
import type { Log, Message } from '../lib/deps.ts';
import { type Runtime, runtime } from '../lib/io/runtime.ts';
import { carryOut } from '../lib/reconcile.ts';
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

const Work = z.object({ kind: z.literal('start'), attemptId: z.string().check(z.minLength(1)) });

/** What is left of the invocation's time when nothing is begun any more, in milliseconds: enough to end and record a start. */
const RESERVE = 45_000;

/** Makes the calls that a pass has claimed. What failed, and what nobody can read, is reported message by message. */
export const worker =
  (load: () => Promise<Runtime>, alarm = soundAlarm) =>
  async (event: unknown, context: Pick<Context, 'getRemainingTimeInMillis'>): Promise<SQSBatchResponse> => {
    const batch = Batch.safeParse(event);
    if (!batch.success) throw new TypeError(`not a batch of a queue: ${describe(event)}`);
    const { pass } = await load();
    const { deps, state } = await pass();
    const left = context.getRemainingTimeInMillis() - RESERVE;
    const signal = left > 0 ? AbortSignal.timeout(left) : AbortSignal.abort();
    const done = batch.data.Records.map(async (record): Promise<boolean> => {
      const work = readWork(record, deps.log);
      if (!work || signal.aborted) return false;
      try {
        const result = await carryOut(deps, state, work.attemptId, signal);
        const { kind, ...about } = 'why' in result ? result : { kind: result.kind, state: result.attempt.state };
        deps.log('info', 'work', { attempt: work.attemptId, result: kind, ...about });
        return true;
      } catch (error) {
        deps.log('error', 'work_failed', { attempt: work.attemptId, error });
        await alarm(error);
        return false;
      }
    });
    const isDone = await Promise.all(done);
    const failed = batch.data.Records.filter((_, index) => !isDone[index]);
    return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
  };

/** A message that means nothing comes again until the queue puts it aside; the log is told once. */
function readWork({ body, messageId, attributes }: SqsRecord, log: Log): Message | null {
  const work = Work.safeParse(parsed(body));
  if (work.success) return work.data;
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

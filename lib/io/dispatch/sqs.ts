import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { Dispatcher, Log, Message } from '../../deps.ts';

export interface SqsOptions {
  log: Log;
  client?: SQSClient;
  /** How long it is tried to hand over ten messages, in milliseconds. */
  most?: number;
}

/** The most that SendMessageBatch takes (SQS API, SendMessageBatch). */
const BATCH = 10;

/** Longer than this a try is lost, in milliseconds. */
const TIMES = { connectionTimeout: 2_000, requestTimeout: 5_000, throwOnRequestTimeout: true };
const MOST_TRIES = 4;

/** With all tries: who waits for an answer over HTTP has to be told within 30 seconds. */
const MOST = 12_000;

/** Sends work to an SQS queue. A message that was taken and whose answer got lost is sent twice, which does no harm. */
export function createSqsDispatcher(queueUrl: string, { log, client, most = MOST }: SqsOptions): Dispatcher {
  const sqs = client ?? new SQSClient({ maxAttempts: MOST_TRIES, requestHandler: TIMES });
  return {
    async send(messages) {
      let left: readonly Message[] = messages;
      for (let tries = 1; left.length > 0 && tries <= MOST_TRIES; tries++)
        left = await sendOnce(sqs, queueUrl, left, most, log);
      if (left.length > 0) throw new Error(`the queue did not take ${left.length} of ${messages.length} messages`);
    },
  };
}

/** Those that the queue did not take. */
async function sendOnce(
  sqs: SQSClient,
  queueUrl: string,
  messages: readonly Message[],
  most: number,
  log: Log,
): Promise<Message[]> {
  const refused: Message[] = [];
  for (let from = 0; from < messages.length; from += BATCH) {
    const batch = messages.slice(from, from + BATCH);
    const Entries = batch.map((message, index) => ({ Id: `${index}`, MessageBody: JSON.stringify(message) }));
    const command = new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries });
    const { Failed = [] } = await sqs.send(command, { abortSignal: AbortSignal.timeout(most) });
    for (const { Id, Code } of Failed) {
      log('warn', 'message_refused', { code: Code, message: batch[Number(Id)] });
      refused.push(batch[Number(Id)]!);
    }
  }
  return refused;
}

import type { Dispatcher, Log, Message } from '../../deps.ts';
import { type JsonService, jsonService } from '../aws/json.ts';
import { systemEnv } from '../config.ts';

export interface SqsOptions {
  log: Log;
  env?: Readonly<Record<string, string | undefined>>;
  /** In place of the one that `env` leads to. */
  client?: JsonService;
  /** How long one of two tries to hand over ten messages may take, in milliseconds. */
  lasts?: number;
}

/** The most that SendMessageBatch takes (SQS API, SendMessageBatch). */
const BATCH = 10;

/** What the queue refuses is sent again so often in all. */
const MOST_TRIES = 4;

/** Of one request. With both, who waits for an answer over HTTP is told within 30 seconds. */
const TRIES_OF_ONE = 2;

/** What SendMessageBatch says of messages that were not taken. */
interface Answer {
  Failed?: { Id: string; Code: string }[];
}

/** Sends work to an SQS queue. A message that was taken and whose answer got lost is sent twice, which does no harm. */
export function createSqsDispatcher(queueUrl: string, { log, client, ...options }: SqsOptions): Dispatcher {
  const sqs = client ?? clientFor(queueUrl, options);
  return {
    async send(messages) {
      let left: readonly Message[] = messages;
      for (let tries = 1; left.length > 0 && tries <= MOST_TRIES; tries++)
        left = await sendOnce(sqs, queueUrl, left, log);
      if (left.length > 0) throw new Error(`the queue did not take ${left.length} of ${messages.length} messages`);
    },
  };
}

function clientFor(queueUrl: string, { env = systemEnv(), lasts }: Pick<SqsOptions, 'env' | 'lasts'>): JsonService {
  // As the SDKs do: the queue's URL says where it is, unless another place is configured.
  const isConfigured = Boolean(env.AWS_ENDPOINT_URL_SQS || env.AWS_ENDPOINT_URL);
  const place = isConfigured ? {} : { endpoint: new URL(queueUrl).origin };
  return jsonService('sqs', { env, tries: TRIES_OF_ONE, ...place, ...(lasts === undefined ? {} : { lasts }) });
}

/** Those that the queue did not take. */
async function sendOnce(
  sqs: JsonService,
  QueueUrl: string,
  messages: readonly Message[],
  log: Log,
): Promise<Message[]> {
  const refused: Message[] = [];
  for (let from = 0; from < messages.length; from += BATCH) {
    const batch = messages.slice(from, from + BATCH);
    const Entries = batch.map((message, index) => ({ Id: `${index}`, MessageBody: JSON.stringify(message) }));
    const { Failed = [] } = (await sqs.call('SendMessageBatch', { QueueUrl, Entries })) as Answer;
    for (const { Id, Code } of Failed) {
      log('warn', 'message_refused', { code: Code, message: batch[Number(Id)] });
      refused.push(batch[Number(Id)]!);
    }
  }
  return refused;
}

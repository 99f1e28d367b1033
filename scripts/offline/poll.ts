import { DeleteMessageBatchCommand, type Message, ReceiveMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { SQSBatchResponse } from 'aws-lambda';

export interface PollOptions {
  client: SQSClient;
  queueUrl: string;
  /** The function; one that throws is as one that was killed: its messages come again. */
  invoke: (event: unknown) => Promise<SQSBatchResponse>;
  /** How many batches are under way at most. */
  concurrency: number;
  /** Ends the polling; what was begun is awaited. */
  signal: AbortSignal;
}

/** Brings messages from a queue to a function as AWS Lambda's event source mapping does, partial batch failures included. */
export async function poll(options: PollOptions): Promise<void> {
  const { concurrency, signal } = options;
  const loops = Array.from({ length: concurrency }, async () => {
    while (!signal.aborted) await pollOnce(options);
  });
  await Promise.all(loops);
}

async function pollOnce({ client, queueUrl, invoke, signal }: PollOptions): Promise<void> {
  const receive = new ReceiveMessageCommand({
    QueueUrl: queueUrl,
    MaxNumberOfMessages: 10,
    WaitTimeSeconds: 1,
    MessageSystemAttributeNames: ['All'],
  });
  const { Messages = [] } = await client.send(receive, { abortSignal: signal }).catch((error: unknown) => {
    if (signal.aborted) return { Messages: [] };
    throw error;
  });
  if (Messages.length === 0) return;
  const all = Messages.map(({ MessageId }) => ({ itemIdentifier: MessageId! }));
  const { batchItemFailures } = await invoke({ Records: Messages.map(recordOf) }).catch(() => ({
    batchItemFailures: all,
  }));
  const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
  const done = Messages.filter(({ MessageId }) => !failed.has(MessageId!));
  if (done.length === 0) return;
  const Entries = done.map(({ MessageId, ReceiptHandle }) => ({ Id: MessageId!, ReceiptHandle: ReceiptHandle! }));
  await client.send(new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
}

/** As it stands in the event (AWS Lambda, using Lambda with SQS). */
function recordOf({ MessageId, ReceiptHandle, Body, Attributes }: Message) {
  return {
    messageId: MessageId,
    receiptHandle: ReceiptHandle,
    body: Body,
    attributes: Attributes,
    messageAttributes: {},
    eventSource: 'aws:sqs',
  };
}

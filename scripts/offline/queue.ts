import { SQSClient } from '@aws-sdk/client-sqs';
import { startFauxqs } from 'fauxqs';
import { LOCAL_CLIENT } from './aws.ts';

/** An SQS on this machine, with one queue and where it puts aside what fails. */
export interface LocalQueue {
  url: string;
  client: SQSClient;
  /** Bodies of the messages that wait, and of those that were put aside. */
  waiting(): string[];
  putAside(): string[];
  stop(): Promise<void>;
}

/** `visibility`: after how many seconds a message comes again that was taken and not done; `receives`: how often at most. */
export async function startQueue({
  visibility,
  receives = 3,
}: {
  visibility: number;
  receives?: number;
}): Promise<LocalQueue> {
  const server = await startFauxqs({ port: 0, logger: false });
  const aside = server.createQueue('aside');
  server.createQueue('starts', {
    attributes: {
      VisibilityTimeout: `${visibility}`,
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: aside.queueArn, maxReceiveCount: `${receives}` }),
    },
  });
  const endpoint = `http://127.0.0.1:${server.port}`;
  const client = new SQSClient({ endpoint, ...LOCAL_CLIENT });
  const bodies = (name: string) => server.inspectQueue(name)!.messages.ready.map(({ body }) => body);
  return {
    url: `${endpoint}/000000000000/starts`,
    client,
    waiting: () => bodies('starts'),
    putAside: () => bodies('aside'),
    async stop() {
      client.destroy();
      await server.stop();
    },
  };
}

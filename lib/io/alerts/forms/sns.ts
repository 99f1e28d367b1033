import { PublishCommand, type PublishCommandInput, SNSClient, SNSServiceException } from '@aws-sdk/client-sns';
import type { Alert } from '../../../core/alert.ts';
import { messageOf, plainText, shortened } from '../../../core/message.ts';
import type { NotifyTarget } from '../../../core/policy.ts';
import { DeliveryError } from '../send.ts';
import { messageId } from './webhook.ts';

/** Amazon SNS API, Publish: a subject of less than 100 characters of ASCII; a message of 256 KB, which the text never comes near. */
const MOST_SUBJECT = 99;
const MOST_TRIES = 3;

/** What is published. Subscribers may filter by the attributes. */
export function snsMessage(topic: string, alert: Alert): PublishCommandInput {
  const message = messageOf(alert);
  const subject = `dcs-upgrader: ${message.title}: ${message.summary}`.replace(/[^\x20-\x7e]+ ?/g, '');
  const attribute = (text: string) => ({ DataType: 'String', StringValue: text });
  return {
    TopicArn: topic,
    Subject: shortened(subject, { most: MOST_SUBJECT }).replace('…', '~'),
    Message: plainText(message),
    MessageAttributes: { event: attribute(alert.event), severity: attribute(alert.severity) },
    // A topic that keeps order drops repeats by itself.
    ...(topic.endsWith('.fifo') ? { MessageGroupId: 'dcs-upgrader', MessageDeduplicationId: messageId(alert) } : {}),
  };
}

/** Publishes with the credentials of this process on AWS. @throws DeliveryError */
export async function publish({ topic = '' }: NotifyTarget, alert: Alert, timeout: number): Promise<void> {
  const [, , , region = ''] = topic.split(':');
  const requestHandler = { connectionTimeout: timeout, requestTimeout: timeout, throwOnRequestTimeout: true };
  const client = new SNSClient({ region, maxAttempts: MOST_TRIES, requestHandler });
  try {
    await client.send(new PublishCommand(snsMessage(topic, alert)));
  } catch (error) {
    // The name alone: the message of an error of authorization names the account and the role.
    const { name } = error as Error;
    const why = error instanceof SNSServiceException ? name : 'no answer';
    throw new DeliveryError(`SNS did not take it (${why})`, false, 0, name.startsWith('InvalidParameter'));
  } finally {
    client.destroy();
  }
}

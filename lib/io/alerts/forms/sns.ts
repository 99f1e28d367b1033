import type { Alert } from '../../../core/alert.ts';
import { messageOf, plainText, shortened } from '../../../core/message.ts';
import type { NotifyTarget } from '../../../core/policy.ts';
import { AwsClient } from '../../aws/client.ts';
import { AwsError } from '../../aws/exchange.ts';
import { systemEnv } from '../../config.ts';
import { DeliveryError } from '../send.ts';
import { messageId } from './webhook.ts';

/** Amazon SNS API, Publish: a subject of less than 100 characters of ASCII; a message of 256 KB, which the text never comes near. */
const MOST_SUBJECT = 99;
const MOST_TRIES = 3;
const VERSION = '2010-03-31';

/** What is published, as the form that Publish takes. Subscribers may filter by the attributes. */
export function snsForm(topic: string, alert: Alert): URLSearchParams {
  const message = messageOf(alert);
  const subject = `dcs-upgrader: ${message.title}: ${message.summary}`.replace(/[^\x20-\x7e]+ ?/g, '');
  const attributes = Object.entries({ event: alert.event, severity: alert.severity }).flatMap(([name, text], index) => {
    const entry = `MessageAttributes.entry.${index + 1}`;
    return [[`${entry}.Name`, name], [`${entry}.Value.DataType`, 'String'], [`${entry}.Value.StringValue`, text]]; // biome-ignore format: one thought
  });
  return new URLSearchParams({
    Action: 'Publish',
    Version: VERSION,
    TopicArn: topic,
    Subject: shortened(subject, { most: MOST_SUBJECT }).replace('…', '~'),
    Message: plainText(message),
    ...Object.fromEntries(attributes),
    // A topic that keeps order drops repeats by itself.
    ...(topic.endsWith('.fifo') ? { MessageGroupId: 'dcs-upgrader', MessageDeduplicationId: messageId(alert) } : {}),
  });
}

/** Publishes with the credentials of this process on AWS. @throws DeliveryError */
export async function publish({ topic = '' }: NotifyTarget, alert: Alert, timeout: number): Promise<void> {
  const [, , , region] = topic.split(':');
  const client = new AwsClient('sns', { env: systemEnv(), region, tries: MOST_TRIES, lasts: timeout });
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  try {
    await client.send({ method: 'POST', headers, body: snsForm(topic, alert).toString() });
  } catch (error) {
    // The name alone: the message of an error of authorization names the account and the role.
    const { name, status = 0 } = error as Partial<AwsError>;
    const why = error instanceof AwsError && status === 0 ? 'no answer' : name;
    throw new DeliveryError(`SNS did not take it (${why})`, false, 0, name?.startsWith('InvalidParameter') === true);
  } finally {
    client.close();
  }
}

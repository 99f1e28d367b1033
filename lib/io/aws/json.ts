import { AwsClient, type AwsOptions } from './client.ts';
import { AwsError } from './exchange.ts';

/** Calls of a service by their names in its API reference. */
export interface JsonService {
  /** @throws AwsError, or the SDK's CredentialsProviderError */
  call(operation: string, input: object): Promise<Record<string, unknown>>;
  close(): void;
}

/** The services of this kind: the version of the protocol, and what stands before the names of operations (AWS JSON protocol). */
const SERVICES = {
  dynamodb: { version: '1.0', target: 'DynamoDB_20120810' },
  secretsmanager: { version: '1.1', target: 'secretsmanager' },
  sqs: { version: '1.0', target: 'AmazonSQS' },
  ssm: { version: '1.1', target: 'AmazonSSM' },
} as const;

/** Nothing is asked before the first call. */
export function jsonService(service: keyof typeof SERVICES, options: AwsOptions): JsonService {
  const { version, target } = SERVICES[service];
  const client = new AwsClient(service, options);
  return {
    async call(operation, input) {
      const headers = { 'content-type': `application/x-amz-json-${version}`, 'x-amz-target': `${target}.${operation}` };
      const { body } = await client.send({ method: 'POST', headers, body: JSON.stringify(input) });
      try {
        return body.length === 0 ? {} : (JSON.parse(body.toString()) as Record<string, unknown>);
      } catch {
        throw new AwsError('SyntaxError', `the answer to ${operation} is not JSON`, 0);
      }
    },
    close: () => client.close(),
  };
}

import { AwsError } from '../aws/exchange.ts';
import { LedgerError } from './documents.ts';

const ROLE = 'give the role that this runs under the actions on the table that serverless.yml lists';
const KEYS = 'see which AWS credentials this process has; they are wrong, missing or have run out';
const LATER = 'the next run tries again; if this lasts, see the throttled requests of the table';
const NETWORK = 'see whether AWS_REGION and AWS_ENDPOINT_URL_DYNAMODB are right and the network is well';

/** What to do, by the name or code of the error. */
const ADVICE: Readonly<Record<string, string>> = {
  ResourceNotFoundException: 'see whether the stack is deployed in this region and LEDGER names its table',
  ValidationException: 'the table is not the one that serverless.yml makes, or an item is too large for it',
  AccessDeniedException: ROLE,
  KMSAccessDeniedException: ROLE,
  UnrecognizedClientException: KEYS,
  InvalidSignatureException: KEYS,
  ExpiredTokenException: KEYS,
  IncompleteSignatureException: KEYS,
  CredentialsProviderError: KEYS,
  ThrottlingException: LATER,
  ProvisionedThroughputExceededException: LATER,
  RequestLimitExceeded: LATER,
  InternalServerError: LATER,
  ItemCollectionSizeLimitExceededException: 'the table is full for one kind of item: delete old attempts',
  TimeoutError: NETWORK,
  ECONNREFUSED: NETWORK,
  ENOTFOUND: NETWORK,
  ECONNRESET: NETWORK,
};

/** Any error of AWS as a person needs it; one that is told well already stays as it is. */
export function dynamoError(table: string, error: unknown): LedgerError {
  if (error instanceof LedgerError) return error;
  const { name = 'Error', message = '', code = '' } = error as { name?: string; message?: string; code?: string };
  const advice = ADVICE[name] ?? ADVICE[code] ?? NETWORK;
  return new LedgerError(`dynamodb:${table}`, `${message || code || name} (${name}); ${advice}`, error);
}

/** A condition that did not hold is an answer, not a failure. */
export function isConflict(error: unknown): error is AwsError {
  return error instanceof AwsError && error.name === 'ConditionalCheckFailedException';
}

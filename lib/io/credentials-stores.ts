/** Where a secret may lie. A value of `CREDENTIALS` names the store and the secret: `secretsmanager:NAME`, `ssm:NAME`. */
export type SecretStore = 'secretsmanager' | 'ssm';

/** Gives the text of a secret. @throws an Error that names the secret and what to do, never its value */
export type ReadSecret = (store: SecretStore, name: string) => Promise<string>;

/** A secret is small and near: longer than this a try is lost, in milliseconds. */
const CLIENT = {
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 2_000, requestTimeout: 5_000, throwOnRequestTimeout: true },
};

/**
 * Loaded here and not above: most runs need neither client, and none needs both. Each stands in a file of its own, because
 * of a package that is imported in the middle of the code everything is bundled, and of these a hundredth is used.
 */
const STORES: Record<SecretStore, (name: string) => Promise<string | undefined>> = {
  secretsmanager: async (name) => (await import('./credentials-secretsmanager.ts')).readSecretString(name, CLIENT),
  ssm: async (name) => (await import('./credentials-ssm.ts')).readParameter(name, CLIENT),
};

const ABSENT = 'there is none of this name in this region';
const DENIED = 'allow the role that this runs under to read it, and to decrypt with its key';
const AWS_KEYS = 'see which AWS credentials this process has; they are wrong, missing or have run out';

/** What to do, by the name of the error (Secrets Manager API, GetSecretValue; Systems Manager API, GetParameter). */
const ADVICE: Readonly<Record<string, string>> = {
  ResourceNotFoundException: ABSENT,
  ParameterNotFound: ABSENT,
  InvalidRequestException: 'it is being deleted: restore it, or name another',
  AccessDeniedException: DENIED,
  DecryptionFailure: DENIED,
  InvalidKeyId: DENIED,
  UnrecognizedClientException: AWS_KEYS,
  InvalidSignatureException: AWS_KEYS,
  ExpiredTokenException: AWS_KEYS,
  CredentialsProviderError: AWS_KEYS,
};

/** Reads from AWS Secrets Manager, or from the Systems Manager parameter store. @throws Error, see {@link ReadSecret} */
export async function readSecret(store: SecretStore, name: string): Promise<string> {
  let text: string | undefined;
  try {
    text = await STORES[store](name);
  } catch (error) {
    const { name: kind = 'Error' } = error as { name?: string };
    const advice = ADVICE[kind] ?? 'see whether the service can be reached and AWS_REGION is right';
    throw new Error(`${store}:${name} cannot be read (${kind}): ${advice}`);
  }
  if (text === undefined) throw new Error(`${store}:${name} holds no text`);
  return text;
}

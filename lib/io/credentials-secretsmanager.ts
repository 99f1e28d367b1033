import {
  GetSecretValueCommand,
  SecretsManagerClient,
  type SecretsManagerClientConfig,
} from '@aws-sdk/client-secrets-manager';

/** The text of a secret (Secrets Manager API, GetSecretValue). Undefined where it holds bytes. @throws what the SDK throws */
export async function readSecretString(
  SecretId: string,
  config: SecretsManagerClientConfig,
): Promise<string | undefined> {
  const client = new SecretsManagerClient(config);
  try {
    return (await client.send(new GetSecretValueCommand({ SecretId }))).SecretString;
  } finally {
    client.destroy();
  }
}

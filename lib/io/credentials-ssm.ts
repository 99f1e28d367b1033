import { GetParameterCommand, SSMClient, type SSMClientConfig } from '@aws-sdk/client-ssm';

/** The value of a parameter, decrypted (Systems Manager API, GetParameter). Undefined where it has none. @throws what the SDK throws */
export async function readParameter(Name: string, config: SSMClientConfig): Promise<string | undefined> {
  const client = new SSMClient(config);
  try {
    return (await client.send(new GetParameterCommand({ Name, WithDecryption: true }))).Parameter?.Value;
  } finally {
    client.destroy();
  }
}

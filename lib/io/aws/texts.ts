import { systemEnv } from '../config.ts';
import { AwsClient } from './client.ts';
import { AwsError } from './exchange.ts';
import { jsonService } from './json.ts';

/** Near and small, and not worth waiting for longer. */
const TRIES = 3;

/** The text of a secret (Secrets Manager API, GetSecretValue). Undefined where it holds bytes. @throws AwsError */
export async function secretString(SecretId: string): Promise<string | undefined> {
  const service = jsonService('secretsmanager', { env: systemEnv(), tries: TRIES });
  try {
    return (await service.call('GetSecretValue', { SecretId })).SecretString as string | undefined;
  } finally {
    service.close();
  }
}

/** The value of a parameter, decrypted (Systems Manager API, GetParameter). Undefined where it has none. @throws AwsError */
export async function parameter(Name: string): Promise<string | undefined> {
  const service = jsonService('ssm', { env: systemEnv(), tries: TRIES });
  try {
    const { Parameter } = await service.call('GetParameter', { Name, WithDecryption: true });
    return (Parameter as { Value?: string } | undefined)?.Value;
  } finally {
    service.close();
  }
}

/** An object, `BUCKET/KEY`, whole (S3 API, GetObject). The bucket stands in the path, where its name may hold dots. @throws AwsError */
export async function object(name: string, mostBytes: number): Promise<Uint8Array> {
  const client = new AwsClient('s3', { env: systemEnv(), tries: TRIES, mostBytes });
  try {
    const path = `/${name.split('/').map(encoded).join('/')}`;
    const { status, body } = await client.send({ method: 'GET', path, headers: {}, body: '' });
    if (status !== 200) throw new AwsError(`HTTP ${status}`, '', status);
    return body;
  } finally {
    client.close();
  }
}

/** What RFC 3986 reserves is encoded too, as S3 expects it in signatures. */
function encoded(segment: string): string {
  return encodeURIComponent(segment).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

import type { AwsKeys } from './sign.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** Where the services of AWS are, and the keys for them. */
export interface AwsSettings {
  region: string;
  /** Asked before every request, because temporary keys are renewed. @throws CredentialsProviderError */
  keys(): Promise<AwsKeys>;
}

/** What a function finds in its environment. Whoever names a profile means its keys, as in every SDK. */
export async function awsSettings(env: Env): Promise<AwsSettings> {
  const { AWS_REGION: region, AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = env;
  if (region && accessKeyId && secretAccessKey && !env.AWS_PROFILE) {
    const keys = { accessKeyId, secretAccessKey, sessionToken: env.AWS_SESSION_TOKEN };
    return { region, keys: async () => keys };
  }
  // The SDK, which knows all other sources, costs a start more than all else: it is loaded for them alone.
  return (await import('./settings-sdk.ts')).sdkSettings(env);
}

/** How the names of hosts end, by how the region begins; elsewhere `amazonaws.com` (AWS General Reference, partitions). */
const ENDS: readonly [region: RegExp, end: string][] = [
  [/^cn-/, 'amazonaws.com.cn'],
  [/^eusc-/, 'amazonaws.eu'],
];

/** Of a service by its name in host names; `AWS_ENDPOINT_URL_…` and `AWS_ENDPOINT_URL` go before, as in every SDK. */
export function awsEndpoint(service: string, region: string, env: Env): string {
  const isIgnored = env.AWS_IGNORE_CONFIGURED_ENDPOINT_URLS === 'true';
  const configured = env[`AWS_ENDPOINT_URL_${variableOf(service)}`] || env.AWS_ENDPOINT_URL;
  if (configured && !isIgnored) return configured.replace(/\/+$/, '');
  const name = env.AWS_USE_FIPS_ENDPOINT === 'true' ? `${service}-fips` : service;
  const end = ENDS.find(([regions]) => regions.test(region))?.[1] ?? 'amazonaws.com';
  return `https://${name}.${region}.${end}`;
}

/** As the SDKs spell it in the names of variables. */
function variableOf(service: string): string {
  return service === 'secretsmanager' ? 'SECRETS_MANAGER' : service.toUpperCase();
}

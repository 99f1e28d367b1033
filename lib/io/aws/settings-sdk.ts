import { SQSClient } from '@aws-sdk/client-sqs';
import type { AwsSettings } from './settings.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** What the SDK finds elsewhere than in plain variables: profiles, single sign-on, roles of containers and machines. */
export async function sdkSettings({ AWS_REGION, AWS_PROFILE }: Env): Promise<AwsSettings> {
  // Any client would do. It is never sent anything with.
  const { config } = new SQSClient({
    ...(AWS_REGION ? { region: AWS_REGION } : {}),
    ...(AWS_PROFILE ? { profile: AWS_PROFILE } : {}),
  });
  return { region: await config.region(), keys: () => config.credentials() };
}

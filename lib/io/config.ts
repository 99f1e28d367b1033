import { type ApiKey, readApiKeys } from '../core/api-key.ts';
import { readWebhookSecrets, type WebhookSecret } from '../core/webhook-secret.ts';
import type { LogLevel } from '../deps.ts';
import { credentialsProblem } from './credentials.ts';
import { queueProblem } from './dispatch/on-demand.ts';
import { DEFAULT_LEDGER, ledgerProblem } from './ledger/open.ts';
import { LOG_LEVELS } from './log.ts';
import { type PolicyPlace, policyPlace } from './stored-policy.ts';
import { urlProblem } from './url.ts';

export type Env = Readonly<Record<string, string | undefined>>;

export interface Config {
  /** Values that may be shown to nobody: access keys, secret keys, tokens. What is learned later is added. */
  secrets: string[];
  /** Base URL in place of every scope's own, without a slash at its end. */
  endpoint: string | null;
  /** The same for Cloud Eye. */
  cesEndpoint: string | null;
  /** The same for IAM. */
  iamEndpoint: string | null;
  /** A path, unless the policy lies elsewhere: see `policyPlace`. */
  policyFile: string;
  policyPlace: PolicyPlace | null;
  /** As `openLedger` takes it. */
  ledger: string;
  /** The URL of an SQS queue that hands upgrades to workers; null: they are begun in this process. */
  queue: string | null;
  logLevel: LogLevel;
  /** Who may call the HTTP routes; without any, nobody may. */
  apiKeys: ApiKey[];
  /** What sources of alerts sign with. */
  webhookSecrets: WebhookSecret[];
  /** For a policy's `env:NAME`, and for credential sets by their names. */
  env: Env;
}

/** All that is wrong with the environment, by name and never with a value. */
export class ConfigError extends Error {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`the environment is not as it should be:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

type Check = (value: string) => string | null;

/** Every variable that is looked at, and what its value must be. An empty one counts as absent, but for one of secrets. */
const VARIABLES: Record<string, Check> = {
  CLOUD_SDK_AK: anything,
  CLOUD_SDK_SK: anything,
  CLOUD_SDK_SECURITY_TOKEN: anything,
  HUAWEICLOUD_PROJECT_ID: anything,
  HUAWEICLOUD_REGION: anything,
  CREDENTIALS: credentialsProblem,
  DCS_ENDPOINT: (value) => urlProblem(value),
  CES_ENDPOINT: (value) => urlProblem(value),
  IAM_ENDPOINT: (value) => urlProblem(value),
  POLICY: policyProblem,
  LEDGER: ledgerProblem,
  QUEUE: queueProblem,
  API_KEYS: (value) => readApiKeys(value).problems.join('; ') || null,
  WEBHOOK_SECRETS: (value) => readWebhookSecrets(value).problems.join('; ') || null,
  LOG_LEVEL: (value) => (isLogLevel(value) ? null : `must be one of ${LOG_LEVELS.join(', ')}`),
};

/** Named sets: `CREDENTIALS_MAIN` says where the set `main` is; where that is `env`, it stands in `CLOUD_SDK_AK_MAIN` and so on. */
const NAMED = /^(CREDENTIALS|CLOUD_SDK_AK|CLOUD_SDK_SK|CLOUD_SDK_SECURITY_TOKEN)_[A-Z0-9_]+$/;
const SECRET = /^CLOUD_SDK_(AK|SK|SECURITY_TOKEN)(_[A-Z0-9_]+)?$/;

/** The process's own, for who was given none. */
export function systemEnv(): Env {
  return process.env;
}

/** Reads and checks the environment. @throws ConfigError with every problem at once */
export function readConfig(env: Env = process.env): Config {
  const problems = Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : problemsOf(name, value)));
  if (problems.length > 0) throw new ConfigError(problems.sort());
  const webhookSecrets = readWebhookSecrets(env.WEBHOOK_SECRETS ?? 'none').secrets;
  const secrets = Object.entries(env).flatMap(([name, value]) => (SECRET.test(name) && value ? [value] : []));
  return {
    secrets: [...secrets, ...webhookSecrets.map(({ secret }) => secret)],
    endpoint: env.DCS_ENDPOINT?.replace(/\/+$/, '') || null,
    cesEndpoint: env.CES_ENDPOINT?.replace(/\/+$/, '') || null,
    iamEndpoint: env.IAM_ENDPOINT?.replace(/\/+$/, '') || null,
    policyFile: (env.POLICY || 'file:policy.yaml').replace(/^file:/, ''),
    policyPlace: policyPlace(env.POLICY ?? ''),
    ledger: env.LEDGER || DEFAULT_LEDGER,
    queue: env.QUEUE || null,
    logLevel: LOG_LEVELS.find((level) => level === env.LOG_LEVEL) ?? 'info',
    apiKeys: readApiKeys(env.API_KEYS ?? '').keys,
    webhookSecrets,
    env,
  };
}

function problemsOf(name: string, value: string): string[] {
  const check = VARIABLES[name] ?? VARIABLES[NAMED.exec(name)?.[1] ?? ''];
  if (!check || (value === '' && name !== 'WEBHOOK_SECRETS')) return [];
  // Pasted keys and secrets from files often bring a newline along, and a signature made with it is merely "wrong".
  if (value !== value.trim()) return [`${name} has white space at its beginning or end`];
  const problem = check(value);
  return problem ? [`${name} ${problem}`] : [];
}

function anything(): null {
  return null;
}

function policyProblem(value: string): string | null {
  return /^file:./.test(value) || policyPlace(value) ? null : 'must be "file:PATH", "s3://BUCKET/KEY" or "ssm:/NAME"';
}

function isLogLevel(value: string): boolean {
  return LOG_LEVELS.some((level) => level === value);
}

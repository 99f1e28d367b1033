import { describe, expect, it } from '@jest/globals';
import { ConfigError, type Env, readConfig } from '../../lib/io/config.ts';

function problemsOf(env: Env): readonly string[] {
  try {
    readConfig(env);
    return [];
  } catch (error) {
    return (error as ConfigError).problems;
  }
}

describe('the environment', () => {
  it('may be empty: everything has a default', () => {
    const { env, ...rest } = readConfig({});
    expect(rest).toEqual({
      secrets: [],
      endpoint: null,
      cesEndpoint: null,
      iamEndpoint: null,
      policyFile: 'policy.yaml',
      policyPlace: null,
      ledger: 'sqlite:.dcs-upgrader/ledger.db',
      queue: null,
      logLevel: 'info',
      apiKeys: [],
      webhookSecrets: [],
    });
    expect(env).toEqual({});
  });

  it('says what it says', () => {
    const env = {
      DCS_ENDPOINT: 'http://127.0.0.1:8080/',
      CES_ENDPOINT: 'http://127.0.0.1:8081/',
      POLICY: 'file:/etc/p.yaml',
      LEDGER: 'memory',
      QUEUE: 'https://sqs.eu-central-1.amazonaws.com/0/starts',
      LOG_LEVEL: 'debug',
      API_KEYS: `ci:read+upgrade:${'ab'.repeat(32)}`,
      WEBHOOK_SECRETS: 'pagerduty:0123456789abcdef',
    };
    const rest = readConfig(env);
    const endpoint = 'http://127.0.0.1:8080';
    expect(rest).toEqual({
      secrets: ['0123456789abcdef'],
      endpoint,
      cesEndpoint: 'http://127.0.0.1:8081',
      iamEndpoint: null,
      policyFile: '/etc/p.yaml',
      policyPlace: null,
      ledger: 'memory',
      queue: 'https://sqs.eu-central-1.amazonaws.com/0/starts',
      logLevel: 'debug',
      apiKeys: [{ name: 'ci', rights: ['read', 'upgrade'], sha256: 'ab'.repeat(32) }],
      webhookSecrets: [{ source: 'pagerduty', secret: '0123456789abcdef' }],
      env,
    });
  });

  it('an empty variable counts as absent', () => {
    const env = {
      DCS_ENDPOINT: '',
      POLICY: '',
      LEDGER: '',
      LOG_LEVEL: '',
      QUEUE: '',
      CREDENTIALS: '',
      CLOUD_SDK_SK: '',
    };
    const { env: _, ...rest } = readConfig(env);
    const { env: __, ...defaults } = readConfig({});
    expect(rest).toEqual(defaults);
  });

  it('F130 but one of secrets is an error: nothing that is signed with nothing is taken', () => {
    expect(problemsOf({ WEBHOOK_SECRETS: '' })).toEqual([expect.stringMatching(/^WEBHOOK_SECRETS is empty/)]);
  });

  it('tells of every problem at once, by name, and of no value', () => {
    const env = {
      LOG_LEVEL: 'hunter2-level',
      POLICY: 'hunter2.yaml',
      QUEUE: 'hunter2-queue',
      CLOUD_SDK_SK: 'hunter2\n',
      HOME: '/root',
    };
    expect(() => readConfig(env)).toThrow(ConfigError);
    const problems = problemsOf(env);
    expect(problems.map((problem) => problem.split(' ')[0])).toEqual(['CLOUD_SDK_SK', 'LOG_LEVEL', 'POLICY', 'QUEUE']);
    expect(problems.join('\n')).not.toContain('hunter2');
  });

  it.each<{ name: string; value: string; problem: string | null }>`
    name                          | value                               | problem
    ${'CLOUD_SDK_AK'}             | ${'AK\n'}                           | ${'has white space at its beginning or end'}
    ${'CLOUD_SDK_SK'}             | ${' SK'}                            | ${'has white space at its beginning or end'}
    ${'CLOUD_SDK_SK_MAIN'}        | ${'SK\r'}                           | ${'has white space at its beginning or end'}
    ${'CLOUD_SDK_SECURITY_TOKEN'} | ${'\ttoken'}                        | ${'has white space at its beginning or end'}
    ${'HUAWEICLOUD_PROJECT_ID'}   | ${'0d2a '}                          | ${'has white space at its beginning or end'}
    ${'HUAWEICLOUD_REGION'}       | ${'moon-1'}                         | ${null}
    ${'CREDENTIALS'}              | ${'env'}                            | ${null}
    ${'CREDENTIALS'}              | ${'agency'}                         | ${null}
    ${'CREDENTIALS'}              | ${'ssm:/dcs'}                       | ${null}
    ${'CREDENTIALS_MAIN'}         | ${'env'}                            | ${null}
    ${'CREDENTIALS_MAIN'}         | ${'secretsmanager:dcs'}             | ${null}
    ${'CREDENTIALS'}              | ${'file'}                           | ${'must be "env", "secretsmanager:NAME", "ssm:NAME" or "agency"'}
    ${'CREDENTIALS'}              | ${'ssm:'}                           | ${'must be "env", "secretsmanager:NAME", "ssm:NAME" or "agency"'}
    ${'CREDENTIALS_MAIN'}         | ${'secretsmanager:a b'}             | ${'must be "env", "secretsmanager:NAME", "ssm:NAME" or "agency"'}
    ${'DCS_ENDPOINT'}             | ${'https://dcs.example.com/x'}      | ${null}
    ${'DCS_ENDPOINT'}             | ${'http://localhost:80'}            | ${null}
    ${'DCS_ENDPOINT'}             | ${'http://[::1]:8080'}              | ${null}
    ${'DCS_ENDPOINT'}             | ${'http://127.9.9.9'}               | ${null}
    ${'DCS_ENDPOINT'}             | ${'http://dcs.example.com'}         | ${'must be https; plain http is for loopback only'}
    ${'DCS_ENDPOINT'}             | ${'http://127.0.0.1.evil.com'}      | ${'must be https; plain http is for loopback only'}
    ${'DCS_ENDPOINT'}             | ${'http://localhost.evil.com'}      | ${'must be https; plain http is for loopback only'}
    ${'DCS_ENDPOINT'}             | ${'https://u:p@dcs.example.com'}    | ${'must hold no user name and no password'}
    ${'DCS_ENDPOINT'}             | ${'https://dcs.example.com/?a'}     | ${'must hold no query'}
    ${'DCS_ENDPOINT'}             | ${'https://dcs.example.com/#a'}     | ${'must hold no fragment'}
    ${'DCS_ENDPOINT'}             | ${'dcs.example.com'}                | ${'must be an https URL'}
    ${'DCS_ENDPOINT'}             | ${'file:///etc/passwd'}             | ${'must be an https URL'}
    ${'CES_ENDPOINT'}             | ${'https://ces.example.com'}        | ${null}
    ${'CES_ENDPOINT'}             | ${'http://ces.example.com'}         | ${'must be https; plain http is for loopback only'}
    ${'POLICY'}                   | ${'s3://bucket/key'}                | ${null}
    ${'POLICY'}                   | ${'ssm:/name'}                      | ${null}
    ${'POLICY'}                   | ${'s3://bucket'}                    | ${'must be "file:PATH", "s3://BUCKET/KEY" or "ssm:/NAME"'}
    ${'POLICY'}                   | ${'s3://bucket/a/../b'}             | ${'must be "file:PATH", "s3://BUCKET/KEY" or "ssm:/NAME"'}
    ${'POLICY'}                   | ${'s3://Bucket/key'}                | ${'must be "file:PATH", "s3://BUCKET/KEY" or "ssm:/NAME"'}
    ${'POLICY'}                   | ${'ssm:'}                           | ${'must be "file:PATH", "s3://BUCKET/KEY" or "ssm:/NAME"'}
    ${'POLICY'}                   | ${'policy.yaml'}                    | ${'must be "file:PATH", "s3://BUCKET/KEY" or "ssm:/NAME"'}
    ${'POLICY'}                   | ${'file:'}                          | ${'must be "file:PATH", "s3://BUCKET/KEY" or "ssm:/NAME"'}
    ${'LEDGER'}                   | ${'sqlite:/var/l.db'}               | ${null}
    ${'LEDGER'}                   | ${'ledger.db'}                      | ${'must be "sqlite:PATH", "dynamodb:TABLE" or "memory"'}
    ${'QUEUE'}                    | ${'http://sqs.example.com/q'}       | ${'must be https; plain http is for loopback only'}
    ${'QUEUE'}                    | ${'https://sqs.example.com/q.fifo'} | ${'must not be a FIFO queue: starts have no order, and one that fails must not stop the rest'}
    ${'LOG_LEVEL'}                | ${'verbose'}                        | ${'must be one of debug, info, warn, error'}
    ${'SOMETHING_ELSE'}           | ${' x '}                            | ${null}
  `('$name=$value: $problem', ({ name, value, problem }) => {
    expect(problemsOf({ [name]: value })).toEqual(problem === null ? [] : [`${name} ${problem}`]);
  });
});

it('F127: every key of every set is known as a secret', () => {
  const { secrets } = readConfig({
    CLOUD_SDK_AK: 'AK-DEFAULT',
    CLOUD_SDK_SK: 'SK-DEFAULT',
    CLOUD_SDK_SECURITY_TOKEN: 'TOKEN-DEFAULT',
    CREDENTIALS_MAIN_2: 'env',
    CLOUD_SDK_AK_MAIN_2: 'AK-MAIN',
    CLOUD_SDK_AK_HALF: 'AK-HALF',
  });
  expect([...secrets].sort()).toEqual(['AK-DEFAULT', 'AK-HALF', 'AK-MAIN', 'SK-DEFAULT', 'TOKEN-DEFAULT']);
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { jsonService } from '../../lib/io/aws/json.ts';
import { awsEndpoint, awsSettings } from '../../lib/io/aws/settings.ts';
import { signAws } from '../../lib/io/aws/sign.ts';
import { LOCAL_AWS } from '../../scripts/offline/aws.ts';
import { type Reply, startUnkindServer, type Unkindness, type UnkindServer } from '../support/unkind-server.ts';

const servers: UnkindServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function serverOf(...answers: (Reply | Unkindness)[]): Promise<UnkindServer> {
  const server = await startUnkindServer((_, nth) => answers[nth - 1] ?? { body: { Item: 'good' } });
  servers.push(server);
  return server;
}

const refusal = (status: number, type: string): Reply => ({ status, body: { __type: `a.b#${type}`, message: 'no' } });

describe('a request', () => {
  it('is signed as AWS has it in its example of GetObject', () => {
    const url = new URL('https://examplebucket.s3.amazonaws.com/test.txt');
    const { authorization } = signAws(
      { method: 'GET', url, headers: { range: 'bytes=0-9' }, body: '' },
      { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' },
      { service: 's3', region: 'us-east-1' },
      Date.parse('2013-05-24T00:00:00Z'),
    );
    expect(authorization).toBe(
      'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, ' +
        'SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, ' +
        'Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
    );
  });

  /** Each signature is the one that the SDK's own signer (@smithy/signature-v4) makes of the same request. */
  it.each<{
    what: string;
    service: string;
    region: string;
    url: string;
    token?: string;
    body: string;
    target?: string;
    signature: string;
  }>`
    what                         | service          | region            | url                                                                                           | token          | target                         | body                       | signature
    ${'a body and a token'}      | ${'dynamodb'}    | ${'cn-north-1'}   | ${'https://dynamodb.cn-north-1.amazonaws.com.cn/'}                                            | ${'token/+=='} | ${'DynamoDB_20120810.GetItem'} | ${'{"TableName":"täble"}'} | ${'e8ec73a9b5f3d475170316aa212c86dc7c905f357020a8e6a12ceaa71f9dc20f'}
    ${'an odd key in S3'}        | ${'s3'}          | ${'eu-central-1'} | ${'https://s3.eu-central-1.amazonaws.com/a.bucket/a%20b/%28c%29%27%2A%21/%C3%A4%2B%25~.yaml'} | ${undefined}   | ${undefined}                   | ${''}                      | ${'4d3093d890208eff1f96c8d20a77d2cbc584526339fbeac362cbf0476dc669d3'}
    ${'a path that is not S3’s'} | ${'execute-api'} | ${'us-east-1'}    | ${'https://example.com/a%20b/'}                                                               | ${undefined}   | ${undefined}                   | ${''}                      | ${'86c45d9f0f8bc64b52001008854ae15dacc6c0a6c19404f303846dc3d008f8af'}
  `('with $what is signed as the SDK signs it', ({ service, region, url, token, body, target, signature }) => {
    const keys = {
      accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
      secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
      sessionToken: token,
    };
    const headers = target ? { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': target } : {};
    const request = { method: body ? 'POST' : 'GET', url: new URL(url), headers, body } as const;
    const { authorization } = signAws(request, keys, { service, region }, Date.parse('2026-11-24T01:02:03Z'));
    expect(authorization).toMatch(new RegExp(`Signature=${signature}$`));
  });

  it('says what is asked for, and carries the token of temporary keys', async () => {
    const { url, received } = await serverOf();
    const env = { ...LOCAL_AWS, AWS_SESSION_TOKEN: 'token' };
    await jsonService('dynamodb', { endpoint: url, env }).call('GetItem', { TableName: 'täble' });
    expect(received).toMatchObject([
      {
        method: 'POST',
        path: '/',
        body: '{"TableName":"täble"}',
        headers: {
          'content-type': 'application/x-amz-json-1.0',
          'x-amz-target': 'DynamoDB_20120810.GetItem',
          'x-amz-security-token': 'token',
          authorization: expect.stringMatching(/Credential=local\/\d{8}\/us-east-1\/dynamodb\/aws4_request/),
        },
      },
    ]);
  });
});

describe('a failure', () => {
  it.each<{ what: string; answer: Reply | Unkindness }>`
    what                              | answer
    ${'a broken connection'}          | ${'reset'}
    ${'half an answer'}               | ${'truncated'}
    ${'a 500'}                        | ${refusal(500, 'InternalServerError')}
    ${'a 503 of something between'}   | ${{ status: 503, body: 'busy' }}
    ${'too many requests'}            | ${refusal(400, 'ProvisionedThroughputExceededException')}
    ${'throttling, told in a header'} | ${{ status: 400, headers: { 'x-amzn-errortype': 'ThrottlingException:http://x/' }, body: {} }}
  `('$what passes: it is asked again, with a fresh signature', async ({ answer }) => {
    const { url, received } = await serverOf(answer);
    expect(await jsonService('dynamodb', { endpoint: url, env: LOCAL_AWS }).call('GetItem', {})).toEqual({
      Item: 'good',
    });
    expect(received).toHaveLength(2);
  });

  it.each(['ConditionalCheckFailedException', 'AccessDeniedException', 'ValidationException'])(
    '%s is final',
    async (type) => {
      const { url, received } = await serverOf(refusal(400, type));
      const failure = jsonService('dynamodb', { endpoint: url, env: LOCAL_AWS }).call('PutItem', {});
      await expect(failure).rejects.toMatchObject({ name: type, message: 'no', status: 400 });
      expect(received).toHaveLength(1);
    },
  );

  it('an answer that is no JSON is one', async () => {
    const { url } = await serverOf({ body: '<html>' });
    const failure = jsonService('dynamodb', { endpoint: url, env: LOCAL_AWS }).call('GetItem', {});
    await expect(failure).rejects.toThrow('the answer to GetItem is not JSON');
  });

  it('that lasts is told after four tries', async () => {
    const broken = refusal(500, 'InternalServerError');
    const { url, received } = await serverOf(broken, broken, broken, broken, broken);
    await expect(jsonService('ssm', { endpoint: url, env: LOCAL_AWS }).call('GetParameter', {})).rejects.toMatchObject({
      name: 'InternalServerError',
    });
    expect(received).toHaveLength(4);
  });

  it('of a server that says nothing ends after five seconds', async () => {
    const { url } = await serverOf('silent');
    const began = performance.now();
    const failure = jsonService('dynamodb', { endpoint: url, env: LOCAL_AWS, tries: 1 }).call('GetItem', {});
    await expect(failure).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(performance.now() - began).toBeGreaterThan(4_900);
  }, 15_000);
});

describe('where the region and the keys are found', () => {
  const before = { ...process.env };
  const folder = mkdtempSync(join(tmpdir(), 'aws-'));
  afterEach(() => {
    process.env = { ...before };
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('in plain variables', async () => {
    const { region, keys } = await awsSettings({ ...LOCAL_AWS, AWS_SESSION_TOKEN: 't' });
    expect([region, await keys()]).toEqual([
      'us-east-1',
      { accessKeyId: 'local', secretAccessKey: 'local', sessionToken: 't' },
    ]);
  });

  it.each<{ why: string; env: object }>`
    why                         | env
    ${'there are no variables'} | ${{ AWS_PROFILE: 'work' }}
    ${'a profile is asked for'} | ${{ ...LOCAL_AWS, AWS_REGION: undefined, AWS_PROFILE: 'work' }}
  `('in a profile, by the SDK, where $why', async ({ env }) => {
    const [config, credentials] = [join(folder, 'config'), join(folder, 'credentials')];
    writeFileSync(config, '[profile work]\nregion = eu-north-1\n');
    writeFileSync(credentials, '[work]\naws_access_key_id = AKP\naws_secret_access_key = SKP\n');
    const all = { ...env, AWS_CONFIG_FILE: config, AWS_SHARED_CREDENTIALS_FILE: credentials };
    for (const name of Object.keys(LOCAL_AWS)) delete process.env[name];
    for (const [name, value] of Object.entries(all)) if (value && !(name in LOCAL_AWS)) process.env[name] = value;
    const { region, keys } = await awsSettings(all);
    expect([region, await keys()]).toMatchObject(['eu-north-1', { accessKeyId: 'AKP', secretAccessKey: 'SKP' }]);
  });

  it.each<{ service: string; region: string; env: Record<string, string>; endpoint: string }>`
    service             | region              | env                                                                              | endpoint
    ${'dynamodb'}       | ${'eu-central-1'}   | ${{}}                                                                            | ${'https://dynamodb.eu-central-1.amazonaws.com'}
    ${'dynamodb'}       | ${'cn-north-1'}     | ${{}}                                                                            | ${'https://dynamodb.cn-north-1.amazonaws.com.cn'}
    ${'dynamodb'}       | ${'eusc-de-east-1'} | ${{}}                                                                            | ${'https://dynamodb.eusc-de-east-1.amazonaws.eu'}
    ${'dynamodb'}       | ${'us-gov-west-1'}  | ${{ AWS_USE_FIPS_ENDPOINT: 'true' }}                                             | ${'https://dynamodb-fips.us-gov-west-1.amazonaws.com'}
    ${'dynamodb'}       | ${'eu-central-1'}   | ${{ AWS_ENDPOINT_URL_DYNAMODB: 'http://a:1/', AWS_ENDPOINT_URL: 'http://b' }}    | ${'http://a:1'}
    ${'s3'}             | ${'eu-central-1'}   | ${{ AWS_ENDPOINT_URL_DYNAMODB: 'http://a:1', AWS_ENDPOINT_URL: 'http://b' }}     | ${'http://b'}
    ${'secretsmanager'} | ${'eu-central-1'}   | ${{ AWS_ENDPOINT_URL_SECRETS_MANAGER: 'http://c' }}                              | ${'http://c'}
    ${'ssm'}            | ${'eu-central-1'}   | ${{ AWS_ENDPOINT_URL: 'http://b', AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' }} | ${'https://ssm.eu-central-1.amazonaws.com'}
  `('$service in $region with $env: $endpoint', ({ service, region, env, endpoint }) => {
    expect(awsEndpoint(service, region, env)).toBe(endpoint);
  });
});

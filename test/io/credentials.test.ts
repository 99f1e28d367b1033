import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { MINUTE, SECOND } from '../../lib/core/time.ts';
import { type CredentialOptions, createCredentials } from '../../lib/io/credentials.ts';
import { createDcs } from '../../lib/io/dcs/client.ts';
import type { Credentials } from '../../lib/io/dcs/sign.ts';
import { NIGHT } from '../support/builders.ts';
import { type Received, type Reply, startUnkindServer, type UnkindServer } from '../support/unkind-server.ts';

const OLD_KEYS = { ak: 'AK-OLD-1234', sk: 'SK-OLD-1234' };
const NEW_KEYS = { ak: 'AK-NEW-5678', sk: 'SK-NEW-5678' };

let now = NIGHT;
let learned: string[] = [];
let logged: unknown[][] = [];
beforeEach(() => {
  now = NIGHT;
  learned = [];
  logged = [];
});

function source(env: CredentialOptions['env'], read?: CredentialOptions['read']) {
  return createCredentials({
    env,
    clock: { now: () => now },
    log: (...line) => logged.push(line),
    learn: (values) => learned.push(...values),
    ...(read ? { read } : {}),
  });
}

/** A store whose one secret is `held.text`; an Error is thrown instead. */
function store(first: unknown) {
  const held: { text: unknown; reads: number } = { text: JSON.stringify(first), reads: 0 };
  const read = async (): Promise<string> => {
    held.reads += 1;
    if (held.text instanceof Error) throw held.text;
    return String(held.text);
  };
  return { held, keys: source({ CREDENTIALS: 'ssm:/dcs' }, read) };
}

describe('sets from the environment', () => {
  const env = {
    CLOUD_SDK_AK: 'AK-DEFAULT',
    CLOUD_SDK_SK: 'SK-DEFAULT',
    CLOUD_SDK_SECURITY_TOKEN: 'TOKEN-DEFAULT',
    CREDENTIALS_MAIN_2: 'env',
    CLOUD_SDK_AK_MAIN_2: 'AK-MAIN',
    CLOUD_SDK_SK_MAIN_2: 'SK-MAIN',
    CLOUD_SDK_AK_HALF: 'AK-HALF',
  };

  it.each<[string | undefined, object]>([
    [undefined, { ak: 'AK-DEFAULT', sk: 'SK-DEFAULT', securityToken: 'TOKEN-DEFAULT' }],
    ['main-2', { ak: 'AK-MAIN', sk: 'SK-MAIN' }],
    ['MAIN_2', { ak: 'AK-MAIN', sk: 'SK-MAIN' }],
  ])('the set %s', async (name, found) => {
    expect(await source(env)(name)).toEqual(found);
  });

  it('one that lacks something is an error that names it, and never another set', async () => {
    await expect(source(env)('half')).rejects.toThrow(/^CLOUD_SDK_SK_HALF is not set$/);
    await expect(source(env)('none')).rejects.toThrow(/^CLOUD_SDK_AK_NONE and CLOUD_SDK_SK_NONE are not set$/);
    await expect(source({})(undefined)).rejects.toThrow(/^CLOUD_SDK_AK and CLOUD_SDK_SK are not set$/);
  });

  it('each named set may lie elsewhere', async () => {
    const read = async (kind: string, name: string) => JSON.stringify({ ak: `${kind}-ak`, sk: name });
    const keys = source({ ...env, CREDENTIALS_MAIN_2: 'ssm:/main', CREDENTIALS_B: 'secretsmanager:b' }, read);
    expect(await Promise.all([keys('main-2'), keys('b'), keys(undefined)])).toEqual([
      { ak: 'ssm-ak', sk: '/main' },
      { ak: 'secretsmanager-ak', sk: 'b' },
      { ak: 'AK-DEFAULT', sk: 'SK-DEFAULT', securityToken: 'TOKEN-DEFAULT' },
    ]);
  });
});

describe('a secret', () => {
  it.each<{ text: string; found: object }>`
    text                                                     | found
    ${'{"ak":"a1","sk":"s1"}'}                               | ${{ ak: 'a1', sk: 's1' }}
    ${'{"ak":"a1","sk":"s1","securityToken":"t1"}'}          | ${{ ak: 'a1', sk: 's1', securityToken: 't1' }}
    ${'{"ak":"a1","sk":"s1","securityToken":"","user":"x"}'} | ${{ ak: 'a1', sk: 's1' }}
    ${'{"ak":"a1","sk":"s1","securityToken":null}'}          | ${{ ak: 'a1', sk: 's1' }}
  `('$text', async ({ text, found }) => {
    expect(await source({ CREDENTIALS: 'ssm:/dcs' }, async () => text)(undefined)).toEqual(found);
  });

  it.each<{ text: string; problem: string }>`
    text                                                 | problem
    ${'hunter2'}                                         | ${'is not a JSON object with "ak" and "sk"'}
    ${'"hunter2"'}                                       | ${'is not a JSON object with "ak" and "sk"'}
    ${'["hunter2"]'}                                     | ${'is not a JSON object with "ak" and "sk"'}
    ${''}                                                | ${'is not a JSON object with "ak" and "sk"'}
    ${'{"AK":"hunter2","sk":"hunter2"}'}                 | ${'must hold "ak" as a text without white space'}
    ${'{"ak":"hunter2\\n","sk":""}'}                     | ${'must hold "ak" and "sk" as a text without white space'}
    ${'{"ak":"hunter2","sk":7}'}                         | ${'must hold "sk" as a text without white space'}
    ${'{"ak":"hunter2","sk":"s","securityToken":"a b"}'} | ${'must hold "securityToken" as a text without white space'}
  `('F127: $text is an error that names the secret and no value', async ({ text, problem }) => {
    const keys = source({ CREDENTIALS: 'ssm:/dcs' }, async () => text);
    await expect(keys(undefined)).rejects.toThrow(new Error(`ssm:/dcs ${problem}`));
  });

  it('F127: its values are known as secrets before they are used', async () => {
    await store({ ...OLD_KEYS, securityToken: 'TOKEN-1234' }).keys(undefined);
    expect(learned.sort()).toEqual(['AK-OLD-1234', 'SK-OLD-1234', 'TOKEN-1234']);
  });
});

describe('F128: how long a secret is kept', () => {
  it.each<{ after: number; reads: number; found: Credentials; why: string }>`
    after             | reads | found       | why
    ${0}              | ${1}  | ${OLD_KEYS} | ${'it was read just now'}
    ${5 * MINUTE - 1} | ${1}  | ${OLD_KEYS} | ${'a warm process asks once in five minutes'}
    ${5 * MINUTE}     | ${2}  | ${NEW_KEYS} | ${'a rotated one is found without a restart'}
  `('after $after ms: $reads reads ($why)', async ({ after, reads, found }) => {
    const { held, keys } = store(OLD_KEYS);
    await keys(undefined);
    held.text = JSON.stringify(NEW_KEYS);
    now += after;
    expect(await keys(undefined)).toEqual(found);
    expect(held.reads).toBe(reads);
  });

  it.each<{ after: number; refused: Credentials; reads: number; why: string }>`
    after          | refused     | reads | why
    ${10 * SECOND} | ${OLD_KEYS} | ${2}  | ${'what it held was refused'}
    ${9 * SECOND}  | ${OLD_KEYS} | ${1}  | ${'it was read a moment ago; a wrong secret must not be asked for with every call'}
    ${10 * SECOND} | ${NEW_KEYS} | ${1}  | ${'what was refused is not what it holds: others have renewed it'}
  `('refused after $after ms: $reads reads ($why)', async ({ after, refused, reads }) => {
    const { held, keys } = store(OLD_KEYS);
    await keys(undefined);
    now += after;
    await keys(undefined, refused);
    expect(held.reads).toBe(reads);
  });

  it('twenty who ask at once share one read', async () => {
    const { held, keys } = store(OLD_KEYS);
    await Promise.all(Array.from({ length: 20 }, () => keys(undefined)));
    now += MINUTE;
    await Promise.all(Array.from({ length: 20 }, () => keys(undefined, OLD_KEYS)));
    expect(held.reads).toBe(2);
  });

  it('one that cannot be read again is used as it was, the log is told, and half a minute later it is tried anew', async () => {
    const { held, keys } = store(OLD_KEYS);
    await keys(undefined);
    held.text = new Error('ssm:/dcs cannot be read');
    now += 5 * MINUTE;
    expect([await keys(undefined), await keys(undefined)]).toEqual([OLD_KEYS, OLD_KEYS]);
    expect(held.reads).toBe(2);
    expect(logged).toEqual([['warn', 'credentials_not_read_again', { problem: 'ssm:/dcs cannot be read' }]]);
    held.text = JSON.stringify(NEW_KEYS);
    now += 30 * SECOND;
    expect(await keys(undefined)).toEqual(NEW_KEYS);
  });

  it('one that could never be read is asked for again each time', async () => {
    const { held, keys } = store(OLD_KEYS);
    held.text = new Error('no');
    await expect(keys(undefined)).rejects.toThrow('no');
    held.text = JSON.stringify(NEW_KEYS);
    expect(await keys(undefined)).toEqual(NEW_KEYS);
  });
});

describe('F128: a secret that is rotated while the program runs', () => {
  const scope = { id: 'cn-north-4/p1', region: 'cn-north-4', project: 'p1' };
  const isSignedBy = ({ headers }: Received, { ak }: Credentials) => headers.authorization?.includes(`Access=${ak},`);
  const refusal: Reply = {
    status: 401,
    body: { error_code: 'APIGW.0301', error_msg: 'Incorrect IAM authentication information' },
  };
  let api: UnkindServer;
  beforeEach(async () => {
    api = await startUnkindServer();
  });
  afterEach(() => api.close());

  function client(keys: ReturnType<typeof source>) {
    const sleep = async (ms: number) => {
      now += ms;
    };
    const clock = { now: () => now, sleep };
    return createDcs({ clock, credentials: keys, endpointOverride: api.url, log: () => {} });
  }

  async function rotated() {
    const { held, keys } = store(OLD_KEYS);
    await keys(undefined);
    held.text = JSON.stringify(NEW_KEYS);
    now += MINUTE;
    return { held, dcs: client(keys) };
  }

  it('a read that is refused with 401 is made once more, with the new one', async () => {
    const { held, dcs } = await rotated();
    api.answer = (request) =>
      isSignedBy(request, NEW_KEYS)
        ? { body: { engine_minor_version: '1', engine_minor_version_upgradable: true } }
        : refusal;
    expect(await dcs.showVersions(scope, 'i-1')).toMatchObject({ engine: { current: '1' } });
    expect([api.received.length, held.reads]).toEqual([2, 2]);
  });

  it('and not a third time, when the new one is refused as well', async () => {
    const { held, dcs } = await rotated();
    api.answer = () => refusal;
    await expect(dcs.showVersions(scope, 'i-1')).rejects.toMatchObject({ code: 'APIGW.0301', status: 401 });
    expect([api.received.length, held.reads]).toEqual([2, 2]);
  });

  it.each<{ what: string; text: unknown }>`
    what                                | text
    ${'the secret is the same as ever'} | ${JSON.stringify(OLD_KEYS)}
    ${'the secret cannot be read'}      | ${new Error('no')}
  `('a read that is refused is not made again when $what', async ({ text }) => {
    const { held, dcs } = await rotated();
    held.text = text;
    api.answer = () => refusal;
    await expect(dcs.showVersions(scope, 'i-1')).rejects.toMatchObject({ code: 'APIGW.0301' });
    expect([api.received.length, held.reads]).toEqual([1, 2]);
  });

  it('an upgrade that is refused with 401 is not sent again', async () => {
    const { dcs } = await rotated();
    api.answer = (request) => (isSignedBy(request, NEW_KEYS) ? { body: { task_id: 't' } } : refusal);
    expect(await dcs.upgrade(scope, 'i-1', { engine: 'latest' })).toMatchObject({
      kind: 'refused',
      code: 'APIGW.0301',
    });
    expect(api.received).toHaveLength(1);
  });
});

describe('the stores of AWS, as their clients speak to them', () => {
  const before = { ...process.env };
  let aws: UnkindServer;
  beforeAll(async () => {
    aws = await startUnkindServer();
    Object.assign(process.env, {
      AWS_ENDPOINT_URL_SECRETS_MANAGER: aws.url,
      AWS_ENDPOINT_URL_SSM: aws.url,
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
    });
  });
  beforeEach(() => {
    aws.received.length = 0;
  });
  afterAll(async () => {
    process.env = before;
    await aws.close();
  });

  const text = JSON.stringify(NEW_KEYS);
  it.each<{ spec: string; target: string; asked: object; body: object }>`
    spec                         | target                             | asked                                          | body
    ${'secretsmanager:dcs/prod'} | ${'secretsmanager.GetSecretValue'} | ${{ SecretId: 'dcs/prod' }}                    | ${{ Name: 'dcs/prod', SecretString: text }}
    ${'ssm:/dcs/prod'}           | ${'AmazonSSM.GetParameter'}        | ${{ Name: '/dcs/prod', WithDecryption: true }} | ${{ Parameter: { Name: '/dcs/prod', Value: text } }}
  `('$spec', async ({ spec, target, asked, body }) => {
    aws.answer = () => ({ body });
    expect(await source({ CREDENTIALS: spec })(undefined)).toEqual(NEW_KEYS);
    expect(aws.received.map(({ headers, body: sent }) => [headers['x-amz-target'], JSON.parse(sent)])).toEqual([
      [target, asked],
    ]);
  });

  it.each<{ spec: string; status: number; type: string; problem: RegExp; tries: number }>`
    spec                    | status | type                             | tries | problem
    ${'secretsmanager:dcs'} | ${400} | ${'ResourceNotFoundException'}   | ${1}  | ${/^secretsmanager:dcs cannot be read \(ResourceNotFoundException\): there is none of this name/}
    ${'secretsmanager:dcs'} | ${400} | ${'AccessDeniedException'}       | ${1}  | ${/^secretsmanager:dcs .*: allow the role/}
    ${'secretsmanager:dcs'} | ${400} | ${'UnrecognizedClientException'} | ${1}  | ${/^secretsmanager:dcs .*: see which AWS credentials/}
    ${'secretsmanager:dcs'} | ${500} | ${'InternalServiceError'}        | ${3}  | ${/^secretsmanager:dcs .*: see whether the service can be reached/}
    ${'ssm:/dcs'}           | ${400} | ${'ParameterNotFound'}           | ${1}  | ${/^ssm:\/dcs cannot be read \(ParameterNotFound\): there is none/}
    ${'ssm:/dcs'}           | ${400} | ${'AccessDeniedException'}       | ${1}  | ${/^ssm:\/dcs .*: allow the role/}
  `('$spec: $status $type, after $tries tries, says what to do', async ({ spec, status, type, problem, tries }) => {
    aws.answer = () => ({ status, body: { __type: type, message: 'hunter2' } });
    const failure = source({ CREDENTIALS: spec })(undefined);
    await expect(failure).rejects.toThrow(problem);
    await expect(failure).rejects.not.toThrow('hunter2');
    expect(aws.received).toHaveLength(tries);
  });

  it.each(['secretsmanager:dcs', 'ssm:/dcs'])('%s without a text says so', async (spec) => {
    aws.answer = () => ({ body: { SecretBinary: 'aGk=' } });
    await expect(source({ CREDENTIALS: spec })(undefined)).rejects.toThrow(`${spec} holds no text`);
  });
});

import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EXPIRES, TABLE_SCHEMA } from '../lib/io/ledger/dynamodb-schema.ts';
import { METRIC_NAMES, NAMESPACE, WORKER_METRIC_NAMES } from '../lib/io/metrics.ts';
import { HANDED_FOR } from '../lib/pass/hand.ts';
import { QUEUE } from './nights/queue.ts';
import { permissionsOf, type Resource, type Template, templateProblems } from './support/cloudformation.ts';

const root = resolve(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'package-'));
afterAll(() => rmSync(folder, { recursive: true }));

let template: Template;
beforeAll(async () => {
  await packageInto(folder);
  template = JSON.parse(readFileSync(join(folder, '.serverless', 'cloudformation-template-update-stack.json'), 'utf8'));
}, 120_000);

const resource = (name: string): Resource => template.Resources[name]!;
const ofType = (type: string) => Object.entries(template.Resources).filter(([, { Type }]) => Type === type);

describe('the packaged template', () => {
  it('has nothing that CloudFormation does not know, and all that it needs', async () => {
    expect(await templateProblems(template)).toEqual([]);
  });

  it('names no account', () => {
    expect(readFileSync(join(root, 'serverless.yml'), 'utf8')).not.toMatch(/\b\d{12}\b/);
    expect(JSON.stringify(template)).not.toMatch(/arn:[^"]*:\d{12}:/);
  });

  it('each function has its source, a zip of at most 400 KB, and its log for a bounded time', () => {
    const functions = ofType('AWS::Lambda::Function').map(([name]) => name.replace('LambdaFunction', ''));
    expect(functions.length).toBeGreaterThan(0);
    for (const name of functions) {
      const word = name.charAt(0).toLowerCase() + name.slice(1);
      expect(existsSync(join(root, 'handlers', `${word}.ts`))).toBe(true);
      expect(statSync(join(folder, '.serverless', `${word}.zip`)).size).toBeLessThanOrEqual(400 * 1024);
      expect(resource(`${name}LogGroup`).Properties.RetentionInDays).toBe(30);
    }
  });

  it('each function runs on arm64 under a role of its own', () => {
    const functions = ofType('AWS::Lambda::Function').map(([, { Properties }]) => Properties);
    expect(functions.map(({ Architectures, Runtime }) => [Architectures, Runtime])).toEqual(
      functions.map(() => [['arm64'], 'nodejs24.x']),
    );
    const roles = functions.map(({ Role }) => Role['Fn::GetAtt'][0] as string);
    expect(new Set(roles).size).toBe(functions.length);
  });
});

it('each function gets what the example policy takes from the environment, from the shell that deploys', () => {
  const taken = readFileSync(join(root, 'policy.example.yaml'), 'utf8')
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .flatMap((line) => line.match(/(?<=env:)[A-Z_]+/g) ?? []);
  expect(taken).toContain('HUAWEICLOUD_PROJECT_ID');
  for (const [, { Properties }] of ofType('AWS::Lambda::Function')) {
    const { Variables } = Properties.Environment;
    expect(Object.keys(Variables)).toEqual(expect.arrayContaining(taken));
    expect([Variables.HUAWEICLOUD_PROJECT_ID, Variables.HUAWEICLOUD_REGION]).toEqual(['of-the-shell', '']);
  }
});

describe('the ledger’s table', () => {
  it('is the one that the program makes its requests for', () => {
    expect(resource('Ledger').Properties).toMatchObject(TABLE_SCHEMA);
    expect(resource('Ledger').Properties.TableName).toBe('dcs-upgrader-dev');
    expect(resource('TickLambdaFunction').Properties.Environment.Variables.LEDGER).toBe('dynamodb:dcs-upgrader-dev');
  });

  it('outlives mistakes: deletion, replacement, and what was overwritten', () => {
    const { DeletionPolicy, UpdateReplacePolicy, Properties } = resource('Ledger');
    expect([DeletionPolicy, UpdateReplacePolicy]).toEqual(['Retain', 'Retain']);
    expect(Properties).toMatchObject({
      DeletionProtectionEnabled: true,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      TimeToLiveSpecification: { AttributeName: EXPIRES, Enabled: true },
    });
  });
});

describe('what may be done by whom', () => {
  const secret = 'arn:{AWS::Partition}:secretsmanager:{AWS::Region}:{AWS::AccountId}:secret:dcs-upgrader-dev-??????';
  /** Where a stage names them, and not where it does not. */
  const moreSecrets = [
    { when: 'HasMoreSecrets', actions: ['secretsmanager:GetSecretValue'], on: ['a list'] },
    { when: 'HasMoreParameters', actions: ['ssm:GetParameter'], on: ['a list'] },
  ];
  const parameter = 'arn:{AWS::Partition}:ssm:{AWS::Region}:{AWS::AccountId}:parameter';
  const storedPolicy = [
    { when: 'PolicyIsObject', actions: ['s3:GetObject'], on: ['arn:{AWS::Partition}:s3:::'] },
    { when: 'PolicyIsParameter', actions: ['ssm:GetParameter'], on: [parameter] },
  ];
  const tableActions = ['BatchWriteItem', 'DeleteItem', 'GetItem', 'PutItem', 'Query'];

  it('is this, and nothing else', () => {
    expect(Object.fromEntries(ofType('AWS::IAM::Role').map(([name, role]) => [name, permissionsOf(role)]))).toEqual({
      TickRole: [
        { actions: tableActions.map((name) => `dynamodb:${name}`), on: ['Ledger.Arn', '{Ledger.Arn}/index/*'] },
        { actions: ['secretsmanager:GetSecretValue'], on: [secret] },
        ...moreSecrets,
        ...storedPolicy,
        { actions: ['sns:Publish'], on: ['Alarms'] },
        { actions: ['sqs:SendMessage'], on: ['Starts.Arn'] },
        { actions: ['logs:CreateLogStream', 'logs:PutLogEvents'], on: ['TickLogGroup.Arn'] },
      ],
      HttpRole: [
        { actions: tableActions.map((name) => `dynamodb:${name}`), on: ['Ledger.Arn', '{Ledger.Arn}/index/*'] },
        { actions: ['secretsmanager:GetSecretValue'], on: [secret] },
        ...moreSecrets,
        ...storedPolicy,
        { actions: ['sns:Publish'], on: ['Alarms'] },
        { actions: ['sqs:SendMessage'], on: ['Starts.Arn'] },
        { actions: ['logs:CreateLogStream', 'logs:PutLogEvents'], on: ['HttpLogGroup.Arn'] },
      ],
      AlertsRole: [
        {
          actions: ['DeleteItem', 'GetItem', 'PutItem', 'Query'].map((name) => `dynamodb:${name}`),
          on: ['Ledger.Arn'],
          keys: ['hold', 'note', 'condition'],
        },
        ...storedPolicy,
        { actions: ['logs:CreateLogStream', 'logs:PutLogEvents'], on: ['AlertsLogGroup.Arn'] },
      ],
      WorkerRole: [
        { actions: tableActions.map((name) => `dynamodb:${name}`), on: ['Ledger.Arn', '{Ledger.Arn}/index/*'] },
        { actions: ['secretsmanager:GetSecretValue'], on: [secret] },
        ...moreSecrets,
        ...storedPolicy,
        { actions: ['sns:Publish'], on: ['Alarms'] },
        { actions: ['sqs:SendMessage'], on: ['Starts.Arn'] },
        { actions: ['sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ReceiveMessage'], on: ['Starts.Arn'] },
        { actions: ['logs:CreateLogStream', 'logs:PutLogEvents'], on: ['WorkerLogGroup.Arn'] },
      ],
      SchedulerRole: [
        { actions: ['lambda:InvokeFunction'], on: ['TickLambdaFunction.Arn'] },
        { actions: ['sqs:SendMessage'], on: ['DeadLetters.Arn'] },
      ],
    });
  });

  it('stands in inline policies alone, and each role is one service’s', () => {
    const roles = ofType('AWS::IAM::Role').map(([name, { Properties }]) => {
      const services = Properties.AssumeRolePolicyDocument.Statement.map(
        (statement: { Principal: object }) => statement.Principal,
      );
      return [name, services, Properties.ManagedPolicyArns];
    });
    expect(roles).toEqual([
      ['TickRole', [{ Service: 'lambda.amazonaws.com' }], undefined],
      ['HttpRole', [{ Service: 'lambda.amazonaws.com' }], undefined],
      ['AlertsRole', [{ Service: 'lambda.amazonaws.com' }], undefined],
      ['WorkerRole', [{ Service: 'lambda.amazonaws.com' }], undefined],
      ['SchedulerRole', [{ Service: 'scheduler.amazonaws.com' }], undefined],
    ]);
    expect(ofType('AWS::IAM::Policy')).toEqual([]);
  });

  it('nobody but the HTTP API may call a function without a role, and it only the two', () => {
    const permissions = ofType('AWS::Lambda::Permission').map(([, { Properties }]) => Properties);
    expect(permissions).toMatchObject(
      ['HttpLambdaFunction', 'AlertsLambdaFunction'].map((name) => ({
        FunctionName: { 'Fn::GetAtt': [name, 'Arn'] },
        Action: 'lambda:InvokeFunction',
        Principal: 'apigateway.amazonaws.com',
      })),
    );
    for (const { SourceArn } of permissions) expect(JSON.stringify(SourceArn)).toContain('{"Ref":"HttpApi"}');
  });

  it('covers what the ledger asks of the table, and no more', () => {
    const code = readFileSync(join(root, 'lib/io/ledger/dynamodb-table.ts'), 'utf8');
    const used = [...code.matchAll(/#(?:call|unlessConflict)\('(\w+)'/g)].map(([, operation]) => operation);
    expect([...new Set(used)].sort()).toEqual(tableActions);
  });
});

describe('the schedule', () => {
  it('ticks every five minutes, on the minute, and what cannot be delivered is kept', () => {
    expect(ofType('AWS::Scheduler::Schedule').map(([, { Properties }]) => Properties)).toEqual([
      {
        ScheduleExpression: 'cron(0/5 * * * ? *)',
        State: 'ENABLED',
        FlexibleTimeWindow: { Mode: 'OFF' },
        Target: {
          Arn: { 'Fn::GetAtt': ['TickLambdaFunction', 'Arn'] },
          RoleArn: { 'Fn::GetAtt': ['SchedulerRole', 'Arn'] },
          RetryPolicy: { MaximumEventAgeInSeconds: 300, MaximumRetryAttempts: 3 },
          DeadLetterConfig: { Arn: { 'Fn::GetAtt': ['DeadLetters', 'Arn'] } },
        },
      },
    ]);
  });

  it('a tick runs alone, ends before the next one is due, and is not repeated when it failed', () => {
    const { ReservedConcurrentExecutions, Timeout } = resource('TickLambdaFunction').Properties;
    expect([ReservedConcurrentExecutions, Timeout]).toEqual([1, 290]);
    expect(resource('TickLambdaEvConf').Properties).toMatchObject({ MaximumRetryAttempts: 0 });
  });
});

describe('the queue', () => {
  it('brings starts to the worker, and each message that fails comes again alone', () => {
    expect(ofType('AWS::Lambda::EventSourceMapping').map(([, { Properties }]) => Properties)).toMatchObject([
      {
        EventSourceArn: { 'Fn::GetAtt': ['Starts', 'Arn'] },
        FunctionName: { 'Fn::GetAtt': ['WorkerLambdaFunction', 'Arn'] },
        FunctionResponseTypes: ['ReportBatchItemFailures'],
        BatchSize: QUEUE.batch,
        ScalingConfig: { MaximumConcurrency: QUEUE.workers },
      },
    ]);
    for (const name of ['TickLambdaFunction', 'HttpLambdaFunction', 'WorkerLambdaFunction'])
      expect(resource(name).Properties.Environment.Variables.QUEUE).toEqual({ Ref: 'Starts' });
  });

  it('keeps a message from a second worker for as long as the first one has, and not until the claim is sent anew', () => {
    const { VisibilityTimeout, RedrivePolicy } = resource('Starts').Properties;
    expect(VisibilityTimeout).toBeGreaterThan(resource('WorkerLambdaFunction').Properties.Timeout);
    expect(VisibilityTimeout * 1_000).toBeLessThan(HANDED_FOR);
    // As the bad nights play it.
    expect(VisibilityTimeout * 1_000).toBe(QUEUE.visibility);
    expect(RedrivePolicy).toEqual({
      deadLetterTargetArn: { 'Fn::GetAtt': ['DeadLetters', 'Arn'] },
      maxReceiveCount: QUEUE.receives,
    });
  });
});

describe('the HTTP API', () => {
  it('has one route for everything, one for alerts, and no answer for other sites’ scripts', () => {
    const keys = ofType('AWS::ApiGatewayV2::Route').map(([, { Properties }]) => Properties.RouteKey);
    expect(keys).toEqual(['$default', 'POST /alerts/{source}']);
    expect(resource('HttpApi').Properties.CorsConfiguration).toBeUndefined();
  });

  it('what strangers may send to knows neither the queue nor the credentials, and alone what they sign with', () => {
    const { QUEUE, CREDENTIALS, WEBHOOK_SECRETS } = resource('AlertsLambdaFunction').Properties.Environment.Variables;
    expect([QUEUE, CREDENTIALS]).toEqual(['', '']);
    expect(WEBHOOK_SECRETS).toBe('{{resolve:secretsmanager:dcs-upgrader-dev-webhooks}}');
    for (const name of ['TickLambdaFunction', 'HttpLambdaFunction', 'WorkerLambdaFunction'])
      expect(resource(name).Properties.Environment.Variables.WEBHOOK_SECRETS).toBeUndefined();
  });

  it('has time enough to begin what is ordered, and its keys from a parameter of the stage', () => {
    const { Timeout, Environment } = resource('HttpLambdaFunction').Properties;
    expect(Timeout).toBeGreaterThanOrEqual(75);
    expect(Environment.Variables.API_KEYS).toBe('{{resolve:ssm:/dcs-upgrader/dev/api-keys}}');
    expect(resource('TickLambdaFunction').Properties.Environment.Variables.API_KEYS).toBeUndefined();
  });
});

describe('alarms', () => {
  it.each<{ name: string; metric: string; of: object; when: string; missing: string }>`
    name                      | metric                                          | of                                                | when                               | missing
    ${'TickErrorsAlarm'}      | ${'AWS/Lambda Errors'}                          | ${{ Ref: 'TickLambdaFunction' }}                  | ${'GreaterThanOrEqualToThreshold'} | ${'notBreaching'}
    ${'TickThrottlesAlarm'}   | ${'AWS/Lambda Throttles'}                       | ${{ Ref: 'TickLambdaFunction' }}                  | ${'GreaterThanOrEqualToThreshold'} | ${'notBreaching'}
    ${'HttpErrorsAlarm'}      | ${'AWS/Lambda Errors'}                          | ${{ Ref: 'HttpLambdaFunction' }}                  | ${'GreaterThanOrEqualToThreshold'} | ${'notBreaching'}
    ${'HttpThrottlesAlarm'}   | ${'AWS/Lambda Throttles'}                       | ${{ Ref: 'HttpLambdaFunction' }}                  | ${'GreaterThanOrEqualToThreshold'} | ${'notBreaching'}
    ${'AlertsErrorsAlarm'}    | ${'AWS/Lambda Errors'}                          | ${{ Ref: 'AlertsLambdaFunction' }}                | ${'GreaterThanOrEqualToThreshold'} | ${'notBreaching'}
    ${'AlertsThrottlesAlarm'} | ${'AWS/Lambda Throttles'}                       | ${{ Ref: 'AlertsLambdaFunction' }}                | ${'GreaterThanOrEqualToThreshold'} | ${'notBreaching'}
    ${'WorkerErrorsAlarm'}    | ${'AWS/Lambda Errors'}                          | ${{ Ref: 'WorkerLambdaFunction' }}                | ${'GreaterThanOrEqualToThreshold'} | ${'notBreaching'}
    ${'WorkerThrottlesAlarm'} | ${'AWS/Lambda Throttles'}                       | ${{ Ref: 'WorkerLambdaFunction' }}                | ${'GreaterThanOrEqualToThreshold'} | ${'notBreaching'}
    ${'NoTickAlarm'}          | ${'AWS/Lambda Invocations'}                     | ${{ Ref: 'TickLambdaFunction' }}                  | ${'LessThanThreshold'}             | ${'breaching'}
    ${'DeadLettersAlarm'}     | ${'AWS/SQS ApproximateNumberOfMessagesVisible'} | ${{ 'Fn::GetAtt': ['DeadLetters', 'QueueName'] }} | ${'GreaterThanOrEqualToThreshold'} | ${'notBreaching'}
  `('$name: $metric, $when 1, and no data is $missing', ({ name, metric, of, when, missing }) => {
    const alarm = resource(name).Properties;
    expect([`${alarm.Namespace} ${alarm.MetricName}`, alarm.ComparisonOperator, alarm.Threshold]).toEqual([
      metric,
      when,
      1,
    ]);
    expect([alarm.Dimensions[0].Value, alarm.TreatMissingData]).toEqual([of, missing]);
  });

  it('all of them are told to the topic, and say what to do', () => {
    const alarms = ofType('AWS::CloudWatch::Alarm').map(([, { Properties }]) => Properties);
    for (const { AlarmActions, AlarmDescription } of alarms) {
      expect(AlarmActions).toEqual([{ Ref: 'Alarms' }]);
      expect(AlarmDescription).toMatch(/\. .+\.$|; .+\.$/);
    }
  });
});

it('the dashboard shows every figure of a tick and of the workers, and no other', () => {
  const body: string = resource('Dashboard').Properties.DashboardBody['Fn::Sub'];
  const { widgets } = JSON.parse(body) as { widgets: { properties: { metrics: string[][] } }[] };
  const shown = widgets.flatMap(({ properties }) => {
    // "." repeats what stands above it.
    let namespace = '';
    return properties.metrics.map(([first, metric]) => {
      namespace = first === '.' ? namespace : first!;
      return `${namespace} ${metric}`;
    });
  });
  const lambda = ['AWS/Lambda Errors', 'AWS/Lambda Throttles'];
  expect(shown.sort()).toEqual(
    [...[...METRIC_NAMES, ...WORKER_METRIC_NAMES].map((name) => `${NAMESPACE} ${name}`), ...lambda].sort(),
  );
});

describe('the check itself', () => {
  const table = (change: object): Template => ({
    Resources: {
      T: {
        Type: 'AWS::DynamoDB::Table',
        Properties: { KeySchema: [{ AttributeName: 'a', KeyType: 'HASH' }], ...change },
      },
    },
  });

  it.each<{ what: string; template: Template; problems: string[] }>`
    what                                  | template                                                                     | problems
    ${'nothing is wrong'}                 | ${table({})}                                                                 | ${[]}
    ${'a type that does not exist'}       | ${{ Resources: { X: { Type: 'AWS::DynamoDB::Tabel' } } }}                    | ${['X: there is no resource type AWS::DynamoDB::Tabel']}
    ${'a property that does not exist'}   | ${table({ TableNam: 'x' })}                                                  | ${['T.TableNam is not known']}
    ${'a property inside one'}            | ${table({ TimeToLiveSpecification: { Attribute: 'x', Enabled: true } })}     | ${['T.TimeToLiveSpecification.Attribute is not known']}
    ${'a required property is missing'}   | ${{ Resources: { R: { Type: 'AWS::IAM::Role' } } }}                          | ${['R.AssumeRolePolicyDocument is missing']}
    ${'one inside a list is missing'}     | ${table({ LocalSecondaryIndexes: [{ IndexName: 'i', KeySchema: [] }] })}     | ${['T.LocalSecondaryIndexes[0].Projection is missing']}
    ${'a word for a number'}              | ${table({ DeletionProtectionEnabled: 'yes' })}                               | ${['T.DeletionProtectionEnabled must be of the type boolean']}
    ${'an attribute that does not exist'} | ${{ Resources: { Q: { Type: 'AWS::SQS::Queue', DeletePolicy: 'Retain' } } }} | ${['Q.DeletePolicy is not known']}
    ${'what is known at deployment only'} | ${table({ TableName: { Ref: 'X' } })}                                        | ${[]}
  `('finds: $what', async (row) => {
    expect(await templateProblems(row.template)).toEqual(row.problems);
  });
});

/** Builds and packages a copy of the sources, so that nothing in the working folder changes. No network is needed. */
async function packageInto(target: string): Promise<void> {
  for (const name of ['handlers', 'lib', 'scripts', 'package.json', 'serverless.yml'])
    cpSync(join(root, name), join(target, name), { recursive: true });
  cpSync(join(root, 'policy.example.yaml'), join(target, 'policy.yaml'));
  symlinkSync(join(root, 'node_modules'), join(target, 'node_modules'));
  const run = promisify(execFile);
  const shell = { HUAWEICLOUD_PROJECT_ID: 'of-the-shell' };
  const env = { PATH: process.env.PATH, HOME: target, SLS_TELEMETRY_DISABLED: '1', CI: '1', ...shell };
  await run(process.execPath, ['scripts/build.ts'], { cwd: target, env });
  await run(process.execPath, [serverlessCli(), 'package', '--stage', 'dev'], { cwd: target, env });
}

function serverlessCli(): string {
  const home = join(root, 'node_modules', 'serverless');
  const { bin } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as { bin: Record<string, string> };
  return join(home, bin.serverless!);
}

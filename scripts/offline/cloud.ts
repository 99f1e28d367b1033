import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { alerts } from '../../handlers/alerts.ts';
import { http } from '../../handlers/http.ts';
import { tick } from '../../handlers/tick.ts';
import { worker } from '../../handlers/worker.ts';
import type { Clock } from '../../lib/deps.ts';
import { systemClock } from '../../lib/io/clock.ts';
import { createRuntime, type Runtime } from '../../lib/io/runtime.ts';
import { DEMO_KEY } from '../../lib/simulator/build.ts';
import type { FleetFile } from '../../lib/simulator/fleet.ts';
import { type RunningSimulator, startSimulator } from '../../lib/simulator/server.ts';
import { LOCAL_AWS } from './aws.ts';
import { type Invoke, serve } from './gateway.ts';
import { poll } from './poll.ts';
import { startQueue } from './queue.ts';
import { createTable, type LocalDynamo, startDynalite, startDynamoDbLocal } from './table.ts';
import { readTemplate } from './template.ts';

export interface CloudOptions {
  fleet: FleetFile;
  policyFile: string;
  /** Of the HTTP routes; 0 takes a free one. */
  port: number;
  /** From the end of one scheduled tick to the next, in milliseconds. */
  every: number;
  /** Whether the table is the real DynamoDB Local, which Java runs. */
  java: boolean;
  /** Takes one line of the functions' log, with its end of line. */
  writeLog: (line: string) => void;
}

export interface Cloud {
  url: string;
  /** Good for every route. */
  key: string;
  simulator: RunningSimulator;
  table: LocalDynamo['kind'];
  /** Ends the schedule and the workers after what they have begun, and then everything else. */
  stop(): Promise<void>;
}

/** After how many seconds a message that a worker did not end comes again; on AWS it is as long as a worker may take. */
const VISIBILITY = 10;

/**
 * The deployment of serverless.yml on this machine: DCS, table, queue, schedule and HTTP gateway as local servers, and the
 * real handlers between them. serverless-offline would bring a hundred packages, and neither queue nor the template's
 * references (`!Ref`), so the hundred lines that are needed stand here. Sets AWS_* of this process, because the AWS SDK reads them there.
 * @throws when the port is taken or the fleet is a bad one; what was begun by then is stopped
 */
export async function startCloud(options: CloudOptions): Promise<Cloud> {
  const stops: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const end of stops.splice(0).reverse()) await end();
  };
  try {
    return { ...(await start(options, stops)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start(options: CloudOptions, stops: (() => Promise<unknown>)[]): Promise<Omit<Cloud, 'stop'>> {
  const simulator = await startSimulator({ clock: systemClock, fleet: options.fleet });
  stops.push(() => simulator.close());
  const dynamo = await (options.java ? startDynamoDbLocal() : startDynalite());
  stops.push(() => dynamo.stop());
  const queue = await startQueue({ visibility: VISIBILITY });
  stops.push(() => queue.stop());
  useLocalAws({ AWS_ENDPOINT_URL_DYNAMODB: dynamo.endpoint, AWS_ENDPOINT_URL_SQS: new URL(queue.url).origin });
  const key = `offline-${randomBytes(12).toString('hex')}`;
  const sk = options.fleet.keys ?? { [DEMO_KEY.ak]: DEMO_KEY.sk };
  const env = {
    ...process.env,
    CREDENTIALS: 'env',
    CLOUD_SDK_AK: Object.keys(sk)[0],
    CLOUD_SDK_SK: Object.values(sk)[0],
    CLOUD_SDK_SECURITY_TOKEN: '',
    DCS_ENDPOINT: simulator.url,
    CES_ENDPOINT: simulator.url,
    POLICY: `file:${options.policyFile}`,
    LEDGER: `dynamodb:${await createTable(dynamo.endpoint)}`,
    QUEUE: queue.url,
    API_KEYS: `offline:read+operate+upgrade:${createHash('sha256').update(key).digest('hex')}`,
  };
  // Each function has a process of its own on AWS, and so nothing in common with the others.
  const load = async (): Promise<() => Promise<Runtime>> => {
    const runtime = await createRuntime({ env, clock: systemClock, writeLog: options.writeLog });
    stops.push(() => runtime.close());
    return async () => runtime;
  };
  const [ticks, routes, intake, workers] = [await load(), await load(), await load(), await load()];
  const { timeouts, concurrency } = readTemplate();
  const [invokeHttp, invokeAlerts] = [http(routes), alerts(intake)] as unknown as [Invoke, Invoke];
  const api = await serve((event) => {
    const isAlert = isAlertRoute(event as Parameters<typeof isAlertRoute>[0]);
    return isAlert ? invokeAlerts(event, contextOf(timeouts.alerts)) : invokeHttp(event, contextOf(timeouts.http));
  }, options.port);
  stops.push(() => api.close());
  const ended = new AbortController();
  const { signal } = ended;
  const invoke = (event: unknown) => worker(workers)(event, contextOf(timeouts.worker));
  const polling = poll({ client: queue.client, queueUrl: queue.url, invoke, concurrency, signal });
  const scheduling = schedule(
    () => tick(ticks)(scheduledEvent(systemClock), contextOf(timeouts.tick)),
    options,
    signal,
  );
  stops.push(async () => {
    ended.abort();
    await Promise.all([polling, scheduling]);
  });
  return { url: api.url, key, simulator, table: dynamo.kind };
}

/** `POST /alerts/{source}`, which has a function of its own. */
function isAlertRoute({ rawPath, requestContext }: { rawPath: string; requestContext: { http: { method: string } } }) {
  return requestContext.http.method === 'POST' && /^\/alerts\/[^/]+$/.test(rawPath);
}

/** One after the other, as the tick's reserved concurrency of 1 has it. A tick that fails is not repeated. */
async function schedule(
  invoke: () => Promise<unknown>,
  { every, writeLog }: CloudOptions,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await invoke().catch((error: unknown) => writeLog(`the tick failed: ${error}\n`));
    await systemClock.sleep(every, signal).catch(() => undefined);
  }
}

/** What EventBridge Scheduler sends to a target without an input of its own. */
function scheduledEvent(clock: Clock) {
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': 'Scheduled Event',
    source: 'aws.scheduler',
    account: '000000000000',
    time: new Date(clock.now()).toISOString(),
    region: LOCAL_AWS.AWS_REGION,
    resources: ['arn:aws:scheduler:us-east-1:000000000000:schedule/default/tick'],
    detail: '{}',
  };
}

function contextOf(timeout: number) {
  const end = systemClock.now() + timeout;
  return { getRemainingTimeInMillis: () => Math.max(0, end - systemClock.now()) };
}

function useLocalAws(endpoints: Record<string, string>): void {
  // A profile would go before the keys, and these are not meant for any real account.
  for (const name of ['AWS_PROFILE', 'AWS_SESSION_TOKEN', 'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS'])
    delete process.env[name];
  Object.assign(process.env, LOCAL_AWS, endpoints);
}

/** One process of the scale test: `table`, `tick` or `worker`. It ends with its parent, or is killed by it. */
import { appendFileSync } from 'node:fs';
import { tick } from '../../handlers/tick.ts';
import { worker } from '../../handlers/worker.ts';
import type { Message } from '../../lib/deps.ts';
import type { Ticked } from '../../lib/io/metrics.ts';
import { createRuntime, type Runtime } from '../../lib/io/runtime.ts';
import { createRandom } from '../../lib/simulator/random.ts';
import { LOCAL_CLIENT } from '../offline/aws.ts';
import { poll } from '../offline/poll.ts';
import { createTable, startDynalite } from '../offline/table.ts';
import { movedClock } from './night.ts';

/** What a process tells its parent. */
export type Told =
  | { kind: 'table'; endpoint: string; name: string }
  | { kind: 'tick'; ms: number; started: number; followed: number; finished: number; errors: number }
  | { kind: 'failed'; problem: string }
  | { kind: 'doubled'; count: number };

const [role = '', seed = '1'] = process.argv.slice(2);
const random = createRandom(Number(seed));
/** Of messages that a tick sends, this share is sent twice; of those a worker has done, this share comes again. */
const [SENT_TWICE, COMES_AGAIN] = [0.3, 0.05];
/** At this share of its batches a worker is killed, at some moment within so many milliseconds. */
const [KILLED, WITHIN] = [0.03, 300];
/** A tick has this many milliseconds, as on AWS. */
const TICK_LASTS = 290_000;
const WORKER_LASTS = 80_000;
const EVERY = 1_000;

process.on('disconnect', () => process.exit());
const tell = (told: Told) => void process.send?.(told);
const ROLES: Record<string, () => Promise<void>> = { table, tick: ticks, worker: works };
await ROLES[role]!();

async function table(): Promise<void> {
  const { endpoint } = await startDynalite();
  tell({ kind: 'table', endpoint, name: await createTable(endpoint) });
}

function load(): Promise<Runtime> {
  const clock = movedClock(Number(process.env.SCALE_CLOCK_MOVED));
  const writeLog = (line: string) => appendFileSync(process.env.SCALE_LOG!, line);
  return createRuntime({ env: process.env, clock, writeLog });
}

async function ticks(): Promise<void> {
  const runtime = await load();
  const doubling: Runtime = { ...runtime, pass: async () => withDoubles(await runtime.pass()), measure: tellPass };
  const invoke = tick(async () => doubling);
  const event = { source: 'aws.scheduler', 'detail-type': 'Scheduled Event' };
  function tellPass({ started, followed, finished, errors }: Ticked, _: unknown, beganAt: number): void {
    const counts = {
      started: started.length,
      followed: followed.length,
      finished: finished.length,
      errors: errors.length,
    };
    tell({ kind: 'tick', ms: runtime.clock.now() - beganAt, ...counts });
  }
  for (;;) {
    // As on AWS, a tick that fails is followed by the next one.
    await invoke(event, { getRemainingTimeInMillis: () => TICK_LASTS }).catch((error: unknown) =>
      tell({ kind: 'failed', problem: String(error) }),
    );
    await runtime.clock.sleep(EVERY);
  }
}

type Pass = Awaited<ReturnType<Runtime['pass']>>;

function withDoubles({ deps, state }: Pass): Pass {
  const { dispatcher } = deps;
  if (!dispatcher) throw new Error('QUEUE is not set');
  const send = (messages: readonly Message[]) => {
    const again = messages.filter(() => random() < SENT_TWICE);
    tell({ kind: 'doubled', count: again.length });
    return dispatcher.send([...messages, ...again]);
  };
  return { deps: { ...deps, dispatcher: { send } }, state };
}

async function works(): Promise<void> {
  const { SQSClient } = await import('@aws-sdk/client-sqs');
  const runtime = await load();
  const handler = worker(async () => runtime);
  const invoke = async (event: unknown) => {
    if (random() < KILLED) setTimeout(() => process.kill(process.pid, 'SIGKILL'), random() * WITHIN);
    const { batchItemFailures } = await handler(event, { getRemainingTimeInMillis: () => WORKER_LASTS });
    const { Records } = event as { Records: { messageId: string }[] };
    const again = Records.filter(() => random() < COMES_AGAIN);
    tell({ kind: 'doubled', count: again.length });
    return {
      batchItemFailures: [...batchItemFailures, ...again.map(({ messageId }) => ({ itemIdentifier: messageId }))],
    };
  };
  const queueUrl = process.env.QUEUE!;
  const client = new SQSClient({ endpoint: new URL(queueUrl).origin, ...LOCAL_CLIENT });
  await poll({ client, queueUrl, invoke, concurrency: 5, signal: new AbortController().signal });
}

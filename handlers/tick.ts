import middy from '@middy/core';
import * as z from 'zod/mini';
import { type Runtime, runtime } from '../lib/io/runtime.ts';
import { reconcile } from '../lib/reconcile.ts';
import { ledgerAlarm } from './alarm.ts';
import { type Context, describe, timeLeft } from './event.ts';

/** What a schedule sends: EventBridge Scheduler and EventBridge rules on AWS, a TIMER trigger on FunctionGraph. */
const ScheduledEvent = z.union([
  z.looseObject({ source: z.enum(['aws.scheduler', 'aws.events']), 'detail-type': z.literal('Scheduled Event') }),
  z.looseObject({ trigger_type: z.literal('TIMER'), trigger_name: z.string() }),
]);

/** What is left of the invocation's time when nothing is begun any more, in milliseconds: enough to end and record a start. */
const RESERVE = 45_000;

/**
 * Where versions were left to workers, another pass is made after this long, in milliseconds, and so often at most: a window
 * may be too short to wait for the next tick.
 */
const SOON = 20_000;
const MOST_PASSES = 4;

/** The scheduled pass. The event says only that it is time to look; what is due is decided from the clock. */
export const tick = (load: () => Promise<Runtime>) => async (event: unknown, context: Context) => {
  if (!ScheduledEvent.safeParse(event).success) throw new TypeError(`not a scheduled event: ${describe(event)}`);
  const runtime = await load();
  runtime.invoked(context);
  const left = timeLeft(context) - RESERVE;
  // A timer of no time at all would fire only after a start that waits for nothing.
  const signal = left > 0 ? AbortSignal.timeout(left) : AbortSignal.abort();
  for (let passes = 1; ; passes++) {
    const { waiting, ...counts } = await makePass(runtime, signal);
    if (waiting === 0 || passes === MOST_PASSES || signal.aborted) return counts;
    await runtime.clock.sleep(SOON, signal).catch(() => undefined);
    if (signal.aborted) return counts;
  }
};

async function makePass({ pass, measure, clock }: Runtime, signal: AbortSignal) {
  const beganAt = clock.now();
  const { deps, state } = await pass();
  const report = await reconcile(deps, state, { requestedBy: 'schedule', reason: 'scheduled tick', signal });
  measure(report, state, beganAt);
  const { started, followed, finished, errors, alerts, waiting } = report;
  const counts = {
    started: started.length,
    followed: followed.length,
    finished: finished.length,
    errors: errors.length,
    alerts: alerts.length,
    waiting,
  };
  deps.log('info', 'tick', { opening: report.opening?.id ?? null, ...counts });
  return counts;
}

export const handler = middy(tick(runtime)).use(ledgerAlarm());

import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import * as z from 'zod/mini';
import { type Runtime, runtime } from '../lib/io/runtime.ts';
import { reconcile } from '../lib/reconcile.ts';
import { ledgerAlarm } from './alarm.ts';
import { describe } from './event.ts';

/** What a schedule sends: EventBridge Scheduler and EventBridge rules on AWS, a TIMER trigger on FunctionGraph. */
const ScheduledEvent = z.union([
  z.looseObject({ source: z.enum(['aws.scheduler', 'aws.events']), 'detail-type': z.literal('Scheduled Event') }),
  z.looseObject({ trigger_type: z.literal('TIMER'), trigger_name: z.string() }),
]);

/** What is left of the invocation's time when nothing is begun any more, in milliseconds: enough to end and record a start. */
const RESERVE = 45_000;

/** The scheduled pass. The event says only that it is time to look; what is due is decided from the clock. */
export const tick =
  (load: () => Promise<Runtime>) => async (event: unknown, context: Pick<Context, 'getRemainingTimeInMillis'>) => {
    if (!ScheduledEvent.safeParse(event).success) throw new TypeError(`not a scheduled event: ${describe(event)}`);
    const { pass, measure, clock } = await load();
    const beganAt = clock.now();
    const { deps, state } = await pass();
    const left = context.getRemainingTimeInMillis() - RESERVE;
    // A timer of no time at all would fire only after a start that waits for nothing.
    const signal = left > 0 ? AbortSignal.timeout(left) : AbortSignal.abort();
    const report = await reconcile(deps, state, { requestedBy: 'schedule', reason: 'scheduled tick', signal });
    measure(report, state, beganAt);
    const { started, followed, finished, errors, alerts } = report;
    const counts = {
      started: started.length,
      followed: followed.length,
      finished: finished.length,
      errors: errors.length,
      alerts: alerts.length,
    };
    deps.log('info', 'tick', { opening: report.opening?.id ?? null, ...counts });
    return counts;
  };

export const handler = middy(tick(runtime)).use(ledgerAlarm());

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse } from 'yaml';

/** What of serverless.yml matters to whoever runs the functions. */
export interface Deployed {
  /** How long an invocation may take, in milliseconds, by function. */
  timeouts: Record<'tick' | 'http' | 'alerts' | 'worker', number>;
  /** How many batches of the queue are under way at most. */
  concurrency: number;
}

/** Read from the template itself, so that it runs here as it runs there. */
export function readTemplate(): Deployed {
  const text = readFileSync(resolve(import.meta.dirname, '../../serverless.yml'), 'utf8');
  // It has tags of CloudFormation, which mean nothing here.
  const { functions } = parse(text, { logLevel: 'silent' });
  const seconds = (name: string): number => functions[name].timeout * 1000;
  return {
    timeouts: { tick: seconds('tick'), http: seconds('http'), alerts: seconds('alerts'), worker: seconds('worker') },
    concurrency: functions.worker.events[0].sqs.maximumConcurrency,
  };
}

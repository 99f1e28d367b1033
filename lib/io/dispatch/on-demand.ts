import type { Dispatcher, Log } from '../../deps.ts';
import { urlProblem } from '../url.ts';

/** What is wrong with a value of `QUEUE`, or null. */
export function queueProblem(url: string): string | null {
  const problem = urlProblem(url);
  if (problem) return problem;
  return url.endsWith('.fifo')
    ? 'must not be a FIFO queue: starts have no order, and one that fails must not stop the rest'
    : null;
}

/** The queue of sqs.ts, which is loaded with the first message: most runs send none. */
export function queueOnDemand(url: string, log: Log): Dispatcher {
  let loading: Promise<Dispatcher> | null = null;
  return {
    send: async (messages) => {
      loading ??= import('./sqs.ts').then(({ createSqsDispatcher }) => createSqsDispatcher(url, { log }));
      return (await loading).send(messages);
    },
  };
}

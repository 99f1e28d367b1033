import { createHash } from 'node:crypto';
import type { Alert, Severity } from '../../core/alert.ts';
import type { NotifyTarget } from '../../core/policy.ts';
import { iso } from '../../core/time.ts';
import type { Clock, Log, LogLevel, Notifier } from '../../deps.ts';
import { receiverProblems } from './receiver.ts';

export interface NotifierOptions {
  targets: readonly NotifyTarget[];
  log: Log;
  clock: Clock;
  /** How long one request to a receiver may take, in milliseconds. */
  timeout?: number;
}

/** One kind of receiver. `send` rejects with an error that names no secret. */
interface Sink {
  /** What is wrong with a target of this kind, never with a value. */
  problems(target: NotifyTarget): string[];
  send(target: NotifyTarget, alert: Alert, options: NotifierOptions): Promise<void>;
}

/** Every kind of receiver. A new one is one entry here. */
const SINKS: Record<NotifyTarget['to'], Sink> = {
  // Every alert is a log line anyway; the target lets a policy say so, and say that there is no other.
  log: { problems: () => [], send: async () => {} },
  webhook: {
    problems: receiverProblems,
    // Loaded here and not above: what signs and sends costs a start more than most runs, which have nothing to tell, do.
    async send(target, alert, { clock, timeout }) {
      const { sendWebhook } = await import('./standard-webhooks.ts');
      await sendWebhook(target, alert, clock, timeout);
    },
  },
};

const LEVELS: Record<Severity, LogLevel> = { info: 'info', warning: 'warn', error: 'error', critical: 'error' };

/** The log takes every alert, whoever else does. */
const LOG = 'log';

/** What is wrong with the targets as they are: by their keys, never with a value. */
export function targetProblems(targets: readonly NotifyTarget[]): string[] {
  return targets.flatMap((target, index) =>
    SINKS[target.to].problems(target).map((problem) => `notify[${index}]: ${problem}`),
  );
}

/**
 * Tells every named receiver side by side: one that fails neither silences nor delays the others. A target that cannot be
 * used as it is fails, so that what it missed is told once it was mended.
 */
export function createNotifier(options: NotifierOptions): Notifier {
  const { targets, log } = options;
  const receivers = new Map(targets.filter(({ to }) => to !== LOG).map((target) => [nameOf(target), target]));

  async function tell(name: string, alert: Alert): Promise<boolean> {
    if (name === LOG) {
      log(LEVELS[alert.severity], 'alert', { ...alert, at: iso(alert.at) });
      return true;
    }
    const target = receivers.get(name);
    try {
      const [problem] = target ? SINKS[target.to].problems(target) : ['there is no such receiver'];
      if (problem !== undefined) throw new Error(problem);
      await SINKS[target!.to].send(target!, alert, options);
      return true;
    } catch (error) {
      log('warn', 'alert_not_delivered', { target: name, key: alert.key, problem: (error as Error).message });
      return false;
    }
  }

  return {
    names: [LOG, ...receivers.keys()],
    wanting: (alert) => [LOG, ...[...receivers].filter(([, target]) => wants(target, alert)).map(([name]) => name)],
    async deliver(alert, to) {
      const told = await Promise.all(to.map((name) => tell(name, alert)));
      return { failed: to.filter((_, index) => !told[index]) };
    },
  };
}

/** Who did not choose is told of all that asks for something to be done, and success does not. */
function wants({ events }: NotifyTarget, { event }: Alert): boolean {
  return events === null ? event !== 'succeeded' : events.includes(event);
}

/** By its kind and host, and a hash of the rest: a path or a query may hold a token, and its place in the list may change. */
function nameOf({ to, url }: NotifyTarget): string {
  const hash = createHash('sha256').update(url).digest('hex').slice(0, 6);
  return `${to} ${URL.parse(url)?.host ?? '?'} ${hash}`;
}

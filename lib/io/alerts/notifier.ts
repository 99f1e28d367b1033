import type { Alert, Severity } from '../../core/alert.ts';
import type { NotifyTarget } from '../../core/policy.ts';
import { type EpochMs, iso, MINUTE } from '../../core/time.ts';
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

/** A receiver that failed is left alone for this long, so that two hundred alerts do not wait for it two hundred times. */
const REST = MINUTE;

/** The targets cannot be used as they are. Names their keys, never a value. */
export class NotifyError extends Error {
  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'NotifyError';
  }
}

/**
 * Tells every target that wants the event, side by side: one that fails neither silences nor delays the others. Each
 * alert is a log line as well, whoever else is told. @throws NotifyError when a target cannot be used
 */
export function createNotifier(options: NotifierOptions): Notifier {
  const { targets, log, clock } = options;
  const problems = targets.flatMap((target, index) =>
    SINKS[target.to].problems(target).map((problem) => `notify[${index}]: ${problem}`),
  );
  if (problems.length > 0) throw new NotifyError(problems);
  const restsUntil = new Map<string, EpochMs>();

  async function tell(target: NotifyTarget, name: string, alert: Alert): Promise<boolean> {
    if (clock.now() < (restsUntil.get(name) ?? 0)) return false;
    try {
      await SINKS[target.to].send(target, alert, options);
      return true;
    } catch (error) {
      restsUntil.set(name, clock.now() + REST);
      log('warn', 'alert_not_delivered', { target: name, key: alert.key, problem: (error as Error).message });
      return false;
    }
  }

  return {
    async deliver(alert) {
      log(LEVELS[alert.severity], 'alert', { ...alert, at: iso(alert.at) });
      const wanting = targets
        .map((target, index) => ({ target, name: nameOf(target, index) }))
        .filter(({ target }) => wants(target, alert));
      const told = await Promise.all(wanting.map(({ target, name }) => tell(target, name, alert)));
      return { failed: wanting.flatMap(({ name }, index) => (told[index] ? [] : [name])) };
    },
  };
}

/** Who did not choose is told of all that asks for something to be done, and success does not. */
function wants({ events }: NotifyTarget, { event }: Alert): boolean {
  return events === null ? event !== 'succeeded' : events.includes(event);
}

/** By its place and its host: a path or a query may hold a token. */
function nameOf({ to, url }: NotifyTarget, index: number): string {
  return `notify[${index}] ${to}${url ? ` ${URL.parse(url)?.host}` : ''}`;
}

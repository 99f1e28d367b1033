import { type Alert, type Severity, TOLD_IN_DIGEST } from '../../core/alert.ts';
import { stableHash } from '../../core/hash.ts';
import type { NotifyTarget } from '../../core/policy.ts';
import { matchesSubject } from '../../core/subject.ts';
import { iso } from '../../core/time.ts';
import type { Clock, Log, LogLevel, Notifier } from '../../deps.ts';
import type { CredentialSource } from '../dcs/caller.ts';
import type { Post } from './post.ts';
import { keyedProblems, receiverProblems, signedProblems, topicProblems, urlProblems } from './receiver.ts';
import type { Form } from './send.ts';

export interface NotifierOptions {
  targets: readonly NotifyTarget[];
  log: Log;
  clock: Clock;
  /** For receivers that are asked with the keys of a cloud account. */
  credentials?: CredentialSource;
  /** How long one request to a receiver may take, in milliseconds. */
  timeout?: number;
  /** What makes the requests to receivers that take a POST. Absent: the network. */
  post?: Post;
}

/** One kind of receiver. `send` rejects with an error that names no secret. */
interface Sink {
  /** What is wrong with a target of this kind, never with a value. */
  problems(target: NotifyTarget): string[];
  send(target: NotifyTarget, alert: Alert, options: NotifierOptions): Promise<void>;
}

/** A receiver that takes a POST. The form is loaded when it is used: most runs have nothing to tell, and should not pay for it. */
function posted(form: () => Promise<Form>, problems: Sink['problems'] = urlProblems): Sink {
  return {
    problems,
    async send(target, alert, options) {
      const { sendAlert } = await import('./send.ts');
      await sendAlert(await form(), target, alert, options);
    },
  };
}

/** Every kind of receiver. A new one is one entry here, and its keys in core/receivers.ts. */
const SINKS: Record<NotifyTarget['to'], Sink> = {
  // Every alert is a log line anyway; the target lets a policy say so, and say that there is no other.
  log: { problems: () => [], send: async () => {} },
  webhook: posted(async () => (await import('./forms/webhook.ts')).webhook, receiverProblems),
  slack: posted(async () => (await import('./forms/slack.ts')).slack),
  dingtalk: posted(async () => (await import('./forms/dingtalk.ts')).dingtalk, signedProblems),
  feishu: posted(async () => (await import('./forms/feishu.ts')).feishu, signedProblems),
  wecom: posted(async () => (await import('./forms/wecom.ts')).wecom),
  pagerduty: posted(async () => (await import('./forms/pagerduty.ts')).pagerduty, keyedProblems),
  smn: {
    problems: topicProblems,
    async send(target, alert, options) {
      if (!options.credentials) throw new Error('there are no credentials to sign with');
      const credentials = await options.credentials(target.credentials);
      const { smnWith } = await import('./forms/smn.ts');
      const { sendAlert } = await import('./send.ts');
      await sendAlert(smnWith(credentials), target, alert, options);
    },
  },
  sns: {
    problems: topicProblems,
    async send(target, alert, { timeout = 5_000 }) {
      const { publish } = await import('./forms/sns.ts');
      await publish(target, alert, timeout);
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
  const receivers = named(targets.filter(({ to }) => to !== LOG));

  /** Null: it was taken. */
  async function tell(name: string, alert: Alert): Promise<{ own?: boolean; rest?: number } | null> {
    if (name === LOG) {
      log(LEVELS[alert.severity], 'alert', { ...alert, at: iso(alert.at) });
      return null;
    }
    const target = receivers.get(name);
    try {
      const [problem] = target ? SINKS[target.to].problems(target) : ['there is no such receiver'];
      if (problem !== undefined) throw new Error(problem);
      await SINKS[target!.to].send(target!, alert, options);
      return null;
    } catch (error) {
      log('warn', 'alert_not_delivered', { target: name, key: alert.key, problem: (error as Error).message });
      // The class of it is loaded with what sends.
      return error as Error & { own?: boolean; rest?: number };
    }
  }

  return {
    names: [LOG, ...receivers.keys()],
    wanting: (alert) => [LOG, ...audience(receivers, alert)],
    async deliver(alert, to) {
      const problems = await Promise.all(to.map(async (name) => ({ name, problem: await tell(name, alert) })));
      const failed = problems.flatMap(({ name, problem }) => (problem ? [{ name, ...pick(problem) }] : []));
      const refused = failed.filter(({ own }) => own).map(({ name }) => name);
      const rests = Object.fromEntries(failed.filter(({ rest }) => rest > 0).map(({ name, rest }) => [name, rest]));
      return {
        failed: failed.map(({ name }) => name),
        ...(refused.length > 0 ? { refused } : {}),
        ...(Object.keys(rests).length > 0 ? { rests } : {}),
      };
    },
  };
}

function pick({ own = false, rest = 0 }: { own?: boolean; rest?: number }): { own: boolean; rest: number } {
  return { own, rest };
}

/** Whose match fits the instance that it is about. What nobody's fits is not told to nobody, but to all who want its event. */
function audience(receivers: ReadonlyMap<string, NotifyTarget>, alert: Alert): string[] {
  const wanting = [...receivers].filter(([, target]) => wants(target, alert));
  const { instance } = alert;
  const fitting = instance
    ? wanting.filter(([, { match }]) => match === undefined || matchesSubject(match, instance))
    : wanting;
  return (fitting.length > 0 ? fitting : wanting).map(([name]) => name);
}

/** Who did not choose is told of all that asks for something to be done, and success does not. */
function wants({ events, digest }: NotifyTarget, { event }: Alert): boolean {
  if (event === 'digest') return digest !== undefined || events?.includes(event) === true;
  if (events !== null) return events.includes(event);
  return digest === undefined ? event !== 'succeeded' : !TOLD_IN_DIGEST.includes(event);
}

/** One that stands there twice, for other events, is two. */
function named(targets: readonly NotifyTarget[]): Map<string, NotifyTarget> {
  const found = new Map<string, NotifyTarget>();
  for (const target of targets) {
    const name = nameOf(target);
    const twin = [...found.keys()].filter((one) => one.startsWith(name)).length;
    found.set(twin === 0 ? name : `${name}-${twin + 1}`, target);
  }
  return found;
}

/** By its kind and host, and a hash of the rest: a path or a query may hold a token, and its place in the list may change. */
function nameOf({ to, url, routingKey = '', topic = '' }: NotifyTarget): string {
  // Too few bits of it to guess at a token. Node's own hashes would be loaded for this alone at every start.
  const hash = (stableHash(`${url}${routingKey}${topic}`) >>> 8).toString(16).padStart(6, '0');
  return [to, URL.parse(url)?.host, hash].filter(Boolean).join(' ');
}

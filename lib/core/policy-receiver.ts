import { hostProblem } from './address.ts';
import type { Scope } from './instance.ts';
import type { NotifyTarget } from './policy.ts';
import type { NotifyInput } from './policy-schema.ts';
import { KEYS_OF_RECEIVERS, RECEIVER_KEYS, type ReceiverKey } from './receivers.ts';
import type { Report } from './window-read.ts';

/** Where alerts go, with the keys that its kind takes and no others. */
export function readReceiver(input: NotifyInput, scopes: readonly Scope[], report: Report): NotifyTarget {
  const { to, url, secret, routingKey, topic, digest, match, events = null } = input;
  for (const key of KEYS_OF_RECEIVERS) {
    const problem = keyProblem(input, key);
    if (problem) report([key], ...problem);
  }
  if (to === 'log' && digest)
    report(['digest'], 'digest does not go with log', 'leave it out; the log has every alert');
  if (to === 'log' && match) report(['match'], 'match does not go with log', 'leave it out; the log has every alert');
  const credentials = input.credentials ?? scopeOf(topic, scopes)?.credentials;
  return {
    to,
    url: url ?? '',
    secret: secret ?? null,
    ...(routingKey === undefined ? {} : { routingKey }),
    ...(topic === undefined ? {} : { topic }),
    ...(credentials === undefined ? {} : { credentials }),
    ...(digest === undefined ? {} : { digest }),
    events,
    ...(match === undefined ? {} : { match }),
  };
}

/** The scope whose project has the topic: its keys may use it. */
function scopeOf(topic: string | undefined, scopes: readonly Scope[]): Scope | undefined {
  const [, , region, project] = topic?.split(':') ?? [];
  return scopes.find((scope) => scope.region === region && scope.project === project);
}

const WHY: Record<ReceiverKey, (to: string) => string> = {
  url: (to) => `it must be where what is told to ${to} is sent to`,
  secret: (to) => `what is sent to ${to} is signed`,
  routingKey: (to) => `${to} knows by it who sends`,
  topic: (to) => `${to} publishes to one`,
  credentials: (to) => `${to} is asked with them`,
};

/** What is wrong with one key, and what to do about it; never with its value. */
function keyProblem(input: NotifyInput, key: ReceiverKey): [string, string] | null {
  const { to, [key]: value } = input;
  const rule = RECEIVER_KEYS[to][key];
  if (!rule) return value === undefined ? null : [`${key} does not go with ${to}`, 'leave it out'];
  if (value === undefined)
    return rule.required ? [`${key} is missing: ${WHY[key](to)}`, `for example ${rule.example}`] : null;
  if (rule.form && !rule.form.test.test(value))
    return [`${key} is something else: it must be ${rule.form.allowed}`, `for example ${rule.example}`];
  const host = key === 'url' ? hostProblem(value) : null;
  return host === null
    ? null
    : [`the host of ${key} ${host}`, 'alerts go to receivers that are reached over the internet'];
}

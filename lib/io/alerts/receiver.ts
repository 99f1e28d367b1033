import { hostProblem } from '../../core/address.ts';
import type { NotifyTarget } from '../../core/policy.ts';
import { urlProblem } from '../url.ts';

/** Standard Webhooks asks for keys of 24 to 64 bytes. */
const SHORTEST_KEY = 24;

export interface Receiver {
  url: string;
  /** `whsec_` and base64. */
  secret: string | null;
}

/** What is wrong with a receiver, by the names of a policy's keys and never with a value. */
export function receiverProblems({ url, secret }: Receiver): string[] {
  return [...urlProblems({ url }), ...secretProblems(secret)];
}

/** A receiver whose URL says all. */
export function urlProblems({ url }: Pick<Receiver, 'url'>): string[] {
  const problem = urlProblem(url, { query: true }) ?? hostProblem(url);
  return problem ? [`url ${problem}`] : [];
}

/** A receiver whose messages are signed with any text. */
export function signedProblems({ url, secret }: Receiver): string[] {
  return [...urlProblems({ url }), ...(secret ? [] : ['secret is missing; nothing is sent unsigned'])];
}

/** A receiver that knows its sender by a key, and has a URL of its own if none is given. */
export function keyedProblems({ url, routingKey }: { url: string; routingKey?: string }): string[] {
  return [...(url === '' ? [] : urlProblems({ url })), ...(routingKey ? [] : ['routingKey is missing'])];
}

/** A topic is all that is needed: where it is, it says itself. */
export function topicProblems({ url, topic }: { url: string; topic?: string }): string[] {
  return [...(url === '' ? [] : urlProblems({ url })), ...(topic ? [] : ['topic is missing'])];
}

/** What of a target the log must not show. Of most chats, whoever has the URL may write: the path or the query is the key. */
export function secretsOf({ url, secret, routingKey }: NotifyTarget): string[] {
  const { pathname, search } = URL.parse(url) ?? {};
  return [secret, routingKey, pathname, search].filter((one) => typeof one === 'string').filter(Boolean);
}

function secretProblems(secret: string | null): string[] {
  if (!secret) return ['secret is missing; nothing is sent unsigned'];
  const text = withoutPrefix(secret);
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return ['secret must be "whsec_" and base64'];
  return keyOf(secret).length < SHORTEST_KEY ? [`secret must be of ${SHORTEST_KEY} bytes or more`] : [];
}

/** The bytes of a secret. */
export function keyOf(secret: string): Buffer {
  return Buffer.from(withoutPrefix(secret), 'base64');
}

function withoutPrefix(secret: string): string {
  return secret.replace(/^whsec_/, '');
}

import { createHash } from 'node:crypto';
import { type AlertSource, instantOf, mapping, textOf } from '../core/alert-in.ts';
import type { EpochMs } from '../core/time.ts';
import { HttpError } from './answer.ts';
import { callerOf } from './keys.ts';
import type { HttpRequest } from './request.ts';
import type { Backend } from './route.ts';
import { grafanaSigned, pagerDutySigned, standardSigned } from './webhook-signatures.ts';

/** That a request is its source's. */
export interface Proof {
  /** A key's name, or `signature`. */
  by: string;
  /** The same message has the same, however often it is sent; null where that cannot be known. */
  id: string | null;
  signedAt: EpochMs | null;
  /** Of a source that has to be told so: that its subscription is wanted. */
  subscribeUrl?: string | null;
  /** Whether there is anything in it for the policy. */
  isNews?: boolean;
}

/** A request whose body is JSON. `topics` are the policy's. */
export interface Claimed {
  request: HttpRequest;
  body: unknown;
  backend: Backend;
  topics: () => Promise<string[]>;
  now: EpochMs;
}

/** The proof, or a text for the log that says why there is none. */
type Prove = (claimed: Claimed) => Promise<Proof | string>;

const UNSIGNED = 'it shows no key, and no good signature';

/** How each source shows that it is itself. Signatures are made over the bytes as they came. */
export const PROOFS: Record<AlertSource, Prove> = {
  alertmanager: async (claimed) => byKey(claimed) ?? UNSIGNED,
  async grafana(claimed) {
    const { request, now } = claimed;
    const signed = grafanaSigned(request.headers, request.body, secretsOf('grafana', claimed), now);
    return signed ? bySignature(signed.id, signed.at) : (byKey(claimed) ?? UNSIGNED);
  },
  async pagerduty(claimed) {
    const { request, body } = claimed;
    if (!pagerDutySigned(request.headers, request.body, secretsOf('pagerduty', claimed))) return byKey(claimed) ?? UNSIGNED; // biome-ignore format: one condition
    const event = mapping(mapping(body).event);
    // No time is signed but that of the event.
    return bySignature(textOf(event.id), instantOf(event.occurred_at));
  },
  async smn({ body, backend, topics, now }) {
    // Loaded here and not above: nobody else needs it.
    const { UNREACHABLE, verifiedMessage } = await import('./smn.ts');
    const message = await verifiedMessage(body, await topics(), backend.download, now);
    // SMN sends again what a server could not take, and gives up what it refused.
    if (message === UNREACHABLE) throw new HttpError(503, UNREACHABLE);
    if (typeof message === 'string') return message;
    const { id, subscribeUrl, isNews } = message;
    return { ...bySignature(id, null), subscribeUrl, isNews };
  },
  async standard(claimed) {
    const { request, now } = claimed;
    const signed = standardSigned(request.headers, request.body, secretsOf('standard', claimed), now);
    return signed ? bySignature(signed.id, signed.at) : (byKey(claimed) ?? UNSIGNED);
  },
};

function secretsOf(source: AlertSource, { backend }: Claimed): string[] {
  return backend.config.webhookSecrets.flatMap((one) => (one.source === source ? [one.secret] : []));
}

function bySignature(id: string, signedAt: EpochMs | null): Proof {
  const hash = id === '' ? null : createHash('sha256').update(id).digest('base64url').slice(0, 22);
  return { by: 'signature', id: hash, signedAt };
}

/** Who may set holds may do so by an alert as well. @throws HttpError 403 */
function byKey({ request, backend }: Claimed): Proof | null {
  // No browser sends JSON elsewhere by itself, so here a password is as good as any other way of showing a key.
  const key = callerOf(request, backend.config.apiKeys, { basic: true });
  if (!key) return null;
  if (!key.rights.some((right) => right === 'alert' || right === 'operate'))
    throw new HttpError(403, 'this needs the right alert');
  return { by: key.name, id: null, signedAt: null };
}

import { ALERT_SOURCES, type AlertSource, type Delivery, NOTHING } from '../core/alert-in.ts';
import { READERS } from '../core/alert-readers.ts';
import { isKnown, noteHeard, takeIn } from '../intake.ts';
import { PROOFS, type Proof } from './alert-proofs.ts';
import { type HttpAnswer, HttpError, jsonAnswer } from './answer.ts';
import type { HttpRequest } from './request.ts';
import type { Ask, Backend } from './route.ts';

/**
 * `POST /alerts/{source}`. First who it is, by the bytes as they came, then what it says, then what the policy makes of it.
 * What was taken in before changes nothing.
 */
export async function takeAlerts({ request, params, backend }: Ask): Promise<HttpAnswer> {
  const source = ALERT_SOURCES.find((one) => one === params.source);
  if (!source) throw new HttpError(404, `there is no source of this name; there are ${ALERT_SOURCES.join(', ')}`);
  if (!isJson(request, source)) throw new HttpError(415, 'the content type must be application/json');
  const { ledger, log, clock } = backend;
  const now = clock.now();
  const policy = onceOnly(async () => (await backend.pass()).state.policy);
  const topics = async () => ((await policy())?.alerts ?? []).flatMap((rule) => rule.topics);
  const body = bodyOf(request);
  const proof = await PROOFS[source]({ request, body: body.json, backend, topics, now });
  if (typeof proof === 'string') {
    log('warn', 'alert_refused', { source, why: proof });
    throw new HttpError(401, 'a good signature or a valid key is needed', null, { 'www-authenticate': 'Bearer realm="dcs-upgrader"' }); // biome-ignore format: one sentence
  }
  if (body.problem !== null) throw new HttpError(400, body.problem);
  const known = await isKnown(ledger, source, proof.id, now);
  const delivery = known ? REPEATED : await deliveryOf(source, body.json, proof, backend);
  const current = await policy();
  // The source sends it again; until then nothing can start anyway.
  if (!current) throw new HttpError(503, 'there is no valid policy');
  const changed = await takeIn(backend, current, source, delivery, now);
  // What is sent again may be sent by anybody: it does not show that the source is there.
  if (!known) await noteHeard(ledger, source, proof.id, now, Math.min(now, proof.signedAt ?? now));
  const { alerts, ignored } = delivery;
  log('info', 'alerts_taken', { source, by: proof.by, alerts: alerts.length, changed, ignored });
  return jsonAnswer(202, { source, alerts: alerts.length, changed, ignored }, request.requestId);
}

const REPEATED: Delivery = { ...NOTHING, alerts: [], ignored: 'it was taken in before' };

/** @throws HttpError 422 */
async function deliveryOf(source: AlertSource, body: unknown, proof: Proof, backend: Backend): Promise<Delivery> {
  if (proof.subscribeUrl) return confirmed(proof.subscribeUrl, backend);
  if (proof.isNews === false) return { ...NOTHING, alerts: [], ignored: 'the end of a subscription' };
  const delivery = READERS[source](body, { at: backend.clock.now(), signedAt: proof.signedAt });
  if (typeof delivery === 'string')
    throw new HttpError(422, 'the body does not fit', [{ path: '', message: delivery }]);
  return delivery;
}

/** The message is verified by now; all the same, nothing but Huawei Cloud is asked. */
async function confirmed(url: string, { download, log }: Backend): Promise<Delivery> {
  const { isHuaweiUrl } = await import('./smn.ts');
  if (!isHuaweiUrl(url)) {
    log('warn', 'subscription_not_confirmed', { source: 'smn', why: 'its URL is not at Huawei Cloud' });
    return { ...NOTHING, alerts: [], ignored: 'a subscription to be confirmed elsewhere' };
  }
  // When it fails, SMN sends it again.
  await download(url);
  log('info', 'subscription_confirmed', { source: 'smn' });
  return { ...NOTHING, alerts: [], ignored: 'a subscription, which is confirmed now' };
}

/** SMN may call its JSON a text. */
function isJson({ headers }: HttpRequest, source: AlertSource): boolean {
  const type = (headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase();
  return /^application\/([\w.+-]+\+)?json$/.test(type) || (source === 'smn' && ['', 'text/plain'].includes(type));
}

/** What is wrong with it is told to nobody who has not shown who he is. */
function bodyOf({ body }: HttpRequest): { json: unknown; problem: string | null } {
  try {
    return { json: JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)), problem: null };
  } catch {
    return { json: null, problem: 'the body is not JSON' };
  }
}

function onceOnly<T>(work: () => Promise<T>): () => Promise<T> {
  let done: Promise<T> | null = null;
  return () => {
    done ??= work();
    return done;
  };
}

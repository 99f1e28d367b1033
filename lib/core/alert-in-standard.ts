import {
  type Delivery,
  fingerprintOf,
  idOf,
  instantOf,
  labelsIn,
  line,
  mapping,
  type Received,
  textOf,
} from './alert-in.ts';

/** Of an alert's data, what says when and how it is, and not what it is about. */
const PASSING = ['status', 'startsAt', 'endsAt', 'updatedAt', 'timestamp', 'at', 'summary', 'description', 'message'];

/**
 * An alert by Standard Webhooks: `{type, timestamp, data}`. What stands in `data`, and in `data.labels`, are its labels;
 * `kind` is the type where the data names none. `data.status` may be `resolved`, or the type end in it. What is resolved
 * is found again by `data.fingerprint`, or else by the labels.
 */
export function readStandard(body: unknown, { at: now, signedAt }: Received): Delivery | string {
  const { type: given, timestamp, data: inner } = mapping(body);
  const [type, data] = [textOf(given), mapping(inner)];
  if (type === '') return 'type is missing';
  const plain = labelsIn(data);
  const stem = type.replace(/(^|[._])(firing|resolved)$/, '');
  const named = { ...plain, ...labelsIn(data.labels) };
  const labels = { kind: stem, ...named, type };
  const isResolved = plain.status === 'resolved' || /(^|[._])resolved$/.test(type);
  const told = instantOf(data.updatedAt) ?? instantOf(isResolved ? data.endsAt : data.startsAt) ?? instantOf(timestamp);
  const at = Math.min(told ?? signedAt ?? now, now);
  const lasting = Object.entries(named).filter(([key]) => !PASSING.includes(key));
  const alert = {
    fingerprint: idOf(plain.fingerprint ?? fingerprintOf({ ...Object.fromEntries(lasting), type: stem })),
    status: isResolved ? ('resolved' as const) : ('firing' as const),
    labels,
    startsAt: Math.min(instantOf(data.startsAt) ?? at, at),
    at,
    saidAt: at,
    summary: line(type, plain.summary ?? plain.description ?? plain.message ?? ''),
  };
  return { alerts: [alert], group: null, ignored: null };
}

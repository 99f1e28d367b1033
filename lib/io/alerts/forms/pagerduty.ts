import { createHash } from 'node:crypto';
import type { Alert, Severity } from '../../../core/alert.ts';
import { shortened } from '../../../core/message.ts';
import { iso } from '../../../core/time.ts';
import { type Form, field } from '../send.ts';

const URL_OF_EVENTS = 'https://events.pagerduty.com/v2/enqueue';

/** PagerDuty, Events API v2; the whole may have 512 KB. */
const MOST_SUMMARY = 1_024;
const MOST_KEY = 255;
const MOST_DETAIL = 1_024;

/** The only four that PagerDuty takes. */
const SEVERITIES: Record<Severity, 'critical' | 'error' | 'warning' | 'info'> = {
  info: 'info',
  warning: 'warning',
  error: 'error',
  critical: 'critical',
};

/** An event of the Events API v2: the same fact has the same `dedup_key`, so that repeats come to one incident, and its end resolves that. */
export function pagerdutyEvent(routingKey: string, alert: Alert): object {
  const { event, severity, summary, action, at, labels, resolved } = alert;
  const event_action = resolved ? 'resolve' : 'trigger';
  const details = Object.fromEntries(
    Object.entries({ what_to_do: action, ...labels }).map(([name, value]) => [
      name,
      shortened(value, { most: MOST_DETAIL }),
    ]),
  );
  return {
    routing_key: routingKey,
    event_action,
    dedup_key: dedupKey(alert.key),
    client: 'dcs-upgrader',
    payload: {
      summary: shortened(summary, { most: MOST_SUMMARY }),
      source: shortened(labels.instanceId ?? labels.scope ?? 'dcs-upgrader', { most: MOST_KEY }),
      severity: SEVERITIES[severity],
      timestamp: iso(at),
      class: event,
      ...(labels.name ? { component: shortened(labels.name, { most: MOST_KEY }) } : {}),
      ...(labels.wave ? { group: shortened(labels.wave, { most: MOST_KEY }) } : {}),
      custom_details: details,
    },
  };
}

function dedupKey(key: string): string {
  return key.length <= MOST_KEY ? key.toWellFormed() : createHash('sha256').update(key).digest('hex');
}

export const pagerduty: Form = {
  request: ({ url, routingKey }, alert) => ({
    url: url || URL_OF_EVENTS,
    body: JSON.stringify(pagerdutyEvent(routingKey ?? '', alert)),
  }),
  refusal(text) {
    const status = field(text, 'status');
    if (status === 'success') return null;
    const word = String(status);
    return { reason: /^[a-z_ ]{1,40}$/.test(word) && status !== undefined ? word : 'but not with "success"' };
  },
};

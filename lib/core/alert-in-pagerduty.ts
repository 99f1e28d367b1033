import { type Delivery, idOf, instantOf, labelsIn, line, mapping, NOTHING, type Received, textOf } from './alert-in.ts';

/** Events that tell of an incident as a whole (PagerDuty developer docs, v3 webhooks); others are about something else. */
const EVENTS = [
  'incident.triggered', 'incident.acknowledged', 'incident.unacknowledged', 'incident.escalated', 'incident.delegated',
  'incident.reassigned', 'incident.reopened', 'incident.priority_updated', 'incident.resolved',
]; // biome-ignore format: a list to be read

/** A PagerDuty v3 webhook: one event. Its alert is the incident, which lasts until it is resolved. */
export function readPagerDuty(body: unknown, { at: now }: Received): Delivery | string {
  const event = mapping(mapping(body).event);
  const type = textOf(event.event_type);
  if (type === '') return 'event.event_type is missing';
  const incident = mapping(event.data);
  const id = textOf(incident.id);
  if (!EVENTS.includes(type) || incident.type !== 'incident' || id === '')
    return { ...NOTHING, alerts: [], ignored: line('an event of the type', type) };
  const occurredAt = Math.min(instantOf(event.occurred_at) ?? now, now);
  const isResolved = type === 'incident.resolved' || incident.status === 'resolved';
  const alert = {
    fingerprint: idOf(id),
    status: isResolved ? ('resolved' as const) : ('firing' as const),
    labels: labelsOf(incident),
    startsAt: Math.min(instantOf(incident.reopened_at) ?? instantOf(incident.created_at) ?? occurredAt, occurredAt),
    at: occurredAt,
    saidAt: occurredAt,
    summary: line(textOf(incident.title) || `incident ${id}`),
  };
  return { alerts: [alert], group: null, ignored: null };
}

function labelsOf(incident: Record<string, unknown>): Record<string, string> {
  const named = (key: string, field: string) => mapping(incident[key])[field];
  return labelsIn({
    incident_id: incident.id,
    incident_key: incident.incident_key,
    title: incident.title,
    status: incident.status,
    urgency: incident.urgency,
    priority: named('priority', 'summary'),
    service: named('service', 'summary'),
    service_id: named('service', 'id'),
    escalation_policy: named('escalation_policy', 'summary'),
    incident_type: named('incident_type', 'name'),
  });
}

import {
  type Delivery,
  fingerprintOf,
  idOf,
  instantOf,
  labelsIn,
  line,
  mapping,
  type Received,
  type SourceAlert,
  textOf,
} from './alert-in.ts';

/**
 * The webhook of Prometheus Alertmanager (payload 4, notify/webhook/webhook.go) and of Grafana, which is made alike. Both
 * send a group: its status says nothing of a single alert, and those beyond `max_alerts` are cut off and counted.
 */
export function readPrometheus(body: unknown, received: Received): Delivery | string {
  const { alerts, status, groupKey, groupLabels, truncatedAlerts } = mapping(body);
  if (!Array.isArray(alerts)) return 'alerts is no list';
  return {
    alerts: alerts.map((alert: unknown) => readAlert(mapping(alert), received)),
    group: {
      key: textOf(groupKey),
      isCut: truncatedAlerts !== undefined && truncatedAlerts !== 0,
      isFiring: status !== 'resolved',
      labels: labelsIn(groupLabels),
    },
    ignored: null,
  };
}

/** A status that is not known counts as firing. */
function readAlert(alert: Record<string, unknown>, { at: now }: Received): SourceAlert {
  const labels = labelsIn(alert.labels);
  const annotations = mapping(alert.annotations);
  const status = alert.status === 'resolved' ? 'resolved' : 'firing';
  // An instant that is yet to come would make what is said next look old.
  const startsAt = Math.min(instantOf(alert.startsAt) ?? now, now);
  const endsAt = Math.min(instantOf(alert.endsAt) ?? startsAt, now);
  const fingerprint = textOf(alert.fingerprint);
  return {
    fingerprint: fingerprint === '' ? fingerprintOf(labels) : idOf(fingerprint),
    status,
    labels,
    startsAt,
    at: status === 'resolved' ? Math.max(startsAt, endsAt) : startsAt,
    saidAt: now,
    summary: line(labels.alertname ?? '', textOf(annotations.summary) || textOf(annotations.description)),
  };
}

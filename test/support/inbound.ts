import { createHmac } from 'node:crypto';

/** A body as Alertmanager sends it (payload 4, with the fields of 0.25). */
export function alertmanagerBody(alerts: object[], change: object = {}): object {
  return {
    receiver: 'dcs-upgrader',
    status: 'firing',
    alerts,
    groupLabels: { alertname: 'RedisDown' },
    commonLabels: { alertname: 'RedisDown', severity: 'critical' },
    commonAnnotations: {},
    externalURL: 'http://alertmanager.example:9093',
    version: '4',
    groupKey: '{}:{alertname="RedisDown"}',
    truncatedAlerts: 0,
    ...change,
  };
}

/** One alert of such a group, about an instance of the fake world. */
export function promAlert(name: string, change: { labels?: object; [key: string]: unknown } = {}): object {
  return {
    status: 'firing',
    annotations: { summary: `${name} does not answer` },
    startsAt: '2026-11-23T16:50:00.600611231Z',
    endsAt: '0001-01-01T00:00:00Z',
    generatorURL: '',
    fingerprint: `f-${name}`,
    ...change,
    labels: { alertname: 'RedisDown', severity: 'critical', instance_id: `id-${name}`, ...change.labels },
  };
}

/** The headers of Standard Webhooks, made as its text describes and not as the program does. */
export function standardHeaders(secret: string, id: string, seconds: number, body: string): Record<string, string> {
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  const mac = createHmac('sha256', key);
  mac.update(id);
  mac.update('.');
  mac.update(String(seconds));
  mac.update('.');
  mac.update(body);
  return {
    'webhook-id': id,
    'webhook-timestamp': String(seconds),
    'webhook-signature': `v1,${mac.digest('base64')}`,
  };
}

export function hexHmac(secret: string, text: string): string {
  return createHmac('sha256', secret).update(text).digest('hex');
}

export function pagerDutyBody(id: string, event: object = {}, incident: object = {}): object {
  const data = {
    id,
    type: 'incident',
    number: 2,
    status: 'triggered',
    incident_key: 'id-a',
    created_at: '2026-11-23T16:50:00Z',
    title: 'Redis is down',
    service: { id: 'S1', summary: 'Redis prod', type: 'service_reference' },
    priority: { id: 'PR1', summary: 'P1', type: 'priority_reference' },
    urgency: 'high',
    ...incident,
  };
  const occurred_at = '2026-11-23T16:59:00.169Z';
  return {
    event: { id: `event-of-${id}`, event_type: 'incident.triggered', resource_type: 'incident', occurred_at, data, ...event },
  }; // biome-ignore format: one event
}

export const TOPIC = 'urn:smn:cn-north-4:0a419ac94f80f2c62f14c01e34000000:dcs';

/** An alarm of Cloud Eye as it stands in a message of SMN. */
export function ceBody(name: string, change: object = {}): object {
  return {
    message_type: 'alarm',
    alarm_id: 'al1',
    alarm_name: 'redis-memory',
    alarm_status: 'alarm',
    time: Date.parse('2026-11-23T17:00:00Z'),
    namespace: 'SYS.DCS',
    metric_name: 'memory_usage',
    dimension: `dcs_instance_id:id-${name}`,
    value: 93.5,
    unit: '%',
    alarmValue: [{ time: 1, value: 93.5 }],
    template_variable: { AlarmLevel: 'Critical', Region: 'cn-north-4', ResourceId: `id-${name}`, DataPoint: {} },
    ...change,
  };
}

/** What SMN sends, without a signature. */
export function smnBody(message: object, change: Record<string, string> = {}): Record<string, string> {
  return {
    type: 'Notification',
    topic_urn: TOPIC,
    message_id: 'd84bd6629ef04513ad2e37bffd6e17cb',
    signature_version: 'v1',
    message: JSON.stringify(message),
    timestamp: '2026-11-23T17:01:00Z',
    signing_cert_url: 'https://smn.cn-north-4.myhuaweicloud.com/smn/SMN_cn-north-4_3190c26a56fb435f.pem',
    unsubscribe_url: 'https://console.huaweicloud.com/smn/subscription/unsubscribe',
    ...change,
  };
}

export function standardBody(type: string, data: object, timestamp = '2026-11-23T17:00:30Z'): object {
  return { type, timestamp, data };
}

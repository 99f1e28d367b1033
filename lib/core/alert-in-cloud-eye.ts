import { type Delivery, idOf, instantOf, labelsIn, line, mapping, NOTHING, type Received, textOf } from './alert-in.ts';

/**
 * A notification of Huawei SMN whose message is an alarm of Cloud Eye: JSON in a text. Its templates may change the text
 * (SMN user guide); what is no alarm is ignored. `dimension` names the instance: `dcs_instance_id:ID`.
 */
export function readCloudEye(body: unknown, { at: now }: Received): Delivery | string {
  const { topic_urn: topic, message, timestamp, subject } = mapping(body);
  const alarm = mapping(parsed(textOf(message)));
  const [id, dimension] = [textOf(alarm.alarm_id), textOf(alarm.dimension)];
  if (id === '') return { ...NOTHING, alerts: [], ignored: line('no alarm of Cloud Eye', textOf(subject)) };
  const template = labelsIn(alarm.template_variable);
  const labels = {
    ...renamed(template),
    ...labelsIn(alarm),
    ...dimensionsIn(dimension),
    topic: textOf(topic),
  };
  const at = Math.min(instantOf(alarm.time) ?? instantOf(timestamp) ?? now, now);
  const alert = {
    fingerprint: idOf(dimension === '' ? id : `${id}/${dimension}`),
    status: alarm.alarm_status === 'ok' ? ('resolved' as const) : ('firing' as const),
    labels,
    startsAt: at,
    at,
    saidAt: at,
    summary: line(textOf(alarm.alarm_name) || template.AlarmRuleName || id, textOf(alarm.metric_name)),
  };
  return { alerts: [alert], group: null, ignored: null };
}

/** The words of the template that say more than the alarm itself does. */
function renamed({ AlarmLevel, Region, ResourceId, ResourceName }: Record<string, string>): Record<string, string> {
  return labelsIn({ severity: AlarmLevel, region: Region, resource_id: ResourceId, resource_name: ResourceName });
}

/** `dcs_instance_id:ID,dcs_cluster_redis_node:NODE`. */
function dimensionsIn(text: string): Record<string, string> {
  const pairs = text.split(',').flatMap((part) => {
    const [, name, value] = /^\s*([^:]+):(.+?)\s*$/.exec(part) ?? [];
    return name && value ? [[name, value] as const] : [];
  });
  return labelsIn(Object.fromEntries(pairs));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

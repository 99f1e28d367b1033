import { describe, expect, it } from '@jest/globals';
import { type AlertSource, line } from '../../lib/core/alert-in.ts';
import { READERS } from '../../lib/core/alert-readers.ts';
import { iso, MINUTE } from '../../lib/core/time.ts';
import { NIGHT } from '../support/builders.ts';
import { alertmanagerBody, ceBody, pagerDutyBody, promAlert, smnBody, standardBody } from '../support/inbound.ts';

const NOW = NIGHT + 5 * MINUTE;

function read(source: AlertSource, body: unknown) {
  const delivery = READERS[source](body, { at: NOW, signedAt: null });
  if (typeof delivery === 'string') throw new Error(delivery);
  return delivery;
}
const one = (source: AlertSource, body: unknown) => read(source, body).alerts[0]!;

describe('Alertmanager and Grafana', () => {
  it('F065 the status of each alert counts, not the group’s', () => {
    const body = alertmanagerBody([
      promAlert('a', { status: 'resolved', endsAt: '2026-11-23T16:55:00Z' }),
      promAlert('b'),
    ]);
    expect(read('alertmanager', body).alerts.map(({ fingerprint, status }) => [fingerprint, status])).toEqual([
      ['f-a', 'resolved'],
      ['f-b', 'firing'],
    ]);
  });

  it('F064 fields that are not known, and other versions, are taken as they are', () => {
    const alert = promAlert('a', { notification_reason: 'repeat', routeLabels: { team: 'x' }, values: { B: 44.2 }, silenceURL: '' });
    const more = alertmanagerBody([alert], { version: '5', notification_reason: 'new', orgId: 1, title: '[FIRING:1]', state: 'alerting' });
    expect(read('grafana', more)).toEqual(read('alertmanager', alertmanagerBody([promAlert('a')])));
  }); // biome-ignore format: long lines

  it.each<[string, Record<string, unknown>, string, string]>([
    ['firing', {}, 'firing', '2026-11-23T16:50:00.600Z'],
    ['with an offset and microseconds', { startsAt: '2026-11-24T00:51:03.157076+08:00' }, 'firing', '2026-11-23T16:51:03.157Z'],
    ['resolved', { status: 'resolved', endsAt: '2026-11-23T16:55:00Z' }, 'resolved', '2026-11-23T16:55:00Z'],
    ['resolved without an end', { status: 'resolved' }, 'resolved', '2026-11-23T16:50:00.600Z'],
    ['a clock that is fast', { startsAt: '2026-11-24T00:00:00Z' }, 'firing', iso(NOW)],
    ['an end that is yet to come', { status: 'resolved', endsAt: '2027-01-01T00:00:00Z' }, 'resolved', iso(NOW)],
    ['no time at all', { startsAt: undefined }, 'firing', iso(NOW)],
    ['nonsense for a time', { startsAt: 'soon' }, 'firing', iso(NOW)],
    ['a status that is not known', { status: 'suppressed' }, 'firing', '2026-11-23T16:50:00.600Z'],
  ])('an alert that is %s', (_, change, status, at) => {
    const alert = one('alertmanager', alertmanagerBody([promAlert('a', change)]));
    expect([alert.status, iso(alert.at)]).toEqual([status, at]);
  }); // biome-ignore format: a table

  it('without a fingerprint the labels are one, in whatever order they stand', () => {
    const labels = { alertname: 'RedisDown', severity: 'critical', instance_id: 'id-a' };
    const reversed = Object.fromEntries(Object.entries(labels).reverse());
    const [a, b, c] = [labels, reversed, { ...labels, severity: 'warning' }].map((given) =>
      one('alertmanager', { alerts: [{ status: 'firing', labels: given }] }),
    );
    expect([a!.fingerprint === b!.fingerprint, a!.fingerprint === c!.fingerprint]).toEqual([true, false]);
  });

  it.each<[string, unknown]>([
    ['no list', {}],
    ['a mapping', { alerts: {} }],
    ['null', null],
    ['a text', 'x'],
  ])('%s does not fit', (_, body) =>
    expect(READERS.alertmanager(body, { at: NOW, signedAt: null })).toBe('alerts is no list'),
  );

  it('what is no alert in the list hides no other', () => {
    const body = { alerts: [null, 7, { labels: 'x' }, { labels: { __proto__: 1, n: 5, deep: {} } }, promAlert('a')] };
    expect(read('alertmanager', body).alerts).toHaveLength(5);
    expect(read('alertmanager', body).alerts.at(-1)!.fingerprint).toBe('f-a');
  });

  it.each<[string, object, boolean, boolean]>([
    ['whole', {}, false, true],
    ['cut', { truncatedAlerts: 3 }, true, true],
    ['cut, in words that are not known', { truncatedAlerts: '3' }, true, true],
    ['of a version that cuts nothing', { truncatedAlerts: undefined }, false, true],
    ['cut and resolved', { truncatedAlerts: 3, status: 'resolved' }, true, false],
  ])('a group that is %s', (_, change, isCut, isFiring) => {
    expect(read('alertmanager', alertmanagerBody([], change)).group).toMatchObject({ isCut, isFiring });
  });
});

describe('PagerDuty', () => {
  it.each<[string, string, string, string | null]>([
    ['incident.triggered', 'triggered', 'firing', null],
    ['incident.acknowledged', 'acknowledged', 'firing', null],
    ['incident.reopened', 'triggered', 'firing', null],
    ['incident.resolved', 'resolved', 'resolved', null],
    ['incident.escalated', 'resolved', 'resolved', null],
    ['F071 incident.unknown_future_event', 'triggered', '', 'an event of the type: incident.unknown_future_event'],
    ['F071 service.updated', 'x', '', 'an event of the type: service.updated'],
  ])('%s', (name, status, expected, ignored) => {
    const body = pagerDutyBody('P1', { event_type: name.replace(/^F071 /, '') }, { status });
    const delivery = read('pagerduty', body);
    expect([delivery.alerts.map((alert) => alert.status), delivery.ignored]).toEqual([expected ? [expected] : [], ignored]);
  }); // biome-ignore format: a table

  it('F071 a ping, and an event about something else of an incident', () => {
    const ping = { event: { id: 'x', event_type: 'pagey.ping', resource_type: 'pagey', data: { message: 'Hello', type: 'ping' } } };
    const note = pagerDutyBody('P1', { event_type: 'incident.annotated' }, { type: 'incident_note' });
    expect([ping, note].map((body) => read('pagerduty', body).alerts)).toEqual([[], []]);
  }); // biome-ignore format: long lines

  it('the incident is the alert, and the time of the event the order', () => {
    const alert = one('pagerduty', pagerDutyBody('P1', { occurred_at: '2026-11-23T16:59:00.169Z' }));
    expect(alert).toMatchObject({ fingerprint: 'P1', summary: 'Redis is down', at: Date.parse('2026-11-23T16:59:00.169Z') });
    expect(alert.labels).toMatchObject({ service: 'Redis prod', urgency: 'high', incident_key: 'id-a', priority: 'P1' });
  }); // biome-ignore format: long lines

  it.each<[string, unknown]>([
    ['nothing', {}],
    ['an event without a type', { event: {} }],
    ['null', null],
  ])('%s does not fit', (_, body) =>
    expect(READERS.pagerduty(body, { at: NOW, signedAt: null })).toBe('event.event_type is missing'),
  );
});

describe('SMN with Cloud Eye', () => {
  it('an alarm, its instance by the dimension', () => {
    const alert = one('smn', smnBody(ceBody('a')));
    expect(alert).toMatchObject({ fingerprint: 'al1/dcs_instance_id:id-a', status: 'firing', at: NIGHT });
    expect(alert.summary).toBe('redis-memory: memory_usage');
    expect(alert.labels).toMatchObject({
      dcs_instance_id: 'id-a', namespace: 'SYS.DCS', severity: 'Critical', region: 'cn-north-4', topic: expect.stringMatching(/^urn:smn:/),
    }); // biome-ignore format: a mapping
  });

  it.each<[string, object, string]>([
    ['is over', { alarm_status: 'ok' }, 'resolved'],
    ['has a state that is not known', { alarm_status: 'insufficient_data' }, 'firing'],
  ])('one that %s', (_, change, status) => expect(one('smn', smnBody(ceBody('a', change))).status).toBe(status));

  it('several dimensions are several labels', () => {
    const { labels } = one(
      'smn',
      smnBody(ceBody('a', { dimension: 'dcs_instance_id:id-a,dcs_cluster_redis_node:n1' })),
    );
    expect([labels.dcs_instance_id, labels.dcs_cluster_redis_node]).toEqual(['id-a', 'n1']);
  });

  it.each<[string, string]>([
    ['a text of a template', 'Dear user, your instance is not well.'],
    ['JSON of another kind', '{"eventType": 1}'],
    ['a number', '5'],
    ['nothing', ''],
  ])('%s is ignored', (_, message) => {
    expect(read('smn', { ...smnBody({}), message, subject: 'hello' })).toMatchObject({
      alerts: [],
      ignored: 'no alarm of Cloud Eye: hello',
    });
  });
});

describe('Standard Webhooks', () => {
  it('its data are its labels, and the kind is the type unless they say otherwise', () => {
    expect(one('standard', standardBody('upgrade', { instance_id: 'id-a', weight: 2 })).labels).toEqual({
      kind: 'upgrade',
      type: 'upgrade',
      instance_id: 'id-a',
      weight: '2',
    });
    expect(one('standard', standardBody('x', { kind: 'upgrade', labels: { instance_id: 'id-b' } })).labels).toMatchObject({
      kind: 'upgrade',
      instance_id: 'id-b',
    });
  }); // biome-ignore format: long lines

  it.each<[string, object, object]>([
    ['the type', standardBody('redis.down.firing', { id: 'a' }), standardBody('redis.down.resolved', { id: 'a' })],
    ['the status', standardBody('redis.down', { id: 'a' }), standardBody('redis.down', { id: 'a', status: 'resolved', summary: 'well' })],
    ['the fingerprint', standardBody('x', { fingerprint: 'f', n: 1 }), standardBody('y', { fingerprint: 'f', n: 2, status: 'resolved' })],
  ])('an end that %s tells belongs to its beginning', (_, begin, end) => {
    const [first, last] = [one('standard', begin), one('standard', end)];
    expect([first.status, last.status, first.fingerprint === last.fingerprint]).toEqual(['firing', 'resolved', true]);
  }); // biome-ignore format: a table

  it('of two causes at one instance each has its own fingerprint', () => {
    const [down, slow] = ['redis.down', 'redis.slow'].map((type) => one('standard', standardBody(type, { id: 'a' })));
    expect(down!.fingerprint).not.toBe(slow!.fingerprint);
  });
});

describe('what strangers write', () => {
  it.each<[string, string]>([
    ['line\nbreaks\r\tand\u0000 more', 'line breaks and more'],
    ['turned \u202e dnuora\u2066 and \u200b hidden', 'turned dnuora and hidden'],
    ['half a \ud83d character', 'half a \ufffd character'],
    ['维护窗口 🚀', '维护窗口 🚀'],
    ['🚀'.repeat(400), `${'🚀'.repeat(300)}…`],
    ['', ''],
  ])('%j is one line', (given, shown) => expect(line(given)).toBe(shown));
});

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ALERT_SOURCES, type AlertSource } from '../../lib/core/alert-in.ts';
import { READERS } from '../../lib/core/alert-readers.ts';
import { NIGHT } from '../support/builders.ts';
import { alertmanagerBody, ceBody, pagerDutyBody, promAlert, smnBody, standardBody } from '../support/inbound.ts';
import { isPolluted, spoilt } from '../support/spoil.ts';

const GOOD: Record<AlertSource, object> = {
  alertmanager: alertmanagerBody([promAlert('a'), promAlert('b', { status: 'resolved' })]),
  grafana: alertmanagerBody([promAlert('a')], { truncatedAlerts: 2 }),
  pagerduty: pagerDutyBody('Q1'),
  smn: smnBody(ceBody('a')),
  standard: standardBody('redis.down', { instance_id: 'id-a', severity: 'critical' }),
};

describe('bodies of webhooks that were changed at random', () => {
  it.each(ALERT_SOURCES)('%s: what is read of them is bounded, on one line, and not of times to come', (source) => {
    const seen = { told: 0, nothing: 0 };
    fc.assert(
      fc.property(spoilt(GOOD[source]), (body) => {
        const delivery = READERS[source](body, { at: NIGHT, signedAt: null });
        seen[typeof delivery === 'string' || delivery.alerts.length === 0 ? 'nothing' : 'told'] += 1;
        if (typeof delivery === 'string') return;
        for (const { fingerprint, status, labels, startsAt, at, saidAt, summary } of delivery.alerts) {
          // It becomes part of an id.
          expect(fingerprint).toMatch(/^[\x21-\x7e]{1,120}$/);
          expect(['firing', 'resolved']).toContain(status);
          if (status === 'resolved') expect(JSON.stringify(body)).toMatch(/resolved|"ok"|OK/i);
          for (const instant of [startsAt, at, saidAt]) {
            expect(Number.isSafeInteger(instant)).toBe(true);
            expect(instant).toBeLessThanOrEqual(NIGHT);
          }
          expect(at).toBeGreaterThanOrEqual(startsAt);
          expect(Object.entries(labels).length).toBeLessThanOrEqual(400);
          for (const text of Object.values(labels)) expect(typeof text === 'string' && text.length <= 1_000).toBe(true);
          expect([...summary].length).toBeLessThanOrEqual(301);
          expect(summary).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u);
        }
        expect(isPolluted()).toBe(false);
      }),
      { numRuns: 500 },
    );
    expect(seen.told).toBeGreaterThan(100);
    expect(seen.nothing).toBeGreaterThan(10);
  });
});

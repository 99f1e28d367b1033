import { describe, expect, it } from '@jest/globals';
import type { AlertRule, Policy, Problem } from '../../lib/core/policy.ts';
import { parsePolicy } from '../../lib/core/policy-parse.ts';
import { DAY, HOUR, MINUTE } from '../../lib/core/time.ts';
import { aTarget } from '../support/builders.ts';

const BASE = {
  version: 1,
  timezone: 'Asia/Shanghai',
  scopes: [{ project: 'p1', region: 'cn-north-4' }],
  windows: { night: { days: ['tue'], from: '01:00', to: '05:00' } },
  rollout: [{ wave: 'dev', match: {}, window: 'night' }],
};
const TOPIC = 'urn:smn:cn-north-4:0a419ac94f80f2c62f14c01e34000000:dcs';

async function read(...alerts: object[]): Promise<{ policy?: Policy; problems?: Problem[] }> {
  return parsePolicy({ ...BASE, alerts }, {});
}
async function rule(alert: object): Promise<AlertRule> {
  const { policy, problems } = await read(alert);
  if (!policy) throw new Error(JSON.stringify(problems));
  return policy.alerts[0]!;
}

describe('what may come in', () => {
  it('nothing, unless the policy says so', async () => {
    const read = await parsePolicy(BASE, {});
    expect('policy' in read && read.policy.alerts).toEqual([]);
  });

  it('an entry that holds', async () => {
    const given = { match: { severity: 'critical' }, holds: { id: 'label:instance_id' }, ttl: '2h', silence: { after: '30m', then: 'closed' } };
    expect(await rule({ from: 'alertmanager', ...given })).toEqual({
      from: 'alertmanager', match: { severity: ['critical'] }, topics: [], holds: aTarget({ id: { label: 'instance_id' } }), moves: null,
      ttl: { holds: 2 * HOUR, moves: 2 * HOUR }, silence: { after: 30 * MINUTE, then: 'closed' },
    });
  }); // biome-ignore format: long lines

  it('topics of SMN', async () => {
    const { topics, ttl } = await rule({ from: 'smn', topics: [TOPIC], holds: { id: 'label:dcs_instance_id' } });
    expect([topics, ttl]).toEqual([[TOPIC], { holds: DAY, moves: 8 * DAY }]);
  });

  it.each<[string, object, object]>([
    ['everything', { all: true }, { all: true }],
    ['a region', { region: 'cn-north-4' }, { region: { text: 'cn-north-4' } }],
    ['tags', { tags: { app: 'label:app', env: 'prod' } }, { tags: { app: { label: 'app' }, env: { text: 'prod' } } }],
  ])('instances by %s', async (_, holds, expected) => {
    expect((await rule({ from: 'standard', holds })).holds).toEqual(aTarget(expected));
  });

  it('silence is ignored unless it says otherwise', async () => {
    expect((await rule({ from: 'grafana', silence: { after: '1h' } })).silence).toEqual({ after: HOUR, then: 'open' });
  });
});

describe('what is wrong is named, with what would be right', () => {
  const holds = { id: 'label:i' };
  it.each<[string, object, string, string | RegExp]>([
    ['no source', { holds }, 'alerts.0.from', /one of alertmanager, grafana, pagerduty, smn, standard$/],
    ['another source', { from: 'nagios', holds }, 'alerts.0.from', /is "?nagios"?: it must be one of/],
    ['a key that is not known', { from: 'grafana', hold: holds }, 'alerts.0.hold', 'unknown key alerts[0].hold'],
    ['nothing to do', { from: 'grafana' }, 'alerts.0', 'alerts[0]: it does nothing'],
    ['no instances', { from: 'grafana', holds: {} }, 'alerts.0.holds', 'alerts[0].holds: it names no instances'],
    ['all and some', { from: 'grafana', holds: { all: true, ...holds } }, 'alerts.0.holds', 'alerts[0].holds: all does not go with anything else'],
    ['a pattern', { from: 'grafana', moves: { id: 'a*' } }, 'alerts.0.moves.id', 'alerts[0].moves.id: a* is taken as it is, not as a pattern'],
    ['no name of a label', { from: 'grafana', holds: { tags: { app: 'label:' } } }, 'alerts.0.holds.tags.app', /must be followed by the name of a label$/],
    ['SMN without topics', { from: 'smn', holds }, 'alerts.0.topics', /topics is missing/],
    ['a topic that is none', { from: 'smn', topics: ['dcs'], holds }, 'alerts.0.topics.0', /it must be like "urn:smn:/],
    ['topics of another', { from: 'grafana', topics: [TOPIC], holds }, 'alerts.0.topics', 'alerts[0].topics: topics goes with smn only'],
    ['a time without end', { from: 'grafana', holds, ttl: '91d' }, 'alerts.0.ttl', /from 1m to 90d$/],
    ['silence without a time', { from: 'grafana', silence: { then: 'closed' } }, 'alerts.0.silence.after', /is missing/],
    ['silence of another kind', { from: 'grafana', silence: { after: '1h', then: 'shut' } }, 'alerts.0.silence.then', /one of closed, open$/],
  ])('%s', async (_, alert, path, message) => {
    const { problems = [] } = await read(alert);
    const found = problems.find((one) => one.path.join('.') === path);
    expect(found?.message ?? problems).toEqual(typeof message === 'string' ? message : expect.stringMatching(message));
  }); // biome-ignore format: a table
});

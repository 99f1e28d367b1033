import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Delivery, SourceAlert } from '../../lib/core/alert-in.ts';
import { claimsOf } from '../../lib/core/alert-rules.ts';
import { type HoldMatch, holdOn } from '../../lib/core/hold.ts';
import type { AlertRule, AlertTarget } from '../../lib/core/policy.ts';
import { HOUR } from '../../lib/core/time.ts';
import { aHold, anInstance, aRule, aTarget, NIGHT } from '../support/builders.ts';

type Labels = Record<string, string>;

function anAlert(labels: Labels, change: Partial<SourceAlert> = {}): SourceAlert {
  const times = { startsAt: NIGHT, at: NIGHT, saidAt: NIGHT };
  return { fingerprint: 'f', status: 'firing', labels, ...times, summary: 'RedisDown', ...change };
}

function delivery(labels: Labels[], group: Partial<NonNullable<Delivery['group']>> | null = null): Delivery {
  const whole = { key: 'g', isCut: false, isFiring: true, labels: {} };
  return { alerts: labels.map((one) => anAlert(one)), group: group && { ...whole, ...group }, ignored: null };
}

const matches = (rules: AlertRule[], given: Delivery): HoldMatch[] =>
  claimsOf(rules, 'alertmanager', given, NIGHT).holds.flatMap(({ wants }) => wants.map(({ match }) => match));

const BY_ID = aTarget({ id: { label: 'instance_id' } });
const A = { severity: 'critical', instance_id: 'id-a', region: 'cn-north-4', app: 'cart' };

describe('which entries an alert fits', () => {
  it.each<[string, Partial<AlertRule>, Labels, boolean]>([
    ['any, when nothing is asked', {}, A, true],
    ['a label', { match: { severity: ['critical'] } }, A, true],
    ['one of several', { match: { severity: ['page', 'crit*'] } }, A, true],
    ['another value', { match: { severity: ['warning'] } }, A, false],
    ['all of them', { match: { severity: ['critical'], app: ['c?rt'] } }, A, true],
    ['not all of them', { match: { severity: ['critical'], app: ['shop'] } }, A, false],
    ['a label that it has not', { match: { team: ['*'] } }, A, false],
    ['a name that every object has', { match: { constructor: ['*'] } }, A, false],
    ['another source', { from: 'grafana' }, A, false],
    ['its topic', { topics: ['urn:smn:r:p:dcs'] }, { ...A, topic: 'urn:smn:r:p:dcs' }, true],
    ['another topic', { topics: ['urn:smn:r:p:dcs'] }, { ...A, topic: 'urn:smn:r:p:ecs' }, false],
  ])('%s', (_, rule, labels, fits) => {
    expect(matches([aRule({ holds: BY_ID, ...rule })], delivery([labels]))).toEqual(fits ? [{ instanceId: 'id-a' }] : []);
  }); // biome-ignore format: a table
});

describe('what it holds', () => {
  it.each<[string, Partial<AlertTarget>, HoldMatch[]]>([
    ['an instance', { id: { label: 'instance_id' } }, [{ instanceId: 'id-a' }]],
    ['a tag', { tags: { app: { label: 'app' }, env: { text: 'prod' } } }, [{ tags: { app: 'cart', env: 'prod' } }]],
    ['a region', { region: { label: 'region' } }, [{ region: 'cn-north-4' }]],
    ['all of them at once', { id: { label: 'instance_id' }, region: { text: 'r' } }, [{ instanceId: 'id-a', region: 'r' }]],
    ['everything', { all: true }, [{ all: true }]],
    ['nothing, when the label is missing', { id: { label: 'id' } }, []],
    ['nothing, when one of the labels is missing', { id: { label: 'instance_id' }, tags: { t: { label: 't' } } }, []],
    ['nothing, when only an object’s own key has that name', { id: { label: 'toString' } }, []],
  ])('%s', (_, holds, expected) => {
    expect(matches([aRule({ holds: aTarget(holds) })], delivery([A]))).toEqual(expected);
  }); // biome-ignore format: a table

  it('what says nothing to the policy is named, and why', () => {
    const rules = [aRule({ match: { severity: ['critical'] }, holds: aTarget({ id: { label: 'dcs' } }) })];
    expect(claimsOf(rules, 'alertmanager', delivery([A, { severity: 'info' }]), NIGHT).unmapped).toEqual([
      { fingerprint: 'f', why: 'it has no label dcs' },
      { fingerprint: 'f', why: 'no entry of the policy matches it' },
    ]);
  });

  it('the same of two entries is one hold, for the longer time', () => {
    const rules = [HOUR, 3 * HOUR].map((holds) => aRule({ holds: BY_ID, ttl: { holds, moves: 1 } }));
    const [claim] = claimsOf(rules, 'alertmanager', delivery([A]), NIGHT).holds;
    expect(claim!.wants).toEqual([{ match: { instanceId: 'id-a' }, ttl: 3 * HOUR }]);
  });

  it('moves are apart from holds', () => {
    const { holds, moves } = claimsOf([aRule({ moves: BY_ID })], 'alertmanager', delivery([A]), NIGHT);
    expect([holds[0]!.wants, moves[0]!.wants.map(({ match }) => match)]).toEqual([[], [{ instanceId: 'id-a' }]]);
  });
});

describe('a group that was cut holds all that the entry could reach', () => {
  const critical = { match: { severity: ['critical'] } };
  it.each<[string, Partial<AlertRule>, Partial<NonNullable<Delivery['group']>>, HoldMatch[]]>([
    ['everything, when the instance is in a label', { holds: BY_ID }, { isCut: true }, [{ all: true }]],
    ['nothing, when it is whole', { holds: BY_ID }, {}, []],
    ['nothing, when all of it is over', { holds: BY_ID }, { isCut: true, isFiring: false }, []],
    ['the group’s own instance', { holds: BY_ID }, { isCut: true, labels: { instance_id: 'id-a' } }, [{ instanceId: 'id-a' }]],
    ['as far as the entry narrows it', { holds: aTarget({ id: { label: 'i' }, region: { text: 'r' } }) }, { isCut: true }, [{ region: 'r' }]],
    ['what may match', { ...critical, holds: BY_ID }, { isCut: true, labels: { team: 'x' } }, [{ all: true }]],
    ['not what cannot match', { ...critical, holds: BY_ID }, { isCut: true, labels: { severity: 'info' } }, []],
    ['nothing, when it only moves', { moves: BY_ID }, { isCut: true }, []],
  ])('%s', (_, rule, group, expected) => {
    expect(matches([aRule(rule)], delivery([], group))).toEqual(expected);
  }); // biome-ignore format: a table
});

describe('property: an alert can only ever hold within what an entry names', () => {
  const word = fc.constantFrom('id-a', 'id-b', 'cart', 'cn-north-4', '*', '?', '', 'true', '__proto__');
  const name = fc.constantFrom('instance_id', 'app', 'region', 'severity', 'all', '__proto__', 'constructor');
  const labels = fc.dictionary(name, word);
  const value = fc.oneof(
    name.map((label) => ({ label })),
    fc.constantFrom('id-a', 'cn-north-4', 'dev').map((text) => ({ text })),
  );
  const target = fc
    .record({
      id: fc.option(value),
      region: fc.option(value),
      tags: fc.dictionary(fc.constantFrom('env', 'app'), value),
    })
    .filter(({ id, region, tags }) => id !== null || region !== null || Object.keys(tags).length > 0);
  const rule = fc.record({ match: fc.dictionary(name, fc.array(word, { minLength: 1, maxLength: 2 })), holds: target });
  const fleet = ['a', 'b', 'c'].flatMap((one) =>
    ['dev', 'prod'].map((env) => anInstance(one, { instanceId: `id-${one}`, tags: { env, app: one === 'a' ? 'cart' : 'shop' } })),
  ); // biome-ignore format: arbitraries

  it('and only instances that carry the values', () => {
    fc.assert(
      fc.property(fc.array(rule, { minLength: 1, maxLength: 3 }), labels, (entries, given) => {
        const rules = entries.map(({ match, holds }) => aRule({ match, holds: aTarget(holds) }));
        const found = matches(rules, delivery([given])).map((match, index) => aHold({ id: String(index), match }));
        for (const instance of fleet) {
          const isNamed = entries.some(({ match, holds }) => {
            const said = (key: string) => (Object.hasOwn(given, key) ? given[key]! : null);
            const of = (one: { label: string } | { text: string }) => ('text' in one ? one.text : said(one.label));
            const fits = Object.entries(match).every(([key, globs]) => {
              const text = said(key);
              return text !== null && globs.some((glob) => glob === '*' || glob === text || (glob === '?' && text.length === 1));
            });
            const idFits = holds.id === null || of(holds.id) === instance.instanceId;
            const regionFits = holds.region === null || of(holds.region) === instance.region;
            return fits && idFits && regionFits && Object.entries(holds.tags).every(([tag, one]) => of(one) === instance.tags[tag]);
          });
          expect(holdOn(instance, 'dev', found, NIGHT) !== null).toBe(isNamed);
        }
      }),
      { numRuns: 500 },
    );
  }); // biome-ignore format: one property
});

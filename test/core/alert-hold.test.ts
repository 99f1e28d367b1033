import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { holdsToForget, holdsToWrite } from '../../lib/core/alert-hold.ts';
import type { Claim } from '../../lib/core/alert-rules.ts';
import { type Hold, isInForce } from '../../lib/core/hold.ts';
import { DAY, HOUR, MINUTE } from '../../lib/core/time.ts';
import { aHold, NIGHT } from '../support/builders.ts';

const ID = 'alert:alertmanager:f';

function claim(change: Partial<Claim> = {}): Claim {
  return {
    id: ID,
    by: 'alert:alertmanager',
    reason: 'RedisDown',
    status: 'firing',
    startsAt: NIGHT,
    at: NIGHT,
    saidAt: NIGHT,
    wants: [{ match: { instanceId: 'id-a' }, ttl: 2 * HOUR }],
    ...change,
  };
}
const firing = (minute: number, saidMinute = minute) =>
  claim({ at: NIGHT + minute * MINUTE, startsAt: NIGHT + minute * MINUTE, saidAt: NIGHT + saidMinute * MINUTE });
const resolved = (minute: number) => ({ ...firing(0), at: NIGHT + minute * MINUTE, status: 'resolved' as const });

/** What is stored after these were heard, one after the other, a minute between them. */
function storedAfter(claims: readonly Claim[], before: readonly Hold[] = []): Hold[] {
  let [stored, now] = [before, NIGHT + 60 * MINUTE];
  for (const one of claims) {
    const written = new Map(holdsToWrite([one], stored, now).map((hold) => [hold.id, hold]));
    stored = [...stored.filter(({ id }) => !written.has(id)), ...written.values()];
    now += MINUTE;
  }
  return [...stored];
}
const isHeld = (claims: readonly Claim[], before: readonly Hold[] = []) =>
  storedAfter(claims, before).some((hold) => isInForce(hold, NIGHT + 70 * MINUTE));

describe('what came later counts, whatever comes first', () => {
  it.each<[string, Claim[], boolean]>([
    ['nothing', [], false],
    ['it fires', [firing(0)], true],
    ['it fires and is over', [firing(0), resolved(10)], false],
    ['it is over and fires, which came late', [resolved(10), firing(0)], false],
    ['it is over, and nobody heard of it before', [resolved(10)], false],
    ['it fires anew after its end', [firing(0), resolved(10), firing(20)], true],
    ['the end of the first comes after the second began', [firing(0), firing(20), resolved(10)], true],
    ['all the other way round', [firing(20), resolved(10), firing(0)], true],
    ['it begins again at the instant of its end', [resolved(10), firing(10)], false],
    ['it is over at the instant at which it began', [firing(10), resolved(10)], false],
    ['its time is over', [{ ...firing(0), wants: [{ match: { instanceId: 'id-a' }, ttl: 30 * MINUTE }] }], false],
    ['its time is over, and it is repeated', [{ ...firing(0, 60), wants: [{ match: { instanceId: 'id-a' }, ttl: 30 * MINUTE }] }], true],
    ['the policy names nothing for it', [claim({ wants: [] })], false],
    ['the policy names nothing for its end', [firing(0), { ...resolved(10), wants: [] }], false],
  ])('%s', (_, claims, held) => expect(isHeld(claims)).toBe(held)); // biome-ignore format: a table

  it('property: of what one cause says, the latest counts, in any order and however often it comes', () => {
    const event = fc.record({ minute: fc.integer({ min: 0, max: 50 }), isOver: fc.boolean() });
    fc.assert(
      fc.property(fc.uniqueArray(event, { selector: ({ minute }) => minute, minLength: 1 }), fc.infiniteStream(fc.nat()), (events, dice) => {
        const claims = events.map(({ minute, isOver }) => (isOver ? resolved(minute) : firing(minute)));
        const twice = [...claims, ...claims].map((one) => ({ one, place: dice.next().value! }));
        const shuffled = twice.sort((a, b) => a.place - b.place).map(({ one }) => one);
        const latest = events.reduce((a, b) => (a.minute > b.minute ? a : b));
        expect(isHeld(shuffled)).toBe(!latest.isOver);
      }),
    ); // biome-ignore format: one property
  });
});

describe('the hold', () => {
  it('says who, why and until when', () => {
    expect(storedAfter([firing(0)])).toEqual([
      aHold({
        id: ID,
        match: { instanceId: 'id-a' },
        by: 'alert:alertmanager',
        reason: 'RedisDown',
        createdAt: NIGHT + HOUR,
        until: NIGHT + 2 * HOUR,
        asOf: NIGHT,
      }),
    ]);
  });

  it('a repetition changes nothing but its end', () => {
    const [first] = storedAfter([firing(0)]);
    expect(holdsToWrite([firing(0)], [first!], NIGHT + 61 * MINUTE)).toEqual([]);
    expect(storedAfter([firing(0, 30)], [first!])).toEqual([{ ...first, until: NIGHT + 2.5 * HOUR }]);
  });

  it('one alert that several entries fit has a hold for each, and its end ends them all', () => {
    const both = [{ match: { instanceId: 'id-a' }, ttl: HOUR * 2 }, { match: { region: 'r' }, ttl: HOUR * 2 }];
    const stored = storedAfter([{ ...firing(0), wants: both }]);
    expect(stored.map(({ id, match }) => [id, match])).toEqual([[ID, { instanceId: 'id-a' }], [`${ID}#2`, { region: 'r' }]]);
    expect(isHeld([resolved(10)], stored)).toBe(false);
  }); // biome-ignore format: long lines

  it('is not another alert’s whose name begins alike', () => {
    const other = storedAfter([{ ...firing(0), id: `${ID}f` }]);
    expect(isHeld([resolved(10)], other)).toBe(true);
  });

  it.each<[string, Claim[], boolean]>([
    ['while the same goes on', [firing(0, 62)], false],
    ['and is over, and fires anew', [resolved(63), firing(64)], true],
    ['and fires anew, the end was lost', [firing(64)], true],
    ['and an event of it comes late', [{ ...firing(0), at: NIGHT + 64 * MINUTE }], false],
  ])('that a person has released stays so: %s', (_, claims, held) => {
    const [hold] = storedAfter([firing(0)]);
    const free = { ...hold!, releasedAt: NIGHT + 61 * MINUTE, releasedBy: 'ops: we know' };
    expect(isHeld(claims, [free])).toBe(held);
  });

  it('is forgotten a week after its end, and a person’s never', () => {
    const over = { by: 'alert:smn', until: NIGHT, releasedAt: null };
    const holds = [
      aHold({ ...over, id: 'old' }),
      aHold({ ...over, id: 'new', until: NIGHT + DAY }),
      aHold({ ...over, id: 'released', until: NIGHT + 30 * DAY, releasedAt: NIGHT }),
      aHold({ id: 'ops', until: NIGHT, releasedAt: NIGHT }),
    ];
    expect(holdsToForget(holds, NIGHT + 7 * DAY + MINUTE)).toEqual(['old']);
  });
});

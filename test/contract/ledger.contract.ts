import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Hold } from '../../lib/core/hold.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../lib/core/time.ts';
import {
  type Condition,
  type Finding,
  type FleetEntry,
  type Lease,
  type Ledger,
  StaleLeaseError,
} from '../../lib/deps.ts';
import { anAttempt, anInstance, NIGHT, versions } from '../support/builders.ts';

/**
 * What every ledger does. `open` gives an empty one; `reopen`, for a store that outlives its process, closes the given
 * one and opens the same store again.
 */
export function ledgerContract(
  name: string,
  open: () => Promise<Ledger>,
  reopen?: (ledger: Ledger) => Promise<Ledger>,
): void {
  describe(`ledger: ${name}`, () => {
    let ledger: Ledger;
    beforeEach(async () => {
      ledger = await open();
    });
    afterEach(async () => {
      await ledger.close();
    });
    const current = () => ledger;

    describe('claims', () => claims(current));
    describe('saves', () => saves(current));
    describe('the lease', () => leases(current));
    describe('reading attempts', () => reads(current));
    describe('everything else that is remembered', () => documents(current));
    if (reopen) {
      it('remembers all of it when it is opened again', async () => {
        const lease = await leaseOf(ledger);
        await ledger.claim(anAttempt('a'), lease);
        await ledger.putHold(aHold('h'));
        await ledger.putFleet([anEntry('a')]);
        await ledger.putFinding(aFinding('a'));
        await ledger.putCondition(aCondition('c'));
        await ledger.putNote('policy', 'version: 1');
        ledger = await reopen(ledger);
        expect(await ledger.attempts({})).toEqual([anAttempt('a')]);
        expect(await ledger.holds()).toEqual([aHold('h')]);
        expect(await ledger.fleet()).toEqual([anEntry('a')]);
        expect(await ledger.findings('cn-north-4/p1')).toEqual([aFinding('a')]);
        expect(await ledger.conditions()).toEqual([aCondition('c')]);
        expect(await ledger.note('policy')).toBe('version: 1');
        expect(await ledger.acquireLease('next', MINUTE, NIGHT + HOUR)).toMatchObject({ fence: lease.fence + 1 });
      });
    }
  });
}

function claims(current: () => Ledger): void {
  it('one of twenty concurrent claims wins', async () => {
    const lease = await leaseOf(current());
    const rivals = Array.from({ length: 20 }, (_, rival) => anAttempt('a', { reason: `rival ${rival}` }));
    const won = await Promise.all(rivals.map((rival) => current().claim(rival, lease)));
    expect(won.filter(Boolean)).toHaveLength(1);
    expect(await current().attempts({})).toEqual([rivals[won.indexOf(true)]]);
  });

  it('the same instance can be claimed again in another opening', async () => {
    const lease = await leaseOf(current());
    expect(await current().claim(anAttempt('a'), lease)).toBe(true);
    expect(await current().claim(anAttempt('a', { id: 'id-a@next' }), lease)).toBe(true);
  });

  it('a settled attempt still keeps its opening from a second claim', async () => {
    const lease = await leaseOf(current());
    await current().claim(anAttempt('a'), lease);
    await current().save(anAttempt('a', { state: 'failed', settled: true }));
    expect(await current().claim(anAttempt('a'), lease)).toBe(false);
  });

  it('under a stale lease it is refused, and nothing is stored', async () => {
    const old = await leaseOf(current(), 'one', NIGHT);
    const now = await leaseOf(current(), 'two', old.until);
    await expect(current().claim(anAttempt('a'), old)).rejects.toThrow(StaleLeaseError);
    expect(await current().attempts({})).toEqual([]);
    expect(await current().claim(anAttempt('a'), now)).toBe(true);
  });

  it('under a lease that this ledger never gave it is refused', async () => {
    const lease = { holder: 'one', fence: 1, until: NIGHT + MINUTE };
    await expect(current().claim(anAttempt('a'), lease)).rejects.toThrow(StaleLeaseError);
  });

  it('under a lease that was renewed since it is made', async () => {
    const lease = await leaseOf(current(), 'one', NIGHT);
    await leaseOf(current(), 'one', NIGHT + SECOND);
    expect(await current().claim(anAttempt('a'), lease)).toBe(true);
  });
}

function saves(current: () => Ledger): void {
  it('returns what is stored now, one revision on', async () => {
    await current().claim(anAttempt('a'), await leaseOf(current()));
    const saved = await current().save(anAttempt('a', { state: 'running', taskId: 'task-1' }));
    expect(saved).toEqual(anAttempt('a', { state: 'running', taskId: 'task-1', rev: 1 }));
    expect(await current().attempt(saved!.id)).toEqual(saved);
  });

  it('F119: a save with an old revision returns null and changes nothing', async () => {
    await current().claim(anAttempt('a'), await leaseOf(current()));
    const theirs = await current().save(anAttempt('a', { state: 'running' }));
    expect(await current().save(anAttempt('a', { state: 'expired' }))).toBeNull();
    expect(await current().attempt(theirs!.id)).toEqual(theirs);
  });

  it('a save with a revision that never was returns null too', async () => {
    await current().claim(anAttempt('a'), await leaseOf(current()));
    expect(await current().save(anAttempt('a', { state: 'running', rev: 1 }))).toBeNull();
    expect(await current().attempt(anAttempt('a').id)).toEqual(anAttempt('a'));
  });

  it('F119: who lost reads again, and may save what it decides from that', async () => {
    await current().claim(anAttempt('a'), await leaseOf(current()));
    await current().save(anAttempt('a', { state: 'running' }));
    const read = await current().attempt(anAttempt('a').id);
    expect(await current().save({ ...read!, state: 'succeeded' })).toMatchObject({ state: 'succeeded', rev: 2 });
  });

  it('one of twenty concurrent saves of one revision wins', async () => {
    await current().claim(anAttempt('a'), await leaseOf(current()));
    const saved = await Promise.all(
      Array.from({ length: 20 }, (_, calls) => current().save(anAttempt('a', { calls }))),
    );
    expect(saved.filter((one) => one !== null)).toHaveLength(1);
  });

  it('cannot make an attempt that was never claimed', async () => {
    expect(await current().save(anAttempt('a'))).toBeNull();
    expect(await current().attempt(anAttempt('a').id)).toBeNull();
  });
}

function leases(current: () => Ledger): void {
  it('one of twenty who ask at once gets it', async () => {
    const asked = Array.from({ length: 20 }, (_, rival) => current().acquireLease(`rival-${rival}`, MINUTE, NIGHT));
    expect((await Promise.all(asked)).filter((lease) => lease !== null)).toHaveLength(1);
  });

  it.each<{ holder: string; after: number; given: boolean; fenceMore: number }>`
    holder   | after        | given    | fenceMore | why
    ${'one'} | ${30_000}    | ${true}  | ${0}      | ${'the same holder renews, under the same fence'}
    ${'one'} | ${90_000}    | ${true}  | ${0}      | ${'it ran out, and nobody else came in between'}
    ${'two'} | ${59_999}    | ${false} | ${0}      | ${'it is still the first one’s'}
    ${'two'} | ${60_000}    | ${true}  | ${1}      | ${'F122: expired by its time, though it is still stored'}
    ${'two'} | ${48 * HOUR} | ${true}  | ${1}      | ${'F122: expired two days ago, and still stored'}
  `('held by one for 60 s, asked for by $holder after $after ms: given is $given ($why)', async (row) => {
    const first = await leaseOf(current(), 'one', NIGHT);
    const next = await current().acquireLease(row.holder, MINUTE, NIGHT + row.after);
    const { fence } = first;
    const until = NIGHT + row.after + MINUTE;
    expect(next).toEqual(row.given ? { holder: row.holder, fence: fence + row.fenceMore, until } : null);
  });

  it('given back, it is free at once, under a higher fence', async () => {
    const lease = await leaseOf(current(), 'one', NIGHT);
    await current().releaseLease(lease);
    expect(await current().acquireLease('two', MINUTE, NIGHT)).toMatchObject({ fence: lease.fence + 1 });
  });

  it('given back and taken again by the same holder, its fence is a new one', async () => {
    const lease = await leaseOf(current(), 'one', NIGHT);
    await current().releaseLease(lease);
    expect(await current().acquireLease('one', MINUTE, NIGHT)).toMatchObject({ fence: lease.fence + 1 });
  });

  it('given back a second time, it does not end the same holder’s next one', async () => {
    const old = await leaseOf(current(), 'one', NIGHT);
    await current().releaseLease(old);
    await leaseOf(current(), 'one', NIGHT);
    await current().releaseLease(old);
    expect(await current().acquireLease('two', MINUTE, NIGHT)).toBeNull();
  });

  it('giving back one that somebody else has by now changes nothing', async () => {
    const old = await leaseOf(current(), 'one', NIGHT);
    await leaseOf(current(), 'two', old.until);
    await current().releaseLease(old);
    expect(await current().acquireLease('three', MINUTE, old.until)).toBeNull();
  });
}

function reads(current: () => Ledger): void {
  const four = [
    anAttempt('a', { claimedAt: NIGHT + 3 * MINUTE }),
    anAttempt('b', { claimedAt: NIGHT + 2 * MINUTE }),
    anAttempt('a', { claimedAt: NIGHT + MINUTE, id: 'id-a@before', settled: true, state: 'failed' }),
    anAttempt('c', { claimedAt: NIGHT, state: 'succeeded' }),
  ];
  const [newA, b, oldA, c] = four.map(({ id }) => id);
  beforeEach(async () => {
    const lease = await leaseOf(current());
    for (const attempt of [four[2]!, four[0]!, four[3]!, four[1]!]) await current().claim(attempt, lease);
  });

  it.each<{ filter: Parameters<Ledger['attempts']>[0]; found: string[] }>`
    filter                                               | found                 | why
    ${{}}                                                | ${[newA, b, oldA, c]} | ${'newest claim first'}
    ${{ since: NIGHT + MINUTE }}                         | ${[newA, b, oldA]}    | ${'at or after'}
    ${{ since: NIGHT + DAY }}                            | ${[]}                 | ${'none so late'}
    ${{ instanceId: 'id-a' }}                            | ${[newA, oldA]}       | ${'of one instance'}
    ${{ instanceId: 'id-a', limit: 1 }}                  | ${[newA]}             | ${'its newest'}
    ${{ instanceId: 'id-a', since: NIGHT + 2 * MINUTE }} | ${[newA]}             | ${'both at once'}
    ${{ limit: 2 }}                                      | ${[newA, b]}          | ${'no more than asked for'}
    ${{ instanceId: 'id-x' }}                            | ${[]}                 | ${'nobody knows it'}
  `('attempts($filter) gives $found ($why)', async ({ filter, found }) => {
    expect((await current().attempts(filter)).map(({ id }) => id)).toEqual(found);
  });

  it('the active ones are those that are not settled, ended or not, oldest claim first', async () => {
    const active = await current().activeAttempts();
    expect(active.map(({ id }) => id)).toEqual([c, b, newA]);
  });

  it('a save moves an attempt out of the active ones', async () => {
    await current().save({ ...four[3]!, settled: true });
    expect((await current().activeAttempts()).map(({ id }) => id)).toEqual([b, newA]);
  });

  it('those that were claimed at one instant come by their ids, whatever was written when', async () => {
    const lease = await leaseOf(current());
    const ids = ['f', 'd', 'e'].map((name) => anAttempt(name).id);
    for (const id of ids) await current().claim(anAttempt('same', { id, claimedAt: NIGHT + DAY }), lease);
    await current().save(anAttempt('same', { id: ids[1]!, claimedAt: NIGHT + DAY, calls: 2 }));
    const [all, active] = [await current().attempts({ since: NIGHT + DAY }), await current().activeAttempts()];
    const sortedIds = ids.toSorted();
    expect(all.map(({ id }) => id)).toEqual(sortedIds);
    expect(active.map(({ id }) => id)).toEqual([c, b, newA, ...sortedIds]);
  });

  it('what is returned is a copy', async () => {
    const read = await current().attempt(newA!);
    read!.told.push('failed');
    read!.opening.closes = 0;
    expect(await current().attempt(newA!)).toEqual(four[0]);
    const saved = await current().save(four[0]!);
    saved!.told.push('failed');
    expect(await current().attempt(newA!)).toEqual({ ...four[0], rev: 1 });
  });

  it('what is given is copied', async () => {
    const given = anAttempt('d');
    await current().claim(given, await leaseOf(current()));
    given.told.push('failed');
    expect(await current().attempt(given.id)).toEqual(anAttempt('d'));
  });
}

function documents(current: () => Ledger): void {
  it('an empty ledger knows nothing', async () => {
    const ledger = current();
    const all = [ledger.attempts({}), ledger.activeAttempts(), ledger.holds(), ledger.fleet(), ledger.conditions()];
    expect(await Promise.all(all)).toEqual([[], [], [], [], []]);
    expect([await ledger.attempt('x'), await ledger.note('x')]).toEqual([null, null]);
  });

  it('holds: kept, replaced by id, as copies', async () => {
    await current().putHold(aHold('one'));
    await current().putHold(aHold('two'));
    await current().putHold(aHold('one', { releasedAt: NIGHT, releasedBy: 'bo' }));
    const holds = await current().holds();
    expect(sorted(holds, ({ id }) => id)).toEqual([
      aHold('one', { releasedAt: NIGHT, releasedBy: 'bo' }),
      aHold('two'),
    ]);
    for (const hold of holds) hold.match.all = true;
    expect(sorted(await current().holds(), ({ id }) => id)[1]).toEqual(aHold('two'));
  });

  it.each<Hold['match']>([
    { all: true },
    { scope: 'cn-north-4/p1' },
    { region: 'cn-north-4' },
    { wave: 'dev' },
    { instanceId: 'id-a', tags: { app: 'cart', '10': 'ten', '2': 'two' } },
  ])('holds: kept as they are, whatever they match: %j', async (match) => {
    const hold = aHold('one', { match, asOf: NIGHT });
    await current().putHold(hold);
    expect(await current().holds()).toEqual([hold]);
    const [read] = await current().holds();
    expect(await current().replaceHold({ ...hold, releasedAt: NIGHT }, read!)).toBe(true);
  });

  it('holds: replaced only if they are as they were read, forgotten when told to', async () => {
    const first = aHold('one', { asOf: NIGHT });
    expect(await current().replaceHold(first, null)).toBe(true);
    expect(await current().replaceHold(aHold('one', { by: 'late' }), null)).toBe(false);
    const [read] = await current().holds();
    expect(await current().replaceHold(aHold('one', { by: 'second' }), read!)).toBe(true);
    expect(await current().replaceHold(aHold('one', { by: 'rival' }), read!)).toBe(false);
    expect(await current().replaceHold(aHold('two'), aHold('two'))).toBe(false);
    expect(await current().holds()).toEqual([aHold('one', { by: 'second' })]);
    await current().dropHold('one');
    await current().dropHold('unknown');
    expect(await current().holds()).toEqual([]);
  });

  it('holds: oldest first, whatever was written when; those of one instant by their ids', async () => {
    const made = { c: NIGHT, a: NIGHT + SECOND, d: NIGHT + MINUTE, b: NIGHT + MINUTE };
    const holds = Object.entries(made).map(([id, createdAt]) => aHold(id, { createdAt }));
    for (const hold of [holds[2]!, holds[0]!, holds[3]!, holds[1]!]) await current().putHold(hold);
    await current().putHold({ ...holds[0]!, until: NIGHT + DAY });
    expect((await current().holds()).map(({ id }) => id)).toEqual(['c', 'a', 'b', 'd']);
  });

  it('holds: of twenty that replace the same one, one does', async () => {
    await current().putHold(aHold('one'));
    const rivals = Array.from({ length: 20 }, (_, rival) => aHold('one', { reason: `rival ${rival}` }));
    const won = await Promise.all(rivals.map((rival) => current().replaceHold(rival, aHold('one'))));
    expect(won.filter(Boolean)).toHaveLength(1);
    expect(await current().holds()).toEqual([rivals[won.indexOf(true)]]);
  });

  it('fleet: kept, replaced by instance, forgotten when told to', async () => {
    await current().putFleet([anEntry('a'), anEntry('b'), anEntry('c')]);
    await current().putFleet([anEntry('b', { behindSince: NIGHT })]);
    await current().putFleet([]);
    await current().dropFleet(['id-a', 'id-unknown']);
    await current().dropFleet([]);
    expect(sorted(await current().fleet(), ({ instance }) => instance.instanceId)).toEqual([
      anEntry('b', { behindSince: NIGHT }),
      anEntry('c'),
    ]);
  });

  it('fleet, findings and conditions come in the order of their ids or keys, whatever was written when', async () => {
    const names = Array.from({ length: 20 }, (_, index) => `n${String((index * 7) % 20).padStart(2, '0')}`);
    const ledger = current();
    await ledger.putFleet(names.map((name) => anEntry(name)));
    for (const name of names) {
      await ledger.putCondition(aCondition(name));
      await ledger.putFinding(aFinding(name));
    }
    await ledger.putFleet([anEntry('n00', { behindSince: NIGHT })]);
    const inOrder = names.toSorted();
    const ids = inOrder.map((name) => `id-${name}`);
    expect((await ledger.fleet()).map(({ instance }) => instance.instanceId)).toEqual(ids);
    expect((await ledger.findings('cn-north-4/p1')).map(({ instanceId }) => instanceId)).toEqual(ids);
    expect((await ledger.conditions()).map(({ key }) => key)).toEqual(inOrder);
  });

  it('fleet: 2,500 entries in one call', async () => {
    const entries = Array.from({ length: 2_500 }, (_, index) => anEntry(`n${index}`));
    await current().putFleet(entries);
    expect(new Set((await current().fleet()).map(({ instance }) => instance.instanceId)).size).toBe(2_500);
  });

  it('findings: kept by scope and instance, and what was read later stays', async () => {
    const [early, late] = [aFinding('a'), aFinding('a', NIGHT + SECOND)];
    const elsewhere = { ...aFinding('a'), scope: 'cn-north-4/p1x' };
    for (const finding of [late, early, aFinding('b'), elsewhere]) await current().putFinding(finding);
    const found = await current().findings('cn-north-4/p1');
    expect(sorted(found, ({ instanceId }) => instanceId)).toEqual([late, aFinding('b')]);
    expect(await current().findings('cn-north-4/p1x')).toEqual([elsewhere]);
    expect(await current().findings('cn-north-4/p')).toEqual([]);
    expect(await current().fleet()).toEqual([]);
  });

  it('findings: of twenty that come at once in any order, the one that was read last stays', async () => {
    const times = Array.from({ length: 20 }, (_, index) => NIGHT + ((index * 7) % 20) * SECOND);
    await Promise.all(times.map((at) => current().putFinding(aFinding('a', at))));
    expect(await current().findings('cn-north-4/p1')).toEqual([aFinding('a', NIGHT + 19 * SECOND)]);
  });

  it('conditions: kept, replaced by key, dropped', async () => {
    await current().putCondition(aCondition('one'));
    await current().putCondition(aCondition('two'));
    await current().putCondition({ ...aCondition('one'), toldAt: NIGHT });
    await current().dropCondition('two');
    await current().dropCondition('unknown');
    expect(await current().conditions()).toEqual([{ ...aCondition('one'), toldAt: NIGHT }]);
  });

  it('notes: kept to the letter, replaced by name', async () => {
    const text = 'name: "维护窗口 🚀"\r\n\ttwo: \'lines\'\n';
    await current().putNote('policy', 'version: 1');
    await current().putNote('policy', text);
    expect([await current().note('policy'), await current().note('tick')]).toEqual([text, null]);
  });

  it('notes: of twenty that put one where there is none, one does', async () => {
    const texts = Array.from({ length: 20 }, (_, rival) => `rival ${rival}`);
    const won = await Promise.all(texts.map((text) => current().putNoteIfAbsent('key', text)));
    expect(won.filter(Boolean)).toHaveLength(1);
    expect(await current().note('key')).toBe(texts[won.indexOf(true)]);
    expect(await current().putNoteIfAbsent('key', 'late')).toBe(false);
  });

  it('notes: whether one is there with just this text, which changes nothing', async () => {
    const text = 'name: "维护窗口 🚀"\r\n';
    expect(await current().hasNote('policy', text)).toBe(false);
    expect(await current().note('policy')).toBeNull();
    await current().putNote('policy', text);
    expect([await current().hasNote('policy', text), await current().hasNote('policy', text.trim())]).toEqual([
      true,
      false,
    ]);
    expect(await current().note('policy')).toBe(text);
  });
}

async function leaseOf(ledger: Ledger, holder = 'one', now = NIGHT): Promise<Lease> {
  const lease = await ledger.acquireLease(holder, MINUTE, now);
  if (!lease) throw new Error(`the lease was not given to ${holder}`);
  return lease;
}

function sorted<T>(list: readonly T[], keyOf: (item: T) => string): T[] {
  return [...list].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

function aHold(id: string, change: Partial<Hold> = {}): Hold {
  const match = { tags: { env: id } };
  return {
    id,
    match,
    by: 'ann',
    reason: 'sale',
    createdAt: NIGHT,
    until: null,
    releasedAt: null,
    releasedBy: null,
    ...change,
  };
}

function anEntry(name: string, change: Partial<FleetEntry> = {}): FleetEntry {
  return { instance: anInstance(name), behindSince: null, decision: null, seenAt: NIGHT, ...change };
}

function aFinding(name: string, readAt = NIGHT): Finding {
  const details = { cacheMode: 'ha', productType: null };
  return { instanceId: `id-${name}`, scope: 'cn-north-4/p1', versions: versions({ readAt }), details };
}

function aCondition(key: string): Condition {
  const alert = { key, summary: 'Nothing starts.', action: 'Mend it.', at: NIGHT, labels: { scope: 's' } };
  return { key, alert: { ...alert, event: 'scope', severity: 'error' }, toldAt: null };
}

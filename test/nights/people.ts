import type { HoldMatch } from '../../lib/core/hold.ts';
import { PARTS } from '../../lib/core/instance.ts';
import { type EpochMs, MINUTE, SECOND } from '../../lib/core/time.ts';
import type { Message } from '../../lib/deps.ts';
import { holdId, placeHold, releaseHold } from '../../lib/operations.ts';
import { buildFleet } from '../../lib/simulator/build.ts';
import { isGone, minorAt, newestOf, statusAt } from '../../lib/simulator/lifecycle.ts';
import type { SimulatedInstance } from '../../lib/simulator/world.ts';
import { fileInstance, PROJECTS } from './fleet.ts';
import type { Night } from './night.ts';
import type { Fault, Rules } from './plan.ts';
import { policyOf } from './rules.ts';

type Doings = { [K in Fault['kind']]?: (night: Night, fault: Extract<Fault, { kind: K }>) => void };

/** What people and DCS itself do in the night, at their instants. */
const DOINGS: Doings = {
  hold: (night, { at, match: given, releasedAt, over, expires }) => {
    if (over === 'http') return;
    const match = given.instanceId === undefined ? given : { instanceId: find(night, given.instanceId)?.spec.id ?? '' };
    when(night, at, `HOLD ${JSON.stringify(given)}`, () => {
      holdNow(night, match, expires && releasedAt !== null ? night.plan.start + releasedAt : null);
    });
    if (releasedAt === null || expires) return;
    when(night, releasedAt, `RELEASE ${JSON.stringify(given)}`, () => {
      const hold = { id: holdId(match), match, by: 'ops', reason: 'a look first', createdAt: night.plan.start + at, until: null, releasedAt: null, releasedBy: null }; // biome-ignore format: one thought
      // The same match is the same hold, however often it was placed.
      const same = night.judge.holds.filter((one) => holdId(one.match) === holdId(match));
      for (const one of same) one.releasedAt = Math.min(one.releasedAt ?? Infinity, night.timeline.now);
      void releaseHold({ ledger: night.ledger, log: () => {} }, hold, 'ops', 'looked', night.timeline.now);
    });
  },
  rules: (night, { at, change }) => when(night, at, `RULES ${JSON.stringify(change)}`, () => setRules(night, { ...night.rules, ...change })), // biome-ignore format: one thought
  broken_policy: (night, { at, lasts }) => when(night, at, 'POLICY broken', () => {
    night.brokenUntil = Math.max(night.brokenUntil, night.timeline.now + lasts);
  }), // biome-ignore format: one thought
  busy: (night, { at, instance, status, lasts }) => onInstance(night, at, instance, `is ${status}`, (found) => setStatus(night, found, status, lasts)), // biome-ignore format: one thought
  deleted: (night, { at, instance }) => onInstance(night, at, instance, 'is deleted', (found) => {
    found.goneAt = night.timeline.now;
  }), // biome-ignore format: one thought
  resized: (night, { at, instance, lasts, capacity }) => onInstance(night, at, instance, `grows to ${capacity}`, (found) => {
    if (!setStatus(night, found, 'EXTENDING', lasts)) return;
    found.spec.capacity = capacity;
  }), // biome-ignore format: one thought
  created: (night, { at, instance }) => when(night, at, `CREATED ${instance.name}`, () => {
    const project = PROJECTS[instance.region];
    const [spec] = buildFleet({ projects: [{ project, region: instance.region, instances: [fileInstance(instance, night.plan.start)] }] }, 1).instances;
    const all = night.simulator.world.instances as Map<string, SimulatedInstance>;
    if (!all.has(spec!.id)) all.set(spec!.id, { spec: spec!, since: night.timeline.now, upgrades: [], backups: [], goneAt: null, strikes: [] });
  }), // biome-ignore format: one thought
  foreign_upgrade: (night, { at, instance }) => onInstance(night, at, instance, 'is upgraded by somebody else', (found) => {
    const { now } = night.timeline;
    const { world } = night.simulator;
    const parts = PARTS.filter((part) => minorAt(found, part, now) !== newestOf(world, found, part, minorAt(found, part, now)));
    if (statusAt(found, now) !== 'RUNNING' || parts.length === 0 || !found.spec.offered) return;
    world.begin(found, parts, now);
    night.counts.foreign += 1;
  }), // biome-ignore format: one thought
  latest_moves: (night, { at }) => when(night, at, 'LATEST moves', () => moveLatest(night)),
};

/** `until`: when it ends by itself, by whatever clock a program has; null: it does not. */
function holdNow(night: Night, match: HoldMatch, until: EpochMs | null): void {
  const ends = until === null ? { releasedAt: null } : { releasedAt: until - night.judge.skews(), mayLastUntil: until + night.judge.skews() }; // biome-ignore format: one thought
  // The same match is the same hold: its end is the last that was said.
  if (until !== null) for (const one of night.judge.holds) if (holdId(one.match) === holdId(match)) one.releasedAt = Math.min(one.releasedAt ?? Infinity, until - night.judge.skews()); // biome-ignore format: one thought
  night.judge.holds.push({ match, at: night.timeline.now, ...ends });
  void placeHold(night.ledger, { match, by: 'ops', reason: 'a look first', until }, night.timeline.now);
}

function moveLatest({ simulator: { world }, judge, timeline }: Night): void {
  const newest = world.latestOf('5.0')!.engine.replace(/\d+$/, (text) => String(Number(text) + 1));
  world.moveLatest('5.0', 'engine', newest);
  judge.records.moves.push(timeline.now);
}

/** A message goes on its way. How much longer than others it takes, in milliseconds, for the sake of what happens meanwhile. */
export function detourOf(night: Night, body: string): number {
  const news = night.faults('news_on_the_way').find((one) => !night.isOut.has(one));
  const message = news && (JSON.parse(body) as Message);
  if (message?.kind !== 'start') return 0;
  const instance = night.simulator.world.instances.get(message.attemptId.slice(0, message.attemptId.indexOf('@')));
  if (!news || instance?.spec.tags.env !== news.wave) return 0;
  night.isOut.add(news);
  night.timeline.after(5 * SECOND, () => {
    night.note(
      'people',
      { version: 'LATEST moves', policy: 'POLICY broken', hold: `HOLD ${instance.spec.name}` }[news.what],
    );
    if (news.what === 'version') moveLatest(night);
    else if (news.what === 'policy') night.brokenUntil = Math.max(night.brokenUntil, night.timeline.now + 10 * MINUTE);
    else holdNow(night, { instanceId: instance.spec.id }, night.timeline.now + 20 * MINUTE);
  });
  return MINUTE;
}

export function playPeople(night: Night): void {
  for (const fault of night.plan.faults)
    (DOINGS[fault.kind] as ((night: Night, fault: Fault) => void) | undefined)?.(night, fault);
}

export function when(night: Night, at: number, what: string, act: () => void): void {
  night.timeline.at(night.plan.start + at, () => {
    night.note('people', what);
    act();
  });
}

export function onInstance(
  night: Night,
  at: number,
  name: string,
  what: string,
  act: (found: SimulatedInstance) => void,
): void {
  when(night, at, `${name} ${what}`, () => {
    const found = find(night, name);
    if (found && !isGone(found, night.timeline.now)) act(found);
  });
}

export function find({ simulator }: Night, name: string): SimulatedInstance | null {
  return [...simulator.world.instances.values()].find(({ spec }) => spec.name === name) ?? null;
}

function setRules(night: Night, rules: Rules): void {
  night.rules = rules;
  night.policy = policyOf(rules, night.plan.start, night.calendar);
  night.judge.history.push({ from: night.timeline.now, rules });
}

/** The simulator counts from when the instance began, and holds for the past as well. */
function setStatus(night: Night, found: SimulatedInstance, status: string, lasts: number | null): boolean {
  const { now } = night.timeline;
  if (statusAt(found, now) !== 'RUNNING') return false;
  night.judge.busy.push({ instance: found, from: now, to: lasts === null ? Infinity : now + lasts });
  found.spec.status = status;
  found.spec.statusSeconds = lasts === null ? null : Math.round((now + lasts - found.since) / SECOND);
  return true;
}

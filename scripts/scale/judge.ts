import type { Attempt } from '../../lib/core/attempt.ts';
import type { EpochMs } from '../../lib/core/time.ts';
import type { Simulator } from '../../lib/simulator/simulator.ts';
import type { Upgrade } from '../../lib/simulator/world.ts';
import { LIMITS, OPENINGS } from './night.ts';

/** What was counted, and what must not have been. */
export interface Verdict {
  accepted: number;
  /** Instances whose upgrade request had no usable answer. */
  unanswered: number;
  mostAtOnce: number;
  mostInAScope: number;
  violations: string[];
}

/** Holds the ledger's story against what the control plane itself has seen. `now`: after the last upgrade. */
export function judge({ world, posts }: Simulator, attempts: readonly Attempt[], now: EpochMs): Verdict {
  const { upgrades } = world;
  const accepted = posts.filter(({ outcome }) => outcome === 'accepted');
  const byScope = mostOf(upgrades, ({ project }) => project, now);
  const mostAtOnce = world.mostAtOnce(now);
  const limits = [
    ...over('at once', [['all', mostAtOnce]], LIMITS.parallel),
    ...over('at once in scope', byScope, LIMITS.perScope),
    ...over(
      'at once of',
      mostOf(upgrades, (upgrade) => appOf(world, upgrade), now),
      1,
    ),
  ];
  const byName = Map.groupBy(attempts, ({ name }) => name);
  const early = posts.filter(({ at }) => !OPENINGS.some(({ opens, closes }) => at >= opens && at < closes));
  return {
    accepted: accepted.length,
    // The faults of this night's fleet all take an answer away, each from one request.
    unanswered: [...world.instances.values()].filter(({ strikes }) => strikes.length > 0).length,
    mostAtOnce,
    mostInAScope: Math.max(0, ...byScope.map(([, most]) => most)),
    violations: [
      ...limits,
      ...early.map(
        ({ instanceId, at }) => `${instanceId}: called outside every opening, ${new Date(at).toISOString()}`,
      ),
      ...[...world.instances.values()].flatMap(({ spec, upgrades: own }) =>
        wrongWith(spec.name, own, byName.get(spec.name) ?? []),
      ),
      ...attempts.filter(({ settled }) => !settled).map(({ id, state }) => `${id}: ${state}, and not settled`),
    ],
  };
}

type World = Simulator['world'];

function appOf(world: World, { instanceId }: Upgrade): string {
  return world.instances.get(instanceId)!.spec.tags.app!;
}

/** The most that ran at once in each group. */
function mostOf(upgrades: readonly Upgrade[], groupOf: (upgrade: Upgrade) => string, now: EpochMs): [string, number][] {
  const groups = Map.groupBy(upgrades, groupOf);
  return [...groups].map(([name, own]) => [name, peak(own, now)]);
}

/** Intervals are half-open: one that ends where another begins does not overlap it. */
function peak(upgrades: readonly Upgrade[], now: EpochMs): number {
  const changes = upgrades.flatMap(({ acceptedAt, endsAt }) => [
    { at: acceptedAt, by: 1 },
    { at: endsAt ?? now, by: -1 },
  ]);
  changes.sort((a, b) => a.at - b.at || a.by - b.by);
  let running = 0;
  return Math.max(0, ...changes.map(({ by }) => (running += by)));
}

function over(what: string, counted: readonly [string, number][], limit: number): string[] {
  return counted
    .filter(([, most]) => most > limit)
    .map(([name, most]) => `${most} ${what} ${name}, and ${limit} may be`);
}

function wrongWith(name: string, upgrades: readonly Upgrade[], own: readonly Attempt[]): string[] {
  if (upgrades.length !== 1) return [`${name}: upgraded ${upgrades.length} times`];
  // Where the answer got lost and the upgrade had ended before anybody looked, its id is known to nobody.
  const isIt = ({ taskId }: Attempt) => taskId === null || taskId === upgrades[0]!.taskId;
  const followed = own.filter((attempt) => attempt.state === 'succeeded' && isIt(attempt));
  // One that the first opening had no time for was claimed, not called, and is claimed anew in the second.
  const rest = own.filter((attempt) => !followed.includes(attempt) && attempt.state !== 'expired');
  if (followed.length === 1 && rest.length === 0) return [];
  return [
    `${name}: accepted as ${upgrades[0]!.taskId}, and the ledger says ${own.map(({ state }) => state).join() || 'nothing'}`,
  ];
}

import { type Attempt, isInFlight } from './attempt.ts';
import type { Instance } from './instance.ts';
import { type Scene, type Standing, waveOf } from './stock.ts';
import type { Opening } from './window.ts';

type Grouped = Pick<Attempt, 'tags' | 'enterpriseProjectId'>;

type LimitReason = 'limit_parallel' | 'limit_wave' | 'limit_scope' | 'limit_window' | 'one_at_a_time';

/**
 * Counts what is in flight, over every scope, and admits one start after the other while all limits hold at once.
 * What was admitted counts from then on. Attempts of instances that are no longer listed count as well.
 */
export class LimitKeeper {
  readonly #scene: Scene;
  readonly #perWave = new Map<string, number>();
  readonly #perScope = new Map<string, number>();
  readonly #groups = new Set<string>();
  readonly #recent: readonly Attempt[];
  #inFlight = 0;
  #admitted = 0;

  constructor(scene: Scene, standings: readonly Standing[]) {
    this.#scene = scene;
    this.#recent = scene.attempts.filter((attempt) => attempt.calls > 0 || isInFlight(attempt));
    const known = new Map<string, Standing>();
    for (const standing of standings) if (standing.inFlight) known.set(standing.instance.instanceId, standing);
    // It counts where the instance is now; where that is not known any more, where it was at the claim.
    for (const attempt of scene.attempts.filter(isInFlight)) {
      const standing = known.get(attempt.instanceId);
      const wave = (standing && waveOf(standing.assignment)) ?? attempt.wave;
      this.#count(wave, standing?.instance.scope ?? attempt.scope, standing?.instance);
      this.#note(attempt);
    }
  }

  /** Null: admitted, and counted. */
  admit(standing: Standing, opening: Opening): { reason: LimitReason; detail: string } | null {
    const { limits } = this.#scene.policy;
    const { instance, assignment } = standing;
    const wave = assignment.kind === 'wave' ? assignment.wave : null;
    const waveLimit = wave?.parallel ?? Number.POSITIVE_INFINITY;
    if (this.#inFlight >= limits.parallel)
      return {
        reason: 'limit_parallel',
        detail: `${this.#inFlight} upgrades are under way, limits.parallel is ${limits.parallel}`,
      };
    if ((this.#perWave.get(wave?.wave ?? '') ?? 0) >= waveLimit)
      return { reason: 'limit_wave', detail: `wave ${wave?.wave} may have ${waveLimit} under way at once` };
    if (limits.perScope !== null && (this.#perScope.get(instance.scope) ?? 0) >= limits.perScope) {
      return { reason: 'limit_scope', detail: `scope ${instance.scope} may have ${limits.perScope} under way at once` };
    }
    if (limits.perWindow !== null && this.#startedIn(opening) >= limits.perWindow) {
      return {
        reason: 'limit_window',
        detail: `${limits.perWindow} starts were made in this opening, which is limits.perWindow`,
      };
    }
    const taken = groupsOf(instance, limits.oneAtATimeBy).find((group) => this.#groups.has(group));
    if (taken) return { reason: 'one_at_a_time', detail: `another instance of ${taken} is under way` };
    this.#count(waveOf(assignment), instance.scope, instance);
    this.#admitted += 1;
    return null;
  }

  /** The groups of whatever is under way. */
  #note(of: Grouped): void {
    for (const group of groupsOf(of, this.#scene.policy.limits.oneAtATimeBy)) this.#groups.add(group);
  }

  #count(wave: string | null, scope: string, instance: Instance | undefined): void {
    this.#inFlight += 1;
    this.#perWave.set(wave ?? '', (this.#perWave.get(wave ?? '') ?? 0) + 1);
    this.#perScope.set(scope, (this.#perScope.get(scope) ?? 0) + 1);
    if (instance) this.#note(instance);
  }

  #startedIn(opening: Opening): number {
    const before = this.#recent.filter(
      (one) => one.opening.opens < opening.closes && opening.opens < one.opening.closes,
    ).length;
    return before + this.#admitted;
  }
}

/** The groups an instance belongs to, e.g. `tag:app=cart`; an instance without the tag belongs to none. */
function groupsOf({ tags = {}, enterpriseProjectId }: Grouped, keys: readonly string[]): string[] {
  return keys.flatMap((key) => {
    if (key === 'enterpriseProject')
      return enterpriseProjectId === undefined ? [] : [`enterpriseProject=${enterpriseProjectId}`];
    const value = tags[key.replace(/^tag:/, '')];
    return value === undefined ? [] : [`${key}=${value}`];
  });
}

import { stableHash } from '../../lib/core/hash.ts';
import { createRandom } from '../../lib/simulator/random.ts';

/**
 * A number in [0, 1) that depends on the seed and the name alone: what one part of a night draws does not change what
 * another one does, so that a night stays the same night when faults are taken out of it.
 */
export function chance(seed: number, name: string): number {
  return createRandom(stableHash(`${seed}/${name}`))();
}

/** Draws for a planner: one row of numbers from a seed. */
export class Dice {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = createRandom(stableHash(`night ${seed}`));
  }

  /** A row of numbers of its own, from one draw of this one. */
  another(): Dice {
    return new Dice(Math.floor(this.#random() * 2 ** 32));
  }

  /** True with that chance. */
  is(chance: number): boolean {
    return this.#random() < chance;
  }

  /** From `least` to `most`, both included. */
  whole(least: number, most: number): number {
    return least + Math.floor(this.#random() * (most - least + 1));
  }

  pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.#random() * list.length)]!;
  }
}

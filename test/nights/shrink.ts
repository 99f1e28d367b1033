import type { Fault, Plan } from './plan.ts';
import { type Played, play } from './play.ts';

/** The same night with as few faults and instances as still break the same rule: each is taken out in turn, until none can be. */
export async function shrink(plan: Plan, rule: string, playIt: (plan: Plan) => Promise<Played> = play): Promise<Plan> {
  let smallest = plan;
  const breaks = async (candidate: Plan) => (await playIt(candidate)).violation?.rule === rule;
  for (let before: Plan | null = null; before !== smallest; ) {
    before = smallest;
    for (let index = smallest.faults.length - 1; index >= 0; index--) {
      const candidate = { ...smallest, faults: smallest.faults.toSpliced(index, 1) };
      if (await breaks(candidate)) smallest = candidate;
    }
    for (let index = smallest.fleet.length - 1; index >= 0 && smallest.fleet.length > 1; index--) {
      const candidate = { ...smallest, fleet: smallest.fleet.toSpliced(index, 1) };
      if (await breaks(candidate)) smallest = candidate;
    }
  }
  return smallest;
}

/** A fault as a line for people: what stays the same in all of its kind comes first. */
export function faultText({ kind, ...about }: Fault): string {
  return `${kind} ${JSON.stringify(about)}`;
}

import type { End, TimeOfDay } from './window-kinds.ts';

/** Starts of one day that follow one another so closely that the window stays open from the first to the last. */
export interface Run {
  first: TimeOfDay;
  last: TimeOfDay;
  /** All of them, in order. */
  starts: readonly TimeOfDay[];
}

/**
 * The starts of a day (in order) as runs: a window that starts every minute is one piece of time and not 1,440. By a wall
 * that is not steady on the day each start has to be looked at by itself, as the time between them is another.
 */
export function runsOf(starts: readonly TimeOfDay[], end: End): Run[] {
  const runs: TimeOfDay[][] = [];
  for (const start of starts) {
    const last = runs.at(-1);
    if (last && isJoined(last.at(-1)!, start, end)) last.push(start);
    else runs.push([start]);
  }
  return runs.map((run) => ({ first: run[0]!, last: run.at(-1)!, starts: run }));
}

/** All that close at the same wall-clock time are open from the first of them. */
function isJoined(before: TimeOfDay, start: TimeOfDay, end: End): boolean {
  if ('duration' in end) return start - before <= end.duration;
  return end.to > before === end.to > start;
}

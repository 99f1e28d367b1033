import { parentPort, workerData } from 'node:worker_threads';
import { drawPlan } from '../../test/nights/draw.ts';
import { type Counts, noCounts } from '../../test/nights/night.ts';
import { play } from '../../test/nights/play.ts';

/** What one worker has played. */
export interface Share {
  nights: number;
  counts: Counts;
  brokenSeed: number | null;
}

const { from, to, step } = workerData as { from: number; to: number; step: number };
const share: Share = { nights: 0, counts: noCounts(), brokenSeed: null };
for (let seed = from; seed < to && share.brokenSeed === null; seed += step) {
  const { violation, counts } = await play(drawPlan(seed));
  share.nights += 1;
  for (const key of Object.keys(counts) as (keyof Counts)[]) share.counts[key] += counts[key];
  if (violation) share.brokenSeed = seed;
}
parentPort!.postMessage(share);

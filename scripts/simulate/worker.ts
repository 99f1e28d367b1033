import { parentPort, workerData } from 'node:worker_threads';
import type { Violation } from '../../test/nights/call.ts';
import { drawPlan } from '../../test/nights/draw.ts';
import type { LedgerKind } from '../../test/nights/ledgers.ts';
import { type Counts, noCounts } from '../../test/nights/night.ts';
import { play } from '../../test/nights/play.ts';

/** What one worker has to play: every n-th seed, as long as no lower one has broken a rule. */
export interface Order {
  from: number;
  to: number;
  step: number;
  ledger: LedgerKind;
  /** One number that all workers share: the lowest seed that broke a rule. */
  lowest: Int32Array;
}

/** What one worker has played. */
export interface Share {
  nights: number;
  counts: Counts;
  broken: { seed: number; violation: Violation } | null;
}

const { from, to, step, ledger, lowest } = workerData as Order;
const share: Share = { nights: 0, counts: noCounts(), broken: null };
for (let seed = from; seed < to && seed < Atomics.load(lowest, 0); seed += step) {
  const { violation, counts } = await play(drawPlan(seed), ledger);
  share.nights += 1;
  for (const key of Object.keys(counts) as (keyof Counts)[]) share.counts[key] += counts[key];
  if (!violation) continue;
  share.broken = { seed, violation };
  if (seed < Atomics.load(lowest, 0)) Atomics.store(lowest, 0, seed);
}
parentPort!.postMessage(share);

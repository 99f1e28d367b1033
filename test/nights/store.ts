import { SECOND } from '../../lib/core/time.ts';
import type { Ledger } from '../../lib/deps.ts';
import { living } from './machine.ts';
import type { Night } from './night.ts';
import type { Timeline } from './timeline.ts';

/** The store did not do what it was asked for, or did and could not say so. */
export class StoreFailure extends Error {}

const METHODS = [
  'acquireLease', 'releaseLease', 'claim', 'save', 'attempt', 'activeAttempts', 'attempts', 'holds', 'putHold', 'replaceHold', 'dropHold',
  'fleet', 'putFleet', 'dropFleet', 'findings', 'putFinding', 'conditions', 'putCondition', 'dropCondition', 'note', 'putNote', 'putNoteIfAbsent',
  'hasNote',
] as const satisfies readonly (keyof Ledger)[]; // biome-ignore format: a list

/** The night's ledger as one process reaches it: over a network, and sometimes not. */
export function storeOf(night: Night): Ledger {
  const ask = async (method: string, real: () => Promise<unknown>) => {
    const call = `${method}/${night.nextStoreCall()}`;
    await stall(night, `${call}/before`, method);
    try {
      return await through(night, call, method, real);
    } finally {
      await stall(night, `${call}/after`, method);
    }
  };
  const reached = each(night.ledger, (method, real) => night.effect(method, () => ask(method, real)));
  return { ...reached, close: async () => {} };
}

/** What it is asked may really take time: the night's time stands still meanwhile. */
export function standingStill(ledger: Ledger, timeline: Timeline): Ledger {
  return each(ledger, async (_, real) => {
    timeline.busy += 1;
    try {
      return await real();
    } finally {
      timeline.busy -= 1;
    }
  });
}

/** The same ledger, and all that it is asked goes through `ask`. */
function each(ledger: Ledger, ask: (method: string, real: () => Promise<unknown>) => Promise<unknown>): Ledger {
  const asked = METHODS.map((method) => {
    const real = ledger[method].bind(ledger) as (...given: unknown[]) => Promise<unknown>;
    return [method, (...given: unknown[]) => ask(method, () => real(...given))];
  });
  return { ...Object.fromEntries(asked), close: () => ledger.close() };
}

/** A machine stands still before it asks, or before it hears the answer. What it has sent elsewhere is not kept back by that. */
async function stall(night: Night, name: string, method: string): Promise<void> {
  const weather = night.weather('stalls', name);
  if (!weather) return;
  const life = living.getStore()!;
  night.counts.stalls += 1;
  night.note(life.name, `STALLED at ${method} for ${weather.for} ms`);
  // Its host counts no such time.
  life.stalledFor += weather.for;
  await night.timeline.sleep(weather.for);
}

async function through(night: Night, call: string, method: string, real: () => Promise<unknown>): Promise<unknown> {
  const trouble = night.weather('store', call)?.trouble ?? null;
  if (trouble === 'down') {
    night.counts.storeFailures += 1;
    throw new StoreFailure(`ledger: ${method} got no answer`);
  }
  // What is written may take so long that a call must not follow any more.
  if (trouble === 'slow') await night.timeline.sleep(2 * SECOND);
  if (trouble === 'very_slow' && (method === 'claim' || method === 'save')) await night.timeline.sleep(30 * SECOND);
  const result = await real();
  if (trouble !== 'written_and_failed') return result;
  night.counts.storeFailures += 1;
  throw new StoreFailure(`ledger: ${method} was done, and its answer lost`);
}

import { readdirSync } from 'node:fs';
import { setTimeout as later } from 'node:timers/promises';

/** What the process holds once everything that is not needed is gone. */
export interface Held {
  /** Megabytes. */
  heap: number;
  rss: number;
  /** Open files and sockets; of a system that does not list them, what the event loop waits for. */
  files: number;
}

const MEGABYTE = 1024 * 1024;

/** @throws where node runs without --expose-gc */
export async function held(): Promise<Held> {
  if (!globalThis.gc) throw new Error('run it with node --expose-gc');
  // What is weakly held goes in the turn after the one in which it was found to be.
  for (let turn = 0; turn < 3; turn++) {
    globalThis.gc();
    await later(20);
  }
  const { heapUsed, rss } = process.memoryUsage();
  return { heap: heapUsed / MEGABYTE, rss: rss / MEGABYTE, files: openFiles() };
}

function openFiles(): number {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return process.getActiveResourcesInfo().length;
  }
}

import type { EpochMs } from '../../core/time.ts';
import type { Lease } from '../../deps.ts';

/** Nobody's: a lease that was given back. Its fence stays, so that the next one is higher. */
const NOBODY = '';

/**
 * The lease as it is to be stored, or null while another holder has it. Whether it has run out is judged by its time and
 * never by its absence, because stores delete late. `isGone` tells of a holder that can no longer act.
 */
export function grant(
  current: Lease | null,
  holder: string,
  ttlMs: number,
  now: EpochMs,
  isGone: (holder: string) => boolean = () => false,
): Lease | null {
  const until = now + ttlMs;
  if (current?.holder === holder) return { ...current, until };
  if (current && now < current.until && !isGone(current.holder)) return null;
  return { holder, fence: (current?.fence ?? 0) + 1, until };
}

/** The lease as it is to be stored once it was given back; null when it is no longer this one. */
export function giveBack(current: Lease | null, lease: Lease): Lease | null {
  if (current?.holder !== lease.holder || current.fence !== lease.fence) return null;
  return { holder: NOBODY, fence: current.fence, until: 0 };
}

import type { EpochMs } from './time.ts';

/** What a hold stops: everything, or what all the given keys name. */
export interface HoldMatch {
  all?: true;
  scope?: string;
  wave?: string;
  instanceId?: string;
  /** `key=value` pairs that the instance must carry. */
  tags?: Record<string, string>;
}

/** A stop with a scope, an author, a reason and an end. Read before each start; what runs is not touched by it. */
export interface Hold {
  /** Stable: the same cause gives the same id. */
  id: string;
  match: HoldMatch;
  /** `system`, or a person. */
  by: string;
  reason: string;
  createdAt: EpochMs;
  /** Null: until released. */
  until: EpochMs | null;
  /** Null while in force. */
  releasedAt: EpochMs | null;
  releasedBy: string | null;
}

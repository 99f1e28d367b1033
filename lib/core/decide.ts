import type { FromTo } from './attempt.ts';
import type { Part } from './instance.ts';
import type { EpochMs } from './time.ts';

export type Action = 'start' | 'follow' | 'wait' | 'none';
export type Reason = string;

/** What is to happen to an instance now, and why. Every instance gets one, every tick. */
export interface Decision {
  instanceId: string;
  name: string;
  scope: string;
  wave: string | null;
  action: Action;
  reason: Reason;
  detail: string;
  parts: Part[];
  engine: FromTo;
  proxy: FromTo;
  possibleAt: EpochMs | null;
}

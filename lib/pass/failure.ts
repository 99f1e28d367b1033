import type { Attempt } from '../core/attempt.ts';
import { ruleFor } from '../core/errors.ts';
import { DcsError, type DcsFailure } from '../deps.ts';

/** `gates`: what the policy's gates ask for, also from Cloud Eye. Without it nothing starts; what runs is followed. */
export type RequestKind = 'read' | 'call' | 'gates';

/** What one request that failed means for the scope or the instance it was made for. */
export interface RequestFailure {
  /** A right or a limit may be missing for one kind of request alone: what a read shows says nothing about calls. */
  during: RequestKind;
  scope: string;
  instanceId: string | null;
  /** The upgrade under way that the request was made for. */
  attempt?: Attempt;
  failure: DcsFailure;
}

/** Whatever a read throws, as data; what DCS did not say is this program's fault and is told as such. */
export function failureOf(error: unknown): DcsFailure {
  if (error instanceof DcsError)
    return {
      code: error.code,
      status: error.status,
      message: error.message,
      requestId: error.requestId,
      rule: error.rule,
    };
  if (error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError')) {
    return {
      code: 'TRANSPORT.TIMEOUT',
      status: 0,
      message: 'the run had no time left',
      requestId: null,
      rule: ruleFor('TRANSPORT.TIMEOUT', 0),
    };
  }
  throw error;
}

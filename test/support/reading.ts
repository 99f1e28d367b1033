import type { Policy, Problem } from '../../lib/core/policy.ts';
import { parsePolicy } from '../../lib/core/policy-parse.ts';

export const ENV = { HUAWEICLOUD_PROJECT_ID: 'p1', HUAWEICLOUD_REGION: 'cn-north-4' };

/** The smallest document that says something; a change of `undefined` takes a key away. */
export function document(change: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    version: 1,
    timezone: 'Asia/Shanghai',
    windows: { night: { days: ['tue', 'wed', 'thu'], from: '01:00', to: '05:00' } },
    rollout: [{ wave: 'dev', match: { tags: { env: 'dev' } }, window: 'night' }],
    ...change,
  };
}

/** @throws when it is not good */
export async function read(change: Record<string, unknown> = {}, env: Record<string, string> = ENV): Promise<Policy> {
  const result = await parsePolicy(document(change), env);
  if ('policy' in result) return result.policy;
  throw new Error(result.problems.map(({ message }) => message).join('\n'));
}

export async function problems(change: Record<string, unknown>, env: Record<string, string> = ENV): Promise<Problem[]> {
  const result = await parsePolicy(document(change), env);
  return 'problems' in result ? result.problems : [];
}

/** One window, and a wave for it. */
export function windowed(window: Record<string, unknown>): Record<string, unknown> {
  return { windows: { w: window }, rollout: [{ wave: 'dev', match: {}, window: 'w' }] };
}

import type { Credentials } from './dcs/sign.ts';

/**
 * As FunctionGraph names them (FunctionGraph User Guide, context of Node.js): access key, secret key, and the token that goes
 * with them. The second ones are of older runtimes, whose `getToken` gives a token of IAM, which signs nothing.
 */
const GETTERS = [
  ['getSecurityAccessKey', 'getSecuritySecretKey', 'getSecurityToken'],
  ['getAccessKey', 'getSecretKey'],
] as const;

/** The temporary keys of the function's agency that an invocation brings, or null where it brings none. */
export function agencyKeys(context: unknown): Credentials | null {
  if (typeof context !== 'object' || context === null) return null;
  for (const [akName, skName, tokenName] of GETTERS) {
    const [ak, sk] = [answerOf(context, akName), answerOf(context, skName)];
    const securityToken = tokenName ? answerOf(context, tokenName) : '';
    if (ak && sk) return { ak, sk, ...(securityToken ? { securityToken } : {}) };
  }
  return null;
}

function answerOf(context: object, name: string): string {
  const getter = (context as Record<string, unknown>)[name];
  const value: unknown = typeof getter === 'function' ? getter.call(context) : undefined;
  return typeof value === 'string' ? value : '';
}

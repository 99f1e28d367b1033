import { describe, expect, it } from '@jest/globals';
import { agencyKeys } from '../../lib/io/agency.ts';
import { createCredentials } from '../../lib/io/credentials.ts';

const asked = (keys: Record<string, string | null>) =>
  Object.fromEntries(Object.entries(keys).map(([name, value]) => [name, () => value]));

const NEWER = { getSecurityAccessKey: 'AK1', getSecuritySecretKey: 'SK1', getSecurityToken: 'TOKEN1' };

describe('the keys that an invocation on FunctionGraph brings', () => {
  it.each<[string, unknown, object | null]>([
    ['those of the agency', asked(NEWER), { ak: 'AK1', sk: 'SK1', securityToken: 'TOKEN1' }],
    ['those of an older runtime, whose token is another', asked({ getAccessKey: 'AK0', getSecretKey: 'SK0', getToken: 'IAM' }), { ak: 'AK0', sk: 'SK0' }],
    ['the newer where there are both', asked({ ...NEWER, getAccessKey: 'AK0', getSecretKey: 'SK0' }), { ak: 'AK1', sk: 'SK1', securityToken: 'TOKEN1' }],
    ['none without an agency', asked({ getSecurityAccessKey: '', getSecuritySecretKey: null }), null],
    ['none where there is half of them', asked({ getSecurityAccessKey: 'AK1' }), null],
    ['none on AWS Lambda', { getRemainingTimeInMillis: () => 1 }, null],
    ['none without a context', undefined, null],
  ])('%s', (_, context, keys) => {
    expect(agencyKeys(context)).toEqual(keys);
  }); // biome-ignore format: a table

  it('are asked of its context', () => {
    class Context {
      readonly #ak = 'AK1';
      getSecurityAccessKey() {
        return this.#ak;
      }
      getSecuritySecretKey() {
        return 'SK1';
      }
    }
    expect(agencyKeys(new Context())).toEqual({ ak: 'AK1', sk: 'SK1' });
  });
});

describe('CREDENTIALS=agency', () => {
  const learned: string[] = [];
  let brought = agencyKeys(asked(NEWER));
  const keys = createCredentials({
    env: { CREDENTIALS: 'agency', CREDENTIALS_MAIN: 'agency' },
    clock: { now: () => 0 },
    log: () => undefined,
    learn: (values) => void learned.push(...values),
    agency: () => brought,
  });

  it('F127 takes those of this invocation, which are known as secrets, and of no other', async () => {
    expect(await keys(undefined)).toMatchObject({ ak: 'AK1' });
    expect(await keys('main')).toMatchObject({ ak: 'AK1' });
    expect(new Set(learned)).toEqual(new Set(['AK1', 'SK1', 'TOKEN1']));
    brought = agencyKeys(asked({ ...NEWER, getSecurityAccessKey: 'AK2' }));
    expect(await keys(undefined)).toMatchObject({ ak: 'AK2' });
    brought = null;
    await expect(keys(undefined)).rejects.toThrow('the invocation brought no keys of an agency');
  });
});

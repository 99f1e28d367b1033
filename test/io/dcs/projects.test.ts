import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Scope } from '../../../lib/core/instance.ts';
import { DcsError } from '../../../lib/deps.ts';
import { systemClock } from '../../../lib/io/clock.ts';
import { createDcs } from '../../../lib/io/dcs/client.ts';
import { DEMO_KEY } from '../../../lib/simulator/build.ts';
import { type RunningSimulator, startSimulator } from '../../../lib/simulator/server.ts';

const scopeIn = (region: string): Scope => ({ id: `${region}/auto`, region, project: 'auto' });

let simulator: RunningSimulator;
beforeEach(async () => {
  const projectOf = (project: string, region: string, name: string) => ({
    project,
    region,
    instances: [{ name, cacheMode: 'ha' as const }],
  });
  const projects = [
    projectOf('0a1b', 'here-1', 'of-the-region'),
    projectOf('0c2d', 'here-1', 'of-another-project'),
    projectOf('0e3f', 'there-1', 'elsewhere'),
  ];
  simulator = await startSimulator({ clock: systemClock, fleet: { projects } });
});
afterEach(() => simulator.close());

const dcs = (key: { ak: string; sk: string } = DEMO_KEY) =>
  createDcs({
    clock: systemClock,
    credentials: async () => key,
    log: () => undefined,
    endpointOverride: simulator.url,
    iamEndpoint: simulator.url,
  });
const codeOf = async (reading: Promise<unknown>): Promise<unknown> =>
  reading.then(
    () => null,
    (error: unknown) => error instanceof DcsError && [error.code, error.rule.stops],
  );

describe('a scope whose project is left to IAM', () => {
  it.each([
    ['here-1', 'of-the-region'],
    ['there-1', 'elsewhere'],
  ])('%s: the project of that name', async (region, name) => {
    const found = await dcs().listInstances(scopeIn(region));
    expect(found.map((instance) => [instance.name, instance.scope])).toEqual([[name, `${region}/auto`]]);
  });

  it('is asked for once', async () => {
    const client = dcs();
    const { instanceId } = (await client.listInstances(scopeIn('here-1')))[0]!;
    await client.showVersions(scopeIn('here-1'), instanceId);
    expect(await client.upgrade(scopeIn('here-1'), instanceId, { engine: 'latest' })).toMatchObject({
      kind: 'accepted',
    });
    expect(simulator.requests.projects).toBe(1);
    expect(simulator.posts).toMatchObject([{ project: '0a1b', outcome: 'accepted' }]);
  });

  it('that IAM does not know stops the scope, and nothing is sent', async () => {
    expect(await codeOf(dcs().listInstances(scopeIn('nowhere-1')))).toEqual(['PROJECT.UNKNOWN', 'scope']);
    const outcome = await dcs().upgrade(scopeIn('nowhere-1'), 'i-1', { engine: 'latest' });
    expect(outcome).toMatchObject({ kind: 'not_sent', code: 'PROJECT.UNKNOWN' });
    expect(simulator.posts).toEqual([]);
  });

  it('where IAM refuses the key, the scope stops', async () => {
    expect(await codeOf(dcs({ ...DEMO_KEY, sk: 'wrong' }).listInstances(scopeIn('here-1')))).toEqual([
      'APIGW.0301',
      'scope',
    ]);
  });
});

import { afterEach, expect, it } from '@jest/globals';
import { alerts } from '../../handlers/alerts.ts';
import { HOUR } from '../../lib/core/time.ts';
import { type LocalApi, serve } from '../../scripts/offline/gateway.ts';
import { alertmanager, type RunningAlertmanager, startAlertmanager } from '../support/alertmanager.ts';
import { aPolicy, aRule, aTarget } from '../support/builders.ts';
import { FakeWorld } from '../support/fake-world.ts';
import { functionOf, KEYS } from '../support/http.ts';

const program = alertmanager();
const installed = program === null ? it.skip : it;
const where = program === null ? ' (skipped: no Alertmanager is installed; Debian has prometheus-alertmanager)' : '';

let api: LocalApi | undefined;
let real: RunningAlertmanager | undefined;
afterEach(async () => {
  await real?.stop();
  await api?.close();
});

installed(
  `a real Alertmanager: what it fires is held, and free again once it is resolved${where}`,
  async () => {
    const world = new FakeWorld(['a', 'b']);
    // Alertmanager's clock is the real one.
    world.now = Date.now();
    world.policy = aPolicy({
    alerts: [
      aRule({ match: { severity: ['critical'] }, holds: aTarget({ id: { label: 'instance_id' } }), ttl: { holds: HOUR, moves: HOUR } }),
    ],
  }); // biome-ignore format: a policy
    api = await serve(functionOf(world, { make: alerts }));
    real = await startAlertmanager(program!, `${api.url}/alerts/alertmanager`, KEYS.alert);
    const of = (name: string, change: object = {}) => ({
      labels: { alertname: 'RedisDown', severity: 'critical', instance_id: `id-${name}` },
      annotations: { summary: `${name} 无响应` },
      startsAt: new Date(world.now - 60_000).toISOString(),
      ...change,
    });
    const held = async () => {
    world.now = Date.now();
    return (await world.ledger.holds()).filter(({ releasedAt }) => releasedAt === null).map(({ match }) => match.instanceId);
  }; // biome-ignore format: one question
    await real.alert([of('a'), of('b')]);
    await until(async () => (await held()).length === 2);
    expect((await world.ledger.holds()).map(({ by, reason }) => `${by}: ${reason}`).sort()).toEqual([
      'alert:alertmanager: RedisDown: a 无响应',
      'alert:alertmanager: RedisDown: b 无响应',
    ]);
    await real.alert([of('a', { endsAt: new Date().toISOString() }), of('b')]);
    await until(async () => (await held()).length === 1);
    expect(await held()).toEqual(['id-b']);
  },
  30_000,
);

async function until(done: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (await done()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('that did not happen within twenty seconds');
}

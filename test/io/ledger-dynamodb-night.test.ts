import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { HOUR, MINUTE } from '../../lib/core/time.ts';
import type { Ledger } from '../../lib/deps.ts';
import { claimKey, newRun } from '../../lib/http/runs.ts';
import { noteHeard } from '../../lib/intake.ts';
import { readConfig } from '../../lib/io/config.ts';
import { openDynamoLedger } from '../../lib/io/ledger/dynamodb.ts';
import { Table } from '../../lib/io/ledger/dynamodb-table.ts';
import { policyState } from '../../lib/io/policy-state.ts';
import { reconcile } from '../../lib/reconcile.ts';
import { clientOf, createTable, type LocalDynamo, startDynalite } from '../../scripts/offline/table.ts';
import { aPolicy, aRule, LIMITS, NIGHT } from '../support/builders.ts';
import { watchedClient } from '../support/dynamodb.ts';
import { FakeWorld } from '../support/fake-world.ts';

const POLICY = {
  version: 1,
  scopes: [{ project: 'p1', region: 'here-1' }],
  windows: { w: { days: ['tue'], from: '01:00', to: '02:00' } },
  rollout: [{ wave: 'dev', match: { tags: { env: 'dev' } }, window: 'w' }],
};

const folder = mkdtempSync(join(tmpdir(), 'night-'));
let dynamo: LocalDynamo;
let table = '';
const ledgers: Ledger[] = [];
const servers: Server[] = [];
beforeAll(async () => {
  dynamo = await startDynalite();
});
beforeEach(async () => {
  table = await createTable(dynamo.endpoint);
});
afterAll(async () => {
  await Promise.all(ledgers.map((ledger) => ledger.close()));
  for (const server of servers) server.close();
  await dynamo.stop();
  rmSync(folder, { recursive: true });
});

/** One connection of its own, and the requests that it sends. */
function connection(): { ledger: Ledger; sent: string[] } {
  const sent: string[] = [];
  const client = watchedClient(dynamo.endpoint, (operation) => sent.push(operation));
  const ledger = openDynamoLedger(table, { client });
  ledgers.push(ledger);
  return { ledger, sent };
}

/** Before the table: of every so many writes one is done, and its answer lost. A write that is sent again is not counted. */
async function losing(every: number): Promise<{ endpoint: string; lost: () => number }> {
  const seen = new Set<string>();
  let lost = 0;
  const server = createServer(async (asked, answer) => {
    const body = await text(asked);
    const { method, headers } = asked;
    const forwarded = await fetch(dynamo.endpoint, { method: method!, headers: plain(headers), body });
    const isWrite = /Put|Delete/.test(String(headers['x-amz-target'])) && !seen.has(body);
    if (isWrite && seen.add(body).size % every === 0) {
      lost += 1;
      asked.socket.destroy();
      return;
    }
    answer.writeHead(forwarded.status).end(await forwarded.text());
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, lost: () => lost };
}

/** What the signature is not about stays behind. */
function plain(headers: IncomingHttpHeaders): Record<string, string> {
  const { connection: _, 'content-length': __, host: ___, ...rest } = headers;
  return rest as Record<string, string>;
}

const four = ['a', 'b', 'c', 'd'];

describe('a night with its ledger in DynamoDB', () => {
  it('three runs at once on one table upgrade each instance once, and never more than two at a time', async () => {
    const world = new FakeWorld(four);
    world.policy = aPolicy({ limits: { ...LIMITS, parallel: 2 } });
    const connections = [connection(), connection(), connection()];
    for (let minute = 0; minute < 40; minute += 1) {
      const passes = connections.map(({ ledger }) => {
        world.ledger = ledger;
        return world.pass();
      });
      await Promise.all(passes);
      world.now += MINUTE;
    }
    expect(world.posts.map(({ name }) => name).toSorted()).toEqual(four);
    expect(world.mostInFlight).toBe(2);
    const attempts = await connections[0]!.ledger.attempts({});
    expect(attempts.map(({ name, state, settled }) => [name, state, settled]).toSorted()).toEqual(
      four.map((name) => [name, 'succeeded', true]),
    );
    expect(await connections[1]!.ledger.activeAttempts()).toEqual([]);
  }, 60_000);

  it('each is upgraded once, at its first try, where every third write is sent again because its answer got lost', async () => {
    const world = new FakeWorld(four);
    world.policy = aPolicy({ limits: { ...LIMITS, parallel: 2 } });
    const { endpoint, lost } = await losing(3);
    world.ledger = openDynamoLedger(table, { client: clientOf(endpoint) });
    ledgers.push(world.ledger);
    for (let minute = 0; minute < 90; minute += 1) {
      await world.pass();
      world.now += MINUTE;
    }
    expect(world.posts.map(({ name }) => name).toSorted()).toEqual(four);
    expect((await world.ledger.attempts({})).map(({ state, calls }) => `${state} ${calls}`)).toEqual(
      four.map(() => 'succeeded 1'),
    );
    expect([await world.ledger.activeAttempts(), lost() > 5]).toEqual([[], true]);
    const run = newRun({ dryRun: true, reason: 'CVE' }, 'ci', world.now, 'run-1');
    for (let times = 1; times <= 3; times += 1) expect(await claimKey(world.ledger, `key-${times}`, run)).toBe('run-1');
  });

  it('of two that write the very same, and both lose their answers, one has written it', async () => {
    const { endpoint, lost } = await losing(1);
    const rivals = [1, 2].map(() => new Table(table, { client: clientOf(endpoint) }));
    const row = { pk: 'note', sk: 'a', doc: 'the same' };
    expect((await Promise.all(rivals.map((rival) => rival.put(row, 'absent')))).toSorted()).toEqual([false, true]);
    expect(lost()).toBe(2);
    for (const rival of rivals) rival.close();
  });

  it('nor does it read more of it where the policy watches for the silence of a source that was heard of late', async () => {
    const world = new FakeWorld(four, NIGHT - HOUR);
    world.policy = aPolicy({ alerts: [aRule({ silence: { after: 30 * MINUTE, then: 'closed' } })] });
    const { ledger, sent } = connection();
    world.ledger = ledger;
    await noteHeard(ledger, 'alertmanager', null, world.now);
    // As the runtime has them: the same from tick to tick.
    const deps = world.deps();
    const tick = () =>
      reconcile(deps, { policy: world.policy, problem: null }, { requestedBy: 'schedule', reason: 'tick' });
    await tick();
    const reads: number[] = [];
    for (let ticks = 1; ticks <= 7; ticks += 1) {
      world.now += 5 * MINUTE;
      sent.length = 0;
      const { alerts } = await tick();
      expect(alerts.map(({ key }) => key)).toEqual(ticks < 6 ? [] : ticks === 6 ? ['silence:alertmanager'] : []);
      reads.push(sent.filter((operation) => /Query|Get/.test(operation)).length);
    }
    expect(reads.slice(0, 5)).toEqual([2, 2, 2, 2, 2]);
  });

  it('a run with no window open and nothing to follow reads the table twice and asks nothing of the API', async () => {
    const world = new FakeWorld(four, NIGHT - HOUR);
    const { ledger, sent } = connection();
    world.ledger = ledger;
    await world.pass();
    expect(sent).toEqual(['Query', 'Query']);
    expect(world.reads).toBe(0);
  });

  it('nor does the first run of a process that finds its policy as the one before has left it', async () => {
    const file = join(folder, 'policy.json');
    const config = readConfig({ POLICY: `file:${file}`, LEDGER: `dynamodb:${table}` });
    const world = new FakeWorld(four, NIGHT - HOUR);
    const run = async (timezone: string) => {
      writeFileSync(file, JSON.stringify({ ...POLICY, timezone }));
      const { ledger, sent } = connection();
      world.ledger = ledger;
      await policyState(config, ledger, world.now);
      await world.pass();
      return sent.filter((operation) => /Query|Get/.test(operation)).length;
    };
    await run('UTC');
    expect([await run('UTC'), await run('UTC'), world.reads]).toEqual([2, 2, 0]);
    // The last good one is the one that was seen last.
    await run('Asia/Shanghai');
    writeFileSync(file, '{');
    const { policy, problem } = await policyState(config, connection().ledger, world.now);
    expect([policy?.timezone, problem]).toEqual(['Asia/Shanghai', expect.stringContaining('policy.json:')]);
  });
});

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { attemptTable } from '../../lib/cli/tables.ts';
import { dashboardHtml } from '../../lib/http/dashboard.ts';
import { createNotifier } from '../../lib/io/alerts/notifier.ts';
import { createLog } from '../../lib/io/log.ts';
import { fleetStatus } from '../../lib/operations.ts';
import { aReceiver, type Receiver } from '../support/alerts.ts';
import { anInstance, NIGHT } from '../support/builders.ts';
import { FakeWorld } from '../support/fake-world.ts';

/** A name that whoever may create an instance may give it. */
const NAME =
  '<!channel> @all <at user_id="all">x</at> *bold* <script>alert(1)</script> \u202Ednes\u2066\u200F 缓存\u0085\u2028';
/** What turns the direction of writing, or is a line break to some. */
const TURNS = /[\u0085\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

let world: FakeWorld;
let receiver: Receiver;
beforeEach(async () => {
  world = new FakeWorld([]);
  world.add(anInstance('a', { name: NAME }));
  world.moods.set(NAME, [{ refuse: 'DCS.9999', status: 400 }]);
  receiver = await aReceiver((response) => response.writeHead(204).end());
  await world.pass();
});
afterEach(() => receiver.close());

const attempt = async () => (await world.ledger.attempts({}))[0]!;
/** What was told of the upgrade that failed. */
const alert = () => world.alerts.find(({ event }) => event === 'failed')!;

describe('F058 an instance named like markup and mentions', () => {
  it('is told of', () => {
    expect(alert().summary).toContain('was not upgraded');
  });

  it('is text on the dashboard', async () => {
    const status = await fleetStatus(world.deps(), world.policy, 'cli');
    const html = dashboardHtml(status, [await attempt()]);
    expect(html).toContain('&lt;!channel&gt; @all');
    expect(html).not.toMatch(/<script|<!channel|<at /);
    expect(html).not.toMatch(TURNS);
  });

  it('is one line of JSON in the log, without what turns the direction of writing', () => {
    const lines: string[] = [];
    const log = createLog({ level: 'info', write: (line) => lines.push(line), now: () => NIGHT, secrets: [] });
    log('error', 'alert', { ...alert() });
    expect([lines.length, lines[0]!.trimEnd().split('\n').length]).toEqual([1, 1]);
    expect(lines[0]).not.toMatch(TURNS);
    expect(JSON.parse(lines[0]!).labels.name).toBe(NAME);
  });

  it('is data for a webhook: a receiver that passes it on gets it whole, and nothing beside it', async () => {
    const secret = `whsec_${Buffer.from('0123456789abcdef0123456789abcdef').toString('base64')}`;
    const targets = [{ to: 'webhook' as const, url: receiver.url, secret, events: null }];
    const notifier = createNotifier({ targets, clock: world.clock, log: () => undefined });
    await notifier.deliver(alert(), notifier.wanting(alert()));
    const { headers, body } = receiver.requests[0]!;
    expect(headers['content-type']).toBe('application/json');
    expect(body).not.toMatch(TURNS);
    const { data } = JSON.parse(body);
    expect([data.labels.name, data.summary]).toEqual([NAME, alert().summary]);
  });

  it('moves no cursor of a terminal', async () => {
    const shown = attemptTable([await attempt()], 400);
    expect(shown).not.toMatch(TURNS);
    expect(shown.trimEnd().split('\n')).toHaveLength(2);
  });
});

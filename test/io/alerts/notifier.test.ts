import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { AlertEvent, Severity } from '../../../lib/core/alert.ts';
import type { NotifyTarget } from '../../../lib/core/policy.ts';
import { SECOND } from '../../../lib/core/time.ts';
import type { Clock, Notifier } from '../../../lib/deps.ts';
import { createNotifier } from '../../../lib/io/alerts/notifier.ts';
import { type Answer, anAlert, aReceiver, type Receiver } from '../../support/alerts.ts';

const KEY = Buffer.from('0123456789abcdef0123456789abcdef');
const SECRET = `whsec_${KEY.toString('base64')}`;
const NOW = Date.parse('2026-11-23T18:00:07.500Z');

const receivers: Receiver[] = [];
let now: number;
let slept: number[];
let logged: { level: string; code: string; data: Record<string, unknown> }[];
beforeEach(() => {
  now = NOW;
  slept = [];
  logged = [];
});
afterEach(async () => {
  await Promise.all(receivers.splice(0).map((receiver) => receiver.close()));
});

/** Its sleep takes no time of ours. */
const clock: Clock = {
  now: () => now,
  async sleep(ms) {
    slept.push(ms);
    now += ms;
  },
};

function notifier(targets: NotifyTarget[], timeout = 2_000): Notifier {
  return createNotifier({
    targets,
    clock,
    timeout,
    log: (level, code, data = {}) => logged.push({ level, code, data }),
  });
}

async function receiver(answer: Answer): Promise<Receiver> {
  const one = await aReceiver(answer);
  receivers.push(one);
  return one;
}

function to({ url }: { url: string }, events: AlertEvent[] | null = null): NotifyTarget {
  return { to: 'webhook', url, secret: SECRET, events };
}

const status =
  (code: number, headers = {}): Answer =>
  (response) =>
    response.writeHead(code, headers).end('{}');
const inTurn =
  (...codes: number[]): Answer =>
  (response, count) =>
    response.writeHead(codes[count] ?? 200).end();
const silence: Answer = () => {};

/** As a receiver would do it: nothing of the sender's code takes part. */
function isGenuine({ headers, body }: Receiver['requests'][number]): boolean {
  const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
  return headers['webhook-signature'] === `v1,${createHmac('sha256', KEY).update(signed).digest('base64')}`;
}

describe('a webhook', () => {
  it('brings the alert, signed', async () => {
    const hook = await receiver(status(204));
    expect(await notifier([to(hook)]).deliver(anAlert())).toEqual({ failed: [] });
    const [request] = hook.requests;
    expect(isGenuine(request!)).toBe(true);
    expect(request!.headers).toMatchObject({
      'content-type': 'application/json',
      'webhook-timestamp': String(Math.floor(NOW / SECOND)),
      'user-agent': expect.stringMatching(/^dcs-upgrader\/\d/),
    });
    const at = '2026-11-23T18:00:00Z';
    const data = { ...anAlert(), at };
    expect(JSON.parse(request!.body)).toEqual({ type: 'dcs-upgrader.failed', timestamp: at, data });
  });

  it('F079: after a 500 it is sent again: the same id and body, a new timestamp and signature', async () => {
    const hook = await receiver(inTurn(500, 503, 200));
    expect(await notifier([to(hook)]).deliver(anAlert())).toEqual({ failed: [] });
    const headers = (name: string) => new Set(hook.requests.map((request) => request.headers[name]));
    expect(hook.requests.map(isGenuine)).toEqual([true, true, true]);
    expect(headers('webhook-id').size).toBe(1);
    expect(headers('webhook-timestamp').size).toBe(3);
    expect(headers('webhook-signature').size).toBe(3);
    expect(new Set(hook.requests.map(({ body }) => body)).size).toBe(1);
    expect(slept).toEqual([500, 2_000]);
  });

  it('F079: the next pass tells the same fact under the same id', async () => {
    const hook = await receiver(status(200));
    await notifier([to(hook)]).deliver(anAlert());
    now += 300 * SECOND;
    await notifier([to(hook)]).deliver(anAlert({ summary: 'told in other words' }));
    const [first, second] = hook.requests;
    expect(second!.headers['webhook-id']).toBe(first!.headers['webhook-id']);
  });

  it.each<{ what: string; answer: Answer; tries: number; problem: string }>`
    what                      | answer                                                                            | tries | problem
    ${'500 each time'}        | ${status(500)}                                                                    | ${3}  | ${'answered 500'}
    ${'a dropped connection'} | ${((response) => response.destroy()) satisfies Answer}                            | ${3}  | ${'could not be reached (UND_ERR_SOCKET)'}
    ${'400'}                  | ${status(400)}                                                                    | ${1}  | ${'answered 400'}
    ${'410'}                  | ${status(410)}                                                                    | ${1}  | ${'answered 410'}
    ${'429'}                  | ${status(429, { 'retry-after': '30' })}                                           | ${1}  | ${'answered 429'}
    ${'304'}                  | ${status(304)}                                                                    | ${1}  | ${'answered 304; a redirect is not followed'}
    ${'F076: no answer'}      | ${silence}                                                                        | ${1}  | ${'no answer within 200 ms'}
    ${'F076: half a head'}    | ${((response) => response.socket!.write('HTTP/1.1 200 OK\r\n')) satisfies Answer} | ${1}  | ${'no answer within 200 ms'}
  `('$what: tried $tries times, then failed: $problem', async ({ answer, tries, problem }) => {
    const hook = await receiver(answer);
    const name = `notify[0] webhook ${new URL(hook.url).host}`;
    expect(await notifier([to(hook)], 200).deliver(anAlert())).toEqual({ failed: [name] });
    expect(hook.requests).toHaveLength(tries);
    expect(logged.at(-1)).toEqual({
      level: 'warn',
      code: 'alert_not_delivered',
      data: { target: name, key: anAlert().key, problem },
    });
  });

  it('nobody listens: failed, and tried three times', async () => {
    const hook = await receiver(silence);
    await receivers.pop()!.close();
    const { failed } = await notifier([to(hook)]).deliver(anAlert());
    expect(failed).toHaveLength(1);
    expect(slept).toHaveLength(2);
    expect(logged.at(-1)!.data.problem).toBe('could not be reached (ECONNREFUSED)');
  });

  it.each([301, 302, 303, 307, 308])('a redirect (%i) is not followed', async (code) => {
    const elsewhere = await receiver(status(200));
    const hook = await receiver(status(code, { location: elsewhere.url }));
    expect((await notifier([to(hook)]).deliver(anAlert())).failed).toHaveLength(1);
    expect([hook.requests.length, elsewhere.requests.length]).toEqual([1, 0]);
  });

  it('an answer that has begun well is enough, even if it never ends', async () => {
    const hook = await receiver((response) => response.writeHead(200).write('x'));
    expect(await notifier([to(hook)]).deliver(anAlert())).toEqual({ failed: [] });
  });
});

describe('several targets', () => {
  it('F076: one that hangs and one that fails do not keep it from the others', async () => {
    const [dead, bad, good] = [await receiver(silence), await receiver(status(400)), await receiver(status(200))];
    const { failed } = await notifier([to(dead), to(bad), to(good)], 200).deliver(anAlert());
    expect(failed).toEqual([
      `notify[0] webhook ${new URL(dead.url).host}`,
      `notify[1] webhook ${new URL(bad.url).host}`,
    ]);
    expect(good.requests.map(isGenuine)).toEqual([true]);
  });

  it('F076: the others are told while one still hangs', async () => {
    // The first answers only once the second was told: had the second waited for it, neither would ever be.
    const told = Promise.withResolvers<void>();
    const dead = await receiver((response) => void told.promise.then(() => response.writeHead(200).end()));
    const good = await receiver((response) => {
      response.writeHead(200).end();
      told.resolve();
    });
    expect(await notifier([to(dead), to(good)]).deliver(anAlert())).toEqual({ failed: [] });
  });

  it('one that failed is left alone for a minute, and then told again', async () => {
    const hook = await receiver(inTurn(400, 200));
    const one = notifier([to(hook)]);
    const failures: number[] = [];
    for (const step of [0, SECOND, 58 * SECOND, SECOND]) {
      now += step;
      failures.push((await one.deliver(anAlert({ key: `k${now}` }))).failed.length);
    }
    expect(failures).toEqual([1, 1, 1, 0]);
    expect(hook.requests).toHaveLength(2);
  });

  it.each<{ events: AlertEvent[] | null; event: AlertEvent; told: boolean; why: string }>`
    events                     | event          | told     | why
    ${null}                    | ${'failed'}    | ${true}  | ${'who does not choose is told of what asks for something'}
    ${null}                    | ${'succeeded'} | ${false} | ${'and success asks for nothing'}
    ${['succeeded', 'failed']} | ${'succeeded'} | ${true}  | ${'it was asked for'}
    ${['held']}                | ${'failed'}    | ${false} | ${'it was not'}
    ${[]}                      | ${'failed'}    | ${false} | ${'nothing was'}
  `('events $events, $event: told is $told ($why)', async ({ events, event, told }) => {
    const hook = await receiver(status(200));
    expect(await notifier([to(hook, events)]).deliver(anAlert({ event }))).toEqual({ failed: [] });
    expect(hook.requests).toHaveLength(told ? 1 : 0);
    expect(logged).toHaveLength(1);
  });
});

describe('the log', () => {
  it.each<{ severity: Severity; level: string }>`
    severity      | level
    ${'info'}     | ${'info'}
    ${'warning'}  | ${'warn'}
    ${'error'}    | ${'error'}
    ${'critical'} | ${'error'}
  `('has every alert, $severity as $level, also when there is no target', async ({ severity, level }) => {
    const alert = anAlert({ severity });
    expect(await notifier([]).deliver(alert)).toEqual({ failed: [] });
    expect(logged).toEqual([{ level, code: 'alert', data: { ...alert, at: '2026-11-23T18:00:00Z' } }]);
  });

  it('has it once when a target says "log"', async () => {
    const target: NotifyTarget = { to: 'log', url: '', secret: null, events: null };
    expect(await notifier([target]).deliver(anAlert())).toEqual({ failed: [] });
    expect(logged).toHaveLength(1);
  });

  it('F127: has neither a secret nor what stands in the URL', async () => {
    const hook = await receiver(status(500));
    const away = { url: 'http://127.0.0.1:9/hook?token=in-the-query' };
    await notifier([to(hook), to(away)]).deliver(anAlert());
    expect(logged).toHaveLength(3);
    const text = JSON.stringify(logged);
    for (const part of [SECRET, KEY.toString('base64'), 'in-the-query', '/hook']) expect(text).not.toContain(part);
  });
});

describe('at the start', () => {
  it('F130: every target that cannot be used is told of at once, and no value is', () => {
    const targets = [
      { ...to({ url: 'https://ok.example.com' }), secret: '' },
      to({ url: 'https://ok.example.com' }),
      { ...to({ url: 'http://hunter2.example.com' }), secret: 'whsec_aHVudGVyMg==' },
    ];
    const expected = [
      'notify[0]: secret is missing; nothing is sent unsigned',
      'notify[2]: url must be https; plain http is for loopback only',
      'notify[2]: secret must be of 24 bytes or more',
    ];
    expect(() => notifier(targets)).toThrow(new Error(expected.join('\n')));
  });
});

import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Alert, AlertEvent, Severity } from '../../../lib/core/alert.ts';
import type { NotifyTarget } from '../../../lib/core/policy.ts';
import { SECOND } from '../../../lib/core/time.ts';
import type { Clock, Notifier } from '../../../lib/deps.ts';
import { createNotifier, targetProblems } from '../../../lib/io/alerts/notifier.ts';
import { type Outgoing, type Post, UnsentError } from '../../../lib/io/alerts/post.ts';
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

/** All who want it. */
function tell(one: Notifier, alert: Alert): Promise<{ failed: string[] }> {
  return one.deliver(alert, one.wanting(alert));
}

const named = ({ url }: { url: string }) =>
  expect.stringMatching(new RegExp(`^webhook ${new URL(url).host} [0-9a-f]{6}$`));

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
    expect(await tell(notifier([to(hook)]), anAlert())).toEqual({ failed: [] });
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

  it('goes over whatever network is handed in: the same request, and what comes back is judged the same', async () => {
    const asked: Outgoing[] = [];
    const post: Post = async (outgoing, { timeout, reads }) => {
      asked.push(outgoing);
      expect([timeout, reads]).toEqual([5_000, false]);
      if (asked.length === 1) throw new UnsentError('could not be reached', true);
      return { status: asked.length === 2 ? 503 : 204, retryAfter: '2', text: '' };
    };
    const targets = [to({ url: 'https://nowhere.invalid/hook' })];
    const one = createNotifier({ targets, clock, log: () => undefined, post });
    expect(await tell(one, anAlert())).toEqual({ failed: [] });
    expect(slept).toEqual([500, 2_000]);
    expect(asked.map(({ url }) => url)).toEqual(Array(3).fill('https://nowhere.invalid/hook'));
    expect(asked.every(({ headers = {}, body }) => isGenuine({ path: '', headers, body }))).toBe(true);
  });

  it('F079: after a 500 it is sent again: the same id and body, a new timestamp and signature', async () => {
    const hook = await receiver(inTurn(500, 503, 200));
    expect(await tell(notifier([to(hook)]), anAlert())).toEqual({ failed: [] });
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
    await tell(notifier([to(hook)]), anAlert());
    now += 300 * SECOND;
    await tell(notifier([to(hook)]), anAlert({ summary: 'told in other words' }));
    const [first, second] = hook.requests;
    expect(second!.headers['webhook-id']).toBe(first!.headers['webhook-id']);
  });

  it.each<{ what: string; answer: Answer; tries: number; problem: string }>`
    what                      | answer                                                                            | tries | problem
    ${'500 each time'}        | ${status(500)}                                                                    | ${3}  | ${'answered 500'}
    ${'a dropped connection'} | ${((response) => response.destroy()) satisfies Answer}                            | ${3}  | ${'could not be reached (ECONNRESET)'}
    ${'400'}                  | ${status(400)}                                                                    | ${1}  | ${'answered 400'}
    ${'410'}                  | ${status(410)}                                                                    | ${1}  | ${'answered 410'}
    ${'429'}                  | ${status(429, { 'retry-after': '30' })}                                           | ${1}  | ${'answered 429'}
    ${'304'}                  | ${status(304)}                                                                    | ${1}  | ${'answered 304; a redirect is not followed'}
    ${'F076: no answer'}      | ${silence}                                                                        | ${1}  | ${'no answer within 200 ms'}
    ${'F076: half a head'}    | ${((response) => response.socket!.write('HTTP/1.1 200 OK\r\n')) satisfies Answer} | ${1}  | ${'no answer within 200 ms'}
  `('$what: tried $tries times, then failed: $problem', async ({ answer, tries, problem }) => {
    const hook = await receiver(answer);
    const name = named(hook);
    expect(await tell(notifier([to(hook)], 200), anAlert())).toMatchObject({ failed: [name] });
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
    const { failed } = await tell(notifier([to(hook)]), anAlert());
    expect(failed).toHaveLength(1);
    expect(slept).toHaveLength(2);
    expect(logged.at(-1)!.data.problem).toBe('could not be reached (ECONNREFUSED)');
  });

  it.each([301, 302, 303, 307, 308])('a redirect (%i) is not followed', async (code) => {
    const elsewhere = await receiver(status(200));
    const hook = await receiver(status(code, { location: elsewhere.url }));
    expect((await tell(notifier([to(hook)]), anAlert())).failed).toHaveLength(1);
    expect([hook.requests.length, elsewhere.requests.length]).toEqual([1, 0]);
  });

  it('an answer that has begun well is enough, even if it never ends', async () => {
    const hook = await receiver((response) => response.writeHead(200).write('x'));
    expect(await tell(notifier([to(hook)]), anAlert())).toEqual({ failed: [] });
  });
});

describe('several targets', () => {
  it('F076: one that hangs and one that fails do not keep it from the others', async () => {
    const [dead, bad, good] = [await receiver(silence), await receiver(status(400)), await receiver(status(200))];
    const { failed } = await tell(notifier([to(dead), to(bad), to(good)], 200), anAlert());
    expect(failed).toEqual([named(dead), named(bad)]);
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
    expect(await tell(notifier([to(dead), to(good)]), anAlert())).toEqual({ failed: [] });
  });

  it('F076: who is not told how long to wait waits five seconds for each try, and no longer', async () => {
    const real = AbortSignal.timeout;
    const asked: number[] = [];
    AbortSignal.timeout = (ms) => {
      asked.push(ms);
      return real.call(AbortSignal, 100);
    };
    try {
      const dead = await receiver(silence);
      const one = createNotifier({ targets: [to(dead)], clock, log: () => undefined });
      expect((await tell(one, anAlert())).failed).toHaveLength(1);
    } finally {
      AbortSignal.timeout = real;
    }
    expect(asked).toEqual([5 * SECOND]);
  });

  it('a name does not depend on the place in the list, and tells one URL of a host from another', async () => {
    const [a, b] = [to({ url: 'https://h.example.com/a?token=x' }), to({ url: 'https://h.example.com/b' })];
    const [one, other] = [notifier([a, b]).names, notifier([b, a]).names];
    expect(one.toSorted()).toEqual(other.toSorted());
    expect(new Set(one).size).toBe(3);
    expect(one.join()).not.toContain('token');
  });

  it('only those who are named are told', async () => {
    const [one, other] = [await receiver(status(200)), await receiver(status(200))];
    const all = notifier([to(one), to(other)]);
    await all.deliver(anAlert(), [all.names[2]!]);
    expect([one.requests.length, other.requests.length, logged.length]).toEqual([0, 1, 0]);
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
    expect(await tell(notifier([to(hook, events)]), anAlert({ event }))).toEqual({ failed: [] });
    expect(hook.requests).toHaveLength(told ? 1 : 0);
    expect(logged).toHaveLength(1);
  });

  it.each<{ digest: 'window' | undefined; events: AlertEvent[] | null; event: AlertEvent; told: boolean; why: string }>`
    digest       | events        | event          | told     | why
    ${undefined} | ${null}       | ${'digest'}    | ${false} | ${'it did not ask for one'}
    ${undefined} | ${['digest']} | ${'digest'}    | ${true}  | ${'it asked for it by name'}
    ${'window'}  | ${null}       | ${'digest'}    | ${true}  | ${'that is what it asked for'}
    ${'window'}  | ${['failed']} | ${'digest'}    | ${true}  | ${'the events say what comes at once'}
    ${'window'}  | ${['failed']} | ${'held'}      | ${false} | ${'it stands in the digest'}
    ${'window'}  | ${null}       | ${'failed'}    | ${true}  | ${'a failure does not wait'}
    ${'window'}  | ${null}       | ${'deadline'}  | ${true}  | ${'nor does a deadline'}
    ${'window'}  | ${null}       | ${'expired'}   | ${false} | ${'nobody is to do anything at once'}
    ${'window'}  | ${null}       | ${'succeeded'} | ${false} | ${'nor here'}
  `('digest $digest, events $events, $event: told is $told ($why)', ({ digest, events, event, told }) => {
    const target = { ...to({ url: 'https://ok.example.com' }, events), ...(digest ? { digest } : {}) };
    expect(notifier([target]).wanting(anAlert({ event }))).toHaveLength(told ? 2 : 1);
  });
});

describe('a receiver with a match', () => {
  const hook = (path: string, match?: NotifyTarget['match'], events: AlertEvent[] | null = null) => ({
    ...to({ url: `https://${path}.example.com` }, events),
    ...(match ? { match } : {}),
  });
  const about = { instanceId: 'id-a', name: 'cart-1', region: 'cn-north-4', enterpriseProjectId: '0', tags: { team: 'cart' } }; // biome-ignore format: a row
  const cart = hook('cart', { tags: { team: ['cart'] } });
  const pay = hook('pay', { tags: { team: ['pay*'] } });
  const ops = hook('ops');

  it.each<{ what: string; targets: NotifyTarget[]; instance: Alert['instance'] | null; hears: string[] }>`
    what                                                | targets                                                            | instance                                | hears
    ${'its own instance'}                               | ${[cart, pay]}                                                     | ${about}                                | ${['cart']}
    ${'who chose nothing hears all'}                    | ${[cart, pay, ops]}                                                | ${about}                                | ${['cart', 'ops']}
    ${'what concerns no single instance comes to all'}  | ${[cart, pay, ops]}                                                | ${null}                                 | ${['cart', 'pay', 'ops']}
    ${'what nobody’s match fits is not told to nobody'} | ${[cart, pay]}                                                     | ${{ ...about, tags: { team: 'web' } }}  | ${['cart', 'pay']}
    ${'but to who hears the rest'}                      | ${[cart, pay, ops]}                                                | ${{ ...about, tags: {} }}               | ${['ops']}
    ${'a value is a glob'}                              | ${[cart, pay]}                                                     | ${{ ...about, tags: { team: 'pay2' } }} | ${['pay']}
    ${'all keys must fit'}                              | ${[hook('one', { name: ['cart-*'], region: ['eu-*'] }), pay, ops]} | ${about}                                | ${['ops']}
    ${'by name and region'}                             | ${[hook('one', { name: ['cart-*'], region: ['cn-*'] }), pay]}      | ${about}                                | ${['one']}
    ${'an event that it does not want'}                 | ${[hook('cart', { tags: { team: ['cart'] } }, ['held']), pay]}     | ${about}                                | ${['pay']}
    ${'a tag that every object has'}                    | ${[hook('one', { tags: { constructor: ['*'] } }), ops]}            | ${about}                                | ${['ops']}
  `('$what', ({ targets, instance, hears }) => {
    const names = notifier(targets).wanting(anAlert(instance ? { instance } : {}));
    expect(names.slice(1).map((name) => name.replace(/^webhook (\w+).*/, '$1'))).toEqual(hears);
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
    expect(await tell(notifier([]), alert)).toEqual({ failed: [] });
    expect(logged).toEqual([{ level, code: 'alert', data: { ...alert, at: '2026-11-23T18:00:00Z' } }]);
  });

  it('has it once when a target says "log"', async () => {
    const target: NotifyTarget = { to: 'log', url: '', secret: null, events: null };
    expect(await tell(notifier([target]), anAlert())).toEqual({ failed: [] });
    expect(logged).toHaveLength(1);
  });

  it('F127: has neither a secret nor what stands in the URL', async () => {
    const hook = await receiver(status(500));
    const away = { url: 'http://127.0.0.1:9/hook?token=in-the-query' };
    await tell(notifier([to(hook), to(away)]), anAlert());
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
    expect(targetProblems(targets)).toEqual(expected);
  });

  it('F130: one that cannot be used fails, and gets what it missed when it was mended', async () => {
    const one = notifier([{ ...to({ url: 'https://ok.example.com' }), secret: '' }]);
    expect((await tell(one, anAlert())).failed).toEqual([expect.stringMatching(/^webhook ok\.example\.com/)]);
  });
});

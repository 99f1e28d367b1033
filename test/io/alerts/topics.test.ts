import { createHash, createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startFauxqs } from 'fauxqs';
import type { Alert } from '../../../lib/core/alert.ts';
import type { NotifyTarget } from '../../../lib/core/policy.ts';
import { createNotifier } from '../../../lib/io/alerts/notifier.ts';
import { systemClock } from '../../../lib/io/clock.ts';
import { type Answer, anAlert, aReceiver, type Receiver } from '../../support/alerts.ts';

const KEYS = { ak: 'THE-ACCESS-KEY', sk: 'the-secret-key' };
const URN = 'urn:smn:cn-north-4:0123abcd:dcs';

const closing: (() => Promise<unknown>)[] = [];
let logged: Record<string, unknown>[];
let asked: (string | undefined)[];
beforeEach(() => {
  logged = [];
  asked = [];
});
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

/** What the log says went wrong; null: it was delivered. */
async function tell(target: NotifyTarget, alert: Alert = anAlert()): Promise<string | null> {
  const notifier = createNotifier({
    targets: [target],
    clock: { ...systemClock, sleep: async () => {} },
    timeout: 1_000,
    log: (_, __, data = {}) => logged.push(data),
    credentials: async (name) => {
      asked.push(name);
      return KEYS;
    },
  });
  const { failed } = await notifier.deliver(alert, notifier.names.slice(1));
  return failed.length > 0 ? String(logged.at(-1)!.problem) : null;
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** As the API gateway of Huawei Cloud checks it (API request signing), for a path without a query; nothing of the sender's code takes part. */
function isGenuine({ path, headers, body }: Receiver['requests'][number]): boolean {
  const [, ak, names = '', given] =
    /^SDK-HMAC-SHA256 Access=([^,]+), SignedHeaders=([^,]+), Signature=(\w+)$/.exec(headers.authorization ?? '') ?? [];
  const lines = names.split(';').map((name) => `${name}:${String(headers[name]).trim()}\n`);
  const canonical = ['POST', `${path}/`, '', lines.join(''), names, sha256(body)].join('\n');
  const text = ['SDK-HMAC-SHA256', headers['x-sdk-date'], sha256(canonical)].join('\n');
  const isWhole = ['host', 'x-sdk-date', 'x-project-id'].every((name) => names.split(';').includes(name));
  return isWhole && ak === KEYS.ak && given === createHmac('sha256', KEYS.sk).update(text).digest('hex');
}

/** SMN as it answers: to a good request with a message id, to another with a code. `instead`: whatever it is asked. */
async function smn(instead?: Answer): Promise<Receiver & { target: NotifyTarget }> {
  const receiver: Receiver = await aReceiver((response, count) => {
    if (instead) return instead(response, count);
    const request = receiver.requests.at(-1)!;
    const { subject = '', message = '' } = JSON.parse(request.body);
    const isFit = message !== '' && Buffer.byteLength(message) <= 256 * 1_024 && Buffer.byteLength(subject) <= 512;
    if (!isGenuine(request))
      response.writeHead(401).end('{"error_code":"APIGW.0301","error_msg":"verify aksk signature fail"}');
    else if (!isFit || /[\r\n]/.test(subject)) response.writeHead(400).end('{"error_code":"SMN.00010003"}');
    else response.writeHead(200).end('{"request_id":"r","message_id":"m"}');
  });
  closing.push(receiver.close);
  return {
    ...receiver,
    target: { to: 'smn', url: new URL('/', receiver.url).href, secret: null, topic: URN, events: null },
  };
}

const long = '维护👨‍👩‍👧'.repeat(20_000);

describe('smn', () => {
  it('publishes a subject and a text, signed with the keys of the topic’s project', async () => {
    const { target, requests } = await smn();
    expect(await tell({ ...target, credentials: 'main' })).toBeNull();
    const [{ path, body }] = requests as [Receiver['requests'][number]];
    expect(path).toBe('/v2/0123abcd/notifications/topics/urn%3Asmn%3Acn-north-4%3A0123abcd%3Adcs/publish');
    const { subject, message } = JSON.parse(body);
    expect(subject).toMatch(/^dcs-upgrader: .*Upgrade failed: cache-a was not upgraded/);
    expect(message).toContain('What to do: Wait for the backup to end.');
    expect(asked).toEqual(['main']);
  });

  it.each([{ summary: long }, { action: long }, { labels: { name: long } }, { summary: 'a\r\nBcc: all' }])(
    'its limits are kept',
    async (change) => {
      expect(await tell((await smn()).target, anAlert(change))).toBeNull();
    },
  );

  it.each<[string, Answer, string]>([
    [
      'another key',
      (response) => response.writeHead(401).end('{"error_code":"APIGW.0301"}'),
      'answered 401, APIGW.0301',
    ],
    ['no such topic', (response) => response.writeHead(404).end('{"error_code":"SMN.0011"}'), 'answered 404, SMN.0011'],
    ['F073 200 with a code', (response) => response.end('{"error_code":"SMN.0011"}'), 'answered 200, SMN.0011'],
    ['F073 200 with nothing', (response) => response.end(), 'answered 200, but not with a message id'],
    ['F076 no answer', () => {}, 'no answer within 1000 ms'],
  ])('%s: failed', async (_, answer, problem) => {
    const { target } = await smn(answer);
    expect(await tell(target)).toBe(problem);
    expect(JSON.stringify(logged)).not.toContain(KEYS.sk);
  });
});

describe('sns', () => {
  const env = { AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' };
  const before = { ...process.env };
  afterEach(() => {
    process.env = { ...before };
  });

  /** Topics on this machine, and a queue that hears all that is published to them. */
  async function topics() {
    const server = await startFauxqs({ port: 0, logger: false });
    closing.push(() => server.stop());
    server.createQueue('ear');
    Object.assign(process.env, env, { AWS_ENDPOINT_URL_SNS: `http://127.0.0.1:${server.port}` });
    return {
      target(name: string): NotifyTarget {
        const { topicArn } = server.createTopic(name);
        if (!name.endsWith('.fifo')) server.subscribe({ topic: name, queue: 'ear' });
        return { to: 'sns', url: '', secret: null, topic: topicArn, events: null };
      },
      heard: () => server.inspectQueue('ear')!.messages.ready.map(({ body }) => JSON.parse(body)),
    };
  }

  it('publishes a subject and a text', async () => {
    const { target, heard } = await topics();
    expect(await tell(target('alerts'))).toBeNull();
    expect(heard()).toMatchObject([
      {
        Subject: 'dcs-upgrader: Upgrade failed: cache-a was not upgraded: a backup is running (DCS.4096).',
        Message: expect.stringContaining('What to do: Wait for the backup to end.'),
        MessageAttributes: { event: { Value: 'failed' }, severity: { Value: 'error' } },
      },
    ]);
  });

  it.each([
    { summary: long },
    { summary: 'x'.repeat(1_000) },
    { summary: '' },
    { labels: { name: long } },
    { summary: 'a\r\nb' },
  ])('its limits are kept', async (change) => {
    const { target, heard } = await topics();
    expect(await tell(target('alerts'), anAlert(change))).toBeNull();
    const [{ Subject, Message }] = heard();
    expect(Subject).toMatch(/^[\x20-\x7e]{1,99}$/);
    expect(Buffer.byteLength(Message)).toBeLessThanOrEqual(256 * 1_024);
  });

  it('takes a topic that keeps order', async () => {
    const { target } = await topics();
    expect(await tell(target('alerts.fifo'))).toBeNull();
  });

  it('a topic that is not there: failed', async () => {
    const { target } = await topics();
    const missing = { ...target('alerts'), topic: 'arn:aws:sns:us-east-1:000000000000:elsewhere' };
    expect(await tell(missing)).toMatch(/^SNS did not take it \(NotFound/);
  });

  it('F076 nobody answers: failed in time', async () => {
    await topics();
    const dead = await aReceiver(() => {});
    closing.push(dead.close);
    process.env.AWS_ENDPOINT_URL_SNS = new URL(dead.url).origin;
    const topic = 'arn:aws:sns:us-east-1:000000000000:alerts';
    expect(await tell({ to: 'sns', url: '', secret: null, topic, events: null })).toBe(
      'SNS did not take it (no answer)',
    );
  });
});

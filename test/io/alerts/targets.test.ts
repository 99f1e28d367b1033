import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Alert, overAlert } from '../../../lib/core/alert.ts';
import { MINUTE, SECOND } from '../../../lib/core/time.ts';
import type { Clock } from '../../../lib/deps.ts';
import { createNotifier } from '../../../lib/io/alerts/notifier.ts';
import { type Answer, anAlert } from '../../support/alerts.ts';
import { aService, type RunningService, SECRETS, SERVICE_NAMES, type ServiceName } from '../../support/targets.ts';

const NOW = Date.parse('2026-11-23T18:00:07.500Z');

const running: RunningService[] = [];
let now: number;
let slept: number[];
let logged: Record<string, unknown>[];
beforeEach(() => {
  now = NOW;
  slept = [];
  logged = [];
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.close()));
});

const clock: Clock = {
  now: () => now,
  async sleep(ms) {
    slept.push(ms);
    now += ms;
  },
};

async function service(name: ServiceName, instead: (Answer | null)[] = []): Promise<RunningService> {
  const one = await aService(name, () => now, instead);
  running.push(one);
  return one;
}

/** What the log says went wrong; null: it was delivered. */
async function tell({ target }: Pick<RunningService, 'target'>, alert: Alert = anAlert()): Promise<string | null> {
  const log = (_: string, __: string, data: Record<string, unknown> = {}) => logged.push(data);
  const notifier = createNotifier({ targets: [target], clock, timeout: 300, log });
  const names = notifier.names.filter((name) => name !== 'log');
  const { failed } = await notifier.deliver(alert, names);
  return failed.length > 0 ? String(logged.at(-1)!.problem) : null;
}

const answer =
  (status: number, body = '', headers = {}): Answer =>
  (response) =>
    response.writeHead(status, headers).end(body);
const coded = (code: number): Answer => answer(200, JSON.stringify({ errcode: code, code, errmsg: 'as it says' }));

describe.each(SERVICE_NAMES)('%s', (name) => {
  it('takes an alert, with what happened and what to do', async () => {
    const one = await service(name);
    expect(await tell(one)).toBeNull();
    const { body } = one.requests[0]!;
    expect(body).toContain('cache-a was not upgraded: a backup is running (DCS.4096).');
    expect(body).toContain('Wait for the backup to end.');
    expect(body).toContain('id-a');
  });

  it.each<{ what: string; text: string }>`
    what                             | text
    ${'a text of 100,000 letters'}   | ${'x'.repeat(100_000)}
    ${'Chinese: three bytes each'}   | ${'维护窗口'.repeat(5_000)}
    ${'families: many code points'}  | ${'👨‍👩‍👧‍👦'.repeat(2_000)}
    ${'quotes, twice as long sent'}  | ${'"\\'.repeat(10_000)}
    ${'entities, longer when sent'}  | ${'<&>'.repeat(10_000)}
    ${'one letter, endless accents'} | ${`e${'\u0301'.repeat(50_000)}`}
    ${'nothing'}                     | ${''}
    ${'half a surrogate pair'}       | ${'\ud83d'}
  `('its limits are kept: $what', async ({ text }) => {
    const one = await service(name);
    const labels = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`label${index}`, text]));
    const long = anAlert({ summary: `It is ${text}`, action: `Do ${text}`, key: `k${text}`, labels });
    expect(await tell(one, long)).toBeNull();
    expect(one.requests[0]!.body).not.toMatch(/\\ud[89ab]..(?!\\ud)/);
  });

  it('nobody is mentioned and nothing is a link by an instance of that name', async () => {
    const one = await service(name);
    const summary = `${HOSTILE.join(' ')} was not upgraded.`;
    expect(await tell(one, anAlert({ summary, labels: { name: HOSTILE.join(' ') } }))).toBeNull();
    const texts = textsIn(JSON.parse(one.requests[0]!.body)).join('\n');
    expect(texts).toContain('was not upgraded');
    expect(texts.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Zl}\u202a-\u202e\u2066-\u2069\u200b]/u);
    // PagerDuty shows plain text and mentions nobody; Slack knows no brackets.
    const bad = [/<[!@#]/, /@(all|here|channel|everyone|1\d{10})/, /<at /, /<https?:/, /https?:\/\//];
    if (name !== 'pagerduty') for (const one of bad) expect(texts).not.toMatch(one);
    if (!['pagerduty', 'slack'].includes(name)) expect(texts).not.toMatch(/\]\(|!\[/);
  });

  it('a redirect is not followed', async () => {
    const one = await service(name, [answer(302, '', { location: 'http://127.0.0.1:1/' })]);
    expect(await tell(one)).toBe('answered 302; a redirect is not followed');
    expect(one.requests).toHaveLength(1);
  });

  it('after a fault of the server it is told again, newly signed', async () => {
    const one = await service(name, [answer(500), answer(502, '<html>'), null]);
    expect(await tell(one)).toBeNull();
    expect(one.requests).toHaveLength(3);
    expect(slept).toEqual([500, 2_000]);
  });

  it('F074 429 with a short Retry-After: it waits as long, and no less', async () => {
    const one = await service(name, [answer(429, '', { 'retry-after': '4' }), null]);
    expect(await tell(one)).toBeNull();
    expect(slept).toEqual([4 * SECOND]);
  });

  it('F074 429 with a long Retry-After: the run is not kept waiting', async () => {
    const one = await service(name, [answer(429, '', { 'retry-after': '30' }), null]);
    expect(await tell(one)).toMatch(/^answered 429/);
    expect([one.requests.length, slept]).toEqual([1, []]);
  });

  it('F076 no answer, half a head, half a body: given up in time', async () => {
    const halves: Answer[] = [
      () => {},
      (response) => response.socket!.write('HTTP/1.1 200 OK\r\n'),
      (response) => response.writeHead(200, { 'content-length': 100 }).write('{"errcode"'),
    ];
    for (const half of halves) {
      const one = await service(name, [half]);
      expect(await tell(one)).toBe('no answer within 300 ms');
      expect(one.requests).toHaveLength(1);
    }
  });

  it('an answer without end is read only so far', async () => {
    const one = await service(name, [
      (response) => {
        const line = 'x'.repeat(60_000);
        const pour = (): void => void (response.write(line) ? setImmediate(pour) : response.once('drain', pour));
        response.writeHead(200).on('close', () => response.removeAllListeners('drain'));
        pour();
      },
    ]);
    expect(await tell(one)).toMatch(/^answered 200, but not with/);
  });

  it('F073 200 with something that is no answer of its: failed', async () => {
    for (const body of ['', '{}', 'null', '[]', '<html>welcome</html>', '{"errcode":"<b>"}']) {
      const one = await service(name, [answer(200, body)]);
      expect(await tell(one)).toMatch(/^answered 200, /);
      expect(one.requests).toHaveLength(1);
    }
  });

  it('F127 a failure shows neither the secret nor the URL', async () => {
    const one = await service(name, [answer(400, 'the-token the-key')]);
    expect(await tell(one)).toMatch(/^answered 400/);
    for (const hidden of ['the-token', 'the-key', ...Object.values(SECRETS)])
      expect(JSON.stringify(logged)).not.toContain(hidden);
  });
});

/** Names that no instance has unless somebody means harm. */
const HOSTILE = [
  '<!channel>',
  '<!here|here>',
  '<@U012AB3CD>',
  '<#C024BE7LR>',
  '@all',
  '@here',
  '@13800138000',
  '<at user_id="all">all</at>',
  '<at id=all></at>',
  '<@userid>',
  '[click](https://evil.example.com)',
  '<https://evil.example.com|the console>',
  'https://evil.example.com',
  '![x](http://evil.example.com/x.png)',
  'a\u202egnp.exe',
  'zero\u200bwidth',
  'line\nend\r\u2028\u0000\u001b[31m',
];

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

describe('F073 an error under a status of 200 is a failure, and says what it means', () => {
  it.each<{ name: ServiceName; body: Answer; problem: string }>`
    name           | body                                                  | problem
    ${'dingtalk'}  | ${coded(310000)}                                      | ${'answered 200, errcode 310000: the signature, the keywords or the address list of the robot refuse it'}
    ${'dingtalk'}  | ${coded(300001)}                                      | ${'answered 200, errcode 300001: the access token of the URL is not known'}
    ${'dingtalk'}  | ${coded(4711)}                                        | ${'answered 200, errcode 4711'}
    ${'wecom'}     | ${coded(93000)}                                       | ${'answered 200, errcode 93000: the key of the URL is not known'}
    ${'wecom'}     | ${coded(40058)}                                       | ${'answered 200, errcode 40058: it is too long, or not what the robot understands'}
    ${'feishu'}    | ${coded(19021)}                                       | ${'answered 200, code 19021: the signature does not fit, or this clock is off by more than an hour'}
    ${'slack'}     | ${answer(200, 'no_service')}                          | ${'answered 200, no_service'}
    ${'slack'}     | ${answer(200, '{"ok":false,"error":"invalid_auth"}')} | ${'answered 200, invalid_auth'}
    ${'slack'}     | ${answer(403, 'invalid_token')}                       | ${'answered 403, invalid_token'}
    ${'pagerduty'} | ${answer(200, '{"status":"throttle exceeded"}')}      | ${'answered 200, throttle exceeded'}
    ${'pagerduty'} | ${answer(400, '{"status":"invalid event"}')}          | ${'answered 400, invalid event'}
  `('$name: $problem', async ({ name, body, problem }) => {
    const one = await service(name, [body]);
    expect(await tell(one)).toBe(problem);
    expect(one.requests).toHaveLength(1);
  });

  it.each<{ name: ServiceName; code: number }>`
    name          | code
    ${'dingtalk'} | ${130101}
    ${'wecom'}    | ${45009}
    ${'feishu'}   | ${11232}
  `('F074 $name says by $code that messages come too fast: it is left alone', async ({ name, code }) => {
    const one = await service(name, [coded(code), null]);
    expect(await tell(one)).toMatch(/messages come too fast$/);
    expect([one.requests.length, slept]).toEqual([1, []]);
  });

  it.each<{ name: ServiceName; body: string }>`
    name        | body
    ${'feishu'} | ${'{"StatusCode":0,"StatusMessage":"success"}'}
    ${'slack'}  | ${'{"ok":true}'}
    ${'slack'}  | ${'ok\n'}
  `('$name: $body is a success', async ({ name, body }) => {
    expect(await tell(await service(name, [answer(200, body)]))).toBeNull();
  });
});

describe('signatures', () => {
  it.each<ServiceName>(['dingtalk', 'feishu'])('%s refuses another secret', async (name) => {
    const one = await service(name);
    const problem = await tell({ target: { ...one.target, secret: 'another secret' } });
    expect(problem).toMatch(/310000|19021/);
  });

  it('dingtalk: the query that is there stays, and a "+" or "=" of the signature is encoded once', async () => {
    for (let index = 0; index < 8; index++) {
      const one = await service('dingtalk');
      now += MINUTE + index;
      expect(await tell(one)).toBeNull();
      expect(one.requests[0]!.path).toMatch(/^\/robot\/send\?access_token=the-token&timestamp=\d{13}&sign=[\w%]+$/);
    }
  });
});

describe('pagerduty', () => {
  it('the same fact has the same dedup_key, also when its key is too long for one', async () => {
    const one = await service('pagerduty');
    const keys = ['short', 'k'.repeat(300), `${'k'.repeat(299)}j`];
    for (const key of [...keys, ...keys]) expect(await tell(one, anAlert({ key }))).toBeNull();
    const sent = one.requests.map(({ body }) => JSON.parse(body).dedup_key);
    expect(sent.slice(0, 3)).toEqual(sent.slice(3));
    expect(new Set(sent).size).toBe(3);
  });

  it.each(['info', 'warning', 'error', 'critical'] as const)('has the severity %s', async (severity) => {
    const one = await service('pagerduty');
    expect(await tell(one, anAlert({ severity }))).toBeNull();
    expect(JSON.parse(one.requests[0]!.body)).toMatchObject({
      event_action: 'trigger',
      payload: { severity, source: 'id-a', class: 'failed', custom_details: { what_to_do: anAlert().action } },
    });
  });
});

describe('what is over', () => {
  it('resolves its incident at pagerduty', async () => {
    const one = await service('pagerduty');
    for (const alert of [anAlert(), overAlert(anAlert(), NOW)]) expect(await tell(one, alert)).toBeNull();
    const [begun, ended] = one.requests.map(({ body }) => JSON.parse(body));
    expect([begun.event_action, ended.event_action]).toEqual(['trigger', 'resolve']);
    expect(ended.dedup_key).toBe(begun.dedup_key);
  });

  it.each(SERVICE_NAMES)('%s is told so', async (name) => {
    const one = await service(name);
    expect(await tell(one, overAlert(anAlert(), NOW))).toBeNull();
    expect(one.requests[0]!.body).toContain('It is over: cache-a was not upgraded');
  });
});

describe('why it was not taken', () => {
  it.each<{ name: ServiceName; body: Answer; why: object }>`
    name          | body                                           | why
    ${'slack'}    | ${answer(400, 'invalid_blocks')}               | ${{ refused: 1 }}
    ${'slack'}    | ${answer(403, 'invalid_token')}                | ${{}}
    ${'slack'}    | ${answer(429, '', { 'retry-after': '30' })}    | ${{ rest: 30 * SECOND }}
    ${'slack'}    | ${answer(503, '', { 'retry-after': '86400' })} | ${{ rest: 60 * MINUTE }}
    ${'dingtalk'} | ${coded(130101)}                               | ${{ rest: 10 * MINUTE }}
    ${'dingtalk'} | ${coded(310000)}                               | ${{}}
    ${'wecom'}    | ${coded(40058)}                                | ${{ refused: 1 }}
    ${'feishu'}   | ${coded(9499)}                                 | ${{ refused: 1 }}
  `('$name: $why', async ({ name, body, why }) => {
    const { target } = await service(name, [body]);
    const notifier = createNotifier({ targets: [target], clock, timeout: 300, log: () => {} });
    const [, own] = notifier.names;
    const { failed, refused = [], rests = {} } = await notifier.deliver(anAlert(), [own!]);
    expect(failed).toEqual([own]);
    const found = { ...(refused.length > 0 ? { refused: 1 } : {}), ...(rests[own!] ? { rest: rests[own!] } : {}) };
    expect(found).toEqual(why);
  });
});

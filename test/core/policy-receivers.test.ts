import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { parsePolicy } from '../../lib/core/policy-parse.ts';
import { ENV, problems, read } from '../support/reading.ts';

const VARIABLES = {
  ...ENV,
  HOOK: 'https://hooks.example.com/services/T0/B0/hunter2',
  PRIVATE: 'https://10.0.0.8/hunter2',
  KEY: 'whsec_bm90IGEgcmVhbCBzZWNyZXQsIG9ubHkgYSB0ZXN0',
  ROBOT: 'SEChunter2hunter2',
  ROUTE: 'R0123456789ABCDEF0123456789ABCDE',
  SHORT: 'hunter2',
  BRIEF: 'whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI=',
};
const [url, secret] = ['env:HOOK', 'env:ROBOT'];

describe('a receiver with the keys of its kind', () => {
  it.each<[object, object]>([
    [{ to: 'log' }, { to: 'log', url: '', secret: null }],
    [
      { to: 'slack', url },
      { to: 'slack', url: VARIABLES.HOOK, secret: null },
    ],
    [
      { to: 'dingtalk', url, secret },
      { to: 'dingtalk', url: VARIABLES.HOOK, secret: VARIABLES.ROBOT },
    ],
    [
      { to: 'feishu', url, secret },
      { to: 'feishu', url: VARIABLES.HOOK, secret: VARIABLES.ROBOT },
    ],
    [
      { to: 'wecom', url },
      { to: 'wecom', url: VARIABLES.HOOK },
    ],
    [
      { to: 'pagerduty', routingKey: 'env:ROUTE' },
      { to: 'pagerduty', url: '', routingKey: VARIABLES.ROUTE },
    ],
    [
      { to: 'pagerduty', routingKey: 'env:ROUTE', url: 'https://events.eu.pagerduty.com/v2/enqueue' },
      { url: 'https://events.eu.pagerduty.com/v2/enqueue' },
    ],
    [
      { to: 'slack', url, events: ['failed'], digest: 'window' },
      { events: ['failed'], digest: 'window' },
    ],
    [{ to: 'webhook', url, secret: 'env:KEY' }, { secret: VARIABLES.KEY }],
    [
      { to: 'slack', url, match: { tags: { team: 'cart' }, region: ['cn-*', 'eu-*'] } },
      { match: { tags: { team: ['cart'] }, region: ['cn-*', 'eu-*'] } },
    ],
    [
      { to: 'smn', topic: 'urn:smn:cn-north-4:p2:dcs' },
      { to: 'smn', url: '', topic: 'urn:smn:cn-north-4:p2:dcs' },
    ],
    [{ to: 'smn', topic: 'urn:smn:cn-north-4:p2:dcs', credentials: 'main' }, { credentials: 'main' }],
    [
      { to: 'sns', topic: 'arn:aws:sns:eu-central-1:123456789012:dcs' },
      { to: 'sns', url: '' },
    ],
    [
      { to: 'sns', topic: 'arn:aws-cn:sns:cn-north-1:123456789012:dcs.fifo' },
      { to: 'sns', url: '' },
    ],
    [{ to: 'slack', url: 'http://127.0.0.1:8080/hook' }, { url: 'http://127.0.0.1:8080/hook' }],
  ])('%j', async (target, expected) => {
    expect((await read({ notify: [target] }, VARIABLES)).notify).toMatchObject([expected]);
  });
});

it('smn is asked with the credentials of the scope that the topic is in', async () => {
  const scopes = [
    { project: 'p1', region: 'r1' },
    { project: 'p2', region: 'r1', credentials: 'second' },
  ];
  const notify = ['p1', 'p2', 'p3'].map((project) => ({ to: 'smn', topic: `urn:smn:r1:${project}:t` }));
  const { notify: targets } = await read({ scopes, notify }, VARIABLES);
  expect(targets.map(({ credentials }) => credentials)).toEqual([undefined, 'second', undefined]);
});

describe('a receiver that cannot be told', () => {
  it.each<[object, string, string, string]>([
    [{ to: 'slak', url }, 'to', 'one of log, webhook, slack', 'did you mean slack?'],
    [{ to: 'slack' }, 'url', 'url is missing', 'url: env:SLACK_WEBHOOK_URL'],
    [{ to: 'slack', url, secret }, 'secret', 'secret does not go with slack', 'leave it out'],
    [{ to: 'log', url }, 'url', 'url does not go with log', 'leave it out'],
    [{ to: 'dingtalk', url }, 'secret', 'what is sent to dingtalk is signed', 'secret: env:DINGTALK_SECRET'],
    [{ to: 'dingtalk', url, secret: 'env:SHORT' }, 'secret', 'additional signature', 'env:DINGTALK_SECRET'],
    [{ to: 'webhook', url, secret: 'env:BRIEF' }, 'secret', '24 bytes', 'secret: env:WEBHOOK_SECRET'],
    [{ to: 'feishu', url }, 'secret', 'what is sent to feishu is signed', 'secret: env:FEISHU_SECRET'],
    [{ to: 'pagerduty' }, 'routingKey', 'routingKey is missing', 'routingKey: env:PAGERDUTY_ROUTING_KEY'],
    [{ to: 'pagerduty', routingKey: 'env:SHORT' }, 'routingKey', '32 characters', 'env:PAGERDUTY_ROUTING_KEY'],
    [{ to: 'pagerduty', routingKey: VARIABLES.ROUTE }, 'routingKey', 'must not stand in the policy', 'env:NAME'],
    [{ to: 'log', digest: 'window' }, 'digest', 'digest does not go with log', 'leave it out'],
    [
      { to: 'log', match: { tags: { team: 'cart' } } },
      'match',
      'match does not go with log',
      'the log has every alert',
    ],
    [{ to: 'slack', url, digest: 'day' }, 'digest', '`window`', ''],
    [{ to: 'smn' }, 'topic', 'topic is missing', 'urn:smn:'],
    [{ to: 'smn', topic: 'arn:aws:sns:eu-central-1:123456789012:dcs' }, 'topic', 'the URN of a topic', 'urn:smn:'],
    [{ to: 'smn', topic: 'urn:smn:evil.example.com/:p:dcs' }, 'topic', 'the URN of a topic', 'urn:smn:'],
    [{ to: 'sns', topic: 'urn:smn:cn-north-4:p2:dcs' }, 'topic', 'the ARN of a topic', 'arn:aws:sns:'],
    [{ to: 'sns', topic: 'arn:aws:sns:eu-central-1:123456789012:dcs', url }, 'url', 'does not go with sns', ''],
    [{ to: 'slack', url: 'env:PRIVATE' }, 'url', 'private', 'over the internet'],
    [{ to: 'slack', url: 'https://169.254.169.254/' }, 'url', 'link-local', 'over the internet'],
    [{ to: 'slack', url: 'http://hooks.example.com/' }, 'url', 'https', ''],
    [{ to: 'slack', url: 'env:NOBODY' }, 'url', 'NOBODY is not set', 'set NOBODY'],
  ])('%j: %s', async (target, key, message, hint) => {
    const found = await problems({ notify: [target] }, VARIABLES);
    expect(found.map(({ path }) => path)).toEqual([['notify', 0, key]]);
    expect(found[0]!.message).toContain(message);
    expect(String(found[0]!.hint)).toContain(hint);
  });

  it('F127 no value of a variable is ever shown', async () => {
    const targets = Object.keys(VARIABLES).flatMap((name) =>
      ['slack', 'dingtalk', 'pagerduty', 'webhook', 'log'].map((to) => {
        const value = `env:${name}`;
        return { to, url: value, secret: value, routingKey: value };
      }),
    );
    const text = JSON.stringify(await problems({ notify: targets }, VARIABLES));
    for (const [name, value] of Object.entries(VARIABLES)) {
      if (!(name in ENV)) expect([name, text.includes(value)]).toEqual([name, false]);
    }
  });
});

it('the smallest useful policy of the README is a good one', async () => {
  const [, yaml] = /```yaml\n([\s\S]*?)```/.exec(readFileSync('README.md', 'utf8'))!;
  const env = { ...VARIABLES, SLACK_WEBHOOK_URL: VARIABLES.HOOK };
  expect(await parsePolicy(parse(yaml!), env)).toMatchObject({
    policy: { notify: [{ to: 'slack', url: VARIABLES.HOOK }] },
  });
});

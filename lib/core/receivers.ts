/** The kinds of receivers: `notify[].to`. */
export const RECEIVERS = ['log', 'webhook', 'slack', 'dingtalk', 'feishu', 'wecom', 'pagerduty', 'smn', 'sns'] as const;
export type ReceiverKind = (typeof RECEIVERS)[number];

/** The keys of a receiver that say where it is and who sends to it. */
export type ReceiverKey = 'url' | 'secret' | 'routingKey' | 'topic' | 'credentials';

export interface KeyRule {
  required: boolean;
  /** What its value must be; whether it is so must be told without ever showing it. */
  form?: { test: RegExp; allowed: string };
  /** What to write in the policy. */
  example: string;
}

const url = (example: string): KeyRule => ({ required: true, example: `url: env:${example}` });
const optional = (example: string): KeyRule => ({ required: false, example });

/** Which keys go with which kind. What is not named here does not go with it. */
export const RECEIVER_KEYS: Record<ReceiverKind, Partial<Record<ReceiverKey, KeyRule>>> = {
  log: {},
  webhook: {
    url: url('WEBHOOK_URL'),
    secret: {
      required: true,
      // 24 bytes are the fewest that Standard Webhooks allows.
      form: { test: /^whsec_[A-Za-z0-9+/]{32,}={0,2}$/, allowed: '`whsec_` and base64 of 24 bytes or more' },
      example: 'secret: env:WEBHOOK_SECRET',
    },
  },
  slack: { url: url('SLACK_WEBHOOK_URL') },
  dingtalk: {
    url: url('DINGTALK_WEBHOOK_URL'),
    secret: {
      required: true,
      form: { test: /^.{8,}$/, allowed: 'what the robot shows under "additional signature" (SEC…)' },
      example: 'secret: env:DINGTALK_SECRET',
    },
  },
  feishu: {
    url: url('FEISHU_WEBHOOK_URL'),
    secret: {
      required: true,
      form: { test: /^.{8,}$/, allowed: 'what the bot shows under "signature verification"' },
      example: 'secret: env:FEISHU_SECRET',
    },
  },
  wecom: { url: url('WECOM_WEBHOOK_URL') },
  pagerduty: {
    url: optional('url: https://events.eu.pagerduty.com/v2/enqueue'),
    routingKey: {
      required: true,
      form: { test: /^[A-Za-z0-9]{32}$/, allowed: 'the 32 characters of an Events API v2 integration' },
      example: 'routingKey: env:PAGERDUTY_ROUTING_KEY',
    },
  },
  smn: {
    topic: {
      required: true,
      form: { test: /^urn:smn:[a-z0-9-]+:\w+:[\w-]{1,255}$/, allowed: 'the URN of a topic' },
      example: 'topic: "urn:smn:cn-north-4:PROJECT:NAME"',
    },
    url: optional('url: https://smn.cn-north-4.myhuaweicloud.com'),
    credentials: optional('credentials: main'),
  },
  sns: {
    topic: {
      required: true,
      form: { test: /^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w-]{1,256}(?:\.fifo)?$/, allowed: 'the ARN of a topic' },
      example: 'topic: "arn:aws:sns:eu-central-1:123456789012:NAME"',
    },
  },
};

export const KEYS_OF_RECEIVERS: readonly ReceiverKey[] = ['url', 'secret', 'routingKey', 'topic', 'credentials'];

import { describe, expect, it } from '@jest/globals';
import { readWebhookSecrets } from '../../lib/core/webhook-secret.ts';

const WHSEC = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

describe('WEBHOOK_SECRETS', () => {
  it('several entries, also of one source', () => {
    const text = `standard:${WHSEC}, standard:whsec_YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4\npagerduty:with:colons:0123456789`;
    expect(readWebhookSecrets(text)).toEqual({
      secrets: [
        { source: 'standard', secret: WHSEC },
        { source: 'standard', secret: 'whsec_YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4' },
        { source: 'pagerduty', secret: 'with:colons:0123456789' },
      ],
      problems: [],
    });
  });

  it('none, in so many words', () => expect(readWebhookSecrets('none')).toEqual({ secrets: [], problems: [] }));

  it.each<[string, string, RegExp]>([
    ['F130 empty', '', /^is empty/],
    ['F130 blank', ' , ', /^is empty/],
    ['F130 a source with an empty secret', 'pagerduty:', /^entry 1 has a secret that is not of 16 characters/],
    [
      'F130 a secret that is too short to be one',
      'grafana:short',
      /^entry 1 has a secret that is not of 16 characters/,
    ],
    ['F130 an empty key in base64', 'standard:whsec_', /^entry 1 has a secret that is not "whsec_" and base64/],
    ['no base64', `standard:${WHSEC}!`, /^entry 1 has a secret/],
    [
      'a source that does not sign',
      `pagerduty:0123456789abcdef,alertmanager:${WHSEC}`,
      /^entry 2 is not SOURCE:SECRET/,
    ],
    ['no source', WHSEC, /^entry 1 is not SOURCE:SECRET with one of grafana, pagerduty, standard$/],
    ['a name that every object has', 'constructor:0123456789abcdef', /^entry 1 is not SOURCE:SECRET/],
  ])('%s', (_, text, problem) => {
    const { problems } = readWebhookSecrets(text);
    expect(problems).toEqual([expect.stringMatching(problem)]);
    expect(problems.join()).not.toMatch(/short|0123|MfKQ/);
  });
});

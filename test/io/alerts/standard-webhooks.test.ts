import { createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { messageId, signedHeaders } from '../../../lib/io/alerts/forms/webhook.ts';
import { receiverProblems } from '../../../lib/io/alerts/receiver.ts';
import { anAlert } from '../../support/alerts.ts';

const KEY = Buffer.from('a key of thirty-two bytes, or so');
const SECRET = `whsec_${KEY.toString('base64')}`;

describe('the signature', () => {
  it('is the HMAC-SHA256 of "id.timestamp.body" under the decoded key, as of the second of sending', () => {
    const body = '{"text":"维护窗口 🚀"}';
    const signature = createHmac('sha256', KEY).update(`msg_1.1795543200.${body}`, 'utf8').digest('base64');
    expect(signedHeaders(SECRET, 'msg_1', 1_795_543_200_999, body)).toEqual({
      'webhook-id': 'msg_1',
      'webhook-timestamp': '1795543200',
      'webhook-signature': `v1,${signature}`,
    });
  });

  it('takes a secret without its prefix for the same', () => {
    expect(signedHeaders(KEY.toString('base64'), 'm', 0, 'x')).toEqual(signedHeaders(SECRET, 'm', 0, 'x'));
  });
});

describe('the id', () => {
  it('is one for one fact, however often and whenever it is told', () => {
    const id = messageId(anAlert());
    expect(id).toMatch(/^msg_[\w-]{32}$/);
    expect(messageId(anAlert({ summary: 'other words' }))).toBe(id);
    expect(messageId(anAlert({ at: 0 }))).not.toBe(id);
    expect(messageId(anAlert({ key: 'another' }))).not.toBe(id);
  });
});

describe('a receiver', () => {
  const url = 'https://hooks.example.com/a?b=c';
  const missing = 'secret is missing; nothing is sent unsigned';
  it.each<{ receiver: { url: string; secret: string | null }; problems: string[]; why: string }>`
    receiver                                                     | problems                                                  | why
    ${{ url, secret: SECRET }}                                   | ${[]}                                                     | ${'as it should be'}
    ${{ url: 'http://127.0.0.1:8080/', secret: SECRET }}         | ${[]}                                                     | ${'on this machine'}
    ${{ url, secret: null }}                                     | ${[missing]}                                              | ${'F130: no secret'}
    ${{ url, secret: '' }}                                       | ${[missing]}                                              | ${'F130: an empty one'}
    ${{ url, secret: 'whsec_' }}                                 | ${['secret must be "whsec_" and base64']}                 | ${'F130: a prefix and no key'}
    ${{ url, secret: 'whsec_not base64!' }}                      | ${['secret must be "whsec_" and base64']}                 | ${'F130: a key that decodes to less than it seems'}
    ${{ url, secret: `whsec_${KEY.toString('base64', 0, 23)}` }} | ${['secret must be of 24 bytes or more']}                 | ${'F130: too short to be one'}
    ${{ url: 'http://hooks.example.com/', secret: SECRET }}      | ${['url must be https; plain http is for loopback only']} | ${'anyone could read it'}
    ${{ url: 'https://u:p@hooks.example.com/', secret: SECRET }} | ${['url must hold no user name and no password']}         | ${'it would be logged somewhere'}
    ${{ url: '', secret: null }}                                 | ${['url must be an https URL', missing]}                  | ${'both at once'}
  `('$why: $problems', ({ receiver, problems }) => {
    expect(receiverProblems(receiver)).toEqual(problems);
  });
});

import { afterEach, describe, expect, it } from '@jest/globals';
import { post, type Resolve, UnsentError } from '../../../lib/io/alerts/post.ts';
import { aReceiver, type Receiver } from '../../support/alerts.ts';

const receivers: Receiver[] = [];
afterEach(async () => {
  await Promise.all(receivers.splice(0).map((one) => one.close()));
});

/** A service of this machine that nobody means to be told of alerts. */
async function inside(): Promise<{ port: string; requests: Receiver['requests'] }> {
  const one = await aReceiver((response) => response.writeHead(200).end('ok'));
  receivers.push(one);
  return { port: new URL(one.url).port, requests: one.requests };
}

async function problemOf(url: string, resolve?: Resolve): Promise<UnsentError | null> {
  const sent = post({ url, body: '{}' }, { timeout: 1_000, reads: true, resolve });
  return sent.then(
    () => null,
    (error: unknown) => {
      if (error instanceof UnsentError) return error;
      throw error;
    },
  );
}

const FORBIDDEN = 'its name leads to an address that is private, link-local or otherwise special; nothing was sent';
/** Public by its form, and given to nobody. */
const UNROUTED = '2a0f:ffff::1';

const leadsTo =
  (...addresses: string[]): Resolve =>
  async () =>
    addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));

describe('a request is made to public addresses alone', () => {
  it.each([
    ['127.0.0.1'],
    ['10.0.0.1'],
    ['169.254.169.254'],
    ['100.100.100.200'],
    ['::1'],
    ['fd00:ec2::254'],
    ['fe80::1'],
    ['::ffff:127.0.0.1'],
    ['0.0.0.0'],
    ['1.1.1.1', '127.0.0.1'],
  ])('a name that leads to %s %s: nothing is sent', async (...addresses) => {
    const { port, requests } = await inside();
    const problem = await problemOf(`http://hooks.example.com:${port}/`, leadsTo(...addresses));
    expect(problem).toMatchObject({ message: FORBIDDEN, again: false });
    expect(requests).toEqual([]);
  });

  it('a name is looked up once, and the connection is made to what was checked', async () => {
    const { port, requests } = await inside();
    let asked = 0;
    // As a name server that means harm does: first a good address, then this machine.
    const rebinding: Resolve = async () => leadsTo(asked++ === 0 ? UNROUTED : '127.0.0.1')('');
    const problem = await problemOf(`http://hooks.example.com:${port}/`, rebinding);
    expect(problem!.message).toMatch(/^no answer|^could not be reached/);
    expect([asked, requests.length]).toEqual([1, 0]);
  });

  it.each(['http://127.1', 'http://2130706433', 'http://0x7f000001', 'http://[::ffff:127.0.0.1]', 'http://0.0.0.0'])(
    '%s: this machine in another spelling is not meant',
    async (url) => {
      const { port, requests } = await inside();
      expect((await problemOf(`${url}:${port}/`))!.message).toBe(FORBIDDEN);
      expect(requests).toEqual([]);
    },
  );

  it.each(['http://127.0.0.1', 'http://localhost'])('%s is for trials, and is sent to', async (url) => {
    const { port, requests } = await inside();
    expect(await problemOf(`${url}:${port}/`)).toBeNull();
    expect(requests).toHaveLength(1);
  });

  it('a name that is not known: it may be known in a moment', async () => {
    const unknown: Resolve = async () => {
      throw Object.assign(new Error('getaddrinfo ENOTFOUND hooks.example.com'), { code: 'ENOTFOUND' });
    };
    for (const resolve of [unknown, leadsTo()])
      expect(await problemOf('https://hooks.example.com/', resolve)).toMatchObject({
        message: 'could not be reached (ENOTFOUND)',
        again: true,
      });
  });

  it('a name server that does not answer costs no more than the time-out', async () => {
    const problem = await problemOf('https://hooks.example.com/', () => new Promise(() => {}));
    expect(problem).toMatchObject({ message: 'no answer within 1000 ms', again: false });
  });
});

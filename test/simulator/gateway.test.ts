import { describe, expect, it } from '@jest/globals';
import { bench, fleetOf, PROJECT } from './harness.ts';

const LIST = `/v2/${PROJECT}/instances`;
const fleet = fleetOf([{ name: 'cart' }, { name: 'feed' }]);

describe('the request limit', () => {
  it('answers 429 beyond it, names it, and forgets with the next period', async () => {
    const { ask, clock, sim } = await bench(fleet, { rateLimit: { limit: 3, seconds: 1 } });
    const ask5 = async () => {
      const statuses = [];
      for (let count = 0; count < 5; count += 1) statuses.push((await ask(LIST)).status);
      return statuses;
    };
    expect(await ask5()).toEqual([200, 200, 200, 429, 429]);
    await clock.advance(999);
    const refused = await ask(LIST);
    expect(refused.body).toMatchObject({
      error_code: 'APIGW.0308',
      error_msg: expect.stringContaining('policy user over ratelimit,limit:3,time:1 second'),
      request_id: expect.any(String),
    });
    expect(refused.headers.has('retry-after')).toBe(false);
    await clock.advance(1);
    expect(await ask5()).toEqual([200, 200, 200, 429, 429]);
    expect(sim.answers).toEqual({ 200: 6, 'APIGW.0308': 5 });
    expect(sim.requests).toMatchObject({ list: 11, show: 0 });
  });

  it('says when to come back where it is told to', async () => {
    const { ask, clock } = await bench(fleet, { rateLimit: { limit: 1, seconds: 60, retryAfter: true } });
    await ask(LIST);
    await clock.advance(17_500);
    const { headers, body } = await ask(LIST);
    expect(headers.get('retry-after')).toBe('43');
    expect(body.error_msg).toContain('limit:1,time:1 minute');
  });

  it('counts POSTs too, and a POST that is throttled begins nothing', async () => {
    const { ask, upgrade, sim } = await bench({ ...fleet, gateway: { rateLimit: { limit: 1, seconds: 1 } } });
    await ask(LIST);
    expect((await upgrade('cart')).status).toBe(429);
    expect(sim.posts).toMatchObject([{ outcome: 'refused', code: 'APIGW.0308', taskId: null }]);
  });

  it('is each project’s own, and requests that are not signed do not count', async () => {
    const other = '2'.repeat(32);
    const two = { projects: [...fleet.projects, { project: other, region: 'ap-southeast-3' }] };
    const { ask } = await bench(two, { rateLimit: { limit: 1, seconds: 1 } });
    expect((await ask(LIST, { sk: 'wrong' })).status).toBe(401);
    expect((await ask(LIST)).status).toBe(200);
    expect((await ask(`/v2/${other}/instances`, { headers: { 'x-project-id': other } })).status).toBe(200);
    expect((await ask(LIST)).status).toBe(429);
  });
});

describe('bad luck', () => {
  const outcomes = async (seed: number) => {
    const { ask } = await bench(fleet, { badGateway: 0.3, seed });
    const statuses = [];
    for (let count = 0; count < 40; count += 1) statuses.push((await ask(LIST)).status);
    return statuses;
  };

  it('answers some GETs with an HTML 502, the same ones for the same seed', async () => {
    const [first, again, other] = [await outcomes(7), await outcomes(7), await outcomes(8)];
    expect(new Set(first)).toEqual(new Set([200, 502]));
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
  });

  it('has a body that is no JSON, and spares POSTs', async () => {
    const { ask, upgrade } = await bench(fleet, { badGateway: 1 });
    const got = await ask(LIST);
    expect([got.status, got.headers.get('content-type')]).toEqual([502, 'text/html']);
    expect(got.text).toMatch(/^<html>/);
    expect((await upgrade('cart')).status).toBe(200);
  });
});

describe('the server', () => {
  it('answers after its latency on the clock, and counts who waits', async () => {
    const { ask, clock, sim } = await bench(fleet, { latency: 200 });
    const asked = Promise.all([ask(LIST), ask(LIST), ask(LIST)]);
    while (clock.sleepers() < 3) await new Promise((resolve) => setImmediate(resolve));
    expect(sim.inFlight).toBe(3);
    await clock.advance(200);
    expect((await asked).map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(sim.inFlightMax).toBe(3);
  });

  it('refuses a body that is too large', async () => {
    const { ask } = await bench(fleet);
    const got = await ask(`${LIST}/x/minor-version/upgrade`, { method: 'POST', body: ' '.repeat(13 * 1024 * 1024) });
    expect([got.status, got.body.error_code]).toEqual([413, 'APIGW.0201']);
  });

  it('closes although a request hangs', async () => {
    const { sim, upgrade } = await bench(fleetOf([{ name: 'cart', faults: ['hang_after_accept'] }]));
    const ended = upgrade('cart').then(
      () => 'answered',
      () => 'ended',
    );
    while (sim.posts.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await sim.close();
    expect(await ended).toBe('ended');
  });
});

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ruleFor } from '../../lib/core/errors.ts';
import { HOUR, MINUTE } from '../../lib/core/time.ts';
import { DcsError } from '../../lib/deps.ts';
import { type LocalApi, serve } from '../../scripts/offline/gateway.ts';
import { anInstance, aPolicy, LIMITS, NIGHT } from '../support/builders.ts';
import { Crash, FakeWorld } from '../support/fake-world.ts';
import { functionOf, type HostOptions, KEYS, call as plainCall, type Reply } from '../support/http.ts';
import { type Description, expectToFit } from '../support/openapi.ts';

/** Orders where there are workers: `POST /upgrades` with `QUEUE` set. */

const EVENING = NIGHT - 5 * HOUR;
/** What the client says of a read that it had to give up. */
const GIVEN_UP = { code: 'TRANSPORT.TIMEOUT', status: 0, message: 'no time left', requestId: null, rule: ruleFor('TRANSPORT.TIMEOUT', 0) }; // biome-ignore format: one thought
const override = { reason: 'exploited now', ticket: 'OPS-7' };

let world: FakeWorld;
let api: LocalApi;
let description: Description;

async function open(next: FakeWorld, options?: HostOptions): Promise<void> {
  await api?.close();
  world = next;
  api = await serve(functionOf(world, options));
  description = (await plainCall<Description>(api, 'GET', '/openapi.json')).json;
}

/** A fleet that was seen before; nothing of it is being upgraded. */
async function seenWorld(names: readonly string[], at = EVENING): Promise<FakeWorld> {
  const one = new FakeWorld(names, EVENING);
  await one.pass({ observeAlways: true });
  one.now = at;
  one.queue = [];
  return one;
}

beforeEach(async () => open(await seenWorld(['a', 'b'], NIGHT + MINUTE)));
afterEach(() => api.close());

async function call(method: string, path: string, request: Parameters<typeof plainCall>[3] = {}): Promise<Reply<Run>> {
  const reply = await plainCall<Run>(api, method, path, request);
  expectToFit(description, method, path, reply);
  return reply;
}

interface Run {
  runId: string;
  state: string;
  error: { code: string; message: string; details: string[] };
  decisions: { instanceId: string; action: string; reason: string; detail: string }[];
  unknown: string[];
  errors: { code: string }[];
  attempts: { state: string; requestedBy: string; reason: string }[];
}

const order = (body: object, headers: Record<string, string> = {}) =>
  call('POST', '/upgrades', { key: KEYS.upgrade, headers, body: { reason: 'CVE-1', dryRun: false, ...body } });
const runOf = async (runId: string) => (await call('GET', `/upgrades/${runId}`, { key: KEYS.read })).json;
const begun = () => world.begun.map(({ name }) => name).toSorted();

/** Workers at all that was sent, until nothing is left of it; a worker that was killed gives its message to another. */
async function work(): Promise<void> {
  for (let message = world.queue!.shift(); message; message = world.queue!.shift()) {
    const result = await world.work(message).catch(unlessKilled);
    if (result === null || result.kind === 'again') {
      world.queue!.push(message);
      world.now += MINUTE;
    }
  }
}

function unlessKilled(error: unknown): null {
  if (error instanceof Crash) return null;
  throw error;
}

describe('an order where there are workers', () => {
  it('is answered at once, from the fleet as last seen and without a request to the cloud', async () => {
    const before = world.reads;
    const { status, json } = await order({ instanceIds: ['id-a'] });
    expect([status, json.decisions]).toMatchObject([202, [{ instanceId: 'id-a', action: 'start', reason: 'due' }]]);
    expect([world.reads - before, world.queue, begun()]).toEqual([0, [{ kind: 'run', runId: json.runId }], []]);
    expect(await runOf(json.runId)).toMatchObject({ state: 'accepted', decisions: json.decisions, attempts: [] });
  });

  it('is carried out by a worker, and its run tells how it ended', async () => {
    const { json } = await order({ instanceIds: ['id-a'] });
    await work();
    expect(begun()).toEqual(['a']);
    const run = await runOf(json.runId);
    expect(run).toMatchObject({ state: 'done', attempts: [{ state: 'running', requestedBy: 'ci', reason: 'CVE-1' }] });
    await world.ticks(15);
    expect((await runOf(json.runId)).attempts.map(({ state }) => state)).toEqual(['succeeded']);
  });

  it('with an override starts outside the window, and every attempt says on whose word', async () => {
    await open(await seenWorld(['a', 'b']));
    const { json } = await order({ instanceIds: ['id-a'], override });
    expect(json.decisions).toMatchObject([{ action: 'start' }]);
    await work();
    expect(begun()).toEqual(['a']);
    expect((await runOf(json.runId)).attempts).toMatchObject([
      { requestedBy: 'ci', reason: 'CVE-1 (override OPS-7: exploited now)' },
    ]);
  });

  it('keeps to the window without one', async () => {
    await open(await seenWorld(['a']));
    const { json } = await order({ all: true });
    await work();
    expect([json.decisions[0]!.reason, begun()]).toEqual(['outside_window', []]);
    expect(await runOf(json.runId)).toMatchObject({ state: 'done', decisions: [{ reason: 'outside_window' }] });
  });

  it('names ids that were never seen, which says nothing about whether they exist', async () => {
    world.add(anInstance('new'));
    const { status, json } = await order({ instanceIds: ['id-new', 'id-nobody'] });
    expect([status, json.decisions, json.unknown]).toEqual([202, [], ['id-new', 'id-nobody']]);
    await work();
    expect([begun(), await runOf(json.runId)]).toMatchObject([['new'], { state: 'done', unknown: ['id-nobody'] }]);
  });

  it('that is a dry run has its pass at once', async () => {
    const { json } = await order({ instanceIds: ['id-a'], dryRun: true });
    expect([await runOf(json.runId), world.queue]).toMatchObject([{ state: 'done' }, []]);
  });

  it('reads what was asked for and leaves the rest of a big fleet to others', async () => {
    await open(new FakeWorld(Array.from({ length: 200 }, (_, index) => `c${index}`), EVENING)); // biome-ignore format: one call
    world.queue = [];
    await order({ instanceIds: ['id-c7'], override });
    await work();
    expect(begun()).toEqual(['c7']);
  });

  it('waits for the lease of another run, and comes again when that takes too long', async () => {
    await world.ledger.acquireLease('a tick', MINUTE, world.now);
    const { json } = await order({ instanceIds: ['id-a'] });
    expect(await world.work(world.queue![0]!)).toMatchObject({ kind: 'again' });
    expect((await runOf(json.runId)).state).toBe('accepted');
    world.now += MINUTE;
    await work();
    expect([begun(), (await runOf(json.runId)).state]).toEqual([['a'], 'done']);
  });

  it('is done as far as it got when no worker comes to its end', async () => {
    const { json } = await order({ instanceIds: ['id-a'] });
    world.now += 3 * MINUTE;
    await world.ledger.acquireLease('a tick', HOUR, world.now);
    expect(await world.work(world.queue![0]!)).toEqual({ kind: 'done' });
    expect(await runOf(json.runId)).toMatchObject({ state: 'done', decisions: [{ reason: 'another_run' }] });
  });
});

describe('its message', () => {
  it('that comes five times at once makes one run', async () => {
    await open(await seenWorld(['a', 'b']));
    const { json } = await order({ instanceIds: ['id-a'], override });
    const [message] = world.queue!.splice(0);
    const results = await Promise.all(Array.from({ length: 5 }, () => world.work(message!)));
    await work();
    expect(results.filter(({ kind }) => kind === 'done')).toHaveLength(1);
    expect([begun(), (await runOf(json.runId)).decisions]).toMatchObject([['a'], [{ action: 'start' }]]);
    expect(await world.work(message!)).toEqual({ kind: 'nothing', why: 'it is done' });
  });

  it('of no run does nothing', async () => {
    expect(await world.work({ kind: 'run', runId: 'x' })).toEqual({ kind: 'nothing', why: 'there is no such run' });
  });

  it('that comes a quarter of an hour late begins nothing, and the run says so', async () => {
    const { json } = await order({ instanceIds: ['id-a'] });
    world.now += 15 * MINUTE;
    await work();
    expect([begun(), await runOf(json.runId)]).toMatchObject([[], { state: 'done', errors: [{ code: 'TOO_LATE' }] }]);
  });

  it('that never comes leaves a run that says so', async () => {
    const { json } = await order({ instanceIds: ['id-a'] });
    world.queue = [];
    world.now += 17 * MINUTE;
    expect((await runOf(json.runId)).state).toBe('accepted');
    world.now += MINUTE;
    expect(await runOf(json.runId)).toMatchObject({ state: 'done', errors: [{ code: 'NOT_DONE' }], attempts: [] });
  });

  it('that finds no valid policy begins nothing, and the run says so after three minutes', async () => {
    const { json } = await order({ instanceIds: ['id-a'] });
    const broken = { policy: world.policy, problem: 'line 3' };
    expect(await world.work(world.queue![0]!, broken)).toMatchObject({ kind: 'again' });
    world.now += 3 * MINUTE;
    await world.work(world.queue!.shift()!, broken);
    expect([begun(), await runOf(json.runId)]).toMatchObject([[], { state: 'done', errors: [{ code: 'NO_POLICY' }] }]);
  });

  it.each(Array.from({ length: 12 }, (_, index) => index + 1))(
    'of a worker that is killed at its effect %i comes again, and what was ordered is upgraded once',
    async (effect) => {
      for (const after of [false, true]) {
        await open(await seenWorld(['a', 'b']));
        const { json } = await order({ instanceIds: ['id-a'], override });
        world.crash = { at: world.effects + effect, after };
        await work();
        world.crash = null;
        await world.untilQuiet();
        expect([begun(), (await runOf(json.runId)).state]).toEqual([['a'], 'done']);
      }
    },
  );
});

describe('when the workers cannot be told', () => {
  const broken = { push: () => refuse() } as unknown as FakeWorld['queue'];
  function refuse(): never {
    throw new Error('no such queue');
  }

  it('it is 503 with what to do, nothing is begun, and the same key may be used again', async () => {
    world.queue = broken;
    const { status, json, headers } = await order({ instanceIds: ['id-a'] }, { 'idempotency-key': 'k' });
    expect([status, json.error.code, headers.get('retry-after')]).toEqual([503, 'queue_unavailable', '30']);
    expect(json.error.details[0]).toMatch(/nothing was begun.*same Idempotency-Key/);
    world.queue = [];
    const again = await order({ instanceIds: ['id-a'] }, { 'idempotency-key': 'k' });
    await work();
    expect([again.status, begun(), (await runOf(again.json.runId)).state]).toEqual([202, ['a'], 'done']);
  });

  it('a message that was taken all the same begins nothing, as who asked was told so', async () => {
    const taken: unknown[] = [];
    world.queue = { push: (...messages: unknown[]) => taken.push(...messages) && refuse() } as unknown as FakeWorld['queue'];
    expect((await order({ instanceIds: ['id-a'] })).status).toBe(503);
    world.queue = [];
    const [message] = taken as [{ kind: 'run'; runId: string }];
    expect(await world.work(message)).toMatchObject({ kind: 'nothing' });
    expect([begun(), (await call('GET', `/upgrades/${message.runId}`, { key: KEYS.read })).status]).toEqual([[], 404]);
  }); // biome-ignore format: a queue in one line

  it('again for an order that was accepted, that stays accepted', async () => {
    const { json } = await order({ instanceIds: ['id-a'] }, { 'idempotency-key': 'k' });
    const sent = world.queue!;
    world.queue = broken;
    expect((await order({ instanceIds: ['id-a'] }, { 'idempotency-key': 'k' })).status).toBe(503);
    world.queue = sent;
    await work();
    expect([begun(), (await runOf(json.runId)).state]).toEqual([['a'], 'done']);
  });
});

describe('the same Idempotency-Key', () => {
  const key = { 'idempotency-key': 'k' };

  it('has the same answer, at once, while it is carried out and after it', async () => {
    const first = await order({ instanceIds: ['id-a'] }, key);
    const same = { ...first.json, requestId: null };
    const [second] = await Promise.all([order({ instanceIds: ['id-a'] }, key), order({ instanceIds: ['id-a'] }, key)]);
    expect({ ...second.json, requestId: null }).toEqual(same);
    await work();
    expect({ ...(await order({ instanceIds: ['id-a'] }, key)).json, requestId: null }).toEqual(same);
    await work();
    expect([begun(), world.posts.length]).toEqual([['a'], 1]);
  });

  it('twice within a second is one run', async () => {
    const replies = await Promise.all([order({ instanceIds: ['id-a'] }, key), order({ instanceIds: ['id-a'] }, key)]);
    await work();
    expect(new Set(replies.map(({ json }) => json.runId)).size).toBe(1);
    expect([replies.map(({ status }) => status), world.posts.length]).toEqual([[202, 202], 1]);
  });

  it('of another order is 409', async () => {
    await order({ instanceIds: ['id-a'] }, key);
    expect((await order({ instanceIds: ['id-b'] }, key)).status).toBe(409);
  });
});

describe('without workers', () => {
  it('what cannot be read in time is said to go on, and the answer comes all the same', async () => {
    const alone = new FakeWorld(['a', 'b']);
    const { deps } = alone;
    alone.deps = () => {
      const made = deps.call(alone);
      made.dcs.showVersions = (_, __, signal) =>
        new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(new DcsError(GIVEN_UP))));
      return made;
    };
    await open(alone, { timeLeft: 45_400 });
    const { status, json } = await order({ all: true });
    expect([status, json.decisions.map(({ reason }) => reason)]).toEqual([202, ['version_unknown', 'version_unknown']]);
    expect(json.decisions[0]!.detail).toMatch(/that goes on, and the next tick decides/);
  });

  it('the one who asks while the first is still being answered is told to ask again', async () => {
    await open(new FakeWorld(['a']));
    world.policy = aPolicy({ limits: { ...LIMITS } });
    const { ledger } = world;
    const put = ledger.putNote.bind(ledger);
    // The first one has stored its run and never comes to its end.
    ledger.putNote = async (name, text, until) => {
      await put(name, text, until);
      if (name.startsWith('run:')) throw new Error('killed');
    };
    expect((await order({ instanceIds: ['id-a'] }, { 'idempotency-key': 'k' })).status).toBe(500);
    ledger.putNote = put;
    const soon = await order({ instanceIds: ['id-a'] }, { 'idempotency-key': 'k' });
    expect([soon.status, soon.json.error.code, soon.headers.get('retry-after')]).toEqual([503, 'in_progress', '5']);
    world.now += 2 * MINUTE;
    expect((await order({ instanceIds: ['id-a'] }, { 'idempotency-key': 'k' })).status).toBe(202);
    expect(begun()).toEqual(['a']);
  });
});

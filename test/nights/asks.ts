import type { Decision } from '../../lib/core/decision.ts';
import { MINUTE, SECOND } from '../../lib/core/time.ts';
import { holdId } from '../../lib/operations.ts';
import type { SimulatedInstance } from '../../lib/simulator/world.ts';
import { type Asked, type Door, HTTP_KEYS, type Reply } from './door.ts';
import type { Night } from './night.ts';
import { find, onInstance, when } from './people.ts';
import type { Fault } from './plan.ts';
import type { Order } from './records.ts';

type FaultOf<K extends Fault['kind']> = Extract<Fault, { kind: K }>;
type Doing<K extends Fault['kind']> = (night: Night, door: Door, fault: FaultOf<K>) => void;

/** Who gets no good answer asks again, as often and after so long. */
const TRIES = 6;
const PATIENCE = 20 * SECOND;

/** What people and other programs ask for over HTTP, at their instants. */
const DOINGS: { [K in Fault['kind']]?: Doing<K> } = {
  hold(night, door, { at, match: given, releasedAt, over }) {
    if (over !== 'http') return;
    const match = () => (given.instanceId === undefined ? given : { instanceId: find(night, given.instanceId)?.spec.id ?? '-' });
    when(night, at, `HOLD ${JSON.stringify(given)} over HTTP`, () => void placeHold(night, door, match()));
    if (releasedAt !== null) when(night, releasedAt, `RELEASE ${JSON.stringify(given)} over HTTP`, () => void endHold(night, door, match()));
  },
  order(night, door, { at, instance, override, twice }) {
    onInstance(night, at, instance, `is ordered${override ? ', whatever the windows say' : ''}${twice ? ` (twice: ${twice})` : ''}`, (found) => void orderUpgrade(night, door, found, override, twice));
  },
  look(night, door, { at, path }) {
    const [first] = night.plan.fleet;
    when(night, at, `LOOK ${path}`, () => void door.ask(ops('GET', path.replace('{id}', find(night, first!.name)!.spec.id))).then((reply) => night.judge.records.answered(reply, path)));
  },
  intruder(night, door, { at, key, does }) {
    when(night, at, `INTRUDER ${key} ${does}`, () => void intrude(night, door, key, does));
  },
  approval(night, door, { at, after, hash }) {
    when(night, at, 'LOOKS AT THE PLAN', () => void approve(night, door, after, hash));
  },
  alert(night, door, { at, instance, endsAt, beside, again }) {
    onInstance(night, at, instance, 'ALERT', (found) => void fire(night, door, found, { name: `a${at}`, endsAt, again }));
    if (beside !== null) onInstance(night, at, instance, 'ALERT of another kind', (found) => void fire(night, door, found, { name: `b${at}`, endsAt: beside, again: false }));
  },
}; // biome-ignore format: a table

export function playAsks(night: Night, door: () => Door): void {
  for (const fault of night.plan.faults) {
    const doing = DOINGS[fault.kind] as Doing<Fault['kind']> | undefined;
    if (doing && !(fault.kind === 'hold' && fault.over !== 'http')) doing(night, door(), fault);
  }
}

function ops(method: Asked['method'], path: string, body?: unknown, idempotencyKey?: string): Asked {
  return { method, path, key: HTTP_KEYS.ops, ...(body === undefined ? {} : { body }), ...(idempotencyKey === undefined ? {} : { idempotencyKey }) }; // biome-ignore format: one thought
}

/** Asks until there is a good answer, or one that will not become better. */
async function persist(night: Night, door: Door, asked: Asked): Promise<(Reply & { tries: number }) | null> {
  for (let tries = 1; ; tries++) {
    const reply = await door.ask(asked);
    night.judge.records.answered(reply, asked.path);
    if (tries === TRIES || (reply && reply.status < 500 && reply.status !== 429)) return reply && { ...reply, tries };
    await night.timeline.sleep(PATIENCE);
  }
}

async function placeHold(night: Night, door: Door, match: object): Promise<void> {
  const asked = ops('POST', '/holds', { match, reason: 'a look first' });
  const reply = await persist(night, door, asked);
  if (reply?.status === 201) night.judge.holds.push({ match, at: night.timeline.now, releasedAt: null });
  else night.judge.unsure.push({ match, from: night.timeline.now });
}

async function endHold(night: Night, door: Door, match: object): Promise<void> {
  const same = night.judge.holds.filter((one) => holdId(one.match) === holdId(match));
  for (const one of same) one.releasedAt = Math.min(one.releasedAt ?? Infinity, night.timeline.now);
  const reply = await persist(night, door, ops('DELETE', `/holds/${encodeURIComponent(holdId(match))}?reason=looked`));
  if (reply?.status !== 200) night.judge.unsure.push({ match, from: night.timeline.now });
}

async function orderUpgrade(
  night: Night,
  door: Door,
  { spec }: SimulatedInstance,
  override: boolean,
  twice: FaultOf<'order'>['twice'],
): Promise<void> {
  const { records } = night.judge;
  const body = {
    instanceIds: [spec.id],
    dryRun: false,
    reason: 'asked for',
    ...(override ? { override: { reason: 'a leak', ticket: 'T-1' } } : {}),
  };
  const key = `key-${night.time}-${spec.id}`;
  const place = async (given: object): Promise<Reply | null> => {
    const order: Order | null = override ? records.ordered(spec.id, key) : null;
    const reply = await door.ask(ops('POST', '/upgrades', given, key), (id) => order?.runIds.push(id));
    records.answered(reply, '/upgrades');
    records.answeredOrder(spec.id, reply);
    if (order && reply && reply.status < 500 && reply.status !== 202) records.withdrawn(order);
    return reply;
  };
  const first = place(body);
  if (twice === null) return void (await first);
  if (twice !== 'at_once') await first;
  const second = await place(twice === 'other_body' ? { ...body, reason: 'asked for otherwise' } : body);
  records.answeredTwice(await first, second, twice === 'other_body');
}

/** An order that no worker takes is given up after so long, and a clock may be wrong. */
const GIVEN_UP = 18 * MINUTE;

/** Who was promised an upgrade can read what came of it, whatever became of the messages and the workers. */
export async function judgeOrders(night: Night, door: Door): Promise<void> {
  const { judge, timeline } = night;
  for (const [runId, { instanceId, at }] of judge.records.promised) {
    if (timeline.now < at + GIVEN_UP + judge.skews()) continue;
    const path = `/upgrades/${runId}`;
    const reply = await door.ask(ops('GET', path));
    judge.records.answered(reply, path);
    const { state, decisions = [], unknown = [], errors = [] } = (reply?.body ?? {}) as OrderAnswer;
    const isNamed = [...decisions.map((decision) => decision.instanceId), ...unknown].includes(instanceId);
    const isGivenUp = errors.some(({ code }) => code === 'NOT_DONE' || code === 'TOO_LATE');
    if (state !== 'done' || !(isNamed || errors.length > 0) || (isGivenUp && !mayBeGivenUp(night)))
      judge.fail('what was promised has an end', `${runId}: ${reply?.status} ${JSON.stringify(reply?.body)}`);
  }
}

/** Something has to have come between an order and its workers. */
function mayBeGivenUp(night: Night): boolean {
  const { crashes, storeFailures, stalls } = night.counts;
  return crashes + storeFailures + stalls + night.faults('queue').length > 0;
}

interface OrderAnswer {
  state?: string;
  decisions?: { instanceId: string }[];
  unknown?: string[];
  errors?: { code: string }[];
}

async function intrude(
  night: Night,
  door: Door,
  key: FaultOf<'intruder'>['key'],
  does: FaultOf<'intruder'>['does'],
): Promise<void> {
  const shown = { none: {}, unknown: { key: 'nights-key-of-nobody' }, reader: { key: HTTP_KEYS.reader } }[key];
  const { spec } = [...night.simulator.world.instances.values()][0]!;
  const asked = {
    hold: { path: '/holds', body: { match: { all: true }, reason: 'mischief' } },
    order: { path: '/upgrades', body: { instanceIds: [spec.id], dryRun: false, reason: 'mischief', override: { reason: 'none', ticket: 'none' } } },
    approve: { path: '/approvals', body: { planHash: '0123456789abcdef' } },
  }[does]; // biome-ignore format: a table
  const reply = await door.ask({ method: 'POST', ...asked, ...shown });
  const wanted = key === 'reader' ? 403 : 401;
  if (reply && reply.status !== wanted && reply.status < 500)
    night.judge.fail('who may not is not let in', `${does} with ${key} key: ${reply.status}`);
}

async function approve(night: Night, door: Door, after: number, hash: FaultOf<'approval'>['hash']): Promise<void> {
  const plan = await persist(night, door, ops('GET', '/plan'));
  if (plan?.status !== 200) return;
  const seen = night.judge.records.seen();
  await night.timeline.sleep(after);
  const planHash = hash === 'seen' ? plan.body.planHash : '0123456789abcdef';
  const due = (plan.body.decisions as Decision[]).filter(({ action }) => action === 'start' || action === 'wait');
  const ids = new Set(due.map(({ instanceId }) => instanceId));
  const approval = hash === 'seen' ? night.judge.records.approved(seen, ids) : null;
  const reply = await persist(night, door, ops('POST', '/approvals', { planHash }));
  if (!approval && reply?.status === 201) night.judge.fail('only what was seen is approved', `a hash that no plan has`);
  if (approval && reply?.status === 201) approval.isTaken = true;
  // What was not answered may have been taken all the same, also after it was asked again.
  if (approval && reply?.tries === 1 && reply.status >= 400 && reply.status < 500)
    night.judge.records.unapproved(approval);
}

async function fire(
  night: Night,
  door: Door,
  { spec }: SimulatedInstance,
  { name, endsAt, again }: { name: string; endsAt: number | null; again: boolean },
): Promise<void> {
  const startsAt = night.timeline.now;
  const labels = { alertname: name, severity: 'critical', instance_id: spec.id };
  const send = (status: 'firing' | 'resolved', end: number) =>
    persist(night, door, { method: 'POST', path: '/alerts/alertmanager', key: HTTP_KEYS.source, body: { version: '4', status, groupKey: `${name}-${spec.id}`, groupLabels: {}, alerts: [{ status, labels, startsAt: new Date(startsAt).toISOString(), endsAt: new Date(end).toISOString() }] } }); // biome-ignore format: one thought
  const hold = night.judge.records.alertSent(spec.id);
  const reply = await send('firing', startsAt);
  if (reply?.status === 202) night.judge.records.alertTaken(hold);
  if (endsAt === null) return;
  await night.timeline.sleep(night.plan.start + endsAt - night.timeline.now);
  night.note('people', `ALERT ${name} of ${spec.name} is over`);
  night.judge.records.alertEnds(hold);
  await send('resolved', night.timeline.now);
  // What is sent again later, out of its order, changes nothing any more.
  if (again) await send('firing', startsAt);
}

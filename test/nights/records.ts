import { type EpochMs, HOUR, MINUTE } from '../../lib/core/time.ts';
import type { Call, PlacedHold } from './call.ts';
import type { Reply } from './door.ts';
import type { Judge } from './judge.ts';
import { ALERTS_LAST } from './rules.ts';

/** A person ordered it, whatever windows, freezes and waves say. */
export interface Order {
  instanceId: string;
  /** What comes again under one key is one order. */
  key: string;
  from: EpochMs;
  /** What the program calls it. */
  runIds: string[];
}

/** What a person saw and approved. */
export interface Approved {
  /** When the plan was there. */
  seenAt: EpochMs;
  at: EpochMs;
  /** Instances that were due in it. */
  ids: ReadonlySet<string>;
  /** The answer said that it was taken. */
  isTaken: boolean;
}

/** An order is begun within this time, or not at all. */
const ORDER_LASTS = HOUR;

/** What was asked for over HTTP, as those know it who asked. */
export class Records {
  readonly orders: Order[] = [];
  /** Runs that somebody was promised, of what and since when. */
  readonly promised = new Map<string, { instanceId: string; at: EpochMs }>();
  readonly approvals: Approved[] = [];
  /** When the latest versions moved. */
  readonly moves: EpochMs[] = [];
  readonly #judge: Judge;

  constructor(judge: Judge) {
    this.#judge = judge;
  }

  get #now(): EpochMs {
    return this.#judge.night.timeline.now;
  }

  /** How long after its request a worker may take an order up, whose hour begins then. */
  get #handedFor(): number {
    return this.#judge.night.plan.hasQueue ? 25 * MINUTE : MINUTE;
  }

  ordered(instanceId: string, key: string): Order {
    const order: Order = { instanceId, key, from: this.#now, runIds: [] };
    this.orders.push(order);
    return order;
  }

  /** The answer said no. */
  withdrawn(order: Order): void {
    this.orders.splice(this.orders.indexOf(order), 1);
  }

  /** Orders under which a call may have been made, by any clock of the night. */
  ordersFor({ instance, at }: Pick<Call, 'instance' | 'at'>): Order[] {
    const skews = this.#judge.skews();
    return this.orders.filter(({ instanceId, from }) => instanceId === instance.spec.id && from <= at && at < from + ORDER_LASTS + skews + this.#handedFor); // biome-ignore format: one thought
  }

  /** By when an order was certainly no longer good, for what it began. */
  endOf({ from }: Order): EpochMs {
    return from + ORDER_LASTS - this.#judge.skews();
  }

  answered(reply: Reply | null, path: string): void {
    if (!reply || reply.status < 500) return;
    const { night } = this.#judge;
    const { code = '' } = (reply.body.error ?? {}) as { code?: string };
    const mayFail: Record<string, boolean> = {
      internal: night.counts.storeFailures > 0,
      no_policy: night.faults('broken_policy').length > 0 || night.faults('news_on_the_way').some(({ what }) => what === 'policy'), // biome-ignore format: one thought
      queue_unavailable: night
        .faults('queue')
        .some(({ trouble }) => ['not_taken', 'refused', 'answer_lost'].includes(trouble)),
      in_progress: night.faults('order').some(({ twice }) => twice !== null),
    };
    if (!mayFail[code])
      this.#judge.fail('the program does not break', `${path}: ${reply.status} ${JSON.stringify(reply.body)}`);
  }

  answeredOrder(instanceId: string, reply: Reply | null): void {
    if (reply?.status === 202) this.promised.set(reply.body.runId as string, { instanceId, at: this.#now });
  }

  answeredTwice(first: Reply | null, second: Reply | null, isOther: boolean): void {
    if (first?.status !== 202 || !second || second.status >= 500 || second.status === 429) return;
    if (isOther && second.status !== 409)
      this.#judge.fail('one key is one request', `another body under the same key: ${second.status}`);
    if (!isOther && (second.status !== 202 || second.body.runId !== first.body.runId))
      this.#judge.fail('one key is one request', `runs ${first.body.runId} and ${second.body.runId ?? second.status}`);
  }

  seen(): EpochMs {
    return this.#now;
  }

  approved(seenAt: EpochMs, ids: ReadonlySet<string>): Approved {
    const approved = { seenAt, at: this.#now, ids, isTaken: false };
    this.approvals.push(approved);
    return approved;
  }

  unapproved(approval: Approved): void {
    this.approvals.splice(this.approvals.indexOf(approval), 1);
  }

  /** From when an alert was first sent; not in force before it was taken. */
  alertSent(instanceId: string): PlacedHold {
    const hold: PlacedHold = { match: { instanceId }, at: Infinity, releasedAt: this.#now + ALERTS_LAST - this.#judge.skews(), isAlert: true, mayLastUntil: this.#now + ALERTS_LAST + this.#judge.skews() + 6 * MINUTE }; // biome-ignore format: one thought
    this.#judge.holds.push(hold);
    return hold;
  }

  alertTaken(hold: PlacedHold): void {
    hold.at = this.#now;
  }

  alertEnds(hold: PlacedHold): void {
    hold.releasedAt = Math.min(hold.releasedAt ?? Infinity, this.#now);
  }
}

import type { Alert } from '../../lib/core/alert.ts';
import { type EpochMs, iso } from '../../lib/core/time.ts';
import type { Judge } from './judge.ts';
import type { Life } from './machine.ts';

/** An alert that a receiver took. */
export type Taken = Alert & {
  by: Life;
  /** Whether who sent it was told that it was taken. */
  isAnswered: boolean;
};

/** Nobody may be left without a word of these. */
const MUST_REACH: readonly string[] = ['failed', 'unverified', 'stuck', 'digest'];

/** So often a receiver has to refuse an alert before it is given up (README, "A receiver that fails"). */
const MOST_REFUSALS = 5;

/** What the receivers of alerts heard, and what they said. */
export class Heard {
  /** By the steady one, repeats included. */
  readonly steady: Taken[] = [];
  /** By the fickle one. */
  readonly fickle: Taken[] = [];
  /** What both want, until the fickle one has it. */
  #owed: Alert[] = [];
  readonly #givenUp: Alert[] = [];
  /** By key, how often the fickle one refused it as it is. */
  readonly #refusals = new Map<string, number>();
  /** What the fickle one asked for last: to be left alone. */
  #rest: { until: EpochMs; life: Life; isKnownSince: EpochMs } | null = null;
  /** Of facts by message ids, and of message ids by facts. */
  readonly #facts = new Map<string, string>();
  readonly #ids = new Map<string, string>();
  readonly #judge: Judge;

  constructor(judge: Judge) {
    this.#judge = judge;
  }

  get #now(): EpochMs {
    return this.#judge.night.timeline.now;
  }

  took(life: Life, isFickle: boolean, alert: Alert): Taken {
    const { night } = this.#judge;
    night.counts.alerts += 1;
    night.note(life.name, `ALERT ${alert.key}${isFickle ? ' (to the fickle one)' : ''}`);
    const taken: Taken = { ...alert, by: life, isAnswered: false };
    (isFickle ? this.fickle : this.steady).push(taken);
    if (isFickle) this.#owed = this.#owed.filter((one) => !tells(alert, one));
    else if (this.#mustReach(alert) && ![...this.fickle, ...this.#givenUp].some((one) => tells(one, alert)))
      this.#owed.push(alert);
    return taken;
  }

  #mustReach({ event, instance }: Alert): boolean {
    const { digest, app } = this.#judge.night.rules.fickle;
    const isWanted = app === null || !instance || instance.tags.app === app;
    return MUST_REACH.includes(event) && isWanted && (event !== 'digest' || digest);
  }

  /** Bad ends, and digests, of which the steady receiver was told and the fickle one was not. */
  owed(): Alert[] {
    return this.#owed;
  }

  /** The same fact has the same id in every try and of every process, and no other has it. */
  identified(id: string, { key, at, resolved }: Alert): string | null {
    const fact = `${key} at ${iso(at)}${resolved ? ', over' : ''}`;
    const [knownFact, knownId] = [this.#facts.get(id) ?? fact, this.#ids.get(fact) ?? id];
    this.#facts.set(id, fact);
    this.#ids.set(fact, id);
    if (knownFact !== fact) return `${id} stood for ${knownFact}, and stands for ${fact}`;
    return knownId === id ? null : `${fact} came as ${knownId}, and comes as ${id}`;
  }

  /** A request to the fickle receiver leaves. Who knows that it asked to be left alone leaves it alone. */
  asks(life: Life): void {
    if (!this.#rest) return;
    const { until, life: told, isKnownSince } = this.#rest;
    const isKnown = told === life || isKnownSince <= life.begunAt;
    const slack = told === life ? 0 : this.#judge.skews();
    if (isKnown && this.#now < until - slack)
      this.#judge.fail('a receiver that asks to be left alone is left alone', `${life.name} asks it again ${until - this.#now} ms too early`); // biome-ignore format: one thought
  }

  /** The fickle receiver's answer came to who had asked. `rest`: for how long it wants to be left alone, in milliseconds from `saidAt` on. */
  answered(life: Life, saidAt: EpochMs, rest: number): void {
    this.#rest = saidAt + rest > this.#now ? { until: saidAt + rest, life, isKnownSince: Infinity } : null;
  }

  /** What a program was told is known to others once it has come to its end; if others ran, they may have written over it. */
  ended(life: Life): void {
    if (this.#rest?.life === life && life.isAlone) this.#rest.isKnownSince = this.#now;
  }

  refused({ key }: Alert): void {
    this.#refusals.set(key, (this.#refusals.get(key) ?? 0) + 1);
  }

  /** A line of the log: an alert that is given up stands there. */
  logged(line: string): void {
    if (!line.includes('"code":"alert_given_up"')) return;
    const { alert } = JSON.parse(line) as { alert: Alert };
    const refusals = this.#refusals.get(alert.key) ?? 0;
    if (refusals < MOST_REFUSALS)
      this.#judge.fail('an alert is given up when it was refused time and again', `${alert.key} after ${refusals} refusals`); // biome-ignore format: one thought
    this.#givenUp.push(alert);
    this.#owed = this.#owed.filter((one) => !tells(alert, one));
  }
}

/** Whether who has the one has been told the other: what one receiver missed may come to it with what has the same cause. */
function tells(one: Alert, other: Alert): boolean {
  if (one.key === other.key) return true;
  const isOfOne = one.labels.opening === undefined || one.labels.opening === other.labels.opening;
  const names = namesIn(one);
  return isOfOne && one.event === other.event && namesIn(other).every((name) => names.includes(name));
}

export function namesIn({ labels }: Alert): string[] {
  return labels.instances?.split(', ') ?? (labels.name === undefined ? [] : [labels.name]);
}

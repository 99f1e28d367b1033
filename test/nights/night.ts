import type { Policy } from '../../lib/core/policy.ts';
import { DAY, type EpochMs, MINUTE } from '../../lib/core/time.ts';
import type { Ledger, PolicyState } from '../../lib/deps.ts';
import { createSimulator, type Simulator } from '../../lib/simulator/simulator.ts';
import { calendarAddress } from './calendar.ts';
import { chance } from './chance.ts';
import { CREDENTIALS, fleetOf } from './fleet.ts';
import type { Judge } from './judge.ts';
import { type Life, living, never } from './machine.ts';
import type { Fault, Plan, Rules, Weather } from './plan.ts';
import { policyOf } from './rules.ts';
import { Timeline } from './timeline.ts';

/** How often what was played; the README's table is made of these. */
export interface Counts {
  passes: number;
  works: number;
  deadLetters: number;
  starts: number;
  crashes: number;
  stalls: number;
  lostAnswers: number;
  duplicates: number;
  staleReads: number;
  troubledReads: number;
  storeFailures: number;
  foreign: number;
  requests: number;
  calendarTroubles: number;
  failedUpgrades: number;
  alerts: number;
  alertTroubles: number;
  backups: number;
}

export function noCounts(): Counts {
  return {
    passes: 0, works: 0, deadLetters: 0, starts: 0, crashes: 0, stalls: 0, lostAnswers: 0, duplicates: 0, staleReads: 0, troubledReads: 0,
    storeFailures: 0, foreign: 0, requests: 0, calendarTroubles: 0, failedUpgrades: 0, alerts: 0, alertTroubles: 0, backups: 0,
  }; // biome-ignore format: a list
}

type Kind = Fault['kind'];
type FaultOf<K extends Kind> = Extract<Fault, { kind: K }>;

/** How many this process has played: what one has read is of no use to another. */
let nights = 0;

/** What all parts of a night share: time, the control plane, the store, and what happened. */
export class Night {
  readonly plan: Plan;
  readonly timeline: Timeline;
  readonly simulator: Simulator;
  readonly counts = noCounts();
  readonly #notes: { time: number; who: string; what: string | (() => string) }[] = [];
  ledger!: Ledger;
  judge!: Judge;
  rules: Rules;
  policy: Policy;
  /** The address of the company's calendar. */
  readonly calendar: string;
  brokenUntil = 0;
  /** Requests that wait for their answer, by what ends their patience. */
  readonly pending = new Set<AbortController>();
  /** What is told once. */
  readonly isOut = new Set<Fault>();
  /** Who killed a process is told of, so that a queue can give its message to another. */
  onDeath: (life: Life) => void = () => {};
  readonly #faults: Map<Kind, Fault[]>;
  #calls = 0;
  #storeCalls = 0;

  constructor(plan: Plan) {
    this.plan = plan;
    this.timeline = new Timeline(plan.start);
    this.rules = plan.rules;
    nights += 1;
    this.calendar = calendarAddress(nights);
    this.policy = policyOf(plan.rules, plan.start, this.calendar);
    this.#faults = Map.groupBy(plan.faults, ({ kind }) => kind);
    const clock = { now: () => this.timeline.now, sleep: (ms: number) => this.timeline.sleep(ms) };
    this.simulator = createSimulator({ clock, fleet: fleetOf(plan), keys: { [CREDENTIALS.ak]: CREDENTIALS.sk } });
  }

  /** Milliseconds since the night began. */
  get time(): number {
    return this.timeline.now - this.plan.start;
  }

  get state(): PolicyState {
    return this.timeline.now < this.brokenUntil
      ? { policy: this.policy, problem: 'policy.yaml:3:5 "freezs" is not a key' }
      : { policy: this.policy, problem: null };
  }

  note(who: string, what: string | (() => string)): void {
    this.#notes.push({ time: this.time, who, what });
  }

  /** The story so far. Few nights are told, so it is put into words when somebody asks. */
  lines(): string[] {
    return this.#notes.map(
      ({ time, who, what }) => `${clockText(time)} ${who.padEnd(8)} ${typeof what === 'string' ? what : what()}`,
    );
  }

  faults<K extends Kind>(kind: K): FaultOf<K>[] {
    return (this.#faults.get(kind) ?? []) as FaultOf<K>[];
  }

  draw(name: string): number {
    return chance(this.plan.seed, name);
  }

  /** The weather of that kind that meets what is named so now. */
  weather<K extends 'reads' | 'calls' | 'store' | 'receiver' | 'queue' | 'calendar' | 'kills' | 'stalls'>(
    kind: K,
    name: string,
  ): FaultOf<K> | null {
    const found = this.#faults.get(kind) as (Weather & { kind: Kind })[] | undefined;
    if (!found) return null;
    const { time } = this;
    const hit = found.find(
      ({ at, lasts, chance: often }) => at <= time && time < at + lasts && this.draw(`${kind}/${at}/${name}`) < often,
    );
    return (hit as FaultOf<K> | undefined) ?? null;
  }

  /**
   * Does something that the world outside notices, after a little while and with its answer after another. The process
   * may die before or after.
   */
  async effect<T>(what: string, perform: () => Promise<T>): Promise<T> {
    const life = living.getStore()!;
    const name = this.begin(life);
    if (!name) return never();
    await this.timeline.sleep(this.latency(life, name));
    if (life.isDead || this.dies(life, `${name}/before`, what)) return never();
    try {
      return await perform();
    } finally {
      if (this.dies(life, `${name}/after`, what)) await never();
      await this.timeline.sleep(this.latency(life, `${name}/back`));
      if (life.isDead) await never();
    }
  }

  /** The name of a life's next effect; null when it is dead. */
  begin(life: Life): string | null {
    if (life.isDead) return null;
    life.effects += 1;
    return `${life.name}/${life.effects}`;
  }

  /** Some milliseconds for most, some seconds for a few. */
  latency(life: Life, name: string): number {
    const drawn = this.draw(name);
    const usual = drawn < 0.98 ? 3 + drawn * 60 : 1_500 * (drawn - 0.97) * 33;
    return Math.min(SLOWEST, Math.round(usual * life.slowness));
  }

  dies(life: Life, name: string, what: string): boolean {
    if (!this.weather('kills', name)) return false;
    this.kill(life, what);
    return true;
  }

  /** The number of an upgrade call that is about to leave, and whether its process is to die now. */
  nextCall(): { before: boolean; after: boolean } {
    this.#calls += 1;
    const mine = this.faults('killed_at_call').filter(({ call }) => call === this.#calls);
    return { before: mine.some(({ after }) => !after), after: mine.some(({ after }) => after) };
  }

  kill(life: Life, why: string): void {
    if (life.isDead || life.isOver) return;
    life.isDead = true;
    this.counts.crashes += 1;
    this.note(life.name, `KILLED at ${why}`);
    this.onDeath(life);
  }

  nextStoreCall(): number {
    this.#storeCalls += 1;
    return this.#storeCalls;
  }

  get calmAt(): EpochMs {
    return this.plan.start + this.plan.calmAt;
  }
}

export function clockText(ms: number): string {
  return new Date(Math.round(ms) % DAY).toISOString().slice(11, 23);
}

/** A pass that takes longer than this is killed by its host; shortly before the last part of it nothing new is begun. */
export const LASTS = { most: 1.5 * MINUTE, reserve: 45_000 };

/** Milliseconds that anything takes at most on its way, without a fault. */
const SLOWEST = 4_000;

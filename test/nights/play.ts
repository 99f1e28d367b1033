import { tick } from '../../handlers/tick.ts';
import { type EpochMs, MINUTE } from '../../lib/core/time.ts';
import type { Deps, Dispatcher, Ledger, PolicyState } from '../../lib/deps.ts';
import { createMetrics } from '../../lib/io/ces/client.ts';
import { createDcs } from '../../lib/io/dcs/client.ts';
import { createSqsDispatcher } from '../../lib/io/dispatch/sqs.ts';
import { createLog } from '../../lib/io/log.ts';
import type { PassReport } from '../../lib/reconcile.ts';
import { playAsks } from './asks.ts';
import { withCalendar } from './calendar.ts';
import type { Violation } from './call.ts';
import { Door } from './door.ts';
import { CREDENTIALS } from './fleet.ts';
import { Judge } from './judge.ts';
import { type LedgerKind, openLedger } from './ledgers.ts';
import { clockOf, type Life, living, type Machine, never } from './machine.ts';
import { lookInTheMorning } from './morning.ts';
import { withNetwork } from './network.ts';
import { type Counts, LASTS, Night } from './night.ts';
import { playPeople } from './people.ts';
import type { Plan } from './plan.ts';
import { Queue } from './queue.ts';
import { Quiet } from './quiet.ts';
import { receiversOf } from './receivers.ts';
import { runtimeOf, scheduled } from './runtime.ts';
import { StoreFailure, storeOf } from './store.ts';

export interface Played {
  violation: Violation | null;
  counts: Counts;
  /** Its story, line by line. */
  lines: () => string[];
}

/** Plays a night to its end, or to the first rule that is broken. The same plan gives the same lines, over any ledger. */
export async function play(plan: Plan, kind: LedgerKind = 'memory'): Promise<Played> {
  const night = new Night(plan);
  night.judge = new Judge(night);
  night.ledger = await openLedger(kind, night.timeline);
  const stage = new Stage(night);
  await withNetwork(night, async () => {
    playPeople(night);
    playAsks(night, () => stage.door);
    stage.planTicks();
    const end = plan.start + plan.until;
    await night.timeline.run(end, () => night.judge.violation !== null || stage.isQuiet);
    if (!night.judge.violation) await lookInTheMorning(night, stage);
    stage.queue?.lookInTheMorning();
  }).finally(() => night.ledger.close());
  night.counts.failedUpgrades = night.simulator.world.upgrades.filter(({ end }) => end === 'failed').length;
  return { violation: night.judge.violation, counts: night.counts, lines: () => night.lines() };
}

function once<T>(make: () => T): () => T {
  let made: T | null = null;
  return () => {
    made ??= make();
    return made;
  };
}

/** When nothing new goes wrong, what is left is looked at no more often than this: it takes its time, and each look costs some. */
const RARELY = 9 * MINUTE;

/** What a scheduled function says that its last pass came to. */
const TICK_COUNTS = ['started', 'followed', 'finished', 'errors', 'alerts'] as const;
type TickCounts = Record<(typeof TICK_COUNTS)[number], number>;

/** Begins processes, and ends them. */
export class Stage {
  readonly #night: Night;
  readonly #machines: Machine[] = [];
  readonly #tick: (event: unknown, context: object) => Promise<TickCounts>;
  /** What the last pass of each scheduled function came to. */
  readonly #reports = new Map<Life, PassReport>();
  /** Null where everything is done in one process. */
  readonly queue: Queue | null;
  readonly #alive = new Set<Life>();
  #count = 0;

  readonly #door = once(() => new Door(this.#night, this));
  readonly #quiet: Quiet;
  readonly #ledger: Ledger;

  constructor(night: Night) {
    this.#night = night;
    this.#quiet = new Quiet(night);
    this.#ledger = storeOf(night);
    this.#tick = tick(async () => runtimeOf(night, this, living.getStore()!));
    this.queue = night.plan.hasQueue ? new Queue(night, this) : null;
    night.onDeath = (life) => {
      this.#alive.delete(life);
      this.queue?.workerDied(life);
    };
  }

  planTicks(): void {
    const { plan, timeline } = this.#night;
    const phase = Math.floor(this.#night.draw('phase') * plan.every);
    for (let tick = 0; tick * plan.every + phase < plan.until; tick++) {
      if (tick * plan.every > plan.calmAt && tick % Math.ceil(RARELY / plan.every) !== 0) continue;
      const troubles = this.#night.faults('tick').flatMap((one) => (one.tick === tick ? one.trouble : []));
      if (troubles.includes('missing')) continue;
      const late = troubles.includes('late') ? 3 * MINUTE + this.#night.draw(`late/${tick}`) * 3 * MINUTE : 0;
      const at = plan.start + phase + tick * plan.every + late;
      const slowness = troubles.includes('slow') ? 40 : 1;
      timeline.at(at, () => this.pass(slowness));
      if (!troubles.includes('doubled')) continue;
      this.#night.counts.duplicates += 1;
      // At once, or a while later, as a schedule that was not answered in time is tried again.
      const drawn = this.#night.draw(`doubled/${tick}`);
      timeline.at(at + Math.floor(drawn < 0.5 ? drawn * 1_800 : (drawn - 0.5) * 4 * MINUTE), () => this.pass(1));
    }
  }

  pass(slowness: number): void {
    const night = this.#night;
    const life = this.begin('pass', slowness);
    this.limit(life);
    const [event, context] = scheduled(night, life);
    void this.run(life, () => this.#tick(event, context)).then((counts) => {
      const report = this.#reports.get(life);
      this.#reports.delete(life);
      if (counts && TICK_COUNTS.some((name) => counts[name] !== report?.[name].length))
        night.judge.fail('what is counted is so', `${life.name}: ${JSON.stringify(counts)}`);
    });
  }

  /** What a pass of a scheduled function came to. */
  reported(life: Life, report: PassReport): void {
    this.#reports.set(life, report);
    if (report.decisions.length > 0)
      this.#night.note(life.name, report.decisions.map(({ name, reason }) => `${name} ${reason}`).join(', '));
    this.#quiet.reported(report);
  }

  get isQuiet(): boolean {
    return this.#quiet.isReached;
  }

  get door(): Door {
    return this.#door();
  }

  /** The policy as it stands when this is asked, with the calendar. */
  stateFor({ machine }: Life): Promise<PolicyState> | PolicyState {
    const { state, timeline } = this.#night;
    if (this.#night.rules.calendar === null) return state;
    return withCalendar(state, { machine: machine.index, skew: machine.skew }, timeline.now);
  }

  /** From here on it goes by the rules as they stand now. */
  obeysNow(life: Life): void {
    const { timeline, rules, policy, state } = this.#night;
    Object.assign(life, { startedAt: timeline.now, rules, policy, hasPolicy: state.problem === null });
  }

  begin(kind: Life['kind'], slowness: number): Life {
    const { timeline, rules, policy, state } = this.#night;
    const hasPolicy = state.problem === null;
    const begunAt = timeline.now;
    const machine = this.#machines.find(({ isTaken }) => !isTaken) ?? this.#newMachine();
    machine.isTaken = true;
    this.#count += 1;
    const name = `${kind}-${this.#count}`;
    const life: Life = { name, machine, startedAt: begunAt, begunAt, rules, policy, hasPolicy, kind, isLook: false, onId: () => {}, slowness, effects: 0, stalledFor: 0, failures: 0, isDead: false, isOver: false, isAlone: this.#alive.size === 0, sawFailed: new Set(), sawTasks: new Set(), readAt: new Map() }; // biome-ignore format: one thought
    for (const other of this.#alive) other.isAlone = false;
    this.#alive.add(life);
    return life;
  }

  #newMachine(): Machine {
    const night = this.#night;
    const index = this.#machines.length;
    const skew = night.faults('skew').find(({ machine }) => machine === index % 3)?.by ?? 0;
    const clock = clockOf(night.timeline, skew);
    let draws = 0;
    const log = this.#log(clock.now);
    const client = { clock, credentials: async () => CREDENTIALS, log, random: () => night.draw(`jitter/${index}/${draws++}`) }; // biome-ignore format: one thought
    const machine = { index, skew, clock, log, dcs: createDcs(client), metrics: createMetrics(client), isTaken: false };
    this.#machines.push(machine);
    return machine;
  }

  /** As its host limits it: the functions know that themselves, and begin nothing any more some time before. No time is counted in which it was suspended. */
  limit(life: Life, lasts: number = LASTS.most): void {
    const { stalledFor } = life;
    this.#night.timeline.after(lasts, () => {
      if (life.stalledFor === stalledFor) this.#night.kill(life, 'the end of its time');
      else this.limit(life, life.stalledFor - stalledFor);
    });
  }

  /** Null where it died or failed. */
  async run<T>(life: Life, work: () => Promise<T>): Promise<T | null> {
    const { night } = { night: this.#night };
    try {
      const result = await living.run(life, work);
      if (life.isDead) return never();
      this.#ended(life);
      // Whose message failed may not have written down what it was told.
      if (life.failures === 0) night.judge.ended(life);
      return result;
    } catch (error) {
      if (life.isDead) return never();
      this.#ended(life);
      this.failed(life, error);
      return null;
    }
  }

  /** It failed with an error, as a whole or for one of its messages. Only the store may make it. */
  failed(life: Life, error: unknown): void {
    const night = this.#night;
    life.failures += 1;
    night.note(life.name, `FAILED: ${(error as Error).message}`);
    if (!(error instanceof StoreFailure))
      night.judge.fail('the program does not break', `${life.name}: ${(error as Error).stack}`);
  }

  #ended(life: Life): void {
    life.isOver = true;
    life.machine.isTaken = false;
    this.#alive.delete(life);
  }

  deps(life: Life): Deps {
    const night = this.#night;
    const { clock, log, dcs, metrics, index } = life.machine;
    const notifier = receiversOf(night, life, log);
    const base = { clock, dcs, metrics, ledger: this.#ledger, log, notifier, holder: `machine-${index}:${life.name}` };
    return this.queue ? { ...base, dispatcher: this.#dispatcher(this.queue, log) } : base;
  }

  #dispatcher(queue: Queue, log: Deps['log']): Dispatcher {
    const { send } = createSqsDispatcher('https://sqs.example.com/0/starts', { log, client: queue.client });
    return {
      async send(messages) {
        await send(messages);
        queue.sent(messages);
      },
    };
  }

  #log(now: () => EpochMs): Deps['log'] {
    return createLog({ level: 'debug', write: (line) => this.#night.judge.logged(line), now, secrets: [] });
  }
}

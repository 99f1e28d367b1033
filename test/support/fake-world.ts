import type { Alert } from '../../lib/core/alert.ts';
import type { Backup } from '../../lib/core/backup.ts';
import { ruleFor } from '../../lib/core/errors.ts';
import type { Details, Instance, Part, Progress, Scope, Task, Versions } from '../../lib/core/instance.ts';
import type { Gauge, Load, Node, Reading } from '../../lib/core/load.ts';
import { markOf } from '../../lib/core/marks.ts';
import { type EpochMs, MINUTE } from '../../lib/core/time.ts';
import {
  type BackupOutcome,
  type Clock,
  type Dcs,
  DcsError,
  type DcsFailure,
  type Delivered,
  type Deps,
  type Ledger,
  type Message,
  type Metrics,
  type PolicyState,
  type UpgradeOutcome,
} from '../../lib/deps.ts';
import { createMemoryLedger } from '../../lib/io/ledger/memory.ts';
import { type PassOptions, type PassReport, reconcile } from '../../lib/reconcile.ts';
import { anInstance, aPolicy, LATEST, NIGHT } from './builders.ts';
import { takeUp } from './take-up.ts';

/** How DCS treats the next call for an instance; each is used up once, the last one stays. */
export type Mood =
  | 'accept'
  /** Accepted, and the answer is lost. */
  | 'lose'
  /** Never arrives, and the caller cannot know. */
  | 'drop'
  | 'fail_task'
  | 'keep_version'
  | { refuse: string; status: number };

/** `fail`: it is begun, and comes to nothing. The others as for {@link Mood}; `unsent`: no byte left. */
export type BackupMood = 'accept' | 'lose' | 'drop' | 'unsent' | 'fail' | { refuse: string; status: number };

interface MadeBackup {
  id: string;
  name: string;
  at: EpochMs;
  ends: EpochMs;
  fails: boolean;
}

interface Run {
  taskId: string;
  began: EpochMs;
  ends: EpochMs;
  mood: Mood;
}

/** The process is dead: nothing it does has an effect any more. */
export class Crash extends Error {}

/**
 * A small world with a control plane that is as unkind as the real one: upgrades take their time, a second call is refused
 * while one runs, reads may lag behind writes, answers get lost. It notes every upgrade that it began.
 */
export class FakeWorld implements Dcs, Metrics {
  now: EpochMs;
  /** Reads show what was true this long ago, in milliseconds. */
  lag = 0;
  upgradeTakes = 10 * MINUTE;
  /** Names of the instances whose upgrades never end. */
  endless = new Set<string>();
  policy = aPolicy();
  instances = new Map<string, Instance>();
  moods = new Map<string, Mood[]>();
  /** Fails every call of a scope. */
  broken = new Map<string, { code: string; status: number }>();
  /** What Cloud Eye shows of an instance, by its name; all others are at 10 per cent. `age`: of the newest datapoint. */
  loads = new Map<string, (Partial<Record<Load, number>> & { age?: number }) | null>();
  /** When an instance's last good backup was made, by its name. */
  backups = new Map<string, EpochMs>();
  /** What becomes of the next backup that is asked for, as {@link moods}; how long one takes. */
  backupMoods = new Map<string, BackupMood[]>();
  backupTakes = 5 * MINUTE;
  /** Every request for a backup that arrived, every backup that is or was made, and the most at once. */
  backupPosts: { at: EpochMs; name: string }[] = [];
  made: MadeBackup[] = [];
  mostBackups = 0;
  /** Called before each such request. */
  onBackup: (name: string) => void = () => undefined;
  /** Fails every question about metrics. */
  eyeless: { code: string; status: number } | null = null;
  /** Names of the instances whose metrics were asked for. */
  gauged: string[] = [];
  /** Instance ids that the list leaves out, and those that may not be read. */
  hidden = new Set<string>();
  forbidden = new Set<string>();
  /** What is answered to who reads them. */
  forbids = 'DCS.2003';
  /** Every POST that arrived, and every upgrade that it began. */
  posts: { at: EpochMs; name: string }[] = [];
  begun: { at: EpochMs; name: string }[] = [];
  mostInFlight = 0;
  /** What somebody was told. */
  alerts: Alert[] = [];
  /** Of what somebody was told that it is over. */
  ended: Alert[] = [];
  /** Whom alerts go to, those of them that take none, and who took what. */
  receivers = ['ops'];
  deaf = new Set<string>();
  /** Alerts that a receiver refuses as they are, by a part of their key. */
  picky = new Map<string, string>();
  /** For how long a receiver that takes none asks to be left alone, in milliseconds. */
  asks = new Map<string, number>();
  /** Those of them that want a digest of each window. */
  digested: string[] = [];
  /** What a receiver wants, where that is not all. */
  picks = new Map<string, (alert: Alert) => boolean>();
  /** `of`: the instant that the alert has. */
  taken: { at: EpochMs; of: EpochMs; receiver: string; event: string; key: string; summary: string }[] = [];
  /** Every time that somebody was tried. */
  tries: { at: EpochMs; receiver: string }[] = [];
  logs: Record<string, unknown>[] = [];
  reads = 0;
  /** Where there is a queue, what was sent to it and not taken yet; null: upgrades are begun by the passes. */
  queue: Message[] | null = null;
  ledger: Ledger = createMemoryLedger();
  /** Kills the process that makes the n-th effect of all (from 1), before or after that was done. */
  crash: { at: number; after: boolean } | null = null;
  effects = 0;
  /** Called before each upgrade call. */
  onUpgrade: (name: string) => void = () => undefined;
  readonly #runs = new Map<string, Run[]>();
  #passes = 0;

  constructor(names: readonly string[] = [], at: EpochMs = NIGHT + MINUTE) {
    this.now = at;
    for (const name of names) this.add(anInstance(name));
  }

  add(instance: Instance): void {
    this.instances.set(instance.instanceId, instance);
  }

  /** As it is from now on, whatever was done to it before: a newer version is out for it. */
  renew(instance: Instance): void {
    this.#runs.delete(instance.instanceId);
    this.add(instance);
  }

  get clock(): Clock {
    const sleep = async (ms: number) => {
      this.now += ms;
    };
    return { now: () => this.now, sleep };
  }

  /**
   * The parts of one process. Where {@link crash} falls into its effects, it is dead from there on: nothing that it does
   * has an effect any more.
   */
  deps(): Deps {
    let dead = false;
    const guard = async <T>(work: () => Promise<T>): Promise<T> => {
      if (dead) throw new Crash('killed');
      this.effects += 1;
      const isLast = this.effects === this.crash?.at;
      dead = isLast;
      if (isLast && !this.crash?.after) throw new Crash('killed');
      const result = await work();
      if (dead) throw new Crash('killed');
      return result;
    };
    const stored = this.ledger;
    const ledger = delegate(stored, {
      acquireLease: (...args) => guard(() => stored.acquireLease(...args)),
      claim: (...args) => guard(() => stored.claim(...args)),
      save: (...args) => guard(() => stored.save(...args)),
      putFleet: (...args) => guard(() => stored.putFleet(...args)),
      putFinding: (...args) => guard(() => stored.putFinding(...args)),
      putNote: (...args) => guard(() => stored.putNote(...args)),
      releaseLease: (...args) => guard(() => stored.releaseLease(...args)),
    });
    const dcs = delegate<Dcs>(this, {
      upgrade: (...args) => guard(() => this.upgrade(...args)),
      backUp: (...args) => guard(() => this.backUp(...args)),
    });
    const notifier: Deps['notifier'] = {
      names: this.receivers,
      wanting: (alert) =>
        alert.event === 'digest'
          ? ['log', ...this.digested]
          : this.receivers.filter((name) => this.picks.get(name)?.(alert) ?? true),
      deliver: (alert, to) => guard(async () => this.#deliver(alert, to)),
    };
    this.#passes += 1;
    const log: Deps['log'] = (level, code, data) => void this.logs.push({ level, code, ...data });
    const send = (messages: readonly Message[]) => guard(async () => void this.queue!.push(...messages));
    const queue = this.queue === null ? {} : { dispatcher: { send } };
    return {
      clock: this.clock,
      dcs,
      metrics: this,
      ledger,
      notifier,
      log,
      holder: `process-${this.#passes}`,
      ...queue,
    };
  }

  pass(
    options: Partial<PassOptions> = {},
    deps = this.deps(),
    state: PolicyState = { policy: this.policy, problem: null },
  ): Promise<PassReport> {
    return reconcile(deps, state, { requestedBy: 'schedule', reason: 'tick', ...options });
  }

  /** A worker takes up a message. */
  work(
    message: Message,
    state: PolicyState = { policy: this.policy, problem: null },
    signal?: AbortSignal,
  ): ReturnType<typeof takeUp> {
    return takeUp(this.deps(), state, message, signal);
  }

  /** Passes, killed ones included, until nothing is under way and nothing can start; then the number of passes. */
  async untilQuiet(most = 200): Promise<number> {
    for (let count = 1; count <= most; count++) {
      const report = await this.pass().catch(unlessKilled);
      for (const message of this.queue?.splice(0) ?? []) await this.work(message).catch(unlessKilled);
      this.now += MINUTE;
      const busy = report?.decisions.some(({ reason }) => BUSY.includes(reason));
      if (report && !busy && (await this.ledger.activeAttempts()).length === 0) return count;
    }
    throw new Error(`not quiet after ${most} passes`);
  }

  /** A pass, and then time goes on; as often as said. */
  async ticks(count: number, every = MINUTE): Promise<PassReport[]> {
    const reports: PassReport[] = [];
    for (let tick = 0; tick < count; tick++) {
      reports.push(await this.pass());
      this.now += every;
    }
    return reports;
  }

  async listInstances(scope: Scope): Promise<Instance[]> {
    this.#read(scope);
    return [...this.instances.keys()]
      .filter((id) => !this.hidden.has(id) && this.instances.get(id)!.scope === scope.id)
      .map((id) => ({ ...this.#stateOf(id), versions: null, details: null }));
  }

  async showInstance(scope: Scope, id: string): Promise<Instance & { details: Details }> {
    this.#read(scope, id);
    const details = this.instances.get(id)!.details ?? { cacheMode: 'ha', productType: 'generic' };
    return { ...this.#stateOf(id), versions: null, details };
  }

  async showVersions(scope: Scope, id: string): Promise<Versions> {
    this.#read(scope, id);
    return { ...this.#stateOf(id).versions!, readAt: this.now };
  }

  async listTasks(scope: Scope, id: string, since: EpochMs): Promise<Task[]> {
    this.#read(scope, id);
    const at = this.now - this.lag;
    return (this.#runs.get(id) ?? [])
      .filter(({ began }) => began <= at && began >= since)
      .map(({ taskId, began, ends, mood }) => {
        const status = at < ends ? 'EXECUTING' : mood === 'fail_task' ? 'FAILED' : 'SUCCESS';
        return { id: taskId, name: 'minorVersionUpgrade', status, createdAt: began, updatedAt: at, errorCode: null };
      });
  }

  async showProgress(scope: Scope, id: string, taskId: string): Promise<Progress | null> {
    this.#read(scope, id);
    const run = this.#runs.get(id)?.find((one) => one.taskId === taskId);
    return run ? { percent: 50, remainSeconds: 60, failedCode: null } : null;
  }

  async upgrade(scope: Scope, id: string, _wanted: Partial<Record<Part, string>>): Promise<UpgradeOutcome> {
    const instance = this.instances.get(id);
    const name = instance?.name ?? id;
    this.onUpgrade(name);
    const moods = this.moods.get(name) ?? ['accept' as const];
    const mood = moods.length > 1 ? moods.shift()! : moods[0]!;
    if (mood === 'drop') return { kind: 'unknown', ...failure('TRANSPORT.TIMEOUT', 0) };
    this.posts.push({ at: this.now, name });
    const broken = this.broken.get(scope.id);
    if (broken) return { kind: 'refused', ...failure(broken.code, broken.status) };
    if (!instance) return { kind: 'refused', ...failure('DCS.3022', 404) };
    if (typeof mood === 'object') return { kind: 'refused', ...failure(mood.refuse, mood.status) };
    const runs = this.#runs.get(id) ?? [];
    if (runs.some(({ ends }) => this.now < ends)) return { kind: 'refused', ...failure('DCS.4116', 400) };
    if (this.#isBackingUp(instance.name)) return { kind: 'refused', ...failure('DCS.4096', 400) };
    if (runs.some((run) => finished(run))) return { kind: 'refused', ...failure('DCS.4053', 400) };
    const run = {
      taskId: `task-${name}-${runs.length + 1}`,
      began: this.now,
      ends: this.endless.has(name) ? Number.POSITIVE_INFINITY : this.now + this.upgradeTakes,
      mood,
    };
    this.#runs.set(id, [...runs, run]);
    this.begun.push({ at: this.now, name });
    this.mostInFlight = Math.max(this.mostInFlight, this.inFlight());
    return mood === 'lose'
      ? { kind: 'unknown', ...failure('TRANSPORT.RESET', 0) }
      : { kind: 'accepted', taskId: run.taskId, requestId: 'r' };
  }

  #deliver(alert: Alert, to: readonly string[]): Delivered {
    const isRefused = (name: string) => alert.key.includes(this.picky.get(name) ?? 'no key has this in it');
    const refused = to.filter((name) => !this.deaf.has(name) && isRefused(name));
    const failed = to.filter((name) => this.deaf.has(name) || isRefused(name));
    const rests = Object.fromEntries(
      failed.flatMap((name) => (this.asks.has(name) ? [[name, this.asks.get(name)!]] : [])),
    );
    for (const receiver of to) this.tries.push({ at: this.now, receiver });
    if (failed.length < to.length) (alert.resolved ? this.ended : this.alerts).push(alert);
    for (const receiver of to.filter((name) => !failed.includes(name)))
      this.taken.push({
        at: this.now,
        of: alert.at,
        receiver,
        event: markOf(alert),
        key: alert.key,
        summary: alert.summary,
      });
    return { failed, refused, rests };
  }

  async listNodes(scope: Scope, id: string): Promise<Node[]> {
    this.#read(scope, id);
    return [];
  }

  async listBackups(scope: Scope, id: string, since: EpochMs): Promise<Backup[]> {
    this.#read(scope, id);
    const { name } = this.instances.get(id)!;
    const before = this.backups.get(name);
    const old = before === undefined ? [] : [{ id: 'old', at: before, state: 'good' as const, errorCode: null }];
    const seen = this.now - this.lag;
    const made = this.made.filter((one) => one.name === name && one.at <= seen);
    return [...made.map((one) => recordOf(one, seen)), ...old].filter(({ at }) => at! >= since);
  }

  async backUp(scope: Scope, id: string): Promise<BackupOutcome> {
    const instance = this.instances.get(id);
    const name = instance?.name ?? id;
    this.onBackup(name);
    const moods = this.backupMoods.get(name) ?? ['accept' as const];
    const mood = moods.length > 1 ? moods.shift()! : moods[0]!;
    if (mood === 'unsent') return { kind: 'not_sent', ...failure('TRANSPORT.DNS', 0) };
    if (mood === 'drop') return { kind: 'unknown', ...failure('TRANSPORT.TIMEOUT', 0) };
    this.backupPosts.push({ at: this.now, name });
    const broken = this.broken.get(scope.id);
    if (broken) return { kind: 'refused', ...failure(broken.code, broken.status) };
    if (!instance) return { kind: 'refused', ...failure('DCS.3022', 404) };
    if (typeof mood === 'object') return { kind: 'refused', ...failure(mood.refuse, mood.status) };
    if ((this.#runs.get(id) ?? []).some(({ ends }) => this.now < ends))
      return { kind: 'refused', ...failure('DCS.4116', 400) };
    if (this.#isBackingUp(name)) return { kind: 'refused', ...failure('DCS.4096', 400) };
    const backupId = `backup-${name}-${this.made.length + 1}`;
    this.made.push({ id: backupId, name, at: this.now, ends: this.now + this.backupTakes, fails: mood === 'fail' });
    this.mostBackups = Math.max(this.mostBackups, this.made.filter(({ ends }) => this.now < ends).length);
    return mood === 'lose'
      ? { kind: 'unknown', ...failure('TRANSPORT.RESET', 0) }
      : { kind: 'accepted', backupId, requestId: 'r' };
  }

  #isBackingUp(name: string): boolean {
    return this.made.some((one) => one.name === name && one.at <= this.now && this.now < one.ends);
  }

  async highest(_: Scope, gauges: readonly Gauge[], since: EpochMs): Promise<(Reading | null)[]> {
    const names = gauges.map(({ dimensions }) => this.instances.get(dimensions[0]![1])!.name);
    this.gauged.push(...new Set(names));
    if (this.eyeless) throw new DcsError(failure(this.eyeless.code, this.eyeless.status));
    return gauges.map(({ metric }, index) => {
      const load = this.loads.get(names[index]!);
      const at = this.now - (load?.age ?? MINUTE);
      if (load === null || at < since) return null;
      return { highest: load?.[metric.replace('_usage', '') as Load] ?? 10, at };
    });
  }

  inFlight(): number {
    return [...this.#runs.values()].flat().filter(({ began, ends }) => began <= this.now && this.now < ends).length;
  }

  #stateOf(id: string): Instance {
    const instance = this.instances.get(id)!;
    const at = this.now - this.lag;
    const runs = (this.#runs.get(id) ?? []).filter(({ began }) => began <= at);
    const current = runs.find(({ ends }) => at < ends);
    if (current) return { ...instance, status: 'UPGRADING', upgrading: true, taskId: current.taskId };
    if (!runs.some(finished)) return instance;
    const engine = { current: LATEST, latest: LATEST, upgradable: false };
    return { ...instance, versions: { ...instance.versions!, engine } };
  }

  #read(scope: Scope, id?: string): void {
    this.reads += 1;
    const broken = this.broken.get(scope.id);
    if (broken) throw new DcsError(failure(broken.code, broken.status));
    if (id !== undefined && this.forbidden.has(id)) throw new DcsError(failure(this.forbids, 403));
    if (id !== undefined && !this.instances.has(id)) throw new DcsError(failure('DCS.3022', 404));
  }
}

function unlessKilled(error: unknown): null {
  if (error instanceof Crash) return null;
  throw error;
}

/** Something is under way, or can start at a later tick of the same opening. */
const BUSY = ['due', 'in_progress', 'outcome_unknown', 'limit_parallel', 'another_run', 'retry_later', 'backing_up'];

/** The same object with some methods put in the place of its own. */
function delegate<T extends object>(target: T, overrides: Partial<T>): T {
  const methods = Object.getOwnPropertyNames(Object.getPrototypeOf(target)).filter(
    (name) => typeof target[name as keyof T] === 'function' && name !== 'constructor',
  );
  const bound = methods.map((name) => [
    name,
    (target[name as keyof T] as (...args: unknown[]) => unknown).bind(target),
  ]);
  return { ...(Object.fromEntries(bound) as T), ...overrides };
}

function recordOf({ id, at, ends, fails }: MadeBackup, seen: EpochMs): Backup {
  const state = seen < ends ? 'running' : fails ? 'bad' : 'good';
  return { id, at, state, errorCode: state === 'bad' ? 'dcs.08.0001' : null };
}

function finished({ mood }: Run): boolean {
  return mood === 'accept' || mood === 'lose';
}

function failure(code: string, status: number): DcsFailure {
  return {
    code,
    status,
    message: `the control plane says ${code}`,
    requestId: 'request-1',
    rule: ruleFor(code, status),
  };
}

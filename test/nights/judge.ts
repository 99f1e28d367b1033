import type { HoldMatch } from '../../lib/core/hold.ts';
import { type EpochMs, SECOND } from '../../lib/core/time.ts';
import { isGone } from '../../lib/simulator/lifecycle.ts';
import type { Post } from '../../lib/simulator/simulator.ts';
import type { Reaction } from '../../lib/simulator/wire.ts';
import type { SimulatedBackup, SimulatedInstance, Upgrade } from '../../lib/simulator/world.ts';
import type { Call, PlacedHold, Violation } from './call.ts';
import { HTTP_KEYS } from './door.ts';
import { CREDENTIALS } from './fleet.ts';
import { Heard } from './heard.ts';
import { brokenRule } from './invariants.ts';
import type { Life } from './machine.ts';
import { LASTS, type Night } from './night.ts';
import { NO_WAVE, type Rules } from './plan.ts';
import { RECEIVER_MARK } from './receiver-kinds.ts';
import { Records } from './records.ts';
import type { Ended } from './silence.ts';

/** Looks at the night from outside: what reached the control plane, what the receivers got. It never asks the ledger. */
export class Judge {
  readonly night: Night;
  violation: Violation | null = null;
  readonly calls: Call[] = [];
  /** What began a backup. */
  readonly backups: Call[] = [];
  readonly holds: PlacedHold[] = [];
  /** Holds that were asked for, or asked to end, and nobody knows whether they did. */
  readonly unsure: { match: HoldMatch; from: EpochMs }[] = [];
  readonly records = new Records(this);
  /** Instance ids, once for each call that did not get as far as the control plane. */
  readonly inVain: string[] = [];
  /** When the calendar's answer came too late to be taken. */
  readonly lateCalendars: number[] = [];
  /** When an instance was at something else, by somebody else's doing. */
  readonly busy: { instance: SimulatedInstance; from: EpochMs; to: EpochMs }[] = [];
  readonly heard = new Heard(this);
  /** Scheduled functions that came to their end, in that order. */
  readonly passes: Ended[] = [];
  /** Tasks that an undisturbed list has shown to somebody who came to its end. */
  readonly seenTasks = new Set<string>();
  /** By task, when a pass that knew of its failure, and was alone, ended well; or a second one did. */
  readonly failureKnownAt = new Map<string, EpochMs>();
  /** By task, how many passes that were told of its failure have ended well. */
  readonly #knowing = new Map<string, number>();
  /** All rules that have stood, with the instant from which on. */
  readonly history: { from: EpochMs; rules: Rules }[];

  constructor(night: Night) {
    this.night = night;
    this.history = [{ from: night.plan.start, rules: night.rules }];
  }

  /** A scheduled function begins no pass that it has no time to end. */
  beginsPass({ name, begunAt }: Life): void {
    const left = begunAt + LASTS.most - this.night.timeline.now;
    if (left < LASTS.reserve) this.fail('no pass without the time for it', `${name}: ${left} ms were left`);
  }

  called(life: Life, leftAt: EpochMs, post: Post, upgrade: Upgrade | null): Call | null {
    return this.#asked(life, leftAt, post, upgrade, null);
  }

  /** A backup began that the program had asked for. */
  backedUp(life: Life, leftAt: EpochMs, instanceId: string): void {
    const backup = this.night.simulator.world.instances.get(instanceId)!.backups.at(-1)!;
    const post: Post = {
      at: backup.at,
      instanceId,
      project: '',
      body: '',
      outcome: 'accepted',
      code: null,
      taskId: null,
    };
    this.#asked(life, leftAt, post, null, backup);
  }

  #asked(
    life: Life,
    leftAt: EpochMs,
    post: Post,
    upgrade: Upgrade | null,
    backup: SimulatedBackup | null,
  ): Call | null {
    const { night } = this;
    const instance = night.simulator.world.instances.get(post.instanceId);
    const clock = leftAt + life.machine.skew - night.plan.start;
    if (!instance) {
      this.fail('only what exists is called', `${post.instanceId} was never there`);
      return null;
    }
    const orders = this.records.ordersFor({ instance, at: post.at });
    // A call is decided on a little before it leaves; what was ordered has no need of the window.
    const slack = orders.length > 0 ? 0 : 15 * SECOND;
    const opening = life.rules.windows.findIndex(({ from, to }) => from <= clock && clock - slack < to);
    const call = {
      life,
      clock,
      leftAt,
      at: post.at,
      instance,
      post,
      upgrade,
      backup,
      opening,
      orders,
      answered: false,
      isKnown: false,
      knownAt: Infinity,
    };
    const broken = brokenRule(this, call);
    (backup ? this.backups : this.calls).push(call);
    if (upgrade) night.counts.starts += 1;
    if (backup) night.counts.backups += 1;
    if (broken)
      this.fail(
        broken.rule,
        `${instance.spec.name}, called${backup ? ' for a backup' : ''} by ${life.name}: ${broken.detail}`,
      );
    return call;
  }

  /** An answer that reached its asker as it was given. */
  wasTold(life: Life, path: string, answer: Reaction): void {
    if (typeof answer === 'string' || answer.status !== 200 || !path.endsWith('/tasks')) return;
    const { tasks } = JSON.parse(answer.body) as { tasks: { id: string; status: string }[] };
    for (const { id, status } of tasks) {
      life.sawTasks.add(id);
      if (status === 'FAILED') life.sawFailed.add(id);
    }
  }

  /** A process came to its end by itself: what it was told, and what it told others, is known from now on. */
  ended(life: Life): void {
    this.heard.ended(life);
    for (const call of this.calls)
      if (call.life === life && call.answered) Object.assign(call, { isKnown: true, knownAt: this.night.timeline.now });
    const unverified = this.heard.steady.filter(
      ({ event, by, resolved }) => event === 'unverified' && !resolved && by === life,
    );
    for (const { upgrade, instance, isKnown } of this.begun()) {
      const isTold = unverified.some(({ labels }) => labels.name === instance.spec.name);
      if (isTold && (upgrade.end === 'success' || !isKnown))
        this.failureKnownAt.set(upgrade.taskId, this.night.timeline.now);
    }
    if (life.kind === 'pass')
      this.passes.push({
        name: life.name,
        begunAt: life.begunAt,
        hasPolicy: life.hasPolicy,
        endedAt: this.night.timeline.now,
      });
    // A pass follows what was begun; whoever else reads a list of tasks asks whether anything is at work.
    if (life.kind !== 'pass') return;
    for (const id of life.sawTasks) this.seenTasks.add(id);
    // Whose answer was lost knows no task for certain its own: that it failed is known once people are told.
    const own = new Set(this.begun().flatMap(({ upgrade, isKnown }) => (isKnown ? [upgrade.taskId] : [])));
    for (const id of life.sawFailed) {
      if (!own.has(id)) continue;
      const count = (this.#knowing.get(id) ?? 0) + (life.isAlone ? 2 : 1);
      this.#knowing.set(id, count);
      if (count >= 2 && !this.failureKnownAt.has(id)) this.failureKnownAt.set(id, this.night.timeline.now);
    }
  }

  logged(line: string): void {
    this.#lookForSecrets(line, 'the log');
    this.heard.logged(line);
  }

  shown(text: string, where: string): void {
    this.#lookForSecrets(text, where);
  }

  /** How far two clocks of the night are apart at most. */
  skews(): number {
    const skews = [0, ...this.night.faults('skew').map(({ by }) => by)];
    return Math.max(...skews) - Math.min(...skews);
  }

  fail(rule: string, detail: string): void {
    if (this.violation) return;
    this.violation = { rule, detail };
    this.night.note('JUDGE', `VIOLATION ${rule}: ${detail}`);
  }

  /** Upgrades that the program began, with the call that did. */
  begun(): (Call & { upgrade: Upgrade })[] {
    return this.calls.filter((call): call is Call & { upgrade: Upgrade } => call.upgrade !== null);
  }

  /** Whether it was at something else at any time in `[from, to]`. */
  wasBusy(instance: SimulatedInstance, from: EpochMs, to: EpochMs): boolean {
    return this.busy.some((one) => one.instance === instance && one.from <= to && from < one.to);
  }

  isUnderWay({ upgrade, instance }: { upgrade: Upgrade; instance: SimulatedInstance }, at: EpochMs): boolean {
    return upgrade.acceptedAt <= at && at < (upgrade.endsAt ?? Infinity) && !isGone(instance, at);
  }

  /** Whether a person's hold lay on it throughout `[from, to]`. */
  isHeld(instance: SimulatedInstance, from: EpochMs, to: EpochMs): boolean {
    return this.holds.some(
      ({ match, at, releasedAt }) => covers(match, instance) && at <= from && to < (releasedAt ?? Infinity),
    );
  }

  /** Whether one may count as in force, as far as anybody outside can know. */
  mayBeHeld(instance: SimulatedInstance, at: EpochMs): boolean {
    return (
      this.isHeld(instance, at, at) ||
      this.unsure.some(({ match, from }) => covers(match, instance) && from <= at) ||
      this.holds.some(
        ({ match, mayLastUntil }) => mayLastUntil !== undefined && covers(match, instance) && at < mayLastUntil,
      )
    );
  }

  /** Whether a person's hold at some time in it said that nobody need wait for it; who holds a whole wave does not say so. */
  wasPassedOver(instance: SimulatedInstance, from: EpochMs, to: EpochMs): boolean {
    return this.holds.some(({ match, at, releasedAt, isAlert }) => !isAlert && (match.wave === undefined || match.wave === NO_WAVE) && covers(match, instance) && at <= to && from < (releasedAt ?? Infinity)); // biome-ignore format: one thought
  }

  /** Whether a person's hold at some time in it named it by its id. */
  wasNamed(instance: SimulatedInstance, from: EpochMs, to: EpochMs): boolean {
    return this.holds.some(({ match, at, releasedAt, isAlert }) => !isAlert && match.instanceId === instance.spec.id && at <= to && from < (releasedAt ?? Infinity)); // biome-ignore format: one thought
  }

  #lookForSecrets(text: string, where: string): void {
    if (SECRETS.some((secret) => text.includes(secret)) || /Signature=[0-9a-f]{20}/.test(text)) {
      this.fail('no secret in a log or an alert', `in ${where}: ${text.slice(0, 300)}`);
    }
  }
}

/** That no log, no alert and no answer may hold. */
const SECRETS = [CREDENTIALS.sk, CREDENTIALS.securityToken, RECEIVER_MARK, ...Object.values(HTTP_KEYS)];

function covers(match: HoldMatch, { spec }: SimulatedInstance): boolean {
  const { all, wave, instanceId, scope, region, tags = {} } = match;
  if (all) return true;
  return (
    (wave === undefined || wave === NO_WAVE || spec.tags.env === wave) &&
    (instanceId === undefined || spec.id === instanceId) &&
    (region === undefined || spec.region === region) &&
    (scope === undefined || `${spec.region}/${spec.project}` === scope) &&
    Object.entries(tags).every(([key, value]) => spec.tags[key] === value)
  );
}

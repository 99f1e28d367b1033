import type { Alert } from '../core/alert.ts';
import { receiverAlert } from '../core/alert-facts.ts';
import { type EpochMs, HOUR, MINUTE } from '../core/time.ts';
import type { Condition, Delivered, Deps } from '../deps.ts';
import { isLetter, Letters } from './letters.ts';

/** Under this key a receiver that fails is remembered. */
const keyOf = (name: string): string => `receiver:${name}`;

/**
 * Brings alerts to their receivers, and remembers for each which of them have it: one that is down is told later, and
 * nobody else is told again because of it. It is tried after pauses that grow with the time that it has been down.
 */
export class Delivery {
  readonly #deps: Deps;
  readonly #down: Map<string, Condition>;
  readonly #letters: Letters;
  /** Those that failed in this pass: they are left alone for the rest of it. */
  readonly #failed = new Set<string>();

  constructor(deps: Deps, conditions: readonly Condition[]) {
    this.#deps = deps;
    this.#letters = new Letters(deps, conditions);
    this.#down = new Map(conditions.filter(({ key }) => key.startsWith(keyOf(''))).map((one) => [one.key, one]));
  }

  /**
   * Tells those who want it, but for those whom `reached` names. `reached`: who has it now; `complete`: nobody is left;
   * `told`: somebody was told just now. @throws when the ledger cannot be written
   */
  async give(
    alert: Alert,
    reached: readonly string[],
  ): Promise<{ reached: string[]; complete: boolean; told: boolean }> {
    const { notifier } = this.#deps;
    const left = notifier
      .wanting(alert)
      .filter(
        (name) => !reached.includes(name) && name !== alert.labels.receiver && !this.#letters.isDead(name, alert),
      );
    const to = left.filter((name) => !this.#rests(name) && !this.#letters.rests(name, alert));
    const result: Delivered = to.length > 0 ? await notifier.deliver(alert, to) : { failed: [] };
    const { failed, refused = [], rests = {} } = result;
    const taken = to.filter((name) => !failed.includes(name));
    for (const name of failed) {
      if (refused.includes(name)) await this.#letters.noteRefusal(name, alert);
      else await this.#noteFailure(name, rests[name] ?? 0);
    }
    for (const name of taken) await this.#noteSuccess(name, alert);
    return { reached: [...reached, ...taken], complete: taken.length === left.length, told: taken.length > 0 };
  }

  /** What is to be told to the others about receivers that are down. */
  alerts(): Alert[] {
    return [...this.#down.values()].map(({ alert }) => alert).filter((alert) => !this.isOver(alert.key));
  }

  /** Of a condition about a receiver: it is up again, or not there any more. */
  isOver(key: string): boolean {
    if (isLetter(key)) return this.#letters.isOver(key);
    const name = key.slice(key.indexOf(':') + 1);
    return !this.#down.has(keyOf(name)) || !this.#deps.notifier.names.includes(name);
  }

  /** As long again as it has been down, a minute at least and an hour at most; and once a pass. */
  #rests(name: string): boolean {
    if (this.#failed.has(name)) return true;
    const down = this.#down.get(keyOf(name));
    if (!down) return false;
    const triedAt = down.triedAt ?? down.alert.at;
    const pause = Math.min(HOUR, Math.max(MINUTE, triedAt - down.alert.at));
    return this.#deps.clock.now() < Math.max(triedAt + pause, down.notBefore ?? 0);
  }

  /** `rest`: for how long it asked to be left alone, in milliseconds. */
  async #noteFailure(name: string, rest: number): Promise<void> {
    const now: EpochMs = this.#deps.clock.now();
    const key = keyOf(name);
    const known = this.#down.get(key);
    const condition = {
      ...(known ?? { key, alert: receiverAlert(name, now), toldAt: null }),
      triedAt: now,
      notBefore: now + rest,
    };
    this.#failed.add(name);
    this.#down.set(key, condition);
    await this.#deps.ledger.putCondition(condition);
  }

  async #noteSuccess(name: string, alert: Alert): Promise<void> {
    await this.#letters.noteSuccess(name, alert);
    if (this.#down.delete(keyOf(name))) await this.#deps.ledger.dropCondition(keyOf(name));
  }
}

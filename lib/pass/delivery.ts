import { type Alert, receiverAlert } from '../core/alert.ts';
import { type EpochMs, HOUR, MINUTE } from '../core/time.ts';
import type { Condition, Deps } from '../deps.ts';

/** Under this key a receiver that fails is remembered. */
const keyOf = (name: string): string => `receiver:${name}`;

/**
 * Brings alerts to their receivers, and remembers for each which of them have it: one that is down is told later, and
 * nobody else is told again because of it. It is tried after pauses that grow with the time that it has been down.
 */
export class Delivery {
  readonly #deps: Deps;
  readonly #down: Map<string, Condition>;
  /** Those that failed in this pass: they are left alone for the rest of it. */
  readonly #failed = new Set<string>();

  constructor(deps: Deps, conditions: readonly Condition[]) {
    this.#deps = deps;
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
    const left = notifier.wanting(alert).filter((name) => !reached.includes(name) && name !== alert.labels.receiver);
    const to = left.filter((name) => !this.#rests(name));
    const failed = to.length > 0 ? (await notifier.deliver(alert, to)).failed : [];
    const taken = to.filter((name) => !failed.includes(name));
    for (const name of failed) await this.#noteFailure(name);
    for (const name of taken) await this.#noteSuccess(name);
    return { reached: [...reached, ...taken], complete: taken.length === left.length, told: taken.length > 0 };
  }

  /** What is to be told to the others about receivers that are down. */
  alerts(): Alert[] {
    return [...this.#down.values()].map(({ alert }) => alert).filter((alert) => !this.isOver(alert.key));
  }

  /** Of a condition about a receiver: it is up again, or not there any more. */
  isOver(key: string): boolean {
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
    return this.#deps.clock.now() < triedAt + pause;
  }

  async #noteFailure(name: string): Promise<void> {
    const now: EpochMs = this.#deps.clock.now();
    const key = keyOf(name);
    const known = this.#down.get(key);
    const condition = { ...(known ?? { key, alert: receiverAlert(name, now), toldAt: null }), triedAt: now };
    this.#failed.add(name);
    this.#down.set(key, condition);
    await this.#deps.ledger.putCondition(condition);
  }

  async #noteSuccess(name: string): Promise<void> {
    if (this.#down.delete(keyOf(name))) await this.#deps.ledger.dropCondition(keyOf(name));
  }
}

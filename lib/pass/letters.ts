import type { Alert } from '../core/alert.ts';
import { DAY, HOUR, MINUTE } from '../core/time.ts';
import type { Condition, Deps } from '../deps.ts';

/** An alert that its receiver answered it would not take. */
const PREFIX = 'letter:';
const keyOf = (name: string, alert: Alert): string => `${PREFIX}${name}:${alert.key}`;

/** After so many refusals, with pauses that grow, nobody tries again. */
const MOST_TRIES = 5;
/** So long a dead letter is kept in the ledger, for people to look at. */
const KEPT = 30 * DAY;

export function isLetter(key: string): boolean {
  return key.startsWith(PREFIX);
}

/**
 * Alerts that a receiver refuses as they are, while others reach it: each is tried again after growing pauses, stops nobody
 * else, and is a dead letter in the end.
 */
export class Letters {
  readonly #deps: Deps;
  readonly #letters: Map<string, Condition>;

  constructor(deps: Deps, conditions: readonly Condition[]) {
    this.#deps = deps;
    this.#letters = new Map(conditions.filter(({ key }) => isLetter(key)).map((one) => [one.key, one]));
  }

  /** What was over and came back has its key, and is another alert: nobody has refused that yet. */
  #letter(name: string, alert: Alert): Condition | undefined {
    const letter = this.#letters.get(keyOf(name, alert));
    return letter && (alert.resolved || alert.at <= letter.alert.at) ? letter : undefined;
  }

  /** Given up. */
  isDead(name: string, alert: Alert): boolean {
    return (this.#letter(name, alert)?.toldAt ?? null) !== null;
  }

  /** To be tried later. */
  rests(name: string, alert: Alert): boolean {
    const letter = this.#letter(name, alert);
    const pause = Math.min(HOUR, MINUTE * 2 ** (letter?.tries ?? 0));
    return letter !== undefined && this.#deps.clock.now() < (letter.triedAt ?? 0) + pause;
  }

  async noteRefusal(name: string, alert: Alert): Promise<void> {
    const { clock, ledger, log } = this.#deps;
    const key = keyOf(name, alert);
    const tries = (this.#letter(name, alert)?.tries ?? 0) + 1;
    const isDead = tries >= MOST_TRIES;
    const letter = { key, alert, tries, triedAt: clock.now(), toldAt: isDead ? clock.now() : null };
    if (isDead) log('error', 'alert_given_up', { target: name, alert });
    this.#letters.set(key, letter);
    await ledger.putCondition(letter);
  }

  /** It was taken after all. */
  async noteSuccess(name: string, alert: Alert): Promise<void> {
    const key = keyOf(name, alert);
    if (this.#letters.delete(key)) await this.#deps.ledger.dropCondition(key);
  }

  /** It has been kept long enough. */
  isOver(key: string): boolean {
    const triedAt = this.#letters.get(key)?.triedAt ?? 0;
    return this.#deps.clock.now() > triedAt + KEPT;
  }
}

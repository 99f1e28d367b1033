import type { EpochMs } from '../../lib/core/time.ts';

interface Event {
  at: EpochMs;
  order: number;
  run: () => void;
}

/**
 * Virtual time. Nothing waits for a real timer: the next event is taken when all that the last one set off has come to
 * rest, so that the same events always happen in the same order. Events of one instant happen in the order in which
 * they were planned.
 */
export class Timeline {
  now: EpochMs;
  /** Work of the platform that is no promise of ours, such as reading a stream: time stands still meanwhile. */
  busy = 0;
  readonly #heap: Event[] = [];
  #order = 0;

  constructor(start: EpochMs) {
    this.now = start;
  }

  at(at: EpochMs, run: () => void): void {
    const heap = this.#heap;
    // Clocks show whole milliseconds, and what is asked with half of one is refused.
    const event = { at: Math.max(Math.round(at), this.now), order: this.#order++, run };
    let index = heap.push(event) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (isBefore(heap[parent]!, event)) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = event;
  }

  after(ms: number, run: () => void): void {
    this.at(this.now + ms, run);
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(Math.max(0, ms), resolve));
  }

  /** Takes events until there is none before `until`, or `isOver` says so. */
  async run(until: EpochMs, isOver: () => boolean): Promise<void> {
    // From here on it runs between promises, not between ticks of the platform: see `rest`.
    await null;
    while (this.#heap.length > 0 && this.#heap[0]!.at <= until && !isOver()) {
      const event = this.#take();
      this.now = event.at;
      event.run();
      await rest();
      while (this.busy > 0) await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }

  #take(): Event {
    const heap = this.#heap;
    const first = heap[0]!;
    const last = heap.pop()!;
    if (heap.length === 0) return first;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
      if (isBefore(last, heap[child]!)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = last;
    return first;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/** Resolves when no promise has anything left to do: asked for between promises, the next tick comes after all of them. */
function rest(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}

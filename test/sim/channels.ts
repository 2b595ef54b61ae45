/** Virtual time and message channels: each channel keeps its order, all else is chance from one seed. */
import type { Random } from '../../src/core/clock.js';

interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

export class EventLoop {
  nowMs = 0;
  numEvents = 0;
  private readonly heap: Event[] = [];
  private numOrders = 0;

  after(delayMs: number, run: () => void): void {
    this.at(this.nowMs + delayMs, run);
  }

  at(atMs: number, run: () => void): void {
    this.push({ atMs, order: this.numOrders++, run });
  }

  /** Runs the earliest event; false when there is none. */
  step(): boolean {
    const event = this.pop();
    if (event === null) return false;
    this.nowMs = event.atMs;
    this.numEvents++;
    event.run();
    return true;
  }

  private push(event: Event): void {
    const { heap } = this;
    let i = heap.length;
    heap.push(event);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!this.before(i, parent)) break;
      this.swap(i, parent);
      i = parent;
    }
  }

  private pop(): Event | null {
    const { heap } = this;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined) return null;
    if (heap.length > 0) {
      heap[0] = last;
      this.sink();
    }
    return first;
  }

  private sink(): void {
    let i = 0;
    for (;;) {
      let least = i;
      for (const child of [2 * i + 1, 2 * i + 2]) if (this.before(child, least)) least = child;
      if (least === i) return;
      this.swap(i, least);
      i = least;
    }
  }

  private before(i: number, j: number): boolean {
    const a = this.heap[i];
    const b = this.heap[j];
    if (a === undefined || b === undefined) return false;
    return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
  }

  private swap(i: number, j: number): void {
    const { heap } = this;
    const a = heap[i];
    const b = heap[j];
    if (a === undefined || b === undefined) return;
    heap[i] = b;
    heap[j] = a;
  }
}

/** Delivers copies in order, each after a random delay; now and then a long one, as on a busy machine. */
export class Channel<T> {
  private lastMs = 0;
  isOpen = true;

  constructor(
    private readonly loop: EventLoop,
    private readonly random: Random,
    private readonly deliver: (message: T) => void,
  ) {}

  post(message: T): void {
    const copy = copyOf(message) as T;
    const delayMs = this.random() < 0.1 ? this.random() * 5 : this.random() * 0.3;
    this.lastMs = Math.max(this.lastMs, this.loop.nowMs + delayMs);
    this.loop.at(this.lastMs, () => {
      if (this.isOpen) this.deliver(copy);
    });
  }
}

/** What structured clone does to our messages, ten times faster: sender and receiver share nothing. */
function copyOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Int32Array || value instanceof Float32Array) return value.slice();
  if (Array.isArray(value)) return value.map(copyOf);
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, copyOf(part)]));
}

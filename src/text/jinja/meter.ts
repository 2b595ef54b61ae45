import { LimitError } from './errors.js';

export interface RenderLimits {
  /** Steps: a node evaluated, an item read or made, or {@link CHARS_PER_STEP} characters. */
  readonly maxSteps: number;
  /** Characters of any one text, the prompt among them. */
  readonly maxChars: number;
  readonly maxMs: number;
}

/** A conversation of a thousand messages takes some 50,000 steps. */
export const DEFAULT_LIMITS: RenderLimits = {
  maxSteps: 16_000_000,
  maxChars: 16 * 1024 * 1024,
  maxMs: 2000,
};

const CHARS_PER_STEP = 16;
/** The clock is read once per this many steps. */
const STEPS_PER_CLOCK = 16_384;
/** Bits of an integer: Python prints no more than 4,300 digits, and templates count messages. */
const MAX_INTEGER_BITS = 1 << 17;

/** Counts what one rendering costs, and ends it. Whatever reads or makes something pays first. */
export class Meter {
  readonly #limits: RenderLimits;
  readonly #deadline: number;
  #steps = 0;
  #nextClock = STEPS_PER_CLOCK;

  constructor(limits: RenderLimits) {
    this.#limits = limits;
    this.#deadline = performance.now() + limits.maxMs;
  }

  /** @throws LimitError beyond the steps or the time */
  steps(count: number): void {
    this.#steps += count;
    if (this.#steps < this.#nextClock && this.#steps <= this.#limits.maxSteps) return;
    this.#nextClock = this.#steps + STEPS_PER_CLOCK;
    if (this.#steps > this.#limits.maxSteps || performance.now() > this.#deadline) {
      throw new LimitError('The chat template takes too long.');
    }
  }

  /** A text of this length is read or made. @throws LimitError */
  chars(length: number): void {
    this.fits(length);
    this.steps(length / CHARS_PER_STEP);
  }

  /** A text may grow to this length; its parts are paid for one by one. @throws LimitError */
  fits(length: number): void {
    if (length > this.#limits.maxChars) {
      throw new LimitError('The chat template makes too much text.');
    }
  }

  /** @throws LimitError */
  integer(bits: number): void {
    if (bits > MAX_INTEGER_BITS)
      throw new LimitError('The chat template makes too large a number.');
    this.steps(bits / 8);
  }
}

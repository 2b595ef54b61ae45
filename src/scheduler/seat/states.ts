import type { KeptState } from '../../messages.js';
import type { StateLease } from '../devices/state-lease.js';

/** Of a growing answer the last state is kept, and the one before it, as what was known may shrink to a stop string. */
const TRACKED_MAX = 2;

export interface StatesOf {
  readonly promptLen: number;
  readonly cachedLen: number;
  readonly pageSizeTokens: number;
  /** So many of the prompt's tokens the tree has rows of: there it parts from what others asked. */
  readonly numRowTokens: number;
}

/**
 * The recurrent states of one seat that are to be kept for others, on places that are the seat's until it gives them to
 * the tree with the pages before them. A posted step saves each of them when the slot has just so many rows.
 */
export class SeatStates {
  readonly #lease: StateLease;
  readonly #promptLen: number;
  readonly #pageSizeTokens: number;
  /** Lengths of the prompt behind which its state is wanted, and no step was posted that has it; ascending. */
  #wanted: number[];
  /** Behind rows of the prompt, ascending. */
  #kept: KeptState[] = [];
  /** Behind rows of the answer, ascending. */
  #tracked: KeptState[] = [];

  constructor(lease: StateLease, seat: StatesOf) {
    this.#lease = lease;
    this.#promptLen = seat.promptLen;
    this.#pageSizeTokens = seat.pageSizeTokens;
    this.#wanted = this.#lengthsOf(seat);
  }

  /** Places that are the seat's. */
  get places(): readonly number[] {
    return [...this.#kept, ...this.#tracked].map(({ place }) => place);
  }

  /** Somebody else's prompt parts from this one behind so many tokens: both go on from there. */
  want(numTokens: number, plannedLen: number): void {
    const length = numTokens - (numTokens % this.#pageSizeTokens);
    if (length <= plannedLen || length > this.#lastLength || this.#wanted.includes(length)) return;
    this.#wanted = [...this.#wanted, length].sort((a, b) => a - b);
  }

  /**
   * The step that is being planned computes rows `[from, to)` of the prompt.
   * @returns what it saves: where places are short, the last ones, on those of earlier ones
   */
  ofPrompt(from: number, to: number): readonly KeptState[] {
    const reached = this.#wanted.filter((length) => length > from && length <= to);
    if (reached.length === 0) return [];
    this.#wanted = this.#wanted.filter((length) => length > to);
    const numIdle = Math.min(reached.length, this.#lease.idle.length);
    const given = this.#kept.splice(0, reached.length - numIdle).map(({ place }) => place);
    const places = [...given, ...this.#lease.take(numIdle)];
    const lengths = reached.slice(reached.length - places.length);
    const saved = lengths.map((numTokens, i) => ({ numTokens, place: places[i] ?? -1 }));
    this.#kept.push(...saved);
    return saved;
  }

  /** The step that is being planned computes the last of `numTokens` rows, one of the answer's. @returns what it saves */
  ofAnswer(numTokens: number): KeptState | null {
    if (numTokens % this.#lease.trackTokens !== 0) return null;
    // The row was undone, for a mask that was late: the device still knows of it.
    if (this.#tracked.at(-1)?.numTokens === numTokens) return null;
    const place = this.#trackingPlace();
    if (place === null) return null;
    const saved = { numTokens, place };
    this.#tracked.push(saved);
    return saved;
  }

  /** The tree gets the pages of the first `numTokens` tokens, which were computed: @returns the states to go with them. */
  give(numTokens: number): readonly KeptState[] {
    const isWithin = (state: KeptState) => state.numTokens <= numTokens;
    const last = this.#tracked.findLast(isWithin);
    const given = [...this.#kept.filter(isWithin), ...(last === undefined ? [] : [last])];
    this.#kept = this.#kept.filter((state) => !isWithin(state));
    if (last !== undefined) {
      this.#tracked = this.#tracked.filter((state) => state !== last);
      this.#lease.endTracking(1);
    }
    return given;
  }

  /** Nobody gets the others. */
  release(): void {
    this.#lease.give(this.places);
    this.#lease.endTracking(this.#tracked.length);
    this.#kept = [];
    this.#tracked = [];
  }

  /** A prompt's last row is always computed, and what is shared are whole pages. */
  get #lastLength(): number {
    const last = this.#promptLen - 1;
    return last - (last % this.#pageSizeTokens);
  }

  #lengthsOf({ cachedLen, numRowTokens }: StatesOf): number[] {
    const { intervalTokens, minTokens } = this.#lease;
    const first = cachedLen + minTokens;
    const end = this.#lastLength;
    const lengths = new Set([numRowTokens, end].filter((at) => at >= first && at <= end));
    const firstMark = Math.ceil(first / intervalTokens) * intervalTokens;
    for (let at = firstMark; at + minTokens <= end; at += intervalTokens) lengths.add(at);
    return [...lengths].sort((a, b) => a - b);
  }

  /** Another one, or that of the older state: the newer one may turn out to be too far. */
  #trackingPlace(): number | null {
    if (this.#tracked.length < TRACKED_MAX) return this.#lease.takeTracking();
    return this.#tracked.shift()?.place ?? null;
  }
}

import type { ForwardInput } from '../backend.js';
import type { Fetches, Tensors } from '../ort.js';

/** Feeds and fetches of the K and V of a run. They are kept: the entries of a run replace those of the one before. */
export interface Binding {
  readonly feeds: Tensors;
  readonly fetches: Fetches;
}

/** How a run of the graph finds K and V in the slots, and how the rows that it makes come there. */
export interface RunCache {
  bind(input: ForwardInput): Binding;
  /** Behind the run. */
  finish(input: ForwardInput): void;
}

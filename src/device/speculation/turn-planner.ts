import type { Turn, TurnRoom } from './turn.js';
import type { TurnRun } from './turn-price.js';

/** Says what the turns of one request are. */
export interface TurnPlanner {
  /** The turn whose first row is that of output `first`. */
  plan(first: number, room: TurnRoom, run: TurnRun): Turn;
  /** Drafts of a model to have made for it. */
  numDraftsWanted(first: number, room: TurnRoom, run: TurnRun): number;
  /** The model makes so many of them. */
  beginDrafts(count: number, run: TurnRun): void;
  /** What the last turn that decoded had and brought. */
  settle(numDrafts: number, numCorrect: number): void;
}

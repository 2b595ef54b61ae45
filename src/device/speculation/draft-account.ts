/** Steps that decode one request alone: what drafts may lose before any has won something. */
const OPENING = 8;
/** The part of all steps that they may lose, and what comes together of it at most. */
const ALLOWED_PART = 0.01;
const ALLOWED_MAX = 2;
/** What they have won counts up to here: what comes later may lose no more than this. */
const WON_MAX = 16;

/**
 * What the drafts of a device have won and lost, in steps that decode one request alone. Whatever is wrong with what is
 * expected of drafts, of a model, or of a kind of text, they stop when it has lost a little. It counts rows and tokens,
 * never time.
 */
export class DraftAccount {
  #balance = OPENING;

  /** Drafts may be made. */
  get isOpen(): boolean {
    return this.#balance > 0;
  }

  spend(steps: number): void {
    this.#balance -= steps;
  }

  win(steps: number): void {
    this.#balance = Math.min(this.#balance + steps, Math.max(this.#balance, WON_MAX));
  }

  /** A request had its part of a step. */
  allow(steps: number): void {
    if (this.#balance >= ALLOWED_MAX) return;
    this.#balance = Math.min(this.#balance + ALLOWED_PART * steps, ALLOWED_MAX);
  }
}

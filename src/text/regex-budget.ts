/** What matching may cost the event loop: counted in steps, so that a busy machine refuses nobody. */

/** Steps (some 20 to 90 ns each) that all requests may take in one turn of the loop, and in a second. */
export const POOL_BURST_STEPS = 100_000;
export const POOL_STEPS_PER_SECOND = 4_000_000;
/** What those who have had less than their share may take beyond that in a turn. */
const LOAN_STEPS = 50_000;
/** A request whose patterns have not run for so long shares with nobody. */
const ACTIVE_MS = 1000;

/** A pattern that costs more than a request may spend on the text that a model wrote. */
export class RegexBudgetError extends Error {
  override readonly name = 'RegexBudgetError';
}

/** A bucket that fills at a rate. */
interface Bucket {
  left: number;
  atMs: number;
}

function fill(bucket: Bucket, nowMs: number, burst: number, perSecond: number): void {
  const gained = Math.max(0, (nowMs - bucket.atMs) / 1000) * perSecond;
  bucket.left = Math.min(burst, bucket.left + gained);
  bucket.atMs = nowMs;
}

/**
 * The steps of a whole process. While they last everybody may take them; when they are gone, those who have
 * had more than their share of them fail, and the others may go on for a while. Nothing is gained within a turn
 * of the loop: slow code would never run out.
 */
export class RegexPool {
  readonly #nowMs: () => number;
  readonly #nextTurn: (fn: () => void) => void;
  readonly #bucket: Bucket;
  #isFilled = false;
  /** Who has charged since `#roundMs`, and who had in the round before. */
  #active = new Set<RegexMeter>();
  #before = new Set<RegexMeter>();
  #roundMs: number;

  constructor(nowMs = (): number => performance.now(), nextTurn = afterThisTurn) {
    this.#nowMs = nowMs;
    this.#nextTurn = nextTurn;
    this.#roundMs = nowMs();
    this.#bucket = { left: POOL_BURST_STEPS, atMs: this.#roundMs };
  }

  /** For the patterns of one request. */
  meter(): RegexMeter {
    return new RegexMeter(this);
  }

  /** False when the pool is empty and `share` too, or when nothing is lent any more. */
  take(meter: RegexMeter, share: Bucket, steps: number): boolean {
    this.#active.add(meter);
    if (!this.#isFilled) this.#fillOnce(this.#nowMs());
    this.#bucket.left -= steps;
    share.left -= steps;
    if (this.#bucket.left > 0 && share.left > 0) return true;
    const nowMs = this.#nowMs();
    const numActive = this.#numActive(nowMs);
    fill(share, nowMs, POOL_BURST_STEPS / numActive, POOL_STEPS_PER_SECOND / numActive);
    // A debt is no longer than a burst, for those that come later.
    share.left = Math.max(share.left, -POOL_BURST_STEPS);
    if (this.#bucket.left > 0) return true;
    const isLent = this.#bucket.left > -LOAN_STEPS;
    this.#bucket.left = Math.max(this.#bucket.left, -LOAN_STEPS);
    return isLent && share.left > 0;
  }

  /** A share as it is when its owner first asks for something. */
  share(): Bucket {
    const nowMs = this.#nowMs();
    return { left: POOL_BURST_STEPS / (this.#numActive(nowMs) + 1), atMs: nowMs };
  }

  #fillOnce(nowMs: number): void {
    this.#isFilled = true;
    fill(this.#bucket, nowMs, POOL_BURST_STEPS, POOL_STEPS_PER_SECOND);
    this.#nextTurn(() => {
      this.#isFilled = false;
    });
  }

  #numActive(nowMs: number): number {
    if (nowMs - this.#roundMs > ACTIVE_MS) {
      const isRecent = nowMs - this.#roundMs <= 2 * ACTIVE_MS;
      this.#before = isRecent ? this.#active : new Set();
      this.#active = new Set();
      this.#roundMs = nowMs;
    }
    return Math.max(1, this.#active.size, this.#before.size);
  }
}

function afterThisTurn(fn: () => void): void {
  setImmediate(fn);
}

/** What the patterns of one request have taken of the pool. */
export class RegexMeter {
  readonly #pool: RegexPool;
  #share: Bucket | null = null;

  constructor(pool: RegexPool) {
    this.#pool = pool;
  }

  /** @throws RegexBudgetError */
  charge(steps: number): void {
    this.#share ??= this.#pool.share();
    if (!this.#pool.take(this, this.#share, steps)) {
      throw new RegexBudgetError('The stop_regex of the request takes too long.');
    }
  }
}

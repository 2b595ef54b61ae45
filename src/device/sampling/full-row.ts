import type { SamplingParams } from '../../core/sampling-params.js';

/** Log-probability range of a bucket, in nats: 1 / this. */
const BUCKETS_PER_NAT = 16;
/** 64 nats below the best token; the last bucket takes everything under that. */
const NUM_BUCKETS = 1024;

type Filters = Pick<SamplingParams, 'topK' | 'topP' | 'minP'>;

/** The best tokens of a row: all of buckets `[0, bucket)` and the first `count` of `bucket`. */
interface Prefix {
  readonly bucket: number;
  readonly count: number;
}

const WHOLE_ROW: Prefix = { bucket: NUM_BUCKETS, count: 0 };

const NOTHING_SORTED = { bucket: -1, ids: [] };

/**
 * Samples from a whole row `[vocabSize]` of log-probabilities under top-k, top-p (of the row, or with a
 * min-p of what top-k leaves) and min-p against the best. Each filter keeps a prefix of the tokens in falling order (equal ones by
 * rising id), so nothing is sorted but the buckets where a prefix or the draw ends: O(vocabSize).
 */
export class FullRowSampler {
  /** One more than there are: masked tokens fall there. */
  readonly #mass = new Float64Array(NUM_BUCKETS + 1);
  readonly #count = new Int32Array(NUM_BUCKETS + 1);
  #bucketOfId = new Uint16Array(0);
  /** A filter and the draw mostly end in the same bucket. */
  #lastSorted: { bucket: number; ids: readonly number[] } = NOTHING_SORTED;
  #row: Float32Array = new Float32Array(0);
  #best = 0;

  /** `row` sums to 1; -Infinity entries are never chosen. `u` in [0, 1). */
  sample(row: Float32Array, filters: Filters, u: number): number {
    this.#fill(row);
    const prefix = this.#filter(filters);
    return this.#walk(prefix, u * this.#massOf(prefix));
  }

  #fill(row: Float32Array): void {
    this.#row = row;
    this.#best = row[argmax(row)] ?? -Infinity;
    if (this.#bucketOfId.length !== row.length) this.#bucketOfId = new Uint16Array(row.length);
    this.#mass.fill(0);
    this.#count.fill(0);
    this.#lastSorted = NOTHING_SORTED;
    // An index loop: this one runs over the whole vocabulary for every row.
    for (let id = 0; id < row.length; id++) {
      const value = row[id] ?? -Infinity;
      const bucket = value === -Infinity ? NUM_BUCKETS : this.#bucketOf(value);
      this.#bucketOfId[id] = bucket;
      this.#mass[bucket] = (this.#mass[bucket] ?? 0) + Math.exp(value);
      this.#count[bucket] = (this.#count[bucket] ?? 0) + 1;
    }
  }

  #bucketOf(value: number): number {
    return Math.min(NUM_BUCKETS - 1, Math.floor((this.#best - value) * BUCKETS_PER_NAT));
  }

  #filter(filters: Filters): Prefix {
    const byK = filters.topK < this.#row.length ? this.#firstOf(filters.topK) : WHOLE_ROW;
    // Joint with top-k, unless there is a min-p: SGLang renormalises in between only then.
    const whole = filters.minP > 0 ? byK : WHOLE_ROW;
    const byP = filters.topP < 1 ? this.#untilMass(filters.topP * this.#massOf(whole)) : WHOLE_ROW;
    const byMin = filters.minP > 0 ? this.#atLeast(this.#best + Math.log(filters.minP)) : WHOLE_ROW;
    return shorter(shorter(byK, byP), byMin);
  }

  #firstOf(limit: number): Prefix {
    let before = 0;
    for (let bucket = 0; bucket < NUM_BUCKETS; bucket++) {
      const count = this.#count[bucket] ?? 0;
      if (before + count >= limit) return { bucket, count: limit - before };
      before += count;
    }
    return WHOLE_ROW;
  }

  /** The shortest prefix with at least this mass. */
  #untilMass(limit: number): Prefix {
    let before = 0;
    for (let bucket = 0; bucket < NUM_BUCKETS; bucket++) {
      const mass = this.#mass[bucket] ?? 0;
      if (before + mass >= limit && mass > 0) {
        return { bucket, count: this.#countUntil(bucket, limit - before) };
      }
      before += mass;
    }
    return WHOLE_ROW;
  }

  #countUntil(bucket: number, limit: number): number {
    let sum = 0;
    let count = 0;
    for (const id of this.#sorted(bucket)) {
      if (sum >= limit && count > 0) break;
      sum += Math.exp(this.#row[id] ?? -Infinity);
      count++;
    }
    return count;
  }

  #atLeast(threshold: number): Prefix {
    if (threshold === -Infinity) return WHOLE_ROW;
    const bucket = this.#bucketOf(threshold);
    const count = this.#sorted(bucket).filter((id) => (this.#row[id] ?? 0) >= threshold).length;
    return { bucket, count };
  }

  #massOf(prefix: Prefix): number {
    let sum = 0;
    for (let bucket = 0; bucket < prefix.bucket; bucket++) sum += this.#mass[bucket] ?? 0;
    if (prefix.count === 0) return sum;
    if (prefix.count === this.#count[prefix.bucket]) return sum + (this.#mass[prefix.bucket] ?? 0);
    for (const id of this.#sorted(prefix.bucket).slice(0, prefix.count)) {
      sum += Math.exp(this.#row[id] ?? -Infinity);
    }
    return sum;
  }

  /** The token at which the running mass passes `target`; the last one when rounding leaves it short. */
  #walk(prefix: Prefix, target: number): number {
    let before = 0;
    let last = -1;
    for (let bucket = 0; bucket <= prefix.bucket && bucket < NUM_BUCKETS; bucket++) {
      if (bucket === prefix.bucket ? prefix.count === 0 : this.#count[bucket] === 0) continue;
      last = bucket;
      const mass = this.#mass[bucket] ?? 0;
      if (bucket === prefix.bucket || before + mass > target) break;
      before += mass;
    }
    const ids = this.#sorted(last);
    const end = last === prefix.bucket ? prefix.count : ids.length;
    for (let i = 0; i < end; i++) {
      before += Math.exp(this.#row[ids[i] ?? 0] ?? -Infinity);
      if (before > target) return ids[i] ?? 0;
    }
    return ids[end - 1] ?? 0;
  }

  /** Ids of a bucket by falling value, equal ones by rising id. */
  #sorted(bucket: number): readonly number[] {
    if (this.#lastSorted.bucket !== bucket) this.#lastSorted = { bucket, ids: this.#sort(bucket) };
    return this.#lastSorted.ids;
  }

  #sort(bucket: number): number[] {
    const row = this.#row;
    const bucketOfId = this.#bucketOfId;
    const ids: number[] = [];
    for (let id = bucketOfId.indexOf(bucket); id >= 0; id = bucketOfId.indexOf(bucket, id + 1)) {
      ids.push(id);
    }
    return ids.sort((a, b) => (row[b] ?? 0) - (row[a] ?? 0) || a - b);
  }
}

function shorter(a: Prefix, b: Prefix): Prefix {
  return a.bucket < b.bucket || (a.bucket === b.bucket && a.count <= b.count) ? a : b;
}

/** The largest entry's index; the lowest among equals. */
export function argmax(row: Float32Array): number {
  let best = 0;
  for (let id = 1; id < row.length; id++) {
    if ((row[id] ?? -Infinity) > (row[best] ?? -Infinity)) best = id;
  }
  return best;
}

/** Ids of the `n` largest entries in falling order, equal ones by rising id. */
export function largest(row: Float32Array, n: number): number[] {
  const ids: number[] = [];
  for (let id = 0; id < row.length; id++) {
    const value = row[id] ?? -Infinity;
    if (ids.length === n && value <= (row[ids[n - 1] ?? 0] ?? -Infinity)) continue;
    let at = ids.length === n ? n - 1 : ids.length;
    for (; at > 0 && (row[ids[at - 1] ?? 0] ?? -Infinity) < value; at--) ids[at] = ids[at - 1] ?? 0;
    ids[at] = id;
  }
  return ids;
}

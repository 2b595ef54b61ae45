import { BASE_MODEL, type LoraId, type LoraSite, type LoraWeights } from '../../core/lora.js';
import { emptySet, joinedSet, type LoraSet, ownSet } from './lora-set.js';

/** A set of several may have so many times the adapters that a run needs, before another one is made. */
const SPARE_FACTOR = 2;

/**
 * The adapters of a device. A run with one of them takes it where it lies. For one with several they are copied side by
 * side, and the copy stays for as long as the runs that follow need no others.
 */
export class LoraStore {
  readonly #sites: readonly LoraSite[];
  readonly #adapters = new Map<LoraId, LoraWeights>();
  readonly #own = new Map<LoraId, LoraSet>();
  readonly #empty: LoraSet;
  #joined: LoraSet | null = null;

  constructor(sites: readonly LoraSite[]) {
    this.#sites = sites;
    this.#empty = emptySet(sites);
  }

  load(id: LoraId, weights: LoraWeights): void {
    this.#adapters.set(id, weights);
    this.#own.set(id, ownSet(this.#sites, id, weights));
  }

  /** Nobody uses it any more. */
  unload(id: LoraId): void {
    this.#adapters.delete(id);
    this.#own.delete(id);
    if (this.#joined?.ids.includes(id) === true) this.#joined = null;
  }

  /** A set that has all of these; what was unloaded is the model as it is. */
  setOf(ids: Iterable<LoraId>): LoraSet {
    const needed = [...new Set(ids)].filter((id) => id !== BASE_MODEL && this.#adapters.has(id));
    const [first] = needed;
    if (first === undefined) return this.#empty;
    if (needed.length === 1) return this.#own.get(first) ?? this.#empty;
    const kept = this.#joined;
    const fits =
      kept !== null &&
      kept.size <= SPARE_FACTOR * needed.length &&
      needed.every((id) => kept.ids.includes(id));
    if (fits) return kept;
    this.#joined = null;
    this.#joined = joinedSet(
      this.#sites,
      needed.flatMap((id) => {
        const weights = this.#adapters.get(id);
        return weights === undefined ? [] : [[id, weights] as const];
      }),
    );
    return this.#joined;
  }
}

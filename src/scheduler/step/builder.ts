import type { LoadRow, PrefillRow, SlotOpen, StepPlan, StoreRow } from '../../core/batch.js';
import type { PostedStep } from '../devices/link.js';
import type { Seat } from '../seat/seat.js';

/** Collects the parts of one {@link StepPlan} while they are planned. */
export class StepBuilder {
  readonly step: number;
  readonly #recordsExperts: boolean;
  readonly #opens: SlotOpen[] = [];
  readonly #loads: LoadRow[] = [];
  readonly #prefill: PrefillRow[] = [];
  readonly #decode: number[] = [];
  readonly #stores: StoreRow[] = [];
  readonly #frees: number[] = [];
  readonly #prefillSeats: Seat[] = [];
  readonly #decodeSeats: Seat[] = [];
  #numPrefillTokens = 0;
  #numCachedTokens = 0;

  constructor(step: number, recordsExperts: boolean) {
    this.step = step;
    this.#recordsExperts = recordsExperts;
  }

  get numPrefillRows(): number {
    return this.#prefill.length;
  }

  get numDecodeRows(): number {
    return this.#decodeSeats.length;
  }

  get numPrefillTokens(): number {
    return this.#numPrefillTokens;
  }

  /** Prompt tokens that the opened slots need not compute. */
  get numCachedTokens(): number {
    return this.#numCachedTokens;
  }

  get isEmpty(): boolean {
    const numRows = this.#prefill.length + this.#decodeSeats.length;
    return numRows + this.#opens.length + this.#stores.length + this.#frees.length === 0;
  }

  open(seat: Seat): void {
    const { req, slot, load } = seat;
    const { input } = req;
    this.#opens.push({
      slot,
      sampling: input.sampling,
      promptLen: req.promptLen,
      priorOutputIds: Int32Array.from(req.outputIds),
      grammar: input.grammar,
      hiddenFrom: req.nextHiddenRow,
      logprobs: input.logprobs === null ? null : { ...input.logprobs, startLen: req.logprobStart },
    });
    this.#numCachedTokens += seat.cachedLen;
    if (load !== null) this.#loads.push(load);
  }

  /** The next `numTokens` prompt rows of the seat. */
  addPrefill(seat: Seat, numTokens: number): void {
    const { inputIds, sampling } = seat.req.input;
    const position = seat.plannedLen;
    const end = position + numTokens;
    const last = end === inputIds.length;
    this.#prefill.push({
      slot: seat.slot,
      position,
      tokens: inputIds.slice(position, end),
      previousToken: inputIds[position - 1] ?? -1,
      nextToken: inputIds[end] ?? -1,
      sample: last && seat.numPriorOutputs === 0 && sampling.maxNewTokens > 0,
    });
    this.#prefillSeats.push(seat);
    this.#numPrefillTokens += numTokens;
    seat.advance(numTokens);
  }

  /** The next output row: replayed while its result is known, sampled from then on. */
  addDecode(seat: Seat): void {
    const { req, numPriorOutputs } = seat;
    const outputIndex = seat.plannedLen - req.promptLen;
    const replayed = outputIndex < numPriorOutputs;
    const token = replayed ? (req.outputIds[outputIndex] ?? -1) : -1;
    this.#decode.push(seat.slot, token, outputIndex >= numPriorOutputs - 1 ? 1 : 0);
    this.#decodeSeats.push(seat);
    seat.advance(1);
  }

  store(row: StoreRow | null): void {
    if (row !== null) this.#stores.push(row);
  }

  free(slot: number): void {
    this.#frees.push(slot);
  }

  plan(): StepPlan {
    return {
      step: this.step,
      opens: this.#opens,
      maps: [],
      loads: this.#loads,
      prefill: this.#prefill,
      decode: Int32Array.from(this.#decode),
      stores: this.#stores,
      frees: this.#frees,
      recordsExperts: this.#recordsExperts,
    };
  }

  posted(): PostedStep {
    return {
      step: this.step,
      rows: [...this.#prefillSeats, ...this.#decodeSeats],
      numPrefillRows: this.#prefillSeats.length,
      numPrefillTokens: this.#numPrefillTokens,
      sampled: this.numDecodeRows > 0,
    };
  }
}

import {
  TURN_STRIDE,
  type LoadRow,
  type MapRow,
  type PrefillRow,
  type SaveRow,
  type SlotOpen,
  type StepPlan,
  type StoreRow,
} from '../../core/batch.js';
import { BASE_MODEL } from '../../core/lora.js';
import type { PostedStep } from '../devices/link.js';
import type { Seat } from '../seat/seat.js';

/** Collects the parts of one {@link StepPlan} while they are planned. */
export class StepBuilder {
  readonly step: number;
  readonly #recordsExperts: boolean;
  readonly #opens: SlotOpen[] = [];
  readonly #maps: MapRow[] = [];
  readonly #loads: LoadRow[] = [];
  readonly #saves: SaveRow[] = [];
  readonly #prefill: PrefillRow[] = [];
  readonly #decode: number[] = [];
  readonly #turns: number[] = [];
  readonly #stores: StoreRow[] = [];
  readonly #frees: number[] = [];
  readonly #prefillSeats: Seat[] = [];
  readonly #decodeSeats: Seat[] = [];
  readonly #turnSeats: Seat[] = [];
  #numPrefillTokens = 0;
  #numCachedTokens = 0;

  constructor(step: number, recordsExperts: boolean) {
    this.step = step;
    this.#recordsExperts = recordsExperts;
  }

  get numPrefillRows(): number {
    return this.#prefill.length;
  }

  /** Turns among them. */
  get numDecodeRows(): number {
    return this.#decodeSeats.length + this.#turnSeats.length;
  }

  get numPrefillTokens(): number {
    return this.#numPrefillTokens;
  }

  /** Prompt tokens that the opened slots need not compute. */
  get numCachedTokens(): number {
    return this.#numCachedTokens;
  }

  /**
   * Nothing to run. Maps alone are no reason for a step: a page that a seat no longer has can be written by others in a
   * step that is posted later only, and that one has the map.
   */
  get isEmpty(): boolean {
    const numRows = this.#prefill.length + this.numDecodeRows;
    return numRows + this.#opens.length + this.#stores.length + this.#frees.length === 0;
  }

  open(seat: Seat): void {
    const { req, slot, load } = seat;
    const { input } = req;
    this.#opens.push({
      slot,
      sampling: input.sampling,
      promptLen: req.promptLen,
      adapter: input.adapter ?? BASE_MODEL,
      priorOutputIds: Int32Array.from(req.outputIds),
      grammar: input.grammar,
      speculation: seat.speculation && { ...seat.speculation, promptIds: input.inputIds },
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
    this.#saves.push(...seat.advance(numTokens));
  }

  /** The next output row: replayed while its result is known, sampled from then on. Of who speculates, a turn. */
  addDecode(seat: Seat): void {
    if (seat.speculation !== null) {
      this.#turns.push(seat.slot, seat.advanceTurn());
      this.#turnSeats.push(seat);
      return;
    }
    const { req, numPriorOutputs } = seat;
    const outputIndex = seat.plannedLen - req.promptLen;
    const replayed = outputIndex < numPriorOutputs;
    const token = replayed ? (req.outputIds[outputIndex] ?? -1) : -1;
    this.#decode.push(seat.slot, token, outputIndex >= numPriorOutputs - 1 ? 1 : 0);
    this.#decodeSeats.push(seat);
    this.#saves.push(...seat.advance(1));
  }

  map(rows: readonly MapRow[]): void {
    this.#maps.push(...rows);
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
      maps: this.#maps,
      loads: this.#loads,
      saves: this.#saves,
      prefill: this.#prefill,
      decode: Int32Array.from(this.#decode),
      turns: Int32Array.from(this.#turns),
      stores: this.#stores,
      frees: this.#frees,
      recordsExperts: this.#recordsExperts,
    };
  }

  /** @param joins it may run with the step before it */
  posted(joins: boolean): PostedStep {
    return {
      step: this.step,
      rows: [...this.#prefillSeats, ...this.#decodeSeats, ...this.#turnSeats],
      numPrefillRows: this.#prefillSeats.length,
      numPrefillTokens: this.#numPrefillTokens,
      prefillLens: this.#prefill.map(({ tokens }) => tokens.length),
      numCachedTokens: this.#numCachedTokens,
      turnRows: this.#turns.filter((_, i) => i % TURN_STRIDE === 1),
      sampled: this.numDecodeRows > 0,
      joins,
    };
  }
}

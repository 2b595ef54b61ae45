import type { LoadRow, PrefillRow, SlotOpen, StepPlan, StoreRow } from '../core/batch.js';
import type { PostedStep } from './device-link.js';
import type { Run } from './run.js';

/** Collects the parts of one {@link StepPlan} while they are planned. */
export class StepBuilder {
  readonly opens: SlotOpen[] = [];
  readonly loads: LoadRow[] = [];
  readonly prefill: PrefillRow[] = [];
  readonly stores: StoreRow[] = [];
  readonly frees: number[] = [];
  private readonly decode: number[] = [];
  private readonly prefillRuns: Run[] = [];
  private readonly decodeRuns: Run[] = [];
  numPrefillTokens = 0;
  numCachedTokens = 0;

  constructor(
    readonly step: number,
    private readonly pageSizeTokens: number,
    private readonly recordsExperts: boolean,
  ) {}

  get numDecodeRows(): number {
    return this.decodeRuns.length;
  }

  get isEmpty(): boolean {
    const { opens, prefill, decodeRuns, stores, frees } = this;
    return opens.length + prefill.length + decodeRuns.length + stores.length + frees.length === 0;
  }

  open(run: Run): void {
    const { req, slot } = run;
    const { input } = req;
    this.opens.push({
      slot,
      sampling: input.sampling,
      promptLen: req.promptLen,
      priorOutputIds: Int32Array.from(req.outputIds),
      promptIds: input.sampling.repetitionPenalty === 1 ? null : input.inputIds,
      logprobs: input.logprobs === null ? null : { ...input.logprobs, startLen: req.logprobStart },
    });
    this.numCachedTokens += run.cachedLen;
    if (run.cachedLen === 0) return;
    const pages = Int32Array.from(run.pages.slice(0, run.numTreePages));
    this.loads.push({ slot, numTokens: run.cachedLen, pages });
  }

  /** The next `numTokens` prompt rows of the run. */
  addPrefill(run: Run, numTokens: number): void {
    const { inputIds, sampling } = run.req.input;
    const position = run.plannedLen;
    const end = position + numTokens;
    const last = end === inputIds.length;
    this.prefill.push({
      slot: run.slot,
      position,
      tokens: inputIds.slice(position, end),
      previousToken: inputIds[position - 1] ?? -1,
      nextToken: inputIds[end] ?? -1,
      sample: last && run.numPriorOutputs === 0 && sampling.maxNewTokens > 0,
    });
    this.prefillRuns.push(run);
    this.numPrefillTokens += numTokens;
    run.numStepsInFlight++;
    run.advance(numTokens);
  }

  /** The next output row: replayed while its result is known, sampled from then on. */
  addDecode(run: Run): void {
    const outputIndex = run.plannedLen - run.req.promptLen;
    const replayed = outputIndex < run.numPriorOutputs;
    const token = replayed ? (run.req.outputIds[outputIndex] ?? -1) : -1;
    this.decode.push(run.slot, token, outputIndex >= run.numPriorOutputs - 1 ? 1 : 0);
    this.decodeRuns.push(run);
    run.numStepsInFlight++;
    run.advance(1);
  }

  /** Copies the rows `[numStoredPages, numPages)` pages of the run's slot to its pages. */
  store(run: Run, numPages: number): void {
    if (numPages <= run.numStoredPages) return;
    this.stores.push({
      slot: run.slot,
      fromToken: run.numStoredPages * this.pageSizeTokens,
      pages: Int32Array.from(run.pages.slice(run.numStoredPages, numPages)),
    });
    run.numStoredPages = numPages;
    run.lastStoreStep = this.step;
  }

  plan(): StepPlan {
    return {
      step: this.step,
      opens: this.opens,
      loads: this.loads,
      prefill: this.prefill,
      decode: Int32Array.from(this.decode),
      stores: this.stores,
      frees: this.frees,
      recordsExperts: this.recordsExperts,
    };
  }

  posted(): PostedStep {
    return {
      step: this.step,
      rows: [...this.prefillRuns, ...this.decodeRuns],
      numPrefillRows: this.prefillRuns.length,
      numPrefillTokens: this.numPrefillTokens,
      sampled: this.numDecodeRows > 0,
    };
  }
}

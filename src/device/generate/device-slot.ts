import type { SlotOpen } from '../../core/batch.js';
import { RESULT_LENGTH, RESULT_STOP } from '../../core/batch.js';
import type { Grammar } from '../../core/grammar.js';
import { BASE_MODEL, type LoraId } from '../../core/lora.js';
import {
  endingTokenIds,
  type LogprobWants,
  type SamplingParams,
} from '../../core/sampling-params.js';
import { ThoughtCounter } from '../../core/thought.js';
import { hasPenalties, TokenCounts, type AdjustState } from '../sampling/penalties.js';
import type { ModelDrafts } from '../speculation/model-drafts.js';
import { DraftHistory, openPlanner } from '../speculation/open-planner.js';
import type { Turn } from '../speculation/turn.js';
import type { TurnPlanner } from '../speculation/turn-planner.js';
import type { TurnRun } from '../speculation/turn-price.js';

/** What a device knows of the request in a slot: enough to sample and to stop by itself. */
export class DeviceSlot implements AdjustState {
  readonly params: SamplingParams;
  readonly promptLen: number;
  readonly adapter: LoraId;
  readonly wants: LogprobWants | null;
  /** First row whose final hidden states are wanted, or Infinity. */
  readonly hiddenFrom: number;
  /** Null without penalties. */
  readonly counts: TokenCounts | null;
  /** Null = every token may come. */
  readonly grammar: Grammar | null;
  /** All of them, kept for a grammar or to speculate. */
  readonly outputIds: number[];
  /** Tokens sampled so far, those before a retraction included. */
  numOutputs: number;
  /** Fed by the next decode row that names no token. */
  lastToken: number;
  /** Stopped by itself or failed: later rows of it are skipped. */
  ended: boolean;
  /** Its request is gone: later rows are skipped, but for those that a store still needs. */
  cancelledFrom = Infinity;
  /** Null = no draft model drafts for it. */
  readonly modelDrafter: ModelDrafts | null;
  /** Null = its rows are decode rows, one at a time. */
  readonly #turns: TurnPlanner | null;
  readonly #keepsOutputs: boolean;
  /** Null without a budget for it. */
  readonly #thought: ThoughtCounter | null;
  readonly #stopIds: ReadonlySet<number>;

  /** @param history of the device's drafts */
  constructor(open: SlotOpen, history = new DraftHistory()) {
    this.params = open.sampling;
    this.promptLen = open.promptLen;
    this.adapter = open.adapter ?? BASE_MODEL;
    this.wants = open.logprobs;
    this.hiddenFrom = open.hiddenFrom;
    this.counts = hasPenalties(open.sampling) ? new TokenCounts(open.priorOutputIds) : null;
    this.grammar = open.grammar;
    this.#keepsOutputs = open.grammar !== null || open.speculation !== null;
    this.outputIds = this.#keepsOutputs ? [...open.priorOutputIds] : [];
    this.numOutputs = open.priorOutputIds.length;
    this.lastToken = open.priorOutputIds.at(-1) ?? 0;
    this.ended = false;
    const turns = open.speculation && openPlanner(open.speculation, this.outputIds, history);
    this.modelDrafter = turns?.modelDrafter ?? null;
    this.#turns = turns?.planner ?? null;
    this.#thought =
      open.sampling.thoughtBudget === null ? null : new ThoughtCounter(open.sampling.thoughtBudget);
    for (const token of open.priorOutputIds) this.#thought?.push(token);
    this.#stopIds = endingTokenIds(open.sampling);
  }

  /** Position of the next output token, prompt and outputs counted together. */
  get nextPosition(): number {
    return this.promptLen + this.numOutputs;
  }

  get isCancelled(): boolean {
    return this.cancelledFrom !== Infinity;
  }

  /** Somebody wants to see the final hidden states of row `position`. */
  wantsHidden(position: number): boolean {
    return position >= this.hiddenFrom && !this.isCancelled;
  }

  /** What comes next whatever the model thinks: its thought has used up its budget. Null = nothing must. */
  get forcedToken(): number | null {
    const { thoughtBudget } = this.params;
    const isUsedUp = (this.#thought?.count ?? 0) >= (thoughtBudget?.maxTokens ?? Infinity);
    return isUsedUp ? (this.#thought?.closing ?? null) : null;
  }

  /** What a turn of at most `maxRows` rows feeds. */
  turn(maxRows: number, run: TurnRun): Turn {
    if (this.#turns === null) throw new Error('this is a bug: a turn of who cannot speculate');
    const room = { maxRows, numLeft: this.#numLeft };
    return this.#turns.plan(run.numKeys - this.promptLen, room, run);
  }

  /** Drafts of a model to have made for such a turn. */
  numDraftsWanted(maxRows: number, run: TurnRun): number {
    const room = { maxRows, numLeft: this.#numLeft };
    return this.#turns?.numDraftsWanted(run.numKeys - this.promptLen, room, run) ?? 0;
  }

  /** The draft model makes so many drafts for such a turn. */
  beginDrafts(count: number, run: TurnRun): void {
    this.#turns?.beginDrafts(count, run);
  }

  /** What the last turn that decoded had and brought. */
  settleTurn(numDrafts: number, numCorrect: number): void {
    this.#turns?.settle(numDrafts, numCorrect);
  }

  get #numLeft(): number {
    return this.params.maxNewTokens - this.numOutputs;
  }

  /** First prompt position to score, or Infinity. Position 0 follows nothing and has no score. */
  get scoreFrom(): number {
    if (this.wants === null || this.wants.startLen >= this.promptLen) return Infinity;
    return Math.max(1, this.wants.startLen);
  }

  /** Takes a sampled token into account; returns its result flags. */
  accept(token: number): number {
    this.numOutputs++;
    this.lastToken = token;
    this.counts?.addOutput(token);
    this.#thought?.push(token);
    if (this.#keepsOutputs) this.outputIds.push(token);
    const stop = this.#stopIds.has(token) ? RESULT_STOP : 0;
    const length = this.numOutputs >= this.params.maxNewTokens ? RESULT_LENGTH : 0;
    this.ended = stop + length > 0;
    return stop | length;
  }
}

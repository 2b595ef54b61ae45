import type { PlanHiddenRows, PlanLogprobRow, StepResult, StepTiming } from '../../core/batch.js';
import type { LogprobRow } from '../../core/sampling-params.js';
import type { RoutingRecord } from '../routing-record.js';

/** Collects what a step brought, in plan order. */
export class StepOutput {
  /** Which experts the rows took; null while nothing is recorded. */
  readonly routing: RoutingRecord | null;
  readonly #step: number;
  readonly #tokens: number[] = [];
  readonly #turns: number[] = [];
  readonly #logprobRows: PlanLogprobRow[] = [];
  readonly #hiddenRows: PlanHiddenRows[] = [];

  constructor(step: number, routing: RoutingRecord | null) {
    this.#step = step;
    this.routing = routing;
  }

  addToken(planRow: number, token: number, flags: number): void {
    this.#tokens.push(planRow, token, flags);
  }

  addTurn(planRow: number, { numRows, numDrafts, numCorrect }: TurnCounts): void {
    this.#turns.push(planRow, numRows, numDrafts, numCorrect);
  }

  addLogprobs(row: LogprobRow, place: Omit<PlanLogprobRow, keyof LogprobRow>): void {
    this.#logprobRows.push({ ...place, ...row });
  }

  /** The buffer of the values is given away. */
  addHidden(rows: PlanHiddenRows): void {
    this.#hiddenRows.push(rows);
  }

  result(timing: StepTiming): StepResult {
    return {
      step: this.#step,
      tokens: Int32Array.from(this.#tokens),
      turns: Int32Array.from(this.#turns),
      logprobRows: this.#logprobRows,
      hiddenRows: this.#hiddenRows,
      routing: this.routing?.result() ?? null,
      timing,
    };
  }
}

/** What a turn did; see {@link StepResult.turns}. */
interface TurnCounts {
  readonly numRows: number;
  readonly numDrafts: number;
  readonly numCorrect: number;
}

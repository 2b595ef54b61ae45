import type {
  PlanHiddenRows,
  PlanLogprobRow,
  RoutedRows,
  StepResult,
  StepTiming,
} from '../../core/batch.js';
import type { MoeSpec } from '../../core/model-spec.js';
import type { LogprobRow } from '../../core/sampling-params.js';

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

/** A row of a run, and the request's row that it computed. */
export interface RoutedRow {
  /** Index in the run's flattened tokens. */
  readonly runRow: number;
  readonly planRow: number;
  readonly position: number;
  readonly token: number;
}

/** Collects which experts the rows of one step took. */
export class RoutingRecord {
  readonly #moe: MoeSpec;
  readonly #rows: RoutedRow[] = [];
  readonly #experts: number[] = [];

  constructor(moe: MoeSpec) {
    this.#moe = moe;
  }

  /** `layers` are a run's choices, one `[rows of the run, topK]` per layer that routes; copied from. */
  add(rows: readonly RoutedRow[], layers: readonly BigInt64Array[]): void {
    const { topK } = this.#moe;
    for (const row of rows) {
      this.#rows.push(row);
      const from = row.runRow * topK;
      for (const layer of layers) {
        for (let k = from; k < from + topK; k++) this.#experts.push(Number(layer[k] ?? 0n));
      }
    }
  }

  result(): RoutedRows {
    const rows = this.#rows;
    return {
      planRows: Int32Array.from(rows, (row) => row.planRow),
      positions: Int32Array.from(rows, (row) => row.position),
      tokens: Int32Array.from(rows, (row) => row.token),
      experts: Uint16Array.from(this.#experts),
    };
  }
}

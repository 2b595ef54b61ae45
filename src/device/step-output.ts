import type { PlanLogprobRow, StepResult, StepTiming } from '../core/batch.js';
import type { RoutingRecord } from './routing-record.js';
import type { LogprobRow } from '../core/sampling-params.js';

/** Collects what a step brought, in plan order. */
export class StepOutput {
  private readonly tokens: number[] = [];
  private readonly logprobRows: PlanLogprobRow[] = [];

  constructor(
    private readonly step: number,
    /** Null while nothing is recorded. */
    readonly routing: RoutingRecord | null,
  ) {}

  addToken(planRow: number, token: number, flags: number): void {
    this.tokens.push(planRow, token, flags);
  }

  addLogprobs(row: LogprobRow, place: Omit<PlanLogprobRow, keyof LogprobRow>): void {
    this.logprobRows.push({ ...place, ...row });
  }

  result(timing: StepTiming): StepResult {
    return {
      step: this.step,
      tokens: Int32Array.from(this.tokens),
      logprobRows: this.logprobRows,
      routing: this.routing?.result() ?? null,
      timing,
    };
  }
}

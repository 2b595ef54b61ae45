import type { RoutedRows } from '../core/batch.js';
import type { MoeSpec } from '../core/model-spec.js';

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

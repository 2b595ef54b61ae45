/** One checkpoint tensor under a logical name. `shape` is what config.json demands of it. */
export interface TensorPlan {
  readonly name: string;
  readonly checkpoint: string;
  readonly shape: readonly number[];
}

/** A linear made of one or more checkpoint tensors whose rows are concatenated. */
export interface LinearPlan {
  readonly name: string;
  readonly in: number;
  readonly out: number;
  readonly parts: readonly {
    readonly weight: string;
    readonly bias: string | null;
    readonly out: number;
    /** Absent = there is none. */
    readonly adapter?: AdapterPlan;
  }[];
}

/**
 * Beside a weight (LoRA, arXiv 2106.09685): of a linear `scale * up(down(x))` is added to what it gives, `down [rank, in]`,
 * `up [out, rank]`; of a table `scale * down up` to its rows, `down [rows, rank]`, `up [rank, columns]`.
 */
export interface AdapterPlan {
  readonly down: TensorPlan;
  readonly up: TensorPlan;
  readonly scale: number;
}

/** `rms`: `x / sqrt(mean(x²) + eps)`; `layer`: `(x - mean(x)) / sqrt(variance(x) + eps)`; both `* gain + bias`. */
export interface NormPlan {
  readonly kind: 'rms' | 'layer';
  readonly eps: number;
  /** Elements of the last axis. */
  readonly width: number;
  /** Null = ones. */
  readonly gain: TensorPlan | null;
  /** What a gain is above what is stored. */
  readonly gainOffset: number;
  readonly bias: TensorPlan | null;
}

import type { LinearPlan, NormPlan, TensorPlan } from './tensors.js';

/** A mixer of tokens that keeps a state of one size instead of rows of all of them. */
export type RecurrentPlan = ShortConvPlan | DeltaNetPlan | Mamba1Plan | Mamba2Plan;

/** Each channel by itself: a token and those before it, `width` in all; before the first one are zeros. */
export interface ConvPlan {
  /** `[channels, 1, width]` */
  readonly weight: TensorPlan;
  /** `[channels]` */
  readonly bias: TensorPlan | null;
  readonly channels: number;
  readonly width: number;
  readonly activation: 'none' | 'silu';
}

/** `out(c * conv(b * x))` (LFM2). */
export interface ShortConvPlan {
  readonly kind: 'short_conv';
  /** Rows of b, c and x, in this order. */
  readonly bcx: LinearPlan;
  readonly conv: ConvPlan;
  readonly out: LinearPlan;
}

/** Heads of linear attention. A key head serves neighbouring value heads. */
export interface MemoryHeads {
  readonly numKeyHeads: number;
  readonly numValueHeads: number;
  readonly keyDim: number;
  readonly valueDim: number;
}

/**
 * Gated delta net (arXiv 2412.06464). With q, k and v behind the convolution, q and k of length 1, for each value head
 *
 *     decay = -exp(aLog) * softplus(a + stepBias)     S = exp(decay) S + sigmoid(b) k (v - exp(decay) Sᵀ k)ᵀ
 *     out(norm(Sᵀ q / sqrt(keyDim)) * silu(z))
 */
export interface DeltaNetPlan extends MemoryHeads {
  readonly kind: 'delta_net';
  /** Rows of q, k and v, in this order: the channels of the convolution. */
  readonly qkv: LinearPlan;
  readonly z: LinearPlan;
  /** Rows of b and a, one a value head. Always computed in f32. */
  readonly gates: LinearPlan;
  readonly conv: ConvPlan;
  /** `[numValueHeads]` */
  readonly aLog: TensorPlan;
  readonly stepBias: TensorPlan;
  /** Of each value head. */
  readonly norm: NormPlan;
  readonly out: LinearPlan;
}

/**
 * Mamba-2 (arXiv 2405.21060). With x, b and c behind the convolution, for each head
 *
 *     step = softplus(dt + stepBias)     S = exp(-exp(aLog) * step) S + b (step * x)ᵀ     y = Sᵀ c + d * x
 *
 * b is the key and c the query of linear attention, x the value.
 */
export interface Mamba2Plan extends MemoryHeads {
  readonly kind: 'mamba2';
  readonly z: LinearPlan;
  /** Rows of x, b and c, in this order: the channels of the convolution. */
  readonly xbc: LinearPlan;
  /** Always computed in f32. */
  readonly dt: LinearPlan;
  readonly conv: ConvPlan;
  readonly aLog: TensorPlan;
  readonly stepBias: TensorPlan;
  /** Bounds of the step. */
  readonly stepLimits: readonly [low: number, high: number];
  readonly d: TensorPlan;
  /** Null = what the heads give is `y * silu(z)`. */
  readonly norm: MambaNormPlan | null;
  /** What z, x, b, c and dt are multiplied by before all else; null = they are as they are. */
  readonly factors: MambaFactors | null;
  readonly out: LinearPlan;
  /** Multiplies what `out` gives. */
  readonly outputScale: number;
}

/**
 * Mamba-1 (arXiv 2312.00752) with Jamba's norms. With x behind the convolution, for each of its channels, which is a head
 * of one value, and each of the `keyDim` numbers that it keeps
 *
 *     step = softplus(steps(dtNorm(dt)))     S = exp(-exp(aLog) * step) S + bNorm(b) step x     y = Sᵀ cNorm(c) + d x
 *     out(y * silu(z))
 */
export interface Mamba1Plan extends MemoryHeads {
  readonly kind: 'mamba1';
  /** Rows of x, the channels of the convolution, and of z. */
  readonly xz: LinearPlan;
  readonly conv: ConvPlan;
  /** Rows of dt, b and c, which read x. Always computed in f32, as are {@link steps}. */
  readonly selection: LinearPlan;
  readonly dtNorm: NormPlan;
  readonly bNorm: NormPlan;
  readonly cNorm: NormPlan;
  readonly steps: LinearPlan;
  /** `[channels, keyDim]` */
  readonly aLog: TensorPlan;
  /** `[channels]` */
  readonly d: TensorPlan;
  readonly out: LinearPlan;
}

/** Of `y * silu(z)`, or, `gateBehind`, of y alone before it is multiplied; over each of `groups` parts by itself. */
export interface MambaNormPlan extends NormPlan {
  readonly groups: number;
  readonly gateBehind: boolean;
}

export interface MambaFactors {
  readonly z: number;
  readonly x: number;
  readonly b: number;
  readonly c: number;
  readonly dt: number;
}

import type { RotaryPlan } from '../families/rope-config.js';
import type { LinearPlan, NormPlan, TensorPlan } from './tensors.js';

/** How many heads there are, and of how many dimensions. */
export interface HeadSizes {
  readonly numHeads: number;
  readonly numKvHeads: number;
  readonly headDim: number;
}

export interface AttentionPlan {
  /** Rows of q, k and v, in this order; where `latent` is not null what it says. */
  readonly qkv: LinearPlan;
  /** Absent = those of the model. */
  readonly heads?: HeadSizes;
  /** Of the layer whose keys and values it reads, so that `qkv` gives q alone; absent = it has its own. */
  readonly sharesKv?: number;
  /** Null = `qkv` gives q, k and v themselves. */
  readonly latent: LatentPlan | null;
  readonly qNorm: HeadNormPlan | null;
  readonly kNorm: HeadNormPlan | null;
  /** Absent = v is as it is. */
  readonly vNorm?: HeadNormPlan;
  /** The sigmoid of it multiplies what the heads give; null = it counts in full. `[numHeads * headDim]` */
  readonly gate: LinearPlan | null;
  /** The norms of q and k are of what has been rotated; else before that. */
  readonly normsRotated: boolean;
  /** q, k and v are kept within `[-clip, clip]` behind these norms, before q and k are rotated; null = as they are. */
  readonly clip: number | null;
  readonly o: LinearPlan;
  /** Multiplies what `o` gives. */
  readonly outputScale: number;
  /** Null = positions are not told apart. */
  readonly rotary: RotaryPlan | null;
  /** Multiplies the dot product of q and k. */
  readonly scale: number;
  /** Multiplies q too, by its position; null = 1. */
  readonly temperature: TemperaturePlan | null;
  /** Scaled scores `x` become `cap * tanh(x / cap)`; null = as they are. */
  readonly softcap: number | null;
  /** Tells positions apart by what is added to scaled scores; null = nothing is. */
  readonly alibi: AlibiPlan | null;
  /** This many positions are seen, the token's own included; null = all. */
  readonly window: number | null;
  /** `[numHeads]`: the score of a key without a value that every position sees besides; null = there is none. */
  readonly sinks: TensorPlan | null;
}

/**
 * Multi-head latent attention (arXiv 2405.04434), heads expanded: `qkv` gives q or what q is made of, what k and v are
 * made of, and the dimensions of k that turn, which all heads share. Those lie first in both halves of a head, as
 * {@link RotaryPlan} has them, the others behind them. A head is as wide as the wider of k and v, zeros filling the
 * other up.
 */
export interface LatentPlan {
  /** Makes q of the norm of its latent; null = `qkv` gives q. */
  readonly q: { readonly norm: NormPlan; readonly up: LinearPlan } | null;
  /** Of the latent of k and v. */
  readonly norm: NormPlan;
  /** The dimensions of k that do not turn, those of the halves of a head one after another, and v: all heads of each. */
  readonly up: LinearPlan;
  /** Dimensions of a head of k that turn, and that do not. */
  readonly turning: number;
  readonly still: number;
  readonly value: number;
  /** Null = heads are expanded, and the cache has those of k and v. */
  readonly absorbed: AbsorbedPlan | null;
}

/**
 * Heads that are not expanded: the cache has of a token the latent of k and v and, behind it, the dimensions of k that
 * turn, one head that all of q read. What makes k of the latent is multiplied into q, what makes v into what attention
 * gives, of which the part that is no latent is left out: so keys are values too. `up` is these two, and no linear.
 */
export interface AbsorbedPlan {
  /** `[heads * still, rank]` */
  readonly keys: TensorPlan;
  /** `[heads * value, rank]` */
  readonly values: TensorPlan;
}

/** `1 + beta * log(1 + floor(position / period))` (Llama 4's). */
export interface TemperaturePlan {
  readonly beta: number;
  readonly period: number;
}

/**
 * To the score of a key its position times the slope of the head is added (ALiBi, arXiv 2108.12409): but for what all
 * scores of a row have in common, that is how far back it lies.
 */
export interface AlibiPlan {
  /** `[numHeads]` */
  readonly slopes: readonly number[];
  /** Slopes, positions and products are rounded to bf16. */
  readonly isBf16: boolean;
  /** Multiplies the products. */
  readonly factor: number;
}

/** Over each head by itself, or over all heads together. */
export interface HeadNormPlan extends NormPlan {
  readonly over: 'head' | 'heads';
  /** A gain of each head's own: one behind the other `[heads * headDim]`; null = {@link gain} is that of all. */
  readonly headGains: readonly TensorPlan[] | null;
}

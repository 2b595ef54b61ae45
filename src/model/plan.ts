import type { Activation } from './activation.js';
import type { RotaryPlan } from './families/rope-config.js';

/**
 * A family's description of its network: which tensors of the checkpoint make which part of it, and how the parts are
 * joined. The weight loader walks it to read, check, rotate and quantise; the graph builder walks it to emit nodes.
 * Logical names (`layers.3.qkv`) are what {@link WeightStore.linear} and `.tensor` are asked for.
 */
export interface ModelPlan {
  readonly embedding: TensorPlan;
  /** Multiplies the rows of the embedding table where they enter the network, not in the head. */
  readonly embeddingScale: number;
  /** Row p is added to the token at position p, `[positions, hidden]`; null = positions are told apart by attention. */
  readonly positions: TensorPlan | null;
  readonly layers: readonly LayerPlan[];
  readonly finalNorm: NormPlan;
  /** Shares the checkpoint tensor of `embedding` when the model ties them. */
  readonly head: LinearPlan;
  /** Multiplies the logits. */
  readonly logitScale: number;
  /** Logits `x` become `cap * tanh(x / cap)`, before temperature; null = as they are. */
  readonly logitSoftcap: number | null;
  /**
   * A rotation R1 of the residual stream leaves the network as it is: its norms are RMSNorms with their
   * whole gain in the checkpoint, and none stands between a linear and the stream it writes (QuaRot,
   * arXiv 2404.00456).
   */
  readonly rotatable: boolean;
}

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
  }[];
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

/**
 * Attention and MLP, each adding to the residual stream what it made of the norm of it. Behind each other, so that the MLP
 * reads what attention wrote, or beside each other.
 */
export interface LayerPlan {
  readonly index: number;
  /** Null = attention reads the stream itself. */
  readonly inputNorm: NormPlan | null;
  readonly attention: AttentionPlan;
  /** Norm of what attention adds to the stream. */
  readonly attentionOutputNorm: NormPlan | null;
  /** Both halves read the stream as it came in. */
  readonly isParallel: boolean;
  /** Null = the MLP reads the stream itself, or where the halves are parallel what attention reads. */
  readonly mlpNorm: NormPlan | null;
  readonly mlp: MlpPlan;
  /** Norm of what the MLP adds to the stream. */
  readonly mlpOutputNorm: NormPlan | null;
  /** Multiplies what each half adds to the stream. */
  readonly residualScale: number;
}

export interface AttentionPlan {
  /** Rows of q, k and v, in this order; where `latent` is not null what it says. */
  readonly qkv: LinearPlan;
  /** Null = `qkv` gives q, k and v themselves. */
  readonly latent: LatentPlan | null;
  readonly qNorm: HeadNormPlan | null;
  readonly kNorm: HeadNormPlan | null;
  /** The norms of q and k are of what has been rotated; else before that. */
  readonly normsRotated: boolean;
  /** q, k and v are kept within `[-clip, clip]` behind these norms, before q and k are rotated; null = as they are. */
  readonly clip: number | null;
  readonly o: LinearPlan;
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

export type MlpPlan = DenseMlpPlan | MoePlan;

export type DenseMlpPlan = GatedMlpPlan | PlainMlpPlan;

/** `down(activation(gate x) * up x)`; gate rows come first in `gateUp`. */
export interface GatedMlpPlan {
  readonly kind: 'gated';
  readonly gateUp: LinearPlan;
  readonly down: LinearPlan;
  readonly activation: Activation;
  /** With `g = min(gate x, limit)` and `u` in `[-limit, limit]` it is `down(activation(g) * (u + 1))`; null = as above. */
  readonly limit: number | null;
}

/** `down(activation(up x))` */
export interface PlainMlpPlan {
  readonly kind: 'plain';
  readonly up: LinearPlan;
  readonly down: LinearPlan;
  readonly activation: Activation | XieluPlan;
}

/**
 * `p x² + x / 2` above 0 and `n (exp(x) - 1 - x) + x / 2` below (arXiv 2411.13010), where `[1]` each: p is the softplus of
 * `positive`, and n is a half more than that of `negative`, both rounded to bf16.
 */
export interface XieluPlan {
  readonly kind: 'xielu';
  readonly positive: TensorPlan;
  readonly negative: TensorPlan;
}

/** Some of many experts for each token, and one that all take. */
export interface MoePlan {
  readonly kind: 'moe';
  /** `[numExperts, hidden]`; reads what the experts read. Always computed in f32. */
  readonly router: LinearPlan;
  readonly experts: readonly GatedMlpPlan[];
  readonly topK: number;
  readonly routing: RoutingPlan;
  readonly shared: SharedExpertPlan | null;
}

/** How the router's logits become a choice, and weights of what is chosen. */
export type RoutingPlan = ScoredRouting | SparseMixerRouting;

/** The `topK` experts with the highest scores, weighted by them. */
export interface ScoredRouting {
  readonly kind: 'scored';
  /** What a logit becomes, over all experts. */
  readonly scores: 'softmax' | 'sigmoid';
  /** `[numExperts]`: is added to the scores for the choice, not for the weights; null = nothing is. */
  readonly bias: TensorPlan | null;
  /** Experts are chosen among those of some groups, which lie one behind another; null = among all. */
  readonly groups: ExpertGroups | null;
  /** Divide the weights by their sum, or by this where it is less; null = they stay as they are. */
  readonly leastSum: number | null;
  /** Multiplies the weights. */
  readonly scale: number;
}

export interface ExpertGroups {
  readonly count: number;
  /** How many groups a token may take experts of: those whose `best` highest scores have the highest sum. */
  readonly chosen: number;
  readonly best: number;
}

/**
 * Two experts, each with its probability among those whose logits are near to its own (SparseMixer,
 * arXiv 2409.12136): `(own - other) / max(|other|, own) <= 2 * jitter`.
 */
export interface SparseMixerRouting {
  readonly kind: 'sparsemixer';
  readonly jitter: number;
}

export interface SharedExpertPlan extends GatedMlpPlan {
  /** A sigmoid of it multiplies what the expert gives; null = it counts in full. */
  readonly gate: LinearPlan | null;
}

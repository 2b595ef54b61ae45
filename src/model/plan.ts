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
  /** Null = {@link recurrent} stands in its place, or the layer is an MLP alone. */
  readonly attention: AttentionPlan | null;
  /** In the place of attention, or beside it: then what both give is added up. Null = there is none. */
  readonly recurrent: RecurrentPlan | null;
  /** Norm of what attention adds to the stream. */
  readonly attentionOutputNorm: NormPlan | null;
  /** Both halves read the stream as it came in. */
  readonly isParallel: boolean;
  /** Null = the MLP reads the stream itself, or where the halves are parallel what attention reads. */
  readonly mlpNorm: NormPlan | null;
  /** Null = the layer is a mixer alone. */
  readonly mlp: MlpPlan | null;
  /** Norm of what the MLP adds to the stream. */
  readonly mlpOutputNorm: NormPlan | null;
  /** Multiplies what each half adds to the stream. */
  readonly residualScale: number;
}

export interface AttentionPlan {
  /** Rows of q, k and v, in this order. */
  readonly qkv: LinearPlan;
  /** Norms of q and k before they are rotated. */
  readonly qNorm: HeadNormPlan | null;
  readonly kNorm: HeadNormPlan | null;
  /** The sigmoid of it multiplies what the heads give; null = it counts in full. `[numHeads * headDim]` */
  readonly gate: LinearPlan | null;
  readonly o: LinearPlan;
  /** Multiplies what `o` gives. */
  readonly outputScale: number;
  /** Null = positions are not told apart. */
  readonly rotary: RotaryPlan | null;
  /** Multiplies the dot product of q and k. */
  readonly scale: number;
  /** Scaled scores `x` become `cap * tanh(x / cap)`; null = as they are. */
  readonly softcap: number | null;
  /** This many positions are seen, the token's own included; null = all. */
  readonly window: number | null;
}

/** Over each head by itself, or over all heads together. */
export interface HeadNormPlan extends NormPlan {
  readonly over: 'head' | 'heads';
}

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

export type MlpPlan = DenseMlpPlan | MoePlan;

export type DenseMlpPlan = GatedMlpPlan | PlainMlpPlan;

/** `outputScale * down(activation(gateScale * gate x) * up x)`; gate rows come first in `gateUp`. */
export interface GatedMlpPlan {
  readonly kind: 'gated';
  readonly gateUp: LinearPlan;
  readonly down: LinearPlan;
  readonly activation: Activation;
  /** Both are 1 in experts. */
  readonly gateScale: number;
  readonly outputScale: number;
}

/** `down(activation(up x))` */
export interface PlainMlpPlan {
  readonly kind: 'plain';
  readonly up: LinearPlan;
  readonly down: LinearPlan;
  readonly activation: Activation;
}

/** Some of many experts for each token, and one that all take. */
export interface MoePlan {
  readonly kind: 'moe';
  /** `[numExperts, hidden]`; reads what the experts read. Always computed in f32. */
  readonly router: LinearPlan;
  readonly experts: readonly GatedMlpPlan[];
  readonly topK: number;
  /** Divide the chosen experts' probabilities by their sum. */
  readonly normTopkProb: boolean;
  readonly shared: SharedExpertPlan | null;
}

export interface SharedExpertPlan extends GatedMlpPlan {
  /** A sigmoid of it multiplies what the expert gives; null = it counts in full. */
  readonly gate: LinearPlan | null;
}

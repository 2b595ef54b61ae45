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
  /** What layers read of the token itself ({@link LayerPlan.tokenInput}); absent = nothing. */
  readonly tokenInputs?: TokenInputsPlan;
  /** Several streams go through the layers ({@link LayerPlan.altUp}); absent = one does. */
  readonly streams?: StreamsPlan;
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

/** A network up to its last norm. */
export interface TrunkPlan extends Pick<
  ModelPlan,
  'embedding' | 'embeddingScale' | 'positions' | 'tokenInputs' | 'streams' | 'layers' | 'finalNorm'
> {
  /** The norm of the stream takes its place, so that each half adds to what it has read (arXiv 1810.04805). */
  readonly isStreamNormed?: boolean;
}

/**
 * Of each layer `width` numbers of a token (Gemma 3n's and 4's per-layer embeddings):
 * `(embeddingScale * embedding[id] + norm(projectionScale * projection(x))) / sqrt(2)`, x being what enters the network.
 */
export interface TokenInputsPlan {
  readonly width: number;
  /** `[ids, layers * width]`; an id beyond them has those of id 0. */
  readonly embedding: TensorPlan;
  readonly embeddingScale: number;
  /** `[layers * width, hidden]` */
  readonly projection: LinearPlan;
  readonly projectionScale: number;
  /** Of each layer's numbers by themselves. */
  readonly norm: NormPlan;
}

/**
 * AltUp's streams (arXiv 2301.13310): what enters the network, and what linears make of it, each as long as it. Behind
 * the layers other linears bring those back, each as long as the first, and the mean of all is the stream again.
 */
export interface StreamsPlan {
  /** Of all streams but the first. */
  readonly enter: readonly LinearPlan[];
  readonly leave: readonly LinearPlan[];
  /** The stream that the halves of a layer read. */
  readonly active: number;
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
  /** Absent = the layer is as above, of one stream. */
  readonly altUp?: AltUpPlan;
  /** Adds to the stream behind both halves; of several, to all but the first. Absent = nothing is added. */
  readonly tokenInput?: TokenInputPlan;
  /** `[1]`: multiplies the stream behind all that; absent = it is as it is. */
  readonly outputScale?: TensorPlan;
}

/** `norm(up(activation(gate(x)) * t))` of the stream x and the token's own numbers t of the layer. */
export interface TokenInputPlan {
  readonly gate: LinearPlan;
  readonly activation: Activation;
  readonly up: LinearPlan;
  readonly norm: NormPlan;
}

/**
 * A layer on N streams x (Gemma 3n), of which its halves read one, a. With `m(y) = tanh(router(norm(y) / hidden))`
 *
 *     p = x + prediction(m(x[a])) x     y = p[a] + attention(i),  i = inputNorm(p[a])
 *     z = (y + i + laurel(i)) / sqrt(2)     w = z + mlp(z)     x = p + (correction(m(w)) + 1) (w - p[a])
 *
 * What {@link TokenInputPlan} reads is x[a] times `outputGain`.
 */
export interface AltUpPlan {
  /** `[N, hidden]`; always computed in f32, as are both below. */
  readonly router: LinearPlan;
  readonly norm: NormPlan;
  /** `[N * N, N]`: for each stream what it takes of all of them. */
  readonly prediction: TensorPlan;
  /** `[N, N]`, within `[-clip, clip]`. */
  readonly correction: TensorPlan;
  readonly clip: number | null;
  /** `[hidden]` */
  readonly outputGain: TensorPlan | null;
  /** `norm(up(down(x)))` */
  readonly laurel: { readonly down: LinearPlan; readonly up: LinearPlan; readonly norm: NormPlan };
}

/** Attention and an MLP, and nothing else. */
export interface PlainLayerPlan extends LayerPlan {
  readonly attention: AttentionPlan;
  readonly mlp: MlpPlan;
}

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
  /** The gate becomes `relu(gate - mean - sparsity * deviation)`, both over all its numbers; absent = it is as it is. */
  readonly sparsity?: number;
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
  /** All of one kind. */
  readonly experts: readonly DenseMlpPlan[];
  readonly topK: number;
  readonly routing: RoutingPlan;
  readonly shared: SharedExpertPlan | null;
  /** Experts read what `enter` makes of a token, `leave` what they give together; absent = neither is there. */
  readonly latent?: { readonly enter: LinearPlan; readonly leave: LinearPlan };
  /** Absent = router and experts read what the MLP of the layer reads. */
  readonly besides?: ExpertsBesides;
}

/** Experts that read the stream itself, through norms of their own, beside the shared one; what each gives is normed. */
export interface ExpertsBesides {
  readonly routerNorm: NormPlan;
  /** Multiplies the router's logits. */
  readonly routerScale: number;
  readonly inputNorm: NormPlan;
  readonly outputNorm: NormPlan;
  readonly sharedNorm: NormPlan;
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
  /** Is added to that sum; absent = nothing. */
  readonly addedToSum?: number;
  /** Multiplies the weights. */
  readonly scale: number;
  /** `[numExperts]`: multiplies the weight of each expert; absent = nothing does. */
  readonly expertScale?: TensorPlan;
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

export type SharedExpertPlan = DenseMlpPlan & {
  /** A sigmoid of it multiplies what the expert gives; null = it counts in full. */
  readonly gate: LinearPlan | null;
};

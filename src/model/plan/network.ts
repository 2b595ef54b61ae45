import type { AttentionPlan } from './attention.js';
import type { MlpPlan } from './mlp.js';
import type { RecurrentPlan } from './recurrent.js';
import type { AltUpPlan, StreamsPlan, TokenInputPlan, TokenInputsPlan } from './streams.js';
import type { LinearPlan, NormPlan, TensorPlan } from './tensors.js';

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

/** Attention and an MLP, and nothing else. */
export interface PlainLayerPlan extends LayerPlan {
  readonly attention: AttentionPlan;
  readonly mlp: MlpPlan;
}

/**
 * A family's description of its checkpoint: which tensors make which part of the network.
 * The weight loader walks it to read, check, rotate and quantise; the graph builder walks it to emit nodes.
 * Logical names (`layers.3.qkv`) are what {@link WeightStore.linear} and `.tensor` are asked for.
 */
export interface ModelPlan {
  readonly embedding: TensorPlan;
  readonly layers: readonly LayerPlan[];
  readonly finalNorm: TensorPlan;
  /** Shares the checkpoint tensor of `embedding` when the model ties them. */
  readonly head: LinearPlan;
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
  /** `output` linears write the residual stream, `input` ones read it through a norm, `inner` neither. */
  readonly residual: 'input' | 'output' | 'inner';
}

export interface LayerPlan {
  readonly index: number;
  readonly inputNorm: TensorPlan;
  readonly qkv: LinearPlan;
  /** RMSNorm on each head of q and k (Qwen3); null elsewhere. */
  readonly qNorm: TensorPlan | null;
  readonly kNorm: TensorPlan | null;
  readonly o: LinearPlan;
  /** RMSNorm of what attention adds to the residual stream (Gemma 2); null elsewhere. */
  readonly attentionOutputNorm: TensorPlan | null;
  /** RMSNorm of the residual stream, before the MLP. */
  readonly postNorm: TensorPlan;
  readonly mlp: MlpPlan;
  /** RMSNorm of what the MLP adds to the residual stream (Gemma 2); null elsewhere. */
  readonly mlpOutputNorm: TensorPlan | null;
}

export type MlpPlan =
  | ({ readonly kind: 'dense' } & GatedMlpPlan)
  | {
      readonly kind: 'moe';
      /** `[numExperts, hidden]`; reads the residual stream through `postNorm`. Always computed in f32. */
      readonly router: LinearPlan;
      readonly experts: readonly GatedMlpPlan[];
      readonly topK: number;
      readonly normTopkProb: boolean;
      readonly shared: (GatedMlpPlan & { readonly gate: LinearPlan | null }) | null;
    };

/** `down(activation(gate x) * up x)`; gate rows come first in `gateUp`. */
export interface GatedMlpPlan {
  readonly gateUp: LinearPlan;
  readonly down: LinearPlan;
}

import type { Activation } from '../activation.js';
import type { LinearPlan, NormPlan, TensorPlan } from './tensors.js';

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
 * `positive`, and n is a half more than that of `negative`.
 */
export interface XieluPlan {
  readonly kind: 'xielu';
  readonly positive: TensorPlan;
  readonly negative: TensorPlan;
  /** p and n, and what they are made of, are rounded to bf16. */
  readonly isRounded: boolean;
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
  /** `[hidden]`: is added to what they give together; absent = nothing is. */
  readonly bias?: TensorPlan;
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

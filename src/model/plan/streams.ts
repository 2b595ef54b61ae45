import type { Activation } from '../activation.js';
import type { LinearPlan, NormPlan, TensorPlan } from './tensors.js';

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

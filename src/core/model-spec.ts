import type { LoraSite } from './lora.js';
/** Weight format of the linear layers: SGLang's `--quantization` values that Radish computes with. */
export type WeightFormat = 'none' | 'w8a8_int8' | 'int8' | 'int4';

/** Those that weights are rounded to. */
export type QuantizedFormat = Exclude<WeightFormat, 'none'>;

/** Element types of activations. */
export const FLOAT_TYPES = ['f32', 'f16', 'bf16'] as const;
export type FloatType = (typeof FLOAT_TYPES)[number];

/** Element types of K and V: `i8` are integers of a grid that the graph knows (model/kv-scales.ts). */
export type KvType = FloatType | 'i8';

const KV_BYTES: Readonly<Record<KvType, number>> = { f32: 4, f16: 2, bf16: 2, i8: 1 };

/** What every actor may know of a loaded model. A plain value: it crosses threads by copy. */
export interface ModelSpec {
  /** `architectures[0]` of config.json, e.g. `LlamaForCausalLM`. */
  readonly architecture: string;
  /** `model_type` of config.json, e.g. `llama`. */
  readonly modelType: string;
  readonly numLayers: number;
  readonly numHeads: number;
  readonly numKvHeads: number;
  readonly headDim: number;
  readonly hiddenSize: number;
  readonly vocabSize: number;
  /** Most positions that one request may use, prompt and answer together. */
  readonly contextLength: number;
  /** Attention sees at most this many previous positions; null = all. */
  readonly slidingWindow: number | null;
  /** All that the layers have and that a request can outgrow, each once. */
  readonly windows: readonly number[];
  /** Null for a dense model. `layers` are the indices of the layers that route. */
  readonly moe: MoeSpec | null;
  /** Null for a generation model: then requests are embed steps and nothing else. */
  readonly embedding: EmbeddingSpec | null;
  readonly format: WeightFormat;
  /** Element type of K and V. */
  readonly kvType: KvType;
  /** What layers keep of a sequence beside K and V, or instead; null = all layers have K and V and nothing else. */
  readonly state: StateSpec | null;
  /** The layers that have K and V where not all that attend have, or not alike; absent = all are as above. */
  readonly kvLayers?: readonly KvLayer[];
  /** Bytes of the weights as a device holds them (model/weights/loaded-bytes.ts). */
  readonly weightBytes: number;
  /** Linears that adapters may change, in the order of the network; absent = the graph has no place for adapters. */
  readonly lora?: readonly LoraSite[];
}

/**
 * What makes one vector of a text's hidden states: the first token's, the last token's, the largest of each
 * dimension, the mean, the sum over the root of the length, the mean weighted by position (1, 2, …). `tokens`: nothing,
 * each token has its own. `turn`: that of the token that ends the turn before the assistant's last.
 */
export type PoolingMode =
  'cls' | 'max' | 'mean' | 'mean_sqrt_len' | 'weightedmean' | 'last' | 'tokens' | 'turn';

/** A model that answers with a vector per text, or per token: embedder, cross-encoder, reward model, classifier. */
export interface EmbeddingSpec {
  /**
   * `embedding`: a pooled hidden state; `classification`: the logits of a head, one per label; `sparse`: a weight for each
   * token of the vocabulary, most of them 0.
   */
  readonly kind: 'embedding' | 'classification' | 'sparse';
  /** Length of the vector. */
  readonly dim: number;
  /** At least one; the vectors of several are joined in this order. */
  readonly pooling: readonly PoolingMode[];
  readonly normalize: boolean;
  /** Dimensions that `dimensions` may ask for: null = none, `any` = every prefix. */
  readonly matryoshka: readonly number[] | 'any' | null;
  /** `id2label` in order; null for embeddings. */
  readonly labels: readonly string[] | null;
  /** True: the checkpoint puts its scores through a sigmoid itself. */
  readonly squashes: boolean;
}

export interface MoeSpec {
  readonly layers: readonly number[];
  readonly numExperts: number;
  readonly topK: number;
}

/** Whether each token of a text has a vector, rather than the text one. */
export function isPerToken({ pooling }: EmbeddingSpec): boolean {
  return pooling.includes('tokens');
}

/** The state of a sequence that does not grow with it: each token changes it, and none can be taken back. */
export interface StateSpec {
  /** Indices of the layers that have K and V; at least one. */
  readonly kvLayers: readonly number[];
  readonly tensors: readonly StateTensor[];
}

/** What a layer keeps of a sequence, in f32; zeros before the first token. */
export interface StateTensor {
  readonly layer: number;
  /** `conv`: the last inputs of a convolution; `memory`: what linear attention sums up. */
  readonly part: StatePart;
  readonly shape: readonly number[];
}

export type StatePart = 'conv' | 'memory';

/** K and V of a layer in the cache, padding included. */
export interface KvLayer {
  readonly layer: number;
  readonly numKvHeads: number;
  readonly headDim: number;
  /** K is V too, and kept once; absent = V is kept beside it. */
  readonly keysAreValues?: boolean;
  /** Layers that have no K and V and read these; absent = none. */
  readonly readers?: readonly number[];
}

export const KV_PARTS = ['key', 'value'] as const;
export type KvPart = (typeof KV_PARTS)[number];

/** What the cache has of a layer, in this order. */
export function kvParts({ keysAreValues = false }: KvLayer): readonly KvPart[] {
  return keysAreValues ? ['key'] : KV_PARTS;
}

/** The layers that have K and V. */
export function kvLayersOf(spec: ModelSpec): readonly KvLayer[] {
  const { numLayers, numKvHeads, headDim, state } = spec;
  const layers = state?.kvLayers ?? Array.from({ length: numLayers }, (_, layer) => layer);
  return spec.kvLayers ?? layers.map((layer) => ({ layer, numKvHeads, headDim }));
}

export function stateElements({ shape }: StateTensor): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Bytes of what a sequence keeps beside K and V, however long it is. */
export function stateBytes({ state }: Pick<ModelSpec, 'state'>): number {
  const elements = state?.tensors.reduce((sum, tensor) => sum + stateElements(tensor), 0) ?? 0;
  return elements * Float32Array.BYTES_PER_ELEMENT;
}

/** Bytes of K and V of one token over all layers. */
export function kvBytesPerToken(spec: ModelSpec): number {
  const numbers = kvLayersOf(spec).reduce(
    (sum, layer) => sum + kvParts(layer).length * layer.numKvHeads * layer.headDim,
    0,
  );
  return numbers * KV_BYTES[spec.kvType];
}

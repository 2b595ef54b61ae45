import type { KeptCount } from '../core/kept-count.js';
import type { FloatType, ModelSpec } from '../core/model-spec.js';
import type { ModelTarget, TargetRequest } from './target.js';
import type { AnyPlan } from './plan/demands.js';
import type { Preference, Quantization } from './quantize/format.js';
import type { CalibrateKv, KvScales } from './kv-scales.js';
import type { LoraRecipe } from './lora/lora-recipe.js';
import type { LoraTargets } from './lora/lora-sites.js';
import type { QuantizeDeps, QuantizedWeights } from './quantize/kept-weights.js';
import type { Checkpoint } from './source/checkpoint.js';
import type { ModelSource } from './source/model-source.js';
import type { TensorOverlay } from './source/tensor-overlay.js';
import type { WeightStore } from './weights/weight-store.js';

/** `--load-format`: `auto` takes the weights that are there, `dummy` makes random ones; the others must be there. */
export const LOAD_FORMATS = ['auto', 'safetensors', 'gguf', 'dummy'] as const;
export type LoadFormat = (typeof LOAD_FORMATS)[number];

/** What a model is built from, whether it generates or answers with vectors. */
export interface BuildOptions {
  readonly source: ModelSource;
  readonly quantization: Quantization;
  /** What `auto` looks at; default: speed. */
  readonly preference?: Preference;
  /** What weights, keys and values of a device may take together; default: nobody knows. */
  readonly memoryBytes?: number | null;
  /** `--disable-batch-invariance` */
  readonly allowsLoneRows?: boolean;
  /** `--disable-mla`: the cache has keys and values of all heads, where it could have latents. */
  readonly expandsLatents?: boolean;
  readonly loadFormat: LoadFormat;
  /** Null = all that the checkpoint was made for. */
  readonly contextLength: number | null;
  /** What it is to be computed on, and in. */
  readonly device: TargetRequest;
  /** Tensors that take the place of the source's; null = none. */
  readonly overlay: TensorOverlay | null;
  /** Which modules adapters may change; default: none. */
  readonly lora?: LoraTargets | null;
}

/** What the building needs beside files. */
export interface BuildDeps extends QuantizeDeps {
  /** Needed where {@link TargetRequest.kvCacheDtype} is not fp32. */
  readonly calibrateKv?: CalibrateKv;
  /** Absent, or without `roundLayer`, `int4` is rounded to nearest. */
  readonly readTexts?: ReadTexts;
}

/**
 * Texts of many kinds as the tokenizer of that folder or file has them, none longer than the context; null = there is
 * no tokenizer.
 */
export type ReadTexts = (
  tokenizerFolder: string,
  limits: { readonly vocabSize: number; readonly contextLength: number },
) => Promise<readonly Int32Array[] | null>;

/** Weights in the form that they are computed in, and what was measured with them. */
export interface QuantizedForm {
  readonly store: WeightStore;
  /** `networkDigest` of what they are for. */
  readonly network: string;
  /** Of the embedding table that they were made of. */
  readonly storedType: FloatType;
  /** Null where K and V are floats. */
  readonly kvScales: KvScales | null;
}

/** A graph with its weights, and what the log says of them. */
export interface BuiltModel {
  readonly spec: ModelSpec;
  /** ModelProto bytes. */
  readonly graph: Uint8Array;
  readonly target: ModelTarget;
  /** Whether a row's bits never depend on the rows beside it. */
  readonly isBatchInvariant: boolean;
  readonly plan: AnyPlan;
  readonly checkpoint: Checkpoint;
  readonly weights: QuantizedWeights;
  /** What `radish convert` writes; null where nothing is quantised. */
  readonly quantized: QuantizedForm | null;
  /** Why the weights have their format: one clause. */
  readonly formatReason: string;
  /** Linears in the checkpoint's own blocks; null where none could be. */
  readonly kept: KeptCount | null;
  /** How adapters are read for these weights; null = the graph has no place for any. */
  readonly lora: LoraRecipe | null;
  /** Whether linears that are rounded to four bits make good their errors (docs/decisions/0023); null = none are. */
  readonly isCompensated: boolean | null;
}

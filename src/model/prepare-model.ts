import type { KeptCount } from '../core/kept-count.js';
import type { QuantMethodName } from '../core/quant-methods.js';
import { buildDecoder } from './build-decoder.js';
import type { BuildDeps, LoadFormat, QuantizedForm } from './built-model.js';
import { generationDefaults, type GenerationDefaults } from './families/generation-config.js';
import type { PreparedModel } from './graph/contract.js';
import { warnOfUnreadLayers } from './weights/unread-layers.js';
import { ModelLoadError } from './load-error.js';
import type { LoraRecipe } from './lora/lora-recipe.js';
import type { LoraTargets } from './lora/lora-sites.js';
import { openModel } from './open-model.js';
import { countParameters } from './plan/demands.js';
import { buildPooledModel } from './pooled/build-pooled.js';
import { forTask } from './pooled/embedding-task.js';
import { isPooled, readPooledModel } from './pooled/registry.js';
import { sweepCache } from './quantize/drafts.js';
import type { Preference, Quantization } from './quantize/format.js';
import type { QuantizedWeights } from './quantize/kept-weights.js';
import type { Checkpoint } from './source/checkpoint.js';
import { requireMethod } from './source/quantized/named-method.js';
import type { ModelSource } from './source/model-source.js';
import type { TensorOverlay } from './source/tensor-overlay.js';
import { ON_CPU, type TargetRequest } from './target.js';

export interface PrepareOptions {
  /** Where the model lies; source/find-model.ts makes a path of a name. */
  readonly folder: string;
  readonly quantization: Quantization;
  /** How the checkpoint must be stored; default: in any way. */
  readonly quantMethod?: QuantMethodName | null;
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
  /** Default: the CPU. */
  readonly device?: TargetRequest;
  /** `--is-embedding`: a causal model answers with vectors. Others do so, or do not, by themselves. */
  readonly isEmbedding?: boolean;
  /** `--embedding-task`: whose adapters are taken; null = what config.json says, or none. */
  readonly embeddingTask?: string | null;
  /** Tensors that take the place of the folder's. */
  readonly overlay?: TensorOverlay | null;
  /** `--enable-lora`: which modules adapters may change. */
  readonly lora?: LoraTargets | null;
}

/** A model that is ready for a device worker, and what a person wants to know of it. */
export interface PreparedCheckpoint extends PreparedModel {
  readonly info: ModelInfo;
  /** Where each tensor was read from. */
  readonly checkpoint: Checkpoint;
  /** Whoever answers with these weights waits for it. */
  readonly proof: QuantizedWeights['proof'];
  /** What `radish convert` writes; null where nothing is quantised. */
  readonly quantized: QuantizedForm | null;
  /** How adapters are read for these weights; null = it takes none. */
  readonly lora: LoraRecipe | null;
  readonly generation: GenerationDefaults;
  /** Folder with tokenizer.json and what goes with it, or a file that has them inside. */
  readonly tokenizerFolder: string;
}

export interface ModelInfo {
  readonly folder: string;
  /** Whether `radish convert` wrote it. */
  readonly isConverted: boolean;
  /** Why the format was chosen; one clause. */
  readonly formatReason: string;
  /** Linears in the checkpoint's own blocks; null where none could be. */
  readonly kept: KeptCount | null;
  /** Whether linears that are rounded to four bits make good their errors; null = none are. */
  readonly isCompensated: boolean | null;
  readonly parameters: number;
  /** Weight files read, and their bytes. */
  readonly numFiles: number;
  readonly fileBytes: number;
  /** Null where nothing is quantised. */
  readonly quantization: { readonly cacheHit: boolean } | null;
  /** Weights outside the cache: to be removed when no device has them any more. */
  readonly temporaryFolder: string | null;
  readonly seconds: number;
}

/**
 * From a model's files to graph bytes and weights: reads and checks config and headers, picks a format,
 * quantises or takes quantised weights from the cache, builds the graph. Throws ModelLoadError or
 * ModelConfigError, one sentence each.
 */
export async function prepareModel(
  options: PrepareOptions,
  deps: BuildDeps,
): Promise<PreparedCheckpoint> {
  const start = performance.now();
  await sweepCache(deps.cacheDir);
  const { source, modules } = await openModel(options.folder);
  requireFormat(source, options.loadFormat);
  const { quantMethod = null } = options;
  // Random weights are stored in no way.
  if (quantMethod !== null && options.loadFormat !== 'dummy')
    await requireMethod(quantMethod, source, deps.warn);
  const config = forTask(await source.config(), options.embeddingTask ?? null, deps.warn);
  const { overlay = null, device = ON_CPU } = options;
  const build = { ...options, source, overlay, device };
  const { spec, graph, target, plan, checkpoint, weights, quantized, ...built } = isPooled(
    config,
    modules,
    options.isEmbedding ?? false,
  )
    ? await buildPooledModel(readPooledModel(config, modules), build, deps)
    : await buildDecoder(config, build, deps);
  warnOfUnreadLayers(plan, checkpoint, deps.warn);
  const { files } = checkpoint;
  return {
    spec,
    graph,
    target,
    isBatchInvariant: built.isBatchInvariant,
    weightsFolder: weights.store.folder,
    checkpoint,
    proof: weights.proof,
    quantized,
    lora: built.lora,
    generation: generationDefaults(await source.generationConfig(), config),
    tokenizerFolder: source.tokenizer.path,
    info: {
      folder: source.path,
      isConverted: source.format === 'converted' && options.loadFormat !== 'dummy',
      formatReason: built.formatReason,
      kept: built.kept,
      isCompensated: built.isCompensated,
      parameters: countParameters(plan),
      numFiles: files.length,
      fileBytes: files.reduce((total, file) => total + file.bytes, 0),
      quantization: spec.format === 'none' ? null : { cacheHit: weights.cacheHit },
      temporaryFolder: weights.temporaryFolder,
      seconds: (performance.now() - start) / 1000,
    },
  };
}

function requireFormat({ path, format }: ModelSource, asked: LoadFormat): void {
  if (asked === 'auto' || asked === 'dummy' || asked === format) return;
  throw new ModelLoadError(
    'bad_checkpoint',
    `${path} is ${format}, and --load-format is ${asked}.`,
  );
}

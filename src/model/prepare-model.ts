import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { BuiltModel } from './built-model.js';
import { checkPlan, countParameters, WeightSource } from './plan-tensors.js';
import type { ModelConfig } from './families/model-config.js';
import { resolveContextLength } from './families/context-length.js';
import { dummyCheckpoint } from './weights/dummy.js';
import { type GenerationDefaults, readGenerationDefaults } from './families/generation-config.js';
import { buildGraph } from './graph/decoder-graph.js';
import type { PreparedModel } from './graph/contract.js';
import { ModelLoadError } from './load-error.js';
import { plainWeights } from './weights/plain-weights.js';
import type { ModelPlan } from './plan.js';
import { isPooled, readPooledModel } from './pooled/registry.js';
import { buildPooledModel } from './pooled/build-pooled.js';
import { chooseFormat, type FormatChoice, type Quantization } from './quantize/format.js';
import {
  type QuantizeDeps,
  type QuantizedWeights,
  quantizedWeights,
} from './quantize/quantized-weights.js';
import { parseConfig, planFor } from './families/registry.js';
import { type Checkpoint, openCheckpoint } from './source/safetensors.js';
import { readSentenceModules } from './pooled/sentence-modules.js';
import { modelSpec } from './spec.js';
import { overlaid, type TensorOverlay } from './source/tensor-overlay.js';

export const LOAD_FORMATS = ['auto', 'safetensors', 'dummy'] as const;
export type LoadFormat = (typeof LOAD_FORMATS)[number];

export interface PrepareOptions {
  /** A folder with config.json and weights; see model-dir.ts for how a name becomes one. */
  readonly folder: string;
  readonly quantization: Quantization;
  readonly loadFormat: LoadFormat;
  /** Null = all that the checkpoint was made for. */
  readonly contextLength: number | null;
  /** `--is-embedding`: a causal model answers with vectors. Others do so, or do not, by themselves. */
  readonly isEmbedding?: boolean;
  /** Tensors that take the place of the folder's. */
  readonly overlay?: TensorOverlay | null;
}

/** A model that is ready for a device worker, and what a person wants to know of it. */
export interface PreparedCheckpoint extends PreparedModel {
  readonly info: ModelInfo;
  /** Where each tensor was read from. */
  readonly checkpoint: Checkpoint;
  readonly generation: GenerationDefaults;
}

export interface ModelInfo {
  readonly folder: string;
  /** Why the format was chosen; one clause. */
  readonly formatReason: string;
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
 * From a model folder to graph bytes and weights: reads and checks config and headers, picks a
 * format, quantises or takes quantised weights from the cache, builds the graph. Throws
 * {@link ModelLoadError} or ModelConfigError, one sentence each.
 */
export async function prepareModel(
  options: PrepareOptions,
  deps: QuantizeDeps,
): Promise<PreparedCheckpoint> {
  const start = performance.now();
  const json = await readConfigJson(options.folder);
  const modules = await readSentenceModules(options.folder);
  const built = isPooled(json, modules, options.isEmbedding ?? false)
    ? await buildPooledModel(readPooledModel(json, modules), options, deps.cacheDir)
    : await buildDecoder(json, options, deps);
  const { spec, graph, plan, checkpoint, weights } = built;
  const { files } = checkpoint;
  return {
    spec,
    graph,
    weightsFolder: weights.store.folder,
    checkpoint,
    generation: await readGenerationDefaults(options.folder, json),
    info: {
      folder: options.folder,
      formatReason: built.formatReason,
      parameters: countParameters(plan),
      numFiles: files.length,
      fileBytes: files.reduce((total, file) => total + file.bytes, 0),
      quantization: spec.format === 'none' ? null : { cacheHit: weights.cacheHit },
      temporaryFolder: weights.temporaryFolder,
      seconds: (performance.now() - start) / 1000,
    },
  };
}

async function buildDecoder(
  json: Record<string, unknown>,
  options: PrepareOptions,
  deps: QuantizeDeps,
): Promise<BuiltModel> {
  const config = parseConfig(json);
  const plan = planFor(config);
  const contextLength = resolveContextLength(config, options.contextLength);
  const choice = chooseFormat(options.quantization, plan);
  const checkpoint = await openWeights(options, plan, deps);
  // What was sent is not on disk under a name: it will not be asked for again.
  const isKept = (options.overlay ?? null) === null;
  const weights = await loadWeights({ plan, config, checkpoint, isKept }, choice, deps);
  const { store } = weights;
  const { format, totalBytes: weightBytes } = store;
  return {
    spec: modelSpec(config, { contextLength, format, weightBytes }),
    graph: buildGraph(config, plan, store, { contextLength }),
    plan,
    checkpoint,
    weights,
    formatReason: choice.reason,
  };
}

interface LoadInput {
  readonly plan: ModelPlan;
  readonly config: ModelConfig;
  readonly checkpoint: Checkpoint;
  readonly isKept: boolean;
}

async function loadWeights(
  { plan, config, checkpoint, isKept }: LoadInput,
  { format }: FormatChoice,
  deps: QuantizeDeps,
): Promise<QuantizedWeights> {
  const source = new WeightSource(checkpoint);
  checkPlan(plan, source);
  const { files } = checkpoint;
  if (format !== 'none') {
    return quantizedWeights({ plan, config, source, files, isKept }, format, deps);
  }
  return { store: plainWeights(plan, source, files), cacheHit: false, temporaryFolder: null };
}

async function openWeights(
  options: PrepareOptions,
  plan: ModelPlan,
  deps: QuantizeDeps,
): Promise<Checkpoint> {
  const { folder, loadFormat, overlay = null } = options;
  const base =
    loadFormat === 'dummy' ? dummyCheckpoint(plan, deps.cacheDir) : openCheckpoint(folder);
  return overlaid(await base, overlay);
}

async function readConfigJson(folder: string): Promise<Record<string, unknown>> {
  const path = join(folder, 'config.json');
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new ModelLoadError('folder_not_found', `Cannot read ${path} (${code}).`, { cause });
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new ModelLoadError('bad_config', `${path} is not valid JSON.`, { cause });
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new ModelLoadError('bad_config', `${path} is not a JSON object.`);
  }
  return json as Record<string, unknown>;
}

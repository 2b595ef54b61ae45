import { join } from 'node:path';

import type { ModelSpec } from '../../core/model-spec.js';
import type { BuiltModel } from '../built-model.js';
import { checkPlan, WeightSource } from '../plan-tensors.js';
import { resolveContextLength } from '../families/context-length.js';
import { dummyCheckpoint } from '../weights/dummy.js';
import { ModelLoadError } from '../load-error.js';
import { plainWeights } from '../weights/plain-weights.js';
import { buildPooledGraph } from './pooled-graph.js';
import type { PooledPlan } from './pooled-plan.js';
import type { PooledModel } from './registry.js';
import { openCheckpoint, type Checkpoint } from '../source/safetensors.js';
import type { Quantization } from '../quantize/format.js';
import { modelSpec, type SpecOptions } from '../spec.js';
import { overlaid, type TensorOverlay } from '../source/tensor-overlay.js';

export interface PooledOptions {
  readonly folder: string;
  readonly quantization: Quantization;
  readonly loadFormat: 'auto' | 'safetensors' | 'dummy';
  readonly contextLength: number | null;
  readonly overlay?: TensorOverlay | null;
}

/** Checks the weights and builds the graph. `cacheDir` takes dummy weights. */
export async function buildPooledModel(
  model: PooledModel,
  options: PooledOptions,
  cacheDir: string,
): Promise<BuiltModel> {
  refuseQuantization(options.quantization);
  const { plan } = model;
  const contextLength = pooledContextLength(model, options.contextLength);
  const { overlay = null } = options;
  const checkpoint =
    options.loadFormat === 'dummy'
      ? overlaid(await dummyCheckpoint(plan, cacheDir), overlay)
      : await openPooledCheckpoint(options.folder, model, overlay);
  const source = new WeightSource(checkpoint);
  checkPlan(plan, source);
  const store = plainWeights(plan, source, checkpoint.files);
  const { format, totalBytes: weightBytes } = store;
  return {
    spec: pooledSpec(model, { contextLength, format, weightBytes }),
    graph: buildPooledGraph(model, store, { contextLength }),
    plan,
    checkpoint,
    weights: { store, cacheHit: false, temporaryFolder: null },
    formatReason: 'embedding models compute in f32',
  };
}

/** Vectors are compared, so nothing is rounded: these models compute in f32. */
function refuseQuantization(requested: Quantization): void {
  if (requested === 'auto' || requested === 'none') return;
  throw new ModelLoadError(
    'bad_option',
    `--quantization ${requested} is not possible: embedding models compute in f32. Use auto or none.`,
  );
}

/**
 * The folder's weights and those of its Dense modules under one roof. Trunk tensors get the names of the
 * plan, whether the checkpoint was saved with the prefix of a model with a head or without it.
 */
async function openPooledCheckpoint(
  folder: string,
  { plan, prefix }: PooledModel,
  overlay: TensorOverlay | null,
): Promise<Checkpoint> {
  const trunk = overlaid(await openCheckpoint(folder), overlay);
  const tensors = new Map(trunk.tensors);
  for (const [name, tensor] of trunk.tensors) {
    const alias = aliasOf(name, prefix);
    if (!tensors.has(alias)) tensors.set(alias, tensor);
  }
  const parts = await Promise.all(
    modulePaths(plan).map(async (path) => ({
      path,
      checkpoint: await openCheckpoint(join(folder, path)),
    })),
  );
  for (const { path, checkpoint } of parts) {
    for (const [name, tensor] of checkpoint.tensors) tensors.set(`${path}/${name}`, tensor);
  }
  const files = [...trunk.files, ...parts.flatMap(({ checkpoint }) => checkpoint.files)];
  return { folder, files, tensors };
}

/** TensorFlow's names of a LayerNorm's parameters live on in old checkpoints of BERT. */
function aliasOf(name: string, { text, inPlan }: PooledModel['prefix']): string {
  if (inPlan) return name.startsWith(text) ? name : text + name;
  const bare = name.startsWith(text) ? name.slice(text.length) : name;
  return bare
    .replace(/\.LayerNorm\.gamma$/, '.LayerNorm.weight')
    .replace(/\.LayerNorm\.beta$/, '.LayerNorm.bias');
}

function modulePaths({ stages }: PooledPlan): string[] {
  const weights = stages.flatMap((stage) =>
    stage.kind === 'linear' ? stage.linear.parts.map((part) => part.weight) : [],
  );
  return weights.flatMap((name) => (name.includes('/') ? [name.slice(0, name.indexOf('/'))] : []));
}

function pooledContextLength({ plan }: PooledModel, requested: number | null): number {
  const { trunk } = plan;
  return resolveContextLength(
    trunk.kind === 'decoder' ? trunk.config : { ...trunk.config, rope: null },
    requested,
  );
}

/** What the actors may know of the model. */
function pooledSpec({ plan, embedding }: PooledModel, options: SpecOptions): ModelSpec {
  const { trunk } = plan;
  if (trunk.kind === 'decoder') return { ...modelSpec(trunk.config, options), embedding };
  const { config } = trunk;
  return {
    architecture: config.architecture,
    modelType: config.modelType,
    numLayers: config.numLayers,
    numHeads: config.numHeads,
    numKvHeads: config.numHeads,
    headDim: config.hiddenSize / config.numHeads,
    hiddenSize: config.hiddenSize,
    vocabSize: config.vocabSize,
    slidingWindow: null,
    moe: null,
    embedding,
    ...options,
  };
}

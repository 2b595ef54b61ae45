import type { FloatType, ModelSpec } from '../../core/model-spec.js';
import type { BuildOptions, BuiltModel } from '../built-model.js';
import type { ConvertedWeights } from '../converted/converted-weights.js';
import { networkDigest } from '../converted/manifest.js';
import {
  convertedCheckpoint,
  type ConvertedNetwork,
  convertedTarget,
  requireConverted,
} from '../converted/network-weights.js';
import { resolveContextLength } from '../families/context-length.js';
import { ModelLoadError } from '../load-error.js';
import { chooseFormat } from '../quantize/format.js';
import { NONE_KEPT } from '../quantize/kept-linears.js';
import type { QuantizeDeps, QuantizedWeights } from '../quantize/kept-weights.js';
import { quantizedWeights } from '../quantize/quantized-weights.js';
import { unpackedCheckpoint } from '../quantize/unpacked-weights.js';
import type { Checkpoint } from '../source/checkpoint.js';
import { overlaid } from '../source/tensor-overlay.js';
import { planDemands } from '../plan/demands.js';
import { attentionsOf } from '../plan/facts.js';
import { modelSpec, type SpecOptions } from '../spec.js';
import { CPU_TARGET, type TargetRequest } from '../target.js';
import { aliased, withPrefix } from '../weights/aliases.js';
import { textName } from '../weights/text-part.js';
import { dummyCheckpoint } from '../weights/dummy.js';
import { checkPlan, findWeight } from '../weights/find-weight.js';
import { withViews } from '../weights/tensor-views.js';
import { loadedBytes } from '../weights/loaded-bytes.js';
import { plainWeights } from '../weights/plain-weights.js';
import { buildPooledGraph } from './pooled-graph.js';
import type { PooledPlan, PooledTrunk } from './pooled-plan.js';
import type { PooledModel } from './registry.js';

/** A model that answers with vectors: checks the weights, builds the graph. */
export async function buildPooledModel(
  model: PooledModel,
  options: BuildOptions,
  deps: QuantizeDeps,
): Promise<BuiltModel> {
  refuseDevice(options.device);
  refuseLora(options);
  const { plan } = model;
  const contextLength = pooledContextLength(model, options.contextLength);
  const converted = options.loadFormat === 'dummy' ? null : await options.source.converted();
  const { checkpoint, storedType, weights, formatReason } =
    converted === null
      ? await weightsFromCheckpoint(model, options, deps)
      : weightsAsConverted(converted, model, options);
  const { store } = weights;
  const { format } = store;
  const weightBytes = loadedBytes(store.map, CPU_TARGET.device);
  return {
    spec: pooledSpec(model, { contextLength, format, weightBytes, kvType: 'f32' }),
    graph: buildPooledGraph(model, store, { contextLength }),
    target: CPU_TARGET,
    plan,
    checkpoint,
    weights,
    quantized:
      format === 'none'
        ? null
        : { store, network: networkDigest(networkOf(model)), storedType, kvScales: null },
    isBatchInvariant: true,
    formatReason,
    kept: null,
    isCompensated: null,
    lora: null,
  };
}

/** What a network computes with, wherever it came from. */
interface PooledWeights {
  readonly checkpoint: Checkpoint;
  /** Of its embedding table. */
  readonly storedType: FloatType;
  readonly weights: QuantizedWeights;
  readonly formatReason: string;
}

async function weightsFromCheckpoint(
  model: PooledModel,
  options: BuildOptions,
  deps: QuantizeDeps,
): Promise<PooledWeights> {
  const { plan } = model;
  const { format, reason } = chooseFormat(options.quantization, plan, CPU_TARGET, options);
  const checkpoint =
    options.loadFormat === 'dummy'
      ? overlaid(await dummyCheckpoint(plan, deps), options.overlay)
      : await openPooledCheckpoint(model, options);
  checkPlan(plan, checkpoint);
  const { embedding } = plan.trunk.plan;
  const storedType = findWeight(checkpoint, embedding.checkpoint, embedding.shape).dtype;
  const isKept = options.overlay === null;
  const found = { checkpoint, storedType, formatReason: reason };
  if (format !== 'none') {
    const { config } = plan.trunk;
    const input = { plan, config, checkpoint, target: CPU_TARGET, kept: NONE_KEPT, texts: null };
    return { ...found, weights: await quantizedWeights({ ...input, isKept }, format, deps) };
  }
  const { checkpoint: unpacked, ...kept } = await unpackedCheckpoint(
    plan,
    { checkpoint, isKept },
    deps,
  );
  return { ...found, weights: { ...kept, store: plainWeights(plan, unpacked) } };
}

function weightsAsConverted(
  converted: ConvertedWeights,
  model: PooledModel,
  options: BuildOptions,
): PooledWeights {
  convertedTarget(converted, options);
  requireConverted(converted, networkOf(model), options);
  const { manifest, store, proof } = converted;
  return {
    checkpoint: convertedCheckpoint(converted, model.plan),
    storedType: manifest.source.dtype,
    weights: { store, cacheHit: false, temporaryFolder: null, proof },
    formatReason: 'as it was converted',
  };
}

function networkOf({ plan }: PooledModel): ConvertedNetwork {
  const { config, views } = plan.trunk;
  return { config, plan, views };
}

function refuseLora({ lora = null }: BuildOptions): void {
  if (lora === null) return;
  throw new ModelLoadError(
    'bad_option',
    '--enable-lora serves models that generate; this one answers with vectors.',
  );
}

function refuseDevice({ device }: TargetRequest): void {
  if (device === 'cpu') return;
  throw new ModelLoadError(
    'bad_option',
    `--device ${device} serves models that generate; this one answers with vectors. Use --device cpu.`,
  );
}

/**
 * The model's weights and those of the modules behind it under one roof. Trunk tensors get the names of the
 * plan, whether the checkpoint was saved with the prefix of a model with a head or without it.
 */
async function openPooledCheckpoint(
  { plan }: PooledModel,
  { source, overlay }: BuildOptions,
): Promise<Checkpoint> {
  const { prefix, views } = plan.trunk;
  const stored = overlaid(await source.weights(), overlay);
  const tensors = new Map(aliased(stored, (name) => aliasOf(name, prefix)).tensors);
  const parts = await Promise.all(
    modulePaths(plan).map(async (path) => ({ path, weights: await source.partWeights(path) })),
  );
  for (const { path, weights } of parts) {
    for (const [name, tensor] of weights.tensors) tensors.set(`${path}/${name}`, tensor);
  }
  const files = [...stored.files, ...parts.flatMap(({ weights }) => weights.files)];
  return withViews({ folder: stored.folder, files, tensors }, views);
}

/**
 * TensorFlow's names of a LayerNorm's parameters live on in old checkpoints of BERT. A weight that has adapters beside it
 * is stored as torch's parametrisations name it.
 */
function aliasOf(name: string, { text, inPlan }: PooledTrunk['prefix']): string {
  if (inPlan) return withPrefix(textName(name), text);
  const bare = name.startsWith(text) ? name.slice(text.length) : name;
  return bare
    .replace(/\.parametrizations\.weight\.original$/, '.weight')
    .replace(/\.LayerNorm\.gamma$/, '.LayerNorm.weight')
    .replace(/\.LayerNorm\.beta$/, '.LayerNorm.bias');
}

/** Folders of the modules behind the trunk that have weights. */
function modulePaths(plan: PooledPlan): string[] {
  const names = planDemands(plan).map(({ checkpoint }) => checkpoint);
  const inFolders = names.filter((name) => name.includes('/'));
  return [...new Set(inFolders.map((name) => name.slice(0, name.lastIndexOf('/'))))];
}

function pooledContextLength({ plan }: PooledModel, requested: number | null): number {
  const { config, plan: network } = plan.trunk;
  const rotates = attentionsOf(network).some(({ rotary }) => rotary !== null);
  return resolveContextLength(rotates ? config : { ...config, rope: null }, requested);
}

/** What the actors may know of the model: it keeps no K and V, so its heads are as they are. */
function pooledSpec({ plan, embedding }: PooledModel, options: SpecOptions): ModelSpec {
  const { trunk } = plan;
  const { encoder, config } = trunk;
  const spec = { ...modelSpec(trunk, options), embedding };
  return encoder === null ? spec : { ...spec, headDim: config.headDim };
}

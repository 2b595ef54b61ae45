import type { KeptCount } from '../core/kept-count.js';
import type { FloatType } from '../core/model-spec.js';
import type { BuildDeps, BuildOptions, BuiltModel } from './built-model.js';
import type { ConvertedWeights } from './converted/converted-weights.js';
import {
  convertedCheckpoint,
  convertedKvScales,
  convertedTarget,
  requireConverted,
} from './converted/network-weights.js';
import { networkDigest } from './converted/manifest.js';
import { resolveContextLength } from './families/context-length.js';
import type { DecoderModel } from './families/family.js';
import { canKeepLatents, withLatentCache } from './families/latent-cache.js';
import { readDecoder } from './families/registry.js';
import { buildGraph } from './graph/decoder-graph.js';
import type { PreparedModel } from './graph/contract.js';
import { needsEvenRows } from './graph/run-rows.js';
import { requirePaged } from './graph/paged/require-paged.js';
import type { KvScales } from './kv-scales.js';
import { ModelLoadError } from './load-error.js';
import { chooseKvType } from './kv-type.js';
import { loraRecipe } from './lora/lora-recipe.js';
import { loraSites } from './lora/lora-sites.js';
import { hasPlainLayers } from './plan/facts.js';
import type { ModelPlan } from './plan/network.js';
import { trunkOf } from './plan/demands.js';
import { chooseFormat, type FormatChoice } from './quantize/format.js';
import { keptKvScales } from './quantize/kept-kv-scales.js';
import { countKept, keptLinears, NONE_KEPT } from './quantize/kept-linears.js';
import type { QuantizeDeps, QuantizedWeights } from './quantize/kept-weights.js';
import { quantizedWeights, type QuantizeInput } from './quantize/quantized-weights.js';
import type { LinearSteps } from './quantize/recipe-steps.js';
import { roundsToZeros, stepsOfLinears } from './quantize/recipe.js';
import { unpackedCheckpoint } from './quantize/unpacked-weights.js';
import type { Checkpoint } from './source/checkpoint.js';
import type { JsonObject } from './source/model-source.js';
import { overlaid } from './source/tensor-overlay.js';
import { modelSpec } from './spec.js';
import { targetFor, type ModelTarget } from './target.js';
import { aliased, withPrefix } from './weights/aliases.js';
import { DUMMY_TYPE, dummyCheckpoint } from './weights/dummy.js';
import { checkPlan, findWeight } from './weights/find-weight.js';
import { withViews } from './weights/tensor-views.js';
import { withTextPart } from './weights/text-part.js';
import { loadedBytes } from './weights/loaded-bytes.js';
import { plainWeights } from './weights/plain-weights.js';
import { fromRoot } from './weights/from-root.js';

/** A model that generates: checks and reads the weights in the best format there is, builds the graph. */
export async function buildDecoder(
  json: JsonObject,
  options: BuildOptions,
  deps: BuildDeps,
): Promise<BuiltModel> {
  const converted = options.loadFormat === 'dummy' ? null : await options.source.converted();
  const model = formOf(readDecoder(json), options, converted);
  const { config, plan } = model;
  const contextLength = resolveContextLength(config, options.contextLength);
  const { checkpoint, storedType, target, weights, formatReason, kept, isCompensated, steps } =
    converted === null
      ? await weightsFromCheckpoint(model, { options, contextLength, deps })
      : weightsAsConverted(converted, model, options);
  // A GPU's caches lie beside the weights, in a folder of their own (graph/paged/page-caches.ts).
  const store = target.device === 'cpu' ? weights.store : fromRoot(weights.store);
  const { format } = store;
  const weightBytes = loadedBytes(store.map, target.device);
  const { allowsLoneRows = false, lora: loraTargets = null } = options;
  const sites = loraTargets === null ? [] : loraSites(model, loraTargets);
  if (loraTargets !== null) requireLora(target, converted);
  const isBatchInvariant = !(
    allowsLoneRows &&
    target.device === 'cpu' &&
    needsEvenRows(plan, store)
  );
  const build = (kvScales: KvScales | null, lora = sites): PreparedModel => ({
    spec: modelSpec(model, {
      contextLength,
      format,
      weightBytes,
      kvType: kvScales === null ? target.kv : 'i8',
      ...(lora.length > 0 && { lora }),
    }),
    graph: buildGraph(model, store, { contextLength, target, kvScales, isBatchInvariant, lora }),
    weightsFolder: store.folder,
    target,
    isBatchInvariant,
  });
  const { kvCacheDtype } = options.device;
  const kvScales =
    chooseKvType(kvCacheDtype, model, { target, format }) === 'i8'
      ? await kvScalesFor(build(null, []), { weights, converted, options, deps })
      : null;
  const { spec, graph } = build(kvScales);
  return {
    spec,
    graph,
    target,
    isBatchInvariant,
    plan,
    checkpoint,
    weights: { ...weights, store },
    quantized:
      format === 'none'
        ? null
        : { store: weights.store, network: networkDigest(model), storedType, kvScales },
    formatReason,
    kept,
    isCompensated,
    lora: sites.length === 0 ? null : loraRecipe(model, sites, steps, checkpoint.tensors),
  };
}

/** Of latent attention that with the latents in its cache, where nothing speaks for the other. */
function formOf(
  model: DecoderModel,
  { device: { device, kvCacheDtype }, expandsLatents = false, lora = null }: BuildOptions,
  converted: ConvertedWeights | null,
): DecoderModel {
  if (!canKeepLatents(model)) return model;
  const isConvertedTo = (form: DecoderModel): boolean =>
    converted?.manifest.network === networkDigest(form);
  const keeping = withLatentCache(model);
  const isExpanded = expandsLatents || device !== 'cpu' || kvCacheDtype === 'int8' || lora !== null;
  if (!isExpanded) return isConvertedTo(model) ? model : keeping;
  if (converted === null || lora !== null || !isConvertedTo(keeping)) return model;
  throw new ModelLoadError(
    'bad_option',
    `${converted.path} was converted for a cache of latents, which --disable-mla and --kv-cache-dtype int8 are not: ` +
      'convert it again with those flags.',
  );
}

/** What a network computes with, wherever it came from. */
interface DecoderWeights {
  readonly checkpoint: Checkpoint;
  /** Of its embedding table. */
  readonly storedType: FloatType;
  readonly target: ModelTarget;
  readonly weights: QuantizedWeights;
  readonly formatReason: string;
  readonly kept: KeptCount | null;
  readonly isCompensated: boolean | null;
  /** What was done to linears beside their encoding, by name; those that are not there were left as they are. */
  readonly steps: ReadonlyMap<string, LinearSteps>;
}

interface CheckpointContext {
  readonly options: BuildOptions;
  readonly contextLength: number;
  readonly deps: BuildDeps;
}

async function weightsFromCheckpoint(
  model: DecoderModel,
  context: CheckpointContext,
): Promise<DecoderWeights> {
  const { options, deps } = context;
  const { config, plan } = model;
  const choose = (type: FloatType): FormatChoice =>
    chooseFormat(options.quantization, plan, targetFor(options.device, type), options);
  // A dummy is as large as the model: it is not written for a format that cannot be had.
  if (options.loadFormat === 'dummy') choose(DUMMY_TYPE);
  const checkpoint = await openWeights(options, model, deps);
  const storedType = embeddingType(plan, checkpoint);
  const target = targetFor(options.device, storedType);
  if (target.device !== 'cpu') requirePaged(model, target);
  const choice = choose(storedType);
  // What was sent is not on disk under a name: it will not be asked for again.
  const isKept = options.overlay === null;
  checkPlan(plan, checkpoint);
  const isForMemory = options.quantization === 'auto';
  const kept =
    choice.format === 'int4' ? keptLinears(plan, checkpoint, target, { isForMemory }) : NONE_KEPT;
  const input = { plan, config, checkpoint, target, kept, isKept };
  const rounding = await roundingOf(input, choice, context);
  const texts = rounding?.texts ?? null;
  return {
    checkpoint,
    storedType,
    target,
    weights: await loadWeights({ ...input, texts }, choice, deps),
    formatReason: choice.reason,
    kept: countKept(plan, kept),
    isCompensated: rounding === null ? null : texts !== null,
    steps:
      choice.format === 'none' ? new Map() : stepsOfLinears({ ...input, texts }, choice.format),
  };
}

function weightsAsConverted(
  converted: ConvertedWeights,
  model: DecoderModel,
  options: BuildOptions,
): DecoderWeights {
  const target = convertedTarget(converted, options);
  if (target.device !== 'cpu') requirePaged(model, target);
  requireConverted(converted, model, options);
  return {
    checkpoint: convertedCheckpoint(converted, model.plan),
    storedType: converted.manifest.source.dtype,
    target,
    weights: {
      store: converted.store,
      cacheHit: false,
      temporaryFolder: null,
      proof: converted.proof,
    },
    formatReason: 'as it was converted',
    kept: converted.manifest.kept,
    isCompensated: converted.manifest.isCompensated ?? null,
    steps: new Map(),
  };
}

/** @throws ModelLoadError where no adapter could be read, or run */
function requireLora(target: ModelTarget, converted: ConvertedWeights | null): void {
  if (target.device !== 'cpu') {
    throw new ModelLoadError(
      'bad_option',
      `--enable-lora is for the CPU: the graph of ${target.device} has no place for adapters.`,
    );
  }
  if (converted !== null) {
    throw new ModelLoadError(
      'bad_option',
      'Adapters are turned as the weights beside them were, by what only the checkpoint has: --enable-lora needs it in ' +
        'the place of the converted model.',
    );
  }
}

interface ScalesInput {
  /** Null = the weights are not of such a model. */
  readonly converted: ConvertedWeights | null;
  readonly weights: QuantizedWeights;
  readonly options: BuildOptions;
  readonly deps: BuildDeps;
}

/** Of a model with a cache of floats: those beside its weights, or measured anew; null = it keeps its floats. */
async function kvScalesFor(model: PreparedModel, input: ScalesInput): Promise<KvScales | null> {
  const scales = await findKvScales(model, input);
  if (scales !== null) return scales;
  const why = 'without a tokenizer no text can be read that shows how large keys and values are';
  if (input.options.device.kvCacheDtype === 'int8') {
    throw new ModelLoadError('bad_option', `--kv-cache-dtype int8 is not possible: ${why}.`);
  }
  input.deps.warn(`K and V stay in float32: ${why}.`);
  return null;
}

async function findKvScales(
  model: PreparedModel,
  { weights, converted, options, deps }: ScalesInput,
): Promise<KvScales | null> {
  const shipped = converted && convertedKvScales(converted, model.spec);
  if (shipped !== null) return shipped;
  const { calibrateKv } = deps;
  if (calibrateKv === undefined) throw new Error('this is a bug: nothing measures KV scales');
  const { tokenizer } = options.source;
  const measure = async (): Promise<KvScales | null> => {
    await weights.proof;
    return calibrateKv({ model, tokenizerFolder: tokenizer.path });
  };
  const isCached =
    model.spec.format !== 'none' && weights.temporaryFolder === null && converted === null;
  if (!isCached) return measure();
  return keptKvScales({ folder: weights.store.folder, tokenizer }, model.spec, measure);
}

/** What four bits are rounded on; its texts are null where that is nothing. Null = no linear is rounded to them. */
async function roundingOf(
  input: Pick<QuantizeInput, 'plan' | 'config' | 'target' | 'kept'>,
  { format }: FormatChoice,
  { options, contextLength, deps }: CheckpointContext,
): Promise<{ readonly texts: readonly Int32Array[] | null } | null> {
  if (format === 'none' || !roundsToZeros({ ...input, format })) return null;
  // Random weights answer at random, however they are rounded; no stage shows what linears of other layers read.
  const hasStages = hasPlainLayers(trunkOf(input.plan));
  if (options.loadFormat === 'dummy' || deps.readTexts === undefined || !hasStages) {
    return { texts: null };
  }
  const { vocabSize } = input.config;
  const texts = await deps.readTexts(options.source.tokenizer.path, { vocabSize, contextLength });
  if (texts === null) {
    deps.warn(
      'int4 is rounded to nearest, which costs several times as much: without a tokenizer no text can be read that ' +
        'shows what the linear layers multiply.',
    );
  }
  return { texts };
}

async function loadWeights(
  input: QuantizeInput,
  { format }: FormatChoice,
  deps: QuantizeDeps,
): Promise<QuantizedWeights> {
  if (format !== 'none') return quantizedWeights(input, format, deps);
  const { plan, checkpoint, target, isKept } = input;
  const { checkpoint: unpacked, ...kept } = await unpackedCheckpoint(
    plan,
    { checkpoint, isKept },
    deps,
  );
  return { ...kept, store: plainWeights(plan, unpacked, target.compute) };
}

async function openWeights(
  { source, loadFormat, overlay }: BuildOptions,
  { plan, views, isPart = false }: DecoderModel,
  deps: QuantizeDeps,
): Promise<Checkpoint> {
  const base = loadFormat === 'dummy' ? dummyCheckpoint(plan, deps) : source.weights();
  const stored = overlaid(await base, overlay);
  return withViews(isPart ? withTextPart(stored, plan) : withTrunk(stored, plan), views);
}

/** The head stands beside the trunk, which transformers 5 calls `model` where an architecture has another name for it. */
function withTrunk(checkpoint: Checkpoint, plan: ModelPlan): Checkpoint {
  const trunk = trunkName(plan);
  return aliased(checkpoint, (name) => {
    if (name.startsWith('lm_head.') || name.startsWith(trunk)) return name;
    return withPrefix(name.replace(/^model\./, ''), trunk);
  });
}

/** What stands before the names of all but the head, in a family's plan. */
function trunkName({ embedding: { checkpoint } }: ModelPlan): string {
  return checkpoint.slice(0, checkpoint.indexOf('.') + 1);
}

function embeddingType({ embedding }: ModelPlan, checkpoint: Checkpoint): FloatType {
  return findWeight(checkpoint, embedding.checkpoint, embedding.shape).dtype;
}

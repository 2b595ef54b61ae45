import type { QuantizedFormat } from '../../core/model-spec.js';
import type { ModelConfig } from '../families/model-config.js';
import { attentionNorms, besideNorms, normTensors, recurrentNorms } from '../plan/facts.js';
import {
  type AnyPlan,
  besideLinears,
  entryLinears,
  headOf,
  isRotatable,
  latentLinears,
  mlpTensors,
  plannedLinears,
  recurrentTensors,
  scoreTensors,
  streamTensors,
  tablesOf,
  trunkOf,
} from '../plan/demands.js';
import type { LayerPlan, ModelPlan } from '../plan/network.js';
import type { NormPlan, TensorPlan } from '../plan/tensors.js';
import {
  pooledLinears,
  pooledTensors,
  ROW_ROTATION,
  type PooledPlan,
} from '../pooled/pooled-plan.js';
import type { Checkpoint } from '../source/checkpoint.js';
import type { ModelTarget } from '../target.js';
import type { WeightMap } from '../weights/weight-store.js';
import type { LinearTask } from './compensate/layer-task.js';
import { staysFloat } from './float-linears.js';
import type { QuantizeJob } from './job.js';
import { JobList, type LayerRows, type LinearOrder } from './job-list.js';
import type { KeptLinears } from './kept-linears.js';
import { CacheLayout } from './layout.js';
import {
  attentionOrders,
  type Encodings,
  ENCODINGS,
  headOrder,
  inEight,
  keptOrder,
  keptParts,
  mlpOrders,
  order,
  partsOf,
  recurrentOrders,
  WITH_ZEROS,
} from './linear-orders.js';
import type { ProductSums } from './product-sums.js';
import {
  type LinearSteps,
  NO_STEPS,
  plainSteps,
  type RecipeSteps,
  rotatedSteps,
} from './recipe-steps.js';

/** Part of the cache's key: changes whenever the same checkpoint would give other bytes. */
export const RECIPE_VERSION = 7;

export interface RecipeInput {
  readonly plan: AnyPlan;
  readonly config: Pick<ModelConfig, 'hiddenSize' | 'headDim' | 'numHeads' | 'numKvHeads'>;
  readonly checkpoint: Checkpoint;
  readonly target: ModelTarget;
  /** Linears whose codes stay as they are. */
  readonly kept: KeptLinears;
  /** What the network reads while four bits are rounded; null = they are rounded to nearest. */
  readonly texts: readonly Int32Array[] | null;
  /** Of `w8a8_int8`; default: pairs, which is right everywhere. */
  readonly sums?: ProductSums;
}

/** Everything that makes a cache entry. */
export interface QuantizePlan {
  readonly map: WeightMap;
  readonly jobs: readonly QuantizeJob[];
  /** To be rounded one behind the other, when the jobs are done. */
  readonly layers: readonly LayerRounding[];
  readonly fileBytes: number;
}

/** A layer whose linears are rounded on what goes into them. */
export interface LayerRounding {
  /** Of the plan's layers. */
  readonly index: number;
  /** A file of so many bytes beside the cache's, and the jobs that fill it with the linears' rows. */
  readonly path: string;
  readonly fileBytes: number;
  readonly jobs: readonly QuantizeJob[];
  readonly linears: readonly LinearTask[];
}

/**
 * Lays out a quantised checkpoint in the file `target` and lists the jobs that fill it. The recipe:
 * gains folded, the residual stream rotated by R1, each head's values by R2, a block Hadamard before
 * `down_proj`, scales that are pair-safe where that is needed. `int8` and, on a CPU, `int4` have the rotations too, where
 * the family allows them; where it does not, `w8a8_int8` mixes each input by a block Hadamard.
 */
export function planQuantization(
  input: RecipeInput,
  format: QuantizedFormat,
  target: string,
): QuantizePlan {
  const list = new JobList(input.checkpoint, target, input.target.blockSize, input.sums);
  const steps = rotates(input, format)
    ? rotatedSteps(input.config, list, input.sums)
    : plainSteps(input.target);
  const { plan, kept } = input;
  const trunk = trunkOf(plan);
  const encoding = roundsToZeros({ ...input, format }) ? WITH_ZEROS : ENCODINGS[format];
  for (const table of tablesOf(trunk)) list.table(table, steps.embedding);
  for (const linear of entryLinears(trunk)) list.linear(order(linear, encoding.dense, NO_STEPS));
  const layers = trunk.layers.map((layer) => {
    const rows: LayerRows = {
      path: `${target}.layer`,
      layout: new CacheLayout(),
      jobs: [],
      linears: [],
    };
    addLayer(list, layer, { steps, encoding, kept, later: input.texts === null ? null : rows });
    return { ...rows, index: layer.index, fileBytes: rows.layout.fileBytes };
  });
  if (trunk.tokenInputs !== undefined) addNorm(list, trunk.tokenInputs.norm);
  if ('trunk' in plan) addPooled(list, plan, steps);
  else {
    addReadNorm(list, plan.finalNorm, steps);
    list.linear(ofHead(plan, steps, encoding));
  }
  const last = layers.findLastIndex(({ linears }) => linears.length > 0);
  return {
    map: list.map(format),
    jobs: list.jobs(),
    layers: layers.slice(0, last + 1),
    fileBytes: list.fileBytes,
  };
}

/** Whether a linear takes four bits with zero points, in large blocks: what the kernels of a CPU are fast with. */
export function roundsToZeros({
  format,
  plan,
  target,
  kept,
}: Pick<RecipeInput, 'plan' | 'target' | 'kept'> & { readonly format: QuantizedFormat }): boolean {
  if (format !== 'int4' || target.device !== 'cpu') return false;
  const others = new Set([
    ...staysFloat(plan),
    ...kept.linears.keys(),
    ...kept.finer,
    headOf(plan),
  ]);
  return plannedLinears(plan).some((linear) => !others.has(linear));
}

/** Codes that are kept are those of a network that is not rotated. */
function rotates({ plan, kept, target }: RecipeInput, format: QuantizedFormat): boolean {
  if (!isRotatable(plan)) return false;
  return format !== 'int4' || (target.device === 'cpu' && kept.linears.size === 0);
}

/** What stands around the layers of a model that answers with vectors, and what turns the rows of a rotated one back. */
function addPooled(list: JobList, plan: PooledPlan, { rowRotation }: RecipeSteps): void {
  addNorm(list, trunkOf(plan).finalNorm);
  addTables(list, pooledTensors(plan));
  for (const linear of pooledLinears(plan)) list.linear(order(linear, 'f32', NO_STEPS));
  if (rowRotation !== null) list.rotation(ROW_ROTATION, rowRotation);
}

interface LayerContext {
  readonly steps: RecipeSteps;
  readonly encoding: Encodings;
  readonly kept: KeptLinears;
  /** Takes the linears that are rounded behind the jobs; null = none are. */
  readonly later: LayerRows | null;
}

function addLayer(
  list: JobList,
  layer: LayerPlan,
  { steps, encoding, kept, later }: LayerContext,
): void {
  const add = (rounded: LinearOrder, by: LayerRows | null): void => {
    const asStored = kept.linears.get(rounded.plan);
    const { keyValue } = encoding;
    if (asStored?.kind === 'matrix') list.linear(keptOrder(rounded, asStored));
    else if (asStored !== undefined) list.parts(rounded.plan, keptParts(rounded, asStored), null);
    else if (kept.finer.has(rounded.plan)) list.linear(inEight(rounded));
    else if (rounded.plan === layer.attention?.qkv && keyValue !== null) {
      list.parts(rounded.plan, partsOf(rounded, keyValue), later);
    } else list.linear(rounded, by);
  };
  const { attention, recurrent, inputNorm, mlpNorm, mlp } = layer;
  for (const norm of [inputNorm, mlpNorm]) addReadNorm(list, norm, steps);
  // No linear of the residual stream stands behind these, to take their gains.
  const others = [
    ...(attention === null ? [] : attentionNorms(attention)),
    ...recurrentNorms(recurrent),
    layer.attentionOutputNorm,
    layer.mlpOutputNorm,
    ...besideNorms(layer),
  ];
  for (const norm of others) addNorm(list, norm);
  const ofMlp = mlp === null ? [] : mlpTensors(mlp);
  const ofLayer = [...scoreTensors(layer), ...recurrentTensors(recurrent), ...streamTensors(layer)];
  addTables(list, [...ofMlp, ...ofLayer]);
  for (const { linear, isShown } of layerOrders(layer, steps, encoding)) {
    add(linear, isShown ? later : null);
  }
}

interface LayerOrder {
  readonly linear: LinearOrder;
  /** Stages of a layer show what it reads (graph/layer-stages.ts). */
  readonly isShown: boolean;
}

function layerOrders(
  layer: LayerPlan,
  steps: RecipeSteps,
  encoding: Encodings,
): readonly LayerOrder[] {
  const { attention, recurrent, inputNorm, mlpNorm, mlp } = layer;
  const mixer = { steps, encoding, reads: steps.reads(inputNorm) };
  const reads = steps.reads(layer.isParallel ? (mlpNorm ?? inputNorm) : mlpNorm);
  const latents = attention === null ? [] : latentLinears(attention);
  const unseen = [
    ...latents.map((linear) => order(linear, encoding.dense, NO_STEPS)),
    ...recurrentOrders(recurrent, mixer),
  ];
  const beside = besideLinears(layer).map((linear) =>
    order(linear, linear === layer.altUp?.router ? 'f32' : encoding.dense, NO_STEPS),
  );
  const all = (linears: readonly LinearOrder[], isShown: boolean): readonly LayerOrder[] =>
    linears.map((linear) => ({ linear, isShown }));
  return [
    ...all(attention === null ? [] : attentionOrders(attention, inputNorm, mixer), true),
    ...all(unseen, false),
    ...all(mlp === null ? [] : mlpOrders(mlp, { steps, encoding, reads }), true),
    ...all(beside, false),
  ];
}

/** What is done to the inputs and outputs of the layers' linears, by name: what stands beside one gets the same. */
export function stepsOfLinears(
  input: RecipeInput,
  format: QuantizedFormat,
): ReadonlyMap<string, LinearSteps> {
  if (!rotates(input, format)) return new Map();
  const list = new JobList(input.checkpoint, '', input.target.blockSize);
  const steps = rotatedSteps(input.config, list);
  const encodings = ENCODINGS[format];
  const { layers, embedding } = trunkOf(input.plan);
  const ofLayers = layers.flatMap((layer) =>
    layerOrders(layer, steps, encodings).map(({ linear }) => linear),
  );
  const head = 'trunk' in input.plan ? [] : [ofHead(input.plan, steps, encodings)];
  const byName = [...ofLayers, ...head].map((one) => [one.plan.name, one] as const);
  const { rotation } = steps.embedding;
  const end = embedding.shape[1] ?? 0;
  const outputStep = rotation === null ? null : { begin: 0, end, rotation };
  return new Map<string, LinearSteps>([...byName, [embedding.name, { ...NO_STEPS, outputStep }]]);
}

function ofHead({ head, finalNorm }: ModelPlan, steps: RecipeSteps, encodings: Encodings) {
  return headOrder(head, encodings, steps.reads(finalNorm));
}

/** Of the residual stream, in front of linears that may have taken its gain. */
function addReadNorm(list: JobList, norm: NormPlan | null, { foldsGains }: RecipeSteps): void {
  if (foldsGains && norm?.gain) list.ones(norm.gain);
  else addNorm(list, norm);
}

function addNorm(list: JobList, norm: NormPlan | null): void {
  if (norm !== null) addTables(list, normTensors(norm));
}

/** As they are. */
function addTables(list: JobList, tensors: readonly TensorPlan[]): void {
  for (const tensor of tensors) list.table(tensor, { rotation: null, dtype: 'f32' });
}

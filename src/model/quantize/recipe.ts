import type { WeightFormat } from '../../core/model-spec.js';
import type { Checkpoint } from '../source/checkpoint.js';
import type { ModelConfig } from '../families/model-config.js';
import { attentionNorms, normTensors, recurrentNorms } from '../plan-facts.js';
import {
  activationTensors,
  latentLinears,
  plannedLinears,
  recurrentTensors,
  scoreTensors,
} from '../plan-tensors.js';
import type {
  AttentionPlan,
  GatedMlpPlan,
  LayerPlan,
  LinearPlan,
  MlpPlan,
  ModelPlan,
  NormPlan,
  RecurrentPlan,
  TensorPlan,
} from '../plan.js';
import type { BlockSize, ModelTarget } from '../target.js';
import type { WeightMap } from '../weights/weight-store.js';
import type { InputStep, LinearEncoding, OutputStep, QuantizeJob, TableJob } from './job.js';
import { staysFloat } from './format.js';
import type { LinearTask } from './compensate/layer-task.js';
import { JobList, type LayerRows, type LinearOrder } from './job-list.js';
import type { KeptLinears } from './kept-linears.js';
import { CacheLayout } from './layout.js';
import { mixesWholly, type RotationSpec } from './rotate.js';

/** Part of the cache's key: changes whenever the same checkpoint would give other bytes. */
export const RECIPE_VERSION = 5;

/** What `MatMulNBits` takes on a CPU, the largest first. */
const BLOCK_SIZES: readonly BlockSize[] = [128, 64, 32, 16];

/** Columns of `down_proj`'s input that the run-time Hadamard mixes. */
const DOWN_HADAMARD = 32;

/**
 * What rows of the rotated stream are quantised over behind an RMSNorm: their root mean square is 1, and the rotation
 * makes them alike in all places of a network (docs/decisions/0014-fewer-nodes.md).
 */
const NORMED_RANGE = 3.6;

const RESIDUAL_SEED = 0x52414449;

export type QuantizedFormat = Exclude<WeightFormat, 'none'>;

export interface RecipeInput {
  readonly plan: ModelPlan;
  readonly config: Pick<ModelConfig, 'hiddenSize' | 'headDim' | 'numHeads' | 'numKvHeads'>;
  readonly checkpoint: Checkpoint;
  readonly target: ModelTarget;
  /** Linears whose codes stay as they are. */
  readonly kept: KeptLinears;
  /** What the network reads while four bits are rounded; null = they are rounded to nearest. */
  readonly texts: readonly Int32Array[] | null;
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
 * `down_proj`, pair-safe scales. `int8` and, on a CPU, `int4` have the rotations too, where the family allows them.
 */
export function planQuantization(
  input: RecipeInput,
  format: QuantizedFormat,
  target: string,
): QuantizePlan {
  const list = new JobList(input.checkpoint, target, input.target.blockSize);
  const steps = rotates(input, format) ? rotated(input, list) : plainSteps(input.target);
  const { plan, kept } = input;
  const encoding = roundsToZeros({ ...input, format }) ? WITH_ZEROS : ENCODINGS[format];
  list.table(plan.embedding, steps.embedding);
  if (plan.positions !== null) list.table(plan.positions, steps.embedding);
  const layers = plan.layers.map((layer) => {
    const rows: LayerRows = {
      path: `${target}.layer`,
      layout: new CacheLayout(),
      jobs: [],
      linears: [],
    };
    addLayer(list, layer, { steps, encoding, kept, later: input.texts === null ? null : rows });
    return { ...rows, index: layer.index, fileBytes: rows.layout.fileBytes };
  });
  addReadNorm(list, plan.finalNorm, steps);
  list.linear(order(plan.head, encoding.head, steps.reads(plan.finalNorm)));
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
  const others = new Set([...staysFloat(plan), plan.head]);
  return plannedLinears(plan).some((linear) => !others.has(linear) && !kept.has(linear));
}

/** Codes that are kept are those of a network that is not rotated. */
function rotates({ plan, kept, target }: RecipeInput, format: QuantizedFormat): boolean {
  if (!plan.rotatable) return false;
  return format !== 'int4' || (target.device === 'cpu' && kept.size === 0);
}

interface Encodings {
  readonly dense: LinearEncoding;
  readonly expert: LinearEncoding;
  readonly head: LinearEncoding;
  /** Of keys and values, each in a matrix of its own, as the queries are; null = all three are one. */
  readonly keyValue: LinearEncoding | null;
}

/** The head of `int4` takes 8 bits: its errors are the logits' own. */
const ENCODINGS: Readonly<Record<QuantizedFormat, Encodings>> = {
  w8a8_int8: { dense: 'w8a8_int8', expert: 'int8', head: 'w8a8_int8', keyValue: null },
  int8: { dense: 'int8', expert: 'int8', head: 'int8', keyValue: null },
  int4: { dense: 'int4', expert: 'int4', head: 'int8', keyValue: null },
};

/** Of `int4` on a CPU. Keys and values are few weights and carry a quarter of the error (docs/decisions/0023). */
const WITH_ZEROS: Encodings = {
  dense: 'int4_zeros',
  expert: 'int4_zeros',
  head: 'int8',
  keyValue: 'int8',
};

interface LinearSteps {
  readonly inputStep: InputStep | null;
  readonly outputStep: OutputStep | null;
  readonly inputHadamard: number | null;
  /** Null = each row over its own largest magnitude. */
  readonly inputRange: number | null;
}

/** What a format does to each place of the network. */
interface RecipeSteps {
  /** Norm gains become 1, because the linears behind them took them. */
  readonly foldsGains: boolean;
  readonly embedding: {
    readonly rotation: RotationSpec | null;
    readonly dtype: TableJob['dtype'] | null;
  };
  /** A linear that reads the residual stream through this norm. */
  reads(norm: NormPlan | null): LinearSteps;
  qkv(norm: NormPlan | null, linear: LinearPlan): LinearSteps;
  readonly o: LinearSteps;
  readonly down: LinearSteps;
  /** A linear that writes the residual stream, and reads what nothing was done to. */
  readonly writes: LinearSteps;
}

const NO_STEPS: LinearSteps = {
  inputStep: null,
  outputStep: null,
  inputHadamard: null,
  inputRange: null,
};

function plainSteps(target: ModelTarget): RecipeSteps {
  return {
    foldsGains: false,
    embedding: { rotation: null, dtype: tableType(target) },
    reads: () => NO_STEPS,
    qkv: () => NO_STEPS,
    o: NO_STEPS,
    down: NO_STEPS,
    writes: NO_STEPS,
  };
}

/** Of the embedding table; null = as the checkpoint has it, which a GPU may have no rows of. */
function tableType({ device, compute }: ModelTarget): TableJob['dtype'] | null {
  if (device === 'cpu') return null;
  return compute === 'bf16' ? 'bf16' : 'f16';
}

function rotated({ config }: RecipeInput, list: JobList): RecipeSteps {
  const residual: RotationSpec = { size: config.hiddenSize, seed: RESIDUAL_SEED };
  const head: RotationSpec = { size: config.headDim, seed: null };
  const writes: OutputStep = { begin: 0, end: config.hiddenSize, rotation: residual };
  const reads = (norm: NormPlan | null): LinearSteps => ({
    ...NO_STEPS,
    inputStep: { gain: norm?.gain ? list.stored(norm.gain) : null, rotation: residual },
    inputRange: mixesWholly(config.hiddenSize) ? NORMED_RANGE : null,
  });
  const hadamard: RotationSpec = { size: DOWN_HADAMARD, seed: null };
  const writesFrom = (rotation: RotationSpec): LinearSteps => ({
    ...NO_STEPS,
    inputStep: { gain: null, rotation },
    outputStep: writes,
  });
  return {
    foldsGains: true,
    embedding: { rotation: residual, dtype: 'f16' },
    reads,
    qkv: (norm, linear) => ({
      ...reads(norm),
      // Keys and values are rounded themselves: with one range here both errors together are too large (0014).
      inputRange: null,
      // The values are the last rows; each query head of a group reads the same rotated head.
      outputStep: {
        begin: linear.out - config.numKvHeads * config.headDim,
        end: linear.out,
        rotation: head,
      },
    }),
    o: writesFrom(head),
    down: { ...writesFrom(hadamard), inputHadamard: DOWN_HADAMARD },
    writes: { ...NO_STEPS, outputStep: writes },
  };
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
  const add = (rounded: LinearOrder, by = later): void => {
    const asStored = kept.get(rounded.plan);
    const { keyValue } = encoding;
    if (asStored !== undefined) list.linear({ ...rounded, encoding: 'kept', kept: asStored });
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
  ];
  for (const norm of others) addNorm(list, norm);
  const ofMlp = mlp === null ? [] : activationTensors(mlp);
  addTables(list, [...ofMlp, ...scoreTensors(layer), ...recurrentTensors(recurrent)]);
  const mixer = { steps, encoding, reads: steps.reads(inputNorm) };
  if (attention !== null) {
    for (const linear of attentionOrders(attention, inputNorm, mixer)) add(linear);
    // No stage of a layer shows what these read.
    for (const linear of latentLinears(attention)) {
      add(order(linear, encoding.dense, NO_STEPS), null);
    }
  }
  for (const linear of recurrentOrders(recurrent, mixer)) add(linear, null);
  const reads = steps.reads(layer.isParallel ? (mlpNorm ?? inputNorm) : mlpNorm);
  const orders = mlp === null ? [] : mlpOrders(mlp, { steps, encoding, reads });
  for (const linear of orders) add(linear);
}

function attentionOrders(
  { qkv, gate, o }: AttentionPlan,
  norm: NormPlan | null,
  { steps, encoding: { dense }, reads }: PartContext,
): LinearOrder[] {
  return [
    order(qkv, dense, steps.qkv(norm, qkv)),
    ...(gate === null ? [] : [order(gate, dense, reads)]),
    order(o, dense, steps.o),
  ];
}

function recurrentOrders(
  plan: RecurrentPlan | null,
  { steps, encoding: { dense }, reads }: PartContext,
): LinearOrder[] {
  if (plan === null) return [];
  const out = order(plan.out, dense, steps.writes);
  switch (plan.kind) {
    case 'short_conv':
      return [order(plan.bcx, dense, reads), out];
    case 'delta_net': {
      const { qkv, z, gates } = plan;
      return [order(qkv, dense, reads), order(z, dense, reads), order(gates, 'f32', reads), out];
    }
    case 'mamba1': {
      const inF32 = [plan.selection, plan.steps].map((one) => order(one, 'f32', NO_STEPS));
      return [order(plan.xz, dense, reads), ...inF32, out];
    }
    case 'mamba2': {
      const { z, xbc, dt } = plan;
      return [order(z, dense, reads), order(xbc, dense, reads), order(dt, 'f32', reads), out];
    }
  }
}

interface PartContext {
  readonly steps: RecipeSteps;
  readonly encoding: Encodings;
  /** Of what reads the residual stream. */
  readonly reads: LinearSteps;
}

function mlpOrders(mlp: MlpPlan, { steps, encoding, reads }: PartContext): LinearOrder[] {
  const { dense, expert } = encoding;
  const gated = (part: GatedMlpPlan, to: LinearEncoding, down: LinearSteps): LinearOrder[] => [
    { ...order(part.gateUp, to, reads), matrices: to === 'w8a8_int8' ? 'each' : 'one' },
    order(part.down, to, down),
  ];
  switch (mlp.kind) {
    case 'gated':
      return gated(mlp, dense, steps.down);
    case 'plain':
      return [order(mlp.up, dense, reads), order(mlp.down, dense, steps.down)];
    case 'moe': {
      const { shared } = mlp;
      const gate = shared?.gate ?? null;
      return [
        order(mlp.router, 'f32', reads),
        // Without a Hadamard at run time, which would be a node for each of them.
        ...mlp.experts.flatMap((one) => gated(one, expert, steps.writes)),
        ...(shared === null ? [] : gated(shared, dense, steps.down)),
        ...(gate === null ? [] : [order(gate, 'f32', reads)]),
      ];
    }
  }
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

/** Queries as they were ordered, keys and values in `keyValue`: each part with what is done to its rows. */
function partsOf(whole: LinearOrder, keyValue: LinearEncoding): LinearOrder[] {
  const { plan, outputStep } = whole;
  let first = 0;
  return plan.parts.map((part, index) => {
    const begin = first;
    first += part.out;
    return {
      ...whole,
      plan: { ...plan, out: part.out, parts: [part] },
      encoding: index === 0 ? whole.encoding : keyValue,
      outputStep: outputStep && partOfStep(outputStep, begin, first),
    };
  });
}

/** Of rows `[begin, end)`; the step is of all of them, or of none. */
function partOfStep(step: OutputStep, begin: number, end: number): OutputStep | null {
  return step.begin <= begin && end <= step.end ? { ...step, begin: 0, end: end - begin } : null;
}

function order(plan: LinearPlan, encoding: LinearEncoding, steps: LinearSteps): LinearOrder {
  const blockSize = encoding === 'int4_zeros' ? largestBlock(plan) : null;
  return { plan, encoding, kept: null, matrices: 'one', blockSize, ...steps };
}

/** The larger, the fewer bits for scales, and the faster: with compensated rounding little is lost. */
function largestBlock({ name, in: width }: LinearPlan): BlockSize {
  const size = BLOCK_SIZES.find((block) => width % block === 0);
  if (size === undefined) throw new Error(`This is a bug: no blocks fill the input of ${name}.`);
  return size;
}

import type { ModelSpec } from '../../core/model-spec.js';
import type { BuildOptions } from '../built-model.js';
import type { KvScales } from '../kv-scales.js';
import { ModelLoadError } from '../load-error.js';
import type { ModelConfig } from '../families/model-config.js';
import {
  type AnyPlan,
  isRotatable,
  plannedLinears,
  plannedTensors,
  planDemands,
} from '../plan/demands.js';
import { ROW_ROTATION } from '../pooled/pooled-plan.js';
import type { Checkpoint, CheckpointTensor } from '../source/checkpoint.js';
import { targetFor, type ModelTarget } from '../target.js';
import type { LinearWeight, WeightMap } from '../weights/weight-store.js';
import type { ConvertedWeights } from './converted-weights.js';
import { networkDigest } from './manifest.js';
import type { TensorView } from '../weights/tensor-view.js';

/** The linear that makes logits, which no model that answers with vectors has. */
const HEAD = 'head';

/** What a folder's config.json says. */
export interface ConvertedNetwork {
  readonly config: ModelConfig;
  readonly plan: AnyPlan;
  readonly views: readonly TensorView[];
}

/** What to compute converted weights on, and in: that which they were made for. @throws ModelLoadError */
export function convertedTarget(
  { path, manifest }: ConvertedWeights,
  { device }: BuildOptions,
): ModelTarget {
  const target = targetFor(device, manifest.source.dtype);
  const { target: made } = manifest;
  if (made.device === target.device && made.compute === target.compute) return target;
  throw new ModelLoadError(
    'bad_option',
    `${path} was converted for --device ${made.device} in ${made.compute}, and is asked for on ${target.device} in ` +
      `${target.compute}: convert it again with those flags.`,
  );
}

/** That they are of this network, and in the format that is asked for. @throws ModelLoadError */
export function requireConverted(
  { path, manifest }: ConvertedWeights,
  model: ConvertedNetwork,
  { quantization, overlay }: BuildOptions,
): void {
  const { format, architecture, network, map } = manifest;
  const { config, plan } = model;
  if (overlay !== null) {
    throw new ModelLoadError(
      'bad_option',
      `${path} was written by radish convert, and tensors that are sent cannot be put among quantized ones: ` +
        'update from a folder, or serve the model that it was made of.',
    );
  }
  if (quantization !== 'auto' && quantization !== format) {
    throw new ModelLoadError(
      'bad_option',
      `--quantization ${quantization} is not possible: ${path} was converted to ${format}. Use auto or ${format}.`,
    );
  }
  requireKind(path, map, plan);
  if (architecture !== config.architecture || map.format !== format || !fits(map, plan)) {
    throw new ModelLoadError(
      'bad_checkpoint',
      `${path} has weights of another network than its config.json: it is not as radish convert wrote it.`,
    );
  }
  if (network === networkDigest(model)) return;
  throw new ModelLoadError(
    'bad_checkpoint',
    `${path} was written by a Radish that computes ${architecture} in another way: convert the model anew.`,
  );
}

/** The same checkpoint may generate and answer with vectors; only one of both has a head. */
function requireKind(path: string, { linears }: WeightMap, plan: AnyPlan): void {
  const isPooled = 'trunk' in plan;
  const names = Object.keys(linears);
  if (names.length === 0 || isPooled === !names.includes(HEAD)) return;
  const [made, advice] = isPooled
    ? ['generates', 'convert the original with --is-embedding']
    : ['answers with vectors', 'serve it with --is-embedding'];
  throw new ModelLoadError(
    'bad_option',
    `${path} was converted as a model that ${made}: ${advice}.`,
  );
}

/** Whether the map has all that the network reads, in the network's sizes. */
function fits({ tensors, linears }: WeightMap, plan: AnyPlan): boolean {
  try {
    return (
      turnsBack(tensors, plan) &&
      plannedTensors(plan).every(({ name, shape }) => isSame(tensors[name]?.shape, shape)) &&
      plannedLinears(plan).every((linear) =>
        isSame(sizesOf(linears[linear.name]), [linear.in, linear.out]),
      )
    );
  } catch (error) {
    // Somebody made it up.
    if (error instanceof TypeError) return false;
    throw error;
  }
}

/** Rows of a rotated stream are to be turned back before they are pooled. */
function turnsBack(tensors: WeightMap['tensors'], plan: AnyPlan): boolean {
  if (!('trunk' in plan)) return true;
  const { hiddenSize } = plan.trunk.config;
  const found = tensors[ROW_ROTATION];
  return isRotatable(plan) ? isSame(found?.shape, [hiddenSize, hiddenSize]) : found === undefined;
}

/** `[in, out]` of a linear, all its parts together. */
function sizesOf(linear: LinearWeight | undefined): readonly (number | undefined)[] {
  switch (linear?.format) {
    case 'none':
      return [
        linear.parts[0]?.weight.shape[1],
        sum(linear.parts.map(({ weight }) => weight.shape[0])),
      ];
    case 'w8a8_int8':
      return [
        linear.matrices[0]?.weight.shape[0],
        sum(linear.matrices.map(({ weight }) => weight.shape[1])),
      ];
    case 'parts':
      return [linear.parts[0]?.in, sum(linear.parts.map(({ out }) => out))];
    case 'int8':
    case 'int4':
      return [linear.in, linear.out];
    case undefined:
      return [];
  }
}

function sum(sizes: readonly (number | undefined)[]): number {
  return sizes.reduce<number>((total, size = NaN) => total + size, 0);
}

function isSame(
  sizes: readonly (number | undefined)[] | undefined,
  wanted: readonly number[],
): boolean {
  return sizes?.length === wanted.length && wanted.every((size, at) => size === sizes[at]);
}

/** Names and shapes of what the weights were made of, which is not there. */
export function convertedCheckpoint(
  { path, manifest, file }: ConvertedWeights,
  plan: AnyPlan,
): Checkpoint {
  const nothing = { offset: 0, byteLength: 0, storedDtype: manifest.format, dtype: null } as const;
  const tensors = planDemands(plan).map(
    ({ checkpoint: name, shape }): [string, CheckpointTensor] => [
      name,
      { name, path: file, ...nothing, packing: null, shape },
    ],
  );
  const files = [{ path: file, bytes: manifest.weights.fileBytes }];
  return { folder: path, files, tensors: new Map(tensors) };
}

/** Those that travel with the weights; null where there are none that fit. */
export function convertedKvScales(
  { manifest }: ConvertedWeights,
  { numLayers, numKvHeads, headDim }: ModelSpec,
): KvScales | null {
  const { kvScales } = manifest;
  const fits =
    kvScales?.length === numLayers &&
    kvScales.every(({ key }) => key.length === numKvHeads * headDim);
  return fits ? kvScales : null;
}

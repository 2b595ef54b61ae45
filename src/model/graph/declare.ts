import type { LoraSite } from '../../core/lora.js';
import { KV_PARTS, type KvLayer, type KvPart, kvParts } from '../../core/model-spec.js';
import type { DecoderModel } from '../families/family.js';
import type { ModelConfig } from '../families/model-config.js';
import { moeFacts, stateFacts } from '../plan/facts.js';
import type { ModelPlan, TrunkPlan } from '../plan/network.js';
import {
  EXTEND_INPUTS,
  expertsName,
  newRowsName,
  GRAPH_INPUTS,
  GRAPH_OUTPUTS,
  LORA_HEAD_INPUTS,
  LORA_INPUTS,
  LORA_LOGIT_INPUTS,
  loraName,
  pastName,
  pastStateName,
  presentName,
  presentStateName,
  STATE_INPUTS,
  TOP_ROWS,
} from './contract.js';
import type { OnnxValue } from './onnx.js';
import type { Graph } from './graph.js';
import { headLayout } from './head-layout.js';
import { kvLayers } from './kv-layers.js';

type Network = Pick<DecoderModel, 'config' | 'plan'>;

/** Declares the inputs of a decoder's graph, past K and V among them (graph/contract.ts). */
export function declareInputs(graph: Graph, { config, plan }: Network, isInt8: boolean): void {
  graph.input({ name: GRAPH_INPUTS.inputIds, dtype: 'i64', shape: ['B', 'S'] });
  graph.input({ name: GRAPH_INPUTS.seqlensK, dtype: 'i32', shape: [isInt8 ? 'D' : 'B'] });
  graph.input({ name: GRAPH_INPUTS.totalLength, dtype: 'i32', shape: [] });
  graph.input({ name: GRAPH_INPUTS.headRows, dtype: 'i64', shape: ['R'] });
  graph.input({ name: GRAPH_INPUTS.temperature, dtype: 'f32', shape: ['L'] });
  for (const kv of kvLayers(config, plan)) {
    for (const value of cacheValues(kv, kvParts(kv), { nameOf: pastName, isInt8 }))
      graph.input(value);
  }
  const states = stateValues(plan, pastStateName);
  if (states.length > 0) graph.input({ name: STATE_INPUTS.rows, dtype: 'i64', shape: [1] });
  for (const value of states) graph.input(value);
  if (isInt8) declareExtends(graph);
}

function declareExtends(graph: Graph): void {
  const { positions, follows, begins, ends, pastBegins, pastEnds, seqlensK, totalLengths } =
    EXTEND_INPUTS;
  graph.input({ name: positions, dtype: 'i64', shape: ['E'] });
  graph.input({ name: follows, dtype: 'bool', shape: ['N'] });
  for (const name of [begins, ends]) graph.input({ name, dtype: 'i64', shape: ['N', 1] });
  for (const name of [pastBegins, pastEnds]) graph.input({ name, dtype: 'i64', shape: ['N2'] });
  for (const name of [seqlensK, totalLengths]) graph.input({ name, dtype: 'i32', shape: ['N'] });
}

/** Declares what a graph with places for adapters is given of them. */
export function declareLora(graph: Graph, sites: readonly LoraSite[]): void {
  const { any, decodes, rows, ...places } = LORA_INPUTS;
  for (const name of [any, decodes]) graph.input({ name, dtype: 'bool', shape: [1] });
  graph.input({ name: rows, dtype: 'bool', shape: ['A', 1, 'T'] });
  for (const [of, list] of [
    ['C', places],
    ['H', LORA_HEAD_INPUTS],
    ['G', LORA_LOGIT_INPUTS],
  ] as const) {
    graph.input({ name: list.places, dtype: 'i64', shape: ['A', of, 1] });
    graph.input({ name: list.taken, dtype: 'bool', shape: ['A', of, 1, 1] });
    graph.input({ name: list.targets, dtype: 'i64', shape: [1, 1, 1, 'A', of, 1, 2] });
  }
  for (const { name, in: width, out, isTable } of sites) {
    graph.input({
      name: loraName(name, 'a'),
      dtype: 'f32',
      shape: isTable ? [`${name}.rows`, `${name}.m`] : [1, 1, 'A', 1, width, `${name}.m`],
    });
    graph.input({
      name: loraName(name, 'b'),
      dtype: 'f32',
      shape: [1, 1, 1, 'A', 1, `${name}.m`, out],
    });
  }
}

/** Declares the outputs of a decoder's graph, present K and V among them; `stop_copy` must be the first. */
export function declareOutputs(
  graph: Graph,
  { config, plan }: DecoderModel,
  isInt8: boolean,
): void {
  const topRows = Math.min(TOP_ROWS, config.vocabSize);
  graph.output({ name: GRAPH_OUTPUTS.stopCopy, dtype: 'f32', shape: ['L'], sequence: true });
  graph.output({ name: GRAPH_OUTPUTS.logprobs, dtype: 'f32', shape: ['L', config.vocabSize] });
  graph.output({ name: GRAPH_OUTPUTS.topValues, dtype: 'f32', shape: ['L', topRows] });
  graph.output({ name: GRAPH_OUTPUTS.topIds, dtype: 'i64', shape: ['L', topRows] });
  graph.output({ name: GRAPH_OUTPUTS.logits, dtype: 'f32', shape: ['L', config.vocabSize] });
  graph.output({ name: GRAPH_OUTPUTS.hiddenStates, dtype: 'f32', shape: ['R', config.hiddenSize] });
  const presents = kvLayers(config, plan).flatMap((kv) =>
    [kv.layer, ...(kv.readers ?? [])].map((layer) => ({ ...kv, layer })),
  );
  for (const kv of presents) {
    for (const value of cacheValues(kv, KV_PARTS, { nameOf: presentName, isInt8 }))
      graph.output(value);
  }
  for (const value of stateValues(plan, presentStateName)) graph.output(value);
  if (isInt8) for (const value of newRowsValues(config)) graph.output(value);
  declareExperts(graph, plan);
}

/** The experts that each token took, of each layer that routes. */
export function declareExperts(graph: Graph, plan: TrunkPlan): void {
  const moe = moeFacts(plan);
  for (const layer of moe?.layers ?? []) {
    graph.output({ name: expertsName(layer), dtype: 'i64', shape: ['T', moe?.topK ?? 0] });
  }
}

function newRowsValues({ numLayers, numKvHeads, headDim }: ModelConfig): OnnxValue[] {
  const shape = [2 * numKvHeads, 'E', headLayout(headDim).cacheHeadDim];
  return Array.from({ length: numLayers }, (_, layer) => ({
    name: newRowsName(layer),
    dtype: 'i8',
    shape,
  }));
}

function stateValues(plan: ModelPlan, nameOf: typeof pastStateName): OnnxValue[] {
  const tensors = stateFacts(plan)?.tensors ?? [];
  return tensors.map(({ layer, part, shape }) => ({
    name: nameOf(layer, part),
    dtype: 'f32',
    shape: ['B', ...shape],
  }));
}

function cacheValues(
  { layer, numKvHeads, headDim }: KvLayer,
  parts: readonly KvPart[],
  { nameOf, isInt8 }: { readonly nameOf: typeof pastName; readonly isInt8: boolean },
): OnnxValue[] {
  return parts.map((part) => ({
    name: nameOf(layer, part),
    dtype: isInt8 ? 'i8' : 'f32',
    shape: ['B', numKvHeads, 'max_seq', headDim],
  }));
}

import type { ModelConfig } from '../families/model-config.js';
import { GRAPH_INPUTS, GRAPH_OUTPUTS } from './contract.js';
import { attentionRows } from './attention-rows.js';
import type { GraphContext } from './context.js';
import { Graph } from './graph.js';
import { decodeCondition, scaleOfRotary } from './group-query.js';
import { head } from './head.js';
import { padTable } from './head-layout.js';
import { declareInputs, declareOutputs } from './declare.js';
import { decoderStack } from './stack.js';
import type { ModelPlan } from '../plan.js';
import { ropeTables } from './rope-tables.js';
import type { WeightStore } from '../weights/weight-store.js';

export interface GraphOptions {
  /** Most positions of a request. */
  readonly contextLength: number;
}

/** A prompt that fills the context may still need a dummy row after it (graph/contract.ts). */
const SPARE_POSITIONS = 2;

/** ModelProto bytes of the whole network, by the contract of graph/contract.ts. */
export function buildGraph(
  config: ModelConfig,
  plan: ModelPlan,
  store: WeightStore,
  options: GraphOptions,
): Uint8Array {
  const graph = new Graph();
  declareInputs(graph, config);
  declareOutputs(graph, config);
  const context: GraphContext = {
    graph,
    config,
    store,
    hasCache: true,
    rows: attentionRows(graph, config),
    isDecode: decodeCondition(graph, config),
    rotary: rotaryTables(graph, config, options.contextLength + SPARE_POSITIONS),
  };
  graph.node('SequenceConstruct', [GRAPH_INPUTS.temperature], {
    outputs: [GRAPH_OUTPUTS.stopCopy],
  });
  head(context, decoderStack(context, plan), plan);
  return graph.encode();
}

/** Tables for positions `[0, numPositions)`, the scale of attention in them. */
export function rotaryTables(
  graph: Graph,
  config: ModelConfig,
  numPositions: number,
): GraphContext['rotary'] {
  const { headDim, rope } = config;
  const { cos, sin } = ropeTables(rope, headDim, numPositions);
  const scale = scaleOfRotary(config);
  const table = (values: Float32Array, fill: number): string => {
    const padded = padTable(
      values.map((value) => value * scale),
      headDim,
      fill,
    );
    return graph.f32(padded, [numPositions, padded.length / numPositions]);
  };
  return { cos: table(cos, 1), sin: table(sin, 0) };
}

import type { DecoderModel } from '../../families/family.js';
import type { ModelTarget } from '../../target.js';
import type { WeightStore } from '../../weights/weight-store.js';
import type { GraphContext } from '../context.js';
import { GRAPH_INPUTS, GRAPH_OUTPUTS, PAGED_INPUTS, TOP_ROWS } from '../contract.js';
import { declareExperts } from '../declare.js';
import { Graph } from '../graph.js';
import { decoderStack } from '../stack.js';
import { pagedAttention } from './paged-attention.js';
import { pagedHead } from './paged-head.js';

export interface PagedGraphOptions {
  readonly contextLength: number;
  readonly target: ModelTarget;
}

/** ModelProto bytes of the whole network with K and V on pages in the session, by {@link PAGED_INPUTS}. */
export function pagedGraph(
  model: DecoderModel,
  store: WeightStore,
  { contextLength, target }: PagedGraphOptions,
): Uint8Array {
  const { config, plan } = model;
  const graph = new Graph(target.compute);
  declareInputs(graph);
  declareOutputs(graph, model);
  const attend = pagedAttention(graph, config, { target, contextLength });
  const context: GraphContext = { graph, config, store, target, attend };
  pagedHead(context, decoderStack(context, plan), plan);
  return graph.encode();
}

function declareInputs(graph: Graph): void {
  const { cumulativeLengths, pastLengths, blockTable, metadata, wholeRows } = PAGED_INPUTS;
  graph.input({ name: GRAPH_INPUTS.inputIds, dtype: 'i64', shape: [1, 'T'] });
  graph.input({ name: cumulativeLengths, dtype: 'i32', shape: ['B1'] });
  graph.input({ name: pastLengths, dtype: 'i32', shape: ['B'] });
  graph.input({ name: blockTable, dtype: 'i32', shape: ['B', 'pages'] });
  graph.input({ name: metadata, dtype: 'i32', shape: ['metadata'] });
  graph.input({ name: GRAPH_INPUTS.headRows, dtype: 'i64', shape: ['R'] });
  graph.input({ name: GRAPH_INPUTS.temperature, dtype: 'f32', shape: ['L'] });
  graph.input({ name: wholeRows, dtype: 'i64', shape: ['F'] });
}

function declareOutputs(graph: Graph, { config, plan }: DecoderModel): void {
  const { vocabSize, hiddenSize } = config;
  const topRows = Math.min(TOP_ROWS, vocabSize);
  graph.output({ name: GRAPH_OUTPUTS.logprobs, dtype: 'f32', shape: ['F', vocabSize] });
  graph.output({ name: GRAPH_OUTPUTS.topValues, dtype: 'f32', shape: ['L', topRows] });
  graph.output({ name: GRAPH_OUTPUTS.topIds, dtype: 'i64', shape: ['L', topRows] });
  graph.output({ name: GRAPH_OUTPUTS.logits, dtype: 'f32', shape: ['F', vocabSize] });
  graph.output({ name: GRAPH_OUTPUTS.hiddenStates, dtype: 'f32', shape: ['R', hiddenSize] });
  declareExperts(graph, plan);
}

import type { GraphOptions } from '../graph/decoder-graph.js';
import { EMBED_INPUTS, EMBED_OUTPUTS } from '../graph/contract.js';
import { declareExperts } from '../graph/declare.js';
import { activate } from '../graph/activation.js';
import type { WeightContext } from '../graph/context.js';
import { encoderRows } from './encoder-rows.js';
import { Graph, type Value } from '../graph/graph.js';
import { groupQueryAttention } from '../graph/group-query.js';
import { packedLinear } from '../graph/linear.js';
import { placedRows } from '../graph/placed-rows.js';
import { lastNorm } from './last-norm.js';
import { poolRows } from './pool-rows.js';
import { placesIn } from './score-bias.js';
import { norm } from '../graph/norm.js';
import { decoderStack } from '../graph/stack.js';
import { gatedReward } from './gated-reward.js';
import type { Reach } from './mutual-attention.js';
import { rowWidth, type PooledTrunk, type PoolStage } from './pooled-plan.js';
import type { PooledModel } from './registry.js';
import { CPU_TARGET } from '../target.js';
import type { WeightStore } from '../weights/weight-store.js';

/** PyTorch's `normalize` divides by no less. */
const NORM_MIN = Float32Array.of(1e-12);

/** ModelProto bytes of a model that answers with vectors, by the contract of graph/contract.ts. */
export function buildPooledGraph(
  { plan, embedding }: PooledModel,
  store: WeightStore,
  options: GraphOptions,
): Uint8Array {
  const graph = new Graph();
  declareInputs(graph);
  declareOutputs(graph, embedding.dim);
  declareExperts(graph, plan.trunk.plan);
  const context = { graph, store, target: CPU_TARGET };
  graph.node('SequenceConstruct', [EMBED_INPUTS.poolWeights], {
    outputs: [EMBED_OUTPUTS.stopCopy],
  });
  const rows = staged(context, hiddenRows(context, plan.trunk, reachOf(options)), plan.rows);
  const pooled = poolRows(graph, rows, {
    modes: embedding.pooling,
    width: rowWidth(plan),
    turn: plan.turn ?? [],
  });
  const vectors = staged(context, pooled, plan.stages);
  graph.node('Identity', [vectors], { outputs: [EMBED_OUTPUTS.vectors] });
  return graph.encode();
}

function declareInputs(graph: Graph): void {
  const { inputIds, tokenTypes, seqlensK, totalLength, headRows, poolWeights } = EMBED_INPUTS;
  graph.input({ name: inputIds, dtype: 'i64', shape: ['B', 'S'] });
  graph.input({ name: tokenTypes, dtype: 'i64', shape: ['B', 'S'] });
  graph.input({ name: seqlensK, dtype: 'i32', shape: ['B'] });
  graph.input({ name: totalLength, dtype: 'i32', shape: [] });
  graph.input({ name: headRows, dtype: 'i64', shape: ['R'] });
  graph.input({ name: poolWeights, dtype: 'f32', shape: ['W', 'K', 'S2'] });
}

/** Declares the outputs of {@link EMBED_OUTPUTS}; `stop_copy` must be the first. */
function declareOutputs(graph: Graph, dim: number): void {
  graph.output({
    name: EMBED_OUTPUTS.stopCopy,
    dtype: 'f32',
    shape: ['W', 'K', 'S2'],
    sequence: true,
  });
  graph.output({ name: EMBED_OUTPUTS.vectors, dtype: 'f32', shape: ['V', dim] });
}

/** `[B, S] i64`: where each row stands in its sequence. */
function rowPlaces(graph: Graph): Value {
  return graph.node('Expand', [placesIn(graph), graph.node('Shape', [EMBED_INPUTS.inputIds])]);
}

/** A run has an even number of rows (graph/contract.ts): where the longest text is odd, it has one more than that. */
function reachOf({ contextLength }: GraphOptions): Reach {
  return { numPositions: contextLength + (contextLength % 2), contextLength };
}

/** Rows of a trunk, `[R, hidden]` after the final norm. */
function hiddenRows(weights: WeightContext, trunk: PooledTrunk, reach: Reach): Value {
  const { config, plan, encoder } = trunk;
  if (encoder !== null) return encoderRows(weights, trunk, { encoder, reach });
  const { graph } = weights;
  const attend = groupQueryAttention(weights, config, plan, { hasCache: false, ...reach });
  const positions = plan.positions === null ? {} : { positions: placesIn(graph) };
  const placed = placedRows(graph, { ...reach, of: () => rowPlaces(graph) });
  const context = { ...weights, config, attend, placed, ...positions };
  return lastNorm(context, decoderStack(context, plan), plan.finalNorm);
}

function staged(context: WeightContext, x: Value, stages: readonly PoolStage[]): Value {
  return stages.reduce((value, stage) => poolStage(context, value, stage), x);
}

function poolStage(context: WeightContext, x: Value, stage: PoolStage): Value {
  const { graph } = context;
  switch (stage.kind) {
    case 'linear':
      return packedLinear(context, x, stage.linear);
    case 'activation':
      return activate(graph, x, stage.activation);
    case 'prelu':
      return graph.node('PRelu', [x, graph.externalFloat(context.store.tensor(stage.slope.name))]);
    case 'norm':
      return norm(context, x, stage.norm);
    case 'gated_reward':
      return gatedReward(context, x, stage);
    case 'normalize': {
      const length = graph.node('ReduceL2', [x, graph.ints(-1)]);
      return graph.node('Div', [x, graph.node('Max', [length, graph.f32(NORM_MIN, [])])]);
    }
  }
}

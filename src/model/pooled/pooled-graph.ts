import type { GraphOptions } from '../graph/decoder-graph.js';
import { EMBED_INPUTS, EMBED_OUTPUTS } from '../graph/contract.js';
import { activate } from '../graph/activation.js';
import type { WeightContext } from '../graph/context.js';
import { encoderStack, normTensors } from './encoder-stack.js';
import { Graph, type Value } from '../graph/graph.js';
import { groupQueryAttention } from '../graph/group-query.js';
import { packedLinear } from '../graph/linear.js';
import { poolRows } from './pool-rows.js';
import { norm } from '../graph/norm.js';
import { decoderStack } from '../graph/stack.js';
import type { DecoderTrunk, PoolStage } from './pooled-plan.js';
import type { PooledModel } from './registry.js';
import { CPU_TARGET } from '../target.js';
import type { WeightStore } from '../weights/weight-store.js';

/** PyTorch's default, the only one that sentence-transformers has. */
const LAYER_NORM_EPS = 1e-5;
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
  const context = { graph, store, target: CPU_TARGET };
  graph.node('SequenceConstruct', [EMBED_INPUTS.poolWeights], {
    outputs: [EMBED_OUTPUTS.stopCopy],
  });
  const { trunk } = plan;
  const rows =
    trunk.kind === 'encoder'
      ? encoderStack(context, trunk)
      : causalRows(context, trunk, options.contextLength);
  let pooled = poolRows(graph, rows, { modes: embedding.pooling, width: trunk.config.hiddenSize });
  for (const stage of plan.stages) pooled = poolStage(context, pooled, stage);
  graph.node('Identity', [pooled], { outputs: [EMBED_OUTPUTS.vectors] });
  return graph.encode();
}

function declareInputs(graph: Graph): void {
  const { inputIds, tokenTypes, seqlensK, totalLength, headRows, poolWeights } = EMBED_INPUTS;
  graph.input({ name: inputIds, dtype: 'i64', shape: ['B', 'S'] });
  graph.input({ name: tokenTypes, dtype: 'i64', shape: ['B', 'S'] });
  graph.input({ name: seqlensK, dtype: 'i32', shape: ['B'] });
  graph.input({ name: totalLength, dtype: 'i32', shape: [] });
  graph.input({ name: headRows, dtype: 'i64', shape: ['R'] });
  graph.input({ name: poolWeights, dtype: 'f32', shape: ['K', 'R'] });
}

/** Declares the outputs of {@link EMBED_OUTPUTS}; `stop_copy` must be the first. */
function declareOutputs(graph: Graph, dim: number): void {
  graph.output({ name: EMBED_OUTPUTS.stopCopy, dtype: 'f32', shape: ['K', 'R'], sequence: true });
  graph.output({ name: EMBED_OUTPUTS.vectors, dtype: 'f32', shape: ['B', dim] });
}

/** Rows of a causal trunk, `[R, hidden]` after the final norm. */
function causalRows(weights: WeightContext, trunk: DecoderTrunk, contextLength: number): Value {
  const { config, plan } = trunk;
  const options = { hasCache: false, numPositions: contextLength, contextLength };
  const attend = groupQueryAttention(weights, config, plan, options);
  const context = { ...weights, config, attend };
  return norm(context, decoderStack(context, plan), plan.finalNorm);
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
    case 'layer_norm':
      return graph.node('LayerNormalization', [x, ...normTensors(context, stage.norm)], {
        attributes: { axis: { int: -1 }, epsilon: { float: LAYER_NORM_EPS } },
      });
    case 'normalize': {
      const norm = graph.node('ReduceL2', [x, graph.ints(-1)]);
      return graph.node('Div', [x, graph.node('Max', [norm, graph.f32(NORM_MIN, [])])]);
    }
  }
}

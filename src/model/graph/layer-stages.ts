import type { ModelConfig } from '../families/model-config.js';
import type { DenseMlpPlan, MoePlan } from '../plan/mlp.js';
import type { LayerPlan, ModelPlan, PlainLayerPlan } from '../plan/network.js';
import type { LinearPlan, NormPlan } from '../plan/tensors.js';
import { CPU_TARGET } from '../target.js';
import type { LinearWeight, WeightStore } from '../weights/weight-store.js';
import { attendedHeads } from './attention.js';
import { GRAPH_INPUTS } from './contract.js';
import type { GraphContext } from './context.js';
import { chooseExperts } from './expert-choice.js';
import { Graph, type Value } from './graph.js';
import { groupQueryAttention } from './group-query.js';
import { packedLinear } from './linear.js';
import { mixBlocks } from './mix-blocks.js';
import { innerRows } from './mlp.js';
import { routedMlp } from './moe.js';
import { norm } from './norm.js';
import { placedRows } from './placed-rows.js';
import { positionsFromStart } from './positions.js';
import { OWN_ROWS } from './run-rows.js';
import { embedded, written } from './stack.js';

/**
 * A decoder layer in stages, each a graph of its own, between which the inputs of its linears can be seen: what a stage
 * gives is what the next linear reads. All values are `[1, T, width] f32` of T tokens.
 */
export const STAGE = {
  /** The residual stream. */
  stream: 'stream',
  /** What a stage reads beside the stream. */
  input: 'input',
  /** What a stage gives. */
  output: 'output',
  /** `[1, T] i64`: of each token in its sequence. */
  positions: 'positions',
  /** `[1, T, topK] i64` */
  experts: 'experts',
} as const;

/** What stages are built from. The store has the linears that they go through. */
export interface StageModel {
  readonly config: ModelConfig;
  readonly plan: ModelPlan;
  readonly store: WeightStore;
}

/** `input_ids [1, T]`, and where they stand if that is learned → the stream before the first layer. */
export function embeddingStage(model: StageModel): Uint8Array {
  const stage = new Stage(model);
  const { graph } = stage;
  graph.input({ name: GRAPH_INPUTS.inputIds, dtype: 'i64', shape: [1, 'T'] });
  if (model.plan.positions === null) {
    return stage.gives(embedded(stage.context, model.plan, OWN_ROWS));
  }
  const positions = graph.input({ name: STAGE.positions, dtype: 'i64', shape: [1, 'T'] });
  return stage.gives(embedded({ ...stage.context, positions }, model.plan, OWN_ROWS));
}

/** The stream → what a linear behind its norm reads. */
export function normStage(model: StageModel, plan: NormPlan): Uint8Array {
  const stage = new Stage(model);
  return stage.gives(norm(stage.context, stage.reads(STAGE.stream), plan));
}

/** What q, k and v read, of one sequence from its beginning → what the output projection reads. */
export function attentionStage(
  model: StageModel,
  layer: PlainLayerPlan,
  numPositions: number,
): Uint8Array {
  const stage = new Stage(model);
  const { graph, context } = stage;
  const input = stage.reads(STAGE.input);
  graph.input({ name: GRAPH_INPUTS.seqlensK, dtype: 'i32', shape: [1] });
  graph.input({ name: GRAPH_INPUTS.totalLength, dtype: 'i32', shape: [] });
  const options = { hasCache: false, numPositions, contextLength: numPositions };
  const attend = groupQueryAttention(context, model.config, model.plan, options);
  const of = (): Value => positionsFromStart(graph, input);
  const placed = placedRows(graph, { ...options, of });
  return stage.gives(attendedHeads({ ...context, attend, placed }, input, layer));
}

/** The stream, and what the output projection reads → the stream with what attention adds to it. */
export function projectionStage(model: StageModel, layer: PlainLayerPlan): Uint8Array {
  const stage = new Stage(model);
  const added = packedLinear(stage.context, stage.reads(STAGE.input), layer.attention.o);
  const half = { norm: layer.attentionOutputNorm, scale: layer.residualScale };
  return stage.adds(written(stage.context, added, half));
}

/** What a dense MLP reads → what its `down` multiplies. */
export function innerStage(model: StageModel, plan: DenseMlpPlan): Uint8Array {
  const stage = new Stage(model);
  const inner = innerRows(stage.context, stage.reads(STAGE.input), plan);
  const down = model.store.linear(plan.down.name);
  const block = 'inputHadamard' in down ? (down.inputHadamard ?? null) : null;
  return stage.gives(mixBlocks(stage.graph, inner, block, plan.down.in));
}

/** What the router reads → the experts that it chooses. */
export function routerStage(model: StageModel, layer: number, plan: MoePlan): Uint8Array {
  const stage = new Stage(model);
  const { graph } = stage;
  const { topK } = plan;
  const rows = graph.ints(-1, model.config.hiddenSize);
  const tokens = graph.node('Reshape', [stage.reads(STAGE.input), rows]);
  const { experts } = chooseExperts(stage.context, tokens, layer, plan);
  graph.node('Reshape', [experts, graph.ints(1, -1, topK)], { outputs: [STAGE.experts] });
  graph.output({ name: STAGE.experts, dtype: 'i64', shape: [1, 'T', topK] });
  return graph.encode();
}

/** The stream, and what `down` multiplies → the stream with what a dense MLP adds to it. */
export function downStage(model: StageModel, layer: LayerPlan, down: LinearPlan): Uint8Array {
  const stage = new Stage({ ...model, store: withoutMixing(model.store) });
  return stage.adds(
    mlpWritten(stage, layer, packedLinear(stage.context, stage.reads(STAGE.input), down)),
  );
}

/** What {@link innerStage} gives is mixed already. */
function withoutMixing(store: WeightStore): WeightStore {
  const linear = (name: string): LinearWeight => {
    const weight = store.linear(name);
    return 'inputHadamard' in weight ? { ...weight, inputHadamard: null } : weight;
  };
  return { ...store, linear };
}

/** The stream, and what router and experts read → the stream with what they add to it. */
export function expertsStage(model: StageModel, layer: LayerPlan, plan: MoePlan): Uint8Array {
  const stage = new Stage(model);
  const input = stage.reads(STAGE.input);
  const added = routedMlp(stage.context, { normed: input, residual: input }, layer.index, plan);
  return stage.adds(mlpWritten(stage, layer, added));
}

function mlpWritten({ context }: Stage, layer: LayerPlan, added: Value): Value {
  return written(context, added, { norm: layer.mlpOutputNorm, scale: layer.residualScale });
}

/** A graph that is being built. */
class Stage {
  readonly graph = new Graph();
  readonly context: GraphContext;

  constructor({ config, store }: StageModel) {
    const attend = (): Value => {
      throw new Error('This is a bug: no attention in this stage.');
    };
    this.context = { graph: this.graph, config, store, target: CPU_TARGET, attend };
  }

  reads(name: Value): Value {
    return this.graph.input({ name, dtype: 'f32', shape: [1, 'T', `${name}_width`] });
  }

  /** The stream plus `value` is what the stage gives. */
  adds(value: Value): Uint8Array {
    return this.gives(this.graph.node('Add', [this.reads(STAGE.stream), value]));
  }

  gives(value: Value): Uint8Array {
    const { graph } = this;
    const shape = [1, 'T', 'output_width'];
    graph.output({ name: STAGE.output, dtype: 'f32', shape });
    graph.rename(value, STAGE.output);
    return graph.encode();
  }
}

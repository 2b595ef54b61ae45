import { EMBED_INPUTS } from '../graph/contract.js';
import type { TensorPlan } from '../plan.js';
import type {
  EncoderConfig,
  EncoderLayerPlan,
  EncoderPlan,
  EncoderTrunk,
  LayerNormPlan,
} from './pooled-plan.js';
import { activate } from '../graph/activation.js';
import type { WeightContext } from '../graph/context.js';
import type { Value } from '../graph/graph.js';
import { linearParts, packedLinear } from '../graph/linear.js';
import { embedTokens, gatherHeadRows } from '../graph/stack.js';

interface EncoderContext extends WeightContext {
  readonly config: EncoderConfig;
  /** `[B] i32`: length of each sequence. */
  readonly lengths: Value;
}

/**
 * Embeddings and all layers of a post-norm encoder. Returns the rows of `head_rows`, `[R, hidden]`;
 * after the last attention only these go on.
 */
export function encoderStack(weights: WeightContext, { config, plan }: EncoderTrunk): Value {
  const { graph } = weights;
  const one = graph.cast(graph.ints(1), 'i32');
  const lengths = graph.node('Add', [EMBED_INPUTS.seqlensK, one]);
  const context = { ...weights, config, lengths };
  let x = embeddings(context, plan);
  for (const [index, layer] of plan.layers.entries()) {
    let heads = attention(context, x, layer);
    if (index === plan.layers.length - 1) {
      heads = gatherHeadRows(graph, heads);
      x = gatherHeadRows(graph, x);
    }
    const attended = packedLinear(context, heads, layer.o);
    x = addThenLayerNorm(context, [x, attended], layer.attentionNorm);
    const up = packedLinear(context, x, layer.up);
    const inner = config.activation === null ? up : activate(graph, up, config.activation);
    x = addThenLayerNorm(context, [x, packedLinear(context, inner, layer.down)], layer.outputNorm);
  }
  return graph.node('Reshape', [x, graph.ints(-1, config.hiddenSize)]);
}

/** Sum of words, positions and token types, normed. */
function embeddings(context: EncoderContext, plan: EncoderPlan): Value {
  const { graph } = context;
  const placed = graph.node('Add', [embedTokens(context, plan.words), positions(context, plan)]);
  const typed = graph.node('Add', [placed, tokenTypes(context, plan.tokenTypes)]);
  return graph.node('LayerNormalization', [typed, ...normTensors(context, plan.norm)], {
    attributes: { axis: { int: -1 }, epsilon: { float: context.config.layerNormEps } },
  });
}

/** `[S, hidden]` counted from 0, or `[B, S, hidden]` as RoBERTa counts what is not padding. */
function positions(context: EncoderContext, plan: EncoderPlan): Value {
  const { graph, store, config } = context;
  const table = graph.externalFloat(store.tensor(plan.positions.name));
  const { inputIds } = EMBED_INPUTS;
  if (config.paddingId === null) {
    const last = graph.node('Squeeze', [
      graph.node('Shape', [inputIds], { attributes: { start: { int: 1 } } }),
    ]);
    return graph.node('Gather', [table, graph.node('Range', [graph.int(0), last, graph.int(1)])]);
  }
  const padding = graph.int(config.paddingId);
  const isPadding = graph.node('Equal', [inputIds, padding]);
  const counts = graph.cast(graph.node('Not', [isPadding]), 'i64');
  const numbers = graph.node('CumSum', [counts, graph.int(1)]);
  const offsets = graph.node('Mul', [numbers, counts]);
  return graph.node('Gather', [table, graph.node('Add', [offsets, padding])]);
}

/** A table of one row is added to all tokens, whatever their type. */
function tokenTypes(context: EncoderContext, plan: TensorPlan): Value {
  const { graph, store, config } = context;
  const table = graph.externalFloat(store.tensor(plan.name));
  return config.numTokenTypes === 1
    ? table
    : graph.node('Gather', [table, EMBED_INPUTS.tokenTypes]);
}

/** `[B, S, hidden]` in and out; every token sees every other one of its sequence. */
function attention(context: EncoderContext, x: Value, layer: EncoderLayerPlan): Value {
  const { graph, config, lengths } = context;
  const queryKeyValue = linearParts(context, x, layer.qkv);
  return graph.node('MultiHeadAttention', [...queryKeyValue, '', lengths], {
    attributes: { num_heads: { int: config.numHeads } },
  });
}

function addThenLayerNorm(
  context: EncoderContext,
  [x, delta]: readonly [Value, Value],
  norm: LayerNormPlan,
): Value {
  const { graph, config } = context;
  return graph.node('SkipLayerNormalization', [x, delta, ...normTensors(context, norm)], {
    attributes: { epsilon: { float: config.layerNormEps } },
  });
}

/** Gain and bias. */
export function normTensors(
  { graph, store }: WeightContext,
  { gain, bias }: LayerNormPlan,
): Value[] {
  return [gain, bias].map((tensor) => graph.externalFloat(store.tensor(tensor.name)));
}

import { EMBED_INPUTS } from '../graph/contract.js';
import type { GraphContext, WeightContext } from '../graph/context.js';
import type { Graph, Value } from '../graph/graph.js';
import { headLayout, plainLayout } from '../graph/head-layout.js';
import { packedLinear } from '../graph/linear.js';
import { norm } from '../graph/norm.js';
import { GRAPH_INPUTS } from '../graph/contract.js';
import { decoderStack } from '../graph/stack.js';
import { tableRows } from '../graph/table-rows.js';
import { lastNorm } from './last-norm.js';
import { mutualAttention, type Reach } from './mutual-attention.js';
import { placesIn } from './score-bias.js';
import { attentionsOf } from '../plan/facts.js';
import type { AdapterPlan } from '../plan/tensors.js';
import type { EncoderPlan, EntryPlan, PooledTrunk, PositionsPlan } from './pooled-plan.js';

/** Rows of a trunk whose tokens see each other, `[R, hidden]` after the last norm. */
export function encoderRows(
  weights: WeightContext,
  { config, plan }: PooledTrunk,
  { encoder, reach }: { readonly encoder: EncoderPlan; readonly reach: Reach },
): Value {
  const rotates = attentionsOf(plan).some(({ rotary }) => rotary !== null);
  const layout = rotates ? headLayout(config.headDim) : plainLayout(config.headDim);
  const { scores, entry } = encoder;
  const attend = mutualAttention(weights, config, { scores, ...reach });
  const context: GraphContext = { ...weights, config, attend, layout, scalesScores: true };
  const entering =
    entry === null
      ? undefined
      : enter(context, tableRows(context, plan.embedding, GRAPH_INPUTS.inputIds), entry);
  return lastNorm(context, decoderStack(context, plan, entering), plan.finalNorm);
}

/** `[B, S, hidden]`: what the layers read. */
function enter(context: WeightContext, words: Value, entry: EntryPlan): Value {
  const { graph } = context;
  const { wordsAdapter, typesAdapter } = entry;
  const added = [
    wordsAdapter ? adapterRows(context, wordsAdapter, EMBED_INPUTS.inputIds) : null,
    entry.positions && positions(context, entry.positions),
    entry.tokenTypes && tokenTypes(context, entry),
    typesAdapter ? adapterRows(context, typesAdapter, typesOf(context, typesAdapter)) : null,
  ].filter((value) => value !== null);
  const sum = added.reduce((total, value) => graph.node('Add', [total, value]), words);
  const { projection } = entry;
  const projected = (x: Value, place: 'before' | 'behind'): Value =>
    projection?.place === place ? packedLinear(context, x, projection.linear) : x;
  const wide = projected(sum, 'before');
  const normed = entry.norm === null ? wide : norm(context, wide, entry.norm);
  return projected(normed, 'behind');
}

/** What an adapter adds to the rows of a table. */
function adapterRows(context: WeightContext, { down, up, scale }: AdapterPlan, ids: Value): Value {
  const { graph, store } = context;
  const columns = graph.externalFloat(store.tensor(up.name));
  return graph.node('FusedMatMul', [tableRows(context, down, ids), columns], {
    attributes: { alpha: { float: scale } },
  });
}

/** Of a table of one row it is that, whatever the type. */
function typesOf({ graph }: WeightContext, { down }: AdapterPlan): Value {
  return down.shape[0] === 1 ? graph.ints(0) : EMBED_INPUTS.tokenTypes;
}

/** `[S, width]` counted from 0, or `[B, S, width]` as RoBERTa counts what is not padding. */
function positions({ graph, store }: WeightContext, plan: PositionsPlan): Value {
  const table = graph.externalFloat(store.tensor(plan.table.name));
  const { inputIds } = EMBED_INPUTS;
  if (plan.paddingId === null) {
    return graph.node('Gather', [table, inTable(graph, placesIn(graph), plan)]);
  }
  const padding = graph.int(plan.paddingId);
  const isPadding = graph.node('Equal', [inputIds, padding]);
  const counts = graph.cast(graph.node('Not', [isPadding]), 'i64');
  const numbers = graph.node('CumSum', [counts, graph.int(1)]);
  const offsets = graph.node('Mul', [numbers, counts]);
  return graph.node('Gather', [table, inTable(graph, graph.node('Add', [offsets, padding]), plan)]);
}

/** The padding of a text as long as the table goes has no row there. */
function inTable(graph: Graph, places: Value, { table }: PositionsPlan): Value {
  return graph.node('Min', [places, graph.int((table.shape[0] ?? 0) - 1)]);
}

function tokenTypes({ graph, store }: WeightContext, { tokenTypes: plan }: EntryPlan): Value {
  if (plan === null) throw new Error('There are no token types: this is a bug');
  const table = graph.externalFloat(store.tensor(plan.name));
  return plan.shape[0] === 1 ? table : graph.node('Gather', [table, EMBED_INPUTS.tokenTypes]);
}

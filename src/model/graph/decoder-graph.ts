import type { LoraSite } from '../../core/lora.js';
import type { DecoderModel } from '../families/family.js';
import { CPU_TARGET, type ModelTarget } from '../target.js';
import type { KvScales } from '../kv-scales.js';
import type { WeightStore } from '../weights/weight-store.js';
import { GRAPH_INPUTS, GRAPH_OUTPUTS } from './contract.js';
import type { GraphContext } from './context.js';
import { declareInputs, declareLora, declareOutputs } from './declare.js';
import { Graph } from './graph.js';
import { groupQueryAttention } from './group-query.js';
import { head } from './head.js';
import { int8Attention } from './int8-kv/int8-attention.js';
import { kvGrid } from './int8-kv/kv-grid.js';
import { loraRows } from './lora-rows.js';
import { pagedGraph } from './paged/paged-graph.js';
import { placedRows } from './placed-rows.js';
import { positionsOfRun, runPositions } from './positions.js';
import { evenRows, flatRows, needsEvenRows, OWN_ROWS } from './run-rows.js';
import { decoderStack } from './stack.js';

export interface GraphOptions {
  /** Most positions of a request. */
  readonly contextLength: number;
  readonly target?: ModelTarget;
  /** Null = K and V in f32. */
  readonly kvScales?: KvScales | null;
  /** Linears that adapters may change; default: none. */
  readonly lora?: readonly LoraSite[];
  /** False = a row may get other last bits alone than beside others, where that is faster. */
  readonly isBatchInvariant?: boolean;
}

/** A prompt that fills the context may still need a dummy row after it (graph/contract.ts). */
const SPARE_POSITIONS = 2;

/** ModelProto bytes of the whole network, by the contract of graph/contract.ts, or of paged/contract.ts on a GPU. */
export function buildGraph(
  model: DecoderModel,
  store: WeightStore,
  {
    contextLength,
    target = CPU_TARGET,
    kvScales = null,
    isBatchInvariant = true,
    lora = [],
  }: GraphOptions,
): Uint8Array {
  if (target.device !== 'cpu') return pagedGraph(model, store, { contextLength, target });
  const { config, plan } = model;
  const graph = new Graph();
  declareInputs(graph, model, kvScales !== null);
  declareOutputs(graph, model, kvScales !== null);
  if (lora.length > 0) declareLora(graph, lora);
  const reach = { contextLength, numPositions: contextLength + SPARE_POSITIONS };
  const weights = { graph, store, target };
  const attend =
    kvScales === null
      ? groupQueryAttention(weights, config, plan, { hasCache: true, ...reach })
      : int8Attention(weights, config, reach);
  const kvGrids = kvScales && kvScales.map((scales) => kvGrid(config, scales));
  const isEven = isBatchInvariant && needsEvenRows(plan, store);
  const plainRows = lora.length > 0 ? flatRows(graph) : OWN_ROWS;
  const rows = isEven ? evenRows(graph) : plainRows;
  const isInt8 = kvScales !== null;
  const positions = plan.positions && runPositions(graph, plan.positions.shape[0] ?? 0, isInt8);
  const context: GraphContext = {
    ...{ ...weights, config, attend, kvGrids, rows },
    ...(positions === null ? {} : { positions }),
    ...(lora.length > 0 && { lora: loraRows(graph, lora, rows) }),
    placed: placedRows(graph, { ...reach, of: () => positionsOfRun(graph, isInt8) }),
  };
  graph.node('SequenceConstruct', [GRAPH_INPUTS.temperature], {
    outputs: [GRAPH_OUTPUTS.stopCopy],
  });
  head(context, decoderStack(context, plan), plan);
  return graph.encode();
}
